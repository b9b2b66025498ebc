"""The topics of upswell on Kafka: how many partitions, how long they are kept, and making them once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.kafka.connection import Connection, KafkaUseError, admin, wait_for_broker
from pipeline.settings import Settings
from schemas.topics import TOPICS, Topic

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 1_048_588  # Kafka's own default, said so that a broker with a smaller one cannot surprise
WAITS_FOR_BROKER_S = 30.0
SHOWN_WITHIN_S = 20.0  # a broker that has just begun tells of a topic some time after it has made it


class TopicsError(KafkaUseError):
    """A topic is there and is not as it must be; nobody but its owner may change or delete it."""


@dataclass(frozen=True)
class Wanted:
    """A topic as it must be in this installation."""

    topic: Topic
    name: str  # with the prefix
    partitions: int

    @property
    def settings(self) -> dict[str, str]:
        """Kafka's own settings of the topic, as text."""
        told = {
            "cleanup.policy": self.topic.policy,
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
            "message.timestamp.type": self.topic.stamp,
        }
        if self.topic.kept_days is not None:
            told["retention.ms"] = str(int(self.topic.kept_days * DAY_MS))
        if self.topic.segment_ms is not None:
            told["segment.ms"] = str(self.topic.segment_ms)
        return told

    @property
    def counted_by(self) -> str:
        """The setting that decides how many partitions it has."""
        rule = self.topic.partitions
        return "its partitions" if rule == 1 else f"UPSWELL_{rule.upper()}"


def topic_table(settings: Settings) -> list[Wanted]:
    """Every topic of this installation."""
    rules = {1: 1, "partitions": settings.partitions}
    return [Wanted(topic, settings.kafka_prefix + topic.name, rules[topic.partitions]) for topic in TOPICS]


@dataclass(frozen=True)
class Found:
    """A topic as the broker has it."""

    partitions: int
    settings: Mapping[str, str]  # what is set for this topic (not the broker's defaults)


@dataclass(frozen=True)
class Made:
    """What `init_topics` did."""

    made: list[str]
    there: list[str]  # were there already, as they must be


def init_topics(
    settings: Settings,
    *,
    wait_s: float = WAITS_FOR_BROKER_S,
    say: Callable[[str], None] | None = None,
    just_begun: bool = False,
) -> Made:
    """Makes the topics that are not there and checks the others; doing it again changes nothing. `just_begun`: the
    broker has, so what has another shape was made for a client that came before us, and is made anew.

    Waits up to `wait_s` for a broker that is not up yet, and tells `say` so. Raises KafkaUseError: BrokerAwayError,
    RefusedError, or TopicsError for a topic that is there with another shape (nothing is made then), or that the broker
    has made and does not show.
    """
    connection = Connection.of(settings)
    table = topic_table(settings)
    wait_for_broker(connection, wait_s, say)
    with admin(connection) as client:
        found = find_topics(client, table)
        faults = {
            topic.name: faults
            for topic in table
            if topic.name in found
            for faults in [mismatches(topic, found[topic.name])]
            if faults
        }
        if faults and just_begun:
            client.delete_topics(list(faults))
            found = {name: shape for name, shape in found.items() if name not in faults}
        elif faults:
            raise TopicsError("; ".join(fault for of_topic in faults.values() for fault in of_topic))
        new = [topic for topic in table if topic.name not in found]
        if new:
            _make(client, new, settings.replication)
            _wait_until_shown(connection, {topic.name for topic in new})
    return Made([topic.name for topic in new], [topic.name for topic in table if topic.name in found])


def find_topics(client: Any, table: list[Wanted]) -> dict[str, Found]:
    """Those of the table's topics that the broker has."""
    from kafka.admin import ConfigResource, ConfigResourceType

    names = set(client.list_topics()) & {topic.name for topic in table}
    if not names:
        return {}
    partitions = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics(sorted(names))}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(names)]
    told = client.describe_configs(resources, config_filter="all")
    values = {name: each for by_name in told.values() for name, each in by_name.items()}
    return {name: Found(count, _plain(values.get(name, {}))) for name, count in partitions.items()}


def _plain(told: Mapping[str, Any]) -> dict[str, str]:
    plain = {}
    for key, value in told.items():
        plain[str(key)] = str(value["value"] if isinstance(value, Mapping) else value)
    return plain


def mismatches(topic: Wanted, found: Found) -> list[str]:
    """A sentence for each way in which the topic found cannot serve.

    Retention may differ (an owner's choice); partitions and policy may not, or counts and state would be lost; nor may
    who says when a record was written.
    """
    faults = []
    if found.partitions != topic.partitions:
        faults.append(
            f"topic {topic.name} has {found.partitions} partitions where {topic.partitions} are set: set"
            f" {topic.counted_by} to {found.partitions}, or delete the topic if its data may go"
        )
    policy = found.settings.get("cleanup.policy", "delete")
    if {part.strip() for part in policy.split(",")} != set(topic.topic.policy.split(",")):
        faults.append(
            f"topic {topic.name} has cleanup.policy={policy} where {topic.topic.policy} is needed: change it with"
            f" kafka-configs.sh --alter --topic {topic.name} --add-config cleanup.policy=[{topic.topic.policy}]"
        )
    stamp = found.settings.get("message.timestamp.type", "CreateTime")
    if stamp != topic.topic.stamp:
        faults.append(
            f"topic {topic.name} has message.timestamp.type={stamp} where {topic.topic.stamp} is needed: change it with"
            f" kafka-configs.sh --alter --topic {topic.name} --add-config message.timestamp.type={topic.topic.stamp}"
        )
    return faults


def _make(client: Any, topics: list[Wanted], replication: int) -> None:
    from kafka.admin import NewTopic
    from kafka.errors import InvalidReplicationFactorError, TopicAlreadyExistsError

    try:
        client.create_topics(
            [NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.settings) for topic in topics]
        )
    except TopicAlreadyExistsError:
        return  # somebody else made them at the same moment, from the same table
    except InvalidReplicationFactorError:
        raise TopicsError(
            f"there are fewer brokers than the {replication} copies asked for: set UPSWELL_REPLICATION to what there is"
        ) from None


def _wait_until_shown(connection: Connection, names: set[str]) -> None:
    """Whoever asks for the topics from here on finds them."""
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while hidden := names - {name for name, count in wait_for_broker(connection, SHOWN_WITHIN_S).items() if count}:
        if time.monotonic() > deadline:
            raise TopicsError(
                f"Kafka at {connection.shown} has made {', '.join(sorted(hidden))} and does not show"
                f" {'it' if len(hidden) == 1 else 'them'} after {SHOWN_WITHIN_S:.0f} s: see the broker's log"
            )
        time.sleep(0.1)
