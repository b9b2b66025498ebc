"""A plain Faust program of the same job, measured on the first of the posts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.common import say
from bench.workers import DONE_WITHIN_S, cpu_s, topics_of_a_run
from pipeline.cli.errors import CommandError
from pipeline.kafka.connection import Connection

FAUST_POSTS = 20_000


def plain_faust(program: Path, folder: Path, file: Path, brokers: str | None) -> float:
    """CPU s per million posts of a plain Faust program (its surroundings: PEERS_* variables), from its first record to
    its last result. It is to write one result for each hashtag of each post."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

    say("plain Faust reads the first of them")
    with topics_of_a_run(brokers, folder) as settings:
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
            "PEERS_GROUP": f"{settings.kafka_prefix}plain-group",
            "PEERS_BROKER": settings.kafka_brokers,
            "PEERS_STATE": str(folder / "state"),
            "PEERS_TOPIC": source,
            "PEERS_OUT": results,
            "PEERS_FIRST": str(first),
            "PEERS_WINDOW": "tumbling",
            "PEERS_EMIT": "updates",
        }
        consumer = Consumer(told | {"group.id": "unused", "enable.auto.commit": False})
        process = subprocess.Popen(
            [sys.executable, str(program.resolve()), "worker", "--without-web", "-l", "error"],
            cwd=folder,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(first.exists, process)
            before = cpu_s(process.pid)

            def done() -> bool:
                return int(consumer.get_watermark_offsets(TopicPartition(results, 0), timeout=10)[1]) >= tags

            _wait(done, process)
            return (cpu_s(process.pid) - before) * 1e6 / FAUST_POSTS
        finally:
            process.kill()
            process.wait()
            consumer.close()


def _wait(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DONE_WITHIN_S
    while not what():
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"the plain Faust program did not come to its end ({process.poll()})")
        time.sleep(0.2)
