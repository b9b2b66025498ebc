"""Alerts live: the lists that workers publish go through the rules, and what these raise to every receiver."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from prometheus_client import CollectorRegistry, Counter

from pipeline.alerts.blocking import Blocking
from pipeline.alerts.delivery import Delivery
from pipeline.alerts.outbox import Allowed, Outbox, as_it_is
from pipeline.alerts.receivers import Undelivered, deliver, idempotency_key
from pipeline.endings import end
from pipeline.health import expose
from pipeline.kafka.connection import Connection, as_fault, quiet, wait_for_broker
from pipeline.kafka.decisions import KafkaLog
from pipeline.kafka.definitions import asked_last
from pipeline.kafka.results import follow_definitions, follow_orders, follow_trends
from pipeline.settings import Settings
from pipeline.text import printable
from schemas import TrendList
from schemas.alerts import Alert, Order, Receiver
from schemas.definitions import Definitions

TOPIC = "topic-alerts"  # the receiver that is always there
_LAST_MS = 253_402_300_800_000  # the year 10000
_YEAR_S = 366 * 86_400
ORDERS_WITHIN_S = 10.0  # how long the first list waits for the orders of before
DIGESTS_EVERY_S = 20.0  # how often it is asked whether one is due


async def follow(
    settings: Settings, state: Path, tell: Callable[[Alert], None], say: Callable[[str], None]
) -> None:
    """Until it is cancelled. `tell` gets every alert that is raised, `say` lines about receivers.

    All lists that the topic `trends` holds are read at the start: the rules know how things came to be, and what was
    missed while nobody followed is raised now. Raises OutboxError, KafkaUseError.
    """
    registry = CollectorRegistry()
    expose(registry, settings.metrics_port, settings.metrics_host)
    in_force = await asyncio.to_thread(asked_last, settings, say)
    settings = settings.model_copy(update={"rules": in_force.rules})
    async with _publisher(settings) as publish:
        decisions = await asyncio.to_thread(KafkaLog, settings)
        try:
            blocking, ended = Blocking(decisions), asyncio.Event()
            lists, orders = blocking.visible(follow_trends(settings)), follow_orders(settings, ended=ended)
            await raise_and_deliver(
                lists, settings, state, tell, say, registry, publish, orders, ended, blocking.allowed,
                follow_definitions(settings, in_force),
            )  # fmt: skip
        finally:
            decisions.close()


async def raise_and_deliver(
    lists: AsyncIterator[TrendList],
    settings: Settings,
    state: Path,
    tell: Callable[[Alert], None],
    say: Callable[[str], None],
    registry: CollectorRegistry,
    publish: Callable[[Receiver, Alert], Any] | None = None,
    orders: AsyncIterator[Order] | None = None,
    orders_ended: asyncio.Event | None = None,
    allowed: Allowed = as_it_is,
    definitions: AsyncIterator[Definitions] | None = None,
) -> None:
    """Takes every list and obeys every order, then waits until nothing waits for any receiver. What was kept before an
    end of any kind is delivered after the next start. The first list is taken when `orders_ended` is set: all orders
    that were given before are obeyed by then (after ORDERS_WITHIN_S it goes on without). `allowed` says what may be
    told of an alert in the moment it leaves. The rules of `definitions` hold as they come. Raises OutboxError."""
    receivers = list(settings.receivers)
    if publish is not None:
        receivers.append(Receiver(TOPIC, "kafka", f"{settings.kafka_prefix}alerts", max_age_s=_YEAR_S))
    raised = Counter("upswell_alerts_raised", "Alerts that fired and ended.", ["rule", "status"], registry=registry)
    outbox = Outbox(state, settings.rules, receivers, allowed=allowed)

    def told(alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            raised.labels(alert.rule, alert.status).inc()
            tell(alert)

    try:
        async with Delivery(outbox, receivers, say, registry, publish=publish) as delivery:
            obeying = asyncio.create_task(_obey(orders, outbox, say)) if orders is not None else None
            digesting = asyncio.create_task(_digest(outbox, delivery))
            redefining = None
            if definitions is not None:
                redefining = asyncio.create_task(_redefine(definitions, outbox, delivery, told, say))
            try:
                if obeying is not None and orders_ended is not None:
                    await _first_orders(obeying, orders_ended, say)
                async for trends in lists:
                    for helper in (obeying, digesting, redefining):
                        if helper is not None and helper.done():
                            helper.result()  # its fault ends us: nobody is to believe that orders are heard
                    alerts = outbox.take(trends)
                    told(alerts)
                    if alerts:
                        delivery.wake()
                await delivery.drained()
            finally:
                await end(obeying, digesting, redefining)
    finally:
        outbox.close()


async def _first_orders(obeying: asyncio.Task[None], ended: asyncio.Event, say: Callable[[str], None]) -> None:
    """Returns once all orders of before are obeyed, or the time for it is over, or who obeys them has ended."""
    reading = asyncio.create_task(ended.wait())
    try:
        done, _ = await asyncio.wait((obeying, reading), timeout=ORDERS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(reading)
    if not done:
        say(f"orders were not read to their end within {ORDERS_WITHIN_S:g} s; lists are taken, and alerts may be raised"
            " that somebody has muted; orders are obeyed as they come")  # fmt: skip


async def _obey(orders: AsyncIterator[Order], outbox: Outbox, say: Callable[[str], None]) -> None:
    """A line for each new order says who gave it."""
    async for order in orders:
        if not (0 <= order.at < _LAST_MS and 0 <= order.until < _LAST_MS):
            say(f"an order about rule {order.rule} lies outside all times and is passed over")
        elif outbox.order(order):
            what = f"{order.rule} {printable(order.topic)}".strip()
            until = f" until {dt.datetime.fromtimestamp(order.until / 1_000, dt.UTC):%Y-%m-%d %H:%M} UTC"
            say(f"{printable(order.by)}: {order.action} {what}{until if order.action == 'mute' else ''}")


async def _redefine(
    definitions: AsyncIterator[Definitions],
    outbox: Outbox,
    delivery: Delivery,
    told: Callable[[Sequence[Alert]], None],
    say: Callable[[str], None],
) -> None:
    """Rules as they come in force; those that cannot be used change nothing."""
    async for found in definitions:
        try:
            told(outbox.redefine(found.rules))
        except (ValueError, KeyError, OSError) as error:
            say(f"the rules of {printable(found.by)} cannot be used, and those before hold: {error}")
        else:
            delivery.wake()
            say(f"{printable(found.by)}: {len(found.rules)} rule{'' if len(found.rules) == 1 else 's'} in force")


async def _digest(outbox: Outbox, delivery: Delivery) -> None:
    while True:
        if outbox.digests():
            delivery.wake()
        await asyncio.sleep(DIGESTS_EVERY_S)


async def give_order(settings: Settings, order: Order) -> None:
    """Publishes what a person says about alerts; returns when the broker has it. Raises KafkaUseError."""
    async with _producer(settings) as producer:
        connection = Connection.of(settings)
        try:
            await producer.send_and_wait(
                f"{settings.kafka_prefix}decisions", msgspec.json.encode(order), key=order.key.encode()
            )
        except Exception as error:
            raise as_fault(error, connection) or error from None


async def try_receivers(settings: Settings, receivers: Sequence[Receiver]) -> list[tuple[str, str, str]]:
    """(name, fault, what came back) of one alert, marked as a test, for each."""
    now = time.time_ns() // 1_000_000
    told = []
    async with httpx.AsyncClient() as client, contextlib.AsyncExitStack() as stack:
        for receiver in receivers:
            alert = Alert(
                key=f"test/{receiver.name}/{now}", status="firing", rule="test", kind="trending", severity="info",
                scope="all", window="1h", topic="#test", display="#test", since=now, fired=now, at=now, value=1,
                threshold=1, flags=[], examples=[], why="This is a test of upswell's alerts; nothing has happened.",
            )  # fmt: skip
            try:
                if receiver.kind == "kafka":
                    publish = await stack.enter_async_context(_publisher(settings))
                    answer = await publish(receiver, alert)
                else:
                    answer = await deliver(receiver, alert, client)
            except Undelivered as fault:
                told.append((receiver.name, str(fault), ""))
            else:
                told.append((receiver.name, "", answer))
    return told


@contextlib.asynccontextmanager
async def _publisher(settings: Settings) -> AsyncIterator[Callable[[Receiver, Alert], Any]]:
    """Publishes alerts on topics of our Kafka, acknowledged by all copies; one may come twice, with the same key."""
    connection = Connection.of(settings)

    async def publish(receiver: Receiver, alert: Alert) -> str:
        try:
            await producer.send_and_wait(
                receiver.url, msgspec.json.encode(alert), key=alert.key.encode(),
                headers=[("idempotency-key", idempotency_key(alert).encode())],
            )  # fmt: skip
        except Exception as error:
            fault = as_fault(error, connection)
            if fault is None:
                raise
            raise Undelivered(str(fault), final=not fault.retriable) from None
        return "published"

    async with _producer(settings) as producer:
        yield publish


@contextlib.asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[Any]:
    from aiokafka import AIOKafkaProducer

    quiet("aiokafka")
    connection = Connection.of(settings)
    await asyncio.to_thread(wait_for_broker, connection, 0)
    producer = AIOKafkaProducer(**connection.aiokafka(), acks="all", enable_idempotence=True)
    try:
        await producer.start()
    except Exception as error:
        await producer.stop()
        raise as_fault(error, connection) or error from None
    try:
        yield producer
    finally:
        await producer.stop()
