"""Posts of all the networks that snscrape looks at, as it writes them, one a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Format,
    Given,
    One,
    Word,
    build,
    declared,
    media_of,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import PostError

# Telegram, Facebook and VK name nobody but in the address of a post
_BY_ADDRESS = re.compile(
    r"https?://[^/]+/(?:(?:wall|photo|video)(-?\d+)_|permalink\.php\?\S*\bid=(\d+)|(?:s/|groups/)?([^/?#]+)/)"
)


_NETWORKS = {"vkontakte": "vk"}


class _User(msgspec.Struct):
    username: Word | None = None
    account: Word | None = None  # on Mastodon
    screenname: Word | None = None  # on Weibo
    displayname: str | None = None
    displayName: str | None = None  # noqa: N815 - the field's name
    id: Word | int | None = None
    profileImageUrl: str | None = None  # noqa: N815 - the field's name
    avatarUrl: str | None = None  # noqa: N815 - the field's name
    protected: Any = None


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
    text: str | None = None
    body: str | None = None
    title: str | None = None
    selftext: str | None = None
    hashtags: list[str] | None = None
    cashtags: list[str] | None = None


class _Item(_Original, kw_only=True):
    type: str = msgspec.field(name="_type", default="")
    date: str | None = None
    createdAt: str | None = None  # noqa: N815 - the field's name
    user: _User | None = None
    account: _User | None = None
    author: Word | None = None
    username: Word | None = None
    cleanUrl: str | None = None  # noqa: N815 - the field's name
    lang: Word | None = None
    media: list[_Medium] | None = None
    retweetedTweet: _Original | None = None  # noqa: N815 - the field's name
    repostedPost: _Original | None = None  # noqa: N815 - the field's name


_decoder = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> One:
    """The post in one line, HIDDEN where its account is protected; None where it says no text, or no time as boosts of
    Mastodon do. Raises PostError."""
    return _post(read(_decoder, record), "")


def _given(given: Given) -> Callable[[bytes], One]:
    return lambda record: _post(read(_decoder, record), given.author or "")


def _post(item: _Item, somebody: str) -> One:
    if not item.type and item.date is None:
        raise PostError("invalid", "neither _type nor date")
    user = item.user or item.account or _User()
    if says_yes(user.protected):
        return HIDDEN
    module = item.type.split(".")
    network = _NETWORKS.get(module[2], module[2]) if len(module) > 3 else "twitter"
    if network != "twitter" and (item.type.endswith((".Boost", ".User", ".Channel")) or _text(item) is None):
        return None
    url = item.url or item.cleanUrl
    shown = next((each for each in (item.retweetedTweet, item.repostedPost) if each and _text(each)), item)
    text = _text(shown)
    if text is None:
        raise PostError("invalid", "Object missing required field `content`")
    when = item.date or item.createdAt
    if when is None:
        raise PostError("time", "no time - at `$.date`")
    tags = [f"#{tag.lstrip('#')}" for tag in shown.hashtags or ()] + [f"${tag}" for tag in shown.cashtags or ()]
    return build(
        _identity(item, url, network),
        _author(item, user, url, network) or somebody,
        text,
        moment_ms(when, "$.date"),
        source=network,
        lang=short(item.lang, 64),
        repost_of=_identity(shown, shown.url, network) or None if shown is not item else None,
        tags=declared(tags),
        url=web_address(url),
        author_name=short(user.displayname or user.displayName),
        avatar=web_address(user.profileImageUrl or user.avatarUrl),
        media=media_of(
            (each.fullUrl or each.thumbnailUrl, "image" if each.type.endswith("Photo") else "video", None)
            for each in item.media or ()
        ),
    )


def _text(shown: _Original) -> str | None:
    text = shown.rawContent or shown.content or shown.renderedContent or shown.text or shown.body
    return text or "\n\n".join(part for part in (shown.title, shown.selftext) if part) or None


def _identity(shown: _Original, url: str | None, network: str) -> str:
    """What names a post; an id of Mastodon's is one of its server alone."""
    return str(shown.id) if shown.id is not None and network != "mastodon" else (url or str(shown.id or ""))[:256]


def _author(item: _Item, user: _User, url: str | None, network: str) -> str:
    named = user.username or user.account or user.screenname or item.author or item.username
    if named or network == "twitter":
        return (named or (str(user.id) if user.id is not None else "")).removeprefix("@")
    found = _BY_ADDRESS.match(url or "")
    return next(filter(None, found.groups()), "") if found else ""


def _knows(value: dict[str, Any]) -> bool:
    if str(value.get("_type", "")).startswith("snscrape."):
        return True
    return (
        "url" in value
        and "date" in value
        and isinstance(value.get("user"), dict)
        and not {"content", "rawContent", "renderedContent"}.isdisjoint(value)
    )


FORMATS = (Format("snscrape", parse, _knows, rank=25, given=_given),)
