"""The rank stage goes through time in as many turns as something changes in, however far apart posts lie."""

from __future__ import annotations

from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.position import Position
from agents.rank import RankedPartition
from pipeline.health import Health
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker
from pipeline.trends.snapshot import SNAPSHOT_MS
from schemas import Post, TrendList
from schemas.topics import Topics

GRID = Grid(10_000, 5_000)
NOW_MS = 1_795_915_380_000
MINUTE_MS = 60_000


def context() -> Context:
    return Context(GRID, 1, Topics(""), Health(CollectorRegistry()), lists_from_ms=0)


def ranked() -> RankedPartition:
    return RankedPartition(Position(TP("topic-counts", 0), 0, 0), context(), {})


def posts() -> list[Post]:
    """Two of 1970, then some minutes of now."""
    old = [Post(f"o{n}", f"a{n}", f"word{n} #old", n) for n in range(2)]
    return old + [Post(f"p{n}", f"a{n % 40}", f"word{n} #now", NOW_MS + n * 1_000) for n in range(1_500)]


def test_from_1970_to_now_are_a_few_turns_which_end_where_the_state_can_be_written() -> None:
    said = posts()
    end = NOW_MS + 30 * MINUTE_MS
    panes = [*(counter := PaneCounter(GRID)).add(said), *counter.mark(end, len(said), end)]
    partition, whole = ranked(), Ranker(GRID)
    for pane in panes:
        partition.ranker.add(pane)
        whole.add(pane)
    partition.intake.frontiers[0] = counter.frontier
    turns: list[int] = []
    issued: list[TrendList] = []
    while (lists := partition.advance()) is not None:
        turns.append(partition.ranker.now or 0)
        issued += lists
    assert issued == [one for step in whole.advance(counter.frontier) for one in step.lists]
    assert len(turns) < 250  # a day is observed after the posts of 1970
    assert all(now % SNAPSHOT_MS == 0 for now in turns[:-1])
    assert max(turns) == partition.ranker.now == whole.now
