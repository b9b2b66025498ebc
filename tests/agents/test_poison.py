"""A record that workers die of is found by the notes of those before, and no other record is: starts that are killed
anywhere, on a log in memory."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

import pytest

from agents.poison import GROUP, MOST_POISON, STARTS, Attempts


class Record(NamedTuple):
    offset: int


class Log:
    """A partition with its committed offset and the note beside it; every `pane` records something closes."""

    def __init__(self, length: int, deadly: set[int], pane: int = 100) -> None:
        self.records = [Record(offset) for offset in range(length)]
        self.deadly, self.pane = deadly, pane
        self.committed, self.note = 0, ""
        self.counted: dict[int, int] = {}
        self.set_aside: set[int] = set()
        self.alone: list[int] = []  # at which record by itself starts ended, in their order

    def start(self, batch: int, dies_after: int | None = None) -> bool:
        """One start; whether it came to the end. It dies of deadly records, or is killed after so many steps; -1:
        before it takes anything."""
        attempts = Attempts(self.note, self.committed, len(self.records))
        offset, steps = self.committed, 0
        self.commit(attempts, offset)
        if dies_after == -1:
            return False
        while offset < len(self.records):
            for group, noted in attempts.groups(self.records[offset : offset + batch]):
                steps += 1
                if noted:
                    self.commit(attempts, self.rewind(offset))
                killed = dies_after is not None and steps > dies_after
                if killed or any(it.offset in self.deadly and it.offset not in attempts.poison for it in group):
                    self.alone += [group[0].offset] if noted and len(group) == 1 else []
                    return False
                offset = group[-1].offset + 1
                self.set_aside.update(it.offset for it in group if it.offset in attempts.poison)
                attempts.came_to(offset, self.rewind(offset))
                self.commit(attempts, self.rewind(offset))
        return True

    def rewind(self, offset: int) -> int:
        return offset // self.pane * self.pane

    def commit(self, attempts: Attempts, offset: int) -> None:
        self.committed, self.note = offset, attempts.note(offset)
        assert len(self.note) < 4_096, "what Kafka takes as metadata"


@pytest.mark.parametrize("batch", [1, 7, 50, 1_000, 10_000])
@pytest.mark.parametrize("deadly", [{0}, {77}, {130}, {999}, {5, 6, 7}, {40, 800}])
def test_a_record_that_four_starts_died_of_is_set_aside_and_no_other_is(batch: int, deadly: set[int]) -> None:
    log = Log(1_000, deadly)
    deaths = 0
    while not log.start(batch):
        deaths += 1
        assert deaths <= 5 * len(deadly)
    assert log.set_aside == deadly
    assert deaths >= STARTS * len(deadly)
    for _ in range(5):  # what lies behind the committed offset is read again: it is still known
        assert log.start(batch)
    assert log.note == "" or log.committed <= max(deadly)


def test_workers_that_are_killed_set_nothing_aside() -> None:
    """However many in a row, before they take anything or while they do: but where two of them were killed with the
    same record alone in hand."""
    rng = random.Random(5)
    set_aside = 0
    for _ in range(2_000):
        log = Log(rng.randrange(1, 600), set(), rng.choice((10, 100, 1_000)))
        for _ in range(30):
            log.start(rng.choice((1, 20, 400)), rng.randrange(-1, 40))
        log.start(400)
        twice = {one for one, other in pairwise(log.alone) if one == other}
        assert log.set_aside <= twice
        set_aside += len(log.set_aside)
    assert set_aside < 60, "of 60,000 starts that were killed"


def test_a_start_that_ends_before_it_takes_anything_is_no_witness() -> None:
    log = Log(600, {77})
    for _ in range(3):
        assert not log.start(400)
        for _ in range(5):
            assert not log.start(400, -1)
    assert log.alone == [77]
    log.deadly.clear()
    assert log.start(400)
    assert not log.set_aside


def test_a_second_start_takes_few_at_a_time_and_each_is_noted() -> None:
    records = [Record(offset) for offset in range(1_000)]
    first = Attempts("", 0, 1_000)
    assert [noted for _, noted in first.groups(records)] == [False]
    second = Attempts(first.note(0), 0, 900)
    groups = list(second.groups(records))
    assert all(len(group) <= GROUP and noted for group, noted in groups[:-1])
    assert (groups[-1][0][0].offset, groups[-1][1]) == (900, False), "what nobody can have had in hand"
    assert [record for group, _ in groups for record in group] == records


def test_a_note_of_somebody_else_is_none_and_poison_without_end_is_bounded() -> None:
    assert not Attempts("written by kcat", 0, 10).careful
    note = "[0,0,0,[" + ",".join(map(str, range(10**12, 10**12 + 1_000))) + "]]"
    assert len(Attempts(note, 0, 10).poison) == MOST_POISON
