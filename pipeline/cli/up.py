"""`upswell up`: everything on this machine; push your posts to it."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import (
    ConfigFlag,
    LatenessFlag,
    PaneFlag,
    PartitionsFlag,
    kafka_faults,
    settings_in_force,
)
from pipeline.cli.errors import CommandError
from pipeline.cli.local_stack import following_alerts, running, running_sources
from pipeline.settings import FILE_NAME
from pipeline.sources.keeping import KeptLog
from pipeline.sources.kept import FolderError


def up(
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Of the broker, on loopback")] = 9092,
    config: ConfigFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    partitions: PartitionsFlag = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Keep what comes in here, and begin with what is here")
    ] = None,
) -> None:
    """Start an embedded Kafka broker with its topics and a worker, on this machine alone, until Ctrl-C.

    Where your file has a [[source]], its posts come in. Where it has a [[rule]], alerts are told as they fire and end,
    and sent to each [[receiver]].

    The broker keeps its data in memory: when it ends, posts and history are gone. With --data, posts, decisions and
    definitions are kept in a folder, on the disk a tenth of a second after they came; started again, it has the same
    lists. That is for an event; for what runs for months, start Kafka with `docker compose up`, or name a broker of
    your own in UPSWELL_KAFKA_BROKERS and start `upswell worker`.

    \b
    Examples:
      upswell up
      upswell up --port 19092 --config event.toml
      upswell up --data event/
    """
    settings = settings_in_force(
        config, pane_ms=pane_ms, max_out_of_orderness_ms=max_out_of_orderness_ms, partitions=partitions
    )
    flags: list[str] = []
    if config or Path(FILE_NAME).exists():
        flags += ["--config", str((config or Path(FILE_NAME)).resolve())]
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with kafka_faults(), ExitStack() as stack:
        kept = _kept(data, settings.partitions, stack) if data else None
        there = stack.enter_context(running(settings, ["--live", *flags], port, kept))
        print(f"push posts to Kafka at {there.kafka_brokers}, topic posts (JSON, keyed by author), or with")
        print(f"  upswell produce --brokers {there.kafka_brokers} < posts.ndjson")
        print(f"set it up and see it in a browser with\n  upswell serve --brokers {there.kafka_brokers}")
        print(f"watch with\n  upswell trends --brokers {there.kafka_brokers}")
        print(f"and change events, watchlists and rules with\n  upswell reload --brokers {there.kafka_brokers}")
        print(f"what comes in is kept in {data}; Ctrl-C ends it" if data else "all is in memory only; Ctrl-C ends it")
        if settings.rules:
            print("alerts are told below, and sent to the receivers that your file describes")
        if settings.sources:
            print("posts come in from the sources that your file describes")
        sys.stdout.flush()
        if settings.sources:
            stack.enter_context(running_sources(there, flags))
        if settings.rules:
            stack.enter_context(following_alerts(there, flags, data))
        try:
            ended.wait()
        except KeyboardInterrupt:
            print()


def _kept(folder: Path, partitions: int, stack: ExitStack) -> KeptLog:
    try:
        kept = KeptLog(folder, partitions)
    except FolderError as error:
        raise CommandError(str(error)) from None
    stack.callback(kept.close)
    if count := len(kept):
        print(f"{folder} holds {count:,} records; they are read back first", flush=True)
    return kept
