"""A header whose name is not UTF-8 stops nobody."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka import Consumer, TopicPartition
from faust.types import TP

from agents.runtime.lenient import KeptRecords, LenientPartition
from pipeline.kafka.connection import Connection
from pipeline.kafka.headers import headers_of
from pipeline.kafka.posts import PostFollower
from pipeline.settings import Settings

from .apache import free_port
from .commands import Command, counters
from .fixtures import begun

POST = b'{"id":"%d","author":"ana","text":"#good","time":1700000000000}'
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class Latin(str):
    """A header's name that a client in another encoding sends."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return super().encode("latin-1")


def builder(codec: int, base: int = 0) -> _DefaultRecordBatchBuilderPy:
    """Three records, the second with such a name and one that is UTF-8."""
    batch = _DefaultRecordBatchBuilderPy(2, codec, False, -1, -1, -1, 1 << 20)
    now = int(time.time() * 1_000)
    for number in range(3):
        headers = [(Latin("café"), b"\xe9"), ("été", None)] if number == 1 else [("été", b"1")]
        batch.append(number, now, b"ana", POST % (base + number), headers)
    return batch


@pytest.mark.parametrize("codec", CODECS)
def test_every_record_of_a_fetch_is_read_once_and_what_is_no_utf8_is_replaced(codec: str) -> None:
    raw = bytearray(builder(CODECS[codec]).build())
    second = bytearray(builder(CODECS[codec], 3).build())
    second[:8] = (3).to_bytes(8, "big")  # its base offset
    records = LenientPartition(TP("posts", 0), KeptRecords(bytes(raw + second)), None, 0, None, None, False, 0)
    found = [(it.offset, bytes(it.value), list(it.headers)) for it in records]
    plain: list[tuple[str, bytes | None]] = [("été", b"1")]
    odd: list[tuple[str, bytes | None]] = [("caf\ufffd", b"\xe9"), ("été", None)]
    assert found == [(n, POST % n, odd if n % 3 == 1 else plain) for n in range(6)]


async def put(settings: Settings, topic: str) -> None:
    producer = AIOKafkaProducer(**Connection.of(settings).python())
    await producer.start()
    batch = producer.create_batch()
    batch._builder, batch._relative_offset = builder(CODECS["lz4"]), 3
    await (await producer.send_batch(batch, topic, partition=0))
    await producer.stop()


async def followed(settings: Settings, topic: str) -> list[str]:
    found: list[str] = []
    follower = PostFollower(Connection.of(settings), topic)
    async with aclosing(follower.read()) as coming:
        while len(found) < 3:
            found += [post.id for post in (await anext(coming)).posts]
    return found


def test_worker_pages_and_producers_read_on(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings, port = begun(kafka, prefix, partitions=1), free_port()
    asyncio.run(put(settings, f"{prefix}posts"))
    with Command(settings, tmp_path / "w.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.wait_for(lambda: counters(port).get("upswell_posts_read_total") == 3)
        assert worker.lines == ["upswell: ready"]
    assert asyncio.run(followed(settings, f"{prefix}posts")) == ["0", "1", "2"]


def test_producers_read_such_headers_however_often(kafka: str, prefix: str) -> None:
    """A call that Python has specialised, from the eighth on, does not look whether confluent-kafka left an error."""
    settings = begun(kafka, prefix, partitions=1)
    asyncio.run(put(settings, f"{prefix}posts"))
    consumer = Consumer({**Connection.of(settings).confluent(), "group.id": f"{prefix}reader", "fetch.wait.max.ms": 10})
    for _ in range(100):
        consumer.assign([TopicPartition(f"{prefix}posts", 0, 1)])
        record = consumer.poll(20)
        assert record is not None
        assert headers_of(record) == ()
    consumer.close()
