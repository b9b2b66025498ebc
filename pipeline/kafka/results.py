"""The results: every list of trends that the workers publish, and every alert, as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

import msgspec

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import Follower
from pipeline.settings import Settings
from pipeline.source_status import SourceStatus
from schemas import TrendList
from schemas.alerts import Alert, GivenUp, Order
from schemas.definitions import Definitions
from schemas.topics import ALERTS, DECISIONS, DEFINITIONS, GIVEN_UP, LIVE, TRENDS, Topic

LAST_LIVE = 500  # provisional lists

Message = TypeVar("Message", TrendList, Alert, GivenUp, Order, Definitions)


async def follow_trends(
    settings: Settings,
    stop: asyncio.Event | None = None,
    *,
    last: int | None = None,
    once: bool = False,
    live: bool = False,
    status: SourceStatus | None = None,
    waits: bool = False,
) -> AsyncIterator[TrendList]:
    """Lists from the `trends` topic in log order, until `stop` is set: all that the topic holds first (with `last` only
    about the newest so many records), then each as it is published; with `once` only what is there now. With `live`
    provisional lists (`final` is false) come among them, from the topic `trends-live`: the newest of them first.

    A list may come twice, with the same bytes (a worker that was killed publishes again): take the first final one of
    (scope, window, at). Records that are no lists are passed over. `status` is told how it stands with the broker. One
    that goes away is waited for, and reading goes on where it was; one that is away at the start only where this
    `waits`. Raises KafkaUseError: there is none, it refuses us, or a topic is missing.
    """
    newest = {TRENDS: last} | ({LIVE: LAST_LIVE} if live else {})
    async for trends, _ in _messages(settings, newest, TrendList, stop, once=once, status=status, waits=waits):
        yield trends


async def follow_alerts(
    settings: Settings, stop: asyncio.Event | None = None, *, last: int | None = None
) -> AsyncIterator[Alert]:
    """Alerts from the `alerts` topic, in the same way: take the first of each key and status. This and what follows
    waits for a broker."""
    async for alert, _ in _messages(settings, {ALERTS: last}, Alert, stop):
        yield alert


async def follow_alert_log(settings: Settings, *, begin: int) -> AsyncIterator[tuple[Alert, int]]:
    """The same from an offset on, each with the offset to go on from after it. An offset that the topic does not hold:
    all that it holds."""
    async for alert, following in _messages(settings, {ALERTS: None}, Alert, begin=begin):
        yield alert, following


async def follow_given_up(
    settings: Settings, stop: asyncio.Event | None = None, *, last: int | None = None
) -> AsyncIterator[GivenUp]:
    """What receivers of alerts did not get, from the topic `alerts-given-up`, in the same way."""
    async for given_up, _ in _messages(settings, {GIVEN_UP: last}, GivenUp, stop):
        yield given_up


async def follow_orders(settings: Settings, stop: asyncio.Event | None = None) -> AsyncIterator[Order]:
    """What people say about alerts, from the topic `decisions`: all that holds, then each as it comes. Other decisions
    on that topic are passed over."""
    async for order, _ in _messages(settings, {DECISIONS: None}, Order, stop):
        yield order


async def follow_definitions(
    settings: Settings, known: Definitions, stop: asyncio.Event | None = None
) -> AsyncIterator[Definitions]:
    """Definitions that are asked for after `known`, as they come; what is older than what came is passed over."""
    async for found, _ in _messages(settings, {DEFINITIONS: None}, Definitions, stop):
        if found.order > known.order:
            known = found
            yield found


async def _messages(
    settings: Settings,
    newest: Mapping[Topic, int | None],  # how many records of it; None: all
    kind: type[Message],
    stop: asyncio.Event | None = None,
    *,
    once: bool = False,
    begin: int = 0,
    status: SourceStatus | None = None,
    waits: bool = True,
) -> AsyncIterator[tuple[Message, int]]:
    """The messages on topics, each with the offset behind it."""
    decode: Callable[[bytes], Message] = msgspec.json.Decoder(kind).decode
    names = {settings.kafka_prefix + topic.name: last for topic, last in newest.items()}
    follower = Follower(Connection.of(settings), names, begin=begin, status=status, waits=waits)
    async with aclosing(follower.batches(stop)) as batches:
        async for records in batches:
            for record in records:
                try:
                    message = decode(record.value or b"")
                except msgspec.DecodeError:
                    continue
                yield message, record.offset + 1
            if once and follower.at_end:
                return
