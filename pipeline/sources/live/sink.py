"""Posts of sources onto Kafka, and back from it what was sent before a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from pipeline.kafka.connection import KafkaUseError, silent_logger
from pipeline.kafka.producer import DeliveryError, PostProducer
from pipeline.settings import Settings
from schemas import Post, PostError, decode_post

DELIVERED_WITHIN_S = 15.0  # then the producer is made anew, and the log says what had come
MARK_EVERY_S = 10.0
READ_BACK_WITHIN_S = 60.0
_SLACK_MS = 60_000  # from a post's time to its record's


class Sink(Protocol):
    """Where posts go."""

    def send(self, posts: Sequence[Post]) -> None:
        """Returns when all are acknowledged. Raises KafkaUseError."""
        ...

    def found(self, posts: Collection[Post]) -> set[tuple[str | None, str]]:
        """(source, id) of those of the posts that the log holds already. Raises KafkaUseError."""
        ...

    def close(self) -> None:
        """Gives up what is not acknowledged."""
        ...


class KafkaSink:
    """One producer for all sources; while it is open, markers tell every partition the time. Raises as PostProducer."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._producer = PostProducer(settings, say=say, delivered_within_s=DELIVERED_WITHIN_S)
        self._ended = threading.Event()
        self._marker = threading.Thread(target=self._mark, name="source-markers", daemon=True)
        self._marker.start()

    def send(self, posts: Sequence[Post]) -> None:
        """Returns when all are acknowledged."""
        self._producer.push(posts)
        self._producer.flush()

    def close(self) -> None:
        """Gives up what is not acknowledged."""
        self._ended.set()
        self._marker.join()
        self._producer.__exit__(KafkaUseError)

    def found(self, posts: Collection[Post]) -> set[tuple[str | None, str]]:
        """(source, id) of those of the posts that the log holds, looked for where records of their times lie."""
        times = [int(post.time) for post in posts]
        wanted = {(post.source, post.id) for post in posts}
        return wanted & set(_between(self._producer, min(times) - 5_000, max(times) + _SLACK_MS, wanted))

    def _mark(self) -> None:
        while not self._ended.wait(MARK_EVERY_S):
            try:
                self._producer.mark(time.time_ns() // 1_000_000)
            except KafkaUseError:
                return  # `send` meets the same fault, and tells it


def _between(
    producer: PostProducer, begin_ms: int, end_ms: int, wanted: set[tuple[str | None, str]]
) -> set[tuple[str | None, str]]:
    """(source, id) of the posts in records with a time in [begin_ms, end_ms]; no further than what is wanted."""
    from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

    consumer: Any = Consumer(
        producer.connection.confluent()
        | {
            "group.id": "upswell-unused",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "logger": silent_logger(),
        }
    )
    found: set[tuple[str | None, str]] = set()
    deadline = time.monotonic() + READ_BACK_WITHIN_S
    try:
        places = [TopicPartition(producer.topic, number, begin_ms) for number in range(producer.settings.partitions)]
        consumer.assign(_begins(consumer, places, deadline))
        open_ = set(range(producer.settings.partitions))
        while open_ and not wanted <= found:
            if time.monotonic() > deadline:
                raise DeliveryError(
                    "what was sent before the last end cannot be read back from Kafka; it is tried again"
                )
            record = consumer.poll(0.2)
            if record is None:
                continue
            if (fault := record.error()) is not None:
                if fault.code() == KafkaError._PARTITION_EOF:
                    open_.discard(record.partition())
                continue
            if record.timestamp()[1] > end_ms:
                open_.discard(record.partition())
            elif (post := _post(record.value())) is not None and post.deleted is None:
                found.add((post.source, post.id))
    except KafkaException as error:
        raise DeliveryError(f"what was sent before cannot be read back from Kafka: {error.args[0].str()}") from None
    finally:
        consumer.close()
    return found


def _begins(consumer: Any, places: list[Any], deadline: float) -> list[Any]:
    """The offsets at these times; a topic that was just made may have no leader for a moment. Raises KafkaException."""
    from confluent_kafka import KafkaException

    while True:
        try:
            begins: list[Any] = consumer.offsets_for_times(places, timeout=10)
            return begins
        except KafkaException as error:
            fault = error.args[0]
            passing = fault.retriable() or fault.code() == fault.NOT_LEADER_FOR_PARTITION
            if not passing or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _post(record: bytes | None) -> Post | None:
    try:
        return decode_post(record or b"")
    except PostError:
        return None
