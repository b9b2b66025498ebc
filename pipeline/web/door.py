"""How browsers sign in: the form that asks for a token or brings a link's secret, and the cookie of a session."""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from pipeline.web.allowed import slow_down
from pipeline.web.frame import AnyRequest, page, words_of
from pipeline.web.tokens import COOKIE, LOGIN_COOKIE, SESSION_S, Gate, Session
from schemas.access import same


class Login(msgspec.Struct):
    """What the form sends."""

    secret: Annotated[str, msgspec.Meta(max_length=512)] = ""
    proof: Annotated[str, msgspec.Meta(max_length=128)] = ""


class Door:
    """Signs browsers in at a gate; `https` where they reach the server by it (cookies are then Secure)."""

    def __init__(self, gate: Gate, *, https: bool = False) -> None:
        self.gate, self._https = gate, https

    def session(self, request: AnyRequest) -> Session | None:
        """The session of the request's browser, while it lasts."""
        return self.gate.session(request.cookies.get(COOKIE, ""))

    def form(
        self, request: AnyRequest, here: str, place: str, title: str = "", *, wrong: bool = False
    ) -> Response[str]:
        """The page to sign in at `place`, whose form goes to PLACE/login; where nobody can, the page that tells how
        somebody could. A link's secret is in the address (?link=) and used when the form is sent, so that no look ahead
        at the address uses it up."""
        if not self.gate.open:
            return page(request, "door_closed", here=here, status=403)
        link, proof = request.query_params.get("link", ""), secrets.token_urlsafe(24)
        answer = page(
            request,
            "login",
            here=here,
            status=401 if wrong or request.method == "POST" else 200,
            place=place,
            title=title,
            proof=proof,
            wrong=wrong,
            link="" if wrong else link[:512],
        )
        answer.cookies.append(self._cookie(LOGIN_COOKIE, proof, 3_600))
        return answer

    async def enter(self, request: AnyRequest, data: Login, here: str, place: str, title: str = "") -> Response[str]:
        """What the form's sending is answered with: back to `place`, with a session, or the form again."""
        if not same(request.cookies.get(LOGIN_COOKIE, ""), data.proof):
            return self.form(request, here, place, title, wrong=True)
        token = self.gate.signed_in(data.secret)
        if token is None or token.rights == "post":
            await slow_down(self.gate, request)
            return self.form(request, here, place, title, wrong=True)
        asked = f"?lang={words_of(request).lang}" if request.query_params.get("lang") else ""
        return Response(
            "",
            status_code=303,
            headers={"Location": place + asked, "Cache-Control": "no-store"},
            cookies=[self._cookie(COOKIE, self.gate.begin(token), SESSION_S), self._cookie(LOGIN_COOKIE, "", 0)],
        )

    def _cookie(self, key: str, value: str, max_age: int) -> Cookie:
        return Cookie(key, value=value, max_age=max_age, httponly=True, samesite="strict", secure=self._https, path="/")
