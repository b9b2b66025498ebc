"""An archive of forty minutes with all that archives hold (duplicates, late and corrupt posts, a partition that falls
idle), pushed within a few minutes while the definitions change."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
from confluent_kafka import Producer

from pipeline.partitions import murmur2
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.trends.panes import Grid
from schemas import PostError, decode_post
from schemas.definitions import DEFINITIONS_HEADER, Definitions, decode_definitions
from schemas.events import Event

HOUR_MS = 3_600_000
CHANGES = 20  # of the definitions, while posts are pushed


def lines(seed: int, posts: int, partitions: int) -> list[tuple[bytes, int]]:
    """(record, partition) in log order: duplicates, late and corrupt ones; one partition falls idle in between."""
    minutes = 40
    scenario = mixed_scenario(duration_ms=minutes * 60_000, rate=posts / (minutes * 60) / 1.45)
    end = scenario.start_ms + 2 * HOUR_MS
    quiet = scenario.start_ms + 12 * 60_000, scenario.start_ms + 19 * 60_000
    made: list[tuple[bytes, int]] = []
    authors: dict[str, int] = {}
    for line in simulate(scenario, seed):
        try:
            post = decode_post(line)
        except PostError:
            made.append((line, len(made) % partitions))
            continue
        if int(post.time) > end:
            continue  # an archive reader keeps such posts back
        partition = authors.get(post.author)
        if partition is None:
            partition = int((murmur2([post.author.encode()])[0] & np.uint32(0x7FFFFFFF)) % partitions)
            authors[post.author] = partition
        if partition == 1 and quiet[0] <= int(post.time) < quiet[1]:
            continue
        made.append((line, partition))
    return made


def push(address: str, made: list[tuple[bytes, int]], seconds: float, grid: Grid, partitions: int) -> list[Any]:
    """Pushes all within about so many seconds, and the last markers. Returns the delivery errors."""
    errors: list[Any] = []
    producer = Producer(
        {
            "bootstrap.servers": address,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": 500_000,
            "delivery.timeout.ms": 300_000,
            "log_level": 0,
            "reconnect.backoff.max.ms": 1_000,
        }
    )

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            errors.append(error)

    began = time.monotonic()
    newest = 0
    for number, (line, partition) in enumerate(made):
        if number % (len(made) // CHANGES) == 0:
            told = _definitions(number)
            headers = [(DEFINITIONS_HEADER, decode_definitions(told).version.encode())]
            for each in range(partitions):
                producer.produce("posts", told, partition=each, headers=headers, on_delivery=delivered)
        producer.produce("posts", line, partition=partition, on_delivery=delivered)
        if number % 500 == 0:
            producer.poll(0)
            time.sleep(max(0.0, began + seconds * number / len(made) - time.monotonic()))
    for line, _ in made:
        try:
            newest = max(newest, int(decode_post(line).time))
        except PostError:
            continue
    end = (newest // HOUR_MS + 1) * HOUR_MS + grid.max_out_of_orderness_ms
    for partition in range(partitions):
        mark = b"%d" % (-(-end // grid.pane_ms) * grid.pane_ms)
        producer.produce("posts", b"", partition=partition, headers=[("marker", mark)], on_delivery=delivered)
    producer.flush(300)
    return errors


def _definitions(number: int) -> bytes:
    """Others each time, and newer than what the first worker says."""
    tags = ("#capcomnet", "#paris20", "#météolyon", "#coffeemonday", "#marchérennes")
    often = Event("often", hashtags=tags[number % len(tags) :], words=("la", "the", "à")[number % 3 :])
    at = int(time.time() * 1_000) + number // 4  # at most four minutes ahead of its record, of ten
    return msgspec.json.encode(Definitions(at, events=(often, Event("now", hashtags=tags[:2]))))
