"""Large work keeps a worker from nothing else, and nobody touches meanwhile what is worked on."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.count import Count, CountedPartition
from agents.position import Position
from agents.rank import Rank, RankedPartition
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas.definitions import Definitions
from schemas.topics import Topics

STEP_S = 1.0  # far longer than a busy machine may keep anybody waiting
NOTHING: Any = None


class Work:
    """Work that takes long; `beside` has how much of it was going on already whenever it began."""

    def __init__(self, result: Any) -> None:
        self.result, self.beside = result, list[int]()
        self._going_on = 0

    def __call__(self, *_: Any) -> Any:
        self.beside.append(self._going_on)
        self._going_on += 1
        time.sleep(STEP_S)
        self._going_on -= 1
        return self.result


class App:
    """As much of Faust's as is asked for here."""

    consumer: Any

    def __init__(self, *assigned: TP) -> None:
        self.consumer, self._assigned = self, set(assigned)

    def assignment(self) -> set[TP]:
        return self._assigned

    def mark_committable(self, *_: Any) -> None: ...


@pytest.fixture(autouse=True)
def nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    async def publish(*_: Any) -> None: ...

    for module in ("rank", "count"):
        monkeypatch.setattr(f"agents.{module}.publish", publish)


def context() -> Context:
    return Context(Grid(10_000, 5_000), 1, Topics(""), Health(CollectorRegistry()))


def longest_wait_s(*works: Coroutine[Any, Any, None]) -> float:
    """How long the loop did not come round while these were done."""

    async def measure() -> float:
        turns = [time.monotonic()]
        tasks = [asyncio.create_task(work) for work in works]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.01)
            turns.append(time.monotonic())
        await asyncio.gather(*tasks)
        return max(after - before for before, after in itertools.pairwise(turns))

    return asyncio.run(measure())


def test_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = App()
    rank, tp = Rank(app, context(), NOTHING), TP("topic-counts", 0)
    partition = rank.partitions[tp] = RankedPartition(Position(tp, 0, 0), context(), {})
    work = Work(None)
    monkeypatch.setattr(partition, "advance", work)
    monkeypatch.setattr(partition, "previews_due", lambda _: True)
    monkeypatch.setattr(partition, "preview", lambda: work() or [])
    assert longest_wait_s(rank._process(partition, []), rank.preview()) < STEP_S / 2
    assert work.beside == [0, 0]


def test_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    tp = TP("posts", 0)
    app: Any = App(tp)
    count = Count(app, context(), NOTHING)
    partition = count.partitions[tp] = CountedPartition(Position(tp, 0, 0), context(), Definitions())
    partition.reached, partition.stamp = (0, 0), int(time.time() * 1_000)
    work = Work([])
    monkeypatch.setattr(partition, "take", work)
    monkeypatch.setattr(partition, "edge", lambda: bytes(work()))
    assert longest_wait_s(count._process(partition, []), count.report()) < STEP_S / 2
    assert work.beside == [0, 0]
