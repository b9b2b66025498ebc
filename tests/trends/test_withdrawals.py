"""What was withdrawn is gone from later windows, once, whatever happens to whoever counts.

minute     1      2      3      4
post       a b    .      .      .
retraction .      .      a      .        the 5m list: 2 people, 2, 1, 1
"""

from __future__ import annotations

import random
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.local import Local, Options
from pipeline.text import EventMatcher
from pipeline.trends.arrays import find_in_runs
from pipeline.trends.counts import Counts, merge
from pipeline.trends.names import Names
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.wire import from_columns, to_columns
from schemas import Post, TrendList
from schemas.counts import encode_counts
from schemas.definitions import Definitions
from schemas.events import Event
from tests.oracle import streams
from tests.oracle.posts import Retracted, Said
from tests.trends.product import post_of
from tests.trends.test_snapshot import assert_the_same_whereever_it_stops

START, MINUTE_MS, HOUR_MS = streams.START_MS, 60_000, 3_600_000
GRID = Grid(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)
SLOWLY = settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))


def post(name: str, minute: float, text: str = "", **fields: Any) -> Post:
    return Post(
        fields.pop("id", f"{name}{minute}"),
        name,
        text or f"words of {name} #x",
        START + int(minute * MINUTE_MS),
        **fields,
    )


def retraction(of: Post, minute: float, **fields: Any) -> Post:
    told = {"id": of.id, "author": of.author, "text": of.text, "time": of.time, "source": of.source} | fields
    return Post(**told, deleted=START + int(minute * MINUTE_MS))


def lists_of(records: list[Post], partitions: int = 2, window: str = "5m") -> dict[int, Any]:
    """The row of #x of each list of everything, by minute."""
    found: list[TrendList] = []
    local = Local(Options(partitions=partitions), on_list=found.append)
    local.feed(records)
    local.mark(START + HOUR_MS)
    assert local.stats.counted + local.stats.retractions + local.stats.duplicates == len(records)
    return {
        (one.at - START) // MINUTE_MS: next((row for row in one.trends if row.topic == "#x"), None)
        for one in found
        if (one.scope, one.window) == ("all", window)
    }


def facts(records: list[Post]) -> dict[int, tuple[int, int, int, int]]:
    rows = lists_of(records, window="5m")
    return {m: (r.posts, r.authors, r.withdrawn, r.withdrawn_by) for m, r in rows.items() if r is not None}


CROWD = [post(name, 0.1) for name in ("ann", "bob", "cleo", "dan")]


def test_a_withdrawn_post_is_counted_until_its_retraction_and_never_after() -> None:
    assert facts([*CROWD, retraction(CROWD[0], 2.1)]) == {1: (4, 4, 0, 0), 3: (3, 3, 1, 1)}


def test_the_same_retraction_twice_and_one_of_a_post_that_was_never_counted_change_nothing_more() -> None:
    gone = retraction(CROWD[0], 2.1)
    unknown = [retraction(post("ann", 0.1, id="other"), 3.1), retraction(post("eve", 0.1), 3.1)]
    again = retraction(CROWD[0], 4.2)
    assert facts([*CROWD, gone, gone, *unknown, again, gone]) == facts([*CROWD, gone])
    two = [*CROWD, post("ann", 0.2, "more of ann #x")]
    assert facts([*two, gone, again]) == facts([*two, gone])


def test_who_has_another_post_left_stays_one_of_the_people() -> None:
    more = post("ann", 1.1, "other words of ann #x")
    assert facts([*CROWD, more, retraction(CROWD[0], 2.1)])[3] == (4, 4, 1, 1)
    assert facts([*CROWD, more, retraction(CROWD[0], 2.1), retraction(more, 3.1)])[4] == (3, 3, 2, 1)


def test_a_duplicate_counts_once_and_is_withdrawn_once() -> None:
    assert facts([*CROWD, CROWD[0], retraction(CROWD[0], 2.1), retraction(CROWD[0], 2.2)])[3] == (3, 3, 1, 1)


def test_a_retraction_before_its_post_holds_and_moves_no_clock() -> None:
    early = [retraction(CROWD[0], 0.1), retraction(CROWD[1], 0.1, text="")]
    assert facts([*early, *CROWD])[1] == (2, 2, 2, 2)
    far = retraction(post("eve", 0.1), 50)
    assert facts([far, *CROWD, post("fay", 0.3)])[1] == (5, 5, 0, 0)


