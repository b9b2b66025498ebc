"""The Faust app of upswell: which agents read which topics, and the settings that were found to matter.

posts --count--> topic-counts --rank--> trends   (what cannot be read: posts-dead)
trends --alert--> alerts
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

import faust
from faust.types import TP

from agents.alert import Alert
from agents.context import Context
from agents.count import Count
from agents.heard import Orders, PublishedAlerts
from agents.publish import CannotGoOnError
from agents.rank import Rank
from agents.runtime.app import UpswellApp, make_app
from agents.runtime.transport import Batch, BatchSchema
from agents.state import StateStore
from pipeline.health import Health
from pipeline.kafka.connection import Connection
from pipeline.kafka.definitions import DefinitionsLog
from pipeline.kafka.log import GlobalTable

HEARD_EVERY_S = 0.5  # orders about alerts
STRAYS_EVERY_S = 5.0  # alerts that somebody said who was not to, any more
LOOKS_PER_FLUSH = 16  # how often the rank stage looks whether provisional lists are due


class BatchAgent(Protocol):
    """What takes batches, and finds its way back after an error."""

    async def take(self, batch: Batch) -> None: ...

    async def recover(self, tp: TP) -> None: ...

    async def seek_silent(self) -> None: ...


def create_app(
    context: Context,
    connection: Connection,
    definitions: DefinitionsLog,
    *,
    on_ready: Callable[[], None] | None = None,
    say: Callable[[str], None],
) -> UpswellApp:
    """The app; nothing is connected before it is started. `say` gets a line for each order about alerts and for other
    rules."""
    topics, health = context.topics, context.health
    batched = {topics.posts, topics.counts, topics.trends}
    app = make_app(topics.group, connection, batched, context.tuning.poll_records)
    count = Count(app, context, definitions)
    rank = Rank(app, context, StateStore(app, "rank", topics.rank_state))
    _attach(app, health, "count", topics.posts, count)
    _attach(app, health, "rank", topics.counts, rank)
    heard, published = Orders(), PublishedAlerts()
    orders = GlobalTable(connection, topics.decisions, heard, heard.take)
    said = GlobalTable(connection, topics.alerts, published, published.take)
    app.heard = orders, said
    alert = Alert(app, context, StateStore(app, "alert", topics.alert_state), orders, said, definitions, say)
    _attach(app, health, "alert", topics.trends, alert)
    agents: list[BatchAgent] = [count, rank, alert]

    async def seek_silent() -> None:
        for agent in agents:
            await agent.seek_silent()

    flush_s = context.flush_ms / 1_000
    _every(app, health, flush_s, count.report, "how far posts were read was not told, the next time says it")
    _every(app, health, flush_s, rank.wake_idle, "idle partitions were not woken, the next time they are")
    if context.live:
        _every(app, health, flush_s, count.tell_the_time, "the time was not told, the next time it is")
    _every(app, health, flush_s, seek_silent, "silent partitions were not looked at, the next time they are")
    looks_s = flush_s / LOOKS_PER_FLUSH
    _every(app, health, looks_s, rank.preview, "provisional lists were not published, the next ones are")
    _every(app, health, HEARD_EVERY_S, alert.hear, "orders about alerts were not heard, the next time they are")
    _every(app, health, STRAYS_EVERY_S, alert.end_orphaned, "others' alerts were not heard, the next time they are")

    @app.on_partitions_revoked.connect
    async def hand_over(*_: Any, **__: Any) -> None:
        try:
            await count.hand_over()
        except Exception as error:
            app.log.info("posts partitions were not handed over, they are read on from earlier: %r", error)

    app.hand_over = hand_over

    @app.on_rebalance_complete.connect
    async def ready(*_: Any, **__: Any) -> None:
        context.health.rebalanced()
        if on_ready is not None:
            on_ready()

    return app


def _every(
    app: UpswellApp, health: Health, seconds: float, work: Callable[[], Coroutine[Any, Any, None]], otherwise: str
) -> None:
    """Does the work every so often while the app runs. An error is told in a line that says what it means."""

    @app.task  # type: ignore[untyped-decorator]
    async def repeat() -> None:
        while not app.should_stop:
            await asyncio.sleep(seconds)
            try:
                await work()
                health.works(work.__name__)
            except CannotGoOnError as error:
                app.give_up(error)
            except Exception as error:
                health.fails(work.__name__, repr(error))
                app.log.warning("%s: %r", otherwise, error)


def _attach(app: UpswellApp, health: Health, name: str, topic: str, agent: BatchAgent) -> None:
    """A Faust agent that hands its batches on; an error costs a way back, never a count."""
    app.agent(app.topic(topic, schema=BatchSchema()), name=f"upswell.{name}")(_reader(app, health, name, agent))


def _reader(app: UpswellApp, health: Health, name: str, agent: BatchAgent) -> Callable[[Any], Awaitable[None]]:
    async def read(stream: Any) -> None:
        async for batch in stream:
            try:
                await agent.take(batch)
                health.works(name)
            except CannotGoOnError as error:
                app.give_up(error)
                await _recover(app, agent, batch.tp)
            except Exception as error:
                health.fails(name, repr(error))
                app.log.warning(
                    "%s: %s[%d]@%d is read again from its committed offset after an error: %r",
                    name,
                    batch.tp.topic,
                    batch.tp.partition,
                    batch.first,
                    error,
                )
                await _recover(app, agent, batch.tp)

    return read


async def _recover(app: faust.App, agent: BatchAgent, tp: TP) -> None:
    while not app.should_stop:
        try:
            await agent.recover(tp)
            return
        except Exception as error:
            app.log.warning("%s[%d] cannot be sought yet: %r", tp.topic, tp.partition, error)
            await asyncio.sleep(1.0)
