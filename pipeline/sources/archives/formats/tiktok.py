"""Videos and comments of TikTok: from its API for research, its pages, and the programs that look on there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Format,
    Hidden,
    Word,
    build,
    declared,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError


class _Author(msgspec.Struct):
    uniqueId: Word | None = None  # noqa: N815 - the field's name, as all below
    unique_id: Word | None = None  # of the app
    name: Word | None = None  # of Apify
    id: Word | int | None = None
    uid: Word | int | None = None
    nickname: str | None = None
    nickName: str | None = None  # noqa: N815
    privateAccount: Any = None  # noqa: N815
    secret: Any = None


class _Tag(msgspec.Struct):
    title: Word | None = None  # of a page
    name: Word | None = None  # of Apify
    hashtagName: Word | None = None  # noqa: N815
    hashtag_name: Word | None = None  # of the app


class _Video(msgspec.Struct):
    """A video or a comment, whoever wrote it down."""

    id: Word | int | None = None
    aweme_id: Word | int | None = None
    cid: Word | int | None = None
    createTime: int | float | str | None = None  # noqa: N815
    create_time: int | float | str | None = None
    desc: str | None = None
    video_description: str | None = None
    text: str | None = None
    author: _Author | Word | None = None
    authorMeta: _Author | None = None  # noqa: N815
    user: _Author | None = None
    username: Word | None = None
    uniqueId: Word | None = None  # noqa: N815
    nickname: str | None = None
    challenges: list[_Tag] | None = None
    textExtra: list[_Tag] | None = None  # noqa: N815
    text_extra: list[_Tag] | None = None
    hashtags: list[_Tag] | None = None
    hashtag_names: list[Word] | None = None
    status: Any = None
    privateItem: Any = None  # noqa: N815
    secret: Any = None
    forFriend: Any = None  # noqa: N815


_decoder = msgspec.json.Decoder(_Video)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one video or comment; HIDDEN where not everybody may see it, None where it has no words. Raises
    PostError."""
    video = read(_decoder, record)
    person = video.author or video.authorMeta or video.user
    somebody = person if isinstance(person, _Author) else _Author(uniqueId=person or video.username or video.uniqueId)
    status = video.status if isinstance(video.status, dict) else {}
    marks = (video.privateItem, video.secret, video.forFriend, somebody.privateAccount, somebody.secret)
    if any(map(says_yes, (*marks, status.get("private_status")))):
        return HIDDEN
    told = [each for each in (video.desc, video.video_description, video.text) if each is not None]
    if not told:
        raise PostError("invalid", "Object missing required field `desc`")
    when = video.createTime if video.createTime is not None else video.create_time
    if when is None:
        raise PostError("invalid", "Object missing required field `createTime`")
    text = next(filter(None, told), "")
    if says_yes(status.get("is_delete")) or not text:
        return None
    name = somebody.uniqueId or somebody.unique_id or somebody.name
    number = str(video.aweme_id or video.id or "")
    is_comment = video.cid is not None
    return build(
        str(video.cid) if is_comment else number,
        name or str(somebody.id or somebody.uid or ""),
        text,
        moment_ms(when, "$.createTime"),
        source="tiktok",
        tags=declared(f"#{tag}" for tag in _tags(video)),
        url=web_address(f"https://www.tiktok.com/@{name}/video/{number}") if name and not is_comment else None,
        author_name=short(somebody.nickname or somebody.nickName or video.nickname),
    )


def _tags(video: _Video) -> Iterable[str]:
    yield from video.hashtag_names or ()
    for tag in (
        *(video.challenges or ()),
        *(video.textExtra or ()),
        *(video.text_extra or ()),
        *(video.hashtags or ()),
    ):
        if named := tag.title or tag.name or tag.hashtagName or tag.hashtag_name:
            yield named


_MARKS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("desc", "createTime", "author"),  # of a page
            ("aweme_id", "desc", "create_time", "author"),  # of the app
            ("video_description", "create_time", "username"),  # of the API for research
            ("authorMeta", "createTime", "text"),  # of Apify
            ("cid", "create_time", "text", "user"),  # comments: of a page
            ("cid", "createTime", "text", "uniqueId"),  # of Apify
        ),
    )
)


def _knows(value: dict[str, Any]) -> bool:
    return any(marks <= value.keys() for marks in _MARKS)


FORMATS = (Format("tiktok", parse, _knows, rank=28, may_skip_others=True),)
