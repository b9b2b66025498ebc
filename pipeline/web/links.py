"""Links that sign people in with rights of their own until they are taken back; kept without their secrets."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from schemas.access import Token, same

KEPT_S = 90 * 86_400
MOST = 500
Rights = Literal["read", "write"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)  # as tokens have them


class LinksError(Exception):
    """The file cannot be used; one sentence with its name."""


class Link(msgspec.Struct, frozen=True):
    """Whom it is for, what it lets them do, a digest of its secret, and when it ends (s since 1970)."""

    name: str
    rights: Rights
    digest: str
    until_s: float

    @property
    def token(self) -> Token:
        """As whom it signs in."""
        return Token(self.name, self.digest, self.rights)


class Links:
    """All links, by name; without a file they end with the process."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Raises LinksError."""
        self._file, self._clock = file, clock
        self._links: dict[str, Link] = {}
        if file is not None and file.exists():
            try:
                kept = msgspec.json.decode(file.read_bytes(), type=list[Link])
            except (OSError, msgspec.DecodeError) as error:
                raise LinksError(f"{file}: cannot be read ({error}); mend or remove it") from None
            self._links = {link.name: link for link in kept}

    def all(self) -> list[Link]:
        """Those that have not ended, by name."""
        return sorted((it for it in self._links.values() if self._clock() < it.until_s), key=lambda it: it.name)

    def make(self, name: str, rights: Rights) -> str:
        """The secret of a new link, which nobody is told again. Raises ValueError where the name does not fit or is
        taken, LinksError."""
        links = {link.name: link for link in self.all()}
        if name in links or len(links) >= MOST or not _NAME.fullmatch(name):
            raise ValueError(name)
        secret = secrets.token_urlsafe(32)
        self._keep(links | {name: Link(name, rights, digest_of(secret), self._clock() + KEPT_S)})
        return secret

    def take_back(self, name: str) -> Link | None:
        """The link, which signs in nobody any more. Raises LinksError."""
        found = self._links.get(name)
        self._keep({link.name: link for link in self.all() if link.name != name})
        return found

    def signed(self, token: Token) -> bool:
        """Whether the token is that of a link."""
        return any(link.token == token for link in self.all())

    def token_of(self, secret: str) -> Token | None:
        """As whom the secret signs in."""
        digest = digest_of(secret)
        return next((link.token for link in self.all() if same(link.digest, digest)), None)

    def _keep(self, links: dict[str, Link]) -> None:
        if self._file is not None:
            try:
                write_private(self._file, msgspec.json.encode(list(links.values())))
            except OSError as error:
                raise LinksError(f"{self._file}: cannot be written ({error.strerror})") from None
        self._links = links


def digest_of(secret: str) -> str:
    """What is kept of a long random secret, to know it again."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def write_private(file: Path, content: bytes) -> None:
    """Replaces the file whole; nobody but its owner can read it. Raises OSError."""
    written = file.with_suffix(".new")
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    written.replace(file)
