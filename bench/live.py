"""Posts by the clock: what a post costs live, and how old a list is when it can be read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.common import ROOT, Figure, say
from bench.posts import PEOPLE, write_posts
from bench.workers import cpu_s, topics_of_a_run, workers_running
from pipeline.cli.common import settings_in_force
from pipeline.cli.errors import CommandError
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.results import follow_trends
from pipeline.settings import Settings
from schemas import Post, TrendList, decode_post

PROBE = "upswellprobe"  # the hashtag of the posts whose way is timed, and the event that lists it
PROBE_EVERY_S = 0.25
LIVE_WARM_UP_S = 40.0  # the first minute has to be final before anything is listed
LIVE_LIMIT, FRESH_LIMIT_S, FINAL_SLACK_S = 12.0, 2.0, 2.0
_FEED = "import sys; from bench.live import feed_live; feed_live(*sys.argv[1:])"


def live(folder: Path, rate: int, seconds: int, topics: int, number: int, brokers: str | None) -> list[Figure]:
    """Posts come by the clock, `rate` a second. The way of a probe post, four a second: from the broker's
    acknowledgement until a list that counts it can be read."""
    say(f"{rate:,} posts a second for {seconds} s, {number} worker(s); {LIVE_WARM_UP_S:.0f} s before do not count")
    with topics_of_a_run(brokers, folder) as settings, ExitStack() as stack:
        running = stack.enter_context(workers_running(settings, number, folder))
        command = [sys.executable, "-c", _FEED, settings.kafka_brokers, settings.kafka_prefix, str(rate), str(topics)]
        feeding = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        stack.callback(feeding.wait)
        stack.callback(feeding.kill)
        watch = _Watch(settings)
        stack.callback(watch.close)
        watch.probe(LIVE_WARM_UP_S, feeding)
        watch.start()
        cpu, began = sum(cpu_s(one.pid) for one in running), time.monotonic()
        watch.probe(float(seconds), feeding)
        cpu, took = sum(cpu_s(one.pid) for one in running) - cpu, time.monotonic() - began
        watch.settle()
    million = rate * took / 1e6
    fresh = sorted(watch.fresh())
    if not fresh or not watch.final_s:
        raise CommandError("no probe reached a list: see how the workers fare with `upswell doctor`")
    due = (settings.pane_ms + settings.max_out_of_orderness_ms) / 1_000 + FINAL_SLACK_S
    what = f"{number} worker{'s' * (number > 1)}, {rate:,} posts/s"
    return [
        Figure(f"CPU s per million posts, {what}", cpu / million, LIVE_LIMIT),
        Figure(f"s from acknowledgement to a provisional list, median of {len(fresh)}, {what}", _share(fresh, 0.5)),
        Figure(f"s from acknowledgement to a provisional list, p99, {what}", _share(fresh, 0.99), FRESH_LIMIT_S),
        Figure(
            f"s from a minute's end to its final lists, slowest of {len(watch.final_s)}, {what}",
            max(watch.final_s),
            due,
        ),
    ]


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class _Watch:
    """Probe posts, and the lists as anybody reads them, in a thread of their own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.final_s: list[float] = []
        self._producer = PostProducer(settings)
        self._acknowledged: list[float] = []  # by probe
        self._counted: list[tuple[float, int]] = []  # when a list came, and how many probes it counts
        self._from = 0
        self._from_ms = float("inf")
        self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
        self._reader = threading.Thread(target=lambda: self._loop.run_until_complete(self._read()), daemon=True)
        self._reader.start()

    async def _read(self) -> None:
        async for trends in follow_trends(self.settings, self._stop, live=True):
            self._take(trends, time.time())

    def _take(self, trends: TrendList, now: float) -> None:
        if trends.final and trends.window != "24h" and trends.at > self._from_ms:
            self.final_s.append(now - trends.at / 1_000)
        if (trends.scope, trends.window) == (f"event:{PROBE}", "1h"):
            for row in trends.trends:
                if row.topic == f"#{PROBE}":
                    self._counted.append((now, row.posts))

    def start(self) -> None:
        """What is acknowledged from here on counts."""
        self._from, self._from_ms = len(self._acknowledged), time.time() * 1_000

    def probe(self, seconds: float, feeding: subprocess.Popen[bytes]) -> None:
        """Probes, one after the other, for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            number = len(self._acknowledged)
            now_ms = int(time.time() * 1_000)
            self._producer.push([Post(f"probe-{number}", f"prober-{number}", f"{number} #{PROBE}", now_ms)])
            self._producer.flush()
            self._acknowledged.append(time.time())
            if feeding.poll() is not None:
                raise CommandError(f"the producer of background posts ended with {feeding.returncode}")
            time.sleep(PROBE_EVERY_S)

    def settle(self) -> None:
        """Waits a little for the last probes, and for the end of a minute."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            counted = any(posts >= len(self._acknowledged) for _, posts in tuple(self._counted))
            if counted and self.final_s:
                return
            time.sleep(0.1)

    def fresh(self) -> list[float]:
        """For each probe that counts: seconds from its acknowledgement until a list counted it."""
        found = []
        for number, acknowledged in enumerate(self._acknowledged[self._from :], self._from):
            came = next((now for now, posts in self._counted if posts > number), None)
            found.append((came if came is not None else time.time()) - acknowledged)
        return found

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._reader.join()


def feed_live(brokers: str, prefix: str, rate_text: str, topics_text: str) -> None:
    """Posts by the clock until it is killed: texts as of `write_posts`, ids and times of their own."""
    rate, topics = int(rate_text), int(topics_text)
    settings = settings_in_force(None, kafka_brokers=brokers, kafka_prefix=prefix)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posts"
        write_posts(str(file), min(200_000, 10 * rate), topics, 1_000, 2)
        stock = [decode_post(line) for line in file.read_bytes().splitlines()]
    producer = PostProducer(settings)
    began, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) * rate) - sent
        now_ms = int(time.time() * 1_000)
        some = [stock[number % len(stock)] for number in range(sent, sent + due)]
        producer.push(
            [
                Post(
                    f"live-{number}",
                    f"user_{number * 7_919 % PEOPLE:06}",
                    post.text,
                    now_ms,
                    source=post.source,
                    lang=post.lang,
                )
                for number, post in enumerate(some, sent)
            ]
        )
        sent += due
        time.sleep(0.05)
