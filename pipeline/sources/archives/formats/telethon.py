"""Messages of Telegram as Telethon keeps them; of chats that not everybody can join there is no telling."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, One, build, edited, short
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import PostError


class _Peer(msgspec.Struct):
    channel_id: int | None = None
    user_id: int | None = None


class _Message(msgspec.Struct):
    id: int
    date: str | int | float
    peer_id: _Peer
    type: str = msgspec.field(name="_", default="")
    message: str | None = None
    from_id: _Peer | None = None
    post_author: str | None = None
    edit_date: str | int | float | None = None


_decoder = msgspec.json.Decoder(_Message)


def parse(record: bytes) -> One:
    """The post in a message to a channel; HIDDEN for what went to people and groups, None for what happened there and
    for messages without a text. Raises PostError."""
    message = read(_decoder, record)
    channel = message.peer_id.channel_id
    if message.type == "MessageService" or (channel is not None and not message.message):
        return None
    if channel is None:
        return HIDDEN
    writer = message.from_id or message.peer_id
    author = writer.user_id if writer.user_id is not None else writer.channel_id
    if author is None:
        raise PostError("invalid", "nobody it is from - at `$.from_id`")
    post = build(
        f"{channel}/{message.id}",
        str(author),
        message.message or "",
        moment_ms(message.date, "$.date"),
        source="telegram",
        author_name=short(message.post_author),
    )
    return edited(post, message.edit_date)


def _knows(value: dict[str, Any]) -> bool:
    return value.get("_") in ("Message", "MessageService") and isinstance(value.get("peer_id"), dict)


FORMATS = (Format("telethon", parse, _knows, rank=24),)
