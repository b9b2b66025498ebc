"""What a worker says of an outage, and which partitions it takes for such as hold the lists back."""

from __future__ import annotations

import logging

from agents.rank import StalledPartition
from agents.run import OUTAGE_S, OneLineAnOutage
from pipeline.trends.panes import SLOW_MS


def record(name: str, level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, message, (), None)


def test_an_outage_is_one_line_and_another_one_later_is_another() -> None:
    said: list[str] = []
    now = 100.0
    told = OneLineAnOutage(said.append, lambda: now)
    lost = record("aiokafka", logging.ERROR, "Unable connect to node with id 1: [Errno 111]")
    ours = record("agents.app", logging.WARNING, "it is read again")
    assert told.filter(ours)
    for _ in range(400):
        assert not told.filter(lost)
        now += OUTAGE_S / 50
        assert not told.filter(ours)
    assert not told.filter(record("aiokafka.consumer", logging.ERROR, "Heartbeat failed"))
    assert told.filter(record("mode", logging.ERROR, "Crashed")), "what is no client's is never hidden"
    assert len(said) == 1
    now += OUTAGE_S
    assert told.filter(ours)
    assert not told.filter(lost)
    assert len(said) == 2


def test_a_partition_is_held_while_it_stands_and_while_it_moves_as_far_behind_as_ever() -> None:
    held = StalledPartition(frontier=0, goal=SLOW_MS * 3, since=1.0)
    standing = held.now(0, SLOW_MS * 3, 5.0)
    assert standing.since == 1.0
    slow = standing.now(10_000, SLOW_MS * 3 + 10_000, 11.0)
    assert slow.since == 1.0
    near = StalledPartition(frontier=0, goal=20_000, since=1.0)
    assert near.now(10_000, 30_000, 5.0) == StalledPartition(10_000, 30_000, 5.0), (
        "it gets on by itself, a little behind"
    )
    fast = StalledPartition(frontier=0, goal=SLOW_MS * 2, since=1.0)
    assert fast.now(SLOW_MS * 2, SLOW_MS * 9, 2.0).since == 2.0, "a replay: it is where the others were"
