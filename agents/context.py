"""What every agent needs to know: the settings that decide counts, the names of the topics, the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas.control import UNSIGNED, ControlKeys
from schemas.topics import Topics


@dataclass(frozen=True)
class Clock:
    """Where agents have the time from, in s: since 1970, and of a clock that nobody sets."""

    wall_s: Callable[[], float] = time.time
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class Tuning:
    """How busy and how patient a worker is. No count and no final list depends on it."""

    poll_records: int = 10_000  # a batch has at most so many, and less than as many more
    retry_s: float = 1.0  # after an error, before an agent goes back
    silent_s: float = 20.0  # after so long without a record it is asked whether there are any
    state_every_s: float = 20.0  # at most, where nothing is raised
    broker_within_s: float = 60.0  # a broker that does not answer at the start


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
    clock: Clock = Clock()
    tuning: Tuning = Tuning()
    lists_from_ms: int = 0  # before this event time only the lists of the first minutes and of each hour's end are made
