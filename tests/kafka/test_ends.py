"""How workers end and come back: what listens, how quickly partitions are served again, what is read again.

UPSWELL_TEST_DAY_POSTS=1000000 pytest -s tests/kafka/test_ends.py -k full_day     the long form of the full state
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.kafka.broker import embedded_broker
from pipeline.kafka.connection import Connection
from pipeline.kafka.log import newest_records
from pipeline.kafka.producer import PostProducer
from pipeline.settings import Settings
from schemas import Post, TrendList
from schemas.counts import decode_counts

from .apache import free_port
from .commands import Command, counters, processes_of
from .fixtures import begun
from .reference import committed, found_lists, read
from .test_pipeline import closes, local_lists, push, push_to, stream
from .tuned import EAGER

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
DAY_POSTS = int(os.environ.get("UPSWELL_TEST_DAY_POSTS", "8000"))
LARGE_PANES = {"UPSWELL_PANE_MS": "60000"}  # a sixth of the messages; the state is of minutes and hours anyhow
SMALL_PANES = {"UPSWELL_PANE_MS": "1000", "UPSWELL_MAX_OUT_OF_ORDERNESS_MS": "500"}


def listening(pid: int) -> set[int]:
    """The ports that a process and its children listen on, as the kernel tells."""
    pids, sockets = {pid} | processes_of(pid), set()
    for one in pids:
        for fd in Path(f"/proc/{one}/fd").iterdir():
            try:
                sockets.add(os.readlink(fd).removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue
    ports = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets and (fields[3] == "0A" or table.startswith("udp")):
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_listens_where_it_is_asked_to_and_a_stop_leaves_nothing_that_closed_to_be_read_again(
    kafka: str, prefix: str, tmp_path: Path, number: signal.Signals
) -> None:
    settings, port = begun(kafka, prefix), free_port()
    records = stream(21)[:4_000]
    posts = sum(post is not None for _, post in records)
    push(settings, records, ended=False)
    with Command(settings, tmp_path / "w.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.ready()
        assert listening(worker.process.pid) == {port}
        worker.wait_for(lambda: counters(port).get("upswell_posts_read_total") == posts, 120)
        distances = [counters(port)[f"upswell_rewind_distance_records{{{p}}}"] for p in range(settings.partitions)]
        code, seconds = worker.end(number)
        assert code in (0, 130)
        assert seconds < 5
    closed = closes(kafka, prefix)
    with Command(settings, tmp_path / "again.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.ready()
        expected = sum(distances)
        worker.wait_for(lambda: counters(port).get("upswell_posts_read_total", 0) + dead_of(port) >= expected, 60)
        again = counters(port)["upswell_posts_read_total"] + dead_of(port)
        assert again == expected
        assert again < posts / 20  # the open panes of each partition
        assert worker.end()[0] == 0
    assert closes(kafka, prefix) == closed
    with Command(settings, tmp_path / "none.log", "worker") as worker:
        worker.ready()
        assert listening(worker.process.pid) == set()


def dead_of(port: int) -> float:
    return sum(value for name, value in counters(port).items() if name.startswith("upswell_posts_dead_total"))


class Served:
    """Whether posts are counted, partition by partition."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.said = settings, 0

    def post(self, producer: PostProducer) -> None:
        now = int(time.time() * 1_000)
        posts = [Post(f"p{self.said + n}", f"author{n}", f"say {self.said + n} #now", now) for n in range(60)]
        self.said += len(posts)
        producer.push(posts)
        producer.flush()

    def since(self, stamp_ms: int) -> set[int]:
        """Partitions of which something was told that was written to topic-counts after this moment."""
        found: set[int] = set()
        for record in read(self.settings.kafka_brokers, f"{self.settings.kafka_prefix}topic-counts"):
            if record.timestamp > stamp_ms:
                found.add(decode_counts(record.value).partition)
        return found


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it")
def test_workers_of_a_command_that_is_killed_end_with_it(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = begun(kafka, prefix)
    with Command(settings, tmp_path / "w.log", "worker", "--number", "2") as command:
        command.ready(2)
        workers = processes_of(command.process.pid)
        assert len(workers) == 2
        command.process.kill()
        command.process.wait()
        deadline = time.monotonic() + 10
        while any(running(pid) for pid in workers):
            assert time.monotonic() < deadline, "workers were left behind"
            time.sleep(0.1)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.alone
@pytest.mark.parametrize(("number", "within_s"), [(signal.SIGKILL, 15.0), (signal.SIGTERM, 3.0)])
def test_the_partitions_of_a_worker_that_ended_are_served_again_by_the_other_in_time(
    kafka: str, prefix: str, tmp_path: Path, number: signal.Signals, within_s: float
) -> None:
    settings, port = begun(kafka, prefix), free_port()
    served = Served(settings)
    with (
        PostProducer(settings) as producer,
        Command(settings, tmp_path / "a.log", "worker", UPSWELL_METRICS_PORT=str(port), **SMALL_PANES) as staying,
        Command(settings, tmp_path / "b.log", "worker", **SMALL_PANES) as ending,
    ):
        staying.ready()
        ending.ready()

        def shared() -> bool:
            served.post(producer)
            mine = [name for name in counters(port) if name.startswith("upswell_panes_open")]
            return 0 < len(mine) < settings.partitions

        staying.wait_for(shared)
        began = int(time.time() * 1_000)
        code, _ = ending.end(number)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)

        def again() -> bool:
            served.post(producer)
            return served.since(began + 300) == set(range(settings.partitions))

        took_s = staying.wait_for(again, within_s + 10)
        print(f"after {number.name} all partitions are served again in {took_s:.1f} s")
        assert took_s < within_s


