"""Moderators' decisions on the compacted topic `decisions`: every server and follower of an installation hears them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.kafka.acknowledged import AcknowledgedProducer, Put
from pipeline.kafka.connection import Connection, KafkaUseError
from pipeline.kafka.log import LogReader, Record
from pipeline.moderation.log import LogError
from pipeline.settings import Settings
from schemas.moderation import Decision
from schemas.topics import Topics

READ_WITHIN_S = 30.0

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Decision).decode


class KafkaLog:
    """A DecisionLog on Kafka. What else lies on the topic (orders about alerts) is passed over."""

    def __init__(self, settings: Settings) -> None:
        """Reads all that is decided. Raises KafkaUseError when no broker is there, it refuses us, the topic is missing,
        or its end is not reached in READ_WITHIN_S: who does not know what is blocked must show nothing."""
        connection = Connection.of(settings)
        self._topic = Topics(settings.kafka_prefix).decisions
        self._reader = LogReader(connection, [self._topic])
        self._read: list[Decision] = []  # what nobody has asked for yet
        try:
            self._take(self._reader.read_to_end(READ_WITHIN_S))
        except KafkaUseError:
            self._reader.close()
            raise
        self._reader.assign()
        self._producer = AcknowledgedProducer(connection)

    def append(self, decision: Decision) -> None:
        if fault := self._producer.put(Put(self._topic, decision.key.encode(), _ENCODE(decision))):
            raise LogError(f"Kafka did not keep the decision ({fault}); try again")

    def fresh(self) -> Iterator[Decision]:
        try:
            while records := self._reader.poll(0):
                self._take(records)
        except KafkaUseError as fault:
            raise LogError(f"the decisions cannot be read: {fault}") from None
        fresh, self._read = self._read, []
        return iter(fresh)

    def close(self) -> None:
        self._reader.close()

    def _take(self, records: list[Record]) -> None:
        for record in records:
            try:
                self._read.append(_DECODE(record.value or b""))
            except msgspec.DecodeError:
                continue
