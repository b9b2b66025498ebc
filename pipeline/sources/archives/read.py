"""From paths to batches of posts: every file in turn, futures out, order in."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from pipeline.sources.archives.batches import ArchiveError, Batch, Dead
from pipeline.sources.archives.detect import JSON_FORMATS
from pipeline.sources.archives.files import STDIN, find_files
from pipeline.sources.archives.order import FOLLOWERS, SORT_MS, FutureGate, Sorter
from pipeline.sources.archives.reader import Block, read_file
from pipeline.sources.archives.streams import Progress, chunks, stalls
from schemas import Post

FORMATS = ("auto", *JSON_FORMATS, "csv")
_time_ms = attrgetter("time")
_DEAD_AT_ONCE = 256
_BYTES_AT_ONCE = 8 << 20  # after so much without a post, a batch tells the progress


def read_archives(
    paths: Sequence[str | Path],
    *,
    format: str = "auto",  # noqa: A002 - the option's name
    columns: Mapping[str, str] | None = None,
    sort_ms: int = SORT_MS,
    batch_size: int = 4_096,
    stdin: BinaryIO | None = None,
) -> Iterator[Batch]:
    """The posts of all files in the order to count them, in batches, with all that could not be read.

    Files come in the order of `find_files`; posts at most `sort_ms` out of order are put in place, also across files.
    `columns` maps fields of a post to the columns of tables (csv). `stdin` is what `-` reads, standard input if not
    given. The order of posts is the same whatever the compression and `batch_size` (unless over 262,144 posts lie
    within `sort_ms`). A batch without posts tells the progress. No bad line, post or compressed stream stops the rest.
    Where a pipe has nothing more at hand, what was read is given on at once, but for posts that wait for their order.

    Raises ArchiveError at once for an unknown format and for what `find_files` refuses; on the way, when a file cannot
    be read any more, is one JSON document above 256 MiB, or a table lacks a column that posts need.
    """
    if format not in FORMATS:
        raise ArchiveError(f"unknown format {format!r}: use one of {', '.join(FORMATS)}")
    if sort_ms < 0 or batch_size < 1:
        raise ArchiveError("the sort bound must be 0 ms or more, and a batch at least one post")
    files = find_files([str(path) for path in paths])
    return _read(files, format, columns, sort_ms, batch_size, stdin)


def _read(
    files: list[Path], wanted: str, columns: Mapping[str, str] | None, sort_ms: int, batch_size: int,
    stdin: BinaryIO | None,
) -> Iterator[Batch]:
    progress = Progress()
    order = _Order(sort_ms, batch_size, progress, None if STDIN in files else _total_bytes(files))
    for path in files:
        with ExitStack() as stack:
            if path == STDIN:
                raw, name = stdin or sys.stdin.buffer, "-"
            else:
                name = str(path)
                try:
                    raw = stack.enter_context(open(path, "rb", buffering=0))
                except OSError as error:
                    raise ArchiveError(f"{name} cannot be read: {error.strerror}; check the file") from None
            progress.stalled = stalls(raw)
            for block in read_file(name, chunks(raw, progress, name), wanted, columns, progress.stalled):
                yield from order.add(block)
    yield from order.end()


def _total_bytes(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.exists())


class _Order:
    """Blocks in, batches out."""

    def __init__(self, sort_ms: int, batch_size: int, progress: Progress, bytes_total: int | None) -> None:
        self._gate = FutureGate()
        self._sorter = Sorter(sort_ms)
        self._batch_size = batch_size
        self._progress = progress
        self._bytes_total = bytes_total
        self._bytes_told = 0
        self._waiting: list[Post] = []  # for the posts after them, which show whether a jump is true
        self._origins: list[tuple[int, Block, int]] = []  # place in `_waiting`, whence, from which post on
        self._dead: list[Dead] = []
        self._skipped = 0
        self._file = ""

    def add(self, block: Block) -> Iterator[Batch]:
        self._file = block.file
        self._dead += block.dead
        self._skipped += block.skipped
        posts = block.posts
        for start in range(0, len(posts), self._batch_size):
            self._origins.append((len(self._waiting), block, start))
            self._waiting += posts[start : start + self._batch_size]
            if len(self._waiting) >= self._batch_size + FOLLOWERS:
                yield from self._batch(self._due(self._batch_size))
        if self._progress.stalled():
            yield from self._all_that_is_due()
        elif len(self._dead) >= _DEAD_AT_ONCE or self._progress.bytes_read - self._bytes_told >= _BYTES_AT_ONCE:
            yield from self._batch([])

    def _all_that_is_due(self) -> Iterator[Batch]:
        judged = len(self._waiting) - FOLLOWERS
        due = self._due(judged) if judged > 0 else []
        if self._waiting and self._gate.calm(list(map(_time_ms, self._waiting))):
            due += self._due(len(self._waiting))
        yield from self._batch(due)

    def end(self) -> Iterator[Batch]:
        due = self._due(len(self._waiting)) + self._sorter.end()
        for start in range(0, len(due), self._batch_size):
            yield from self._batch(due[start : start + self._batch_size])
        yield from self._batch([], last=True)

    def _due(self, count: int) -> list[Post]:
        """The posts that are due now that the first `count` of those waiting are judged."""
        waiting = self._waiting
        times: list[int] = list(map(_time_ms, waiting))
        rejected = self._gate.rejected(times, count)
        posts = waiting[:count]
        judged = times[:count]
        for index in reversed(rejected):
            del posts[index], judged[index]
        starts = [start for start, _, _ in self._origins]
        for index in rejected:
            start, block, offset = self._origins[bisect_right(starts, index) - 1]
            self._dead.append(block.future(offset + index - start))
        del waiting[:count]
        first = bisect_right(starts, count) - 1
        self._origins = [(start - count, block, offset) for start, block, offset in self._origins[max(first, 0):]]
        return self._sorter.push(posts, judged)

    def _batch(self, posts: list[Post], last: bool = False) -> Iterator[Batch]:
        if not (posts or self._dead or self._skipped or last or self._progress.bytes_read > self._bytes_told):
            return
        dead, self._dead = self._dead, []
        skipped, self._skipped = self._skipped, 0
        out_of_order, self._sorter.out_of_order = self._sorter.out_of_order, 0
        self._bytes_told = self._progress.bytes_read
        yield Batch(posts, dead, skipped, out_of_order, self._bytes_told, self._bytes_total, self._file)
