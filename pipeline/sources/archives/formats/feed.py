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
_ENTRY = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]")
_ENDS = re.compile(rb"</(?:\w+:)?(?:rss|feed|RDF|channel)\s*>", re.IGNORECASE)
_OF_XML = re.compile(rb"\s*(?:<|\Z)")


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
    *_, end = (0, *(found.end() for found in _ENDS.finditer(whole)))
    if _OF_XML.match(whole, end) is None:
        line = whole.count(b"\n", 0, end) + 1
        filling.fault(line, whole[end:], PostError("invalid", "something else behind a feed: keep it in its own file"))
        filling.block.notes.append(
            f"{name}: what stands behind a feed, from line {line} on, is not read: keep it in a file of its own"
        )
        filling.block.failed = True
    elif (cut := _cut_entry(whole, end)) is not None:
        filling.fault(
            whole.count(b"\n", 0, cut) + 1, whole[cut:], PostError("truncated", "the feed ends within an entry")
        )
        whole = whole[:cut]
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


def _cut_entry(whole: bytes, end: int) -> int | None:
    """Where an entry begins that does not end, behind where the feed does if it does."""
    *_, last = (None, *_ENTRY.finditer(whole, end))
    if last is None:
        return None
    closing = b"</" + last[0][1:].rstrip(b" \t\r\n>")
    return last.start() if whole.find(closing, last.end()) < 0 else None


DOCUMENTS = (Document("feed", _knows, _read),)
