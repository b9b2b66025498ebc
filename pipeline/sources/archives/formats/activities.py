"""ActivityStreams: the outbox.json of a Mastodon export, or its activities one a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    PAGE_BYTES,
    Deletion,
    Fault,
    Format,
    One,
    Parsed,
    build,
    declared,
    each,
    edited,
    media_of,
    web_address,
)
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from schemas import Post, PostError
from schemas.posts import parse_time

_ACTOR = re.compile(
    r"https?://([^/?#@\s]{1,200})/(?:users?/|@|u/|profile/|accounts/|channel/|author/)([^/?#@\s]{1,200})/?"
)


class _Collection(msgspec.Struct):
    orderedItems: list[msgspec.Raw]  # noqa: N815 - the field's name


class _Activity(msgspec.Struct):
    """An activity, or a note on its own; fields that may be text, object or list are told apart later."""

    type: str | list[str]
    id: str | None = None
    actor: Any = None
    published: str | None = None
    object: Any = None
    name: Any = None  # the title of what is more than a note
    content: str | None = None
    contentMap: dict[str, str] | None = None  # noqa: N815 - the field's name
    attributedTo: Any = None  # noqa: N815 - the field's name
    tag: Any = None
    url: Any = None
    attachment: Any = None
    to: Any = None
    cc: Any = None
    bto: Any = None
    bcc: Any = None
    updated: str | None = None


_TITLED = ("Article", "Page", "Video", "Audio", "Event")  # of servers of blogs, forums and films
_TOLD_ON = ("Create", "Update", "Delete", "Undo")  # what communities of Lemmy tell their followers of their people
_AUTOMATIC = ("Service", "Application")  # types of actors that are no people
_PUBLIC = frozenset({"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"})

_collection = msgspec.json.Decoder(_Collection)
_activity = msgspec.json.Decoder(_Activity)


def parse(record: bytes) -> Parsed:
    """The posts of a collection, or the post of one activity; Deletions; None for likes, follows, and for boosts that
    name the original only by its address; HIDDEN where it is addressed to somebody, but not to everybody. Raises
    PostError, also where somebody's own post is named so.
    """
    if b'"orderedItems"' in record:
        try:
            collection = _collection.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # the word stood in a text, or the record is broken: what follows tells
        else:
            return each(collection.orderedItems, _told)
    return _told(record)


def _told(record: bytes) -> Parsed:
    activity = read(_activity, record)
    if activity.type in ("Create", "Update", "Announce"):
        if not isinstance(activity.object, dict):
            if activity.type != "Create":
                return None
            if not _is_public(activity):
                return HIDDEN
            raise PostError("invalid", "the post is named by its address alone - at `$.object`")
        if activity.type == "Announce" and activity.object.get("type") in _TOLD_ON:
            return _told(msgspec.json.encode(activity.object)) if _is_public(activity) else HIDDEN
        if activity.type != "Create" and "content" not in activity.object:
            return None
        note = _note(activity.object)
        if not (_is_public(activity) and _is_public(note)):
            return HIDDEN
        return _built(note, activity, _name(note.id, "$.object.id") if activity.type == "Announce" else None)
    if activity.type in ("Delete", "Undo"):
        return _deletions(activity) or None
    if activity.content is not None or activity.type in _TITLED:
        return _built(activity, None, None) if _is_public(activity) else HIDDEN
    return None


def _deletions(activity: _Activity) -> list[One | Fault]:
    """What a Delete, or the Undo of a boost, means: posts, or the account that says so. Nobody's but its own."""
    at = None
    if (said := activity.published or activity.updated) is not None:
        at = parse_time(said, "$.published")
    actor = _address(activity.actor)
    author = account(actor) or None
    objects = activity.object if isinstance(activity.object, list) else [activity.object]
    return [
        Deletion("mastodon", None if meant == actor else meant, at, author)
        for one in objects
        if (meant := _address(one))
    ]


def _is_public(activity: _Activity) -> bool:
    """Whether everybody is among those addressed; where nobody is named, the record does not tell, and counts."""
    if activity.to is None and activity.cc is None:
        return not activity.bto and not activity.bcc
    addressed = [
        to.get("id") if isinstance(to, dict) else to
        for field in (activity.to, activity.cc)
        for to in (field if isinstance(field, list) else [field])
    ]
    return any(isinstance(to, str) and to in _PUBLIC for to in addressed)


def _note(fields: dict[str, Any]) -> _Activity:
    try:
        return read(_activity, msgspec.json.encode(fields))
    except PostError as error:
        raise PostError(error.reason, error.detail.replace("`$", "`$.object")) from None


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
    title = note.name if note.type in _TITLED and isinstance(note.name, str) else ""
    if content is None:
        if not languages and title:
            languages = {"": ""}
        if not languages:
            raise PostError("invalid", "Object missing required field `content`")
        content = next(iter(languages.values()))
    language = next(iter(languages)) if len(languages) == 1 else None
    person = account(_address(actor))
    post = build(
        _name(identity, "$.id"),
        person,
        f"{title}\n\n{text_of(content)}".strip(),
        published,
        source="mastodon",
        lang=language if language and len(language) <= 64 else None,
        repost_of=repost_of,
        tags=declared(
            f"#{name.removeprefix('#')}" for kind, name in _pairs(note.tag, "type", "name") if kind == "Hashtag"
        ),
        url=web_address(_address(note.url)) or web_address(note.id),
        media=media_of(
            (url, kind.partition("/")[0], None) for url, kind in _pairs(note.attachment, "url", "mediaType")
        ),
        bot=isinstance(actor, dict) and actor.get("type") in _AUTOMATIC,
        server=server_of(person),
    )
    return post if repost_of is not None else edited(post, note.updated)


def account(actor: str) -> str:
    """The account as people write it where the actor's address shows it, else the address.

    >>> account("https://social.example/users/ana")
    'ana@social.example'
    """
    found = _ACTOR.fullmatch(actor)
    return f"{found[2]}@{found[1]}" if found else actor


def server_of(person: str) -> str | None:
    """The host of an account as people write it; None where it does not say.

    >>> server_of("ana@social.example"), server_of("https://social.example/users/ana"), server_of("ana")
    ('social.example', None, None)
    """
    _, at, host = person.partition("@")
    return host if at and "/" not in person else None


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
    return [
        (item[first], item[second])
        for item in items
        if isinstance(item, dict) and isinstance(item.get(first), str) and isinstance(item.get(second), str)
    ]


_TYPES = frozenset(
    (
        *("Create", "Announce", "Note", "Article", "Question", "Delete", "Update", "Like", "Follow", "Undo", "Accept"),
        *("Add", "OrderedCollection", "OrderedCollectionPage", "Page", "Video", "Audio", "Event"),
    )
)


def _knows(value: dict[str, Any]) -> bool:
    if "orderedItems" in value:
        return True
    kind = value.get("type")
    if not isinstance(kind, str):
        return False
    if kind in _TYPES:
        return not value.keys().isdisjoint(("actor", "attributedTo", "object"))
    return {"attributedTo", "content", "to"} <= value.keys()  # a kind that one program alone knows


FORMATS = (Format("activitystreams", parse, _knows, limit=PAGE_BYTES, rank=15, may_skip_others=True),)
