"""Records of all kinds among honest posts, against a real worker and a real page: nobody ends, nobody stands still, no
honest post is lost or late, and their counts are those of the honest posts alone.

    python -m tests.kafka.fuzz_records --records 100000
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Producer

from pipeline.settings import Settings
from pipeline.trends.panes import Grid
from schemas import Post, PostError, decode_post

from .apache import Apache, free_port
from .commands import Command, counters
from .fixtures import begun
from .lagging import Lag, lags_in
from .reference import complete_panes, read

HONEST_PER_S = 50
HONEST = "sms"
STALL_MS = 200
HOUR_MS = 3_600_000
MARKS = "\u0345\u0315\u0301\u0323\u05b0\u0334"
UNITS = (MARKS, "\ufdfa", "#a", "@a.", "a.", "http://a.co/(", "\u200d", "क्ष", "#\ufe0f\u20e3", "\x00", "漢")


class Sent(NamedTuple):
    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


def hostile(rng: random.Random, number: int) -> Sent:
    """One record of somebody who may write posts."""
    now = int(time.time() * 1_000)
    moment = rng.choice(
        (now, 0, 1, now - HOUR_MS, now + 8 * 60_000, now + HOUR_MS, 4_070_908_800_000, 253_370_764_799_999)
    )
    unit = rng.choice(UNITS)
    text = rng.choice(("", f"word{number} #odd", unit * 3, (unit * 65_536)[: rng.choice((100, 4_000))]))
    if number % 500 == 0:
        text = (unit * 65_536)[:65_536]
    source = rng.choice(("twitter", "mastodon", f"made-up-{number}", "x" * 256, "\u202e", None))
    post = {"id": f"h{number % 977}", "author": f"h{rng.randrange(500)}", "text": text, "time": moment}
    more: dict[str, Any] = {"source": source, "lang": rng.choice(("fr", "xx", "q" * 64, None))}
    more["tags"] = rng.choice((None, [f"t{number}"], [unit * 20] * 64))
    more["events"] = rng.choice((None, ["no-event"]))
    value: bytes | None = msgspec.json.encode(post | {name: it for name, it in more.items() if it is not None})
    kind = rng.randrange(12)
    assert value is not None
    if kind == 0:
        value = rng.randbytes(rng.choice((0, 1, 50, 5_000)))
    elif kind == 1:
        value = value[: rng.randrange(len(value))]
    elif kind == 2:
        value = rng.choice((None, b"", b"null", b"[" * 50_000, b'{"id":' * 20_000, b"1e999", b'"\\ud800"'))
    elif kind == 3:
        spoilt = bytearray(value)
        for _ in range(rng.randrange(1, 9)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        value = bytes(spoilt)
    headers: list[tuple[str, bytes | None]] = rng.choice(
        (
            [],
            [],
            [],
            [("definitions", rng.randbytes(20))],
            [("marker", b"%d" % rng.choice((0, now, now + HOUR_MS, 4_070_908_800_000)))],
            [("marker", None)],
            [("", b""), ("traceparent", rng.randbytes(9))] * 40,
        )
    )
    key = rng.choice((None, b"", b"\xff\xfe", f"h{number}".encode()))
    return Sent(value, key, headers, rng.choice((0, 0, 1_000, now + HOUR_MS)))


class Outcome(NamedTuple):
    """What a run showed."""

    lags: dict[str, list[Lag]]  # of the worker and the page: how late their loops were
    rss_mb: dict[str, float]
    late: float
    honest: int

    def worst(self, part: str) -> Lag:
        """When its loop worked longest without coming back."""
        return max(self.lags[part], key=lambda lag: lag.cpu_ms)


def play(kafka: str, prefix: str, records: int, seed: int, seconds: float, folder: Path) -> Outcome:
    """Honest posts for so many seconds, with so many hostile records among them. Raises AssertionError."""
    settings = begun(kafka, prefix)
    metrics, page = free_port(), free_port()
    told = {"UPSWELL_METRICS_PORT": str(metrics)}
    files = {name: folder / f"{prefix}{name}.ms" for name in ("worker", "page")}
    with (
        Command(
            settings,
            folder / f"{prefix}w.log",
            str(files["worker"]),
            "worker",
            "--live",
            program=("tests.kafka.lagging",),
            **told,
        ) as worker,
        Command(
            settings,
            folder / f"{prefix}s.log",
            str(files["page"]),
            "serve",
            "--port",
            str(page),
            program=("tests.kafka.lagging",),
        ) as serve,
    ):
        worker.ready()
        serve.wait_for(lambda: "http://" in serve.said)
        for file in files.values():  # what starting cost is told when the loop comes back from it
            serve.wait_for(lambda file=file: lags_in(file))
        before = {name: len(lags_in(file)) for name, file in files.items()}
        honest = push(settings, records, seed, seconds)
        log = read(kafka, f"{prefix}posts")
        assert len(log) >= honest
        want = expected_of_the_honest(log)
        newest = max(place[1] for place in want)
        until = time.time() + 60

        def counted() -> bool:
            found = posts_by_pane(read(kafka, f"{prefix}topic-counts"), HONEST)
            return (
                all(found.get(place) == posts for place, posts in want.items() if place[1] < newest - 10_000)
                or time.time() > until
            )

        worker.wait_for(counted, 90)
        found = posts_by_pane(read(kafka, f"{prefix}topic-counts"), HONEST)
        differ = {
            place: (posts, found.get(place))
            for place, posts in want.items()
            if place[1] < newest - 10_000 and found.get(place) != posts
        }
        assert not differ, f"honest posts that are not counted: {differ}"
        assert worker.process.poll() is None, worker.said
        assert serve.process.poll() is None, serve.said
        late = counters(metrics).get(f"upswell_posts_late_total{{{HONEST}}}", 0.0)
        rss = {name: rss_mb(it.process.pid) for name, it in (("worker", worker), ("page", serve))}
    lags = {name: lags_in(file, before[name]) for name, file in files.items()}
    return Outcome(lags, rss, late, honest)


def push(settings: Settings, records: int, seed: int, seconds: float) -> int:
    """Honest posts at their pace, hostile records spread among them; how many honest ones."""
    rng = random.Random(seed)
    codec = {
        name: Producer(
            {"bootstrap.servers": settings.kafka_brokers, "compression.type": name, "linger.ms": 5, "log_level": 0}
        )
        for name in ("none", "lz4", "zstd", "gzip", "snappy")
    }
    topic = f"{settings.kafka_prefix}posts"
    began, honest, sent = time.monotonic(), 0, 0
    total = int(seconds * HONEST_PER_S)
    while honest < total:
        post = Post(
            f"p{honest}", f"author{honest % 400}", f"say word{honest} #harbour", int(time.time() * 1_000), source=HONEST
        )
        codec["none"].produce(topic, msgspec.json.encode(post), post.author.encode())
        honest += 1
        while sent * total < honest * records:
            it = hostile(rng, sent)
            with_codec = codec[rng.choice(list(codec))]
            with_codec.produce(
                topic,
                it.value,
                it.key,
                partition=rng.randrange(settings.partitions),
                headers=it.headers,
                timestamp=it.timestamp,
            )
            sent += 1
        for one in codec.values():
            one.poll(0)
        time.sleep(max(0.0, began + honest / HONEST_PER_S - time.monotonic()))
    assert not any(one.flush(60) for one in codec.values())
    return honest


def expected_of_the_honest(log: list[Any]) -> Counter[tuple[int, int]]:
    """(partition, pane) -> posts: of the honest ones alone, as if nobody else had written. None of them is late."""
    pane_ms = Grid().pane_ms
    want: Counter[tuple[int, int]] = Counter()
    for record in log:
        try:
            post = decode_post(record.value or b"")
        except PostError:
            continue
        if post.source == HONEST:
            time_ms = min(int(post.time), record.timestamp)
            want[record.partition, time_ms - time_ms % pane_ms] += 1
    return want


def posts_by_pane(counts: list[Any], source: str) -> Counter[tuple[int, int]]:
    """(partition, pane) -> posts of a source, as `topic-counts` tells them."""
    found: Counter[tuple[int, int]] = Counter()
    for (partition, pane), (_, told) in complete_panes(counts).items():
        posts = zip(told.cells, told.cell_posts.tolist(), strict=True)
        found[partition, pane] = sum(number for cell, number in posts if cell.source == source)
    return found


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1_024
    return 0.0


def run(kafka: str, records: int, seed: int, seconds: float, prefix: str, say: Any = print) -> tuple[Outcome, Outcome]:
    """Honest posts alone, for a third of the time, and among the others; returns both."""
    folder = Path(tempfile.mkdtemp(prefix="upswell-fuzz-"))
    try:
        alone = play(kafka, f"{prefix}alone-", 0, seed, min(seconds / 3, 30.0), folder)
        among = play(kafka, f"{prefix}among-", records, seed, seconds, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, outcome in (("alone", alone), ("among", among)):
        say(f"{name}: {outcome.honest} honest posts, {outcome.late:.0f} late; peak MiB {outcome.rss_mb}")
        for part, lags in outcome.lags.items():
            for lag in sorted(lags, key=lambda lag: -lag.cpu_ms)[:3]:
                say(f"  {part}: its loop worked {lag.cpu_ms:.0f} ms at once (wall {lag.wall_ms:.0f}): {lag.where}")
    return alone, among


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    broker = Apache(Path(tempfile.mkdtemp(prefix="upswell-kafka-"))).start()
    try:
        run(broker.address, told.records, told.seed, told.seconds, "")
    finally:
        broker.kill9()
        shutil.rmtree(broker.folder, ignore_errors=True)
