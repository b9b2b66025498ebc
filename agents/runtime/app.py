"""The Faust app: its settings that were found to matter, its end, and how agents say that going on makes no sense."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

import faust

from agents.publish import CannotGoOnError
from agents.runtime.tables import Tables
from agents.runtime.transport import Transport
from pipeline.kafka.connection import Connection
from pipeline.kafka.log import GlobalTable

SESSION_TIMEOUT_S = 6.0


class UpswellApp(faust.App):
    """Faust's app, and a way for agents to say that going on makes no sense."""

    fault: CannotGoOnError | None = None
    heard: Sequence[GlobalTable[Any]] = ()
    hand_over: Callable[[], Awaitable[None]]  # others may get what this worker reads

    async def on_shutdown(self) -> None:
        """Nobody reads batches any more."""
        for table in self.heard:
            await asyncio.to_thread(table.close)
        await super().on_shutdown()

    def give_up(self, fault: CannotGoOnError) -> None:
        """Whoever runs the app is to end it."""
        self.fault = self.fault or fault
        self.gave_up.set()

    @cached_property
    def gave_up(self) -> asyncio.Event:
        return asyncio.Event()

    def _create_directories(self) -> None:
        """Tables live in memory; a folder beside whoever started us would stay empty."""


def make_app(group: str, connection: Connection, batched_topics: set[str], poll_records: int) -> UpswellApp:
    """An app in a consumer group that reads these topics in batches of at most so many records; nothing is connected
    before it is started."""
    app = UpswellApp(
        group,
        broker=connection.faust_urls(),
        broker_credentials=_credentials(connection),
        broker_max_poll_records=poll_records,
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
    app.transport = Transport(app.conf.broker_consumer, app, batched_topics=batched_topics)
    return app


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
