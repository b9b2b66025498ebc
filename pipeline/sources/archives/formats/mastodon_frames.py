"""Messages of Mastodon's streaming API as its web socket sends them: a status as text within each."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats import mastodon
from pipeline.sources.archives.formats.base import HIDDEN, Alias, Deletion, Format, One, Parsed
from schemas import Post, PostError
from schemas.posts import decoded

_POSTS = ("update", "status.update")
_EVENTS = frozenset(  # others are let be where a stream is named, as new ones come now and then
    {
        *(*_POSTS, "delete", "notification", "conversation", "announcement", "announcement.reaction"),
        *("announcement.delete", "filters_changed", "notifications_merged", "encrypted_message"),
    }
)


class _Frame(msgspec.Struct):
    event: str
    payload: Any = None


_decoder = msgspec.json.Decoder(_Frame)


class _Local(msgspec.Struct):
    id: str = ""


_local = msgspec.json.Decoder(_Local)


def parse(record: bytes) -> Parsed:
    """The post that a message brings, and what its server calls it; a Deletion by that name; HIDDEN for what is said in
    a conversation of some; None for what it says of notifications."""
    frame = decoded(_decoder, record)
    if frame.event == "delete" and isinstance(frame.payload, str):
        return deletion(frame.payload)
    if frame.event == "conversation":
        return HIDDEN
    if frame.event not in _POSTS:
        return None
    if isinstance(frame.payload, dict):
        status = msgspec.json.encode(frame.payload)
    elif isinstance(frame.payload, str):
        status = frame.payload.encode(errors="replace")
    else:
        raise PostError("invalid", "no status - at `$.payload`")
    return with_alias(mastodon.parse(status), status)


def deletion(name: str) -> One:
    """That the status is gone which the server calls so."""
    return Deletion("mastodon", name.strip()[:256], None)


def with_alias(parsed: Parsed, status: bytes) -> Parsed:
    """What was read of a status, and what its server calls it: deletions say no more."""
    if not isinstance(parsed, Post) or parsed.source != "mastodon":
        return parsed
    try:
        name = _local.decode(status).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return parsed
    return [parsed, Alias(name, "mastodon", parsed.id)] if name and name != parsed.id else parsed


def _knows(value: dict[str, Any]) -> bool:
    is_of_stream = "stream" in value or ("payload" in value and value.get("event") in _EVENTS)
    return "event" in value and is_of_stream and "target_object" not in value


FORMATS = (Format("mastodon-stream", parse, _knows, rank=19),)
