"""The Faust app of upswell: which agents read which topics, and the settings that were found to matter.

    posts --count--> topic-counts --rank--> trends   (what cannot be read: posts-dead)
                                       \\--> trend-parts --merge--> trends   where topics are shared among shards
    trends --alert--> alerts
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, Protocol

import faust
from faust.types import TP

from agents.alert import Alert
from agents.context import Context
from agents.count import Count
from agents.heard import Orders, Said
from agents.merge import Merge
from agents.publish import CannotPassError
from agents.rank import Rank
from agents.state import StateTable, Tables
from agents.transport import Batch, BatchSchema, Transport
from pipeline.kafka.connection import Connection
from pipeline.kafka.definitions import DefinitionsLog

GROUP = "upswell"
SESSION_TIMEOUT_S = 6.0
HEARD_EVERY_S = 0.5  # orders about alerts
STRAYS_EVERY_S = 5.0  # alerts that somebody said who was not to, any more
LOOKS_PER_FLUSH = 8  # how often the rank stage looks whether provisional lists are due
POLL_RECORDS = 10_000  # a batch has at most so many


class BatchAgent(Protocol):
    """What takes batches, and finds its way back after an error."""

    async def take(self, batch: Batch) -> None: ...

    async def recover(self, tp: TP) -> None: ...

    async def seek_silent(self) -> None: ...


class UpswellApp(faust.App):
    """Faust's app, and a way for agents to say that going on makes no sense."""

    fault: CannotPassError | None = None
    orders: Orders
    said: Said

    async def on_shutdown(self) -> None:
        """Nobody reads batches any more."""
        await self.orders.close()
        await self.said.close()
        await super().on_shutdown()

    def give_up(self, fault: CannotPassError) -> None:
        """Whoever runs the app is to end it."""
        self.fault = self.fault or fault
        self.gave_up.set()

    @cached_property
    def gave_up(self) -> asyncio.Event:
        return asyncio.Event()

    def _create_directories(self) -> None:
        """Tables live in memory; a folder beside whoever started us would stay empty."""


def create_app(
    context: Context,
    connection: Connection,
    definitions: DefinitionsLog,
    *,
    group: str = GROUP,
    on_ready: Callable[[], None] | None = None,
    say: Callable[[str], None],
) -> UpswellApp:
    """The app; nothing is connected before it is started. `say` gets a line for each order about alerts and for other
    rules."""
    app = UpswellApp(
        f"{context.topics.prefix}{group}",
        broker=connection.faust_urls(),
        broker_credentials=_credentials(connection),
        broker_max_poll_records=POLL_RECORDS,
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        broker_commit_livelock_soft_timeout=3_600.0,
        broker_request_timeout=30.0,
        broker_rebalance_timeout=20.0,
        consumer_max_fetch_size=4 << 20,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=4_000,
        producer_acks=-1,
        producer_compression_type="zstd",  # of lz4 aiokafka knows only the slowest level
        producer_linger=0.0,
        producer_max_batch_size=900_000,
        producer_max_request_size=1 << 20,
        producer_request_timeout=30.0,
        producer_metadata_max_age_ms=4_000,
        stream_buffer_maxsize=8,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_processing_timeout=3_600.0,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
        worker_redirect_stdouts=False,
        TableManager=Tables,
        autodiscover=False,
    )
    topics = context.topics
    carried = {topics.posts, topics.counts, topics.parts, topics.trends}
    app.transport = Transport(app.conf.broker_consumer, app, carried=carried)
    count = Count(app, context, definitions)
    rank = Rank(app, context, StateTable(app, "rank", topics.rank_state, context.shards))
    _attach(app, "count", topics.posts, count)
    _attach(app, "rank", topics.counts, rank)
    previewing: list[Rank | Merge] = [rank]
    if context.shards > 1:
        merge = Merge(app, context, StateTable(app, "merge", topics.merge_state, 1))
        _attach(app, "merge", topics.parts, merge)
        previewing.append(merge)
    app.orders, app.said = Orders(connection, topics.decisions), Said(connection, topics.alerts)
    state = StateTable(app, "alert", topics.alert_state, 1)
    alert = Alert(app, context, state, app.orders, app.said, definitions, say)
    _attach(app, "alert", topics.trends, alert)
    agents: list[BatchAgent] = [count, *previewing, alert]

    async def preview() -> None:
        for previews in previewing:
            await previews.preview()

    async def seek_silent() -> None:
        for agent in agents:
            await agent.seek_silent()

    flush_s = context.flush_ms / 1_000
    _every(app, flush_s, count.report, "how far posts were read was not told, the next time says it")
    _every(app, flush_s, rank.wake_idle, "idle partitions were not woken, the next time they are")
    if context.live:
        _every(app, flush_s, count.tell_the_time, "idle partitions were not told the time, the next time they are")
    _every(app, flush_s, seek_silent, "silent partitions were not looked at, the next time they are")
    _every(app, flush_s / LOOKS_PER_FLUSH, preview, "provisional lists were not published, the next ones are")
    _every(app, HEARD_EVERY_S, alert.hear, "orders about alerts were not heard, the next time they are")
    _every(app, STRAYS_EVERY_S, alert.end_strays, "what others said of alerts was not heard, the next time it is")

    @app.on_rebalance_complete.connect
    async def ready(*_: Any, **__: Any) -> None:
        context.health.rebalanced()
        if on_ready is not None:
            on_ready()

    return app


def _every(app: UpswellApp, seconds: float, work: Callable[[], Awaitable[None]], otherwise: str) -> None:
    """Does the work every so often while the app runs. An error is told in a line that says what it means."""

    @app.task  # type: ignore[untyped-decorator]
    async def repeat() -> None:
        while not app.should_stop:
            await asyncio.sleep(seconds)
            try:
                await work()
            except CannotPassError as error:
                app.give_up(error)
            except Exception as error:
                app.log.warning("%s: %r", otherwise, error)


def _credentials(connection: Connection) -> Any:
    """What Faust calls TLS and SASL; None for neither."""
    if connection.with_sasl:
        return faust.SASLCredentials(
            username=connection.user,
            password=connection.password,
            mechanism=connection.sasl_mechanism,
            ssl_context=connection.tls() if connection.with_tls else None,
        )
    return faust.SSLCredentials(connection.tls()) if connection.with_tls else None


def _attach(app: UpswellApp, name: str, topic: str, agent: BatchAgent) -> None:
    """A Faust agent that hands its batches on; an error costs a way back, never a count."""
    app.agent(app.topic(topic, schema=BatchSchema()), name=f"upswell.{name}")(_reader(app, name, agent))


def _reader(app: UpswellApp, name: str, agent: BatchAgent) -> Callable[[Any], Awaitable[None]]:
    async def read(stream: Any) -> None:
        async for batch in stream:
            try:
                await agent.take(batch)
            except CannotPassError as error:
                app.give_up(error)
                await _recover(app, agent, batch.tp)
            except Exception as error:
                app.log.warning(
                    "%s: %s[%d]@%d is read again from its committed offset after an error: %r",
                    name, batch.tp.topic, batch.tp.partition, batch.first, error,
                )  # fmt: skip
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
