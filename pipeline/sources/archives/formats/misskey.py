"""Notes of Misskey and what came of it (Firefish, Sharkey), as its API, its streams and its exports give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Alias,
    Deletion,
    Format,
    Given,
    One,
    Parsed,
    Word,
    build,
    declared,
    edited,
    media_of,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

_PUBLIC = ("public", "home")


class _User(msgspec.Struct):
    username: Word
    host: Word | None = None
    name: str | None = None
    avatarUrl: str | None = None  # noqa: N815 - the field's name
    isBot: bool | None = None  # noqa: N815 - the field's name


class _File(msgspec.Struct):
    url: str | None = None
    type: str = ""
    comment: str | None = None


class _Original(msgspec.Struct):
    id: Word
    uri: str | None = None
    text: str | None = None
    cw: str | None = None
    visibility: Any = "public"
    localOnly: Any = None  # noqa: N815 - the field's name
    tags: list[str] | None = None
    files: list[_File] | None = None


class _Note(_Original, kw_only=True):
    createdAt: str  # noqa: N815 - the field's name
    updatedAt: str | None = None  # noqa: N815 - the field's name
    user: _User | None = None
    renote: _Original | None = None
    url: str | None = None


class _Body(msgspec.Struct):
    deletedAt: str | None = None  # noqa: N815 - the field's name


class _Happened(msgspec.Struct):
    id: Word
    type: str
    body: _Body


class _Update(msgspec.Struct):
    """What a stream tells of a note that it had given."""

    body: _Happened | None = None


_decoder = msgspec.json.Decoder(_Note)
_update = msgspec.json.Decoder(_Update)


def _with_author(author: str | None) -> Callable[[bytes], Parsed]:
    def parse(record: bytes) -> Parsed:
        if b'"noteUpdated"' in record and (update := read(_update, record)).body is not None:
            return _deletion(update.body)
        note = read(_decoder, record)
        post = _post(note, author)
        return [post, Alias(note.id, "misskey", post.id)] if isinstance(post, Post) and post.id != note.id else post

    return parse


def _given(given: Given) -> Callable[[bytes], Parsed]:
    return _with_author(given.author)


def _deletion(told: _Happened) -> One:
    """That a note is gone; None for reactions and votes."""
    if told.type != "deleted":
        return None
    at = told.body.deletedAt
    return Deletion("misskey", told.id, moment_ms(at, "$.body.body.deletedAt") if at else None)


def _post(note: _Note, somebody: str | None) -> One:
    """The post in a note; of a renote without words of its own what it shows again. None for notes without any text,
    HIDDEN for what not everybody may see."""
    shown = note.renote if note.renote is not None and not (note.text or note.cw) else note
    if not (_is_public(note) and _is_public(shown)):
        return HIDDEN
    text = "\n\n".join(part for part in (shown.cw, shown.text) if part)
    if not text:
        return None
    user = note.user
    author = (f"{user.username}@{user.host}" if user.host else user.username) if user is not None else somebody
    if author is None:
        raise PostError("invalid", "whose notes these are is not said: name the account with --author")
    post = build(
        _identity(note),
        author[:256],
        text,
        moment_ms(note.createdAt, "$.createdAt"),
        source="misskey",
        repost_of=_identity(shown) if shown is not note else None,
        tags=declared(f"#{tag.lstrip('#')}" for tag in shown.tags or ()),
        url=web_address(note.url) or web_address(note.uri),
        author_name=short(user.name) if user is not None else None,
        avatar=web_address(user.avatarUrl) if user is not None else None,
        media=media_of((file.url, file.type.partition("/")[0], file.comment) for file in shown.files or ()),
        bot=bool(user is not None and user.isBot),
    )
    return edited(post, note.updatedAt) if shown is note else post


def _identity(note: _Original) -> str:
    return note.uri if note.uri and len(note.uri) <= 256 else note.id


def _is_public(note: _Original) -> bool:
    return note.visibility in _PUBLIC and not says_yes(note.localOnly)


def _knows(value: dict[str, Any]) -> bool:
    if value.get("type") == "noteUpdated":
        return isinstance(value.get("body"), dict)
    return {"id", "createdAt", "visibility", "renoteId", "text"} <= value.keys()


FORMATS = (Format("misskey", _with_author(None), _knows, rank=22, given=_given),)
