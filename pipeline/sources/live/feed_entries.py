"""The entries of an RSS, Atom or JSON feed as posts."""

from __future__ import annotations

import calendar
import codecs
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import feedparser
import httpx
import msgspec

from pipeline.sources.archives.formats.base import build, declared, media_of, short, web_address
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.lenient import sound_json
from pipeline.sources.live.model import Fact, SourceError
from schemas import Post, PostError, parse_time

MOST_TEXT = 20_000
MOST_ENTRIES = 500


class _Author(msgspec.Struct):
    name: str | None = None


class _JsonItem(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    title: str | None = None
    content_text: str | None = None
    content_html: str | None = None
    summary: str | None = None
    date_published: str | None = None
    authors: list[_Author] | None = None
    tags: list[str] | None = None
    image: str | None = None


class _JsonHub(msgspec.Struct):
    type: str | None = None
    url: str | None = None


class _JsonFeed(msgspec.Struct):
    version: str
    feed_url: str | None = None
    hubs: list[_JsonHub] = msgspec.field(default_factory=list)
    title: str = ""
    language: str | None = None
    authors: list[_Author] | None = None
    items: list[msgspec.Raw] = msgspec.field(default_factory=list)  # of which some may be wrong


_json_feed, _json_item = msgspec.json.Decoder(_JsonFeed), msgspec.json.Decoder(_JsonItem)


class Entries(NamedTuple):
    """What a feed holds: its entries, oldest first; of those that cannot be used what is wrong, and what they are known
    by; and the hub that tells what is new in it, with the address by which the hub knows it, where the feed names them.
    """

    posts: list[Post]
    faults: dict[str, PostError]
    hub: str | None
    topic: str | None


def entries_of(body: bytes, content_type: str, url: str, now_ms: int | None = None) -> Entries:
    """`url` is where the feed was fetched. An entry without a date that can be read is of now; one without a text is
    left out. Raises SourceError for what is no feed."""
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    host = httpx.URL(url).host
    if "json" in content_type or body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        found = _json_entries(body, host, now)
    else:
        found = _xml_entries(body, content_type, host, now)
    found.posts.sort(key=lambda post: int(post.time))
    return found._replace(hub=web_address(found.hub), topic=web_address(found.topic))


def _json_entries(body: bytes, host: str, now: int) -> Entries:
    try:
        feed = read(_json_feed, sound_json(body))
    except PostError:
        raise SourceError(Fact("fault.json_feed", {"host": host})) from None
    posts: list[Post] = []
    faults: dict[str, PostError] = {}
    for raw in feed.items[:MOST_ENTRIES]:
        with _counted(faults, bytes(raw)):
            posts += _json_post(read(_json_item, bytes(raw)), feed, host, now)
    hubs = [hub.url for hub in feed.hubs if (hub.type or "").lower() == "websub"]
    return Entries(posts, faults, hubs[0] if hubs else None, feed.feed_url)


def _json_post(item: _JsonItem, feed: _JsonFeed, host: str, now: int) -> list[Post]:
    text = item.content_text or text_of(item.content_html or "") or item.summary or ""
    authors = item.authors or feed.authors or [_Author()]
    try:
        at = parse_time(item.date_published) if item.date_published else now
    except PostError:
        at = now
    return _post(
        host,
        id=str(item.id) if item.id is not None else "",
        link=item.url,
        title=item.title or "",
        text=text,
        at=at,
        author=authors[0].name or feed.title,
        tags=item.tags or [],
        images=[item.image] if item.image else [],
        lang=feed.language,
    )


def _xml_entries(body: bytes, content_type: str, host: str, now: int) -> Entries:
    told = feedparser.parse(
        body, response_headers={"content-type": content_type}, sanitize_html=False, resolve_relative_uris=False
    )
    if not told.get("version"):
        raise SourceError(Fact("fault.feed", {"host": host}))
    feed: Any = told.feed
    posts: list[Post] = []
    faults: dict[str, PostError] = {}
    for entry in told.entries[:MOST_ENTRIES]:
        with _counted(faults, repr(sorted(entry.items())).encode(errors="replace")):
            posts += _xml_post(entry, feed, host, now)
    named = {link.get("rel"): link.get("href") for link in reversed(feed.get("links", ()))}
    return Entries(posts, faults, named.get("hub"), named.get("self"))


def _xml_post(entry: Any, feed: Any, host: str, now: int) -> list[Post]:
    content = entry.content[0].get("value", "") if entry.get("content") else entry.get("summary", "")
    updated = "updated_parsed" in entry  # feedparser gives the other for it, with a warning
    moment = entry.get("published_parsed") or (entry.updated_parsed if updated else None)
    try:
        at = calendar.timegm(moment) * 1_000 if moment else now
    except (ValueError, OverflowError):  # a year that no calendar has
        at = now
    return _post(
        host,
        id=entry.get("id", ""),
        link=entry.get("link"),
        title=text_of(entry.get("title", "")),
        text=text_of(content[: 8 * MOST_TEXT]),
        at=at,
        author=entry.get("author") or feed.get("author") or text_of(feed.get("title", "")),
        tags=[tag.get("term") or "" for tag in entry.get("tags", ())],
        images=[
            link.get("href", "")
            for link in entry.get("links", ())
            if link.get("rel") == "enclosure" and link.get("type", "").startswith("image/")
        ],
        lang=feed.get("language"),
    )


@contextmanager
def _counted(faults: dict[str, PostError], entry: bytes) -> Iterator[None]:
    """An entry that is wrong is kept as such, and holds up no other."""
    try:
        yield
    except PostError as error:
        faults[f"wrong {hashlib.sha256(entry).hexdigest()}"] = error


def _post(
    host: str,
    *,
    id: str,  # noqa: A002 - the field's name
    link: str | None,
    title: str,
    text: str,
    at: int,
    author: str | None,
    tags: list[str],
    images: list[str],
    lang: str | None,
) -> list[Post]:
    """The post of an entry, or none. It is known by its id, else its link, else its date and title; where that is no
    address it is the feed's own. Raises PostError."""
    identity = id or link or f"{at} {title}"
    identity = identity if ":" in identity and " " not in identity else f"{host}/{identity}"
    name = " ".join((author or "").split())[:200]
    whole = text if text.startswith(title) else f"{title}\n{text}".strip()
    if not whole:
        return []
    return [
        build(
            identity if len(identity) <= 256 else hashlib.sha256(identity.encode()).hexdigest(),
            f"{name}@{host}"[-256:] if name else host,
            whole[:MOST_TEXT],
            max(at, 0),
            source="feed",
            lang=short(lang, 64),
            tags=declared(f"#{''.join(tag.split()).lstrip('#')}" for tag in tags),
            url=web_address(link),
            author_name=short(name or None),
            media=media_of((image, "image", None) for image in images),
        )
    ]
