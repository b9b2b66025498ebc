"""What is counted apart and alerted about: events, watchlists and rules, as they travel in a control record."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, get_args

import msgspec

from schemas.alerts import Rule
from schemas.events import Event
from schemas.posts import MAX_TIME_MS, PostError
from schemas.watchlists import Watchlist

DEFINITIONS_HEADER = "definitions"  # of a control record on `posts`
MAX_DEFINITIONS_BYTES = 900_000  # so that they fit a record with what Kafka adds, on whichever topic
_VERSION_CHARACTERS = 12
Words = Literal["off", "events", "all"]
WORDS: tuple[Words, ...] = get_args(Words)


class Definitions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Events, watchlists and rules that hold together, from a control record on.

    Of two the one with the greater `order` holds, whichever is read later: so all partitions of `posts` come to the
    same, in whatever order two people's changes reach them. Neither tokens nor receivers are in it: it holds no secret.
    """

    at: Annotated[int, msgspec.Meta(ge=0, lt=MAX_TIME_MS)] = 0  # ms, when it was asked for; later than all known
    by: Annotated[str, msgspec.Meta(max_length=100)] = ""  # who asked, for people to read
    events: tuple[Event, ...] = ()
    watchlists: tuple[Watchlist, ...] = ()
    rules: tuple[Rule, ...] = ()
    networks: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64)], ...] = ()  # sources with lists of theirs
    words: Words = "events"  # of which posts words and phrases are topics: of none, of those of events, of all

    @property
    def named(self) -> tuple[tuple[str, tuple[Event | Watchlist | Rule, ...]], ...]:
        """What has names of its own, by kind."""
        return ("event", self.events), ("watchlist", self.watchlists), ("rule", self.rules)

    @property
    def titles(self) -> dict[str, str]:
        """The scopes of its events and watchlists, each with its title; empty: it has none."""
        told = {f"event:{event.name}": event.title for event in self.events}
        return told | {watched.scope: watched.title for watched in self.watchlists}

    @property
    def content(self) -> tuple[tuple[Any, ...], ...]:
        """What it defines, without when and by whom."""
        words = ((self.words,),) if self.words != "events" else ()
        return self.events, self.watchlists, self.rules, self.networks, *words

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
    if len(record) > MAX_DEFINITIONS_BYTES:
        raise PostError("definitions", f"record of {len(record)} bytes, at most {MAX_DEFINITIONS_BYTES}")
    try:
        return _decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PostError("definitions", str(error)) from None
