"""Moderators' decisions on the compacted topic `decisions`: every server and follower of an installation hears them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline.kafka.connection import Connection, KafkaUseError, silent_logger, wait_for_broker
from pipeline.kafka.topics import TopicsError
from pipeline.moderation import LogError
from pipeline.settings import Settings
from schemas.moderation import DECISIONS_TOPIC, Decision

KEPT_WITHIN_S = 10.0
READ_WITHIN_S = 30.0
_QUIET_S = 5.0  # a broker that does not tell ends is believed to be read to its end after so long without a record

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Decision).decode


class KafkaLog:
    """A DecisionLog on Kafka. What else lies on the topic (orders about alerts) is passed over."""

    def __init__(self, settings: Settings) -> None:
        """Reads all that is decided. Raises KafkaUseError when no broker is there, it refuses us, the topic is missing,
        or its end is not reached in READ_WITHIN_S: who does not know what is blocked must show nothing."""
        from confluent_kafka import Consumer, Producer, TopicPartition

        connection = Connection.of(settings)
        self._topic = f"{settings.kafka_prefix}{DECISIONS_TOPIC}"
        if self._topic not in wait_for_broker(connection, 0):
            raise TopicsError(f"there is no topic {self._topic}; make it with `upswell topics init`")
        told = connection.confluent() | {"logger": silent_logger(), "error_cb": lambda _: None}
        kept_ms = int(KEPT_WITHIN_S * 1_000)
        self._producer: Any = Producer(told | {"enable.idempotence": True, "delivery.timeout.ms": kept_ms})
        self._consumer: Any = Consumer(
            told | {"group.id": "upswell-unused", "enable.auto.commit": False, "enable.partition.eof": True}
        )
        self._consumer.assign([TopicPartition(self._topic, 0, 0)])  # the oldest that is kept
        self._read: list[Decision] = []
        self._told = 0
        self._to_end()

    def append(self, decision: Decision) -> None:
        faults: list[str] = []

        def heard(error: Any, _message: Any) -> None:
            if error is not None:
                faults.append(error.str())

        self._producer.produce(self._topic, _ENCODE(decision), decision.key.encode(), partition=0, on_delivery=heard)
        left = self._producer.flush(KEPT_WITHIN_S + 1)
        if left or faults:
            self._producer.purge()
            raise LogError(f"Kafka did not keep the decision ({faults[0] if faults else 'no answer'}); try again")

    def replay(self) -> Iterator[Decision]:
        self._poll(0.0)
        return iter(list(self._read))

    def fresh(self) -> Iterator[Decision]:
        self._poll(0.0)
        fresh, self._told = self._read[self._told :], len(self._read)
        return iter(fresh)

    def close(self) -> None:
        self._consumer.close()

    def _to_end(self) -> None:
        deadline, heard = time.monotonic() + READ_WITHIN_S, time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - heard < _QUIET_S:
            ended, some = self._poll(0.1)
            if ended:
                return
            if some:
                heard = time.monotonic()
        if time.monotonic() >= deadline:
            self.close()
            raise KafkaUseError(
                f"the decisions on topic {self._topic} could not be read in {READ_WITHIN_S:.0f} s; is Kafka overloaded?"
                " Start again"
            )

    def _poll(self, wait_s: float) -> tuple[bool, int]:
        """Takes what has come; whether that was all there is, and how many records."""
        from confluent_kafka import KafkaError

        ended = False
        records = self._consumer.consume(1_000, wait_s)
        for record in records:
            if record.error():
                ended = ended or record.error().code() == KafkaError._PARTITION_EOF
                continue
            try:
                self._read.append(_DECODE(record.value() or b""))
            except msgspec.DecodeError:
                continue
        return ended, len(records)
