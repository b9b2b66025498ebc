"""JSON Feed documents, as blogs and micro-blogs publish them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import PAGE_BYTES, Format, Parsed, build, declared, each, short, web_address
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError


class _Author(msgspec.Struct):
    name: str | None = None
    url: str | None = None
    avatar: str | None = None


class _Item(msgspec.Struct):
    id: str | int | float
    date_published: str | None = None
    date_modified: str | None = None
    title: str | None = None
    content_text: str | None = None
    content_html: str | None = None
    summary: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None
    tags: list[str] | None = None
    url: str | None = None
    language: str | None = None


class _Feed(msgspec.Struct):
    items: list[msgspec.Raw]
    title: str | None = None
    home_page_url: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None
    language: str | None = None


_feed = msgspec.json.Decoder(_Feed)
_item = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> Parsed:
    """The posts of a feed. Raises PostError."""
    feed = read(_feed, record)
    return each(feed.items, lambda item: _post(item, feed))


def _post(record: bytes, feed: _Feed) -> Post:
    item = read(_item, record)
    writers = [*(item.authors or ()), item.author, *(feed.authors or ()), feed.author]
    writer = next((each for each in writers if each is not None and (each.name or each.url)), _Author())
    text = item.content_text or (text_of(item.content_html) if item.content_html else item.summary)
    when = item.date_published or item.date_modified
    if when is None:
        raise PostError("time", "no time - at `$.date_published`")
    return build(
        str(item.id)[:256],
        (writer.name or writer.url or feed.home_page_url or feed.title or "")[:256],
        "\n\n".join(part for part in (item.title, text) if part),
        moment_ms(when, "$.date_published"),
        source="feed",
        lang=short(item.language or feed.language, 64),
        tags=declared(f"#{tag.lstrip('#')}" for tag in item.tags or ()),
        url=web_address(item.url),
        avatar=web_address(writer.avatar),
    )


def _knows(value: dict[str, Any]) -> bool:
    return "jsonfeed.org" in str(value.get("version", "")) and isinstance(value.get("items"), list)


FORMATS = (Format("json-feed", parse, _knows, limit=PAGE_BYTES, rank=14),)
