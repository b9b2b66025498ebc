"""Messages of Mastodon's streaming API as its web socket sends them: a status as text within each."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats import mastodon
from pipeline.sources.archives.formats.base import Format, One
from schemas import PostError
from schemas.posts import decoded

_POSTS = ("update", "status.update")


class _Frame(msgspec.Struct):
    event: str
    payload: Any = None


_decoder = msgspec.json.Decoder(_Frame)


def parse(record: bytes) -> One:
    """The post that a message brings; None for what it says of deletions, notifications and conversations."""
    frame = decoded(_decoder, record)
    if frame.event not in _POSTS:
        return None
    if isinstance(frame.payload, dict):
        return mastodon.parse(msgspec.json.encode(frame.payload))
    if not isinstance(frame.payload, str):
        raise PostError("invalid", "no status - at `$.payload`")
    return mastodon.parse(frame.payload.encode(errors="replace"))


def _knows(value: dict[str, Any]) -> bool:
    return "event" in value and ("payload" in value or "stream" in value) and "target_object" not in value


FORMATS = (Format("mastodon-stream", parse, _knows, rank=19),)
