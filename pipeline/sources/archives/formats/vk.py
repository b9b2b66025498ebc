"""Posts and comments of VK, as its API gives them on walls, in feeds and in searches."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, build, edited
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

_CLOSED = frozenset({"suggest", "postpone"})  # not on the wall yet
_OF_MESSAGES = ("peer_id", "conversation_message_id", "random_id")
_MENTION = re.compile(r"\[(?:(?:id|club|public|event)\d+|#alias\|?[^\]|]*)\|([^\]|]*)(?:\|[^\]]*)?\]")


class _Donut(msgspec.Struct):
    is_donut: bool | None = None


class _Said(msgspec.Struct):
    id: int | None = None
    post_id: int | None = None  # in feeds; of a comment, what it is on
    owner_id: int | None = None
    source_id: int | None = None  # in feeds
    from_id: int | None = None
    text: str | None = None


class _Item(_Said, kw_only=True):
    date: int | float | str
    edited: int | float | str | None = None
    post_type: str | None = None
    friends_only: int | bool | None = None
    donut: _Donut | None = None
    deleted: bool | None = None
    copy_history: list[_Said] | None = None


_decoder = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one item; HIDDEN for messages and for what friends or patrons alone may see, None for what has no
    text. Raises PostError.

    What was shared without a word has the text of the original, and is a repost of it.
    """
    if any(f'"{key}"'.encode() in record for key in _OF_MESSAGES):
        return HIDDEN
    item = read(_decoder, record)
    if item.friends_only or item.post_type in _CLOSED or (item.donut is not None and item.donut.is_donut):
        return HIDDEN
    original = item.copy_history[0] if item.copy_history and not item.text else None
    text = original.text if original is not None else item.text
    if item.deleted or not text:
        return None
    author = item.from_id if item.from_id is not None else _owner(item)
    if author is None:
        raise PostError("invalid", "nobody it is from - at `$.from_id`")
    name = _name(item)
    post = build(
        name,
        str(author),
        _MENTION.sub(r"\1", text),
        moment_ms(item.date, "$.date"),
        source="vk",
        repost_of=_name(original) if original is not None else None,
        url=f"https://vk.com/wall{name}" if item.post_type else None,
    )
    return edited(post, item.edited) if original is None else post


def _owner(item: _Said) -> int | None:
    return item.owner_id if item.owner_id is not None else item.source_id


def _name(item: _Said) -> str:
    """What names a post: its wall and its number there, as in its address."""
    number = item.id if item.id is not None else item.post_id
    owner = _owner(item)
    if number is None:
        raise PostError("invalid", "nothing that names it - at `$.id`")
    return f"{owner if owner is not None else item.from_id}_{number}"


def _knows(value: dict[str, Any]) -> bool:
    return (
        isinstance(value.get("text"), str)
        and type(value.get("date")) is int
        and ("id" in value or "post_id" in value)
        and any(type(value.get(key)) is int for key in ("owner_id", "from_id", "source_id"))
    )


FORMATS = (Format("vk", parse, _knows, rank=34, may_skip_others=True),)
