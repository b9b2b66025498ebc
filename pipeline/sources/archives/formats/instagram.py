"""Posts of Instagram as its pages hold them: what Instaloader keeps, and what looks on there."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, Word, build, says_yes, short, web_address
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post


class _Owner(msgspec.Struct):
    username: Word | None = None
    id: Word | int | None = None
    full_name: str | None = None
    profile_pic_url: str | None = None
    is_private: Any = None


class _Caption(msgspec.Struct):
    text: str = ""


class _Edge(msgspec.Struct):
    node: _Caption


class _Captions(msgspec.Struct):
    edges: list[_Edge]


class _Node(msgspec.Struct):
    edge_media_to_caption: _Captions
    taken_at_timestamp: int | float | str
    owner: _Owner
    id: Word | int
    shortcode: Word | None = None


_decoder = msgspec.json.Decoder(_Node)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one node; HIDDEN where its account is private, None for a picture without a caption. Raises
    PostError."""
    node = read(_decoder, record)
    owner = node.owner
    if says_yes(owner.is_private):
        return HIDDEN
    text = "\n".join(edge.node.text for edge in node.edge_media_to_caption.edges)
    if not text:
        return None
    return build(
        str(node.id),
        owner.username or str(owner.id or ""),
        text,
        moment_ms(node.taken_at_timestamp, "$.taken_at_timestamp"),
        source="instagram",
        url=web_address(f"https://www.instagram.com/p/{node.shortcode}/") if node.shortcode else None,
        author_name=short(owner.full_name),
        avatar=web_address(owner.profile_pic_url),
    )


def _knows(value: dict[str, Any]) -> bool:
    return "edge_media_to_caption" in value and "taken_at_timestamp" in value and isinstance(value.get("owner"), dict)


FORMATS = (Format("instagram", parse, _knows, rank=27),)
