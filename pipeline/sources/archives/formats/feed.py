"""RSS and Atom feeds that were kept as files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import HIDDEN, Given, One, Parsed, build, declared, short, web_address
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.streams import TruncatedError
from schemas import PostError

FEED_BYTES = 64 << 20  # a feed is held whole up to here
_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]*>|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>|\s)*<(?:rss|(?:\w+:)?feed|rdf:RDF|channel)\b",
    re.DOTALL,
)


def _knows(_name: str, head: bytes) -> bool:
    return _ROOT.match(head) is not None


def _read(name: str, content: Iterator[bytes], given: Given, _parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    filling = Filling(name, "RSS or Atom feed")
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in content:
            parts.append(chunk)
            size += len(chunk)
            if size > FEED_BYTES:
                filling.fault(1, parts[0], PostError("too-large", f"a feed of more than {FEED_BYTES >> 20} MiB"))
                yield filling.block
                return
    except TruncatedError as error:
        filling.fault(1, b"", PostError("truncated", str(error)))
    import feedparser  # a tenth of what importing all this takes, for the one kind of archive that needs it

    whole = b"".join(parts)
    found = feedparser.parse(io.BytesIO(whole), resolve_relative_uris=False, sanitize_html=False)
    for number, entry in enumerate(found.entries, 1):
        try:
            filling.answer(number, str(entry.get("id", "")).encode(errors="replace"), _post(entry, found.feed, given))
        except PostError as error:
            filling.fault(number, str(dict(entry)).encode(errors="replace"), error)
    if not found.entries:
        filling.fault(1, whole, PostError("invalid", "a feed without entries"))
    yield filling.in_order_of_time()


def _post(entry: Any, feed: Any, given: Given) -> One:
    """The post in an entry; HIDDEN and None where an export of WordPress holds what it never showed, or no post."""
    if entry.get("wp_status", "publish") not in ("publish", "inherit") or entry.get("wp_post_password"):
        return HIDDEN
    if entry.get("wp_post_type", "post") not in ("post", "page"):
        return None
    title = text_of(entry.get("title") or "")
    contents = entry.get("content") or [{"value": entry.get("summary") or ""}]
    text = text_of(contents[0].get("value") or "")
    when = entry.get("published") or entry.get("updated") or entry.get("created")
    if not when:
        raise PostError("time", "no time - at `pubDate`")
    time = given.clock.mail_ms(when, "pubDate")
    link = entry.get("link") or ""
    author = (entry.get("author") or feed.get("author") or feed.get("title") or feed.get("link") or "")[:256]
    terms = [str(tag.get("term") or "") for tag in entry.get("tags") or ()]
    return build(
        (entry.get("id") or link or f"{author} {time} {title}")[:256],
        author or given.author or "",
        title if not text or text == title else text if not title or text.startswith(title) else f"{title}\n\n{text}",
        time,
        source="feed",
        lang=short(feed.get("language"), 64),
        tags=declared(f"#{term.lstrip('#')}" for term in terms if term and " " not in term),
        url=web_address(link),
    )


DOCUMENTS = (Document("feed", _knows, _read),)
