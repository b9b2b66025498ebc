"""Submissions and comments of Reddit, as its dumps have them one a line and its API in listings."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Format,
    Hidden,
    Parsed,
    Word,
    build,
    edited,
    nested,
    short,
    web_address,
)
from pipeline.sources.archives.formats.tweets1 import unescaped
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

GONE = frozenset(
    {
        *("[deleted]", "[removed]", "[deleted by user]", "[ Removed by Reddit ]"),
        "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]",
    }
)
_CLOSED = frozenset({"private", "employees_only", "gold_only"})
_PRINTED = re.compile(r"Redditor\(name='([^']+)'\)\Z")  # as tables have what PRAW holds
_MESSAGE = "t4_"  # to somebody, as its inbox has them between answers


class _Redditor(msgspec.Struct):
    """Somebody, as PRAW has them."""

    name: Word


class _Thing(msgspec.Struct):
    id: Word
    author: Word | _Redditor
    created_utc: int | float | str
    title: str | None = None
    selftext: str | None = None
    body: str | None = None
    permalink: str | None = None
    subreddit_type: str | None = None
    name: str = ""
    edited: bool | int | float | str | None = None


class _Wrapped(msgspec.Struct):
    data: msgspec.Raw
    kind: str = ""


class _Children(msgspec.Struct):
    children: list[msgspec.Raw]


class _Listing(msgspec.Struct):
    data: _Children


class _Answered(msgspec.Struct):
    replies: _Listing


class _Thread(msgspec.Struct):
    data: _Answered


_answered = msgspec.json.Decoder(_Thread)
_decoder = msgspec.json.Decoder(_Thing)
_wrapped = msgspec.json.Decoder(_Wrapped)


def parse(record: bytes) -> Parsed:
    """The post in one submission or comment, and in those that answer it; None where its text was taken away, HIDDEN
    where its subreddit is not for everybody, or it is a message to somebody. Raises PostError."""
    return nested(record, _post, _answers)


def _answers(record: bytes) -> list[msgspec.Raw]:
    if b'"children"' not in record:
        return []
    try:
        return _answered.decode(record).data.replies.data.children
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []  # the word stood elsewhere


def _post(record: bytes) -> Post | Hidden | None:
    if b'"data"' in record:
        with suppress(msgspec.DecodeError):  # the word may stand elsewhere
            wrapped = _wrapped.decode(record)
            if wrapped.kind == "more":
                return None
            record = bytes(wrapped.data)
    thing = read(_decoder, record)
    if thing.subreddit_type in _CLOSED or thing.name.startswith(_MESSAGE):
        return HIDDEN
    comment = thing.body is not None
    parts = [thing.body] if comment else [thing.title, thing.selftext]
    texts = [part for part in parts if part and part not in GONE]
    if thing.title is None and thing.body is None and thing.selftext is None:
        raise PostError("invalid", "neither title nor body")
    if not texts:
        return None
    post = build(
        ("t1_" if comment else "t3_") + thing.id.removeprefix("t1_").removeprefix("t3_"),
        thing.author.name if isinstance(thing.author, _Redditor) else _PRINTED.sub(r"\1", thing.author),
        unescaped("\n\n".join(texts)),
        moment_ms(thing.created_utc, "$.created_utc"),
        source="reddit",
        url=web_address(f"https://www.reddit.com{short(thing.permalink)}") if thing.permalink else None,
    )
    return edited(post, thing.edited)


def _knows(value: dict[str, Any]) -> bool:
    if value.get("kind") in ("t1", "t3", "t4", "more") and isinstance(value.get("data"), dict):
        return True
    return (
        "created_utc" in value
        and "author" in value
        and ("subreddit" in value or "selftext" in value or "link_id" in value)
    )


FORMATS = (Format("reddit", parse, _knows, rank=26),)
