"""`python -m bench.kafka`: what a post costs on Kafka, workers as they run in production, on a backlog or live."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bench.common import (
    BARE_LOOP,
    MAX_POSTS,
    MAX_RATE,
    MAX_TOPICS,
    MAX_WORKERS,
    Figure,
    bench_app,
    cost_of,
    main,
    numbers,
    say,
)
from bench.live import PROBE, live
from bench.posts import newest_ms, write_posts
from bench.workers import apache, cpu_s, from_first_to_hour, noting_first, push, topics_of_a_run, workers_running
from pipeline.cli.common import kafka_faults

BACKLOG_LIMIT = 8.0


def kafka(
    posts: Annotated[int, typer.Option("--posts", min=1, max=MAX_POSTS, metavar="N", help="Posts of the backlog")] = (
        1_000_000
    ),
    topics: Annotated[
        int, typer.Option("--topics", min=1, max=MAX_TOPICS, metavar="N", help="Distinct hashtags to choose from")
    ] = 20_000,
    rate: Annotated[
        int, typer.Option("--rate", min=1, max=MAX_RATE, metavar="R", help="Posts a second of event time")
    ] = 1_000,
    live_s: Annotated[
        int, typer.Option("--live", min=0, metavar="S", help="Post so many seconds long at --rate, by the clock")
    ] = 0,
    workers: Annotated[
        str, typer.Option("--workers", metavar="N[,N...]", help="Workers; several numbers give a run for each")
    ] = "1",
    brokers: Annotated[
        str | None,
        typer.Option("--brokers", metavar="HOST:PORT", help="Kafka, several with commas [default: one of its own]"),
    ] = None,
    broker_pid: Annotated[
        int | None, typer.Option("--broker-pid", metavar="PID", help="With --brokers: its process, to measure it too")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of lines")] = False,
) -> None:
    """Measure what a post costs on Kafka: on one named by --brokers, else on an Apache Kafka that is started for it.

    Topics of the run alone are made and deleted again. An Apache Kafka of its own needs Java and Maven.

    \b
    Examples:
      python -m bench.kafka --workers 1,2
      python -m bench.kafka --rate 20000 --live 60
      python -m bench.kafka --brokers kafka.example.org:9092
    """
    numbers_of_workers = numbers("--workers", workers, MAX_WORKERS)
    with ExitStack() as stack:
        if brokers is None:
            brokers, broker_pid = stack.enter_context(apache())
        stack.enter_context(kafka_faults())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="upswell-bench-")))
        (folder / "upswell.toml").write_text(f'[[event]]\nname = "{PROBE}"\nhashtags = ["{PROBE}"]\n')
        found: Iterable[Figure]
        if live_s:
            lived = (live(folder, rate, live_s, topics, number, brokers) for number in numbers_of_workers)
            found = chain.from_iterable(lived)
        else:
            found = _backlogs(folder, posts, topics, rate, numbers_of_workers, brokers, broker_pid)
        if as_json:
            print(msgspec.json.encode(list(found)).decode())
            return
        for figure in found:  # as soon as each is known: what fails later takes none away
            print(figure.line, flush=True)


def _backlogs(
    folder: Path,
    posts: int,
    topics: int,
    rate: int,
    workers: Sequence[int],
    brokers: str | None,
    broker_pid: int | None,
) -> Iterator[Figure]:
    """All posts lie there before the first worker starts; it ends with the list of the last full hour."""
    file = folder / "posts.ndjson"
    say(f"{posts:,} posts are made")
    write_posts(str(file), posts, topics, rate, 1)
    bare = cost_of("the bare loop", [BARE_LOOP, str(file)], folder).cpu_s * 1e6 / posts
    yield Figure("CPU s per million posts, bare loop over the same file", bare)
    for number in workers:
        with topics_of_a_run(brokers, folder) as settings:
            push(settings, file)
            say(f"{number} worker(s) read them")
            broker = cpu_s(broker_pid) if broker_pid else 0.0
            began, first = time.monotonic(), folder / f"first-{number}"
            with workers_running(settings, number, folder, noting_first(first)) as running:
                counted = from_first_to_hour(settings, newest_ms(posts, rate), first, running)
                lists, since_first, _ = asyncio.run(counted)
                wall = time.monotonic() - began
                cpu = sum(cpu_s(one.pid) for one in running) * 1e6 / posts
            what = f"{number} worker{'s' * (number > 1)}"
            spent = (cpu_s(broker_pid) - broker) * 1e6 / posts if broker_pid else None
        yield Figure(f"CPU s per million posts, {what}, their start included", cpu, BACKLOG_LIMIT)
        yield Figure(f"CPU s per million posts, {what}, from the first record on", since_first * 1e6 / posts)
        yield Figure(f"times the bare loop, {what}", cpu / bare)
        yield Figure(f"posts a second, {what}, {lists:,} lists", posts / wall)
        if spent is not None:
            yield Figure(f"CPU s per million posts, the broker, {what}", spent)


app = bench_app(kafka)

if __name__ == "__main__":
    main(app, "kafka")
