"""The beginning of a file, looked at before it is read: its first lines, its first objects."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice

from pipeline.sources.archives.detect import is_known, is_overfull
from pipeline.sources.archives.formats.base import PAGE_BYTES
from pipeline.sources.archives.json_values import Item, JsonValues
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import TruncatedError

PEEK_BYTES = 65_536
PEEK_LINES = 32
_COMMENTS = re.compile(
    rb"(?:[ \t]*+(?:(?:#|//|/\*|\)\]\}')[^\n]*+)?\r?\n)++(?=[ \t]*+(?:[\w.$]{1,128}\()?(?:[\[{]|\"\{))"
)  # above JSON


def peeked(content: Iterator[bytes], stalled: Callable[[], bool]) -> tuple[Iterator[bytes], bytes]:
    """The content, and its first lines: at least one as long as any that can be read; without comments above JSON."""
    taken: deque[bytes] = deque()
    size = 0
    whole_line = False
    cut: TruncatedError | None = None
    while size < PEEK_BYTES or (not whole_line and size <= PAGE_BYTES):
        try:
            chunk = next(content, b"")
        except TruncatedError as error:
            cut = error
            break
        if not chunk:
            break
        taken.append(chunk)
        size += len(chunk)
        whole_line = whole_line or b"\n" in chunk
        if whole_line and stalled():
            break
    head = b"".join(taken).removeprefix(BOM)
    comments = _COMMENTS.match(head)
    if comments is not None:
        head = b"\n" * comments[0].count(b"\n") + head[comments.end() :]
        taken = deque([head])
    return chain(_again(taken, cut), content), head


def first_objects(
    content: Iterator[bytes], like_posts: Callable[[bytes], bool], stalled: Callable[[], bool]
) -> tuple[Iterator[bytes], list[bytes]]:
    """The content, and its first objects, however they are written; none where a known format needs no guess.

    Of a document too large to be held they are the first ones `like_posts` in it.
    """
    taken: deque[bytes] = deque()
    size, wanted = 0, PEEK_BYTES
    cut: TruncatedError | None = None
    items: list[Item] = []
    while size <= PAGE_BYTES:
        try:
            chunk = next(content, b"")
        except TruncatedError as error:
            cut = error
            chunk = b""
        taken.append(chunk)
        size += len(chunk)
        if chunk and size < min(wanted, PAGE_BYTES + 1) and not stalled():
            continue
        wanted = 2 * size
        items = list(islice(JsonValues(iter([b"".join(taken)]), PAGE_BYTES, like_posts), PEEK_LINES))
        if not chunk or stalled() or not items or not items[0].unfinished:
            break
    found = [item.raw for item in items if not item.fault and not is_overfull(item.raw)]
    return chain(_again(taken, cut), content), [] if any(map(is_known, found)) else found


def _again(taken: deque[bytes], cut: TruncatedError | None) -> Iterator[bytes]:
    """What was read ahead, let go piece by piece, and how it ended."""
    while taken:
        if piece := taken.popleft():
            yield piece
    if cut is not None:
        raise cut
