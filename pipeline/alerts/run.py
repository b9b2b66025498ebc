"""Alerts leave: what the workers raise on the topic `alerts` goes to every receiver."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from pipeline.alerts.blocking import Blocking
from pipeline.alerts.delivery import Delivery
from pipeline.alerts.outbox import Allowed, Outbox, as_it_is
from pipeline.alerts.receivers import Undelivered, deliver, idempotency_key, new_client
from pipeline.cancelling import cancel_and_wait
from pipeline.clock import utc_ms
from pipeline.health import expose
from pipeline.kafka.connection import Connection, KafkaUseError, as_fault, quiet, wait_for_broker
from pipeline.kafka.decisions import KafkaLog
from pipeline.kafka.definitions import asked_last
from pipeline.kafka.results import follow_alert_log, follow_definitions
from pipeline.settings import Settings
from pipeline.supervising import supervised
from pipeline.wording import DEFAULT, UNTITLED, Titles, fault_text, language
from schemas.alerts import Alert, AlertWhy, GivenUp, Order, Receiver
from schemas.definitions import Definitions
from schemas.topics import Topics

TOLD_KEPT = 10_000
DIGESTS_EVERY_S = 20.0  # how often it is asked whether one is due
REPORTS_EVERY_S = 1.0  # how often it is asked whether something was given up
REPORTS_AGAIN_S = 10.0  # after Kafka did not take it


async def follow(settings: Settings, state: Path, tell: Callable[[Alert], None], say: Callable[[str], None]) -> None:
    """Until it is cancelled. `tell` gets every alert that may be told, `say` lines about receivers.

    Goes on where the file `state` stands; a new one begins with the oldest alert that the topic holds. Raises
    OutboxError, KafkaUseError, ExposeError.
    """
    registry = CollectorRegistry()
    expose(registry, settings.metrics_port, settings.metrics_host)
    async with _publisher(settings) as publisher:
        defined = await asyncio.to_thread(asked_last, settings, lambda _differs: None)  # workers say it
        decisions, titles = await asyncio.to_thread(KafkaLog, settings), defined.titles
        naming = asyncio.create_task(_follow_titles(settings, defined, titles, say))
        try:
            allowed = Blocking(decisions).redact
            outbox = Outbox(state, settings.receivers, allowed=allowed)
            alerts = follow_alert_log(settings, begin=outbox.next_offset)
            await take_and_deliver(
                alerts,
                outbox,
                settings.receivers,
                tell,
                say,
                registry,
                publisher.alert,
                allowed,
                publisher.given_up,
                titles,
            )
        finally:
            await cancel_and_wait(naming)
            decisions.close()


async def _follow_titles(
    settings: Settings, known: Definitions, titles: dict[str, str], say: Callable[[str], None]
) -> None:
    """Events and watchlists are called by the titles that they have now."""
    try:
        async for definitions in follow_definitions(settings, known):
            titles |= definitions.titles
    except KafkaUseError as error:
        say(f"titles of events stay as they are: {error}")


async def take_and_deliver(
    alerts: AsyncIterator[tuple[Alert, int]],
    outbox: Outbox,
    receivers: Sequence[Receiver],
    tell: Callable[[Alert], None],
    say: Callable[[str], None],
    registry: CollectorRegistry,
    publish: Callable[[Receiver, Alert], Any] | None = None,
    allowed: Allowed = as_it_is,
    report: Callable[[GivenUp], Awaitable[None]] | None = None,
    titles: Titles = UNTITLED,
) -> None:
    """Takes every alert (with the offset after it), then waits until nothing waits for any receiver, and closes the
    outbox. What was kept before an end of any kind is delivered after the next start. `allowed` says what may be told
    of an alert in the moment it leaves; `report` makes known what was given up, and raises KafkaUseError."""
    told: dict[tuple[str, str], None] = {}
    try:
        async with Delivery(outbox, receivers, say, registry, publish=publish, titles=titles) as delivery:
            works = {"digests": partial(_look_after, outbox, delivery)}
            if report is not None:
                works["reports"] = partial(_report, outbox, report, say)
            tasks = [asyncio.create_task(supervised(work, delivery.stumbled(name))) for name, work in works.items()]
            try:
                async for alert, next_offset in alerts:
                    taking = partial(_take, outbox, delivery, alert, next_offset)
                    await supervised(taking, delivery.stumbled("outbox"))
                    said = alert.key, alert.status  # the first of several holds
                    if said not in told and (shown := allowed(alert)) is not None:
                        tell(shown)
                    told[said] = None
                    if len(told) > TOLD_KEPT:
                        del told[next(iter(told))]
                await delivery.drained()
            finally:
                await cancel_and_wait(*tasks)
    finally:
        outbox.close()


async def _take(outbox: Outbox, delivery: Delivery, alert: Alert, next_offset: int) -> None:
    outbox.take(alert, next_offset)
    delivery.wake()


async def _look_after(outbox: Outbox, delivery: Delivery) -> None:
    """Digests when they are due; what is old is forgotten."""
    while True:
        if outbox.digests():
            delivery.wake()
        outbox.prune()
        await asyncio.sleep(DIGESTS_EVERY_S)


async def _report(outbox: Outbox, report: Callable[[GivenUp], Awaitable[None]], say: Callable[[str], None]) -> None:
    said = False
    while True:
        found = outbox.untold()
        if found is None:
            await asyncio.sleep(REPORTS_EVERY_S)
            continue
        number, given_up = found
        try:
            await report(given_up)
        except KafkaUseError as error:
            if not said:
                say(f"pages do not show yet what was given up: {error}")
            said = True
            await asyncio.sleep(REPORTS_AGAIN_S)
            continue
        outbox.told(number)
        said = False


async def give_order(settings: Settings, order: Order) -> None:
    """Publishes what a person says about alerts; returns when the broker has it. Raises KafkaUseError."""
    async with _producer(settings) as producer:
        connection = Connection.of(settings)
        try:
            await producer.send_and_wait(
                Topics(settings.kafka_prefix).decisions, msgspec.json.encode(order), key=order.key.encode()
            )
        except Exception as error:
            raise as_fault(error, connection) or error from None


async def try_receivers(
    settings: Settings, receivers: Sequence[Receiver], lang: str = DEFAULT
) -> list[tuple[str, str, str]]:
    """(name, fault in that language, what came back) of one alert, marked as a test, for each."""
    now = utc_ms()
    told = []
    async with new_client() as client, contextlib.AsyncExitStack() as stack:
        for receiver in receivers:
            alert = Alert(
                key=f"test/{receiver.name}/{now}",
                status="firing",
                rule="test",
                kind="trending",
                severity="info",
                scope="all",
                window="1h",
                topic="#test",
                display="#test",
                since=now,
                fired=now,
                at=now,
                value=1,
                threshold=1,
                flags=[],
                examples=[],
                why=AlertWhy(note="test"),
            )
            try:
                if receiver.kind == "kafka":
                    publisher = await stack.enter_async_context(_publisher(settings))
                    answer = await publisher.alert(receiver, alert)
                else:
                    answer = await deliver(receiver, alert, client, now / 1_000)
            except Undelivered as error:
                told.append((receiver.name, fault_text(error.fault, language(lang)), ""))
            else:
                told.append((receiver.name, "", answer))
    return told


class _Publisher:
    """Publishes on topics of our Kafka, acknowledged by all copies; a message may come twice, with the same key."""

    def __init__(self, producer: Any, settings: Settings) -> None:
        self._producer, self._connection = producer, Connection.of(settings)
        self._given_up = Topics(settings.kafka_prefix).given_up

    async def alert(self, receiver: Receiver, alert: Alert) -> str:
        """For a receiver of the kind `kafka`; what came back, in a word. Raises Undelivered."""
        try:
            await self._producer.send_and_wait(
                receiver.urls[0],
                msgspec.json.encode(alert),
                key=alert.record_key.encode(),
                headers=[("idempotency-key", idempotency_key(alert).encode())],
            )
        except Exception as error:
            fault = as_fault(error, self._connection)
            if fault is None:
                raise
            raise Undelivered("kafka", type(error).__name__, final=not fault.retriable) from None
        return "published"

    async def given_up(self, given_up: GivenUp) -> None:
        """For pages. Raises KafkaUseError."""
        key = given_up.record_key.encode()
        try:
            await self._producer.send_and_wait(self._given_up, msgspec.json.encode(given_up), key=key)
        except Exception as error:
            raise as_fault(error, self._connection) or error from None


@contextlib.asynccontextmanager
async def _publisher(settings: Settings) -> AsyncIterator[_Publisher]:
    async with _producer(settings) as producer:
        yield _Publisher(producer, settings)


@contextlib.asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[Any]:
    from aiokafka import AIOKafkaProducer

    quiet("aiokafka")
    connection = Connection.of(settings)
    await asyncio.to_thread(wait_for_broker, connection, 0)
    producer = AIOKafkaProducer(**connection.python(), acks="all")  # twice is harmless: it has a key
    try:
        await producer.start()
    except Exception as error:
        await producer.stop()
        raise as_fault(error, connection) or error from None
    try:
        yield producer
    finally:
        await producer.stop()
