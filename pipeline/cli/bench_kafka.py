"""`upswell bench kafka`: what a post costs on Kafka, workers as they run in production, on a backlog or live."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from pipeline.cli.bench import BARE_LOOP
from pipeline.cli.bench_posts import PEOPLE, write_posts
from pipeline.cli.common import kafka_faults, settings_in_force
from pipeline.cli.errors import CommandError
from pipeline.kafka.connection import Connection, admin
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.results import follow_trends
from pipeline.kafka.topics import init_topics, topic_table
from pipeline.settings import Settings
from schemas import Post, TrendList, decode_post

PROBE = "upswellprobe"  # the hashtag of the posts whose way is timed, and the event that lists it
PROBE_EVERY_S = 0.25
LIVE_WARM_UP_S = 40.0  # the first minute has to be final before anything is listed
FAUST_POSTS = 20_000
DONE_WITHIN_S = 1_800.0
BACKLOG_LIMIT, LIVE_LIMIT, FRESH_LIMIT_S, FINAL_SLACK_S = 8.0, 12.0, 2.0, 2.0
_TICKS = os.sysconf("SC_CLK_TCK")
_FEED = "import sys; from pipeline.cli.bench_kafka import feed_live; feed_live(*sys.argv[1:])"


class Figure(msgspec.Struct):
    """One measured figure, and the limit it is held to, where there is one."""

    name: str
    value: float
    limit: float | None = None

    @property
    def line(self) -> str:
        judged = "" if self.limit is None else "met     " if self.value <= self.limit else "NOT met "
        limit = "" if self.limit is None else f" (at most {self.limit:g})"
        return f"{judged:<8}{self.name}{limit}: {self.value:,.2f}"


def measure(
    posts: int,
    topics: int,
    rate: int,
    live_s: int,
    workers: Sequence[int],
    brokers: str | None,
    faust: Path | None,
    broker_pid: int | None,
    as_json: bool,
) -> None:
    """Measures on topics of their own, which are deleted afterwards, and prints what was found."""
    with kafka_faults(), tempfile.TemporaryDirectory(prefix="upswell-bench-") as name:
        folder = Path(name)
        (folder / "upswell.toml").write_text(f'[[event]]\nname = "{PROBE}"\nhashtags = ["{PROBE}"]\n')
        found: Iterable[Figure]
        if live_s:
            lived = (_live(folder, rate, live_s, topics, number, brokers) for number in workers)
            found = chain.from_iterable(lived)
        else:
            found = _backlogs(folder, posts, topics, rate, workers, brokers, faust, broker_pid)
        if as_json:
            print(msgspec.json.encode(list(found)).decode())
            return
        for figure in found:  # as soon as each is known: what fails later takes none away
            print(figure.line, flush=True)


@contextmanager
def _topics(brokers: str | None, folder: Path) -> Iterator[Settings]:
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
def _running(settings: Settings, number: int, folder: Path) -> Iterator[list[int]]:
    """Worker processes, as anybody would start them; gives their process ids."""
    env = os.environ | {
        "UPSWELL_KAFKA_BROKERS": settings.kafka_brokers, "UPSWELL_KAFKA_PREFIX": settings.kafka_prefix,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }  # fmt: skip
    command = [sys.executable, "-m", "pipeline.cli", "worker"]
    with (folder / "worker.log").open("ab") as log:
        running = [subprocess.Popen(command, cwd=folder, env=env, stderr=log) for _ in range(number)]  # noqa: S603
    try:
        yield [one.pid for one in running]
        ended = [one.returncode for one in running if one.poll() is not None]
        if ended:
            raise CommandError(f"a worker ended with {ended[0]}: {(folder / 'worker.log').read_text()[-300:].strip()}")
    finally:
        for one in running:
            one.send_signal(signal.SIGTERM)
        for one in running:
            one.wait(30)


def _cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise CommandError("CPU time of other processes is read from /proc, which this system lacks") from None
    return (int(fields[11]) + int(fields[12])) / _TICKS


# -- a backlog ---------------------------------------------------------------------------------------------------------


def _backlogs(
    folder: Path, posts: int, topics: int, rate: int, workers: Sequence[int], brokers: str | None, faust: Path | None,
    broker_pid: int | None,
) -> Iterator[Figure]:  # fmt: skip
    """All posts lie there before the first worker starts; it ends with the list of the last full hour."""
    file = folder / "posts.ndjson"
    _say(f"{posts:,} posts are made")
    write_posts(str(file), posts, topics, rate, 1)
    bare = _cpu_of([sys.executable, "-c", BARE_LOOP, str(file)], folder) * 1e6 / posts
    yield Figure("CPU s per million posts, bare loop over the same file", bare)
    first: float | None = None
    for number in workers:
        with _topics(brokers, folder) as settings:
            _push(settings, file)
            _say(f"{number} worker(s) read them")
            broker = _cpu_s(broker_pid) if broker_pid else 0.0
            began = time.monotonic()
            with _running(settings, number, folder) as pids:
                lists = asyncio.run(_until_hour(settings))
                wall = time.monotonic() - began
                cpu = sum(map(_cpu_s, pids)) * 1e6 / posts
            what = f"{number} worker{'s' * (number > 1)}"
            spent = (_cpu_s(broker_pid) - broker) * 1e6 / posts if broker_pid else None
        first = first or cpu
        yield Figure(f"CPU s per million posts, {what}, their start included", cpu, BACKLOG_LIMIT)
        yield Figure(f"times the bare loop, {what}", cpu / bare)
        yield Figure(f"posts a second, {what}, {lists:,} lists", posts / wall)
        if spent is not None:
            yield Figure(f"CPU s per million posts, the broker, {what}", spent)
    if faust is not None and first is not None:
        plain = _faust(faust, folder, file, brokers)
        yield Figure(f"CPU s per million posts, plain Faust ({FAUST_POSTS:,} posts)", plain)
        yield Figure("times ours, plain Faust", plain / first)


def _push(settings: Settings, file: Path) -> None:
    with PostProducer(settings) as producer, file.open("rb") as lines:
        for line in lines:
            producer.push_record(line.rstrip(b"\n"), decode_post(line))
        producer.finish()


async def _until_hour(settings: Settings) -> int:
    """Follows the lists to the one of the full hour that the last marker makes final; how many there were."""
    seen = set()
    async with asyncio.timeout(DONE_WITHIN_S):
        async for trends in follow_trends(settings):
            seen.add((trends.scope, trends.window, trends.at))
            if (trends.scope, trends.window) == ("all", "24h"):
                break
    return len(seen)


def _cpu_of(command: Sequence[str], folder: Path) -> float:
    process = subprocess.Popen(command, cwd=folder)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandError(f"{command[0]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _faust(program: Path, folder: Path, file: Path, brokers: str | None) -> float:
    """CPU s per million posts of a plain Faust program (its surroundings: PEERS_* variables), from its first record to
    its last result. It is to write one result for each hashtag of each post."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

    _say("plain Faust reads the first of them")
    with _topics(brokers, folder) as settings:
        told = Connection.of(settings).confluent()
        source, results = f"{settings.kafka_prefix}plain", f"{settings.kafka_prefix}plain-out"
        client = AdminClient(told)  # its futures end with it
        for future in client.create_topics([NewTopic(source, 4, 1), NewTopic(results, 1, 1)]).values():
            future.result(30)
        producer = Producer(told | {"compression.type": "lz4"})
        tags = 0
        with file.open("rb") as lines:
            for line, _ in zip(lines, range(FAUST_POSTS), strict=False):
                post = msgspec.json.decode(line)
                tags += len({part.split()[0].casefold() for part in post["text"].split("#")[1:]})
                record = msgspec.json.encode(post | {"created_at_ms": post["time"]})
                producer.produce(source, record, post["author"].encode())
                producer.poll(0)
        producer.flush(60)
        first = folder / "first"
        env = os.environ | {
            "PEERS_GROUP": f"{settings.kafka_prefix}plain-group", "PEERS_BROKER": settings.kafka_brokers,
            "PEERS_STATE": str(folder / "state"), "PEERS_TOPIC": source, "PEERS_OUT": results,
            "PEERS_FIRST": str(first), "PEERS_WINDOW": "tumbling", "PEERS_EMIT": "updates",
        }  # fmt: skip
        consumer = Consumer(told | {"group.id": "unused", "enable.auto.commit": False})
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(program.resolve()), "worker", "--without-web", "-l", "error"], cwd=folder, env=env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(first.exists, process)
            before = _cpu_s(process.pid)

            def done() -> bool:
                return int(consumer.get_watermark_offsets(TopicPartition(results, 0), timeout=10)[1]) >= tags

            _wait(done, process)
            return (_cpu_s(process.pid) - before) * 1e6 / FAUST_POSTS
        finally:
            process.kill()
            process.wait()
            consumer.close()


