"""Posts as snscrape writes them, one a line."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Format,
    Hidden,
    Word,
    build,
    declared,
    media_of,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import Clock
from schemas import Post, PostError

_CLOCK = Clock()


class _User(msgspec.Struct):
    username: Word | None = None
    displayname: str | None = None
    id: Word | int | None = None
    profileImageUrl: str | None = None  # noqa: N815 - the field's name
    protected: bool | None = None


class _Medium(msgspec.Struct):
    type: str = msgspec.field(name="_type", default="")
    fullUrl: str | None = None  # noqa: N815 - the field's name
    thumbnailUrl: str | None = None  # noqa: N815 - the field's name


class _Original(msgspec.Struct):
    id: Word | int | None = None
    url: str | None = None
    rawContent: str | None = None  # noqa: N815 - the field's name
    content: str | None = None
    renderedContent: str | None = None  # noqa: N815 - the field's name
    hashtags: list[str] | None = None
    cashtags: list[str] | None = None


class _Item(_Original, kw_only=True):
    type: str = msgspec.field(name="_type", default="")
    date: str
    user: _User | None = None
    account: _User | None = None
    lang: Word | None = None
    media: list[_Medium] | None = None
    retweetedTweet: _Original | None = None  # noqa: N815 - the field's name


_decoder = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> Post | Hidden:
    """The post in one line, HIDDEN where its account is protected. Raises PostError."""
    item = read(_decoder, record)
    user = item.user or item.account or _User()
    if user.protected:
        return HIDDEN
    author = user.username or (str(user.id) if user.id is not None else "")
    shown = item.retweetedTweet or item
    text = shown.rawContent or shown.content or shown.renderedContent
    if text is None:
        raise PostError("invalid", "Object missing required field `content`")
    module = item.type.split(".")
    tags = [f"#{tag.lstrip('#')}" for tag in shown.hashtags or ()] + [f"${tag}" for tag in shown.cashtags or ()]
    return build(
        str(item.id if item.id is not None else item.url or ""),
        author,
        text,
        _CLOCK.ms(item.date, "$.date"),
        source=module[2] if len(module) > 3 else "twitter",
        lang=short(item.lang, 64),
        repost_of=str(shown.id or shown.url or "") or None if shown is not item else None,
        tags=declared(tags),
        url=web_address(item.url),
        author_name=short(user.displayname),
        avatar=web_address(user.profileImageUrl),
        media=media_of(
            (each.fullUrl or each.thumbnailUrl, "image" if each.type.endswith("Photo") else "video", None)
            for each in item.media or ()
        ),
    )


def _knows(value: dict[str, Any]) -> bool:
    if str(value.get("_type", "")).startswith("snscrape."):
        return True
    return (
        "url" in value
        and "date" in value
        and isinstance(value.get("user"), dict)
        and not {"content", "rawContent", "renderedContent"}.isdisjoint(value)
    )


FORMATS = (Format("snscrape", parse, _knows, rank=25),)
