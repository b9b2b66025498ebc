"""RSS and Atom feeds that were kept as files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import Given, Parsed
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import TruncatedError
from schemas import PostError

# what a feed says of its own encoding, before it was read as another
_DECLARED = re.compile(
    rb"\A(\s*<\?xml[^>]*?\sencoding=['\"])(?:utf-(?:16|32)(?:[lb]e)?|ucs-[24])(?=['\"])", re.IGNORECASE
)
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
    # a tenth of what importing all this takes, for the one kind of archive that needs it
    import feedparser

    from pipeline.sources.feed_posts import xml_post

    whole = _DECLARED.sub(rb"\1utf-8", b"".join(parts).removeprefix(BOM), count=1)
    found = feedparser.parse(io.BytesIO(whole), resolve_relative_uris=False, sanitize_html=False)
    for number, entry in enumerate(found.entries, 1):
        try:
            filling.answer(
                number,
                str(entry.get("id", "")).encode(errors="replace"),
                xml_post(entry, found.feed, host=given.author or "", clock=given.clock),
            )
        except PostError as error:
            filling.fault(number, str(dict(entry)).encode(errors="replace"), error)
    if not found.entries:
        filling.fault(1, whole, PostError("invalid", "a feed without entries"))
    yield filling.in_order_of_time()


DOCUMENTS = (Document("feed", _knows, _read),)
