"""Posts on Kafka lead to what one process makes of them, byte for byte, whatever the number of partitions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.local import Local, Options
from pipeline.settings import Settings, load_settings
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from schemas import Post, PostError, TrendList, decode_post
from schemas.counts import CountsChunk, Panes, decode_counts

from .apache import PASSWORD, USER
from .commands import Command
from .fixtures import Shared, begun
from .reference import found_lists, read
from .tuned import EAGER

SCENARIO = mixed_scenario(duration_ms=30 * 60_000, rate=6.0)


def stream(seed: int) -> list[tuple[bytes, Post | None]]:
    """Records in log order; None for those that are no posts."""
    found: list[tuple[bytes, Post | None]] = []
    for line in simulate(SCENARIO, seed):
        try:
            post = decode_post(line)
        except PostError:
            found.append((line, None))
            continue
        if int(post.time) < SCENARIO.start_ms + 4 * 3_600_000:  # the rest comes from broken clocks, days ahead
            found.append((line, post))
    return found


def withdrawing(seed: int) -> list[tuple[bytes, Post | None]]:
    """`stream`, some of whose posts are withdrawn, a few of these twice."""
    rng = random.Random(seed)
    found: list[tuple[bytes, Post | None]] = []
    for line, post in stream(seed):
        found.append((line, post))
        withdrawn = rng.choice(found)[1]
        if post is not None and withdrawn is not None and rng.random() < 0.1:
            gone = msgspec.structs.replace(withdrawn, deleted=int(post.time))
            found.append((msgspec.json.encode(gone), gone))
    return found


def push(settings: Settings, records: list[tuple[bytes, Post | None]], ended: bool = True) -> None:
    """`ended`: with the markers after which all of it is final."""
    with PostProducer(settings) as producer:
        push_to(producer, records)
        if ended:
            producer.finish()
        else:
            producer.flush()


def push_to(producer: PostProducer, records: list[tuple[bytes, Post | None]]) -> None:
    for line, post in records:
        if post is None:
            producer.push_dead(line)
        else:
            producer.push_record(line, post)


def local_lists(records: list[tuple[bytes, Post | None]], partitions: int) -> dict[str, list[bytes]]:
    lists: list[TrendList] = []
    local = Local(Options(partitions=partitions), on_list=lists.append)
    local.feed([post for _, post in records if post is not None])
    local.finish()
    found: dict[str, list[bytes]] = {}
    for one in lists:
        found.setdefault(f"{one.scope}/{one.window}", []).append(msgspec.json.encode(one))
    return found


class Worker(Command):
    """An `upswell worker` process with these settings."""

    def __init__(
        self, settings: Settings, log: Path, program: tuple[str, ...] = ("pipeline.cli",), **environment: str
    ) -> None:
        super().__init__(settings, log, "worker", program=program, **environment)

    def __enter__(self) -> Worker:
        return self


def wait_for(what: Callable[[], Any], worker: Worker, within_s: float = 120.0) -> None:
    worker.wait_for(what, within_s)


def until_listed(kafka: str, prefix: str, want: dict[str, list[bytes]], worker: Worker) -> None:
    """Waits until as many lists are told as there are to be."""
    wanted = sum(map(len, want.values()))
    wait_for(lambda: sum(map(len, found_lists(read(kafka, f"{prefix}trends")).lists.values())) >= wanted, worker)


@pytest.mark.parametrize("partitions", [1, 12, *(pytest.param(number, marks=pytest.mark.long) for number in (3, 4))])
def test_lists_and_dead_letters_are_those_of_one_process(
    kafka: str, prefix: str, tmp_path: Path, partitions: int
) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=partitions)
    records = withdrawing(partitions)
    want = local_lists(records, partitions)
    init_topics(settings)
    push(settings, records)

    with Worker(settings, tmp_path / "worker.log") as worker:
        until_listed(kafka, prefix, want, worker)
    assert found_lists(read(kafka, f"{prefix}trends")).lists == want
    dead = sum(post is None for _, post in records)
    assert dead > 0
    assert len({record.key for record in read(kafka, f"{prefix}posts-dead")}) == dead


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_what_is_refused_is_read_again_and_nothing_is_lost_or_counted_twice(
    kafka: str, prefix: str, tmp_path: Path, seed: int
) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    records = withdrawing(seed)
    want = local_lists(records, settings.partitions)
    init_topics(settings)
    push(settings, records)

    program = ("tests.kafka.refused", str(seed))
    with Worker(settings, tmp_path / "worker.log", program) as worker:
        until_listed(kafka, prefix, want, worker)
    assert worker.log.read_text().count("refused by the test") > 10
    found = found_lists(read(kafka, f"{prefix}trends"))
    assert found.lists == want
    assert not found.changed


@pytest.mark.alone
def test_a_clean_stop_is_quick_and_reads_nothing_again_that_was_closed(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    records = stream(5)
    init_topics(settings)
    push(settings, records)
    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: any(b"/24h" in record.key for record in read(kafka, f"{prefix}trends")), worker)
        began = time.monotonic()
        worker.process.terminate()
        assert worker.process.wait(10) == 0
        assert time.monotonic() - began < 5
    closed = closes(kafka, prefix)
    with Worker(settings, tmp_path / "again.log") as worker:
        wait_for(lambda: "ready" in worker.log.read_text(), worker)
        time.sleep(2.0)  # the time in which a worker that read again would publish again
    assert closes(kafka, prefix) == closed != []


def closes(kafka: str, prefix: str) -> list[bytes]:
    """The values in `topic-counts` that hold closed panes."""
    told = [record.value for record in read(kafka, f"{prefix}topic-counts")]
    return [value for value in told if isinstance(decode_counts(value), CountsChunk | Panes)]


def checkpoints(state: list[Any]) -> list[bytes]:
    """The times (as in their names) of the checkpoints that lie in a state."""
    return [record.key.split(b"/")[2] for record in state if b"/checkpoint/" in record.key and record.value is not None]


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("all", "there is no state that goes with offset"),
        ("the newest", "the state that was found is older than offset"),
    ],
)
def test_a_state_that_is_gone_or_older_than_what_was_committed_is_made_from_what_the_topics_hold(
    kafka: str, prefix: str, tmp_path: Path, lost: str, said: str
) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    records = stream(6)
    want = local_lists(records, settings.partitions)
    init_topics(settings)
    early = len(records) * 9 // 10  # 27 of 30 minutes: a state is written twice
    state = f"{prefix}rank-state"
    push(settings, records[:early], ended=False)
    with Worker(settings, tmp_path / "worker.log", EAGER) as worker:
        wait_for(lambda: len(checkpoints(read(kafka, state))) > 1, worker)
        time.sleep(3.0)  # the offset that goes with the state is committed
        worker.process.terminate()
        worker.process.wait(10)
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    written = read(kafka, state)
    newest = max(checkpoints(written))
    for record in written:
        if lost == "all" or newest in record.key:
            producer.produce(state, None, record.key, record.partition)
    producer.flush(30)
    push(settings, records[early:])

    with Worker(settings, tmp_path / "worker.log") as worker:
        until_listed(kafka, prefix, want, worker)
        assert said in worker.log.read_text()
    assert found_lists(read(kafka, f"{prefix}trends")).lists == want


def test_a_worker_says_in_one_line_which_topic_does_not_fit(kafka: str, prefix: str, tmp_path: Path) -> None:
    begun(kafka, prefix, partitions=3)
    with Worker(load_settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=5), tmp_path / "w.log") as worker:
        assert worker.process.wait(30) == 1
    (line,) = worker.log.read_text().strip().splitlines()
    assert f"{prefix}posts has 3 partitions and the settings say 5" in line


def test_a_worker_gives_user_and_password_where_the_broker_asks_for_them(
    apache: Shared, prefix: str, tmp_path: Path
) -> None:
    plain = load_settings(kafka_brokers=apache.address, kafka_prefix=prefix)
    init_topics(plain)
    push(plain, stream(6))
    asked = load_settings(kafka_brokers=apache.sasl_address, kafka_prefix=prefix)
    told = {
        "UPSWELL_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "UPSWELL_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
        "UPSWELL_KAFKA_SASL_USER": USER,
    }
    with Worker(asked, tmp_path / "w.log", UPSWELL_KAFKA_SASL_PASSWORD=PASSWORD, **told) as worker:
        wait_for(lambda: read(apache.address, f"{prefix}trends"), worker)
    with Worker(asked, tmp_path / "x.log", UPSWELL_KAFKA_SASL_PASSWORD="wrong-zebra", **told) as worker:
        assert worker.process.wait(60) == 1
    assert "wrong-zebra" not in worker.log.read_text()
    assert len(worker.log.read_text().strip().splitlines()) == 1
