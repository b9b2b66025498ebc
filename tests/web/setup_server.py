"""A server of `/setup` for tests, with something defined, and a browser that fills in its forms."""

from __future__ import annotations

import html
import re
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from pipeline.web.app import create_app
from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.tokens import COOKIE, Gate
from schemas.access import Token
from schemas.alerts import Receiver, Rule
from schemas.definitions import Definitions
from schemas.events import Event, Stage
from schemas.watchlists import Watchlist
from tests.web.desk import Desk

ANN = Token("ann", "a-secret-for-ann-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")
FETE = Event(
    "fete",
    title="La <b>fête</b>",
    hashtags=("#fête", "#two words"),
    start=1_795_000_000_500,
    time_zone="Europe/Paris",
    stage=Stage(logo="data:image/png;base64,iVBORw0="),
)
OPS = Receiver("ops", "webhook", "https://example.org/a-secret-path")
NIGHT = Receiver("night", "webhook", "https://example.org/b", secret="another-secret")
BEGUN = Definitions(7, "bob", (FETE,), (Watchlist("acme", words=("acme",)),), (Rule("r", on="event:fete"),), ("sms",))


class Browser:
    """A browser that is signed in, and fills in forms."""

    def __init__(self, client: TestClient[Litestar], gate: Gate, token: Token | None) -> None:
        self.client, self.told = client, {"Accept": "text/html"}
        if token is not None:
            self.told["Cookie"] = f"{COOKIE}={gate.begin(token)}"
        self.page = ""
        self.status = 0

    def get(self, path: str) -> str:
        return self._took(self.client.get(path, headers=self.told))

    def send(self, path: str, **form: str) -> str:
        """Sends what is filled in with what the page before has hidden in its form."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page))
        told = {name: html.unescape(value) for name, value in hidden.items()} | form
        return self._took(self.client.post(path, data=told, headers=self.told, follow_redirects=False))

    def _took(self, answer: Any) -> str:
        self.status, self.page, self.headers = answer.status_code, answer.text, answer.headers
        return self.page


class Served:
    def __init__(self) -> None:
        self.desk, self.gate = Desk(BEGUN), Gate((ANN, EVE))
        self.history, self.tested = History(), list[tuple[str, str]]()
        setup = Setup(Door(self.gate), self.desk, self.history, (OPS, NIGHT), self._try)
        app = create_app(Feed(), routers=[setup_routes(setup)])
        self.client = TestClient(app)

    async def _try(self, receiver: Receiver, lang: str) -> str:
        self.tested.append((receiver.name, lang))
        return "" if receiver is OPS else "refused <b>"

    def browser(self, token: Token | None = ANN) -> Browser:
        return Browser(self.client, self.gate, token)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
