"""Pushing posts to Kafka: by author, in their order, fast, and with nothing lost that was acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import xxhash

from pipeline.clock import utc_ms
from pipeline.kafka.connection import (
    Connection,
    KafkaUseError,
    control_keys,
    forbidden,
    refused,
    silent_logger,
    wait_for_broker,
)
from pipeline.kafka.log import Record, newest_records
from pipeline.kafka.topics import TopicsError
from pipeline.partitions import partition_of, split_by_author
from pipeline.settings import Settings
from schemas import MARKER_HEADER, MAX_TIME_MS, Post, PostError, decode_post
from schemas.control import RETRACTION, ControlKeys, header_of
from schemas.topics import Topics

HOUR_MS = 3_600_000
DELIVERED_WITHIN_S = 300.0  # an outage of the broker shorter than this is waited out
QUEUED_MESSAGES = 200_000
QUEUED_KIB = 256 << 10
STALLED_S = 10.0  # without an acknowledgement: worth a word
LOOKED_AT = 16

_encode = msgspec.json.Encoder().encode


class DeliveryError(KafkaUseError):
    """Posts were not taken by the broker: how many, and the first reason. Whoever sends them knows what to do."""


class PostProducer:
    """Pushes posts to the `posts` topic, retractions signed; close it, or use it in a `with` block.

    A post lies in the partition of its author (murmur2, as every Kafka client has it and as `pipeline.local` does), in
    the order of the calls. `push` blocks while the broker is slower than its caller; a broker that goes away for less
    than `delivered_within_s` costs a wait, which `say` is told once. `mark` may be called from another thread.

    Raises BrokerAwayError, RefusedError or TopicsError when it is made, DeliveryError from every call after a failure.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None] = lambda _: None,
        wait_s: float = 0.0,
        delivered_within_s: float = DELIVERED_WITHIN_S,
    ) -> None:
        from confluent_kafka import Producer

        self.connection = Connection.of(settings)
        self.settings = settings
        self._control = control_keys(settings)
        self.topic = Topics(settings.kafka_prefix).posts
        self.newest = -1  # ms, of all posts pushed
        self.pushed = 0  # records handed over, markers not counted
        self.failed = 0
        self.reason = ""
        self._say = say
        self._told_away = False
        self._refused = False
        self._forbidden = False
        self._progress = 0, time.monotonic()  # acknowledged, and when that was first seen
        self._within_s = delivered_within_s
        self._partitions = _partitions_there(self.topic, settings, wait_for_broker(self.connection, wait_s, say))
        self._producer: Any = Producer(
            self.connection.confluent()
            | {
                "enable.idempotence": True,  # acks=all, and the order of a partition is kept through retries
                "compression.type": "lz4",
                "linger.ms": 20,
                "batch.size": 900_000,
                "message.max.bytes": 4 << 20,  # of a request; a record beyond the topic's limit the broker refuses
                "queue.buffering.max.messages": QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": QUEUED_KIB,
                "delivery.timeout.ms": int(delivered_within_s * 1_000),
                "delivery.report.only.error": True,
                "error_cb": self._on_error,
                "logger": silent_logger(),
            }
        )

    def __enter__(self) -> PostProducer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    def push(self, posts: Sequence[Post]) -> None:
        """Posts with `time` in ms, in log order."""
        if not posts:
            return
        for partition, part in enumerate(split_by_author(posts, self._partitions)):
            for post in part:
                self._produce_post(_encode(post), post, partition)
        self.newest = max(self.newest, max(int(post.time) for post in posts))
        self.pushed += len(posts)
        self._check()

    def push_record(self, record: bytes, post: Post) -> None:
        """A post as it was written, decoded already."""
        self._produce_post(record, post, partition_of(post.author, self._partitions))
        self.newest = max(self.newest, int(post.time))
        self.pushed += 1
        self._check()

    def push_dead(self, raw: bytes) -> None:
        """What is no post, as it is: the workers make it a dead letter. It has no author; the partition is a function
        of the bytes, so that two pushes of the same archive are equal."""
        self._produce(raw, None, xxhash.xxh64_intdigest(raw) % self._partitions)
        self.pushed += 1
        self._check()

    def mark(self, time_ms: int) -> None:
        """A marker into every partition: event time has come to `time_ms`, whether anybody posted or not."""
        for partition in range(self._partitions):
            self._produce(b"", None, partition, marker_headers(self._control, self.topic, time_ms))
        self._check()

    def finish(self) -> int | None:
        """The end of an archive: markers into every partition at the first full hour after the newest post, plus the
        lateness, rounded up to a pane, as `pipeline.local` has it, but not beyond now: of posts of now the last lists
        come as the clock goes on. Returns their time (ms; None: there was no post) when the broker has acknowledged
        everything."""
        at = None
        if self.newest >= 0:
            end = end_marker(self.newest, self.settings.pane_ms, self.settings.max_out_of_orderness_ms)
            at = min(end, utc_ms())
            self.mark(at)
        self.flush()
        return at

    def flush(self) -> None:
        """Returns when everything is acknowledged."""
        deadline = time.monotonic() + self._within_s + 10
        while self._producer.flush(0.5) and time.monotonic() < deadline:
            self._check()
        self._check()
        left = len(self._producer)
        if left:
            raise DeliveryError(
                f"{left:,} records were not acknowledged by Kafka at {self.connection.shown} in"
                f" {self._within_s:.0f} s; {self.acknowledged:,} were"
            )

    def poll(self) -> None:
        """Hears what the broker says, for callers that have nothing to push. Raises as `push` does."""
        self._check()

    @property
    def acknowledged(self) -> int:
        """At least so many records are safely in Kafka."""
        return max(self.pushed - self.failed - len(self._producer), 0)

    def reached(self) -> int | None:
        """The latest time (ms) among the last LOOKED_AT records of the topic's partitions (control records have none);
        None where it holds none."""
        records = newest_records(self.connection, self.topic, LOOKED_AT * self._partitions)
        times = [_time_of(record) for record in records]
        return max(times, default=None)

    def _produce_post(self, record: bytes, post: Post, partition: int) -> None:
        headers = None if post.deleted is None else list(self._control.signed(self.topic, RETRACTION, record))
        self._produce(record, post.author.encode(), partition, headers)

    def _produce(
        self, value: bytes, key: bytes | None, partition: int, headers: list[tuple[str, bytes]] | None = None
    ) -> None:
        while True:
            try:
                self._producer.produce(self.topic, value, key, partition, on_delivery=self._on_failure, headers=headers)
                return
            except BufferError:
                self._producer.poll(0.2)
                self._check()

    def _check(self) -> None:
        self._producer.poll(0)
        if self._refused:
            raise refused(self.connection)
        if self._forbidden:
            raise forbidden(self.connection, f"WRITE topic {self.topic}")
        if self.failed:
            raise DeliveryError(
                f"{self.failed:,} records were not taken by Kafka at {self.connection.shown} ({self.reason});"
                f" {self.acknowledged:,} were"
            )
        self._tell_of_a_stall()

    def _tell_of_a_stall(self) -> None:
        """Once, where nothing is acknowledged though the broker can be reached: its disk, or its copies."""
        acknowledged, now = self.acknowledged, time.monotonic()
        if acknowledged != self._progress[0] or not len(self._producer):
            self._progress = acknowledged, now
        elif now - self._progress[1] > STALLED_S and not self._told_away:
            self._told_away = True
            self._say(
                f"Kafka at {self.connection.shown} has acknowledged nothing for {STALLED_S:.0f} s; what is not"
                f" acknowledged waits up to {self._within_s:.0f} s (see the broker's log)"
            )

    def _on_failure(self, error: Any, _message: Any) -> None:
        if error is not None:
            self.failed += 1
            self._forbidden = self._forbidden or error.name() == "TOPIC_AUTHORIZATION_FAILED"
            self.reason = self.reason or error.str()

    def _on_error(self, error: Any) -> None:
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._AUTHENTICATION:
            self._refused = True
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and not self._told_away:
            self._told_away = True
            self._say(
                f"Kafka at {self.connection.shown} is away; what is not acknowledged waits up to"
                f" {self._within_s:.0f} s for it"
            )


