"""The post in an entry of an RSS, Atom or JSON feed: one rule for feeds that are asked and for files that were kept."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Hidden,
    build,
    declared,
    media_of,
    short,
    web_address,
)
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.times import Clock
from pipeline.sources.archives.unread import is_unclear
from schemas import Post, PostError

MOST_TEXT = 65_536  # characters, as many as a post may have
_UTC = Clock()
_KINDS = "http://schemas.google.com/g/2005#kind"  # of entries, among which an export of Blogger has its settings


class JsonAuthor(msgspec.Struct):
    name: str | None = None
    url: str | None = None
    avatar: str | None = None


class JsonItem(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    title: str | None = None
    content_text: str | None = None
    content_html: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: JsonAuthor | None = None
    authors: list[JsonAuthor] | None = None
    tags: list[str] | None = None
    image: str | None = None
    language: str | None = None


class JsonHub(msgspec.Struct):
    type: str | None = None
    url: str | None = None


class JsonFeed(msgspec.Struct):
    version: str
    items: list[msgspec.Raw] = msgspec.field(default_factory=list)  # of which some may be wrong
    title: str | None = None
    home_page_url: str | None = None
    feed_url: str | None = None
    hubs: list[JsonHub] = msgspec.field(default_factory=list)
    author: JsonAuthor | None = None
    authors: list[JsonAuthor] | None = None
    language: str | None = None


json_feed, json_item = msgspec.json.Decoder(JsonFeed), msgspec.json.Decoder(JsonItem)


def json_post(item: JsonItem, feed: JsonFeed, host: str = "", undated_ms: int | None = None) -> Post | None:
    """The post in an item, if it says anything. `host`: where a feed was fetched that names no home; `undated_ms`: when
    an item was that has no date which can be read, else that raises PostError, as what is wrong does."""
    writers = [*(item.authors or ()), item.author, *(feed.authors or ()), feed.author]
    writer = next((each for each in writers if each is not None and (each.name or each.url)), JsonAuthor())
    when = item.date_published or item.date_modified
    return _post(
        _host_of(feed.home_page_url, feed.feed_url) or host,
        id=str(item.id) if item.id is not None else "",
        link=item.url,
        title=item.title or "",
        text=item.content_text or text_of((item.content_html or "")[: 8 * MOST_TEXT]) or item.summary or "",
        time_ms=_moment(when, "$.date_published", None, _UTC, undated_ms),
        author=writer.name or writer.url or feed.title,
        tags=item.tags or (),
        images=(item.image,) if item.image else (),
        lang=item.language or feed.language,
        avatar=writer.avatar,
    )


def xml_post(
    entry: Any, feed: Any, *, host: str = "", author: str = "", clock: Clock = _UTC, undated_ms: int | None = None
) -> Post | Hidden | None:
    """The same of an entry of RSS or Atom, as feedparser gives it and what stands around it; `author`: whose it is that
    names nobody. HIDDEN and None where an export of WordPress or Blogger holds what it never showed, or no post."""
    if entry.get("wp_status", "publish") not in ("publish", "inherit") or entry.get("wp_post_password"):
        return HIDDEN
    if entry.get("blogger_status", "LIVE") != "LIVE" or entry.get("app_draft") == "yes":
        return HIDDEN
    tags = [tag for tag in entry.get("tags", ()) if tag.get("scheme") != _KINDS]
    kinds = [tag.get("term", "").rpartition("#")[2] for tag in entry.get("tags", ()) if tag.get("scheme") == _KINDS]
    if entry.get("wp_post_type", "post") not in ("post", "page") or not {"post", "page", "comment"}.issuperset(kinds):
        return None
    content = entry.content[0].get("value", "") if entry.get("content") else entry.get("summary", "")
    # feedparser gives `published` for an `updated` that is not there, with a warning
    name = next((each for each in ("published", "updated", "created") if each in entry), "published")
    own = next((each.get("href") for each in feed.get("links", ()) if each.get("rel") == "self"), None)
    return _post(
        _host_of(feed.get("link"), own) or host,
        id=entry.get("id", ""),
        link=entry.get("link"),
        title=text_of(entry.get("title", "")),
        text=text_of(content[: 8 * MOST_TEXT]),
        time_ms=_moment(entry.get(name), "pubDate", entry.get(f"{name}_parsed"), clock, undated_ms),
        author=entry.get("author") or feed.get("author") or text_of(feed.get("title", "")) or author,
        tags=[tag.get("term") or "" for tag in tags],
        images=[
            link.get("href", "")
            for link in entry.get("links", ())
            if link.get("rel") == "enclosure" and link.get("type", "").startswith("image/")
        ],
        lang=feed.get("language"),
    )


def _host_of(*addresses: str | None) -> str:
    """The host of the first of these that names one: a feed's home, wherever it was fetched."""
    for address in addresses:
        try:
            host = urlsplit(address or "").hostname
        except ValueError:
            continue
        if host:
            return host
    return ""


def _moment(written: str | None, place: str, parsed: Any, clock: Clock, undated_ms: int | None) -> int:
    """When an entry was, by our own reading, else by that of feedparser, which knows some more languages; ms."""
    fault = PostError("time", f"no time - at `{place}`")
    if written:
        try:
            return clock.mail_ms(written, place)
        except PostError as error:
            fault = error
    if parsed and (undated_ms is not None or not is_unclear(fault)):
        try:
            return max(calendar.timegm(parsed) * 1_000, 0)
        except (ValueError, OverflowError):  # a year that no calendar has
            pass
    if undated_ms is None:
        raise fault
    return undated_ms


def _post(
    home: str,
    *,
    id: str,  # noqa: A002 - the field's name
    link: str | None,
    title: str,
    text: str,
    time_ms: int,
    author: str | None,
    tags: Iterable[str],
    images: Iterable[str],
    lang: str | None,
    avatar: str | None = None,
) -> Post | None:
    """The post of an entry, or none. It is known by its id, else its link, else its date and title; where that is no
    address it is the feed's own, as people's names are."""
    identity = id or link or f"{time_ms} {title}"
    if home and (":" not in identity or " " in identity):
        identity = f"{home}/{identity}"
    name = " ".join((author or "").split())[:200]
    whole = text if text.startswith(title) else f"{title}\n\n{text}".strip()
    if not whole:
        return None
    return build(
        identity if len(identity) <= 256 else hashlib.sha256(identity.encode()).hexdigest(),
        f"{name}@{home}"[-256:] if name and home else name or home,
        whole[:MOST_TEXT],
        time_ms,
        source="feed",
        lang=short(lang, 64),
        tags=declared(f"#{''.join(tag.split()).lstrip('#')}" for tag in tags),
        url=web_address(link),
        author_name=short(name or None),
        avatar=web_address(avatar),
        media=media_of((image, "image", None) for image in images),
    )
