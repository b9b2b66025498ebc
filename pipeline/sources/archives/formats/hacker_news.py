"""Stories and comments of Hacker News, as its API gives them and its search finds them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Format, Parsed, Word, build, nested
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

_TYPES = ("story", "comment", "poll", "pollopt", "job")


class _Item(msgspec.Struct):
    id: Word | int | None = None
    objectID: Word | int | None = None  # noqa: N815 - the field's name
    by: Word | None = None
    author: Word | None = None
    time: int | float | str | None = None
    created_at_i: int | float | str | None = None
    title: str | None = None
    text: str | None = None
    story_text: str | None = None
    comment_text: str | None = None
    deleted: bool | None = None
    dead: bool | None = None


class _Thread(msgspec.Struct):
    children: list[msgspec.Raw] | None = None


_thread = msgspec.json.Decoder(_Thread)
_decoder = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> Parsed:
    """The post in one item, and in those that answer it; None for what is gone, or has no text. Raises PostError."""
    return nested(record, _post, _answers)


def _answers(record: bytes) -> list[msgspec.Raw]:
    return (read(_thread, record).children or []) if b'"children"' in record else []


def _post(record: bytes) -> Post | None:
    item = read(_decoder, record)
    if item.by is None and item.created_at_i is None and item.deleted is None:
        raise PostError("invalid", "neither by nor created_at_i")
    body = item.text or item.story_text or item.comment_text
    text = "\n\n".join(part for part in (item.title, text_of(body) if body else "") if part)
    if item.deleted or item.dead or not text:
        return None
    name = item.id if item.id is not None else item.objectID
    return build(
        "" if name is None else str(name),
        item.by or item.author or "",
        text,
        moment_ms(str(item.time if item.time is not None else item.created_at_i), "$.time"),
        source="hackernews",
        url=f"https://news.ycombinator.com/item?id={name}",
    )


def _knows(value: dict[str, Any]) -> bool:
    if {"created_at_i", "author"} <= value.keys() and ("objectID" in value or "children" in value):
        return True
    return value.get("type") in _TYPES and "id" in value and ({"by", "time"} <= value.keys() or "deleted" in value)


FORMATS = (Format("hacker-news", parse, _knows, rank=28, may_skip_others=True),)
