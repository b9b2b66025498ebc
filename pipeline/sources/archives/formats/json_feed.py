"""JSON Feed documents, as blogs and micro-blogs publish them."""

from __future__ import annotations

from typing import Any

from pipeline.sources.archives.formats.base import PAGE_BYTES, Format, Parsed, each
from pipeline.sources.archives.mend import read
from pipeline.sources.feed_posts import json_feed, json_item, json_post


def parse(record: bytes) -> Parsed:
    """The posts of a feed. Raises PostError."""
    feed = read(json_feed, record)
    return each(feed.items, lambda item: json_post(read(json_item, item), feed))


def _knows(value: dict[str, Any]) -> bool:
    return "jsonfeed.org" in str(value.get("version", "")) and isinstance(value.get("items"), list)


FORMATS = (Format("json-feed", parse, _knows, limit=PAGE_BYTES, rank=14),)