def day(posts: int) -> list[tuple[bytes, Post]]:
    """A day with a topic for every second post, and some that many name."""
    records = []
    for n in range(posts):
        time_ms = START_MS + n * 24 * HOUR_MS // posts
        text = f"word{n % 9973} #t{n // 2} #often{n % 501} #hour{time_ms // HOUR_MS}x{n % 40}"
        post = Post(f"p{n}", f"author{n * 7919 % 50_021}", text, time_ms, lang="fr" if n % 3 else "en")
        records.append((msgspec.json.encode(post), post))
    return records


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_worker_with_the_state_of_a_full_day_is_live_within_30_seconds(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix, pane_ms=60_000)
    records = day(DAY_POSTS)
    push(settings, list(records))
    end = START_MS + 24 * HOUR_MS

    def reached(after_ms: int) -> bool:
        last = newest_records(Connection.of(settings), f"{prefix}trends")
        return bool(last) and msgspec.json.decode(last[0].value or b"", type=TrendList).at >= after_ms

    program = EAGER
    with Command(settings, tmp_path / "w.log", "worker", program=program, **LARGE_PANES) as worker:
        caught_up_s = worker.wait_for(lambda: reached(end - 60_000), 600)
        time.sleep(2.5)  # the last offsets that go with the state are committed every second
        worker.process.kill()
    size = sum(len(record.value or b"") for record in read(kafka, f"{prefix}rank-state"))
    more = [Post(f"q{n}", f"author{n}", f"say {n} #after", end + HOUR_MS + n * 1_000) for n in range(180)]
    began = time.monotonic()
    with (
        Command(settings, tmp_path / "again.log", "worker", **LARGE_PANES) as worker,
        PostProducer(settings) as producer,
    ):
        producer.push(more)
        producer.finish()
        worker.wait_for(lambda: reached(end + HOUR_MS + 120_000), 60)
        live_s = time.monotonic() - began
    print(
        f"{len(records):,} posts of a day: caught up in {caught_up_s:.1f} s, {size:,} bytes written of state;"
        f" live {live_s:.1f} s after a kill -9, start of the process included"
    )
    assert live_s < 30
    assert "there is no state" not in worker.said


@pytest.mark.parametrize("workers", [1, pytest.param(3, marks=pytest.mark.long)])
def test_workers_that_start_a_day_late_make_the_lists_of_those_that_were_there(
    kafka: str, prefix: str, tmp_path: Path, workers: int
) -> None:
    """The posts lie a day of event time deep when the first worker comes; later posts go on from there."""
    settings = begun(kafka, prefix)
    first: list[Any] = stream(22)[:6_000]
    second = []
    for _, post in first[:2_000]:
        if post is not None:
            later = msgspec.structs.replace(post, id=f"{post.id}-later", time=int(post.time) + 24 * HOUR_MS)
            second.append((msgspec.json.encode(later), later))
    want = local_lists(first + second, settings.partitions)
    push(settings, first, ended=False)
    begun_workers = [Command(settings, tmp_path / f"{n}.log", "worker") for n in range(workers)]
    try:
        for worker in begun_workers:
            worker.ready()
        with PostProducer(settings) as producer:
            push_to(producer, second)
            producer.finish()
        wanted = sum(map(len, want.values()))
        begun_workers[0].wait_for(
            lambda: sum(map(len, found_lists(read(kafka, f"{prefix}trends")).lists.values())) >= wanted, 90
        )
    finally:
        for worker in begun_workers:
            worker.__exit__()
    have = found_lists(read(kafka, f"{prefix}trends"))
    assert have.lists == want
    assert not have.changed


def test_a_worker_restarted_on_the_embedded_broker_makes_the_same_lists_and_says_where_its_state_is_gone(
    tmp_path: Path, prefix: str
) -> None:
    """Its end offsets are wrong (1, whatever the partition holds), which recovering a table asks for: how much of the
    state is found depends on what the first fetch brings. What lacks is made from the topics, and told in a line."""
    with embedded_broker() as address:
        settings = begun(address, prefix)
        records = stream(23)
        want = local_lists(records, settings.partitions)
        early = len(records) * 9 // 10  # 27 of 30 minutes: a state is written twice
        push(settings, records[:early], ended=False)
        with Command(settings, tmp_path / "w.log", "worker", program=EAGER) as worker:
            worker.wait_for(lambda: lists_of_embedded(settings))
            worker.wait_for(lambda: committed(settings, "topic-counts") > 0)  # a state is written, its offset committed
            worker.process.kill()
        before = lists_of_embedded(settings)
        push(settings, records[early:])
        with Command(settings, tmp_path / "again.log", "worker") as worker:
            wanted = sum(map(len, want.values()))
            worker.wait_for(lambda: sum(map(len, lists_of_embedded(settings).values())) >= wanted)
            # once for each time that it was given the partition
            said = {line.partition(": ")[2] for line in worker.lines if line != "upswell: ready"}
        assert len(said) <= 1
        assert all("from what the topic holds, from offset" in line for line in said)
        assert before
        assert lists_of_embedded(settings) == want


def lists_of_embedded(settings: Settings) -> dict[str, list[bytes]]:
    """As `found_lists(read(...))`, where the broker does not tell where a topic ends."""
    from .test_edge import log_of

    return found_lists([record for part in log_of(settings, "trends") for record in part]).lists
