"""When something can change on one grid (minutes or hours): time in which nothing can is passed over at no cost.

posts of a step   |x|
leave the windows     |5 min      |15 min                |60 min      each a moment at which lists can change
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

SILENCE_MS = 86_400_000  # a silence beyond this is not observed: nobody knows whether a source was cut off


class Schedule:
    """The moments, ends of steps in ms, at which a scope's lists on this grid can change."""

    def __init__(self, step_ms: int, bucket_ms: int) -> None:
        self.step_ms = step_ms
        self.posted = 0  # end of the last step that held a post
        self.tracking: set[str] = set()  # scopes whose lists can change at every step
        self._bucket_ms = bucket_ms
        self._due: dict[int, set[str]] = {}
        self._ends: list[int] = []  # a heap of the moments in `_due`

    def enter(self, scope: str, windows_ms: Sequence[int], end: int, now: int = 0) -> None:
        """Posts of the step that ended at `end` are in these windows of a scope; they leave those that they have not
        left by `now`."""
        for window_ms in windows_ms:
            leaves = end + window_ms
            if leaves > now:
                if leaves not in self._due:
                    self._due[leaves] = set()
                    heappush(self._ends, leaves)
                self._due[leaves].add(scope)

    @property
    def observed_until(self) -> int:
        """Steps that end by then (ms) are observed, though they hold no post."""
        return self.posted + SILENCE_MS

    @property
    def idle(self) -> bool:
        """Whether no scope has posts in a window or is tracked."""
        return not self._ends and not self.tracking

    def next(self, now: int, *, rolls: bool = True) -> int | None:
        """The end of the first step after `now` at which anything can change; None: never, unless somebody posts.
        `rolls`: whether the beginning of a bucket changes anything."""
        found = self._ends[0] if self._ends else None
        if not rolls and not self.tracking:
            return found
        bucket_begins = -(-now // self._bucket_ms) * self._bucket_ms
        following = (now if self.tracking else bucket_begins) + self.step_ms
        if following <= self.observed_until and (found is None or following < found):
            return following
        return found

    def track(self, scope: str, tracked: bool) -> None:
        """Whether the scope's lists can change at every step from now on."""
        if tracked:
            self.tracking.add(scope)
        else:
            self.tracking.discard(scope)

    def take(self, end: int) -> set[str]:
        """The scopes whose lists can change by the step that ends at `end`, which is the next one."""
        due = set(self.tracking)
        while self._ends and self._ends[0] <= end:
            due |= self._due.pop(heappop(self._ends))
        return due
