"""The rank stage goes through time in as many turns as something changes in, however far apart posts lie."""

from __future__ import annotations

from collections.abc import Mapping

from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Clock, Context
from agents.position import Position
from agents.rank import RankedPartition
from pipeline.health import Health
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker, Step
from pipeline.trends.snapshot import SNAPSHOT_MS
from schemas import Post, TrendList
from schemas.counts import EarlyPanes
from schemas.topics import Topics

GRID = Grid(10_000, 5_000)
NOW_MS = 1_795_915_380_000
MINUTE_MS = 60_000


def ranked(clock: Clock | None = None) -> RankedPartition:
    context = Context(GRID, 1, Topics(""), Health(CollectorRegistry()), lists_from_ms=0, clock=clock or Clock())
    return RankedPartition(Position(TP("topic-counts", 0), 0, 0), context, {})


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


class Looks:
    """A partition whose provisional lists are counted, by a clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.partition = ranked(Clock(wall_s=lambda: 0.0, monotonic_s=lambda: self.now))
        self.ranker = self.partition.ranker = _Ranker()  # type: ignore[assignment]

    def made(self, after_s: float, *told: int) -> bool:
        """Whether lists are made so much later, the live edge of these posts partitions having moved at that time."""
        self.now += after_s
        before = self.ranker.previews
        for partition in told:
            self.partition._tell(EarlyPanes(partition, 0, 0, 0, []), 0)
        if self.partition.previews_due(0.5):
            self.partition.preview()
        return self.ranker.previews > before


class _Ranker(Ranker):
    previews = 0

    def __init__(self) -> None:
        super().__init__(GRID)

    def preview(self, frontiers: Mapping[int, int]) -> Step:
        self.previews += 1
        return Step(0, MINUTE_MS, [])


def test_provisional_lists_are_made_once_of_all_that_is_told_at_a_time() -> None:
    looks = Looks()
    assert looks.made(0.1, 0, 1, 2), "nobody knows of more"
    looks.now += 9.0
    assert [looks.made(0.1, partition) for partition in (0, 1, 0, 1)] == [False] * 4
    assert looks.made(0.2)
    assert not looks.made(9.0), "nothing was told since"


def test_provisional_lists_do_not_wait_once_all_have_told_who_told_before() -> None:
    looks = Looks()
    assert looks.made(0.1, 0, 1)
    assert not looks.made(0.9, 0)
    assert looks.made(0.1, 1), "both have"
    assert not looks.made(0.1, 0, 1), "half a second after the last ones at the earliest"
    assert looks.made(0.4)


def test_who_is_told_without_end_does_not_wait_without_end() -> None:
    looks = Looks()
    looks.made(0.1, 0, 1)
    assert sum(looks.made(0.1, number % 7 + 2) for number in range(50)) in (7, 8), "half a second after the first, anew"
