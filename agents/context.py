"""What every agent needs to know: the settings that decide counts, and the names of the topics."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.health import Health
from pipeline.trends.panes import Grid


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics, with the prefix of this installation."""

    prefix: str = ""

    def __call__(self, name: str) -> str:
        return f"{self.prefix}{name}"

    @property
    def posts(self) -> str:
        return self("posts")

    @property
    def dead(self) -> str:
        return self("posts-dead")

    @property
    def counts(self) -> str:
        return self("topic-counts")

    @property
    def trends(self) -> str:
        return self("trends")

    @property
    def live(self) -> str:
        """Provisional lists."""
        return self("trends-live")

    @property
    def parts(self) -> str:
        """What shards tell of their topics, where there are several."""
        return self("trend-parts")

    @property
    def definitions(self) -> str:
        """Which events and watchlists hold where."""
        return self("definitions")

    @property
    def alerts(self) -> str:
        return self("alerts")

    @property
    def decisions(self) -> str:
        return self("decisions")

    @property
    def rank_state(self) -> str:
        return self("rank-state")

    @property
    def merge_state(self) -> str:
        return self("merge-state")

    @property
    def alert_state(self) -> str:
        return self("alert-state")


@dataclass(frozen=True)
class Context:
    """Times in ms."""

    grid: Grid
    partitions: int  # of posts
    topics: Topics
    health: Health
    shards: int = 1  # of topics: partitions of topic-counts
    max_ahead_ms: int = 600_000
    idle_ms: int = 10_000
    flush_ms: int = 1_000
    live: bool = False  # whether idle partitions are told the time
    lists_from_ms: int = 0  # before this event time only the lists of the first minutes and of each hour's end are made
