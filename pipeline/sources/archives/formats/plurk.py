"""Plurks, as Plurk's API gives them on timelines and in searches."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, build
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post

_EVERYBODY: tuple[object, ...] = (None, "", [])  # anything else in `limited_to` is whom it was for; `0`: all friends


class _Plurk(msgspec.Struct):
    plurk_id: int | str
    owner_id: int | str  # who wrote it; `user_id` is on whose timeline it was seen
    posted: str
    content: str | None = None
    content_raw: str | None = None
    limited_to: str | list[int | str] | None = None


_decoder = msgspec.json.Decoder(_Plurk)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one plurk; HIDDEN where it was for friends, None where it has no text. Raises PostError."""
    plurk = read(_decoder, record)
    if plurk.limited_to not in _EVERYBODY:
        return HIDDEN
    text = plurk.content_raw or text_of(plurk.content or "")
    if not text:
        return None
    when = moment_ms(plurk.posted, "$.posted")
    return build(str(plurk.plurk_id), str(plurk.owner_id), text, when, source="plurk")


def _knows(value: dict[str, Any]) -> bool:
    return all(key in value for key in ("plurk_id", "owner_id", "posted"))


FORMATS = (Format("plurk", parse, _knows),)
