"""Messages of Telegram's export of a chat, or of all public chats of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    PAGE_BYTES,
    Format,
    One,
    Parsed,
    build,
    declared,
    each,
    edited,
    short,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError


class _Piece(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    id: int
    date: str
    type: str = "message"
    date_unixtime: str | int | None = None
    edited: str | None = None
    edited_unixtime: str | int | None = None
    sender: str | None = msgspec.field(name="from", default=None)
    from_id: str | int | None = None
    text: str | list[str | _Piece] = ""
    text_entities: list[_Piece] | None = None


class _Chat(msgspec.Struct):
    messages: list[msgspec.Raw]
    type: str = ""
    id: int | str = ""


_message = msgspec.json.Decoder(_Message)
_chat = msgspec.json.Decoder(_Chat)


def parse(record: bytes) -> Parsed:
    """The posts of a chat, or one of its messages; None for what happened in it, HIDDEN for what was said where not
    everybody can read it."""
    if b'"messages"' in record:
        try:
            chat = _chat.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass  # the word stood in a text
        else:
            return each(chat.messages, _messages_of(chat))
    return _post(record, "")


def _inside(around: bytes) -> Callable[[bytes], Parsed]:
    """What reads the messages of a chat that began so, or the chats of an account."""
    if not around.rstrip(b"[ \n\r\t:").endswith(b'"messages"'):
        return parse
    try:
        return _messages_of(_chat.decode(around + b"]}"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lambda _: HIDDEN  # nobody knows whether it was public


def _messages_of(chat: _Chat) -> Callable[[bytes], One]:
    is_hidden = chat.type != "" and not chat.type.startswith("public")

    def read_message(record: bytes) -> One:
        if not is_hidden:
            return _post(record, f"{chat.id}/")
        return HIDDEN if read(_message, record).type == "message" else None

    return read_message


def _post(record: bytes, chat: str) -> Post | None:
    message = read(_message, record)
    if message.type != "message":
        return None
    pieces = [message.text] if isinstance(message.text, str) else message.text
    text = "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)
    entities = message.text_entities or [piece for piece in pieces if isinstance(piece, _Piece)]
    author = message.from_id or message.sender
    if author is None:
        raise PostError("invalid", "nobody it is from - at `$.from_id`")
    when = stamp if (stamp := str(message.date_unixtime)).isdigit() else message.date
    post = build(
        f"{chat}{message.id}",
        str(author)[:256],
        text,
        moment_ms(when, "$.date"),
        source="telegram",
        tags=declared(entity.text for entity in entities if entity.type == "hashtag"),
        author_name=short(message.sender),
    )
    return edited(post, message.edited_unixtime or message.edited)


def _knows(value: dict[str, Any]) -> bool:
    messages = value.get("messages")
    if isinstance(messages, list):
        is_empty_chat = not messages and str(value.get("type", "")).endswith(("channel", "group", "chat", "messages"))
        return is_empty_chat or any(isinstance(item, dict) and _is_message(item) for item in messages[:8])
    return _is_message(value)


def _is_message(value: dict[str, Any]) -> bool:
    return value.get("type") in ("message", "service") and "date" in value and "id" in value


FORMATS = (Format("telegram", parse, _knows, limit=PAGE_BYTES, rank=27, around=_inside),)
