"""What is counted apart and alerted about: events, watchlists and rules, as they travel in a control record."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from schemas.alerts import Rule
from schemas.events import Event
from schemas.posts import MAX_RECORD_BYTES, PostError
from schemas.watchlists import Watchlist

DEFINITIONS_TOPIC = "definitions"
DEFINITIONS_HEADER = "definitions"  # of a control record on `posts`
_VERSION_CHARACTERS = 12


class Definitions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Events, watchlists and rules that hold together, from a control record on.

    Of two the one with the greater `order` holds, whichever is read later: so all partitions of `posts` come to the
    same, in whatever order two people's changes reach them. Neither tokens nor receivers are in it: it holds no secret.
    """

    at: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)] = 0  # ms, when it was asked for; later than all that was known
    by: Annotated[str, msgspec.Meta(max_length=100)] = ""  # who asked, for people to read
    events: tuple[Event, ...] = ()
    watchlists: tuple[Watchlist, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def content(self) -> tuple[tuple[Event, ...], tuple[Watchlist, ...], tuple[Rule, ...]]:
        """What it defines, without when and by whom."""
        return self.events, self.watchlists, self.rules

    @property
    def version(self) -> str:
        """A digest of the content."""
        return hashlib.sha256(msgspec.json.encode(self.content)).hexdigest()[:_VERSION_CHARACTERS]

    @property
    def order(self) -> tuple[int, str]:
        """The greater one holds."""
        return self.at, self.version


_decode = msgspec.json.Decoder(Definitions).decode


def decode_definitions(record: bytes) -> Definitions:
    """The definitions in one JSON record. Raises PostError with reason `definitions`."""
    if len(record) > MAX_RECORD_BYTES:
        raise PostError("definitions", f"record of {len(record)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        return _decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PostError("definitions", str(error)) from None
