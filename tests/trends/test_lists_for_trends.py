"""Where lists are wanted for their trends alone, those in which something trends are the same, and no other is made."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.local import Local, Options
from schemas import TrendList
from schemas.events import Event
from tests.oracle import streams
from tests.oracle.posts import Retracted, Said
from tests.trends.product import post_of

SLOWLY = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))


def lists_of(log: Sequence[Said | Retracted], before: int) -> list[TrendList]:
    found: list[TrendList] = []
    events = tuple(map(Event, streams.EVENTS))
    local = Local(Options(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS, 3, events), on_list=found.append)
    local.ranker.for_trends_before = before
    local.feed([post_of(record) for record in log])
    local.finish()
    return found


def tells_trends(one: TrendList) -> bool:
    return one.flag != "counting" and any(row.trending or "suspect" in row.flags for row in one.trends)


def assert_trends_are_the_same(log: Sequence[Said | Retracted], before: int) -> None:
    all_lists, some = lists_of(log, 0), lists_of(log, before)
    early = [one for one in some if one.at < before]
    assert msgspec.json.encode(early) == msgspec.json.encode(
        [one for one in all_lists if one.at < before and tells_trends(one)]
    )
    for kind in {(one.scope, one.window) for one in all_lists}:
        late, others = (
            [one for one in lists if (one.scope, one.window) == kind and one.at >= before]
            for lists in (some, all_lists)
        )
        if len(late) > len(others):  # the first one, which may say what an earlier one would have said
            late = late[1:]
        assert msgspec.json.encode(late) == msgspec.json.encode(others)


@SLOWLY
@given(streams.days(), st.integers(0, 80))
def test_of_bursts_with_days_between_them(log: list[Said], hours: int) -> None:
    assert_trends_are_the_same(log, streams.START_MS + hours * streams.HOUR_MS)


def test_of_hours_of_bursts_and_a_ring() -> None:
    log, before = streams.seeded(0, posts=300, hours=5.0), streams.START_MS + 4 * streams.HOUR_MS
    all_lists = lists_of(log, 0)
    assert sum(tells_trends(one) for one in all_lists if one.at < before) > 100
    assert len(lists_of(log, before)) < len(all_lists)
    assert_trends_are_the_same(log, before)
