"""What is shown now: the current list of every scope and window, and who is told when one changes."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from pipeline.moderation.state import Moderation, Shows
from pipeline.web.ended import JustEnded
from schemas import TrendList

QUEUE = 256  # events that may wait for one reader
WOKEN_AT_ONCE = 20  # readers; some 2 ms of work

Key = tuple[str, str]  # scope, window


class Change(NamedTuple):
    """A list became this. `number` grows by one with each change of this feed."""

    number: int
    list: TrendList
    json: bytes


class Note(NamedTuple):
    """What is told besides lists: posts that pages may show and are withdrawn (`gone`, each as `source/id`), or how
    many alerts fire now (`firing`). `number` as of a change."""

    number: int
    kind: Literal["gone", "firing"]
    json: bytes


Told = Change | Note


@dataclass(frozen=True)
class Wanted:
    """Which lists a reader wants; nothing named: all."""

    scopes: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()

    def takes(self, key: Key) -> bool:
        return (not self.scopes or key[0] in self.scopes) and (not self.windows or key[1] in self.windows)


class Subscription:
    """One reader's queue of changes. Belongs to the event loop it was made in."""

    def __init__(self, wanted: Wanted, first: Iterable[Told]) -> None:
        self.wanted = wanted
        self.dropped = False  # the reader was too slow: nothing more will come
        self._queue: deque[Told] = deque(first)
        self._newest = self._queue[-1].number if self._queue else 0
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, change: Told) -> bool:
        """Puts the change into the queue, if the reader wants it; whether there is something to wake it for."""
        told = change.number <= self._newest  # with the first ones, while its delivery was on the way
        if told or self.dropped:
            return False
        if isinstance(change, Change) and not self.wanted.takes((change.list.scope, change.list.window)):
            return False
        self._newest = change.number
        if isinstance(change, Note) and change.kind == "firing":  # the newest number says it all
            self._queue = deque(it for it in self._queue if not (isinstance(it, Note) and it.kind == "firing"))
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self.dropped = True
        else:
            self._queue.append(change)
        return True

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self, timeout_s: float) -> list[Told]:
        """All changes that wait, as soon as there is one; none when the time is over or the reader was dropped."""
        if not self._queue and not self.dropped:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()  # cheaper than asyncio.wait_for, and thousands do it at once
            over = loop.call_later(timeout_s, self.wake)
            try:
                await self._waiter
            finally:
                over.cancel()
        changes = list(self._queue)
        self._queue.clear()
        return changes


class _Audience:
    """The readers of one event loop. Its methods belong there, but for `readers`, which the feed's lock guards."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.readers: set[Subscription] = set()
        self._loop = loop
        self._asleep: dict[Subscription, None] = {}  # have something to read, and are still to be told so

    def deliver(self, change: Told) -> None:
        waking = bool(self._asleep)
        self._asleep.update((reader, None) for reader in tuple(self.readers) if reader.offer(change))
        if self._asleep and not waking:
            self._wake_some()

    def _wake_some(self) -> None:
        """A few at a time: whoever else wants something of this loop does not wait until all have been served."""
        for reader in list(islice(self._asleep, WOKEN_AT_ONCE)):
            del self._asleep[reader]
            reader.wake()
        if self._asleep:
            self._loop.call_soon(self._wake_some)


class Feed:
    """Current lists, by (scope, window). `publish` and `refresh` may be called from any thread.

    `shows` is asked wherever a list is about to be shown, and may leave rows out (default: nothing is hidden); after
    it changed its mind, call `refresh`. `epoch` names this feed, so that a number given by another process is not
    mistaken for ours.
    """

    def __init__(
        self,
        shows: Shows | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shows = shows or Moderation()
        self.epoch = secrets.token_hex(4)
        self._clock = clock
        self._fed_s: float | None = None  # when something last came, by that clock
        self._lock = threading.RLock()
        self._raw: dict[Key, TrendList] = {}
        self._shown: dict[Key, Change] = {}
        self._number = 0
        self._audiences: dict[asyncio.AbstractEventLoop, _Audience] = {}
        self.gone = 0  # how often posts were withdrawn that pages may show
        self.ended = JustEnded()
        self._listeners: list[Callable[[TrendList], None]] = [self.ended.take]

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
        """Asks `shows` again for every list; what changed is told to all readers."""
        with self._lock:
            for key in self._raw:
                self._show(key)

    def tell_gone(self, posts: Sequence[str]) -> None:
        """Tells all readers that these posts (`source/id`) are withdrawn."""
        with self._lock:
            self.gone += 1
            self._note("gone", posts)

    def tell_firing(self, alerts: int) -> None:
        """Tells all readers that something about alerts has changed, and that so many fire now."""
        with self._lock:
            self._note("firing", alerts)

    def _note(self, kind: Literal["gone", "firing"], told: object) -> None:
        self._number += 1
        self._tell(Note(self._number, kind, msgspec.json.encode(told)))

    def _show(self, key: Key) -> None:
        trends = self.shows.visible(self._raw[key])
        json = msgspec.json.encode(trends)
        known = self._shown.get(key)
        if known is not None and known.json == json:
            return
        self._number += 1
        change = Change(self._number, trends, json)
        self._shown[key] = change
        self._tell(change)

    def _tell(self, change: Told) -> None:
        for loop, audience in list(self._audiences.items()):
            try:
                loop.call_soon_threadsafe(audience.deliver, change)
            except RuntimeError:  # the loop was closed with readers left
                del self._audiences[loop]

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
            self._audiences.setdefault(loop, _Audience(loop)).readers.add(reader)
        return reader

    def unsubscribe(self, reader: Subscription) -> None:
        with self._lock:
            for loop, audience in list(self._audiences.items()):
                audience.readers.discard(reader)
                if not audience.readers:
                    del self._audiences[loop]

    @property
    def readers(self) -> int:
        return sum(len(audience.readers) for audience in self._audiences.values())

    def id_of(self, change: Told) -> str:
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
