"""ActivityStreams: the outbox.json of a Mastodon export, or its activities one a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    PAGE_BYTES,
    Format,
    Parsed,
    build,
    declared,
    each,
    media_of,
    web_address,
)
from pipeline.sources.archives.formats.markup import text_of
from schemas import Post, PostError
from schemas.posts import decoded

_ACTOR = re.compile(r"https?://([^/?#@\s]{1,200})/(?:users/|@|u/|profile/|accounts/)([^/?#@\s]{1,200})/?")


class _Collection(msgspec.Struct):
    orderedItems: list[msgspec.Raw]  # noqa: N815 - the field's name


class _Activity(msgspec.Struct):
    """An activity, or a note on its own; fields that may be text, object or list are told apart later."""

    type: str | list[str]
    id: str | None = None
    actor: Any = None
    published: str | None = None
    object: Any = None
    content: str | None = None
    contentMap: dict[str, str] | None = None  # noqa: N815 - the field's name
    attributedTo: Any = None  # noqa: N815 - the field's name
    tag: Any = None
    url: Any = None
    attachment: Any = None


_collection = msgspec.json.Decoder(_Collection)
_activity = msgspec.json.Decoder(_Activity)


def parse(record: bytes) -> Parsed:
    """The posts of a collection, or the post of one activity; None for likes, follows, deletions, and for boosts that
    name the original only by its address. Raises PostError.
    """
    if b'"orderedItems"' in record:
        try:
            collection = _collection.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # the word stood in a text, or the record is broken: what follows tells
        else:
            return each(collection.orderedItems, _post) or None
    return _post(record)


def _post(record: bytes) -> Post | None:
    activity = decoded(_activity, record)
    if activity.type == "Create":
        if not isinstance(activity.object, dict):
            return None
        return _built(_note(activity.object), activity, None)
    if activity.type == "Announce":
        if not isinstance(activity.object, dict) or "content" not in activity.object:
            return None
        note = _note(activity.object)
        return _built(note, activity, _name(note.id, "$.object.id"))
    if activity.content is not None:
        return _built(activity, None, None)
    return None


def _note(fields: dict[str, Any]) -> _Activity:
    try:
        return msgspec.convert(fields, _Activity)
    except msgspec.ValidationError as error:
        raise PostError("invalid", str(error).replace("`$", "`$.object")) from None


def _built(note: _Activity, activity: _Activity | None, repost_of: str | None) -> Post:
    if activity is None:
        identity, published, actor = note.id, note.published, note.attributedTo
    elif repost_of is None:
        identity, published, actor = note.id, note.published or activity.published, activity.actor or note.attributedTo
    else:
        identity, published, actor = activity.id, activity.published, activity.actor
    if published is None:
        raise PostError("time", "no time - at `$.published`")
    content = note.content
    languages = note.contentMap or {}
    if content is None:
        if not languages:
            raise PostError("invalid", "Object missing required field `content`")
        content = next(iter(languages.values()))
    language = next(iter(languages)) if len(languages) == 1 else None
    return build(
        _name(identity, "$.id"),
        account(_address(actor)),
        text_of(content),
        published,
        source="mastodon",
        lang=language if language and len(language) <= 64 else None,
        repost_of=repost_of,
        tags=declared(
            f"#{name.removeprefix('#')}" for kind, name in _pairs(note.tag, "type", "name") if kind == "Hashtag"),
        url=web_address(_address(note.url)) or web_address(note.id),
        media=media_of(
            (url, kind.partition("/")[0], None) for url, kind in _pairs(note.attachment, "url", "mediaType")),
    )


def account(actor: str) -> str:
    """The account as people write it where the actor's address shows it, else the address.

    >>> account("https://social.example/users/ana")
    'ana@social.example'
    """
    found = _ACTOR.fullmatch(actor)
    return f"{found[2]}@{found[1]}" if found else actor


def _name(value: str | None, path: str) -> str:
    if not value or len(value) > 256:
        raise PostError("invalid", f"{len(value or '')} characters, 1 to 256 are allowed - at `{path}`")
    return value


def _address(value: Any) -> str:
    """The address in a field that may hold it bare, in an object, or in a list of either."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("href") or value.get("id")
    return value if isinstance(value, str) else ""


def _pairs(value: Any, first: str, second: str) -> list[tuple[str, str]]:
    """Two text fields of each object in a field that may hold one or a list; what has not both is left out."""
    items = value if isinstance(value, list) else [value]
    return [(item[first], item[second]) for item in items
            if isinstance(item, dict) and isinstance(item.get(first), str) and isinstance(item.get(second), str)]


FORMAT = Format("activitystreams", parse, limit=PAGE_BYTES)
