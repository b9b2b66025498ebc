"""One worker process: runs the app until it is told to stop, and ends within seconds then, whatever hangs."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

import faust
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from agents.app import create_app
from agents.context import Context, Topics
from pipeline.garbage import collect_rarely
from pipeline.health import Health, expose
from pipeline.kafka.connection import Connection, wait_for_broker
from pipeline.kafka.topics import setting_of
from pipeline.settings import Settings
from pipeline.text import EventMatcher
from pipeline.trends.panes import Grid

PATIENCE_S = 60.0  # with a broker that does not answer at the start
STOPS_WITHIN_S = 10.0
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 15.0


class WorkerError(Exception):
    """A worker cannot go on: one sentence that says what to do."""


def run(settings: Settings, *, live: bool, lists_from_ms: int, log: str, say: Callable[[str], None]) -> int:
    """One worker with these settings, until it is told to stop. Raises WorkerError, KafkaUseError."""
    quiet_logging(log)
    connection = Connection.of(settings)
    registry = CollectorRegistry()
    expose(registry, settings.metrics_port, settings.metrics_host)
    there = wait_for_broker(connection, PATIENCE_S, say)
    _check_topics(settings, there)
    context = Context(
        Grid(settings.pane_ms, settings.lateness_ms),
        settings.partitions,
        Topics(settings.kafka_prefix),
        Health(registry),
        settings.shards,
        EventMatcher(settings.events, settings.watchlists) if settings.events or settings.watchlists else None,
        max_ahead_ms=settings.max_ahead_ms,
        live=live,
        rules=settings.rules,
        lists_from_ms=lists_from_ms,
    )

    def make() -> faust.App:
        return create_app(context, connection, on_ready=lambda: say("ready"), say=say)

    return run_worker(make, say)


def _check_topics(settings: Settings, there: dict[str, int]) -> None:
    """Raises WorkerError for a topic that is not there, or has another number of partitions than the settings say."""
    topics = Topics(settings.kafka_prefix)
    wanted = {
        topics.posts: settings.partitions, topics.counts: settings.shards, topics.trends: 1, topics.live: 1,
        topics.dead: 1, topics.alerts: 1, topics.decisions: 1, topics.rank_state: settings.shards,
        topics.alert_state: 1,
    }  # fmt: skip
    if settings.shards > 1:
        wanted |= {topics.parts: 1, topics.merge_state: 1}
    for name, partitions in wanted.items():
        if name not in there:
            raise WorkerError(f"the topic {name} is not there; make it with `upswell topics init`")
        if there[name] != partitions:
            raise WorkerError(
                f"the topic {name} has {there[name]} partitions and the settings say {partitions}; set"
                f" {setting_of(name)} to what is there, or choose another UPSWELL_KAFKA_PREFIX"
            )


def run_worker(make_app: Callable[[], faust.App], say: Callable[[str], None], patience_s: float = PATIENCE_S) -> int:
    """Runs the app that `make_app` makes until SIGINT or SIGTERM; returns the exit code.

    A broker that cannot be reached at the start is tried again for `patience_s`; a stop that hangs is cut short.
    """
    return asyncio.run(_run(make_app, say, patience_s))


async def _run(make_app: Callable[[], faust.App], say: Callable[[str], None], patience_s: float) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    began, pause = loop.time(), FIRST_RETRY_S
    while not stop.is_set():
        app = make_app()
        try:
            await app.start()
        except KafkaConnectionError as error:
            await _stop(app)
            if loop.time() - began + pause > patience_s:
                raise WorkerError(f"{error}; is the broker running, and is UPSWELL_KAFKA_BROKERS right?") from None
            say(f"no broker answers yet, next try in {pause:.0f} s ({error})")
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                pause = min(pause * 2, LAST_RETRY_S)
            continue
        break
    else:
        return 0
    collect_rarely()
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({crashed, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failure = app.crash_reason
    _cut_short_after(STOPS_WITHIN_S, 1 if failure else 0)
    await _stop(app)
    for task in (crashed, stopping):
        task.cancel()
    if failure is not None:
        raise WorkerError(f"the worker ends: {failure!r}")
    return 0


async def _stop(app: faust.App) -> None:
    """Commits what is declared, and closes."""
    try:
        await asyncio.wait_for(app.stop(), STOPS_WITHIN_S)
    except Exception as error:
        app.log.warning("the stop was not clean: %r", error)


def _cut_short_after(seconds: float, code: int) -> None:
    """Ends the process, should something hang: the design needs no clean stop to be right."""

    def end() -> None:
        sys.stderr.flush()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def quiet_logging(level: str) -> None:
    """One line an event on standard error; the libraries speak only from `level` on."""
    line = "%(asctime)s %(levelname).1s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format=line)
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


