"""Mastodon statuses as its API gives them, one a line or in a JSON array."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.activities import account, server_of
from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Format,
    Hidden,
    Word,
    build,
    declared,
    edited,
    media_of,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from schemas import Post, PostError

_PUBLIC = (None, "public", "unlisted", 0, 1)  # the last two as its database has them


class _Account(msgspec.Struct):
    acct: Word
    url: str | None = None
    uri: str | None = None
    display_name: str | None = None
    avatar: str | None = None
    bot: bool | None = None


class _Tag(msgspec.Struct):
    name: str


class _Medium(msgspec.Struct):
    type: str = "image"
    url: str | None = None
    description: str | None = None


class _Original(msgspec.Struct):
    content: str
    id: Word = ""  # that its server has; `uri` names it everywhere
    tags: list[_Tag] | None = None
    media_attachments: list[_Medium] | None = None
    language: Word | None = None
    uri: str | None = None
    visibility: Any = None
    privacy: Any = None  # the same on Gab
    local_only: Any = None  # of some forks: shown to those alone who have an account there
    group: Any = None  # that it was posted to, on Gab and its like
    edited_at: str | None = None


class _Status(_Original, kw_only=True):
    created_at: str
    account: _Account
    url: str | None = None
    reblog: _Original | None = None


_NOTICES = ("follow", "follow_request", "admin.sign_up", "moderation_warning", "severed_relationships")
_NOTICE = re.compile(rb'"type"\s*:\s*"(?:' + "|".join(map(re.escape, _NOTICES)).encode() + rb')"')
_HOST = re.compile(r"https?://([^/?#@\s]{1,200})")

_decoder = msgspec.json.Decoder(_Status)


def parse(record: bytes) -> Post | Hidden:
    """The post in one status; of a boost the text, tags and language of what is boosted; HIDDEN where not everybody may
    see it. Raises PostError.

    What names a post and a person is the same on whatever server it was seen: the `uri`, and `name@host`.
    """
    status = read(_decoder, record)
    shown = status.reblog or status
    if not (_is_public(status) and (shown is status or _is_public(shown))):
        return HIDDEN
    person = _person(status)
    post = build(
        _identity(status),
        person,
        text_of(shown.content),
        status.created_at,
        source="mastodon",
        lang=short(shown.language, 64),
        repost_of=_identity(status.reblog) or None if status.reblog is not None else None,
        tags=declared(f"#{tag.name.removeprefix('#')}" for tag in shown.tags or ()),
        url=web_address(status.url) or web_address(status.uri),
        author_name=short(status.account.display_name),
        avatar=web_address(status.account.avatar),
        media=media_of((medium.url, medium.type, medium.description) for medium in shown.media_attachments or ()),
        bot=bool(status.account.bot),
        server=server_of(person),
    )
    return edited(post, shown.edited_at)


def _parse(record: bytes) -> Post | Hidden | None:
    """The same, None for a notice that somebody follows, or the like."""
    try:
        return parse(record)
    except PostError:
        if _NOTICE.search(record) and b'"content"' not in record:
            return None
        raise


def _identity(status: _Original) -> str:
    return status.uri if status.uri and len(status.uri) <= 256 else status.id


def _person(status: _Status) -> str:
    """`name@host`, where the account's addresses tell it; servers leave the host out for people of their own."""
    for address in (status.account.url, status.account.uri):
        person = account(address or "")
        if person != address and 0 < len(person) <= 256:
            return person
    acct = status.account.acct
    host = _HOST.match(status.uri or status.url or "") if status.reblog is None else None
    return acct if "@" in acct or not acct or host is None else f"{acct}@{host[1]}"[:256]


def _is_public(status: _Original) -> bool:
    is_of_few = isinstance(status.group, dict) and says_yes(status.group.get("is_private"))
    is_told = status.visibility in _PUBLIC and status.privacy in _PUBLIC
    return is_told and not says_yes(status.local_only) and not is_of_few


def _knows(value: dict[str, Any]) -> bool:
    is_notice = value.get("type") in _NOTICES and "created_at" in value and "status" not in value
    return "account" in value and ("content" in value or is_notice)


FORMATS = (Format("mastodon", _parse, _knows, rank=20),)
