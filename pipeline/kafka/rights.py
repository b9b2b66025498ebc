"""What a worker must be allowed to do, asked of the broker before anything is begun."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pipeline.kafka.connection import Connection, forbidden, silent_logger
from pipeline.kafka.topics import topic_table
from pipeline.settings import Settings

ANSWERS_WITHIN_S = 10.0
ASKS_FOR_GROUP = 10  # times


def worker_rights(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By topic: the operations on it, in Kafka's words."""
    return {it.name: needed for it in topic_table(settings) if (needed := it.topic.operations("worker"))}


def check_rights(connection: Connection, topics: Mapping[str, tuple[str, ...]], group: str) -> None:
    """Raises RefusedError for the first right that lacks: an operation on a topic, or READ on the group. Where
    everybody is let in without a name (PLAINTEXT) nothing is asked."""
    if connection.security_protocol == "PLAINTEXT":
        return
    from confluent_kafka import TopicCollection
    from confluent_kafka.admin import AdminClient

    client = AdminClient(connection.confluent() | {"logger": silent_logger()})
    how = {"include_authorized_operations": True, "request_timeout": ANSWERS_WITHIN_S}
    told = client.describe_topics(TopicCollection(list(topics)), **how)
    for topic, wanted in topics.items():
        _check(connection, f"topic {topic}", wanted, _allowed(told[topic]))
    allowed = None
    for _ in range(ASKS_FOR_GROUP):  # a new Kafka has to make its topic of offsets first
        allowed = _allowed(client.describe_consumer_groups([group], **how)[group])
        if allowed is not None:
            break
        time.sleep(1.0)
    _check(connection, f"group {group}", ("READ",), allowed)


def _allowed(told: Any) -> set[str] | None:
    """The operations that we may do; None where the broker cannot tell."""
    from confluent_kafka import KafkaException

    try:
        return {operation.name for operation in told.result().authorized_operations or ()}
    except KafkaException as error:
        return set() if "AUTHORIZATION" in error.args[0].name() else None


def _check(connection: Connection, name: str, wanted: tuple[str, ...], allowed: set[str] | None) -> None:
    for operation in wanted:
        if allowed is not None and operation not in allowed:
            raise forbidden(connection, f"{operation} {name}")
