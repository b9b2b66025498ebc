"""Events of Nostr, as relays send them and dumps keep them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Alias,
    Deletion,
    Fault,
    Format,
    One,
    Parsed,
    Word,
    build,
    declared,
    edition,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

NOTE, DELETION = 1, 5
_ARTICLE = 30023
_NOTES = frozenset({NOTE, 1111, _ARTICLE})  # notes, comments, articles
_SECRET = frozenset({4, 13, 14, 15, 1059})  # direct messages, whatever wraps them
_REPOSTS = frozenset({6, 16})


class Event(msgspec.Struct):
    """An event as NIP-01 has it, its time in any form that archives have."""

    id: Word
    pubkey: Word
    created_at: int | float | str
    kind: int
    content: str
    tags: list[list[Any]] | None = None

    @property
    def time_ms(self) -> int:
        """When its author says it was written. Raises PostError."""
        return moment_ms(self.created_at, "$.created_at")

    def values(self, name: str) -> list[str]:
        """What its tags of a name hold."""
        found = [tag[1] for tag in self.tags or () if len(tag) > 1 and tag[0] == name]
        return [value for value in found if isinstance(value, str)]


_decoder = msgspec.json.Decoder(Event)


def parse(record: bytes) -> Parsed:
    """What is told by an event, see `told`. Raises PostError."""
    return told(read(_decoder, record)) or None


def told(event: Event) -> list[One | Fault]:
    """The post in a note, or in the note that is reposted; of a deletion each post that it names, gone if it is of the
    same author (NIP-09); HIDDEN for messages, nothing for all else. Raises PostError."""
    if event.kind in _SECRET:
        return [HIDDEN]
    if event.kind == DELETION:
        at = event.time_ms
        return [Deletion("nostr", name, at, event.pubkey) for name in event.values("e") + event.values("a")]
    shown = _original(event) if event.kind in _REPOSTS else event
    if shown is None or shown.kind not in _NOTES or not shown.content:
        return []
    post = build(
        event.id,
        event.pubkey,
        shown.content,
        event.time_ms,
        source="nostr",
        repost_of=None if shown is event else shown.id,
        tags=declared(f"#{tag.removeprefix('#')}" for tag in shown.values("t")),
    )
    return _article(event, post) if event.kind == _ARTICLE else [post]


def _article(event: Event, post: Post) -> list[One | Fault]:
    """An article is written anew by another event of the same address, which deletions name."""
    address = f"{_ARTICLE}:{event.pubkey}:{next(iter(event.values('d')), '')}"
    return [edition(post, int(post.time), [address]), Alias(address, "nostr", post.id)]


def _original(event: Event) -> Event | None:
    try:
        return _decoder.decode(event.content)
    except (msgspec.DecodeError, PostError):
        return None


def _knows(value: dict[str, Any]) -> bool:
    return {"pubkey", "kind", "created_at", "content", "sig"} <= value.keys()


FORMATS = (Format("nostr", parse, _knows, rank=16),)
