"""A big screen at a pace people can read: posts come one after another, and when too many come it says which part."""

from __future__ import annotations

from collections import deque

from pipeline.web.wall.entries import Entry

PLACES = 12  # posts on the screen, besides those pinned
PACE_MS = 650  # between two new posts; 12 places are then renewed in 8 s
PATIENCE_MS = 1_500  # a post that is not on the screen by then is left to the wall's page
MINUTE_MS = 60_000


class Screen:
    """What one event's screen shows. Time (ms) is an argument; `tick` often.

    A post comes on the screen within PATIENCE_MS or not at all; one that a moderator let through by hand waits until
    there is room, however long.
    """

    def __init__(self) -> None:
        self.items: list[Entry] = []  # newest first
        self._waiting: dict[str, tuple[int, Entry]] = {}
        self._approved: dict[str, Entry] = {}
        self._last_ms = -PACE_MS
        self._came: deque[int] = deque()
        self._shown: deque[int] = deque()

    def offer(self, entry: Entry, now_ms: int, *, approved: bool = False) -> None:
        """A post that may be shown from now on."""
        if any(shown.ref == entry.ref for shown in self.items):
            return
        self._came.append(now_ms)
        if approved:
            self._approved[entry.ref] = entry
        else:
            self._waiting[entry.ref] = (now_ms, entry)

    def restore(self, entry: Entry) -> None:
        """A post that was there before a restart, the newest so far: it is on the screen, and has not come now."""
        self.items = [entry, *self.items][:PLACES]

    def remove(self, ref: str) -> None:
        """The post is not to be seen any more, nor to come."""
        self._waiting.pop(ref, None)
        self._approved.pop(ref, None)
        self.items = [entry for entry in self.items if entry.ref != ref]

    def tick(self, now_ms: int, *, frozen: bool = False) -> bool:
        """Lets the next post come when it is time; whether the screen changed."""
        for times in (self._came, self._shown):
            while times and times[0] <= now_ms - MINUTE_MS:
                times.popleft()
        for ref in [ref for ref, (came_ms, _) in self._waiting.items() if now_ms - came_ms > PATIENCE_MS]:
            del self._waiting[ref]
        if frozen or now_ms - self._last_ms < PACE_MS:
            return False
        entry = self._next()
        if entry is None:
            return False
        self._last_ms = now_ms
        self._shown.append(now_ms)
        self.items = [entry, *self.items][:PLACES]
        return True

    def sample(self) -> tuple[int, int]:
        """(shown, came) of the last minute."""
        return len(self._shown), len(self._came)

    def _next(self) -> Entry | None:
        if self._approved:
            return self._approved.pop(next(iter(self._approved)))
        if not self._waiting:
            return None
        # new voices first, then what many repeat, then the oldest: nobody fills the screen by posting more
        seen = {entry.post.author for entry in self.items}
        ref = min(
            self._waiting,
            key=lambda ref: (
                self._waiting[ref][1].post.author in seen,
                -self._waiting[ref][1].copies,
                self._waiting[ref][0],
                ref,
            ),
        )
        return self._waiting.pop(ref)[1]