def end_marker(newest_ms: int, pane_ms: int, max_out_of_orderness_ms: int) -> int:
    """The time (ms) at whose marker everything up to the first full hour after `newest_ms` closes.

    >>> end_marker(3_600_001, 10_000, 5_000)
    7210000
    """
    time_ms = (newest_ms // HOUR_MS + 1) * HOUR_MS
    return -(-(time_ms + max_out_of_orderness_ms) // pane_ms) * pane_ms


def marker_headers(keys: ControlKeys, topic: str, time_ms: int) -> list[tuple[str, bytes]]:
    """The headers of a marker: event time has come to `time_ms`."""
    told = b"%d" % time_ms
    return [(MARKER_HEADER, told), *keys.signed(topic, MARKER_HEADER, told)]


def is_dead_to_workers(raw: bytes) -> bool:
    """Whether a worker that reads this record will not count it."""
    try:
        decode_post(raw)
    except PostError:
        return True
    return False


def _partitions_there(topic: str, settings: Settings, found: dict[str, int]) -> int:
    if topic not in found:
        raise TopicsError(f"there is no topic {topic}; make it with `upswell topics init`")
    if found[topic] != settings.partitions:
        raise TopicsError(
            f"topic {topic} has {found[topic]} partitions where {settings.partitions} are set: set UPSWELL_PARTITIONS"
            f" to {found[topic]}"
        )
    return found[topic]


def _time_of(record: Record) -> int:
    """The event time that a record stands for: at most that at which Kafka took it; 0 where it has none."""
    told = header_of(record.headers, MARKER_HEADER) if not record.value else None
    if told and told.isdigit() and int(told) < MAX_TIME_MS:
        return min(int(told), record.time_ms)
    try:
        return min(int(decode_post(record.value or b"").time), record.time_ms)
    except PostError:
        return 0
