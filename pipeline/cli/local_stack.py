"""All of upswell on this machine: an embedded broker, its topics and a worker, for as long as a block runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import IO

import msgspec

from pipeline.cli.errors import CommandError
from pipeline.kafka.broker import die_with_parent, embedded_broker, watched
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings
from pipeline.sources.keeping import KeptLog
from pipeline.sources.kept import FolderError

READY_WITHIN_S = 30.0
STOPS_WITHIN_S = 12.0


@contextmanager
def running(
    settings: Settings, worker_flags: Sequence[str], port: int | None = None, kept: KeptLog | None = None
) -> Iterator[Settings]:
    """Starts broker and worker; yields the settings with the broker's address. Both end with the block, and with this
    process however it ends. It begins with what is `kept`, and what comes in is kept there. Raises KafkaUseError,
    CommandError."""
    with starting(settings, worker_flags, port, kept) as (there, ready):
        ready()
        yield there


@contextmanager
def starting(
    settings: Settings, worker_flags: Sequence[str], port: int | None = None, kept: KeptLog | None = None
) -> Iterator[tuple[Settings, Callable[[], None]]]:
    """As `running`, for whoever has posts to push meanwhile: the worker is ready when what is yielded beside the
    settings returns."""
    with embedded_broker(port) as address:
        there = msgspec.structs.replace(settings, kafka_brokers=address, kafka_prefix="", replication=1)
        init_topics(there, just_begun=True)
        if kept is not None:
            try:
                kept.give_back(there)
            except FolderError as error:
                raise CommandError(str(error)) from None
        with nullcontext() if kept is None else kept.keeping(there, _say), _worker(there, worker_flags) as ready:
            yield there, ready


@contextmanager
def following_alerts(settings: Settings, flags: Sequence[str], kept: Path | None = None) -> Iterator[None]:
    """Alerts are told on our standard output and brought to the receivers, for as long as the block runs. `kept`: the
    folder that remembers which; else nothing is remembered afterwards."""
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="upswell-alerts-") as folder:
        state = str(Path(folder) / "alerts.db")
        command = ["alerts", "follow", "--brokers", settings.kafka_brokers, "--state", state, *flags]
        with _child(command, None, UPSWELL_METRICS_PORT="0"):  # the port is the worker's
            yield


@contextmanager
def running_sources(settings: Settings, flags: Sequence[str]) -> Iterator[None]:
    """The posts of the settings' sources come in for as long as the block runs; faults are told on our standard
    error."""
    command = ["sources", "--brokers", settings.kafka_brokers, "--partitions", str(settings.partitions), *flags]
    with _child(command, None, UPSWELL_METRICS_PORT="0"):  # the port is the worker's
        yield


@contextmanager
def _worker(settings: Settings, flags: Sequence[str]) -> Iterator[Callable[[], None]]:
    command = [
        "worker",
        "--brokers",
        settings.kafka_brokers,
        "--pane-ms",
        str(settings.pane_ms),
        "--max-out-of-orderness-ms",
        str(settings.max_out_of_orderness_ms),
        "--partitions",
        str(settings.partitions),
        *flags,
    ]
    with (
        tempfile.NamedTemporaryFile("w+b", prefix="upswell-worker-", suffix=".log") as log,
        _child(command, log.file) as process,
    ):
        yield cache(partial(_wait_until_ready, process, Path(log.name)))


@contextmanager
def _child(command: Sequence[str], output: IO[bytes] | None, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our own commands in a process that ends with the block, and with this process however it ends. `output`:
    where what it says goes; None: where ours does. `settings` are its own, whatever the environment says."""
    environment = {name: value for name, value in os.environ.items() if name != "UPSWELL_KAFKA_PREFIX"} | settings
    process = subprocess.Popen(  # noqa: S603  # our own command line
        [sys.executable, "-m", "pipeline.cli", *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    with watched(process, STOPS_WITHIN_S):
        yield process


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        said = log.read_text(errors="replace")
        if "upswell: ready" in said:
            return
        if process.poll() is not None:
            last = said.strip().rpartition("\n")[2]
            raise CommandError(f"the worker ended: {last or 'without a word'}")
        time.sleep(0.05)
    raise CommandError(f"the worker was not ready after {READY_WITHIN_S:.0f} s")
