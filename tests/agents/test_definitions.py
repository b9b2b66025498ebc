"""Definitions that change within a partition's log, and what is known of them where somebody begins to read."""

from __future__ import annotations

import msgspec
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.count import CountedPartition
from agents.position import Position
from pipeline.definitions import FRONTIER_HEADER, REQUESTED, DefinitionsHistory, entry_key, initial_key
from pipeline.health import Health
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid
from schemas import Post
from schemas.definitions import DEFINITIONS_HEADER, Definitions
from schemas.events import Event
from schemas.topics import Topics
from tests.model.product import OnKafka
from tests.model.product import control as control_record

NOW = 1_400_000_000_000  # a whole number of panes


def event(name: str, *hashtags: str) -> Event:
    return Event(name, hashtags=hashtags or ("#x",))


def control(offset: int, definitions: Definitions | bytes) -> OnKafka:
    if isinstance(definitions, Definitions):
        return control_record(offset, NOW, definitions)
    return OnKafka(offset, NOW, definitions, ((DEFINITIONS_HEADER, b""),))


def post(offset: int, at_ms: int, text: str = "#x") -> OnKafka:
    return OnKafka(offset, NOW + at_ms, msgspec.json.encode(Post(f"p{offset}", f"a{offset}", text, NOW + at_ms)))


def partition(definitions: Definitions, begin: int = 0) -> CountedPartition:
    context = Context(Grid(), 1, Topics(), Health(CollectorRegistry()))
    return CountedPartition(Position(TP("posts", 0), 0, begin), context, definitions)


def posts_by_events(closed: list[Counts]) -> list[dict[tuple[str, ...], int]]:
    return [
        {cell.events: posts for cell, posts in zip(pane.cells, pane.cell_posts.tolist(), strict=True)}
        for pane in closed
    ]


OLD, NEW = Definitions(1, events=(event("old"),)), Definitions(2, events=(event("new"), event("more")))

#   offset   0    1    2  control  4    5        6
#   pane     |    0         |      0    10       | 20 closes both
LOG = [post(0, 0), post(1, 1), post(2, 9_000), control(3, NEW), post(4, 9_500), post(5, 12_000), post(6, 25_000)]


def test_posts_before_a_control_record_belong_to_the_old_events_and_those_behind_it_to_the_new() -> None:
    closed = partition(OLD).take(LOG)
    assert posts_by_events(closed) == [{("old",): 3, ("more", "new"): 1}, {("more", "new"): 1}]


def test_it_makes_no_difference_how_the_log_comes_in_batches() -> None:
    for cut in range(1, len(LOG)):
        counted = partition(OLD)
        closed = counted.take(LOG[:cut]) + counted.take(LOG[cut:])
        assert posts_by_events(closed)[0] == {("old",): 3, ("more", "new"): 1}


def test_a_control_record_belongs_to_no_pane_and_moves_no_watermark() -> None:
    counted = partition(OLD)
    assert counted.take([control(0, NEW)]) == []
    assert (counted.counter.frontier, counted.counter.open_panes, counted.rewind_offset) == (0, 0, 1)
    counted.take([post(1, 0), control(2, Definitions(3))])
    assert counted.rewind_offset == 1


def test_a_post_that_comes_again_behind_a_control_record_is_still_dropped() -> None:
    counted = partition(OLD)
    counted.take([post(0, 0), control(1, NEW), OnKafka(2, NOW, post(0, 0).value)])
    assert counted.counter.duplicates == 1


def test_what_comes_in_force_is_to_be_kept_as_it_was_written_by_partition_and_offset() -> None:
    counted = partition(OLD)
    counted.take(LOG)
    (kept,) = counted.defined.values()
    assert (kept.topic, kept.key, kept.value) == ("definitions", entry_key(0, 3), LOG[3].value)


def test_an_entry_says_how_far_the_partition_was_closed_by_the_posts_before_it() -> None:
    counted = partition(OLD)
    counted.take([*LOG, control(7, Definitions(3)), control(8, Definitions(4)), post(9, 60_000)])
    told = [dict(entry.headers)[FRONTIER_HEADER] for entry in counted.defined.values()]
    assert told == [b"%d" % NOW, b"%d" % (NOW + 20_000), b"%d" % (NOW + 20_000)]


def test_a_control_record_older_than_what_is_in_force_changes_nothing() -> None:
    counted = partition(NEW)
    closed = counted.take([control(0, OLD), control(1, NEW), post(2, 0), post(3, 16_000)])
    assert posts_by_events(closed) == [{("more", "new"): 1}]
    assert (counted.defined, counted.dead) == ({}, [])


