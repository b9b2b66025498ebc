"""`python -m bench.beside_flink`: what a post costs upswell, beside Flink, on the same posts in one run.

Each peer counts the hashtags of the same posts, which lie on Kafka before it starts, and writes its results to Kafka:

- floor: confluent-kafka, msgspec and a split, panes of 10 s in dicts; no fault tolerance (bench/floor.py)
- Flink, tumbling and sliding: windows of 10 s, and of 300 s every 10 s; heap state, checkpoints (bench/flink)
- upswell on Kafka: one worker, every list of every window and scope

CPU is user and system time of the peer alone from its first record to its last result; its start is left out. Beside
them the bare loop and `upswell replay` read the posts from a file, each in a process of its own, start included.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bench.common import BARE_LOOP, MAX_POSTS, ROOT, UPSWELL, Figure, bench_app, cost_of, main, say
from bench.counted import Written, counts_of, load, make_topics, results_of
from bench.flink_jars import fetch_flink
from bench.posts import newest_ms, write_posts
from bench.workers import apache, cpu_s, from_first_to_hour, noting_first, push, topics_of_a_run, workers_running
from pipeline.cli.common import kafka_faults
from pipeline.cli.errors import CommandError

TOPICS, RATE, SEED = 20_000, 1_000, 1
MAX_ROUNDS = 25
WITHIN_S = 900.0
QUIET_S = 30.0  # three checkpoints
FLINK_MOST, REPLAY_MOST = 1.0, 6.0  # times Flink's tumbling figure, times the bare loop
BARE, REPLAY, FLOOR = "bare loop", "upswell replay, one process", "floor: confluent + msgspec + split"
TUMBLING, SLIDING, UPSWELL_ON_KAFKA = "Flink, heap, tumbling 10 s", "Flink, heap, sliding 300 s", "upswell on Kafka"
_JVM = (
    "java",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-XX:+UseSerialGC",
    "-Xmx1500m",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
)


class Once(msgspec.Struct):
    """One run of one peer."""

    cpu_s: float
    wall_s: float
    right: bool | None  # whether its results are those of a count without Kafka; None: not compared here


class Row(msgspec.Struct):
    """A peer's runs."""

    peer: str
    start_counts: bool
    cpu_s_per_million: float  # the median, as is the next
    posts_per_s: float
    lowest: float
    highest: float
    right: bool | None
    runs: list[Once]


class Report(msgspec.Struct):
    """What `--json` prints."""

    posts: int
    rounds: int
    rows: list[Row]
    promises: list[Figure]


class Field:
    """The posts, in a file and on a topic, and what the right counts are."""

    def __init__(self, folder: Path, posts: int, brokers: str) -> None:
        self.folder, self.posts, self.brokers = folder, posts, brokers
        self.file = folder / "posts.ndjson"
        self.prefix = f"beside-{uuid.uuid4().hex[:8]}-"
        self.topic = f"{self.prefix}posts"
        (folder / "upswell.toml").touch()  # nobody's settings but the defaults
        write_posts(str(self.file), posts, TOPICS, RATE, SEED)
        self.counts = {sliding: counts_of(self.file, sliding=sliding) for sliding in (False, True)}
        make_topics(brokers, self.topic)
        load(brokers, self.topic, self.file)

    def by_itself(self, doing: str, program: Sequence[str]) -> Once:
        cost = cost_of(doing, [*program], self.folder)
        return Once(cost.cpu_s, cost.wall_s, None)

    def counted(self, command: Sequence[str], *, sliding: bool = False) -> Once:
        """Runs a peer of the same count until all its results are on its topic."""
        run = uuid.uuid4().hex[:8]
        out, first, state = f"{self.prefix}out-{run}", self.folder / f"first-{run}", self.folder / f"state-{run}"
        make_topics(self.brokers, out)
        env = os.environ | {
            "BENCH_BROKER": self.brokers,
            "BENCH_TOPIC": self.topic,
            "BENCH_OUT": out,
            "BENCH_GROUP": f"{self.prefix}{run}",
            "BENCH_FIRST": str(first),
            "BENCH_STATE": str(state),
            "BENCH_WINDOW": "sliding" if sliding else "tumbling",
            "BENCH_POSTS": str(self.posts),
            "PYTHONPATH": str(ROOT),
        }
        log, results = self.folder / f"log-{run}", Written(self.brokers, out)
        with log.open("wb") as errors:
            process = subprocess.Popen([*command], cwd=self.folder, env=env, stdout=errors, stderr=errors)
        try:
            wait(first.exists, process, log)
            began, before = time.monotonic(), cpu_s(process.pid)
            due = len(self.counts[sliding])
            ended, after = _last_result(process, results, due, log)
            once = Once(after - before, ended - began, None)
        finally:
            results.close()
            process.kill()
            process.wait()
        once.right = results_of(self.brokers, out) == self.counts[sliding]
        return once

    def upswell(self) -> Once:
        """One worker, as anybody starts it, until the list of the last full hour is out."""
        with topics_of_a_run(self.brokers, self.folder) as settings:
            push(settings, self.file)
            first = self.folder / f"first-{uuid.uuid4().hex[:8]}"
            with workers_running(settings, 1, self.folder, noting_first(first)) as running:
                newest = newest_ms(self.posts, RATE)
                _, cpu, wall = asyncio.run(from_first_to_hour(settings, newest, first, running))
        return Once(cpu, wall, None)


