"""Whether a request may do what it asks: by a token in its header, or by the session of a browser."""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException

from pipeline.web.wall.tokens import COOKIE, Gate, same
from schemas.access import Token

CSRF_HEADER = "x-upswell-csrf"


def allowed(gate: Gate, request: Request[Any, Any, Any], right: Literal["read", "write"]) -> Token:
    """The token of a request: in its header, or of its session (then with the session's proof, to write). Raises
    HTTPException: 401, or 403, also where no token is set."""
    if not gate.open:
        raise HTTPException(status_code=403, detail="moderation is off: no token is set (see docs/wall.md)")
    token = gate.bearer(request.headers.get("authorization", ""))
    if token is None:
        session = gate.session(request.cookies.get(COOKIE, ""))
        if session is None:
            raise NotAuthorizedException("show a token: Authorization: Bearer SECRET")
        if right == "write" and not same(session.csrf, request.headers.get(CSRF_HEADER, "")):
            raise PermissionDeniedException("the page is not of this session; load it again")
        token = session.token
    if right == "write" and token.rights != "write":
        raise PermissionDeniedException(f"the token {token.name} may look, not decide")
    return token
