"""Who is signed in, kept over a restart: nothing of it tells a cookie or a secret."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from pipeline.text import printable
from pipeline.web.links import write_private

_log = logging.getLogger(__name__)


class KeptSession(msgspec.Struct, frozen=True):
    """As whom a cookie signs in, what proves that this one's secret is still the same, and when it ends (s since
    1970)."""

    name: str
    proof: str
    until_s: float


def proof_of(cookie: str, secret: str) -> str:
    """A digest of the secret that nobody can try secrets against without the cookie."""
    keyed = hmac.new(cookie.encode(), secret.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return keyed.hexdigest()


class SessionFile:
    """The file of sessions, by the digests of their cookies. A fault of it is logged, and signs people out at the next
    restart at worst."""

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """Without a file they end with the process."""
        self._file, self.clock = file, clock

    def read(self) -> dict[str, KeptSession]:
        """What was kept."""
        if self._file is None or not self._file.exists():
            return {}
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, KeptSession])
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("%s: cannot be read (%s); everybody signs in anew", self._file, printable(str(error)))
            return {}

    def keep(self, sessions: Mapping[str, KeptSession]) -> None:
        """These are the sessions from now on."""
        if self._file is None:
            return
        try:
            write_private(self._file, msgspec.json.encode(sessions))
        except OSError as error:
            _log.warning("%s: cannot be written (%s); a restart signs people out", self._file, error.strerror)
