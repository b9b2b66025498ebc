"""The results: every list of trends that the workers publish, and every alert, as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from pipeline.kafka.connection import Connection, as_fault, quiet, wait_for_broker
from pipeline.kafka.topics import TopicsError
from pipeline.link import Link
from pipeline.settings import Settings
from schemas import TrendList
from schemas.alerts import GIVEN_UP_TOPIC, Alert, GivenUp, Order
from schemas.definitions import DEFINITIONS_TOPIC, Definitions

POLL_MS = 250
ASK_EVERY_S = 5.0
LAST_LIVE = 500  # provisional lists
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 10.0

Message = TypeVar("Message", TrendList, Alert, GivenUp, Order, Definitions)


async def follow_trends(
    settings: Settings,
    stop: asyncio.Event | None = None,
    *,
    last: int | None = None,
    once: bool = False,
    live: bool = False,
    link: Link | None = None,
) -> AsyncIterator[TrendList]:
    """Lists from the `trends` topic in log order, until `stop` is set: all that the topic holds first (with `last` only
    about the newest so many records), then each as it is published; with `once` only what is there now. With `live`
    provisional lists (`final` is false) come among them, from the topic `trends-live`: the newest of them first.

    A list may come twice, with the same bytes (a worker that was killed publishes again): take the first final one of
    (scope, window, at). Records that are no lists are passed over. `link` is told how it stands with the broker. One
    that goes away is waited for, and reading goes on where it was. Raises KafkaUseError when no broker is there at the
    start, or it refuses us.
    """
    newest = {"trends": last} | ({"trends-live": LAST_LIVE} if live else {})
    async for trends in _Follower(settings, newest, TrendList, stop or asyncio.Event(), once, link=link).messages():
        yield trends


async def follow_alerts(
    settings: Settings, stop: asyncio.Event | None = None, *, last: int | None = None
) -> AsyncIterator[Alert]:
    """Alerts from the `alerts` topic, in the same way: take the first of each key and status."""
    async for alert in _Follower(settings, {"alerts": last}, Alert, stop or asyncio.Event(), False).messages():
        yield alert


async def follow_alert_log(
    settings: Settings, stop: asyncio.Event | None = None, *, begin: int = 0
) -> AsyncIterator[tuple[Alert, int]]:
    """The same from an offset on, each with the offset to go on from after it. An offset that the topic does not hold:
    all that it holds."""
    follower = _Follower(settings, {"alerts": None}, Alert, stop or asyncio.Event(), False, begin)
    async for alert in follower.messages():
        yield alert, max(follower.next.values())


async def follow_given_up(
    settings: Settings, stop: asyncio.Event | None = None, *, last: int | None = None
) -> AsyncIterator[GivenUp]:
    """What receivers of alerts did not get, from the topic `alerts-given-up`, in the same way."""
    topics = {GIVEN_UP_TOPIC: last}
    async for given_up in _Follower(settings, topics, GivenUp, stop or asyncio.Event(), False).messages():
        yield given_up


async def follow_orders(
    settings: Settings, stop: asyncio.Event | None = None
) -> AsyncIterator[Order]:
    """What people say about alerts, from the topic `decisions`: all that holds, then each as it comes. Other decisions
    on that topic are passed over."""
    async for order in _Follower(settings, {"decisions": None}, Order, stop or asyncio.Event(), False).messages():
        yield order


async def follow_definitions(
    settings: Settings, known: Definitions, stop: asyncio.Event | None = None
) -> AsyncIterator[Definitions]:
    """Definitions that are asked for after `known`, as they come; what is older than what came is passed over."""
    follower = _Follower(settings, {DEFINITIONS_TOPIC: None}, Definitions, stop or asyncio.Event(), False)
    async for found in follower.messages():
        if found.order > known.order:
            known = found
            yield found


class _Follower(Generic[Message]):
    def __init__(
        self,
        settings: Settings,
        newest: Mapping[str, int | None],  # by topic: how many records of it; None: all
        kind: type[Message],
        stop: asyncio.Event,
        once: bool,
        begin: int = 0,  # an offset, of each partition
        link: Link | None = None,
    ) -> None:
        self.connection = Connection.of(settings)
        self.newest = {f"{settings.kafka_prefix}{topic}": last for topic, last in newest.items()}
        self.decode: Callable[[bytes], Message] = msgspec.json.Decoder(kind).decode
        self.stop, self.once, self.begin, self.link = stop, once, begin, link or Link()
        self._ended = False  # whether all that the topics held has been taken
        self.next: dict[Any, int] = {}  # by partition
        self.asked_s = time.monotonic()  # when the broker last showed that it is there

    async def messages(self) -> AsyncIterator[Message]:
        quiet("aiokafka")
        began = False
        pause = FIRST_PAUSE_S
        while not self.stop.is_set():
            consumer = None
            try:
                consumer = await self._connected()
                began, pause = True, FIRST_PAUSE_S
                async for record in self._records(consumer):
                    try:
                        message = self.decode(record.value or b"")
                    except msgspec.DecodeError:
                        continue
                    yield message
                return
            except Exception as error:
                fault = as_fault(error, self.connection)
                if fault is None:
                    raise
                if not began or not fault.retriable:
                    raise fault from None
                self.link.lost(str(fault))
            finally:
                if consumer is not None:
                    await consumer.stop()
            await _pause(self.stop, pause)
            pause = min(pause * 2, LAST_PAUSE_S)

    async def _connected(self) -> Any:
        """A consumer of the whole topic, in no group: standing where reading is to go on."""
        from aiokafka import AIOKafkaConsumer

        there = await asyncio.to_thread(wait_for_broker, self.connection, 0)
        for topic in self.newest:
            if topic not in there:
                raise TopicsError(f"there is no topic {topic}; make it with `upswell topics init`")
        consumer = AIOKafkaConsumer(
            *self.newest,  # without a group: all of their partitions
            **self.connection.aiokafka(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=POLL_MS,
            metadata_max_age_ms=10_000,
        )
        try:
            await consumer.start()
            tps = sorted(consumer.assignment())
            begin = await consumer.beginning_offsets(tps)
            for tp in tps:
                consumer.seek(tp, max(self.next.get(tp, self.begin), begin[tp]))
            if not self.next:
                await self._skip(consumer, begin)
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _skip(self, consumer: Any, begin: Mapping[Any, int]) -> None:
        """Forward to the newest records that are wanted of each topic. The end comes with what is fetched: an embedded
        broker answers a question for it wrongly."""
        skipped = [tp for tp in begin if self.newest[tp.topic] is not None]
        for tp in skipped:
            await consumer.getmany(tp, timeout_ms=4 * POLL_MS, max_records=1)
        for tp in skipped:
            consumer.seek(tp, max(begin[tp], (consumer.highwater(tp) or begin[tp]) - (self.newest[tp.topic] or 0)))

    async def _records(self, consumer: Any) -> AsyncIterator[Any]:
        while not self.stop.is_set():
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            await self._look_after(consumer, came=bool(polled))
            for tp, records in polled.items():
                for record in records:
                    self.next[tp] = record.offset + 1
                    yield record
            if not self._ended and await _at_end(consumer):
                self._ended = True
                self.link.caught_up()
            if self.once and await _at_end(consumer):
                return


    async def _look_after(self, consumer: Any, *, came: bool) -> None:
        """A client waits in silence for a broker that is away: where nothing comes, the broker is asked."""
        from aiokafka.errors import KafkaError

        now = time.monotonic()
        if came:
            self.link.alive()
        elif now - self.asked_s > ASK_EVERY_S:
            try:
                await asyncio.wait_for(consumer.topics(), ASK_EVERY_S)
                self.link.alive()
            except (KafkaError, TimeoutError):
                self.link.lost(f"no broker answers at {', '.join(self.connection.brokers)}")
        else:
            return
        self.asked_s = now


async def _at_end(consumer: Any) -> bool:
    """Whether everything is read; what a fetch brought along tells where the end is."""
    for tp in consumer.assignment():
        end = consumer.highwater(tp)
        if end is None or await consumer.position(tp) < end:
            return False
    return True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
