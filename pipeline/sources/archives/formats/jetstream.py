"""Bluesky posts as Jetstream sends them, one event a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Deletion, Format, Notice, Word, build, declared, edition
from pipeline.sources.archives.mend import read
from schemas import Post, PostError
from schemas.posts import parse_time

POST = "app.bsky.feed.post"
_TAG = "app.bsky.richtext.facet#tag"
DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+", re.ASCII)
RKEY = re.compile(r"[A-Za-z0-9._:~-]+", re.ASCII)


_OLD = {"com": "commit", "acc": "account", "id": "identity", "c": "create", "u": "update", "d": "delete"}


class _Commit(msgspec.Struct):
    collection: str
    operation: str = ""
    type: str = ""  # what `operation` was called at first
    rkey: Word = ""
    record: msgspec.Raw = msgspec.Raw()


class _Account(msgspec.Struct):
    active: bool = True


class _Event(msgspec.Struct):
    did: Word
    time_us: int
    kind: str = ""
    type: str = ""  # what `kind` was called at first
    commit: _Commit | None = None
    account: _Account | None = None


class _Index(msgspec.Struct):
    byteStart: int  # noqa: N815 - the field's name
    byteEnd: int  # noqa: N815 - the field's name


class _Feature(msgspec.Struct):
    type: str = msgspec.field(name="$type", default="")
    tag: str = ""


class _Facet(msgspec.Struct):
    index: _Index
    features: list[_Feature]


class _Record(msgspec.Struct):
    text: str
    createdAt: str = ""  # noqa: N815 - the field's name
    langs: list[str] | None = None
    facets: list[_Facet] | None = None
    tags: list[str] | None = None


_event = msgspec.json.Decoder(_Event)
_record = msgspec.json.Decoder(_Record)


def parse(record: bytes) -> Post | Notice | None:
    """The post that an event creates or updates, at the earlier of the times that its writer and the relay say, as
    Bluesky sorts; a Deletion of a post, or of an account that is not active any more; None for every other event,
    reposts included: they name the original by its address only. Raises PostError.
    """
    event = read(_event, record)
    commit = event.commit
    kind = event.kind or _OLD.get(event.type, "")
    if kind == "account" and event.account is not None and not event.account.active:
        return Deletion("bluesky", None, event.time_us // 1_000, event.did)
    if kind != "commit" or commit is None or commit.collection != POST:
        return None
    operation = commit.operation or _OLD.get(commit.type, "")
    if operation == "delete":
        return Deletion("bluesky", address(event.did, commit.rkey), event.time_us // 1_000)
    if operation not in ("create", "update"):
        return None
    post = committed(event.did, event.time_us, commit.rkey, commit.record)
    return edition(post, event.time_us) if operation == "update" else post


def committed(did: str, time_us: int, rkey: str, record: msgspec.Raw) -> Post:
    """The post in the record of a commit. Raises PostError."""
    if not DID.fullmatch(did):
        raise PostError("invalid", f"{did[:40]!r} is no DID - at `$.did`")
    if not RKEY.fullmatch(rkey):
        raise PostError("invalid", f"{rkey[:40]!r} is no record key - at `$.commit.rkey`")
    try:
        return built(did, rkey, bytes(record), time_us // 1_000 if time_us > 0 else None)
    except PostError as error:
        raise PostError(error.reason, error.detail.replace("`$", "`$.commit.record")) from None


def address(did: str, rkey: str) -> str:
    """What names a post on Bluesky."""
    return f"at://{did}/{POST}/{rkey}"


def built(did: str, rkey: str, record: bytes, indexed_ms: int | None = None) -> Post:
    """The post in the record of an account that has that key, at the earlier of its own time, if it is one, and the one
    when a server had it. Raises PostError.
    """
    body = read(_record, record)
    try:
        time_ms = parse_time(body.createdAt, "$.createdAt")
    except PostError:
        if indexed_ms is None:
            raise
        time_ms = indexed_ms
    return build(
        address(did, rkey),
        did,
        body.text,
        time_ms if indexed_ms is None else min(time_ms, indexed_ms),
        source="bluesky",
        lang=body.langs[0] if body.langs and len(body.langs[0]) <= 64 else None,
        tags=_tags(body),
        url=f"https://bsky.app/profile/{did}/post/{rkey}",
    )


def _tags(body: _Record) -> list[str] | None:
    """Tags of the facets as the text spells them where it does, and those the record carries outside its text."""
    found = []
    if body.facets:
        utf8 = body.text.encode()
        for facet in body.facets:
            for feature in facet.features:
                if feature.type == _TAG:
                    found.append(_spelling(utf8, facet.index, "#" + feature.tag.lstrip("#")))
    found += ["#" + tag.lstrip("#") for tag in body.tags or ()]
    return declared(found)


def _spelling(utf8: bytes, index: _Index, tag: str) -> str:
    """The facet counts in bytes of UTF-8; what lies there is taken only when it is the tag but for its case."""
    if 0 <= index.byteStart < index.byteEnd <= len(utf8):
        written = utf8[index.byteStart : index.byteEnd].decode(errors="replace")
        if written.casefold() == tag.casefold():
            return written
    return tag


def _knows(value: dict[str, Any]) -> bool:
    return "did" in value and "time_us" in value


FORMATS = (Format("jetstream", parse, _knows, rank=5),)
