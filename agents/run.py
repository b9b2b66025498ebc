"""One worker process: runs the app until it is told to stop, and ends within seconds then, whatever hangs."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from prometheus_client import CollectorRegistry

from agents.app import create_app
from agents.context import Context, Tuning
from agents.publish import CannotGoOnError, CannotPassError
from agents.runtime.app import UpswellApp
from pipeline.gc_tuning import IN_FLIGHT, collect_rarely
from pipeline.health import Health, expose
from pipeline.kafka.connection import Connection, as_fault, control_keys, forbidden, wait_for_broker
from pipeline.kafka.definitions import DefinitionsLog, defined_by, stale
from pipeline.kafka.rights import check_rights, worker_rights
from pipeline.kafka.topics import topic_table
from pipeline.settings import Settings
from pipeline.trends.panes import Grid
from schemas.topics import Topics

STOPS_WITHIN_S, COMMITS_WITHIN_S = 4.5, 2.0
SWITCH_S = 0.001  # after so long what is done apart lets the loop have its turn
OUTAGE_S = 10.0  # without a sign of it: it is over
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 15.0


class WorkerError(Exception):
    """A worker cannot go on: one sentence that says what to do."""


def run(
    settings: Settings,
    *,
    live: bool,
    lists_from_ms: int,
    log: str,
    say: Callable[[str], None],
    tuning: Tuning = Tuning(),  # noqa: B008  # it is frozen
) -> int:
    """One worker with these settings, until it is told to stop. Raises WorkerError, KafkaUseError,
    ExposeError."""
    quiet_logging(log, say)
    connection = Connection.of(settings)
    registry = CollectorRegistry()
    health = Health(registry)
    expose(registry, settings.metrics_port, settings.metrics_host, lambda: health.fault)
    there = wait_for_broker(connection, tuning.broker_within_s, say)
    _check_topics(settings, there)
    topics = Topics(settings.kafka_prefix)
    check_rights(connection, worker_rights(settings), topics.group)
    definitions = DefinitionsLog(settings, tuning.broker_within_s)
    _say_what_counts(settings, definitions, say)
    context = Context(
        Grid(settings.pane_ms, settings.max_out_of_orderness_ms),
        settings.partitions,
        topics,
        health,
        control=control_keys(settings),
        live=live,
        tuning=tuning,
        lists_from_ms=lists_from_ms,
    )

    def make() -> UpswellApp:
        return create_app(context, connection, definitions, on_ready=lambda: say("ready"), say=say)

    return asyncio.run(_run(make, say, lambda error: _sentence(error, connection), tuning.broker_within_s))


def _sentence(error: BaseException, connection: Connection) -> str:
    """What ended a worker, for whoever runs it."""
    if isinstance(error, CannotPassError):
        if isinstance(error.error, MessageSizeTooLargeError):
            return f"topic {error.topic} takes no messages as large as ours: set its max.message.bytes to 1048588"
        if "Authorization" in type(error.error).__name__:
            return str(forbidden(connection, f"WRITE topic {error.topic}"))
    if isinstance(error, CannotGoOnError):
        return str(error)
    fault = as_fault(error, connection) if isinstance(error, Exception) else None
    return f"the worker ends: {fault or repr(error)}"


def _check_topics(settings: Settings, there: dict[str, int]) -> None:
    """Raises WorkerError for a topic that is not there, or has another number of partitions than the settings say."""
    for wanted in topic_table(settings):
        if not wanted.topic.operations("worker"):
            continue
        if wanted.name not in there:
            raise WorkerError(f"the topic {wanted.name} is not there; make it with `upswell topics init`")
        if there[wanted.name] != wanted.partitions:
            raise WorkerError(
                f"the topic {wanted.name} has {there[wanted.name]} partitions and the settings say {wanted.partitions};"
                f" set {wanted.counted_by} to what is there, or choose another UPSWELL_KAFKA_PREFIX"
            )


def _say_what_counts(settings: Settings, definitions: DefinitionsLog, say: Callable[[str], None]) -> None:
    """The first worker's file tells what holds from the beginning; afterwards the log decides, whatever files say."""
    definitions.begin_with(defined_by(settings))
    if complaint := stale(settings, definitions.history.newest):
        say(complaint)


async def _run(
    make_app: Callable[[], UpswellApp],
    say: Callable[[str], None],
    sentence: Callable[[BaseException], str],
    patience_s: float,
) -> int:
    """Runs the app that `make_app` makes until SIGINT or SIGTERM; returns the exit code.

    A broker that cannot be reached at the start is tried again for `patience_s`; a stop that hangs is cut short. Raises
    WorkerError with the `sentence` about what ended it.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def told_to_stop() -> None:
        stop.set()
        _cut_short_after(STOPS_WITHIN_S, 0)  # from now on: the app may still be starting, which takes its time

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop)
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
    collect_rarely(IN_FLIGHT)
    sys.setswitchinterval(SWITCH_S)
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    stopping = asyncio.ensure_future(stop.wait())
    gave_up = asyncio.ensure_future(app.gave_up.wait())
    await asyncio.wait({crashed, stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
    failure = app.fault or app.crash_reason
    if failure is not None:
        _cut_short_after(STOPS_WITHIN_S, 1)
    else:
        with suppress(Exception):  # before all else: should the rest be cut short, nothing that closed is read again
            async with asyncio.timeout(COMMITS_WITHIN_S):
                await app.consumer.commit()
                await app.hand_over()
    await _stop(app)
    for task in (crashed, stopping, gave_up):
        task.cancel()
    if failure is not None:
        raise WorkerError(sentence(failure))
    return 0


async def _stop(app: UpswellApp) -> None:
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


class OneLineAnOutage(logging.Filter):
    """A broker that goes away makes the libraries say hundreds of lines a second: one, in our words, tells enough."""

    _SIGNS = ("Unable connect", "KafkaConnectionError", "NodeNotReady")

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._say, self._clock = say, clock
        self._seen = -OUTAGE_S

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be shown: during an outage only errors that are not Kafka's clients'."""
        now, of_client = self._clock(), record.name.startswith("aiokafka")
        before = now - self._seen
        if of_client and any(sign in record.getMessage() for sign in self._SIGNS):
            self._seen = now
            if before >= OUTAGE_S:
                self._say("Kafka does not answer; what is not acknowledged is tried again until it does")
            return False
        return before >= OUTAGE_S or (record.levelno >= logging.ERROR and not of_client)


def quiet_logging(level: str, say: Callable[[str], None]) -> None:
    """One line an event on standard error; the libraries speak only from `level` on."""
    line = "%(asctime)s %(levelname).1s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format=line)
    if logging.getLogger().level >= logging.WARNING:
        for handler in logging.getLogger().handlers:
            handler.addFilter(OneLineAnOutage(say))
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # a busy machine is not our readers' business
