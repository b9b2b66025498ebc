"""Batches that unpack to far more than they are on their way stop nobody: their records are dead letters."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from faust.types import TP

from agents.runtime.lenient import KeptRecords, LenientPartition, read_leniently
from pipeline.kafka.beyond import Passage
from pipeline.kafka.connection import Connection
from pipeline.kafka.log import LogReader
from pipeline.settings import Settings

from .apache import free_port
from .commands import Command, counters
from .fixtures import begun
from .test_headers import CODECS

POST = b'{"id":"%d","author":"ana","text":"#good","time":1700000000000}'
MIB = 1 << 20


def built(codec: str, *values: bytes) -> _DefaultRecordBatchBuilderPy:
    built = _DefaultRecordBatchBuilderPy(2, CODECS[codec], False, -1, -1, -1, 1 << 30)
    for number, value in enumerate(values):
        built.append(number, 1_700_000_000_000, None, value, [])
    return built


def batch(codec: str, base: int, *values: bytes) -> bytes:
    """As it is on its way."""
    raw = bytearray(built(codec, *values).build())
    raw[:8] = base.to_bytes(8, "big")
    return bytes(raw)


async def put(settings: Settings, topic: str, *batches: list[bytes]) -> None:
    producer = AIOKafkaProducer(**Connection.of(settings).python())
    await producer.start()
    for values in batches:
        sent = producer.create_batch()
        sent._builder, sent._relative_offset = built("zstd", *values), len(values)
        await (await producer.send_batch(sent, topic, partition=0))
    await producer.stop()


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_the_records_of_such_a_batch_come_without_value_and_those_around_it_are_read(codec: str) -> None:
    read_leniently()
    bomb = b" " * (80 * MIB)
    raw = batch(codec, 0, b"a", b"b") + batch(codec, 2, b"c", bomb) + batch(codec, 4, b"d")
    records = LenientPartition(TP("posts", 0), KeptRecords(raw), None, 0, None, None, False, 0)
    began_s = time.process_time()
    found = [(it.offset, it.value and bytes(it.value)) for it in records]
    assert time.process_time() - began_s < 0.2
    assert found == [(0, b"a"), (1, b"b"), (2, None), (3, None), (4, b"d")]


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_what_clients_send_by_themselves_is_read_however_well_it_packs(codec: str) -> None:
    read_leniently()
    values = [b"the same words again and again " * 33] * 1_000
    records = LenientPartition(TP("posts", 0), KeptRecords(batch(codec, 0, *values)), None, 0, None, None, False, 0)
    assert [bytes(it.value) for it in records] == values


def test_the_end_of_such_a_batch_is_found_wherever_it_is_and_soon() -> None:
    rng = random.Random(1)
    for _ in range(2_000):
        begin, length = rng.randrange(5), rng.choice((1, 2, 3, rng.randrange(1, 5_000)))
        end = begin + length
        another = end + rng.choice((0, 1, 2, 50))  # batch of the kind
        log_end = another + rng.choice((0, 0, 1, rng.randrange(100)))
        passage, asked = Passage(begin, begin + rng.randrange(length)), 0
        while passage.end is None:
            probe, asked = passage.probe(log_end), asked + 1
            assert begin < probe <= log_end
            passage.told(probe, begin if probe < end else another if another <= probe < log_end else None)
        assert passage.end == end
        assert asked <= 2 * length.bit_length() + 2


@pytest.mark.timeout(120)
def test_a_worker_and_whoever_reads_posts_go_on_behind_it(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings, port = begun(kafka, prefix, partitions=1), free_port()
    topic = f"{prefix}posts"
    bomb = b" " * (60 * MIB)
    posts = [POST % number for number in range(5)]
    asyncio.run(put(settings, topic, posts[:2], [bomb] * 3, posts[2:4], [bomb, bomb], [posts[4]], [bomb, bomb]))
    with Command(settings, tmp_path / "w.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.wait_for(lambda: counters(port).get("upswell_posts_read_total") == 5)
        worker.wait_for(lambda: counters(port)["upswell_posts_dead_total{not-json}"] == 7)
        peak_kib = int((Path(f"/proc/{worker.process.pid}/status").read_text().split("VmHWM:")[1]).split()[0])
        assert peak_kib < 250 * 1_024
    with closing(LogReader(Connection.of(settings), [topic])) as reader:
        assert [it.value for it in reader.read_to_end() if it.value] == posts
