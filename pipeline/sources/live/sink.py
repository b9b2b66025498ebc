"""Posts of sources onto Kafka, and back from it what was sent before a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from typing import Protocol

from pipeline.clock import utc_ms
from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.log import POLL_S, LogReader, Place
from pipeline.kafka.posts import posts_of
from pipeline.kafka.producer import DeliveryError, PostProducer
from pipeline.settings import Settings
from schemas import Post
from schemas.control import UNSIGNED

DELIVERED_WITHIN_S = 15.0  # then the producer is made anew, and the log says what had come
MARK_EVERY_S = 10.0
READ_BACK_WITHIN_S = 60.0
_EARLY_MS, _SLACK_MS = 5_000, 60_000  # between a post's time and its record's


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
        times, wanted = [int(post.time) for post in posts], {(post.source, post.id) for post in posts}
        found: set[tuple[str | None, str]] = set()
        end_ms, deadline = max(times) + _SLACK_MS, time.monotonic() + READ_BACK_WITHIN_S
        with closing(LogReader(self._producer.connection, [self._producer.topic])) as reader:
            reader.skip_to_time(min(times) - _EARLY_MS, READ_BACK_WITHIN_S)
            reader.assign()
            beyond: set[Place] = set()  # where their times have been passed
            while reader.unread - beyond and not wanted <= found:
                if time.monotonic() > deadline:
                    raise DeliveryError(
                        "what was sent before the last end cannot be read back from Kafka; it is tried again"
                    )
                records = reader.poll(POLL_S)
                beyond |= {record.place for record in records if record.time_ms > end_ms}
                there = posts_of([record for record in records if record.time_ms <= end_ms], UNSIGNED)
                found |= {(post.source, post.id) for _, post in there if post.deleted is None}
        return wanted & found

    def _mark(self) -> None:
        while not self._ended.wait(MARK_EVERY_S):
            try:
                self._producer.mark(utc_ms())
            except KafkaUseError:
                return  # `send` meets the same fault, and tells it
