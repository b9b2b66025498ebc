"""One reader to the end of a topic, on a real Kafka and on the embedded broker, whose answers about ends are wrong."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest
from confluent_kafka import Producer

from pipeline.kafka.connection import BrokerAwayError, Connection
from pipeline.kafka.log import Follower, GlobalTable, LogReader, Record, newest_records
from pipeline.kafka.topics import TopicsError, init_topics
from pipeline.settings import Settings, load_settings
from schemas.topics import Topics
from tests.kafka.fixtures import begun


@pytest.fixture(params=["kafka", "embedded"])
def settings(request: pytest.FixtureRequest, prefix: str) -> Settings:
    settings = load_settings(kafka_brokers=request.getfixturevalue(request.param), kafka_prefix=prefix)
    init_topics(settings)
    return settings


def put(settings: Settings, *values: str, topic: str = "", partitions: int = 1) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_brokers, "enable.idempotence": True})
    for number, value in enumerate(values):
        producer.produce(topic or Topics(settings.kafka_prefix).trends, value.encode(), partition=number % partitions)
    assert producer.flush(20) == 0


def values(records: list[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


def test_a_table_knows_all_that_was_acknowledged_before_it_was_asked_each_time(settings: Settings) -> None:
    known: list[str] = []
    topic = Topics(settings.kafka_prefix).trends
    table = GlobalTable(Connection.of(settings), topic, known, lambda it: known.append((it.value or b"").decode()))
    assert table.refresh() == []
    for number in range(20):
        put(settings, f"{number}")
        assert table.refresh() == [f"{n}" for n in range(number + 1)]
    put(settings, *(f"{n}" for n in range(20, 3_000)))
    assert table.refresh() == [f"{n}" for n in range(3_000)]
    table.close()


def test_the_newest_of_each_partition_are_found_without_reading_the_others(settings: Settings) -> None:
    posts = Topics(settings.kafka_prefix).posts
    put(settings, *(f"{n}" for n in range(2_000)), topic=posts, partitions=4)
    assert sorted(values(newest_records(Connection.of(settings), posts, 8))) == [f"{n}" for n in range(1_992, 2_000)]
    assert newest_records(Connection.of(settings), Topics(settings.kafka_prefix).live) == []


def test_a_follower_gives_what_there_is_and_then_what_comes_and_goes_on_where_it_was(settings: Settings) -> None:
    topic = Topics(settings.kafka_prefix).trends
    put(settings, *(f"{n}" for n in range(50)))

    async def follow(follower: Follower, count: int) -> list[str]:
        found: list[str] = []
        async with asyncio.timeout(30), aclosing(follower.batches()) as batches:
            async for records in batches:
                found += values(records)
                if records and follower.at_end and len(found) == 20:
                    await asyncio.to_thread(put, settings, "50", "51")
                if len(found) >= count:
                    return found
        raise AssertionError("it never ends by itself")

    follower = Follower(Connection.of(settings), {topic: 20})
    assert asyncio.run(follow(follower, 22)) == [f"{n}" for n in range(30, 52)]
    put(settings, "52")
    assert asyncio.run(follow(follower, 1)) == ["52"]
    assert asyncio.run(follow(Follower(Connection.of(settings), {topic: None}, begin=51), 2)) == ["51", "52"]


@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
@pytest.mark.parametrize("waits", [True, False])
def test_a_broker_that_is_away_at_the_start_is_waited_for_where_that_is_asked_for(
    settings: Settings, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Follower._opened
    tries: list[Follower] = []

    def away_at_first(follower: Follower) -> LogReader:
        tries.append(follower)
        if len(tries) < 3:
            raise BrokerAwayError("no broker answers")
        return opened(follower)

    async def read() -> list[str]:
        follower = Follower(Connection.of(settings), {Topics(settings.kafka_prefix).trends: None}, waits=waits)
        async with asyncio.timeout(30), aclosing(follower.batches()) as batches:
            async for records in batches:
                if records:
                    return values(records)
        raise AssertionError("it never ends by itself")

    put(settings, "a")
    monkeypatch.setattr(Follower, "_opened", away_at_first)
    monkeypatch.setattr("pipeline.kafka.log.ASK_EVERY_S", 0.01)
    if waits:
        assert asyncio.run(read()) == ["a"]
    else:
        with pytest.raises(BrokerAwayError):
            asyncio.run(read())
    assert len(tries) == (3 if waits else 1)


def test_a_topic_that_is_not_there_is_told_in_a_sentence(settings: Settings) -> None:
    with pytest.raises(TopicsError, match="make it with `upswell topics init`"):
        LogReader(Connection.of(settings), [f"{settings.kafka_prefix}nothing"])


def test_what_was_read_before_time_was_over_is_read_again_by_the_next_call(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(settings, "a", "b")
    reader = LogReader(Connection.of(settings), [Topics(settings.kafka_prefix).trends])
    with monkeypatch.context() as patched:
        patched.setattr(LogReader, "at_end", False)
        with pytest.raises(BrokerAwayError, match="could not be read to the end"):
            reader.read_to_end(1.0)
    assert values(reader.read_to_end()) == ["a", "b"]
    reader.close()


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_posts_of_a_transaction_are_read_when_it_is_committed_and_never_when_it_is_aborted(
    kafka: str, prefix: str, end: str
) -> None:
    settings = begun(kafka, prefix)
    topic = Topics(prefix).trends
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": f"{prefix}one"})
    producer.init_transactions(20)
    put(settings, "before")
    producer.begin_transaction()
    producer.produce(topic, b"within", partition=0)
    assert producer.flush(20) == 0
    producer.commit_transaction(20) if end == "commit" else producer.abort_transaction(20)
    reader = LogReader(Connection.of(settings), [topic])
    found: list[Record] = []
    deadline = time.monotonic() + 20
    while set(reader.next.values()) != {3} and time.monotonic() < deadline:  # the mark of its end comes a little later
        found += reader.read_to_end()
    assert values(found) == ["before", "within"][: 2 if end == "commit" else 1]
    assert set(reader.next.values()) == {3}, "that mark is no gap"
    assert reader.read_to_end() == []
    reader.close()
