"""Bluesky posts as its API shows them: search results, feeds, threads, and the records of a repository."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats import jetstream
from pipeline.sources.archives.formats.base import Format, Word, short, web_address
from pipeline.sources.archives.mend import read
from schemas import Post, PostError
from schemas.posts import parse_time

_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]+)", re.ASCII)


class _Author(msgspec.Struct):
    did: Word
    displayName: str | None = None  # noqa: N815 - the field's name
    avatar: str | None = None


class _View(msgspec.Struct):
    uri: str
    record: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()
    author: _Author | None = None
    indexedAt: str | None = None  # noqa: N815 - the field's name


class _Reason(msgspec.Struct):
    by: _Author
    indexedAt: str  # noqa: N815 - the field's name


class _Shown(msgspec.Struct):
    post: _View
    reason: _Reason | None = None


_view = msgspec.json.Decoder(_View)
_shown = msgspec.json.Decoder(_Shown)


def parse(record: bytes) -> Post | None:
    """The post that is shown, or its repost by somebody; None for records of other kinds. Raises PostError."""
    try:
        shown = read(_shown, record)
    except PostError as error:
        if error.reason != "invalid":
            raise
        shown = _Shown(read(_view, record))
    view = shown.post
    found = _URI.fullmatch(view.uri)
    if found is None:
        return None
    body = bytes(view.record) or bytes(view.value)
    if not body:
        raise PostError("invalid", "Object missing required field `record`")
    indexed_ms = parse_time(view.indexedAt, "$.indexedAt") if view.indexedAt is not None else None
    post = jetstream.built(found[1], found[2], body, indexed_ms)
    author = view.author
    if shown.reason is not None:
        author = shown.reason.by
        post.repost_of = post.id
        post.id = f"{post.id}#{author.did}"
        post.author = author.did
        post.time = parse_time(shown.reason.indexedAt, "$.reason.indexedAt")
    if author is not None:
        post.author_name = short(author.displayName)
        post.avatar = web_address(author.avatar)
    return post


def _knows(value: dict[str, Any]) -> bool:
    post = value.get("post", value)
    return (
        isinstance(post, dict)
        and str(post.get("uri", "")).startswith("at://")
        and (isinstance(post.get("record"), dict) or isinstance(post.get("value"), dict))
    )


FORMATS = (Format("bluesky", parse, _knows, rank=6),)
