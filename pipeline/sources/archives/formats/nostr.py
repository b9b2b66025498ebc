"""Events of Nostr, as relays send them and dumps keep them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Deletion, Format, One, Word, build, declared
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import Clock
from schemas import PostError

_CLOCK = Clock()
_NOTES = frozenset({1, 1111, 30023})  # notes, comments, articles
_SECRET = frozenset({4, 13, 14, 15, 1059})  # direct messages, whatever wraps them
_REPOSTS = frozenset({6, 16})
_DELETION = 5


class _Event(msgspec.Struct):
    id: Word
    pubkey: Word
    created_at: int | float | str
    kind: int
    content: str
    tags: list[list[Any]] | None = None


_decoder = msgspec.json.Decoder(_Event)


def parse(record: bytes) -> One:
    """The post in a note, or in the note that is reposted; HIDDEN for messages, None for all else. Raises PostError."""
    event = read(_decoder, record)
    if event.kind in _SECRET:
        return HIDDEN
    time_ms = _CLOCK.ms(str(event.created_at), "$.created_at")
    if event.kind == _DELETION and (gone := _values(event, "e")):
        return Deletion("nostr", gone[0], time_ms)
    shown = _original(event) if event.kind in _REPOSTS else event
    if shown is None or shown.kind not in _NOTES or not shown.content:
        return None
    return build(
        event.id,
        event.pubkey,
        shown.content,
        time_ms,
        source="nostr",
        repost_of=None if shown is event else shown.id,
        tags=declared(f"#{tag.removeprefix('#')}" for tag in _values(shown, "t")),
    )


def _original(event: _Event) -> _Event | None:
    try:
        return _decoder.decode(event.content)
    except (msgspec.DecodeError, PostError):
        return None


def _values(event: _Event, name: str) -> list[str]:
    """What the tags of a name hold."""
    found = [tag[1] for tag in event.tags or () if len(tag) > 1 and tag[0] == name]
    return [value for value in found if isinstance(value, str)]


def _knows(value: dict[str, Any]) -> bool:
    return {"pubkey", "kind", "created_at", "content", "sig"} <= value.keys()


FORMATS = (Format("nostr", parse, _knows, rank=16),)
