"""The count that the peers are compared with, and the topics it is asked on."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

PARTITIONS = 4
PANE_MS, WINDOW_MS = 10_000, 300_000
AHEAD_MS = 3_600_000  # how far the last posts are ahead, which close every window
_FETCHES_AT_ONCE = 10_000

Counts = dict[tuple[str, int], int]  # by hashtag and start of the window, ms


class _Post(msgspec.Struct):
    author: str
    text: str
    time: int


class _Result(msgspec.Struct):
    tag: str
    start: int
    count: int


def _client(brokers: str) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": brokers, "log_level": 0}


def counts_of(file: Path, *, sliding: bool) -> Counts:
    """How many times each hashtag is written in each window of 10 s; sliding: of 300 s, one every 10 s."""
    decode = msgspec.json.Decoder(_Post).decode
    counts: Counter[tuple[str, int]] = Counter()
    with file.open("rb") as lines:
        for line in lines:
            post = decode(line)
            pane = post.time - post.time % PANE_MS
            for part in post.text.split("#")[1:]:
                counts[part.split()[0].casefold(), pane] += 1
    if not sliding:
        return dict(counts)
    windows: Counter[tuple[str, int]] = Counter()
    for (tag, pane), count in counts.items():
        for start in range(pane - WINDOW_MS + PANE_MS, pane + PANE_MS, PANE_MS):
            windows[tag, start] += count
    return dict(windows)


def make_topics(brokers: str, *names: str) -> None:
    """New topics of 4 partitions, which keep their records however long ago these say they were."""
    client = AdminClient(_client(brokers))
    for future in client.create_topics(
        [NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"}) for name in names]
    ).values():
        future.result(30)


def load(brokers: str, topic: str, file: Path) -> None:
    """The posts in their order, keyed by author and stamped with their time; then, in each partition, some without a
    hashtag that are far ahead and so close every window."""
    producer = Producer(
        {
            **_client(brokers),
            "compression.type": "lz4",
            "linger.ms": 50,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    decode = msgspec.json.Decoder(_Post).decode
    newest = 0
    with file.open("rb") as lines:
        for line in lines:
            post = decode(line)
            newest = max(newest, post.time)
            while True:
                try:
                    producer.produce(topic, line[:-1], post.author.encode(), timestamp=post.time)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
    ahead = newest + AHEAD_MS
    last = msgspec.json.encode(_Post("last", "nothing more", ahead))
    for partition in range(PARTITIONS):
        producer.produce(topic, last, b"last", partition=partition, timestamp=ahead)
    producer.flush(120)


class Written:
    """How many records a topic holds, asked again and again."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.topic = topic
        self._consumer = Consumer({**_client(brokers), "group.id": "beside", "enable.auto.commit": False})

    def count(self) -> int:
        ends = (
            self._consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=10)
            for partition in range(PARTITIONS)
        )
        return sum(int(high) for _, high in ends)

    def close(self) -> None:
        self._consumer.close()


def results_of(brokers: str, topic: str) -> Counts:
    """Every result on a topic, the last of each hashtag and window."""
    consumer = Consumer(
        {
            **_client(brokers),
            "group.id": f"read-{topic}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    decode = msgspec.json.Decoder(_Result).decode
    found: Counts = {}
    ended: set[int] = set()
    deadline = time.monotonic() + 300
    try:
        while len(ended) < PARTITIONS and time.monotonic() < deadline:
            for record in consumer.consume(_FETCHES_AT_ONCE, 1.0):
                fault = record.error()
                if fault is None:
                    result = decode(record.value() or b"")
                    found[result.tag, result.start] = result.count
                elif fault.code() == KafkaError._PARTITION_EOF:
                    ended.add(record.partition() or 0)
    finally:
        consumer.close()
    return found
