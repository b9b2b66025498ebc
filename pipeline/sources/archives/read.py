"""From paths to batches of posts: archives at rest in the one order they have, pipes as they come."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from pipeline.clock import utc_ms
from pipeline.sources.archives.account import beside
from pipeline.sources.archives.at_rest import BYTES_AT_ONCE, DEAD_AT_ONCE, Access, AtRest
from pipeline.sources.archives.batches import ArchiveError, Batch
from pipeline.sources.archives.block import Block
from pipeline.sources.archives.deletions import PassedPosts
from pipeline.sources.archives.detect import JSON_FORMATS
from pipeline.sources.archives.files import STDIN, find_files
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.opened import blocks_of
from pipeline.sources.archives.order import FOLLOWERS, SORT_MS, FutureGate, Sorter
from pipeline.sources.archives.streams import Progress, chunks, stalls
from schemas import Post

FORMATS = ("auto", *JSON_FORMATS, "csv")
_time_ms = attrgetter("time")


def read_archives(
    paths: Sequence[str | Path],
    *,
    format: str = "auto",  # noqa: A002 - the option's name
    given: Given | None = None,
    batch_size: int = 4_096,
    stdin: BinaryIO | None = None,
    now_ms: int | None = None,
) -> Iterator[Batch]:
    """The posts of all files in the order to count them, in batches, with all that could not be read.

    Files at rest give all their posts in order of time, those of one time by id, source and the rest of what they say:
    the same posts in any order, split over any files, come out the same. What is dated more than a day after `now_ms`
    (the clock's, if not given) is dead. With a pipe or standard input among the paths, posts are given as they come:
    files in the order of `find_files`, posts at most SORT_MS out of order put in place; where it has nothing more at
    hand, what was read is given on at once, but for posts that wait for their order.

    `given` is what whoever reads knows and the files do not say. `stdin` is what `-` reads, standard input if it is
    left out. A batch without posts tells the progress. No bad line, post or compressed stream stops the rest.

    Raises ArchiveError at once for an unknown format and for what `find_files` refuses; on the way, when a file cannot
    be read any more, when all there is is a table without the columns that posts need, or when the disk has no room to
    sort.
    """
    if format not in FORMATS:
        raise ArchiveError(f"unknown format {format!r}: use one of {', '.join(FORMATS)}")
    if batch_size < 1:
        raise ArchiveError("a batch must be at least one post")
    files = find_files([str(path) for path in paths])
    known = given or Given()
    progress = Progress()
    around = lru_cache(maxsize=1)(beside)  # the files of a folder come one after the other

    def content(path: Path) -> Generator[bytes]:
        with _opened(path, stdin) as raw:
            yield from chunks(raw, progress, _name(path))

    def blocks(path: Path) -> Iterator[Block]:
        with _opened(path, stdin) as raw:
            progress.stalled = stalls(raw)
            yield from blocks_of(path, raw, progress, format, known, around, alone=len(files) == 1)

    if all(path != STDIN and path.is_file() for path in files):
        now_ms = utc_ms() if now_ms is None else now_ms
        archive = AtRest(files, Access(content, blocks), progress, batch_size, now_ms, known)
        return archive.batches(looked_at=format in ("auto", "post"))
    return _as_it_comes(files, blocks, batch_size, progress, known)


def _name(path: Path) -> str:
    return "-" if path == STDIN else str(path)


@contextmanager
def _opened(path: Path, stdin: BinaryIO | None) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield stdin or sys.stdin.buffer
        return
    try:
        raw = open(path, "rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}; check the file") from None
    with raw:
        yield raw


def _as_it_comes(
    files: list[Path],
    blocks: Callable[[Path], Iterator[Block]],
    batch_size: int,
    progress: Progress,
    given: Given,
) -> Iterator[Batch]:
    order = _Order(SORT_MS, batch_size, progress, None if STDIN in files else _total_bytes(files))
    for path in files:
        for block in blocks(path):
            given.rounded.named(given.people.named(given.people.noted(block.posts)))
            block.notes += [*given.rounded.notes().values(), *given.people.note()]
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
        self._met = Batch(bytes_total=bytes_total)  # what the next batch will tell
        self._bytes_told = 0
        self._passed = PassedPosts()
        self._waiting: list[Post] = []  # for the posts after them, which show whether a jump is true
        self._origins: list[tuple[int, Block, int]] = []  # place in `_waiting`, whence, from which post on

    def add(self, block: Block) -> Iterator[Batch]:
        block.tell(self._met)
        yield from self._await(block)
        gone, unmet = self._passed.answer(block)
        self._met.skipped += unmet
        if gone:
            yield from self._await(Block(block.file, gone, lines=[0] * len(gone), raws=[b""] * len(gone)))
        if self._progress.stalled():
            yield from self._all_that_is_due()
        elif len(self._met.dead) >= DEAD_AT_ONCE or self._progress.bytes_read - self._bytes_told >= BYTES_AT_ONCE:
            yield from self._batch([])

    def _await(self, block: Block) -> Iterator[Batch]:
        posts = block.posts
        for start in range(0, len(posts), self._batch_size):
            self._origins.append((len(self._waiting), block, start))
            self._waiting += posts[start : start + self._batch_size]
            if len(self._waiting) >= self._batch_size + FOLLOWERS:
                yield from self._batch(self._due(self._batch_size))

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
            self._met.dead.append(block.future(offset + index - start))
        del waiting[:count]
        first = bisect_right(starts, count) - 1
        self._origins = [(start - count, block, offset) for start, block, offset in self._origins[max(first, 0) :]]
        return self._sorter.push(posts, judged)

    def _batch(self, posts: list[Post], last: bool = False) -> Iterator[Batch]:
        met, read = self._met, self._progress.bytes_read
        if not (posts or met.dead or met.skipped or met.notes or last or read > self._bytes_told):
            return
        self._met = Batch(bytes_total=met.bytes_total, file=met.file)
        met.posts, met.bytes_read, self._bytes_told = posts, read, read
        met.out_of_order, self._sorter.out_of_order = self._sorter.out_of_order, 0
        yield met
