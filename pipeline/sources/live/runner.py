"""Runs adapters: connects anew with growing, jittered pauses, and holds the networks back while Kafka is away."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import websockets

from pipeline.clock import utc_ms
from pipeline.kafka.connection import KafkaUseError, RefusedError
from pipeline.kafka.topics import TopicsError
from pipeline.sources.live.delivery import Arrived, Delivery
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Adapter, Cursor, Fact, GoneError, Item, SilentError, SourceError
from pipeline.sources.live.sink import Sink
from pipeline.sources.live.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tuning:
    """Sizes and pauses."""

    buffered: int = 1_000  # items of all sources that wait for Kafka; further ones wait in the networks
    batch: int = 500
    linger_s: float = 0.1  # of a batch that is not full: each is two writes to the disk
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    healthy_after_s: float = 60.0  # a connection that held so long is followed by the first pause again
    drained_within_s: float = 5.0  # of what waits when we are to stop


class Runner:
    """Runs sources until it is cancelled. `open_sink` may block and raise KafkaUseError; `say` gets one line when a
    source fails in a new way, and when it is well again."""

    def __init__(
        self,
        adapters: Sequence[Adapter],
        store: Store,
        delivery: Delivery,
        metrics: SourceMetrics,
        open_sink: Callable[[], Sink],
        say: Callable[[str], None],
        tuning: Tuning = Tuning(),
    ) -> None:
        self._adapters, self._store, self._delivery, self._metrics = adapters, store, delivery, metrics
        self._open_sink, self._say, self._tuning = open_sink, say, tuning
        self._doing: asyncio.Future[Any] | None = None
        self._buffer: asyncio.Queue[Arrived] = asyncio.Queue(tuning.buffered)

    async def run(self) -> None:
        """Until it is cancelled, or every source is gone for good. Raises RefusedError and TopicsError where Kafka will
        not have us."""
        cursors = {adapter.name: self._store.cursor(adapter.name) for adapter in self._adapters}
        writer = asyncio.create_task(self._write())
        readers = [asyncio.create_task(self._follow(adapter, cursors[adapter.name])) for adapter in self._adapters]
        try:
            left = set(readers)
            while left and not writer.done():
                done, _ = await asyncio.wait({writer, *left}, return_when=asyncio.FIRST_COMPLETED)
                left -= done
            if writer.done():
                writer.result()
        finally:
            for task in readers:
                task.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            if not writer.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._tuning.drained_within_s):
                        await self._buffer.join()
                writer.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await writer

    async def _follow(self, adapter: Adapter, cursor: Cursor | None) -> None:
        """One source: connects again and again, each time from the last item that was taken."""
        attempts, said = 0, ""
        while True:
            began, came = time.monotonic(), False
            try:
                async with aclosing(adapter.read(cursor)) as items:
                    while True:
                        item = await _next(items, adapter.silence_s)
                        if item is None:
                            raise SourceError(Fact("fault.ended"))
                        if not came:
                            came = True
                            self._metrics.connected(adapter.name)
                        if said and time.monotonic() - began > self._tuning.healthy_after_s:
                            self._say(f"{adapter.name}: well again")
                            said = ""
                        cursor = item.cursor or cursor
                        await self._buffer.put((adapter, item))
            except Exception as error:
                fault = as_fault(error)
            self._metrics.fault(adapter.name, fault.kind, utc_ms(), str(fault))
            if isinstance(fault, GoneError):
                self._say(f"{adapter.name}: {fault}; it is not asked again until a restart")
                return
            if str(fault) != said and (fault.kind != "broken" or attempts):  # a connection that ends once is no news
                said = str(fault)
                self._say(f"{adapter.name}: {said}")
            attempts = 1 if time.monotonic() - began > self._tuning.healthy_after_s else attempts + 1
            await asyncio.sleep(self._pause_s(attempts, fault))

    def _pause_s(self, attempts: int, fault: SourceError) -> float:
        pause = min(self._tuning.first_pause_s * 2.0 ** min(attempts - 1, 20), self._tuning.longest_pause_s)
        return max(pause * random.uniform(0.5, 1.5), (fault.retry_after_s or 0.0) * random.uniform(1.0, 1.1))

    async def _write(self) -> None:
        batch: list[Arrived] = []
        attempts, said = 0, ""
        while True:
            sink: Sink | None = None
            try:
                sink = await self._in_thread(self._open_sink)
                await self._in_thread(self._delivery.recover, sink)
                if said:
                    self._say("Kafka takes posts again")
                attempts, said = 0, ""
                while True:
                    if not batch:
                        batch = await self._next_batch()
                    await self._in_thread(self._delivery.deliver, batch, sink)
                    for _ in batch:
                        self._buffer.task_done()
                    batch = []
            except (RefusedError, TopicsError):
                raise
            except KafkaUseError as error:
                attempts += 1
                if not said:
                    said = str(error)
                    self._say(f"{said} (the sources are held back until Kafka takes posts: nothing is lost)")
            finally:
                if sink is not None:
                    await asyncio.to_thread(sink.close)
                if self._doing is not None:
                    await asyncio.wait([self._doing], timeout=self._tuning.drained_within_s)
            await asyncio.sleep(self._pause_s(attempts, SourceError("")))

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """As asyncio.to_thread; what is cancelled meanwhile still runs, as `_doing`."""
        doing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        doing.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._doing = doing
        return await asyncio.shield(doing)

    async def _next_batch(self) -> list[Arrived]:
        batch = [await self._buffer.get()]
        if self._buffer.qsize() < self._tuning.batch:
            await asyncio.sleep(self._tuning.linger_s)
        while len(batch) < self._tuning.batch and not self._buffer.empty():
            batch.append(self._buffer.get_nowait())
        return batch


async def _next(items: AsyncGenerator[Item, None], silence_s: float | None) -> Item | None:
    """The next item; None after the last. Raises SilentError when none comes for so long."""
    limit = asyncio.timeout(silence_s)
    try:
        async with limit:
            return await anext(items, None)
    except TimeoutError:
        if limit.expired():
            raise SilentError(Fact("fault.silence", {"n": round(silence_s or 0)})) from None
        raise


def as_fault(error: Exception) -> SourceError:
    """The sentence about what an adapter raised."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, websockets.ConnectionClosed):
        code = error.rcvd.code if error.rcvd else 1006
        return SourceError(Fact("fault.closed", {"code": str(code)}))
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return SilentError(Fact("fault.late"))
    if isinstance(error, httpx.ConnectError):
        return SourceError(Fact("fault.unreached", {"host": error.request.url.host, "why": str(error)[:200]}))
    if isinstance(error, OSError) and error.strerror:
        return SourceError(Fact("fault.broke", {"kind": error.strerror[:200]}))
    if isinstance(error, OSError | httpx.HTTPError | websockets.WebSocketException | EOFError):
        return SourceError(Fact("fault.broke", {"kind": type(error).__name__}))
    return SourceError(Fact("fault.ours", {"what": f"{type(error).__name__}: {str(error)[:200]}"}))
