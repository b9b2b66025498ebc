"""Whether a request may do what it asks: by a token in its header, or by the session of a browser."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from litestar import Request
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException

from pipeline.web.tokens import COOKIE, Gate
from schemas.access import Token, same

CSRF_HEADER = "x-upswell-csrf"


async def slow_down(gate: Gate, request: Request[Any, Any, Any]) -> None:
    """To be awaited before a wrong token is answered. Where there is no token nobody can guess one."""
    if not gate.open:
        return
    await asyncio.sleep(gate.wrong(request.client.host if request.client else ""))


async def require_right(gate: Gate, request: Request[Any, Any, Any], right: Literal["read", "write"]) -> Token:
    """The token of a request: in its header, or of its session (then with the session's proof, to write). Raises
    HTTPException: 401, or 403, also where no token is set."""
    if not gate.open:
        raise HTTPException(status_code=403, detail="moderation is off: no token is set (see docs/wall.md)")
    shown = request.headers.get("authorization", "")
    token = gate.bearer(shown)
    if token is None and shown:
        await slow_down(gate, request)
    if token is None:
        session = gate.session(request.cookies.get(COOKIE, ""))
        if session is None:
            raise NotAuthorizedException("show a token: Authorization: Bearer SECRET")
        if right == "write" and not same(session.csrf, request.headers.get(CSRF_HEADER, "")):
            raise PermissionDeniedException("the page is not of this session; load it again")
        token = session.token
    if token.rights == "post":
        raise PermissionDeniedException(f"the token {token.name} may post, and nothing else")
    if right == "write" and token.rights != "write":
        raise PermissionDeniedException(f"the token {token.name} may look, not decide")
    return token


async def require_poster(gate: Gate, request: Request[Any, Any, Any]) -> Token:
    """The token in a request's header, which has the right to post. Raises HTTPException: 401 or 403."""
    shown = request.headers.get("authorization", "")
    token = gate.bearer(shown)
    if token is None:
        if shown:
            await slow_down(gate, request)
        raise HTTPException(
            status_code=401,
            detail="show a token that may post: Authorization: Bearer SECRET",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if token.rights != "post":
        raise PermissionDeniedException(f"the token {token.name} may not post; it needs the rights post")
    return token
