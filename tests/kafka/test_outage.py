"""A broker that goes away under everything, is not there at the start, or refuses what is written to it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import load_settings
from pipeline.trends.panes import Grid
from schemas import Post, TrendList

from .apache import Apache, free_port, free_ports, missing
from .commands import Command, counters, processes_of
from .fixtures import begun
from .reference import expected, found_lists, found_panes, read
from .test_pipeline import local_lists, push, push_to, stream

AWAY_S = float(os.environ.get("UPSWELL_TEST_AWAY_S", "12"))  # beyond the session time-out and a worker's first retries
START_MS = 1_700_000_000_000 // 3_600_000 * 3_600_000


def archive(path: Path, minutes: int = 15) -> list[Post]:
    """Posts in order of time; each partition gets all kinds of them."""
    posts = [
        Post(f"p{n}", f"author{n % 613}", f"say {chr(97 + n % 26)} {n} #topic{n % 11}", START_MS + n * 50)
        for n in range(minutes * 60 * 20)
    ]
    path.write_bytes(b"".join(msgspec.json.encode(post) + b"\n" for post in posts))
    return posts


def lines_of(command: Command, *besides: str) -> list[str]:
    return [line for line in command.lines if line.startswith("upswell: ") and not any(it in line for it in besides)]


@pytest.mark.timeout(300)
def test_a_broker_that_is_away_for_a_while_costs_everybody_a_wait_and_nothing_else(own: Apache, tmp_path: Path) -> None:
    settings = load_settings(kafka_brokers=own.address)
    init_topics(settings)
    posts = archive(tmp_path / "posts.ndjson")
    half = len(posts) // 2
    with (
        Command(settings, tmp_path / "w.log", "worker") as worker,
        Command(settings, tmp_path / "s.log", "serve", "--port", "0") as serve,
        Command(settings, tmp_path / "t.log", "trends", "--follow", "--json", "--window", "5m") as trends,
        Command(settings, tmp_path / "p.log", "produce", stdin=subprocess.PIPE) as produce,
        Command(
            settings, tmp_path / "r.log", "replay", str(tmp_path / "posts.ndjson"), "--to-kafka", "--speed", "20x"
        ) as replay,
    ):
        worker.ready()
        serve.wait_for(lambda: "serves at" in serve.said)
        trends.wait_for(lambda: "#topic" in trends.said, 40)
        assert replay.process.poll() is None, "the archive is still being pushed"
        broker = own.pid
        own.kill9()
        assert not Path(f"/proc/{broker}").exists()
        assert produce.process.stdin
        for post in posts[half : half + 500]:
            late = msgspec.structs.replace(post, id=f"live-{post.id}", time=START_MS)
            produce.process.stdin.write(msgspec.json.encode(late) + b"\n")
        produce.process.stdin.flush()
        time.sleep(AWAY_S)  # the outage itself
        assert replay.process.poll() is None
        before = trends.said.count("\n")
        own.start()
        back = time.monotonic()
        trends.wait_for(lambda: trends.said.count("\n") > before + 1, 60)
        recovered_s = time.monotonic() - back
        produce.process.stdin.close()
        assert produce.process.wait(60) == 0, produce.said
        assert replay.process.wait(120) == 0, replay.said
        for pusher in (produce, replay):
            told = lines_of(pusher, "s old")  # as posts of an archive are
            assert len(told) == 1, pusher.said
            assert re.search("is away|has acknowledged nothing", told[0])  # whichever is seen first
        want = expected(read(own.address, "posts"), Grid())
        assert want.posts == len(posts) + 500
        wanted = sum(map(len, want.lists.values()))
        worker.wait_for(lambda: sum(map(len, found_lists(read(own.address, "trends")).lists.values())) >= wanted, 60)
        have = found_lists(read(own.address, "trends"))
        assert have.lists == want.lists
        assert not have.changed
        assert worker.process.poll() is None
        assert serve.process.poll() is None
        assert [line for line in worker.lines if "ready" not in line] == [
            "upswell: Kafka does not answer; what is not acknowledged is tried again until it does"
        ]
        assert not lines_of(trends)
        assert not lines_of(serve)
    print(f"away {AWAY_S:.0f} s; lists again {recovered_s:.1f} s after the broker answered")


@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_waits_for_a_broker_that_is_down_and_begins_when_it_comes(tmp_path: Path, number: int) -> None:
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    broker = Apache(tmp_path / "kafka", heap_mb=320)
    settings = load_settings(kafka_brokers=broker.address)
    with broker:
        init_topics(settings)
        broker.kill9()
        port = free_ports(number)
        command = "worker", "--number", str(number)
        with Command(settings, tmp_path / "w.log", *command, UPSWELL_METRICS_PORT=str(port)) as worker:
            worker.wait_for(lambda: "waiting up to" in worker.said)
            broker.start()
            worker.ready(number)
            assert len(lines_of(worker, "upswell: ready")) == number  # each that it waits
            ours = processes_of(worker.process.pid)
            assert len(ours) == (number if number > 1 else 0)
            assert all(counters(port + place) for place in range(number)), "each tells its own metrics"
            code, seconds = worker.end()
            assert code == 0
            assert seconds < 5 + number
            assert not any(Path(f"/proc/{pid}").exists() for pid in ours), "a worker was left behind"


def test_a_worker_gives_a_broker_that_stays_down_up_in_one_line(tmp_path: Path) -> None:
    settings = load_settings(kafka_brokers=f"127.0.0.1:{free_port()}")
    program = ("tests.kafka.tuned", "broker_within_s=2")
    with Command(settings, tmp_path / "w.log", "worker", program=program) as worker:
        assert worker.process.wait(60) == 1
        waiting, given_up = worker.lines
        assert "waiting up to 2 s" in waiting
        assert f"no Kafka broker answers at {settings.kafka_brokers}" in given_up


def configure(address: str, topic: str, **settings: str) -> None:
    entries = [
        ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for name, value in settings.items()
    ]
    client = AdminClient({"bootstrap.servers": address})
    for done in client.incremental_alter_configs(
        [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)]
    ).values():
        done.result(10)


def test_a_broker_whose_disk_is_full_costs_a_wait_and_no_count(own: Apache, tmp_path: Path) -> None:
    """Kafka ends itself when it cannot write; with room again it is started, and all goes on."""
    settings = load_settings(kafka_brokers=own.address)
    init_topics(settings)
    records = stream(11)
    want = local_lists(records, settings.partitions)
    half = len(records) // 2
    with Command(settings, tmp_path / "w.log", "worker") as worker, PostProducer(settings) as producer:
        push_to(producer, records[:half])
        producer.flush()
        worker.wait_for(lambda: read(own.address, "trends"))
        broker = own.pid
        resource.prlimit(broker, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # no file may grow any more
        push_to(producer, records[half:])
        worker.wait_for(lambda: not own.runs())
        own.start()
        producer.finish()
        wanted = sum(map(len, want.values()))
        worker.wait_for(lambda: sum(map(len, found_lists(read(own.address, "trends")).lists.values())) >= wanted, 90)
    have = found_lists(read(own.address, "trends"))
    assert have.lists == want
    assert not have.changed
    panes = found_panes(read(own.address, "topic-counts"))
    log = expected(read(own.address, "posts"), Grid())
    assert {place: sums for place, sums in panes.items() if any(sums)} == {
        place: sums for place, sums in log.panes.items() if any(sums)
    }


def test_a_producer_says_once_that_nothing_is_acknowledged_and_goes_on_when_it_is(
    own: Apache, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.kafka.producer.STALLED_S", 1.0)
    settings = load_settings(kafka_brokers=own.address, kafka_prefix=prefix)
    init_topics(settings)
    said: list[str] = []
    with PostProducer(settings, say=said.append) as producer:
        producer.push([Post("0", "a0", "#x", START_MS)])
        producer.flush()
        os.kill(own.pid, signal.SIGSTOP)
        try:
            producer.push([Post(f"{n}", f"a{n}", "#x", START_MS + n) for n in range(1, 100)])
            began = time.monotonic()
            while not said and time.monotonic() - began < 20:
                producer.poll()
                time.sleep(0.1)
        finally:
            os.kill(own.pid, signal.SIGCONT)
        producer.flush()
        assert producer.acknowledged == 100
    assert len(said) == 1
    assert "acknowledged nothing" in said[0]


@pytest.mark.parametrize("topic", ["topic-counts", "trends"])
def test_what_can_never_pass_ends_the_worker_with_one_line(kafka: str, prefix: str, tmp_path: Path, topic: str) -> None:
    settings = begun(kafka, prefix)
    configure(kafka, f"{prefix}{topic}", max_message_bytes="200")
    push(settings, stream(12))
    with Command(settings, tmp_path / "w.log", "worker") as worker:
        assert worker.process.wait(60) == 1
        (line,) = lines_of(worker, "upswell: ready")
    assert f"topic {prefix}{topic} takes no messages as large as ours" in line
    assert "max.message.bytes" in line
    for value in found_lists(read(kafka, f"{prefix}trends")).lists.get("all/1h", []):
        assert msgspec.json.decode(value, type=TrendList).final


def test_pushing_to_a_topic_with_other_partitions_is_one_line(kafka: str, prefix: str, tmp_path: Path) -> None:
    init_topics(load_settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=3))
    archive(tmp_path / "posts.ndjson", 1)
    other = load_settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=5)
    for number, arguments in enumerate((("produce",), ("replay", "posts.ndjson", "--to-kafka"))):
        with Command(other, tmp_path / f"{number}.log", *arguments) as pusher:
            assert pusher.process.wait(60) == 1
            (line,) = pusher.lines
            assert f"topic {prefix}posts has 3 partitions where 5 are set: set UPSWELL_PARTITIONS to 3" in line
    assert not read(kafka, f"{prefix}posts")
