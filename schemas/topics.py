"""The topics of upswell: what each carries under which key, its shape, how long it is kept, who reads and writes it.

Everything that names a topic takes the name from here: making and checking them, rights, agents, docs/kafka.md.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

GROUP = "upswell"  # the consumer group of the workers, behind the installation's prefix
Role = Literal["producer", "worker", "page", "alerts", "reader", "operator"]
ROLES: dict[Role, str] = {
    "producer": "`replay --to-kafka`, `produce`, your own",
    "worker": "`worker`",
    "page": "`serve`",
    "alerts": "`alerts follow`, `mute`, `unmute`, `ack`",
    "reader": "`trends`, your own",
    "operator": "`topics init`, `doctor`, `reload`",
}


class Topic(NamedTuple):
    """One topic. `partitions` is 1, or the setting that says how many; `kept_days` None: compaction alone decides."""

    name: str  # without the installation's prefix
    carries: str
    key: str  # "": none
    partitions: Literal[1, "partitions"]
    policy: Literal["delete", "compact", "compact,delete"]
    kept_days: float | None
    readers: tuple[Role, ...]
    writers: tuple[Role, ...]
    stamp: Literal["CreateTime", "LogAppendTime"] = "CreateTime"  # message.timestamp.type
    segment_ms: int | None = None

    def operations(self, role: Role) -> tuple[str, ...]:
        """What a role does with the topic, in Kafka's words."""
        return ("READ",) * (role in self.readers) + ("WRITE",) * (role in self.writers)


POSTS = Topic(
    "posts",
    "posts, markers and control records (below)",
    "the author",
    "partitions",
    "delete",
    7,
    readers=("worker", "page", "producer", "operator"),
    writers=("producer", "worker", "operator"),
    stamp="LogAppendTime",
)
DEAD = Topic(
    "posts-dead",
    "what could not be read, one record each, with its reason",
    "`partition:offset`",
    1,
    "compact,delete",
    30,
    readers=(),
    writers=("worker",),
)
COUNTS = Topic(
    "topic-counts",
    "closed panes, and how far each partition of `posts` was read",
    "the partition",
    1,
    "delete",
    7,
    readers=("worker",),
    writers=("worker",),
)
TRENDS = Topic(
    "trends",
    "final lists of trends",
    "`scope/window`",
    1,
    "delete",
    7,
    readers=("worker", "page", "reader"),
    writers=("worker",),
)
LIVE = Topic(
    "trends-live",
    "provisional lists: what the next final lists hold so far, about once a second where something changed",
    "`scope/window`",
    1,
    "delete",
    1 / 24,
    readers=("page", "reader"),
    writers=("worker",),
    segment_ms=600_000,
)
ALERTS = Topic(
    "alerts",
    "what the rules raise: firing and resolved alerts",
    "`rule/topic`",
    1,
    "delete",
    30,
    readers=("worker", "page", "alerts", "reader"),
    writers=("worker",),
)
GIVEN_UP = Topic(
    "alerts-given-up",
    "messages about alerts that a receiver did not get and will not",
    "the receiver and the alert",
    1,
    "delete",
    30,
    readers=("page",),
    writers=("alerts",),
)
DECISIONS = Topic(
    "decisions",
    "what moderators decided, and orders about alerts",
    "what it is about",
    1,
    "compact",
    None,
    readers=("worker", "page", "alerts"),
    writers=("page", "alerts"),
)
DEFINITIONS = Topic(
    "definitions",
    "which events, watchlists and rules hold from which offset of `posts` on (below)",
    "`initial/ID`, `requested`, `effective/PARTITION/OFFSET`",
    1,
    "compact",
    None,
    readers=("worker", "page", "alerts", "operator"),
    writers=("worker", "operator"),
)
RANK_STATE = Topic(
    "rank-state",
    "what a worker needs after a restart",
    "the name of a part of the state",
    1,
    "compact",
    None,
    readers=("worker",),
    writers=("worker",),
)
ALERT_STATE = Topic(
    "alert-state",
    "how the rules stand, and the last alerts",
    "the name of a part of the state",
    1,
    "compact",
    None,
    readers=("worker",),
    writers=("worker",),
)
TOPICS = (
    POSTS,
    DEAD,
    COUNTS,
    TRENDS,
    LIVE,
    ALERTS,
    GIVEN_UP,
    DECISIONS,
    DEFINITIONS,
    RANK_STATE,
    ALERT_STATE,
)


class Topics:
    """The names of the topics and of the workers' group, with the prefix of this installation."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.posts = prefix + POSTS.name
        self.dead = prefix + DEAD.name
        self.counts = prefix + COUNTS.name
        self.trends = prefix + TRENDS.name
        self.live = prefix + LIVE.name
        self.alerts = prefix + ALERTS.name
        self.given_up = prefix + GIVEN_UP.name
        self.decisions = prefix + DECISIONS.name
        self.definitions = prefix + DEFINITIONS.name
        self.rank_state = prefix + RANK_STATE.name
        self.alert_state = prefix + ALERT_STATE.name
        self.group = prefix + GROUP
