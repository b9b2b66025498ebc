"""What every agent needs to know: the settings that decide counts, and the names of the topics."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas.control import UNSIGNED, ControlKeys
from schemas.topics import Topics


@dataclass(frozen=True)
class Context:
    """Times in ms."""

    grid: Grid
    partitions: int  # of posts
    topics: Topics
    health: Health
    control: ControlKeys = UNSIGNED  # what signs markers and control records
    idle_ms: int = 10_000
    flush_ms: int = 1_000
    live: bool = False  # whether idle partitions are told the time
    lists_from_ms: int = 0  # before this event time only the lists of the first minutes and of each hour's end are made
