"""The entries of an RSS, Atom or JSON feed as posts."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import feedparser
import httpx

from pipeline.clock import utc_ms
from pipeline.sources.archives.formats.base import web_address
from pipeline.sources.archives.mend import read
from pipeline.sources.feed_posts import json_feed, json_item, json_post, xml_post
from pipeline.sources.lenient import sound_json
from pipeline.sources.live.model import Fact, SourceError
from schemas import Post, PostError

MOST_ENTRIES = 500  # of a feed: the newest


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
    now = utc_ms() if now_ms is None else now_ms
    host = httpx.URL(url).host
    if "json" in content_type or body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        found = _json_entries(body, host, now)
    else:
        found = _xml_entries(body, content_type, host, now)
    found.posts.sort(key=lambda post: int(post.time))
    del found.posts[:-MOST_ENTRIES]
    return found._replace(hub=seen_from(url, found.hub), topic=seen_from(url, found.topic))


def seen_from(url: str, told: str | None) -> str | None:
    """The address of a link on a page, which may be told as seen from there; None where it is none of the web."""
    try:
        return web_address(str(httpx.URL(url).join(told))) if told else None
    except httpx.InvalidURL:
        return None


def _json_entries(body: bytes, host: str, now: int) -> Entries:
    try:
        feed = read(json_feed, sound_json(body))
    except PostError:
        raise SourceError(Fact("fault.json_feed", {"host": host})) from None
    posts: list[Post] = []
    faults: dict[str, PostError] = {}
    for raw in feed.items:
        with _counted(faults, bytes(raw)):
            post = json_post(read(json_item, bytes(raw)), feed, host, now)
            posts += [post] if post else []
    hubs = [hub.url for hub in feed.hubs if (hub.type or "").lower() == "websub"]
    return Entries(posts, faults, hubs[0] if hubs else None, feed.feed_url)


def _xml_entries(body: bytes, content_type: str, host: str, now: int) -> Entries:
    told = feedparser.parse(
        body, response_headers={"content-type": content_type}, sanitize_html=False, resolve_relative_uris=False
    )
    if not told.get("version"):
        raise SourceError(Fact("fault.feed", {"host": host}))
    posts: list[Post] = []
    faults: dict[str, PostError] = {}
    for entry in told.entries:
        with _counted(faults, repr(sorted(entry.items())).encode(errors="replace")):
            post = xml_post(entry, told.feed, host=host, undated_ms=now)
            posts += [post] if isinstance(post, Post) else []
    named = {link.get("rel"): link.get("href") for link in reversed(told.feed.get("links", ()))}
    return Entries(posts, faults, named.get("hub"), named.get("self"))


@contextmanager
def _counted(faults: dict[str, PostError], entry: bytes) -> Iterator[None]:
    """An entry that is wrong is kept as such, and holds up no other."""
    try:
        yield
    except PostError as error:
        faults[f"wrong {hashlib.sha256(entry).hexdigest()}"] = error