def _last_result(process: subprocess.Popen[bytes], results: Written, due: int, log: Path) -> tuple[float, float]:
    """When the last result came, and the CPU time used until then: of all that are due, or of those that a peer wrote
    before it wrote no more for QUIET_S (it may have dropped posts as late: its row then says that it is not right)."""
    seen, last = 0, (time.monotonic(), cpu_s(process.pid))

    def done() -> bool:
        nonlocal seen, last
        count, now = results.count(), time.monotonic()
        if count > seen:
            seen, last = count, (now, cpu_s(process.pid))
        return count >= due or (seen > 0 and now > last[0] + QUIET_S)

    wait(done, process, log)
    return last


def wait(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it is so. Raises CommandError with the end of the log if the process ends before, or it takes too long."""
    deadline = time.monotonic() + WITHIN_S
    while not done():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace").strip()[-300:]
            raise CommandError(f"a peer did not come to its end (exit code {process.poll()}): {said}")
        time.sleep(0.02)


def beside_flink(
    posts: Annotated[int, typer.Option("--posts", min=10_000, max=MAX_POSTS, metavar="N", help="Posts")] = 1_000_000,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=MAX_ROUNDS, metavar="N", help="Runs of each peer, in turn; medians")
    ] = 5,
    brokers: Annotated[
        str | None,
        typer.Option("--brokers", metavar="HOST:PORT", help="Kafka, several with commas [default: one of its own]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table")] = False,
) -> None:
    """Measure upswell beside Flink on the same posts: CPU from the first record to the last result, medians of rounds.

    Needs Java (a JDK) and Maven, which fetches Kafka and Flink once. Let nothing else run on the machine.

    \b
    Examples:
      python -m bench.beside_flink
      python -m bench.beside_flink --posts 100000 --rounds 1
    """
    classes = fetch_flink()
    with kafka_faults(), ExitStack() as stack:
        if brokers is None:
            brokers, _ = stack.enter_context(apache())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="upswell-bench-")))
        say(f"{posts:,} posts are made")
        field = Field(folder, posts, brokers)
        peers: dict[str, Callable[[], Once]] = {
            FLOOR: lambda: field.counted([sys.executable, "-m", "bench.floor"]),
            TUMBLING: lambda: field.counted([*_JVM, "-cp", classes, "TopicCount"]),
            SLIDING: lambda: field.counted([*_JVM, "-cp", classes, "TopicCount"], sliding=True),
            UPSWELL_ON_KAFKA: field.upswell,
            BARE: lambda: field.by_itself("the bare loop", [BARE_LOOP, str(field.file)]),
            REPLAY: lambda: field.by_itself("replay", [UPSWELL, "replay", str(field.file), "--out", os.devnull]),
        }
        runs: defaultdict[str, list[Once]] = defaultdict(list)
        for number in range(rounds):
            for peer, run in peers.items():
                say(f"round {number + 1} of {rounds}: {peer}")
                runs[peer].append(run())
    rows = [row_of(peer, posts, some) for peer, some in runs.items()]
    promises = promises_of({row.peer: row.cpu_s_per_million for row in rows})
    if as_json:
        print(msgspec.json.encode(Report(posts, rounds, rows, promises)).decode())
    else:
        print("\n".join(table(posts, rows, promises)))


def row_of(peer: str, posts: int, runs: Sequence[Once]) -> Row:
    """The medians of a peer's runs; right when each was that was compared."""
    costs = [one.cpu_s * 1e6 / posts for one in runs]
    compared = [one.right for one in runs if one.right is not None]
    return Row(
        peer,
        peer in (BARE, REPLAY),
        statistics.median(costs),
        posts / statistics.median(one.wall_s for one in runs),
        min(costs),
        max(costs),
        all(compared) if compared else None,
        list(runs),
    )


def promises_of(costs: Mapping[str, float]) -> list[Figure]:
    """What upswell promises beside the others, by their CPU seconds per million posts."""
    flink, bare = costs[UPSWELL_ON_KAFKA] / costs[TUMBLING], costs[REPLAY] / costs[BARE]
    return [
        Figure("times Flink's tumbling figure, upswell on Kafka", flink, FLINK_MOST),
        Figure("times the bare loop, replay in one process", bare, REPLAY_MOST),
    ]


def table(posts: int, rows: Sequence[Row], promises: Sequence[Figure]) -> Iterator[str]:
    yield f"{posts:,} posts, medians of {len(rows[0].runs)}; CPU s per million posts"
    yield ""
    yield "peer                                          CPU s   lowest  highest    posts/s  right"
    for row in rows:
        right = {None: "", True: "all", False: "NO"}[row.right]
        name = row.peer + (" (start counts)" if row.start_counts else "")
        figures = f"{row.cpu_s_per_million:>7.2f}  {row.lowest:>7.2f}  {row.highest:>7.2f}  {row.posts_per_s:>9,.0f}"
        yield f"{name:<43} {figures}  {right}".rstrip()
    yield ""
    yield from (promise.line for promise in promises)


app = bench_app(beside_flink)

if __name__ == "__main__":
    main(app, "beside_flink")
