"""Whole topics, read by whoever needs all of them: to their end and on, in no consumer group, only what is committed.

`LogReader` does it, on confluent-kafka: librdkafka tells where a topic ends by what a fetch brought, so on every broker
(a question for the end the embedded one answers wrongly), goes on by itself after an outage, tells a wrong password
from a broker that is away, and gives its callers no record of a transaction that was aborted. `GlobalTable` is a topic
that is known as far as it was read last; `Follower` gives records to an event loop as they come.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any, Generic, NamedTuple, TypeVar

from pipeline.kafka.beyond import Passage
from pipeline.kafka.connection import (
    BrokerAwayError,
    Connection,
    KafkaUseError,
    forbidden,
    refused,
    silent_logger,
    wait_for_broker,
)
from pipeline.kafka.headers import headers_of
from pipeline.kafka.topics import TopicsError
from pipeline.source_status import SourceStatus

READ_WITHIN_S = 30.0
POLL_S = 0.25
ASK_EVERY_S = 5.0
FETCH_WAIT_MS = 10  # how long a broker that has nothing new may hold an answer back
AT_ONCE = 1_000  # records
QUEUED_KIB = 8 << 10  # that wait for whoever reads

T = TypeVar("T")


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as it lies in the log; `time_ms` is 0 where a broker does not say when it was written."""

    place: Place
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class LogReader:
    """Reads whole topics from any place on. Belongs to one thread at a time."""

    def __init__(self, connection: Connection, topics: Sequence[str]) -> None:
        """Raises KafkaUseError: no broker, it refuses us, or a topic is missing."""
        from confluent_kafka import Consumer

        there = wait_for_broker(connection, 0)
        for topic in topics:
            if topic not in there:
                raise TopicsError(f"there is no topic {topic}; make it with `upswell topics init`")
        self.connection = connection
        self.next = {Place(topic, partition): 0 for topic in topics for partition in range(there[topic])}
        self._passages: dict[Place, Passage] = {}  # past batches that cannot be read
        self._ends: dict[Place, int] = {}  # where a fetch has found that a partition ends, or is read to
        self._probes: dict[Place, int] = {}
        self._refused = False
        self._consumer: Any = Consumer(
            connection.confluent()
            | {
                "group.id": "upswell-unused",  # it wants a name, and no group is joined
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "fetch.queue.backoff.ms": 5,
                "queued.max.messages.kbytes": QUEUED_KIB,
                "error_cb": self._on_error,
                "logger": silent_logger(),
            }
        )

    def assign(self) -> None:
        """From now on records are fetched, each partition from `next` on; what was fetched otherwise is forgotten."""
        from confluent_kafka import TopicPartition

        self._ends, self._passages = {}, {}
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self.next.items()])

    def unassign(self) -> None:
        """Nothing is fetched before somebody asks again."""
        self._consumer.unassign()

    def poll(self, wait_s: float, most: int = AT_ONCE) -> list[Record]:
        """What has come, at once where there is something and else as soon as something comes. Raises KafkaUseError
        where no waiting helps."""
        first = self._consumer.poll(wait_s)  # `consume` would wait for so many, or so long
        if self._refused:
            raise refused(self.connection)
        if first is None:
            return []
        found, sought = list[Record](), set[Place]()
        for message in [first, *self._consumer.consume(most - 1, 0)]:
            place = Place(message.topic(), message.partition())
            if place in sought:
                continue
            if place in self._passages:  # it is sought again, and what comes behind this message was fetched before
                sought.add(place)
            if record := self._taken(place, message):
                found.append(record)
            if place in self._passages:
                sought.add(place)
        return found

    @property
    def at_end(self) -> bool:
        """Whether every partition has been read to where it ended when that was first seen after `assign`."""
        return not self.unread

    @property
    def unread(self) -> set[Place]:
        """The partitions that have not."""
        return {it for it, offset in self.next.items() if it not in self._ends or offset < self._ends[it]}

    def read_to_end(self, within_s: float = READ_WITHIN_S) -> list[Record]:
        """All records from `next` on that were acknowledged before the call. Raises KafkaUseError: BrokerAwayError when
        that takes too long; what was read until then is returned by no call, and `next` is where it was."""
        before, found, deadline = dict(self.next), list[Record](), time.monotonic() + within_s
        self.assign()
        try:
            while not self.at_end:
                if time.monotonic() > deadline:
                    topics = ", ".join(sorted({place.topic for place in self.next}))
                    raise BrokerAwayError(
                        f"{topics} could not be read to the end in {within_s:.0f} s; is Kafka overloaded?"
                    )
                found += self.poll(min(POLL_S, within_s))
        except BaseException:
            self.next = before
            raise
        finally:
            self.unassign()
        return found

    def skip_to_newest(self, newest: Mapping[str, int | None], within_s: float = READ_WITHIN_S) -> None:
        """Sets `next` forward to the newest records, at most about so many of a topic (None: all), where that is
        further than it is, or where the log has been made anew since."""
        wanted = {place: count for place in self.next if (count := newest.get(place.topic)) is not None}
        if not wanted:
            return
        before, deadline = dict(self.next), time.monotonic() + within_s
        self.assign()
        while not wanted.keys() <= self._ends.keys() and time.monotonic() < deadline:
            self.poll(POLL_S)
        self.unassign()
        self.next = before
        for place, count in wanted.items():
            end = self._ends.get(place, 0)
            share = -(-count // sum(other.topic == place.topic for other in self.next))
            self.next[place] = max(before[place] if before[place] <= end else 0, end - share)

    def skip_to_time(self, since_ms: int, within_s: float) -> None:
        """Sets `next` to the first records of this time or later. A topic that was just made may have no leader for a
        moment. Raises KafkaUseError."""
        from confluent_kafka import KafkaException, TopicPartition

        asked, deadline = [TopicPartition(*place, since_ms) for place in self.next], time.monotonic() + within_s
        while True:
            try:
                begins = self._consumer.offsets_for_times(asked, timeout=ASK_EVERY_S)
            except KafkaException as error:
                fault = error.args[0]
                passing = fault.retriable() or fault.code() == fault.NOT_LEADER_FOR_PARTITION
                if not passing or time.monotonic() > deadline:
                    raise KafkaUseError(f"Kafka at {self.connection.shown} refuses: {fault.str()}") from None
                time.sleep(0.1)
            else:
                self.next = {Place(it.topic, it.partition): it.offset for it in begins}
                return

    def answers(self) -> bool:
        """Whether a broker answers now."""
        from confluent_kafka import KafkaException

        try:
            self._consumer.list_topics(next(iter(self.next)).topic, timeout=ASK_EVERY_S)
        except KafkaException:
            return False
        return True

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()

    def _taken(self, place: Place, message: Any) -> Record | None:
        if place in self._passages:
            begin = message.offset() if self._is_unreadable(message) else None
            self._passages[place].told(self._probes[place], begin)
            self._seek(place)
            return None
        if (error := message.error()) is not None:
            self._note(place, message, error)
            return None
        offset = message.offset()
        if place not in self._ends:
            from confluent_kafka import TopicPartition

            _, end = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            self._ends[place] = max(end, offset + 1)
        self.next[place] = offset + 1
        kind, time_ms = message.timestamp()
        return Record(place, offset, time_ms if kind else 0, message.key(), message.value(), headers_of(message))

    def _note(self, place: Place, message: Any, error: Any) -> None:
        """An event that is no record: the end of a partition, or what is wrong with it."""
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._PARTITION_EOF:
            self.next[place] = max(self.next[place], message.offset())
            self._ends[place] = self.next[place]
        elif self._is_unreadable(message):
            self._passages[place] = Passage(message.offset(), self.next[place])
            self._seek(place)
        elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise forbidden(self.connection, f"READ topic {place.topic}")
        elif error.fatal():
            raise KafkaUseError(f"Kafka at {self.connection.shown} refuses: {error.str()}")

    def _is_unreadable(self, message: Any) -> bool:
        from confluent_kafka import KafkaError

        return message.error() is not None and message.error().code() == KafkaError._BAD_COMPRESSION

    def _seek(self, place: Place) -> None:
        """Asks for the next offset that may lie behind a batch that cannot be unpacked."""
        from confluent_kafka import TopicPartition

        passage = self._passages[place]
        _, log_end = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        if passage.end is not None:
            self.next[place] = passage.end
            del self._passages[place]
        self._probes[place] = passage.probe(log_end) if passage.end is None else passage.end
        self._consumer.seek(TopicPartition(*place, self._probes[place]))

    def _on_error(self, error: Any) -> None:
        from confluent_kafka import KafkaError

        self._refused = self._refused or error.code() == KafkaError._AUTHENTICATION


def newest_records(connection: Connection, topic: str, most: int = 1, within_s: float = 3.0) -> list[Record]:
    """The last records, at most so many, of each partition. Raises KafkaUseError."""
    with closing(LogReader(connection, [topic])) as reader:
        reader.skip_to_newest({topic: most}, within_s)
        return reader.read_to_end(within_s)


class GlobalTable(Generic[T]):
    """What a topic holds, as far as `refresh` last came: `state`, which `take` tells of each record in log order. For
    any thread."""

    def __init__(self, connection: Connection, topic: str, state: T, take: Callable[[Record], None]) -> None:
        """Nothing is connected before the first `refresh`."""
        self.state, self._take = state, take
        self._connection, self._topic = connection, topic
        self._reader: LogReader | None = None
        self._reading = threading.Lock()

    def refresh(self, within_s: float = READ_WITHIN_S) -> T:
        """Reads on to the end: all that was acknowledged before the call is in `state` then. Raises KafkaUseError; the
        next call goes on from where this one began."""
        with self._reading:
            if self._reader is None:
                self._reader = LogReader(self._connection, [self._topic])
            for record in self._reader.read_to_end(within_s):
                self._take(record)
            return self.state

    def close(self) -> None:
        """Lets go of the connection."""
        with self._reading:
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()


class Follower:
    """Whole topics for an event loop: what they hold, then what comes. A broker that goes away is waited for."""

    def __init__(
        self,
        connection: Connection,
        newest: Mapping[str, int | None],
        *,
        begin: int = 0,
        status: SourceStatus | None = None,
        waits: bool = False,
    ) -> None:
        """`newest`: of each topic about how many records are read of what it holds (None: all); `begin`: the offset, of
        each partition, that is read first (one that the log does not hold: all that it holds). `status` is told how it
        stands with the broker. Whether it `waits` for one that is away at the start, too."""
        self._connection, self._newest, self._begin = connection, newest, begin
        self._status = status or SourceStatus()
        self._waits = waits
        self._next: dict[Place, int] = {}
        self._asked_s = time.monotonic()  # when the broker last showed that it is there
        self.at_end = False  # whether all that the topics held has been given

    async def batches(self, stop: asyncio.Event | None = None) -> AsyncGenerator[list[Record], None]:
        """Records as they come, until `stop` is set; an empty list where nothing has come for a moment. Asked for
        once more it goes on behind what it gave. Raises KafkaUseError: no broker at the start (unless it waits), it
        refuses us, or a topic is missing."""
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "follower")
        reader: LogReader | None = None
        try:
            stop = stop or asyncio.Event()
            while reader is None and not stop.is_set():
                try:
                    reader = await loop.run_in_executor(thread, self._opened)
                except BrokerAwayError as error:
                    if not self._waits:
                        raise
                    self._status.lost(str(error))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), ASK_EVERY_S)
            while reader is not None and not stop.is_set():
                found = await loop.run_in_executor(thread, reader.poll, POLL_S)
                self._next = dict(reader.next)
                await loop.run_in_executor(thread, self._look_after, reader, bool(found))
                if reader.at_end and not self.at_end:
                    self.at_end = True
                    self._status.caught_up()
                yield found
        finally:
            if reader is not None:
                thread.submit(reader.close)
            thread.shutdown(wait=False)

    def _opened(self) -> LogReader:
        reader = LogReader(self._connection, list(self._newest))
        try:
            reader.next = {place: self._next.get(place, self._begin) for place in reader.next}
            reader.skip_to_newest(self._newest)
            reader.assign()
        except BaseException:
            reader.close()
            raise
        return reader

    def _look_after(self, reader: LogReader, came: bool) -> None:
        """A client waits in silence for a broker that is away: where nothing comes, the broker is asked."""
        now = time.monotonic()
        if not came and now - self._asked_s < ASK_EVERY_S:
            return
        self._asked_s = now
        if came or reader.answers():
            self._status.alive()
        else:
            self._status.lost(f"no broker answers at {self._connection.shown}")
