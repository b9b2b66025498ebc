"""The workers that a bench measures: the broker, the topics and the processes of a run, and what these have used."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.common import ROOT
from pipeline.cli.common import settings_in_force
from pipeline.cli.errors import CommandError
from pipeline.kafka.connection import Connection, admin
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.results import follow_trends
from pipeline.kafka.topics import init_topics, topic_table
from pipeline.settings import Settings
from schemas import decode_post

DONE_WITHIN_S = 1_800.0
FIRST_WITHIN_S = 900.0
WORKER = ("-m", "pipeline.cli", "worker")
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def apache() -> Iterator[tuple[str, int]]:
    """An Apache Kafka of its own, ended and deleted afterwards: its address and its process."""
    from tests.kafka.apache import Apache

    with (
        tempfile.TemporaryDirectory(prefix="upswell-bench-", ignore_cleanup_errors=True) as folder,
        Apache(Path(folder) / "kafka") as broker,
    ):
        yield broker.address, broker.pid


@contextmanager
def topics_of_a_run(brokers: str | None, folder: Path) -> Iterator[Settings]:
    """Topics of this run alone."""
    settings = settings_in_force(
        folder / "upswell.toml", kafka_brokers=brokers, kafka_prefix=f"bench-{uuid.uuid4().hex[:8]}-"
    )
    init_topics(settings)
    try:
        yield settings
    finally:
        with admin(Connection.of(settings)) as client:
            client.delete_topics([topic.name for topic in topic_table(settings)])


@contextmanager
def workers_running(
    settings: Settings, number: int, folder: Path, program: Sequence[str] = WORKER
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes, as anybody would start them; `program` is what Python is told to run."""
    env = os.environ | {
        "UPSWELL_KAFKA_BROKERS": settings.kafka_brokers,
        "UPSWELL_KAFKA_PREFIX": settings.kafka_prefix,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, *program]
    with (folder / "worker.log").open("ab") as log:
        running = [subprocess.Popen(command, cwd=folder, env=env, stderr=log) for _ in range(number)]
    try:
        yield running
        ended = [one.returncode for one in running if one.poll() is not None]
        if ended:
            raise CommandError(f"a worker ended with {ended[0]}: {(folder / 'worker.log').read_text()[-300:].strip()}")
    finally:
        for one in running:
            one.send_signal(signal.SIGTERM)
        for one in running:
            one.wait(30)


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise CommandError("CPU time of other processes is read from /proc, which this system lacks") from None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def push(settings: Settings, file: Path) -> None:
    """All posts of a file, and the markers at their end."""
    with PostProducer(settings) as producer, file.open("rb") as lines:
        for line in lines:
            producer.push_record(line.rstrip(b"\n"), decode_post(line))
        producer.finish()


def noting_first(file: Path) -> tuple[str, ...]:
    """A worker that makes the file when its first record comes."""
    return "-m", "bench.first_record", str(file), "worker"


async def from_first_to_hour(
    settings: Settings, newest_ms: int, first: Path, running: Sequence[subprocess.Popen[bytes]]
) -> tuple[int, float, float]:
    """`until_hour` of workers that note their first record; then the CPU time (s) of all and the seconds since it."""
    following = asyncio.create_task(until_hour(settings, newest_ms))
    deadline = time.monotonic() + FIRST_WITHIN_S
    while not first.exists():
        ended = [one.returncode for one in running if one.poll() is not None]
        if ended or time.monotonic() > deadline:
            raise CommandError(f"the worker read nothing ({ended})")
        await asyncio.sleep(0.01)
    began, before = time.monotonic(), sum(cpu_s(one.pid) for one in running)
    lists = await following
    return lists, sum(cpu_s(one.pid) for one in running) - before, time.monotonic() - began


async def until_hour(settings: Settings, newest_ms: int) -> int:
    """Follows the lists to the one of the full hour behind the newest post, which the last marker makes final; how
    many there were."""
    seen = set()
    async with asyncio.timeout(DONE_WITHIN_S):
        async for trends in follow_trends(settings):
            seen.add((trends.scope, trends.window, trends.at))
            if (trends.scope, trends.window) == ("all", "24h") and trends.at > newest_ms:
                break
    return len(seen)
