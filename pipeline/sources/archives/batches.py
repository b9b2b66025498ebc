"""What reading an archive gives: posts in order, and every line that could not be read, with its place and reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.sources.archives.unread import Unread
from schemas import Post

RAW_BYTES = 65_536  # of a line that could not be read, this much is kept


class ArchiveError(Exception):
    """An archive that cannot be read at all: a sentence that says what is wrong and what to do."""


class NoTableError(ArchiveError):
    """A table whose columns are not those of public posts: nothing of it is read."""


@dataclass(slots=True)
class Dead:
    """A line (or one post of a page) that is no post."""

    file: str
    line: int  # from 1
    reason: str  # one of PostError.REASONS
    detail: str
    raw: bytes  # as it stood in the file, cut at RAW_BYTES
    unread: Unread | None = None  # the time that could not be read


@dataclass(slots=True)
class Batch:
    """Posts in the order to count them, and what else was met since the batch before.

    `bytes_read` (compressed bytes so far, over all files) and `file` (the one read last) tell the progress: first of
    putting posts in order (`sorting`), then of giving them. The other numbers are of this batch alone.
    """

    posts: list[Post] = field(default_factory=list)  # `time` is an int, ms
    dead: list[Dead] = field(default_factory=list)
    # sound records that give no post: notices, likes, reposts without the original's text, and these two
    skipped: int = 0
    hidden: int = 0  # posts that were not public
    replaced: int = 0  # earlier versions of posts that were edited
    out_of_order: int = 0  # posts that came later than the sort bound allows; they are in `posts`, where they came
    bytes_read: int = 0
    bytes_total: int | None = None  # None: standard input is among the files
    file: str = ""
    sorting: bool = False
    notes: list[str] = field(default_factory=list)  # sentences for whoever started the reading
    failed: bool = False  # most of a file is dead
    empty: list[str] = field(default_factory=list)  # files that hold no record
