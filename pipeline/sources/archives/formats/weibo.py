"""Posts of Weibo, as its API and its mobile pages give them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, Word, build, short, web_address
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

_WORDLESS = ("", "转发微博", "轉發微博", "Repost")  # what stands where somebody added nothing


class _User(msgspec.Struct):
    screen_name: Word | None = None
    id: Word | int | None = None
    avatar_hd: str | None = None


class _Long(msgspec.Struct):
    longTextContent: str | None = None  # noqa: N815 - the field's name


class _Visible(msgspec.Struct):
    type: int = 0  # 0: everybody


class _Said(msgspec.Struct):
    mid: Word | int | None = None
    idstr: Word | None = None
    id: Word | int | None = None
    text: str | None = None
    longText: _Long | None = None  # noqa: N815 - the field's name


class _Status(_Said, kw_only=True):
    created_at: str
    user: _User
    visible: _Visible | None = None
    retweeted_status: _Said | None = None


_decoder = msgspec.json.Decoder(_Status)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one status, of one that passes another on without a word the text of that; HIDDEN where not everybody
    may see it, None for what has no text any more. Raises PostError."""
    if b'"mid"' not in record and b'"idstr"' not in record:
        raise PostError("invalid", "neither mid nor idstr")
    status = read(_decoder, record)
    if status.visible is not None and status.visible.type != 0:
        return HIDDEN
    original = status.retweeted_status if _text(status) in _WORDLESS else None
    text = _text(original or status)
    if not text:
        return None
    return build(
        _name(status),
        status.user.screen_name or str(status.user.id or ""),
        text,
        moment_ms(status.created_at, "$.created_at"),
        source="weibo",
        repost_of=_name(original) or None if original is not None else None,
        author_name=short(status.user.screen_name),
        avatar=web_address(status.user.avatar_hd),
    )


def _text(said: _Said) -> str:
    long = said.longText.longTextContent if said.longText is not None else None
    return text_of(long or said.text or "")


def _name(said: _Said) -> str:
    return str(said.mid or said.idstr or said.id or "")


def _knows(value: dict[str, Any]) -> bool:
    return ("mid" in value or "idstr" in value) and "created_at" in value and isinstance(value.get("user"), dict)


FORMATS = (Format("weibo", parse, _knows, rank=23, may_skip_others=True),)
