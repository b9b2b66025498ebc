"""The topics of upswell on Kafka: how many partitions, how long they are kept, and making them once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.kafka.connection import Connection, KafkaUseError, admin, wait_for_broker
from pipeline.settings import Settings

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 1_048_588  # Kafka's own default, said so that a broker with a smaller one cannot surprise
WAITS_FOR_BROKER_S = 30.0


class TopicsError(KafkaUseError):
    """A topic is there and is not as it must be; nobody but its owner may change or delete it."""


@dataclass(frozen=True)
class Topic:
    """A topic as it must be. `settings` are Kafka's own, as text."""

    name: str  # with the prefix
    partitions: int
    policy: str  # cleanup.policy
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, str]:
        return {"cleanup.policy": self.policy, "max.message.bytes": str(MAX_MESSAGE_BYTES), **self.settings}


def topic_table(settings: Settings) -> list[Topic]:
    """Every topic of this installation."""
    def kept(days: float) -> dict[str, str]:
        return {"retention.ms": str(int(days * DAY_MS))}

    table = [
        Topic("posts", settings.partitions, "delete", kept(7)),
        Topic("posts-dead", 1, "compact,delete", kept(30)),
        Topic("topic-counts", settings.shards, "delete", kept(7)),
        Topic("trends", 1, "delete", kept(7)),
        Topic("trends-live", 1, "delete", kept(1 / 24) | {"segment.ms": "600000"}),
        Topic("alerts", 1, "delete", kept(30)),
        Topic("alerts-given-up", 1, "delete", kept(30)),
        Topic("decisions", 1, "compact"),
        Topic("definitions", 1, "compact"),
        Topic("rank-state", settings.shards, "compact"),
        Topic("alert-state", 1, "compact"),
    ]
    if settings.shards > 1:
        table += [Topic("trend-parts", 1, "delete", kept(7)), Topic("merge-state", 1, "compact")]
    return [Topic(settings.kafka_prefix + it.name, it.partitions, it.policy, it.settings) for it in table]


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
    settings: Settings, *, wait_s: float = WAITS_FOR_BROKER_S, say: Callable[[str], None] | None = None
) -> Made:
    """Makes the topics that are not there and checks the others; doing it again changes nothing.

    Waits up to `wait_s` for a broker that is not up yet, and tells `say` so. Raises KafkaUseError: BrokerAwayError,
    RefusedError, or TopicsError for a topic that is there with another shape (nothing is made then).
    """
    connection = Connection.of(settings)
    table = topic_table(settings)
    wait_for_broker(connection, wait_s, say)
    with admin(connection) as client:
        found = find_topics(client, table)
        faults = [fault for topic in table if topic.name in found for fault in mismatches(topic, found[topic.name])]
        if faults:
            raise TopicsError("; ".join(faults))
        new = [topic for topic in table if topic.name not in found]
        if new:
            _make(client, new, settings.replication)
    return Made([topic.name for topic in new], [topic.name for topic in table if topic.name in found])


def find_topics(client: Any, table: list[Topic]) -> dict[str, Found]:
    """Those of the table's topics that the broker has."""
    from kafka.admin import ConfigResource, ConfigResourceType

    names = set(client.list_topics()) & {topic.name for topic in table}
    if not names:
        return {}
    partitions = {
        topic["name"]: len(topic["partitions"]) for topic in client.describe_topics(sorted(names))
    }
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(names)]
    told = client.describe_configs(resources, config_filter="all")
    values = {name: each for by_name in told.values() for name, each in by_name.items()}
    return {name: Found(count, _plain(values.get(name, {}))) for name, count in partitions.items()}


def _plain(told: Mapping[str, Any]) -> dict[str, str]:
    plain = {}
    for key, value in told.items():
        plain[str(key)] = str(value["value"] if isinstance(value, Mapping) else value)
    return plain


def mismatches(topic: Topic, found: Found) -> list[str]:
    """A sentence for each way in which the topic found cannot serve.

    Retention may differ (an owner's choice); partitions and policy may not, or counts and state would be lost.
    """
    faults = []
    if found.partitions != topic.partitions:
        faults.append(
            f"topic {topic.name} has {found.partitions} partitions where {topic.partitions} are set: set"
            f" {setting_of(topic.name)} to {found.partitions}, or delete the topic if its data may go"
        )
    policy = found.settings.get("cleanup.policy", "delete")
    if {part.strip() for part in policy.split(",")} != set(topic.policy.split(",")):
        faults.append(
            f"topic {topic.name} has cleanup.policy={policy} where {topic.policy} is needed: change it with"
            f" kafka-configs.sh --alter --topic {topic.name} --add-config cleanup.policy=[{topic.policy}]"
        )
    return faults


def setting_of(topic: str) -> str:
    """The setting that decides how many partitions a topic has."""
    if topic.endswith("posts"):
        return "UPSWELL_PARTITIONS"
    if topic.endswith(("topic-counts", "rank-state")):
        return "UPSWELL_SHARDS"
    return "its partitions"


def _make(client: Any, topics: list[Topic], replication: int) -> None:
    from kafka.admin import NewTopic
    from kafka.errors import InvalidReplicationFactorError, TopicAlreadyExistsError

    try:
        client.create_topics(
            [NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.told) for topic in topics]
        )
    except TopicAlreadyExistsError:
        return  # somebody else made them at the same moment, from the same table
    except InvalidReplicationFactorError:
        raise TopicsError(
            f"there are fewer brokers than the {replication} copies asked for: set UPSWELL_REPLICATION to what there is"
        ) from None
