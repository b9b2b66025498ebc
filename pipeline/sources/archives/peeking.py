"""The beginning of a file, looked at before it is read: its first lines, its first objects."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from pipeline.sources.archives.detect import is_known, is_overfull
from pipeline.sources.archives.formats.base import PAGE_BYTES
from pipeline.sources.archives.json_values import Item, JsonValues
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import Ahead

PEEK_BYTES = 65_536
PEEK_LINES = 32
_COMMENTS = re.compile(
    rb"(?:[ \t]*+(?:(?:#|//|/\*|\)\]\}')[^\n]*+)?\r?\n)++(?=[ \t]*+(?:[\w.$]{1,128}\()?(?:[\[{]|\"\{))"
)  # above JSON


def peeked(content: Iterator[bytes], stalled: Callable[[], bool]) -> tuple[Iterator[bytes], bytes]:
    """The content, and its first lines: at least one as long as any that can be read; without comments above JSON."""
    ahead = Ahead(content)
    whole_line = False
    while ahead.size < PEEK_BYTES or (not whole_line and ahead.size <= PAGE_BYTES):
        chunk = ahead.more()
        whole_line = whole_line or b"\n" in chunk
        if not chunk or (whole_line and stalled()):
            break
    head = b"".join(ahead.taken).removeprefix(BOM)
    comments = _COMMENTS.match(head)
    if comments is not None:
        head = b"\n" * comments[0].count(b"\n") + head[comments.end() :]
        ahead.taken = deque([head])
    return ahead.again(), head


def first_objects(
    content: Iterator[bytes], like_posts: Callable[[bytes], bool], stalled: Callable[[], bool]
) -> tuple[Iterator[bytes], list[bytes]]:
    """The content, and its first objects, however they are written; none where a known format needs no guess.

    Of a document too large to be held they are the first ones `like_posts` in it.
    """
    ahead, wanted = Ahead(content), PEEK_BYTES
    items: list[Item] = []
    while ahead.size <= PAGE_BYTES:
        chunk = ahead.more()
        if chunk and ahead.size < min(wanted, PAGE_BYTES + 1) and not stalled():
            continue
        wanted = 2 * ahead.size
        items = list(islice(JsonValues(iter([b"".join(ahead.taken)]), PAGE_BYTES, like_posts), PEEK_LINES))
        if not chunk or stalled() or not items or not items[0].unfinished:
            break
    found = [item.raw for item in items if not item.fault and not is_overfull(item.raw)]
    return ahead.again(), [] if any(map(is_known, found)) else found
