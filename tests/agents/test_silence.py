"""A partition of which nothing comes though its log goes on is sought again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.agent import PartitionAgent
from agents.context import Clock, Context
from agents.position import Position
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas.topics import Topics

MINE, OTHER = TP("posts", 3), TP("topic-counts", 0)


class Consumer:
    """Owns two partitions, and notes where it is told to read from."""

    def __init__(self, end: int) -> None:
        self.starts, self.sought, self.end = {MINE: 40}, list[tuple[TP, int]](), end

    def assignment(self) -> set[TP]:
        return {MINE, OTHER}

    async def highwaters(self, *places: Any) -> dict[Any, int]:
        return dict.fromkeys(places, self.end)

    async def rewind(self, tp: TP, offset: int) -> int:
        self.sought.append((tp, offset))
        return 1


@pytest.mark.parametrize(
    ("opened", "end", "silent_s", "sought"),
    [
        (True, 100, 21.0, [(MINE, 70)]),  # the agent has taken what lies before 70
        (False, 100, 21.0, [(MINE, 40)]),  # it has taken nothing yet
        (True, 70, 21.0, []),  # nothing lies behind
        (True, 1, 21.0, []),  # an embedded broker does not know where the log ends
        (True, 100, 5.0, []),  # it may still come
    ],
)
def test_silence_is_told_from_a_log_that_goes_on(
    opened: bool, end: int, silent_s: float, sought: list[tuple[TP, int]]
) -> None:
    now = 1_000.0
    consumer = Consumer(end)
    app: Any = SimpleNamespace(consumer=consumer)
    clock = Clock(monotonic_s=lambda: now)
    agent = PartitionAgent[Any](app, Context(Grid(), 4, Topics(), Health(CollectorRegistry()), clock=clock), "posts")
    if opened:
        agent.partitions[MINE] = SimpleNamespace(position=Position(MINE, 1, 70))
    asyncio.run(agent.seek_silent())
    assert consumer.sought == [], "silence begins when it is first looked for"
    now += silent_s
    asyncio.run(agent.seek_silent())
    asyncio.run(agent.seek_silent())
    assert consumer.sought == sought, "and once more only after as long a silence"