def _wait(what: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DONE_WITHIN_S
    while not what():
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"the plain Faust program did not come to its end ({process.poll()})")
        time.sleep(0.2)


# -- live --------------------------------------------------------------------------------------------------------------


def _live(
    folder: Path, rate: int, seconds: int, topics: int, number: int, brokers: str | None
) -> list[Figure]:
    """Posts come by the clock, `rate` a second. The way of a probe post, four a second: from the broker's
    acknowledgement until a list that counts it can be read."""
    _say(f"{rate:,} posts a second for {seconds} s, {number} worker(s); {LIVE_WARM_UP_S:.0f} s before do not count")
    with _topics(brokers, folder) as settings, ExitStack() as stack:
        pids = stack.enter_context(_running(settings, number, folder))
        command = [sys.executable, "-c", _FEED, settings.kafka_brokers, settings.kafka_prefix, str(rate), str(topics)]
        feeding = subprocess.Popen(command, cwd=folder, env=os.environ | {  # noqa: S603
            "PYTHONPATH": str(Path(__file__).resolve().parents[2])})  # fmt: skip
        stack.callback(feeding.wait)
        stack.callback(feeding.kill)
        watch = _Watch(settings)
        stack.callback(watch.close)
        watch.probe(LIVE_WARM_UP_S, feeding)
        watch.start()
        cpu, began = sum(map(_cpu_s, pids)), time.monotonic()
        watch.probe(float(seconds), feeding)
        cpu, took = sum(map(_cpu_s, pids)) - cpu, time.monotonic() - began
        watch.settle()
    million = rate * took / 1e6
    fresh = sorted(watch.fresh())
    if not fresh or not watch.final_s:
        raise CommandError("no probe reached a list: see how the workers fare with `upswell doctor`")
    due = (settings.pane_ms + settings.lateness_ms) / 1_000 + FINAL_SLACK_S
    what = f"{number} worker{'s' * (number > 1)}, {rate:,} posts/s"
    return [
        Figure(f"CPU s per million posts, {what}", cpu / million, LIVE_LIMIT),
        Figure(f"s from acknowledgement to a provisional list, median of {len(fresh)}, {what}", _share(fresh, 0.5)),
        Figure(f"s from acknowledgement to a provisional list, p99, {what}", _share(fresh, 0.99), FRESH_LIMIT_S),
        Figure(f"s from a minute's end to its final lists, slowest of {len(watch.final_s)}, {what}",
               max(watch.final_s), due),
    ]  # fmt: skip


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
        self._stop = threading.Event()
        self._reader = threading.Thread(target=lambda: asyncio.run(self._read()), daemon=True)
        self._reader.start()

    async def _read(self) -> None:
        async for trends in follow_trends(self.settings, live=True):
            if self._stop.is_set():
                return
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
        self._stop.set()


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
                Post(f"live-{number}", f"user_{number * 7_919 % PEOPLE:06}", post.text, now_ms, source=post.source,
                     lang=post.lang)
                for number, post in enumerate(some, sent)
            ]
        )  # fmt: skip
        sent += due
        time.sleep(0.05)


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring: {what}", file=sys.stderr, flush=True)
