"""The order to count posts in: what jumps into the future is taken out, what came a little late is put in its place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, islice
from operator import attrgetter, gt

from schemas import Post

DAY_MS = 86_400_000
FOLLOWERS = 16  # posts that are asked whether a jump is true
SORT_MS = 60_000
MAX_HELD = 262_144

_time_ms = attrgetter("time")


class FutureGate:
    """Tells the posts of a broken or hostile clock from a true gap between two months of an archive.

    A post *jumps* when it is more than a day ahead of the newest one accepted so far; the very first one always does.
    It is accepted when at least half of the 16 posts that come next (all that are left, near the end) are at most a day
    behind it, or beyond it. So up to eight liars among seventeen posts in a row vouch for each other in vain.
    The last post of all has nobody behind it: it may jump as far as an accepted one did before it, the only post of
    an archive anywhere.
    """

    def __init__(self) -> None:
        self._newest: int | None = None
        self._longest_jump_ms = 0

    def calm(self, times: Sequence[int]) -> bool:
        """Whether none of these posts jumps, so that none needs those that follow it to be judged."""
        return self._newest is not None and max(times) <= self._newest + DAY_MS

    def rejected(self, times: Sequence[int], count: int) -> list[int]:
        """Which of the first `count` posts are from the future, as ascending indices.

        `times` (ms) are those posts' and at least the FOLLOWERS after them, fewer only at the end of the input.
        """
        if not count:
            return []
        newest = self._newest
        top = max(islice(times, count))
        if newest is not None and top <= newest + DAY_MS:
            self._newest = max(newest, top)
            return []
        bad = []
        for index in range(count):
            time = times[index]
            if newest is None or time > newest + DAY_MS:
                following = times[index + 1 : index + 1 + FOLLOWERS]
                if not following:
                    accepted = newest is None or time - newest <= self._longest_jump_ms
                else:
                    accepted = 2 * sum(later >= time - DAY_MS for later in following) >= len(following)
                if not accepted:
                    bad.append(index)
                    continue
                if newest is not None:
                    self._longest_jump_ms = max(self._longest_jump_ms, time - newest)
                newest = time
            elif time > newest:
                newest = time
        self._newest = newest
        return bad


class Sorter:
    """Puts posts in order of time, posts of the same time as they came, as long as none is more than `sort_ms` late.

    A post is held until one at least `sort_ms` later has come. One that is more than `sort_ms` older than the newest
    before it passes on at once, out of order, and is counted. Never more than `max_held` posts are kept: beyond that
    the oldest are let go, and what is older than those is out of order too. With `sort_ms` 0 nothing is held.
    """

    def __init__(self, sort_ms: int = SORT_MS, max_held: int = MAX_HELD) -> None:
        self._sort_ms = sort_ms
        self._max_held = max_held
        self._held: list[Post] = []  # in order
        self._newest = -1
        self._floor = -1  # time of the last post let go for want of room
        self.out_of_order = 0

    def push(self, posts: list[Post], times: list[int]) -> list[Post]:
        """The posts that are due now that these have come; `times` are theirs, ms."""
        if not posts:
            return []
        if min(times) >= max(max(self._newest, max(times)) - self._sort_ms, self._floor):
            return self._take(posts, times)
        before = accumulate(times, max, initial=self._newest)
        late = [
            place
            for place, (time, newest) in enumerate(zip(times, before, strict=False))
            if time < newest - self._sort_ms or time < self._floor
        ]  # a retraction has its post's time, whenever it comes
        self.out_of_order += sum(posts[place].deleted is None for place in late)
        due: list[Post] = []
        start = 0
        for place in late:  # each stands behind what was due when it came
            due += self._take(posts[start:place], times[start:place])
            due.append(posts[place])
            start = place + 1
        return due + self._take(posts[start:], times[start:])

    def _take(self, posts: list[Post], times: list[int]) -> list[Post]:
        """Holds posts of which none is too late; returns what is due."""
        if not posts:
            return []
        held = self._held
        if any(map(gt, times, islice(times, 1, None))):
            posts = sorted(posts, key=_time_ms)
        if not held or held[-1].time <= posts[0].time:  # type: ignore[operator]  # archives carry int times only
            held += posts
        else:
            self._merge(posts)
        newest = self._newest = max(self._newest, max(times))
        cut = bisect_right(held, newest - self._sort_ms, key=_time_ms)
        if len(held) - cut > self._max_held:
            cut = len(held) - self._max_held
            self._floor = held[cut - 1].time  # type: ignore[assignment]
        due = held[:cut]
        del held[:cut]
        return due

    def end(self) -> list[Post]:
        """The posts still held, at the end of the input."""
        held, self._held = self._held, []
        return held

    def _merge(self, posts: list[Post]) -> None:
        held = self._held
        start = bisect_right(held, posts[0].time, key=_time_ms)
        if start < len(held):
            posts = held[start:] + posts
            posts.sort(key=_time_ms)
            del held[start:]
        held += posts
