"""What others say about alerts, for the agent that raises them: orders of people on the topic `decisions`, and on
`alerts` what any worker has said."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from pipeline.kafka.connection import Connection
from schemas.alerts import Alert, Order

READ_WITHIN_S = 30.0
_POLL_MS = 250
_LAST_MS = 253_402_300_800_000  # the year 10000

_order = msgspec.json.Decoder(Order).decode
_alert = msgspec.json.Decoder(Alert).decode


class Heard:
    """A topic of one partition, read as far as `read_to_end` last came. In no consumer group: it need not belong to
    the worker that owns `trends`."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection, self._topic = connection, topic
        self._consumer: Any = None
        self._reading = asyncio.Lock()

    def _take(self, value: bytes) -> None:
        """A record. Raises msgspec.DecodeError for one that is not meant for us."""
        raise NotImplementedError

    async def read_to_end(self) -> None:
        """Returns when everything has been heard that the topic held when it was asked. (An embedded broker does not
        tell where that is: there, what came within the last milliseconds may be missing.) Raises TimeoutError when
        that takes too long; the next call goes on from there."""
        async with self._reading:
            consumer = await self._connected()
            (tp,) = consumer.assignment()
            end = (await consumer.end_offsets([tp]))[tp]
            deadline = time.monotonic() + READ_WITHIN_S
            while (known := consumer.highwater(tp)) is None or await consumer.position(tp) < max(end, known):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self._topic} was not read to its end within {READ_WITHIN_S:g} s")
                for record in (await consumer.getmany(tp, timeout_ms=_POLL_MS)).get(tp, ()):
                    try:
                        self._take(record.value or b"")
                    except msgspec.DecodeError:
                        continue

    async def close(self) -> None:
        """Lets go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def _connected(self) -> Any:
        if self._consumer is None:
            from aiokafka import AIOKafkaConsumer

            consumer = AIOKafkaConsumer(
                self._topic, **self._connection.aiokafka(), enable_auto_commit=False, auto_offset_reset="earliest",
                fetch_max_wait_ms=_POLL_MS, metadata_max_age_ms=10_000,
            )  # fmt: skip
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer


class Orders(Heard):
    """All orders that hold, and each as it comes; what moderators decide is passed over."""

    def __init__(self, connection: Connection, topic: str) -> None:
        super().__init__(connection, topic)
        self.given: list[Order] = []  # in the order in which they were heard; never one older than another of its key
        self._newest: dict[str, int] = {}  # key -> when the newest order about it was given

    def _take(self, value: bytes) -> None:
        order = _order(value)
        if 0 <= order.at < _LAST_MS and 0 <= order.until < _LAST_MS and order.at >= self._newest.get(order.key, 0):
            self._newest[order.key] = order.at
            self.given.append(order)


class Said(Heard):
    """The alerts that were said to fire and not to be over, whoever said so. Nothing is fetched between two
    readings, which are rare."""

    def __init__(self, connection: Connection, topic: str) -> None:
        super().__init__(connection, topic)
        self.firing: dict[str, Alert] = {}  # by key

    async def read_to_end(self) -> None:
        """As any topic that is heard."""
        consumer = await self._connected()
        consumer.resume(*consumer.assignment())
        try:
            await super().read_to_end()
        finally:
            consumer.pause(*consumer.assignment())

    def _take(self, value: bytes) -> None:
        self.note(_alert(value))

    def note(self, alert: Alert) -> None:
        """It was said."""
        if alert.status == "firing":
            self.firing[alert.key] = alert
        else:
            self.firing.pop(alert.key, None)
