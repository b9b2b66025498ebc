"""What was fetched and reached nobody is fetched again; what was left is taken only when it is sought."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from agents.runtime.transport import NO_EPOCH, BatchConsumer

POSTS = TP("posts", 0)


class Log:
    """aiokafka's consumer of one partition: `fetch` gives what lies from its position on, once it is let."""

    def __init__(self, end: int) -> None:
        self.end, self.position, self.open = end, 0, asyncio.Event()
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=object()))
        self._max_poll_records = 100

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(*POSTS)}

    def seek(self, tp: TopicPartition, offset: int) -> None:
        assert tp == TopicPartition(*POSTS)
        self.position = offset

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.committed = offsets

    async def fetch(self, *_: Any, **__: Any) -> dict[TopicPartition, list[Any]]:
        await self.open.wait()
        offsets, self.position = range(self.position, self.end), self.end
        found = [SimpleNamespace(offset=offset, timestamp=0, timestamp_type=0) for offset in offsets]
        return {TopicPartition(*POSTS): found} if found else {}


class Consumer(BatchConsumer):
    """The transport's consumer without its thread: what is called there goes on, whoever waits for it or not."""

    flow_active = True
    should_stop = False

    def __init__(self, log: Log) -> None:
        self.batched_topics, self.starts, self.epochs, self._sought_in, self._in_flight = {"posts"}, {}, {}, {}, {}
        self._committable, self._notes = {}, {}
        self.calls: list[asyncio.Task[Any]] = []
        self._thread: Any = SimpleNamespace(
            _ensure_consumer=lambda: log, _fetch_records=log.fetch, call_thread=self._call
        )
        self.app: Any = SimpleNamespace(
            monitor=SimpleNamespace(track_tp_end_offset=lambda *_: None), consumer_generation_id=0
        )

    async def _call(self, method: Any, *arguments: Any) -> Any:
        self.calls.append(asyncio.ensure_future(method(*arguments)))
        return await asyncio.shield(self.calls[-1])

    def _get_active_partitions(self) -> set[TP]:
        return {POSTS}

    def assignment(self) -> set[TP]:
        return {POSTS}

    def highwater(self, tp: TP) -> int:
        return 10

    async def taken(self) -> list[tuple[int, int, int]]:
        """The batches of the next fetch: epoch, first and last offset."""
        return [
            (message.value.epoch, message.value.first, message.value.last) async for _, message in self.getmany(1.0)
        ]


async def begun() -> tuple[Log, Consumer]:
    log = Log(end=10)
    consumer = Consumer(log)
    await consumer.rewind(POSTS, 4)
    return log, consumer


async def forsaken(consumer: Consumer) -> asyncio.Task[Any]:
    """A fetch that goes on though who waited for it was cancelled, as a rebalance does."""
    waiting = asyncio.ensure_future(consumer.taken())
    await asyncio.sleep(0.01)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    return consumer.calls[-1]


@pytest.mark.parametrize("sought_meanwhile", [False, True])
def test_the_answer_to_a_fetch_that_nobody_waits_for_is_fetched_again(sought_meanwhile: bool) -> None:
    async def run() -> None:
        log, consumer = await begun()
        fetch = await forsaken(consumer)
        if sought_meanwhile:  # after a rebalance everything is; the fetch comes in between all the same
            await consumer.rewind(POSTS, 6)
        log.open.set()
        await fetch
        assert log.position == 10, "the records were given, to nobody"
        assert await consumer.taken() == [(2, 6, 9) if sought_meanwhile else (1, 4, 9)]
        assert await consumer.taken() == [], "and nothing twice"

    asyncio.run(run())


def test_a_batch_that_could_not_be_handed_on_is_fetched_again() -> None:
    async def run() -> None:
        log, consumer = await begun()
        log.open.set()
        async with aclosing(consumer.getmany(1.0)) as fetched:
            await anext(fetched)  # and whoever would take it is cancelled
        assert await consumer.taken() == [(1, 4, 9)]

    asyncio.run(run())


def test_what_was_sought_after_a_lost_fetch_stays_where_it_was_sought() -> None:
    async def run() -> None:
        log, consumer = await begun()
        fetch = await forsaken(consumer)
        log.open.set()
        await fetch
        await consumer.rewind(POSTS, 8)
        assert await consumer.taken() == [(2, 8, 9)]

    asyncio.run(run())


def test_a_partition_that_was_left_is_committed_with_its_note_and_taken_only_when_it_is_sought() -> None:
    async def run() -> None:
        log, consumer = await begun()
        log.open.set()
        await consumer.leave({POSTS: 4}, {POSTS: lambda offset: f"from {offset}"})
        assert log.committed == {TopicPartition(*POSTS): OffsetAndMetadata(4, "from 4")}
        assert {epoch for epoch, _, _ in await consumer.taken()} == {NO_EPOCH}
        await consumer.rewind(POSTS, 4)
        assert await consumer.taken() == [(3, 4, 9)]

    asyncio.run(run())