def test_without_its_text_a_retraction_acts_as_long_as_the_pane_of_its_post_is_open() -> None:
    open_, closed = retraction(CROWD[0], 0.15, text=""), retraction(CROWD[1], 3.1, text="")
    assert facts([*CROWD, open_])[1] == (3, 3, 1, 1)
    tick = [post(name, 2.1, "x #y") for name in ("ann", "bob", "cleo", "dan")]
    assert facts([*CROWD, *tick, closed])[1] == (4, 4, 0, 0)


@pytest.mark.parametrize("order", [1, -1])
def test_who_knows_less_of_a_post_takes_nothing_from_who_knows_more(order: int) -> None:
    event = Event("fair", hashtags=("#x",))
    found: list[TrendList] = []
    local = Local(Options(partitions=1, events=(event,)), on_list=found.append)
    closing = post("eve", 1.5, "#y")
    told = [retraction(CROWD[0], 2.1, text=text) for text in ("words of no event #y", "")]
    local.feed([*CROWD, closing, *told[::order]])
    local.mark(START + HOUR_MS)
    assert [one.posts for one in found if (one.scope, one.window) == ("event:fair", "5m") and one.trends] == [4, 3]


def test_an_account_that_is_deleted_loses_what_open_panes_hold_of_it() -> None:
    two = [post("ann", 0.1, id="1"), post("ann", 0.12, "again #x", id="2"), *CROWD[1:]]
    assert facts([*two, retraction(two[0], 0.15, id="", text="")])[1] == (3, 3, 2, 1)


def test_examples_never_name_what_was_withdrawn() -> None:
    named = lists_of(CROWD)[1].examples
    first, second = (one for one in CROWD if one.id in named[:2])
    tick = [post(name, 2.0, "x #y") for name in ("ann", "bob", "cleo", "dan")]
    gone = [retraction(first, 2.1), retraction(second, 2.1, text=""), post("eve", 2.5), post("fay", 2.5)]
    rows = lists_of([*CROWD, *tick, *gone])
    assert rows[3].examples
    assert not {first.id, second.id} & set(rows[3].examples)


def test_late_retractions_count_from_the_frontier_on() -> None:
    everybody = [post(name, 4.1, "y #y") for name in ("ann", "bob", "cleo", "dan")]
    assert facts([*CROWD, *everybody, retraction(CROWD[0], 1.1)]) == {1: (4, 4, 0, 0), 5: (3, 3, 1, 1)}


def test_a_post_counted_in_an_event_is_withdrawn_there_though_definitions_have_changed() -> None:
    event = Event("fair", hashtags=("#x",))
    found: list[TrendList] = []
    local = Local(Options(partitions=1, events=(event,)), on_list=found.append)
    local.feed(CROWD)
    local.redefine(Definitions())
    local.feed([retraction(CROWD[0], 2.1)])
    local.mark(START + HOUR_MS)
    of_fair = [one for one in found if (one.scope, one.window) == ("event:fair", "5m") and one.trends]
    assert [(one.posts, one.authors, one.trends[0].posts) for one in of_fair] == [(4, 4, 4), (3, 3, 3)]


