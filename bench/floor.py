"""The least that a program must do on Kafka: confluent-kafka, msgspec, a split, panes of 10 s in dicts.

Started by bench/beside_flink.py, which tells it by BENCH_* variables what to read. No commits, no fault tolerance: a
pane closes 60 s of event time behind the slowest partition.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, Producer

PARTITIONS, PANE_MS, BEHIND_MS = 4, 10_000, 60_000


class Post(msgspec.Struct):
    text: str
    time: int


def main() -> None:
    told = os.environ
    consumer = Consumer(
        {
            "bootstrap.servers": told["BENCH_BROKER"],
            "group.id": told["BENCH_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,
        }
    )
    consumer.subscribe([told["BENCH_TOPIC"]])
    producer = Producer(
        {
            "bootstrap.servers": told["BENCH_BROKER"],
            "compression.type": "lz4",
            "linger.ms": 50,
            "queue.buffering.max.messages": 3_000_000,
            "queue.buffering.max.kbytes": 2_000_000,
        }
    )
    out, due = told["BENCH_OUT"], int(told["BENCH_POSTS"]) + PARTITIONS
    decode, encode = msgspec.json.Decoder(Post).decode, msgspec.json.encode
    panes: dict[int, dict[str, int]] = {}
    reached: dict[int, int] = {}
    read = 0

    def close(before: int) -> None:
        for start in sorted(start for start in panes if start < before):
            for tag, count in panes.pop(start).items():
                producer.produce(out, encode({"tag": tag, "start": start, "count": count}), tag)
            producer.poll(0)

    while read < due:
        records = consumer.consume(5_000, 0.5)
        if records and not read:
            Path(told["BENCH_FIRST"]).touch()
        read += len(records)
        for record in records:
            post = decode(record.value() or b"")
            reached[record.partition() or 0] = post.time
            if "#" in post.text:
                start = post.time - post.time % PANE_MS
                pane = panes.get(start)
                if pane is None:
                    pane = panes[start] = {}
                for part in post.text.split("#")[1:]:
                    tag = part.split(None, 1)[0].casefold()
                    pane[tag] = pane.get(tag, 0) + 1
        if len(reached) == PARTITIONS:
            close((min(reached.values()) - BEHIND_MS) // PANE_MS * PANE_MS)
    producer.flush()
    signal.pause()  # the bench reads what was used, and ends it


if __name__ == "__main__":
    main()
