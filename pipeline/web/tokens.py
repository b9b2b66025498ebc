"""Who may look behind a wall and who may decide: tokens, and the sessions that browsers get for them."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.text import printable
from pipeline.web.links import Links, digest_of
from pipeline.web.sessions import KeptSession, SessionFile, proof_of
from schemas.access import Token, same

SESSION_S = 12 * 3_600
MAX_SESSIONS = 1_000
LINK_S = 15 * 60
COOKIE = "upswell_session"
LOGIN_COOKIE = "upswell_login"
WRONG_S = 0.5  # how long somebody waits for the first wrong token; twice as long for each further one
WRONG_MOST_S = 8.0
WRONG_KEPT_S = 600.0  # after so long without one all is forgotten
MAX_GUESSERS = 1_000

audit = logging.getLogger("upswell.audit")


@dataclass(frozen=True)
class Session:
    """A browser that showed a token. `csrf` must come with every request that changes something."""

    token: Token
    csrf: str = field(repr=False)


class Gate:
    """Checks secrets in constant time and remembers sessions, each while its token or link holds; with a file those
    from before a restart, too."""

    def __init__(
        self,
        tokens: Sequence[Token],
        clock: Callable[[], float] = time.monotonic,
        links: Links | None = None,
        file: SessionFile | None = None,
    ) -> None:
        self._tokens, self.links = tuple(tokens), links or Links()
        self._clock = clock
        self._file = file or SessionFile()
        self._sessions = self._file.read()  # by the digest of the cookie
        self._by_link: list[Token] = []  # who signed in by a link of this process
        self._links: dict[str, tuple[Token, float]] = {}  # secret -> whom it signs in, until when; used up when it did
        self._linked = False
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # client -> how often, when the last time

    @property
    def open(self) -> bool:
        """Whether anybody can sign in, by a token or a link: where nobody can, moderation is off."""
        return bool(self._tokens or self.links.all()) or self._linked

    @property
    def writers(self) -> bool:
        """Whether any token may decide."""
        return any(token.rights == "write" for token in self._tokens)

    def link(self) -> str:
        """A secret that signs in who may decide, once, within LINK_S."""
        self._linked = True
        secret = secrets.token_urlsafe(32)
        self._links[secret] = Token("terminal", secret, "write"), self._clock() + LINK_S
        return secret

    def signed_in(self, secret: str) -> Token | None:
        """Who signs in with this secret, of a token or of a link, which is used up by it."""
        token, now_s, used = self.token_of(secret), self._clock(), ""
        for one, (linked, until_s) in self._links.items():
            if same(one, secret) and now_s < until_s:
                token, used = linked, one
        if self._links.pop(used, None) and token:
            self._by_link.append(token)
        return token or self.links.token_of(secret)

    def take_back(self, name: str) -> None:
        """The link of this name signs in nobody any more, and who came by it is signed out. Raises LinksError."""
        self.links.take_back(name)

    def token_of(self, secret: str) -> Token | None:
        """The token of this secret. Every token is compared, and to its end, so time tells nothing."""
        found = None
        given = secret.encode("utf-8", "surrogateescape")
        for token in self._tokens:
            if hmac.compare_digest(token.secret.encode("utf-8", "surrogateescape"), given):
                found = token
        return found

    def bearer(self, authorization: str) -> Token | None:
        """The token of an `Authorization: Bearer SECRET` header."""
        scheme, _, secret = authorization.partition(" ")
        return self.token_of(secret.strip()) if scheme.lower() == "bearer" and secret.strip() else None

    def wrong(self, client: str) -> float:
        """Notes a wrong token from this address; how many seconds its answer has to wait. Of an address the first, the
        second, the fourth time and so on is logged, never what was shown."""
        now_s = self._clock()
        times, last_s = self._wrong.pop(client, (0, now_s))
        times = times + 1 if now_s - last_s < WRONG_KEPT_S else 1
        self._wrong[client] = times, now_s
        if len(self._wrong) > MAX_GUESSERS:
            self._wrong.popitem(last=False)
        if times & (times - 1) == 0:
            audit.warning("wrong token from %s, %d so far", printable(client), times)
        return float(min(WRONG_MOST_S, WRONG_S * 2 ** min(times - 1, 10)))

    def begin(self, token: Token) -> str:
        """A new session; its name is for the cookie."""
        self._forget()
        name = secrets.token_urlsafe(32)
        until_s = self._file.clock() + SESSION_S
        self._sessions[digest_of(name)] = KeptSession(token.name, proof_of(name, token.secret), until_s)
        self._file.keep(self._sessions)
        return name

    def session(self, name: str) -> Session | None:
        """The session of a cookie, while it lasts and its token holds."""
        kept = self._sessions.get(digest_of(name))
        if kept is None or kept.until_s <= self._file.clock():
            return None
        holding = (*self._tokens, *(link.token for link in self.links.all()), *self._by_link)
        for token in holding:
            if token.name == kept.name and same(kept.proof, proof_of(name, token.secret)):
                return Session(token, digest_of(f"csrf {name}"))
        return None

    def end(self, name: str) -> None:
        """Forgets a session."""
        self._sessions.pop(digest_of(name), None)
        self._file.keep(self._sessions)

    def _forget(self) -> None:
        now_s = self._file.clock()
        self._sessions = {name: it for name, it in self._sessions.items() if it.until_s > now_s}
        while len(self._sessions) >= MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
