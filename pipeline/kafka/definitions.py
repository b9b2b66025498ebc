"""Definitions on Kafka: what the topic `definitions` holds, and changes told to every partition of `posts`."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec

from pipeline.definitions import ASKED, Ledger, changes, first_key
from pipeline.kafka.connection import BrokerAwayError, Connection, KafkaUseError, silent_logger, wait_for_broker
from pipeline.kafka.headers import headers_of
from pipeline.kafka.topics import TopicsError
from pipeline.settings import Settings
from pipeline.text import printable
from schemas.definitions import DEFINITIONS_HEADER, DEFINITIONS_TOPIC, Definitions

WAITS_FOR_BROKER_S = 5.0
ANSWERS_WITHIN_S = 10.0
MAX_BYTES = 900_000  # of a control record, so that it fits a record with what Kafka adds

_encode = msgspec.json.Encoder().encode


class DefinitionsLog:
    """The topic `definitions`, read as far as `refresh` last came."""

    def __init__(self, settings: Settings, wait_s: float = WAITS_FOR_BROKER_S) -> None:
        """Raises KafkaUseError when no broker is there within `wait_s`, it refuses us, or a topic is missing."""
        from confluent_kafka import Consumer, Producer

        self._connection = Connection.of(settings)
        self._topic = f"{settings.kafka_prefix}{DEFINITIONS_TOPIC}"
        self._posts = f"{settings.kafka_prefix}posts"
        there = wait_for_broker(self._connection, wait_s)
        for topic in (self._topic, self._posts):
            if topic not in there:
                raise TopicsError(f"there is no topic {topic}; make it with `upswell topics init`")
        self.partitions = there[self._posts]
        self.ledger = Ledger()
        self._next = 0
        self._reading = threading.Lock()
        told = self._connection.confluent() | {"logger": silent_logger(), "error_cb": lambda _: None}
        kept_ms = int(ANSWERS_WITHIN_S * 1_000)
        self._producer: Any = Producer(told | {"enable.idempotence": True, "delivery.timeout.ms": kept_ms})
        self._consumer: Any = Consumer(
            told
            | {
                "group.id": "upswell-unused", "enable.auto.commit": False, "enable.partition.eof": True,
                "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10,
            }
        )  # fmt: skip

    def refresh(self) -> Ledger:
        """Reads on to the end: all that was acknowledged before the call is in the ledger. For any thread. Raises
        KafkaUseError."""
        with self._reading:
            return self._read_to_end()

    def _read_to_end(self) -> Ledger:
        from confluent_kafka import KafkaError, KafkaException, TopicPartition

        deadline, fault = time.monotonic() + ANSWERS_WITHIN_S, "no answer"
        try:
            self._consumer.assign([TopicPartition(self._topic, 0, self._next)])  # anew, so that the end is told anew
            while time.monotonic() < deadline:
                record = self._consumer.poll(0.1)  # `consume` would wait for so many, or so long
                if record is None:
                    continue
                if record.error() is None:
                    self.ledger.take(record.key(), record.value(), headers_of(record))
                    self._next = record.offset() + 1
                elif record.error().code() == KafkaError._PARTITION_EOF:
                    return self.ledger
                else:
                    fault = record.error().str()
            raise BrokerAwayError(f"{self._topic} was not read to its end in {ANSWERS_WITHIN_S:.0f} s ({fault})")
        except KafkaException as error:
            raise KafkaUseError(f"{self._topic} cannot be read: {error.args[0].str()}") from None
        finally:
            self._consumer.unassign()  # nothing is fetched before somebody asks again

    def begin_with(self, definitions: Definitions) -> Definitions:
        """What holds from the beginning of every partition: `definitions`, unless somebody was first. It is older than
        any control record, also of a log that was there before. Raises KafkaUseError."""
        if self.refresh().first is None:
            self._put([(self._topic, first_key(), msgspec.structs.replace(definitions, at=0), 0, False)])
            self.refresh()
        assert self.ledger.first is not None
        return self.ledger.first

    def change(self, definitions: Definitions) -> tuple[Definitions, list[str]]:
        """Puts the content of these in force. Returns what holds from then on, and what changes by it, a line each; a
        partition that has not come to what was asked for before is told of it again. Raises KafkaUseError."""
        self.begin_with(definitions)
        newest = self.ledger.newest
        assert newest is not None
        told = changes(newest, definitions)
        if definitions.content != newest.content:
            newest = msgspec.structs.replace(definitions, at=max(definitions.at, newest.at + 1))
            self.ask(newest)
        elif self.behind(newest):
            self.ask(newest)
        return newest, told

    def behind(self, definitions: Definitions) -> list[int]:
        """The partitions of `posts` in which these are not in force yet."""
        return [one for one in range(self.partitions) if self.ledger.at(one).order != definitions.order]

    def ask(self, definitions: Definitions) -> None:
        """Puts them in force, by a control record in every partition of `posts`; returns when the broker has
        acknowledged all. Asking again for what is in force changes nothing. Raises KafkaUseError."""
        if (size := len(_encode(definitions))) > MAX_BYTES:
            raise KafkaUseError(f"the definitions take {size:,} bytes, and a record {MAX_BYTES:,}; define less")
        self._put([(self._topic, ASKED, definitions, 0, False)])
        self._put([(self._posts, None, definitions, partition, True) for partition in range(self.partitions)])

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()

    def _put(self, records: list[tuple[str, bytes | None, Definitions, int, bool]]) -> None:
        """(topic, key, value, partition, whether it is a control record) of each."""
        faults: list[str] = []

        def heard(error: Any, _message: Any) -> None:
            if error is not None:
                faults.append(error.str())

        for topic, key, definitions, partition, control in records:
            headers = [(DEFINITIONS_HEADER, definitions.version.encode())] if control else None
            self._producer.produce(
                topic, _encode(definitions), key, partition=partition, on_delivery=heard, headers=headers
            )
        left = self._producer.flush(ANSWERS_WITHIN_S + 1)
        if left or faults:
            self._producer.purge()
            told = faults[0] if faults else "no answer"
            raise KafkaUseError(f"Kafka at {self._connection.shown} did not take the definitions ({told}); ask again")


def defined_by(settings: Settings, by: str = "") -> Definitions:
    """What the settings file defines, as of now."""
    return Definitions(time.time_ns() // 1_000_000, by, settings.events, settings.watchlists, settings.rules)


def asked_last(settings: Settings, say: Callable[[str], None]) -> Definitions:
    """What was asked for last, for whoever shows and alerts; the file's where nothing was. `say` is told where the file
    differs. Raises KafkaUseError."""
    with closing(DefinitionsLog(settings)) as log:
        newest = log.refresh().newest
    if complaint := stale(settings, newest):
        say(complaint)
    return newest or msgspec.structs.replace(defined_by(settings), at=0)


def stale(settings: Settings, newest: Definitions | None) -> str:
    """One sentence where the settings file defines something else than was asked for last; "" where it does not, or
    defines nothing."""
    ours = defined_by(settings)
    if newest is None or not any(ours.content) or ours.content == newest.content:
        return ""
    asked = dt.datetime.fromtimestamp(newest.at / 1_000, dt.UTC)
    since = f"of {asked:%Y-%m-%d %H:%M} UTC" if newest.at else "from the beginning"
    return (
        f"the events, watchlists and rules of the settings file are not those in force ({since}, by"
        f" {printable(newest.by) or 'the first worker'}), which hold; put the file's in force with `upswell reload`"
    )
