"""Posts that are pushed to us by HTTP: each in Kafka once, and acknowledged only when it is there.

What comes at the same time goes as one batch, in three steps: its new posts are noted in the journal; Kafka
acknowledges them; they are noted as sent. After a kill between two steps the log of posts is asked which of them it
holds; those that it has not are forgotten: nobody was told that they were taken, and they are new when they come again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from pipeline.clock import utc_ms
from pipeline.kafka.connection import KafkaUseError
from pipeline.sources.journal import Journal, key_of_post
from pipeline.sources.live.sink import Sink
from schemas import Post

MOST_AT_ONCE = 5_000  # posts of one batch
MOST_WAITING = 20_000  # posts of one asker that wait for Kafka
MOST_WAITING_OF_ALL = 60_000
MOST_RECORD_BYTES = 1_000_000  # of a post as it is written to Kafka, whose limit is 1 MiB with all that is around it
AWAY_S = 2.0  # after a failure Kafka is not asked for so long
PRUNE_EVERY_MS = 60_000
UNEXPECTED = "the server cannot keep what comes in; its log says why"

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class BusyError(Exception):
    """More waits for Kafka than there is room for; nothing of what was given is taken."""


class Taken(NamedTuple):
    """How many posts are in Kafka from now on, and how many were there before."""

    accepted: int
    duplicates: int


class _AwayStillError(KafkaUseError):
    """Kafka failed a moment ago, and is not asked again yet."""


class _Wish(NamedTuple):
    asker: str
    posts: Sequence[Post]
    also: Sequence[bytes]
    answer: asyncio.Future[Taken]


class Gateway:
    """Takes posts on the event loop, and brings them to Kafka in a thread of its own.

    The journal is opened when it is first needed; `open_sink` may raise KafkaUseError, and is asked again; `reached` is
    told each crash point, for tests that end the process there.
    """

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        open_sink: Callable[[], Sink],
        *,
        now_ms: Callable[[], int] = utc_ms,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.now_ms = now_ms
        self._open_journal, self._open, self._reached = open_journal, open_sink, reached
        self._opened: Journal | None = None
        self._sink: Sink | None = None
        self._away: tuple[float, KafkaUseError] | None = None  # until when it is not asked again
        self._pruned_ms = 0
        self._wishes: deque[_Wish] = deque()
        self._waiting: Counter[str] = Counter()  # posts, by asker
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "gateway")

    def open_journal(self) -> Journal:
        """The journal, opened where it is not yet. Raises FolderError."""
        if self._opened is None:
            self._opened = self._open_journal()
        return self._opened

    async def start(self) -> None:
        """To be awaited on the event loop of the server."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What is on its way is brought to its end; what waits is refused."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for wish in self._wishes:
            self._fail(wish, KafkaUseError("the server stops; send it again"))
        await asyncio.to_thread(self._close)

    async def take(self, asker: str, posts: Sequence[Post], also: Iterable[bytes] = ()) -> Taken:
        """Returns when Kafka has acknowledged all that were not there before. `also`: further keys (see
        pipeline.sources.journal) by which these posts are known from then on. Raises BusyError, KafkaUseError; what was
        given may be given again then."""
        if not posts:
            return Taken(0, 0)
        if self._waiting[asker] + len(posts) > MOST_WAITING or self._waiting.total() + len(posts) > MOST_WAITING_OF_ALL:
            raise BusyError
        answer: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._wishes.append(_Wish(asker, posts, tuple(also), answer))
        self._waiting[asker] += len(posts)
        self._some.set()
        return await answer

    async def seen(self, key: bytes) -> bool:
        """Whether a key is known already."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._is_known, key)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            batch = self._next()
            work = loop.run_in_executor(self._thread, self._deliver, batch)
            try:
                taken = await asyncio.shield(work)
            except asyncio.CancelledError:
                with contextlib.suppress(Exception):
                    self._tell(batch, await work)
                raise
            except Exception as fault:
                if not isinstance(fault, KafkaUseError):
                    _log.error("posts could not be taken", exc_info=fault)
                    fault = KafkaUseError(UNEXPECTED)
                for wish in batch:
                    self._fail(wish, fault)
            else:
                self._tell(batch, taken)

    def _next(self) -> list[_Wish]:
        batch: list[_Wish] = []
        posts = 0
        while self._wishes and (not batch or posts + len(self._wishes[0].posts) <= MOST_AT_ONCE):
            batch.append(self._wishes.popleft())
            posts += len(batch[-1].posts)
        if not self._wishes:
            self._some.clear()
        return batch

    def _tell(self, batch: Sequence[_Wish], taken: Sequence[Taken]) -> None:
        for wish, one in zip(batch, taken, strict=True):
            self._over(wish)
            if not wish.answer.done():
                wish.answer.set_result(one)

    def _fail(self, wish: _Wish, fault: Exception) -> None:
        self._over(wish)
        if not wish.answer.done():
            wish.answer.set_exception(fault)

    def _over(self, wish: _Wish) -> None:
        self._waiting[wish.asker] -= len(wish.posts)
        if self._waiting[wish.asker] <= 0:
            del self._waiting[wish.asker]

    def _is_known(self, key: bytes) -> bool:
        return key in self.open_journal().known([key])

    def _deliver(self, batch: Sequence[_Wish]) -> list[Taken]:
        """After any failure at all, what is pending is settled before anything else is taken."""
        try:
            return self._brought(batch)
        except _AwayStillError:
            raise
        except Exception as fault:
            self._lose(fault if isinstance(fault, KafkaUseError) else KafkaUseError(UNEXPECTED))
            raise

    def _brought(self, batch: Sequence[_Wish]) -> list[Taken]:
        now, journal = self.now_ms(), self.open_journal()
        sink = self._sink_now(journal)
        keys = [[key_of_post(post) for post in wish.posts] for wish in batch]
        known = journal.known([key for of_wish in keys for key in of_wish])
        fresh: dict[bytes, Post] = {}
        taken = []
        for wish, of_wish in zip(batch, keys, strict=True):
            before = len(fresh)
            for key, post in zip(of_wish, wish.posts, strict=True):
                if key not in known and key not in fresh:
                    fresh[key] = post
            taken.append(Taken(len(fresh) - before, len(wish.posts) - len(fresh) + before))
        also = [key for wish in batch for key in wish.also]
        if not fresh:
            journal.done(also, now)
            return taken
        self._reached("taken")
        # a retraction may lie in the log twice: it needs no looking for after a kill
        journal.begin([post for post in fresh.values() if post.deleted is None], now)
        self._reached("noted")
        sink.send(list(fresh.values()))
        self._reached("acknowledged")
        journal.done([*fresh, *also], now)
        self._reached("kept")
        if now - self._pruned_ms > PRUNE_EVERY_MS:
            self._pruned_ms = now
            journal.prune(now)
        return taken

    def _sink_now(self, journal: Journal) -> Sink:
        """The sink, opened anew after a failure, with nothing pending in the journal. Raises KafkaUseError."""
        if self._away is not None:
            until_s, fault = self._away
            if time.monotonic() < until_s:
                raise _AwayStillError(str(fault))
            self._away = None
        if self._sink is None:
            self._sink = self._open()
            self._settle(self._sink, journal)
        return self._sink

    def _settle(self, sink: Sink, journal: Journal) -> None:
        if pending := journal.pending():
            there = sink.found(pending)
            journal.done([key_of_post(it) for it in pending if (it.source, it.id) in there], self.now_ms())
            journal.forget(key_of_post(it) for it in pending if (it.source, it.id) not in there)

    def _lose(self, fault: KafkaUseError) -> None:
        self._away = time.monotonic() + AWAY_S, fault
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _close(self) -> None:
        self._thread.shutdown()
        if self._sink is not None:
            self._sink.close()
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened.close()


def too_large(post: Post) -> bool:
    """Whether Kafka would refuse the post for its size, and with it all that go with it."""
    return len(_encode(post)) > MOST_RECORD_BYTES
