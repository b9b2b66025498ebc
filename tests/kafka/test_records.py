"""Records that are no posts, however strange: each is one dead letter, and the pipeline goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from schemas import MAX_RECORD_BYTES

from .apache import free_port
from .commands import Command, counters
from .fixtures import begun
from .reference import read

GOOD = b'{"id":"%d","author":"ana","text":"#good %d","time":1700000000000}'


def strange(producer: Producer, topic: str) -> dict[int, str]:
    """Puts strange records between good ones, in one partition; returns offset -> the reason it is dead for."""
    why: dict[int, str] = {}
    producer.produce(topic, GOOD % (99, 99), partition=0)  # from here on it is read again
    offset = 1

    def put(value: bytes | None, reason: str = "", **how: Any) -> None:
        nonlocal offset
        producer.produce(topic, value, partition=0, **how)
        producer.produce(topic, GOOD % (offset, offset), partition=0)
        if reason:
            why[offset] = reason
        offset += 2

    put(None, "not-json", key=b"a tombstone")
    put(b"", "not-json")
    put(b"x" * (MAX_RECORD_BYTES + 1), "too-large")  # compressed it passes the broker's limit
    put(b'{"id":"\xff"}', "not-utf8")
    put(None, "not-json", headers=[("marker", None)])
    put(None, "not-json", headers=[("marker", b"soon")])
    put(None, "not-json", headers=[("marker", b"-5")])
    put(None, "not-json", headers=[("marker", b"999999999999999999")])
    put(None, "not-json", headers=[("traceparent", b"00-\xff")])
    put(GOOD % (90, 90), headers=[("traceparent", b"00-ab"), ("", b""), ("emoji \U0001f600", None)])
    put(GOOD % (91, 91), headers=[("marker", b"1700000000000")])  # who says something is a post
    assert producer.flush(20) == 0
    return why


def test_each_strange_record_is_one_dead_letter_however_often_it_is_read(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix, partitions=1)
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "compression.type": "lz4",
            "message.max.bytes": 4 << 20,
            "enable.idempotence": True,  # for the order
        }
    )
    why = strange(producer, f"{prefix}posts")
    said = 1 + 11 + 2  # the first, those between, and those with strange headers
    for time in range(2):  # nothing closed, so nothing is committed: the second worker reads all of it again
        port = free_port()
        with Command(settings, tmp_path / f"{time}.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
            worker.wait_for(lambda port=port: counters(port).get("upswell_posts_read_total") == said)
            told = counters(port)
            assert sum(n for name, n in told.items() if name.startswith("upswell_posts_dead_total")) == len(why)
            assert worker.end()[0] == 0
    letters = read(kafka, f"{prefix}posts-dead")
    assert len(letters) == 2 * len(why)
    by_key = {letter.key: letter for letter in letters}
    assert {int(key.partition(b":")[2]): dict(it.headers)["reason"].decode() for key, it in by_key.items()} == why
    assert all(letter.value is not None for letter in letters), "a letter without a value would delete itself"
    (large,) = [letter for letter in by_key.values() if dict(letter.headers)["reason"] == b"too-large"]
    assert dict(large.headers)["bytes"] == b"%d" % (MAX_RECORD_BYTES + 1)
