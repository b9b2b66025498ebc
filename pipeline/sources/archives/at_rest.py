"""Archives at rest: files that can be read to their end, whose posts therefore have one order, their own times.

files in order (a cheap look tells) ─────────────────┐
                                                     ├─► merged by time, id, source ─► batches
all others ─► in memory, beyond that sorted runs ────┘
              on disk (Spool)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path

from pipeline.sources.archives.batches import Batch
from pipeline.sources.archives.block import Block, newest_ms
from pipeline.sources.archives.deletions import Deletions
from pipeline.sources.archives.detect import recognise
from pipeline.sources.archives.editions import Editions
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.look import InOrder, Look
from pipeline.sources.archives.merging import Run, merged
from pipeline.sources.archives.spool import Spool
from pipeline.sources.archives.streams import Progress, TruncatedError
from schemas import Post

DAY_MS = 86_400_000
DEAD_AT_ONCE = 256
BYTES_AT_ONCE = 8 << 20  # after so much without a post, a batch tells the progress
MOST_OPEN = 16  # files that are read side by side


@dataclass(slots=True)
class Access:
    """How a file is read: its content, and its blocks of posts."""

    content: Callable[[Path], Generator[bytes]]  # raises TruncatedError
    blocks: Callable[[Path], Iterator[Block]]


class AtRest:
    """All posts of the files, whatever holds them, in the one order they have."""

    def __init__(
        self,
        files: Sequence[Path],
        access: Access,
        progress: Progress,
        batch_size: int,
        now_ms: int,
        given: Given,
    ) -> None:
        """`progress` is what `access` moves. Posts of more than a day after `now_ms` nobody can have written yet."""
        self._files = files
        self._access = access
        self._progress = progress
        self._batch_size = batch_size
        self._latest_ms = now_ms + DAY_MS
        self._sizes = {path: path.stat().st_size for path in files}
        self._bytes_total = sum(self._sizes.values())
        self._met = Batch(bytes_total=self._bytes_total)  # what the next batch will tell
        self._bytes_done = 0  # of the files that are done with
        self._bytes_before = 0  # of `progress`, when the file at hand was begun
        self._bytes_told = 0
        self._impossible = 0  # posts of a time that has not come
        self._editions = Editions()
        self._rounded, self._people = given.rounded, given.people
        self._deletions = Deletions()

    def batches(self, looked_at: bool) -> Iterator[Batch]:
        """`looked_at`: whether files may be of upswell's own posts, which a look can tell to be in order."""
        spool = Spool()
        try:
            in_order: dict[Path, InOrder] = {}
            for path in self._files if looked_at else ():
                found = yield from self._look(path)
                if found is not None:
                    in_order[path] = found
            in_order = _few_at_once(in_order)
            for path in self._files:
                if path not in in_order:
                    yield from self._keep(path, spool)
            posts = spool.posts + sum(found.posts for found in in_order.values())
            self._met.notes += [*self._rounded.notes().values(), *self._people.note()]
            if told := spool.told():
                self._met.notes.append(told)
            yield self._sorting()
            runs = spool.runs() + [found.run(self._reading(path)) for path, found in in_order.items()]
            yield from self._merged(runs, posts)
        finally:
            spool.close()

    def _look(self, path: Path) -> Generator[Batch, None, InOrder | None]:
        content = self._access.content(path)
        look: Look | None = None
        self._begin(path)
        try:
            for piece in content:
                if look is None:
                    first = piece.removeprefix(BOM).lstrip().partition(b"\n")[0]
                    if recognise(first) != "post":
                        return None
                    look = Look(self._latest_ms)
                if not look.add(piece):
                    return None
                yield from self._progressed()
        except TruncatedError:
            return None
        finally:
            content.close()
        self._bytes_done += self._sizes[path]
        return look.end() if look is not None else None

    def _keep(self, path: Path, spool: Spool) -> Iterator[Batch]:
        self._begin(path)
        posts, impossible = spool.posts, self._impossible
        for block in self._access.blocks(path):
            spool.add(self._people.noted(self._possible(block)))
            yield from self._progressed()
        if (ahead := self._impossible - impossible) > spool.posts - posts:
            self._met.notes.append(
                f"{path}: {ahead:,} posts are of a time that has not come: are they of another unit or century"
                " than they seem? --time-format says how their times are written"
            )
            self._met.failed = True
        self._bytes_done += self._sizes[path]

    def _reading(self, path: Path) -> Callable[[], Iterator[list[Post]]]:
        return lambda: (self._possible(block) for block in self._access.blocks(path))

    def _possible(self, block: Block) -> list[Post]:
        """The block's posts; what else it holds is noted."""
        block.tell(self._met)
        self._deletions.noted(block)
        posts = self._editions.noted(block.posts)
        if not posts or newest_ms(posts) <= self._latest_ms:
            return posts
        future = [block.future(at) for at, post in enumerate(posts) if int(post.time) > self._latest_ms]
        self._impossible += len(future)
        self._met.dead += future
        return [post for post in posts if int(post.time) <= self._latest_ms]

    def _merged(self, runs: list[Run], posts: int) -> Iterator[Batch]:
        given = 0
        waiting: list[Post] = []
        for block in merged(runs):
            last = self._editions.last_versions(block)
            self._met.replaced += len(block) - len(last)
            waiting += self._deletions.with_retractions(self._rounded.named(self._people.named(last)))
            while len(waiting) >= self._batch_size:
                given += self._batch_size
                yield self._batch(waiting[: self._batch_size], given, posts)
                del waiting[: self._batch_size]
        self._met.skipped += self._deletions.unmet
        yield self._batch(waiting, posts, posts)

    def _begin(self, path: Path) -> None:
        self._met.file = str(path)
        self._bytes_before = self._progress.bytes_read

    def _progressed(self) -> Iterator[Batch]:
        done = self._bytes_done + self._progress.bytes_read - self._bytes_before
        if self._met.notes or len(self._met.dead) >= DEAD_AT_ONCE or done - self._bytes_told >= BYTES_AT_ONCE:
            self._bytes_told = done
            yield self._sorting()

    def _sorting(self) -> Batch:
        return self._with([], self._bytes_told, sorting=True)

    def _batch(self, posts: list[Post], given: int, of_all: int) -> Batch:
        share = given / of_all if of_all else 1
        return self._with(posts, round(self._bytes_total * share))

    def _with(self, posts: list[Post], bytes_read: int, sorting: bool = False) -> Batch:
        batch, self._met = self._met, Batch(bytes_total=self._bytes_total, file=self._met.file)
        batch.posts, batch.bytes_read, batch.sorting = posts, bytes_read, sorting
        batch.skipped += batch.replaced
        return batch


def _few_at_once(found: Mapping[Path, InOrder]) -> dict[Path, InOrder]:
    """Those that are taken as they are read, so many that never more than MOST_OPEN are open at a time."""
    kept: dict[Path, InOrder] = {}
    ends: list[int] = []
    for path, look in sorted(found.items(), key=lambda item: item[1].first_ms):
        while ends and ends[0] < look.first_ms:
            heappop(ends)
        if len(ends) < MOST_OPEN:
            heappush(ends, look.last_ms)
            kept[path] = look
    return kept
