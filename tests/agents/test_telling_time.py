"""What the count agent says of the time and of the live edge does not depend on this machine's clock."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents import count as counting
from agents.context import Clock, Context
from agents.count import Count, CountedPartition
from agents.position import Position
from agents.publish import Outgoing
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas import MARKER_HEADER
from schemas.control import header_of
from schemas.definitions import Definitions
from schemas.topics import Topics

POSTS = TP("posts", 0)
TEN_S, HOUR_MS = 10.0, 3_600_000
NOTHING: Any = None


class Machines:
    """A broker whose clock is right, and a worker's machine whose clock is not."""

    def __init__(self, fast_ms: int, takes_s: float = 0.01, stamps: bool = True) -> None:
        self.now_s, self.fast_ms, self.takes_s, self.stamps = 1_800_000_000.0, fast_ms, takes_s, stamps
        self.published = list[Outgoing]()
        self.ahead_ms = list[int]()  # of each marker, against the record that it came in

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_s + self.fast_ms / 1_000, lambda: self.now_s)

    async def publish(self, _app: Any, messages: list[Outgoing]) -> list[Any]:
        self.now_s += self.takes_s
        taken_ms = round(self.now_s * 1_000)
        for out in messages:
            if told := header_of(out.headers, MARKER_HEADER):
                self.ahead_ms.append(int(told) - taken_ms)
        self.published += messages
        return [SimpleNamespace(timestamp=taken_ms, timestamp_type=int(self.stamps))]

    # as much of Faust's consumer as is asked for here
    end = 1

    def assignment(self) -> set[TP]:
        return {POSTS}

    def answered_s(self, _tp: TP) -> float:
        return 0.0

    def highwater(self, _tp: TP) -> int:
        return self.end


def agent(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Count:
    monkeypatch.setattr(counting, "publish", machines.publish)
    context = Context(Grid(), 1, Topics(), Health(CollectorRegistry()), clock=machines.clock, live=True)
    app: Any = SimpleNamespace(consumer=machines)
    return Count(app, context, NOTHING)


def markers_ahead_ms(machines: Machines, monkeypatch: pytest.MonkeyPatch, markers: int = 5) -> list[int]:
    """By how much the first markers into an idle partition were dated ahead of their records."""
    count = agent(machines, monkeypatch)

    async def idle() -> None:
        while len(machines.ahead_ms) < markers:
            await count.tell_the_time()
            machines.now_s += TEN_S

    asyncio.run(idle())
    return machines.ahead_ms


@pytest.mark.parametrize("fast_ms", [0, 999, 3_000, HOUR_MS, -3_000, -HOUR_MS])
def test_a_marker_says_the_time_of_the_log_from_the_second_on(fast_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = markers_ahead_ms(Machines(fast_ms), monkeypatch)
    assert abs(first - fast_ms) < 100
    assert all(abs(ahead) < 100 for ahead in others)


def test_a_clock_that_is_set_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = Machines(HOUR_MS)
    markers_ahead_ms(machines, monkeypatch)
    machines.fast_ms = 0
    machines.ahead_ms.clear()
    first, *others = markers_ahead_ms(machines, monkeypatch)
    assert all(abs(ahead) < 100 for ahead in others), first


@pytest.mark.parametrize(("takes_s", "stamps"), [(3.0, True), (0.01, False)])
def test_what_says_nothing_of_the_logs_clock_is_not_learnt_from(
    takes_s: float, stamps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = markers_ahead_ms(Machines(0, takes_s, stamps), monkeypatch)
    assert max(ahead) <= 0


@pytest.mark.parametrize("fast_ms", [0, 6_000, HOUR_MS, -HOUR_MS])
@pytest.mark.parametrize(("behind", "told"), [(0, True), (20_000, False)])
def test_the_live_edge_is_told_whatever_the_clock(
    fast_ms: int, behind: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = Machines(fast_ms)
    count = agent(machines, monkeypatch)
    partition = count.partitions[POSTS] = CountedPartition(Position(POSTS, 0, 0), count.context, Definitions())
    hour_ago_ms = round(machines.now_s * 1_000) - (HOUR_MS if behind else 0)
    post = b'{"id":"1","author":"a","text":"#now","time":%d}' % hour_ago_ms
    partition.take([SimpleNamespace(offset=0, key=b"a", value=post, headers=(), timestamp=hour_ago_ms)])
    partition.reached = 0, 0
    machines.end = 1 + behind
    asyncio.run(count.report())
    if fast_ms >= 0:  # a slow clock takes an hour of backlog for live: dearer, and right
        assert (len(machines.published) == 2) is told