def test_a_control_record_that_defines_nothing_is_a_dead_letter_and_the_old_definitions_hold() -> None:
    twice = Definitions(9, events=(event("same"), event("same")))
    nothing_to_find = Definitions(9, events=(event("e", "###"),))
    broken = [b"", b"{", b"\xff", b'{"at":-1}', b'{"events":[{"name":"UP"}]}']
    for value in [*broken, msgspec.json.encode(twice), msgspec.json.encode(nothing_to_find)]:
        counted = partition(OLD)
        closed = counted.take([post(0, 0), control(1, value), post(2, 1), post(3, 16_000)])
        assert posts_by_events(closed) == [{("old",): 2}]
        (letter,) = counted.dead
        assert (dict(letter.headers)["reason"], letter.key, letter.value) == (b"definitions", b"0:1", value)
        assert counted.definitions is OLD
        assert counted.defined == {}


def test_no_definitions_are_as_good_as_others() -> None:
    closed = partition(OLD).take([post(0, 0), control(1, Definitions(2)), post(2, 1), post(3, 16_000)])
    assert posts_by_events(closed) == [{("old",): 1, (): 1}]


# -- what is known of them ---------------------------------------------------------------------------------------------


def value(definitions: Definitions) -> bytes:
    return msgspec.json.encode(definitions)


def test_of_several_that_would_be_first_the_one_that_lies_first_holds_from_the_beginning() -> None:
    history = DefinitionsHistory()
    history.take(initial_key(), value(OLD))
    history.take(initial_key(), value(NEW))
    assert history.at(3) == history.at(0, 0) == history.newest == OLD


def test_what_is_asked_for_is_the_newest_before_any_partition_has_come_to_it() -> None:
    history = DefinitionsHistory()
    history.take(initial_key(), value(OLD))
    history.take(REQUESTED, value(NEW))
    assert history.newest == NEW
    assert history.at(0) == OLD


def test_of_two_changes_at_once_the_same_holds_in_every_partition_whatever_their_order_there() -> None:
    one, other = Definitions(5, "ann", (event("a"),)), Definitions(5, "bob", (event("b"),))
    ends = set()
    for order in ([one, other], [other, one]):
        counted = partition(OLD)
        counted.take([control(offset, each) for offset, each in enumerate(order)])
        ends.add(counted.definitions)
    assert len(ends) == 1


def test_a_record_that_cannot_be_read_is_passed_over() -> None:
    history = DefinitionsHistory()
    for key, told in ((None, b"x"), (b"initial/1", b"{"), (b"effective/x/1", value(OLD)), (b"other", value(OLD))):
        history.take(key, told)
    assert (history.initial, history.newest) == (None, None)


@given(st.lists(st.integers(0, 30), unique=True), st.integers(0, 31), st.integers(0, 31))
def test_what_may_be_forgotten_is_missed_by_nobody_who_reads_what_the_log_holds(
    offsets: list[int], begin: int, at: int
) -> None:
    history = DefinitionsHistory()
    history.take(initial_key(), value(Definitions(0)))
    for offset in sorted(offsets):
        history.take(entry_key(2, offset), value(Definitions(offset + 1)))
    before = max((offset + 1 for offset in offsets if offset < at), default=0)
    assert history.at(2, at).at == before
    for key in history.forgettable(2, begin):
        history.take(key, None)
    if at >= begin:
        assert history.at(2, at).at == before
    assert len(history.forgettable(2, 31)) <= max(len(offsets) - 1, 0)
    assert history.at(1, at).at == 0


def told_at(frontier: int) -> tuple[tuple[str, bytes], ...]:
    return ((FRONTIER_HEADER, b"%d" % frontier),)


def test_for_lists_of_a_moment_holds_what_came_first_anywhere_before_it() -> None:
    history = DefinitionsHistory()
    history.take(initial_key(), value(Definitions(1)))
    history.take(REQUESTED, value(Definitions(4)))
    history.take(entry_key(0, 7), value(Definitions(2)), told_at(20))
    history.take(entry_key(1, 3), value(Definitions(2)), told_at(10))
    history.take(entry_key(1, 4), value(Definitions(3)), told_at(10))
    history.take(entry_key(0, 8), value(Definitions(3)), told_at(40))
    assert [history.before(moment)[0].at for moment in (0, 10, 11, 30)] == [1, 1, 3, 3]
    assert [one.at for one in history.before(30)] == [3, 2, 2, 1]


def test_of_an_entry_that_does_not_say_when_it_came_the_lists_of_every_moment_know() -> None:
    for headers in ((), ((FRONTIER_HEADER, b"x"),), ((FRONTIER_HEADER, None),)):
        history = DefinitionsHistory()
        history.take(initial_key(), value(Definitions(1)))
        history.take(entry_key(0, 7), value(Definitions(2)), headers)
        assert history.before(0)[0].at == 2


def test_what_was_read_may_be_looked_at_while_more_is_read() -> None:
    history = DefinitionsHistory()
    history.take(entry_key(0, 1), value(Definitions(1)))
    before = history.entries
    history.take(entry_key(0, 2), value(Definitions(2)))
    history.take(entry_key(0, 1), None)
    assert (sorted(before[0]), sorted(history.entries[0])) == ([1], [2])
