"""Single records that are in Kafka once `put` has returned, for whoever has few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.kafka.connection import Connection, silent_logger

WITHIN_S = 10.0


class Put(NamedTuple):
    """A record for a partition of a topic."""

    topic: str
    key: bytes | None
    value: bytes
    partition: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class AcknowledgedProducer:
    """Connects with the first record."""

    def __init__(self, connection: Connection) -> None:
        from confluent_kafka import Producer

        told = connection.confluent() | {"logger": silent_logger(), "error_cb": lambda _: None}
        kept_ms = int(WITHIN_S * 1_000)
        self._producer: Any = Producer(told | {"enable.idempotence": True, "delivery.timeout.ms": kept_ms})

    def put(self, *records: Put) -> str:
        """Why not all of them are in Kafka, WITHIN_S later at most; "" where they are."""
        faults: list[str] = []

        def heard(error: Any, _message: Any) -> None:
            if error is not None:
                faults.append(error.str())

        for topic, key, value, partition, headers in records:
            self._producer.produce(topic, value, key, partition=partition, on_delivery=heard, headers=list(headers))
        left = self._producer.flush(WITHIN_S + 1)
        if left or faults:
            self._producer.purge()
            return faults[0] if faults else "no answer"
        return ""
