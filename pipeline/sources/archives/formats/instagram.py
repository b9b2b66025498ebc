"""Posts of Instagram and Threads as their pages hold them: what Instaloader keeps, and what looks on there."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    PAGE_BYTES,
    Format,
    Hidden,
    Parsed,
    Word,
    build,
    each,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read, strictly
from pipeline.sources.archives.times import moment_ms
from schemas import Post


class _Owner(msgspec.Struct):
    username: Word | None = None
    id: Word | int | None = None
    pk: Word | int | None = None
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


class _Shares(msgspec.Struct):
    reposted_post: _Item | None = None


class _OfThreads(msgspec.Struct):
    share_info: _Shares | None = None


class _Item(msgspec.Struct):
    """A post as the app has it."""

    pk: Word | int
    taken_at: int | float | str
    user: _Owner
    caption: _Caption | str | None = None
    caption_text: str | None = None
    code: Word | None = None
    audience: str | None = None
    text_post_app_info: _OfThreads | None = None


_node = msgspec.json.Decoder(_Node)
_item = msgspec.json.Decoder(_Item)


def parse(record: bytes) -> Parsed:
    """The post in one node or item, or those of a thread; HIDDEN where its account is private or it is for friends,
    None for a picture without a caption. Raises PostError."""
    value = strictly(record) if b'"thread_items"' in record or b'"biography"' in record else {}
    if _is_profile(value):
        return None
    if (items := _thread(value)) is not None:
        posts = (item.get("post") for item in items if isinstance(item, dict))
        return each((msgspec.Raw(orjson.dumps(post)) for post in posts if post), _of_item)
    return _of_node(record) if b'"edge_media_to_caption"' in record else _of_item(record)


def _of_node(record: bytes) -> Post | Hidden | None:
    node = read(_node, record)
    text = "\n".join(edge.node.text for edge in node.edge_media_to_caption.edges)
    return _post(str(node.id), node.owner, text, node.taken_at_timestamp, node.shortcode)


def _of_item(record: bytes) -> Post | Hidden | None:
    item = read(_item, record)
    if item.audience not in (None, "", "default"):
        return HIDDEN
    text, original = _said(item), None
    if item.text_post_app_info is None:
        return _post(str(item.pk), item.user, text, item.taken_at, item.code)
    shares = item.text_post_app_info.share_info
    if not text and shares is not None and shares.reposted_post is not None:
        original = shares.reposted_post
        text = _said(original)
    post = _post(str(item.pk), item.user, text, item.taken_at, item.code, source="threads")
    if isinstance(post, Post) and original is not None:
        post.repost_of = str(original.pk)
    return post


def _said(item: _Item) -> str:
    told = item.caption.text if isinstance(item.caption, _Caption) else item.caption
    return told or item.caption_text or ""


def _post(
    identity: str, owner: _Owner, text: str, taken_at: float | str, code: str | None, source: str = "instagram"
) -> Post | Hidden | None:
    if says_yes(owner.is_private):
        return HIDDEN
    if not text:
        return None
    author = owner.username or str(owner.id or owner.pk or "")
    address = "https://www.instagram.com/p/" if source == "instagram" else f"https://www.threads.com/@{author}/post/"
    return build(
        identity,
        author,
        text,
        moment_ms(taken_at, "$.taken_at"),
        source=source,
        url=web_address(f"{address}{code}/") if code else None,
        author_name=short(owner.full_name),
        avatar=web_address(owner.profile_pic_url),
    )


def _thread(value: dict[str, Any]) -> list[Any] | None:
    """The items of a thread, as Threads' pages have them in searches and profiles."""
    held = value.get("thread")
    items = value.get("thread_items", held.get("thread_items") if isinstance(held, dict) else None)
    return items if isinstance(items, list) else None


def _is_profile(value: dict[str, Any]) -> bool:
    """Whether this is somebody, as Instaloader keeps them beside their posts."""
    node = value.get("node")
    return "instaloader" in value and isinstance(node, dict) and {"biography", "username"} <= node.keys()


def _knows(value: dict[str, Any]) -> bool:
    if _is_profile(value) or _thread(value) is not None:
        return True
    if "edge_media_to_caption" in value:
        return "taken_at_timestamp" in value and isinstance(value.get("owner"), dict)
    user = value.get("user")
    return {"taken_at", "pk"} <= value.keys() and isinstance(user, dict) and "username" in user


FORMATS = (Format("instagram", parse, _knows, limit=PAGE_BYTES, rank=27),)
