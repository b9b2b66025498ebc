"""What is shown now: the current list of every scope and window, and who is told when one changes."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from schemas import TrendList

QUEUE = 256  # events that may wait for one reader

Key = tuple[str, str]  # scope, window


class Change(NamedTuple):
    """A list became this. `number` grows by one with each change of this feed."""

    number: int
    list: TrendList
    json: bytes


@dataclass(frozen=True)
class Wanted:
    """Which lists a reader wants; nothing named: all."""

    scopes: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()

    def takes(self, key: Key) -> bool:
        return (not self.scopes or key[0] in self.scopes) and (not self.windows or key[1] in self.windows)


class Subscription:
    """One reader's queue of changes. Belongs to the event loop it was made in."""

    def __init__(self, wanted: Wanted, first: Iterable[Change]) -> None:
        self.wanted = wanted
        self.dropped = False  # the reader was too slow: nothing more will come
        self._queue: deque[Change] = deque(first)
        self._newest = self._queue[-1].number if self._queue else 0
        self._woken = asyncio.Event()

    def offer(self, change: Change) -> None:
        told = change.number <= self._newest  # with the first ones, while its delivery was on the way
        if told or self.dropped or not self.wanted.takes((change.list.scope, change.list.window)):
            return
        self._newest = change.number
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self.dropped = True
        else:
            self._queue.append(change)
        self._woken.set()

    async def next(self, timeout_s: float) -> list[Change]:
        """All changes that wait, as soon as there is one; none when the time is over or the reader was dropped."""
        if not self._queue and not self.dropped:
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), timeout_s)
            except TimeoutError:
                return []
        changes = list(self._queue)
        self._queue.clear()
        return changes


class Feed:
    """Current lists, by (scope, window). `publish` and `refresh` may be called from any thread.

    `visible` is asked wherever a list is about to be shown, and may leave rows out; after it changed its mind, call
    `refresh`. `epoch` names this feed, so that a number given by another process is not mistaken for ours.
    """

    def __init__(
        self,
        visible: Callable[[TrendList], TrendList] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.visible = visible or (lambda trends: trends)
        self.epoch = secrets.token_hex(4)
        self._clock = clock
        self._fed_s: float | None = None  # when something last came, by that clock
        self._lock = threading.RLock()
        self._raw: dict[Key, TrendList] = {}
        self._shown: dict[Key, Change] = {}
        self._number = 0
        self._readers: dict[asyncio.AbstractEventLoop, set[Subscription]] = {}
        self._listeners: list[Callable[[TrendList], None]] = []

    def on_list(self, listener: Callable[[TrendList], None]) -> None:
        """Calls `listener`, in the publishing thread, with every list as it came (nothing hidden)."""
        self._listeners.append(listener)

    def publish(self, trends: TrendList) -> None:
        """Takes a list. One older than the current, or the same again, changes nothing."""
        key = (trends.scope, trends.window)
        for listener in self._listeners:
            listener(trends)
        with self._lock:
            self._fed_s = self._clock()
            old = self._raw.get(key)
            if old is not None and (trends.at, trends.final) < (old.at, old.final):
                return
            self._raw[key] = trends
            self._show(key)

    def silent_s(self) -> float | None:
        """Seconds since a list last came, a repeated one too; None before the first."""
        fed_s = self._fed_s
        return None if fed_s is None else self._clock() - fed_s

    def refresh(self) -> None:
        """Asks `visible` again for every list; what changed is told to all readers."""
        with self._lock:
            for key in self._raw:
                self._show(key)

    def _show(self, key: Key) -> None:
        trends = self.visible(self._raw[key])
        json = msgspec.json.encode(trends)
        known = self._shown.get(key)
        if known is not None and known.json == json:
            return
        self._number += 1
        change = Change(self._number, trends, json)
        self._shown[key] = change
        for loop in list(self._readers):
            try:
                loop.call_soon_threadsafe(self._deliver, loop, change)
            except RuntimeError:  # the loop was closed with readers left
                del self._readers[loop]

    def _deliver(self, loop: asyncio.AbstractEventLoop, change: Change) -> None:
        for reader in tuple(self._readers.get(loop, ())):
            reader.offer(change)

    def current(self, scope: str, window: str) -> Change | None:
        """The list to show now."""
        return self._shown.get((scope, window))

    def all(self) -> list[Change]:
        """Every list to show now, by scope and window."""
        with self._lock:
            return [self._shown[key] for key in sorted(self._shown)]

    def subscribe(self, wanted: Wanted, last_id: str = "") -> Subscription:
        """A reader in the running loop: first what it missed since `last_id` (an id of `id_of`), or, where that is not
        known any more, every current list; then each change."""
        loop = asyncio.get_running_loop()
        with self._lock:
            reader = Subscription(wanted, self._missed(wanted, last_id))
            self._readers.setdefault(loop, set()).add(reader)
        return reader

    def unsubscribe(self, reader: Subscription) -> None:
        with self._lock:
            for loop, readers in list(self._readers.items()):
                readers.discard(reader)
                if not readers:
                    del self._readers[loop]

    @property
    def readers(self) -> int:
        return sum(len(readers) for readers in self._readers.values())

    def id_of(self, change: Change) -> str:
        return f"{self.epoch}-{change.number}"

    def _missed(self, wanted: Wanted, last_id: str) -> list[Change]:
        """The newest change of each list after `last_id`: those between are of no use to anybody any more."""
        epoch, _, number = last_id.partition("-")
        known = epoch == self.epoch and number.isdecimal() and len(number) < 19
        seen = int(number) if known else 0
        return sorted(
            (change for key, change in self._shown.items() if change.number > seen and wanted.takes(key)),
            key=lambda change: change.number,
        )
