"""`upswell worker`: one or several processes that count and rank what lies on Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Annotated

import typer

from pipeline.cli.common import (
    BrokersFlag,
    ConfigFlag,
    LatenessFlag,
    PaneFlag,
    PartitionsFlag,
    settings_in_force,
)
from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.kafka.broker import die_with_parent
from pipeline.kafka.connection import KafkaUseError
from schemas import PostError, parse_time

RESTART_AFTER_S = 1.0
STOPS_WITHIN_S = 15.0


def worker(
    number: Annotated[int, typer.Option("-n", "--number", min=1, max=64, help="Processes, each a worker")] = 1,
    live: Annotated[
        bool, typer.Option("--live", help="Tell idle partitions the time, for producers that write no markers")
    ] = False,
    lists_from: Annotated[
        str,
        typer.Option("--lists-from", metavar="TIME", help="Event time; before it only few lists are made"),
    ] = "0",
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    partitions: PartitionsFlag = None,
    log: Annotated[str, typer.Option("--log", metavar="LEVEL", help="debug, info, warning or error")] = "warning",
) -> None:
    """Count and rank the posts on Kafka, until Ctrl-C.

    Workers share the partitions of the posts among themselves; start as many as there are cores, on as many machines
    as you like, and stop or kill them whenever: no count changes by it. The topics are made by `upswell topics init`.

    \b
    Examples:
      upswell worker
      upswell worker -n 4 --brokers kafka1:9092,kafka2:9092
      upswell worker --live
    """
    settings = settings_in_force(
        config,
        pane_ms=pane_ms,
        max_out_of_orderness_ms=max_out_of_orderness_ms,
        partitions=partitions,
        kafka_brokers=brokers,
    )
    if number > 1:
        _supervise(number, settings.metrics_port)
        return
    from agents.run import WorkerError, run
    from pipeline.health import ExposeError

    try:
        lists_from_ms = parse_time(int(lists_from) if lists_from.isdecimal() else lists_from)
    except PostError as error:
        raise WrongUseError(f"--lists-from: {error.detail.partition(' - at')[0]}") from None
    try:
        run(settings, live=live, lists_from_ms=lists_from_ms, log=log, say=complain)
    except (WorkerError, KafkaUseError, ExposeError) as error:
        raise CommandError(str(error)) from None


def _supervise(number: int, metrics_port: int) -> None:
    """Runs the same command in `number` processes, each with the next port for its metrics; one that ends is started
    again."""

    def start(place: int) -> subprocess.Popen[bytes]:
        own = {"UPSWELL_METRICS_PORT": str(metrics_port + place)} if metrics_port else {}
        return subprocess.Popen(  # noqa: S603  # our own command line
            command, env=os.environ | own, preexec_fn=die_with_parent()
        )

    ended = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):  # both are for all of them: none may be left behind
        signal.signal(kind, lambda *_: ended.set())
    command = [sys.executable, "-m", "pipeline.cli", *sys.argv[1:], "--number", "1"]  # the last one counts
    workers = [start(place) for place in range(number)]
    try:
        while not ended.wait(0.2):
            for place, one in enumerate(workers):
                if one.poll() is not None:
                    complain(f"worker {one.pid} ended with {one.returncode}; another one starts")
                    ended.wait(RESTART_AFTER_S)
                    workers[place] = start(place)
    finally:
        for one in workers:
            one.send_signal(signal.SIGTERM)
        for one in workers:
            try:
                one.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.kill(one.pid, signal.SIGKILL)
