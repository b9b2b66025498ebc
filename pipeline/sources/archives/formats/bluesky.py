"""Bluesky posts as its API shows them: search results, feeds, threads, and the records of a repository."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from pipeline.sources.archives.formats import jetstream
from pipeline.sources.archives.formats.base import Format, Parsed, Word, nested, short, web_address
from pipeline.sources.archives.mend import read
from schemas import Post, PostError
from schemas.posts import parse_time

_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]+)", re.ASCII)

_NAMES_OF_PYTHON = {  # as the SDK for Python has them
    b"created_at": b'"createdAt"',
    b"indexed_at": b'"indexedAt"',
    b"display_name": b'"displayName"',
    b"byte_start": b'"byteStart"',
    b"byte_end": b'"byteEnd"',
    b"py_type": b'"$type"',
}
_BY_PYTHON = re.compile(b'"(' + b"|".join(_NAMES_OF_PYTHON) + rb')"(?=\s*:)')


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
    notFound: bool = False  # noqa: N815 - the field's name
    blocked: bool = False


class _Reason(msgspec.Struct):
    by: _Author
    indexedAt: str  # noqa: N815 - the field's name


class _Shown(msgspec.Struct):
    post: _View
    reason: _Reason | None = None
    parent: msgspec.Raw = msgspec.Raw()  # of threads
    replies: list[msgspec.Raw] | None = None


class _Item(msgspec.Struct):
    value: msgspec.Raw


_OF_THREAD = b'"app.bsky.unspecced.defs#threadItemPost"'  # as newer threads have each post
_item = msgspec.json.Decoder(_Item)
_view = msgspec.json.Decoder(_View)
_shown = msgspec.json.Decoder(_Shown)


def parse(record: bytes) -> Parsed:
    """The post that is shown, or its repost by somebody, and those around it in a thread; None for records of other
    kinds. Raises PostError."""
    return nested(_BY_PYTHON.sub(lambda name: _NAMES_OF_PYTHON[name[1]], record), _post, _around)


def _around(record: bytes) -> list[msgspec.Raw]:
    if b'"replies"' not in record and b'"parent"' not in record:
        return []
    shown = _read(record)
    return [shown.parent, *(shown.replies or ())]


def _read(record: bytes) -> _Shown:
    if _OF_THREAD in record:
        with suppress(msgspec.DecodeError):
            record = bytes(_item.decode(record).value)
    try:
        return read(_shown, record)
    except PostError as error:
        if error.reason != "invalid":
            raise
    return _Shown(read(_view, record))


def _post(record: bytes) -> Post | None:
    shown = _read(record)
    view = shown.post
    if view.notFound or view.blocked:
        return None
    found = _URI.fullmatch(view.uri)
    if found is None:
        return None
    body = bytes(view.record) or bytes(view.value)
    if not body:
        raise PostError("invalid", "Object missing required field `record`")
    indexed_ms = None
    with suppress(PostError):
        indexed_ms = parse_time(view.indexedAt or "", "$.indexedAt")
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


FORMATS = (Format("bluesky", parse, _knows, rank=6, may_skip_others=True),)
