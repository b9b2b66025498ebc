"""Posts that stand near each other in a file, with where each stands and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

import msgspec

from pipeline.sources.archives.batches import RAW_BYTES, Batch, Dead
from pipeline.sources.archives.formats.base import HIDDEN, Deletion, Fault, Given, Hidden, Notice, Parsed
from pipeline.sources.archives.lines import Lines, Overlong
from pipeline.sources.archives.unread import UnreadError
from schemas import Post, PostError

_time_ms = attrgetter("time")


@dataclass(slots=True)
class Block:
    """Posts that stand near each other in a file."""

    file: str
    posts: list[Post] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    skipped: int = 0
    hidden: int = 0  # of those skipped: posts that were not public
    lines: Sequence[int] = ()  # where each post stands
    raws: Sequence[bytes | msgspec.Raw] = ()  # what each post was read from
    how: str = ""  # for people: the format, and which columns are read
    notices: list[Notice] = field(default_factory=list)  # in the order of the file
    notes: list[str] = field(default_factory=list)  # sentences about the file, to be told at once
    failed: bool = False  # most of the file is dead
    empty: bool = False  # this ends a file that holds no record

    @property
    def deletions(self) -> int:
        """How many records tell that posts are gone."""
        return sum(isinstance(notice, Deletion) for notice in self.notices)

    def tell(self, batch: Batch) -> None:
        """Tells a batch what was met here besides posts."""
        batch.file = self.file
        batch.dead += self.dead
        batch.skipped += self.skipped
        batch.hidden += self.hidden
        batch.notes += self.notes
        batch.failed |= self.failed
        batch.empty += [self.file] if self.empty else []

    def future(self, index: int) -> Dead:
        """The post at `index` as the dead letter it is when its time is a lie."""
        detail = f"{self.posts[index].time} is more than a day ahead of what can be - at `$.time`"
        return Dead(self.file, self.lines[index], "future", detail, bytes(self.raws[index])[:RAW_BYTES])


def newest_ms(posts: Sequence[Post]) -> int:
    """The newest time of posts, one at least."""
    return max([post.time for post in posts])  # type: ignore[return-value]  # archives carry ints only


def too_large(size: int, limit: int) -> PostError:
    """What is wrong with a record of so many bytes."""
    return PostError("too-large", f"{size} bytes, at most {limit}")


@dataclass(frozen=True, slots=True)
class Document:
    """How files of one kind are known and read that are neither tables nor JSON."""

    name: str
    knows: Callable[[str, bytes], bool]  # by their name and first bytes
    # from name, content, what was given, and what reads JSON records of any format
    read: Callable[[str, Iterator[bytes], Given, Callable[[bytes], Parsed]], Iterator[Block]]


class Filling:
    """A block being filled record by record."""

    def __init__(self, file: str, how: str = "") -> None:
        self._lines: list[int] = []
        self._raws: list[bytes | msgspec.Raw] = []
        self._newest_ms: int | None = None
        self.block = Block(file, lines=self._lines, raws=self._raws, how=how)

    def add(self, line: int, raw: bytes, parse: Callable[[bytes], Parsed]) -> None:
        """Reads one record."""
        try:
            parsed = parse(raw)
        except PostError as error:
            self.fault(line, raw, error)
            return
        self.answer(line, raw, parsed)

    def answer(self, line: int, raw: bytes, parsed: Parsed | PostError) -> None:
        """Takes what one record holds."""
        if isinstance(parsed, PostError):
            self.fault(line, raw, parsed)
        elif parsed is None or isinstance(parsed, Hidden):
            self._skip(parsed)
        elif isinstance(parsed, Post):
            self._post(line, raw, parsed)
        elif isinstance(parsed, Notice):
            self._notice(parsed)
        else:
            posts = []
            for item in parsed:
                if isinstance(item, Fault):
                    self.fault(line, item.raw, item.error)
                elif item is None or isinstance(item, Hidden):
                    self._skip(item)
                elif isinstance(item, Notice):
                    self._notice(item)
                else:
                    posts.append(item)
            posts.sort(key=_time_ms)  # pages begin with the newest
            for post in posts:
                self._post(line, msgspec.json.encode(post), post)

    def _skip(self, parsed: Hidden | None) -> None:
        self.block.skipped += 1
        self.block.hidden += parsed is HIDDEN

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, Deletion) and notice.at is None:
            notice = replace(notice, at=self._newest_ms)
        self.block.notices.append(notice)

    def _post(self, line: int, raw: bytes, post: Post) -> None:
        self._newest_ms = max(self._newest_ms or 0, int(post.time))
        self.block.posts.append(post)
        self._lines.append(line)
        self._raws.append(raw)

    def lines_of(self, part: Lines | Overlong, limit: int) -> Iterator[tuple[int, bytes]]:
        """The lines of a part of a file, with their numbers. One of more than `limit` bytes, and one at which the file
        cannot be read on, is a fault."""
        if isinstance(part, Overlong):
            self.overlong(part, limit)
        elif part.truncated:
            self.fault(part.first, part.rows[0], PostError("truncated", part.truncated))
        else:
            yield from enumerate(part.rows, part.first)

    def overlong(self, part: Overlong, limit: int) -> None:
        """A line that was passed over."""
        self.fault(part.line, part.raw, too_large(part.size, limit))

    def fault(self, line: int, raw: bytes, error: PostError) -> None:
        unread = error.unread if isinstance(error, UnreadError) else None
        self.block.dead.append(Dead(self.block.file, line, error.reason, error.detail, raw[:RAW_BYTES], unread))

    @property
    def records(self) -> int:
        return len(self.block.posts) + len(self.block.dead) + self.block.skipped + len(self.block.notices)

    def in_order_of_time(self) -> Block:
        """The block with its posts in order: what is not a record a line often begins with the newest."""
        block = self.block
        order = sorted(range(len(self._lines)), key=lambda index: _time_ms(block.posts[index]))
        block.posts = [block.posts[index] for index in order]
        block.lines = [self._lines[index] for index in order]
        block.raws = [self._raws[index] for index in order]
        return block
