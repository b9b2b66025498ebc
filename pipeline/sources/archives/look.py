"""A cheap look through a file of upswell's own posts: is it in order of time, so that it can be counted as it is read?

Only their times are decoded, a fiftieth of what counting them costs. In other formats to find the times costs more than
to keep the posts, so their files are not looked through.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

import msgspec
import numpy as np

from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.merging import Run, Timed, moment_of, moments, sort_by_time
from schemas import MAX_RECORD_BYTES, Post

LOOSE_MS = 60_000  # posts at most this much out of order are put in order as they are read
MOST_HELD = 65_536  # posts that may have to be held for that
_BLOCK_POSTS = 4_096


_decode_lines = msgspec.json.Decoder(Timed).decode_lines


@dataclass(slots=True)
class InOrder:
    """A file whose posts are in order of time, or nearly."""

    first_ms: int
    last_ms: int
    behind_ms: int  # how much older than the newest before it a post is, at most
    posts: int

    def run(self, read: Callable[[], Iterator[list[Post]]]) -> Run:
        """Its posts in order; `read` opens the file. Should they have changed since the look, the order is not true."""
        return Run((self.first_ms, ""), _in_order(read, self.behind_ms), settled=False)


class Look:
    """Is given the content of a file, piece by piece, and tells at its end whether it is in order."""

    def __init__(self, latest_ms: int) -> None:
        """`latest_ms`: what is later is impossible, and has to be read to be told."""
        self._latest_ms = latest_ms
        self._rest = b""
        self._begun = False
        self._newest_ms = -1
        self._first_ms = latest_ms
        self._behind_ms = 0
        self._steps: list[tuple[int, int]] = []  # of each piece: the newest time up to its end, its posts

    def add(self, content: bytes) -> bool:
        """Whether the file may still be in order."""
        if not self._begun:
            content = content.removeprefix(BOM)
            self._begun = True
        end = content.rfind(b"\n") + 1
        if not end:
            self._rest += content
            return len(self._rest) <= MAX_RECORD_BYTES
        lines, self._rest = self._rest + content[:end], content[end:]
        return self._lines(lines)

    def _lines(self, lines: bytes) -> bool:
        try:
            times = moments(_decode_lines(lines))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if not times:
            return True
        at = np.array(times)
        oldest, newest = int(at.min()), int(at.max())
        if oldest < 0 or newest > self._latest_ms:
            return False
        newest_before = np.maximum.accumulate(np.maximum(at, self._newest_ms))
        self._behind_ms = max(self._behind_ms, int((newest_before - at).max()))
        self._newest_ms = max(self._newest_ms, newest)
        self._first_ms = min(self._first_ms, oldest)
        self._steps.append((self._newest_ms, len(times)))
        return self._behind_ms <= LOOSE_MS

    def end(self) -> InOrder | None:
        """What the file is, where it is in order."""
        if (self._rest and not self._lines(self._rest)) or not self._steps or self._held() > MOST_HELD:
            return None
        posts = sum(posts for _, posts in self._steps)
        return InOrder(self._first_ms, self._newest_ms, self._behind_ms, posts)

    def _held(self) -> int:
        """How many posts have to be held at most."""
        newest = [time for time, _ in self._steps]
        total = list(accumulate((posts for _, posts in self._steps), initial=0))
        return max(
            total[place + 1] - total[bisect_left(newest, time - self._behind_ms)] for place, time in enumerate(newest)
        )


def _in_order(read: Callable[[], Iterator[list[Post]]], behind_ms: int) -> Iterator[list[Post]]:
    held: list[Post] = []  # in order up to `settled`
    settled = 0
    for posts in read():
        held += posts
        if len(held) >= settled * 2 + _BLOCK_POSTS:
            sort_by_time(held)
            cut = bisect_left(held, moment_of(held[-1]) - behind_ms, key=moment_of)
            if cut:
                yield held[:cut]
                del held[:cut]
            settled = len(held)
    if held:
        sort_by_time(held)
        yield held
