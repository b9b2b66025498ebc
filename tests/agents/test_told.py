"""What a worker tells the rank stage of its partitions, beside the panes that close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.count import Count, CountedPartition
from agents.position import Position
from agents.publish import Outgoing
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas import Post
from schemas.counts import EarlyPanes, PartitionProgress, decode_counts
from schemas.definitions import Definitions
from schemas.topics import Topics

PARTITIONS = 3
NOTHING: Any = None


class App:
    """As much of Faust's as is asked for here: it owns some partitions."""

    consumer: Any

    def __init__(self) -> None:
        self.end = 1_000  # of each log: there is more to be read
        self.consumer, self.assigned = self, {TP("posts", number) for number in range(PARTITIONS)}

    def assignment(self) -> set[TP]:
        return self.assigned

    def highwater(self, _: TP) -> int:
        return self.end


class Telling:
    """A count agent, what it sends at a time, and how often the broker refuses it."""

    app: Any

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.context = Context(Grid(10_000, 5_000), PARTITIONS, Topics(""), Health(CollectorRegistry()))
        self.app = App()
        self.count = Count(self.app, self.context, NOTHING)
        self.sent: list[list[Outgoing]] = []
        self.refusals = 0
        monkeypatch.setattr("agents.count.publish", self._publish)
        for tp in sorted(self.app.assigned):
            self.count.partitions[tp] = CountedPartition(Position(tp, 0, 0), self.context, Definitions())

    async def _publish(self, _: Any, messages: Iterable[Outgoing]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise TimeoutError
        self.sent.append(list(messages))

    def post(self, *numbers: int) -> None:
        """A post into each of these partitions, written just now."""
        now_ms = int(time.time() * 1_000)
        for number in numbers:
            partition = self.count.partitions[TP("posts", number)]
            offset = partition.position.next
            partition.counter.add([Post(f"p{offset}", "somebody", "word #tag", now_ms)], offset, [now_ms])
            partition.position.next, partition.stamp = offset + 1, now_ms
            partition.reached = offset, partition.counter.frontier

    def told(self) -> list[tuple[type, int]]:
        """What is sent now, all at once: its kind and the partition it is of."""
        self.sent.clear()
        asyncio.run(self.count.report())
        assert len(self.sent) <= 1, "each time of sending costs as much as the counting of hundreds of posts"
        found = [decode_counts(out.value or b"") for out in self.sent[0]] if self.sent else []
        return [(type(each), each.partition) for each in found]


def test_all_partitions_are_told_of_at_once_where_something_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = Telling(monkeypatch)
    assert telling.told() == []
    telling.post(0, 1, 2)
    assert sorted(telling.told(), key=str) == sorted(
        [(kind, number) for kind in (PartitionProgress, EarlyPanes) for number in range(PARTITIONS)], key=str
    )
    telling.post(1)
    assert telling.told() == [(PartitionProgress, 1), (EarlyPanes, 1)]
    assert telling.told() == []


def test_what_the_broker_refused_is_told_again_and_who_is_lost_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = Telling(monkeypatch)
    telling.post(0, 1, 2)
    telling.refusals = 1
    with pytest.raises(TimeoutError):
        telling.told()
    telling.app.assigned.discard(TP("posts", 2))
    assert telling.told() == [(PartitionProgress, 0), (PartitionProgress, 1)]
    assert TP("posts", 2) not in telling.count.partitions


def test_what_was_written_long_ago_has_no_live_edge_unless_it_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    telling = Telling(monkeypatch)
    for end, kinds in ((1_000, [PartitionProgress]), (2, [PartitionProgress, EarlyPanes])):
        telling.app.end = end
        telling.post(0)
        telling.count.partitions[TP("posts", 0)].stamp -= 60_000
        assert telling.told() == [(kind, 0) for kind in kinds]