def test_a_scope_whose_cells_a_retraction_does_not_name_makes_its_list_when_it_is_settled_there() -> None:
    found: list[TrendList] = []
    local = Local(Options(partitions=2), on_list=found.append)
    local.feed([post(name, 0.1, lang="fr") for name in ("ann", "bob", "cleo", "dan")])
    local.feed([post("ann", 0.2, "no language #y"), retraction(CROWD[0], 2.1)])  # which says none either
    local.mark(START + HOUR_MS)
    of_fr = [one for one in found if (one.scope, one.window) == ("lang:fr", "5m") and one.trends]
    assert [((one.at - START) // MINUTE_MS, one.trends[0].posts) for one in of_fr] == [(1, 4), (3, 3)]


def closes_by(counter: PaneCounter, records: list[Post], first: int) -> list[Counts]:
    return [pane for n, record in enumerate(records, first) for pane in counter.add([record], n)]


def test_a_retraction_far_ahead_holds_no_pane_open() -> None:
    posts = [post("ann", minute / 10) for minute in range(10)]
    plain, held = PaneCounter(GRID, None), PaneCounter(GRID, None)
    closed = [len(plain.add([one], n)) for n, one in enumerate(posts)]
    held.add([retraction(post("eve", 0.0), 50)])
    assert [len(held.add([one], n)) for n, one in enumerate(posts, 1)] == closed
    assert sum(closed) > 1


def packed(pane: Counts) -> tuple[int, bytes]:
    return pane.start, encode_counts(to_columns(pane))


@SLOWLY
@given(streams.withdrawing(streams.small(most=30)), st.randoms(use_true_random=False))
def test_from_its_rewind_offset_a_partition_closes_the_same_panes(
    log: list[Said | Retracted], chance: random.Random
) -> None:
    matcher = EventMatcher(tuple(Event(name) for name in streams.EVENTS))
    records = [post_of(record) for record in log]
    whole = PaneCounter(GRID, matcher)
    offset = chance.randrange(len(records) + 1)
    before = closes_by(whole, records[:offset], 0)
    begin = whole.rewind_offset(offset)
    after = [packed(pane) for pane in closes_by(whole, records[offset:], offset)]
    again = PaneCounter(GRID, matcher)
    highest = max((pane.start for pane in before), default=-1)
    found = [packed(pane) for pane in closes_by(again, records[begin:], begin) if pane.start > highest]
    assert found == after


@SLOWLY
@given(streams.withdrawing(streams.small(most=30)), st.randoms(use_true_random=False))
def test_panes_unite_in_any_order_and_travel_as_they_are(log: list[Said | Retracted], chance: random.Random) -> None:
    counter, names = PaneCounter(GRID), Names()
    panes = [*counter.add([post_of(record) for record in log]), *counter.mark(START + 30 * HOUR_MS)]
    tables = [
        from_columns(to_columns(pane), start=pane.start, end=pane.end).settled(names)
        for pane in panes
        if len(pane.cell_number)
    ]
    if not tables:
        return
    straight = merge(tables, 0, 1)
    chance.shuffle(tables)
    cuts = sorted({0, len(tables), chance.randrange(len(tables) + 1)})
    parts = [merge(tables[a:b], 0, 1) for a, b in pairwise(cuts)]
    assert packed(merge(parts[::-1], 0, 1)) == packed(straight)


@SLOWLY
@given(streams.withdrawing(streams.small(late=False, most=30)), st.randoms(use_true_random=False))
def test_withdrawals_go_on_as_they_were_after_a_restart(log: list[Said | Retracted], chance: random.Random) -> None:
    assert_the_same_whereever_it_stops(log, chance, 1.0)


def test_hours_of_withdrawals_go_on_as_they_were() -> None:
    log = streams.retracting(streams.seeded(4, posts=800, hours=4.0), random.Random(4), 0.4)
    assert_the_same_whereever_it_stops(log, random.Random(4), 0.5)


def test_examples_beside_withdrawn_ones_are_those_of_a_rank_stage_that_went_on() -> None:
    """Minutes hold more examples than the ten minutes that they are rolled up to."""
    posts = [
        Said(f"{topic}{number}", f"person {number % 12}", "", START + minute * MINUTE_MS, spellings=((topic, topic),))
        for topic, number, minute in (
            *(("#a", number, number % 5) for number in range(12)),
            *(("#b", number, number) for number in range(25)),
        )
    ]
    gone = [Retracted(post, START + 7 * MINUTE_MS) for post in posts[6:12]]
    log = sorted([*posts, *gone], key=lambda one: one.at if isinstance(one, Retracted) else one.time)
    assert_the_same_whereever_it_stops(log, random.Random(1), 1.0)


@pytest.mark.parametrize("partitions", [1, 3, 12])
def test_in_time_the_number_of_partitions_does_not_matter(partitions: int) -> None:
    posts = [post(f"p{n}", n / 40, f"word{n} #x", id=str(n)) for n in range(200)]
    records = sorted(
        [*posts, *(retraction(one, n / 40 + n % 3) for n, one in enumerate(posts) if n % 4 == 0)],
        key=lambda one: int(one.deleted or one.time),
    )
    assert facts(records) == {
        m: (r.posts, r.authors, r.withdrawn, r.withdrawn_by) for m, r in lists_of(records, partitions).items() if r
    }


@given(st.lists(st.sets(st.integers(0, 30), max_size=9), min_size=1, max_size=6), st.randoms())
def test_values_are_found_in_runs_of_any_length(runs: list[set[int]], rng: random.Random) -> None:
    values = np.array([value for run in runs for value in sorted(run)], np.uint64)
    ends = list(accumulate(map(len, runs)))
    asked = [(rng.randrange(len(runs)), rng.randrange(31)) for _ in range(20)]
    begin, end = (np.array([of[run] for run, _ in asked], np.int64) for of in ([0, *ends], ends))
    found = find_in_runs(values, begin, end, np.array([value for _, value in asked], np.uint64)).tolist()
    for place, (run, value) in zip(found, asked, strict=True):
        assert (place >= 0) == (value in runs[run])
        assert place < 0 or (values[place] == value and ends[run] - len(runs[run]) <= place < ends[run])
