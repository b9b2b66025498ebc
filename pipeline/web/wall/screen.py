"""A big screen at a pace people can read: each post gets its turn, and when nothing new comes posts return."""

from __future__ import annotations

from collections import OrderedDict, deque

from pipeline.web.wall.entries import Entry
from schemas.events import Layout

PLACES: dict[Layout, int] = {"grid": 6, "single": 12, "carousel": 12, "masonry": 12}  # posts, besides those pinned
PACE_MS, SLOW_MS = 1_000, 2_500  # between two new posts: where many wait, and where one does
TURN_MS = 12_000  # all that wait come within it, as far as the pace allows
MAX_WAITING = 20  # posts; of more than that the oldest are left to quiet times
QUIET_MS = 8_000  # without a new post: then those that were there return, one at a time
MAX_PAST = 500
MINUTE_MS = 60_000


class Screen:
    """What one event's screen shows. Time (ms) is an argument; `tick` often.

    Posts come one after another, new voices first, then what many repeat, then the oldest. One that a moderator let
    through by hand waits however many there are. What has left, or found no place, returns in quiet times, what
    was away longest first.
    """

    def __init__(self) -> None:
        self.items: list[Entry] = []  # newest first
        self.places = PLACES["grid"]
        self._waiting: dict[str, Entry] = {}
        self._approved: dict[str, Entry] = {}
        self._past: OrderedDict[str, Entry] = OrderedDict()
        self._last_ms = -SLOW_MS
        self._came: deque[int] = deque()
        self._shown: deque[int] = deque()

    def offer(self, entry: Entry, now_ms: int, *, approved: bool = False) -> None:
        """A post that may be shown from now on."""
        if any(shown.ref == entry.ref for shown in self.items):
            return
        self._came.append(now_ms)
        (self._approved if approved else self._waiting)[entry.ref] = entry
        if len(self._waiting) > MAX_WAITING:
            self._leave(self._waiting.pop(next(iter(self._waiting))))

    def restore(self, entry: Entry) -> None:
        """A post that was there before a restart, the newest so far: it is on the screen, and has not come now."""
        self._put(entry)

    def remove(self, ref: str) -> None:
        """The post is not to be seen any more, nor to come."""
        for kept in (self._waiting, self._approved, self._past):
            kept.pop(ref, None)
        self.items = [entry for entry in self.items if entry.ref != ref]

    def tick(self, now_ms: int, *, frozen: bool = False) -> bool:
        """Lets the next post come when it is time; whether the screen changed."""
        for times in (self._came, self._shown):
            while times and times[0] <= now_ms - MINUTE_MS:
                times.popleft()
        waiting = len(self._waiting) + len(self._approved)
        pace_ms = min(SLOW_MS, max(PACE_MS, TURN_MS // waiting)) if waiting else QUIET_MS
        if frozen or now_ms - self._last_ms < pace_ms or not (waiting or self._past):
            return False
        self._last_ms = now_ms
        if waiting:
            self._shown.append(now_ms)
            self._put(self._next())
        else:
            self._put(self._past.popitem(last=False)[1])
        return True

    def sample(self) -> tuple[int, int]:
        """(shown, came) of the last minute."""
        return len(self._shown), len(self._came)

    def _put(self, entry: Entry) -> None:
        self._past.pop(entry.ref, None)
        shown = [entry, *self.items]
        self.items = shown[: self.places]
        for gone in shown[self.places :]:
            self._leave(gone)

    def _leave(self, entry: Entry) -> None:
        self._past[entry.ref] = entry
        if len(self._past) > MAX_PAST:
            self._past.popitem(last=False)

    def _next(self) -> Entry:
        if self._approved:
            return self._approved.pop(next(iter(self._approved)))
        seen = {entry.post.author for entry in self.items}  # nobody fills the screen by posting more
        ref = min(self._waiting, key=lambda ref: (self._waiting[ref].post.author in seen, -self._waiting[ref].copies))
        return self._waiting.pop(ref)
