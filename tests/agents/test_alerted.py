"""How the alert agent goes on after a crash: from its newest whole record, with what it had to say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from faust.types import TP

from agents.alert import AlertedPartition
from agents.place import Place
from schemas import TrendList
from schemas.alerts import Order, Rule
from tests.alerts.test_alerting import MINUTE, at, row, rule

RULES = (rule(),)


def partition(records: dict[str, bytes], rules: tuple[Rule, ...] = RULES) -> AlertedPartition:
    return AlertedPartition(Place(TP("trends", 0), 1, 0), rules, records)


def record(offset: int, trends: TrendList, key: str | None = None) -> Any:
    name = key or f"{trends.scope}/{trends.window}"
    return SimpleNamespace(offset=offset, key=name.encode(), value=msgspec.json.encode(trends))


def written(one: AlertedPartition, records: dict[str, bytes]) -> None:
    """What `_keep` does with the table."""
    fresh, gone = one.head()
    assert not [name for name in fresh if records.get(name, fresh[name]) != fresh[name]]
    records.update(fresh)
    for name in gone:
        del records[name]
    one.said, one.raised = one.raised, []


def test_what_was_kept_and_perhaps_not_said_is_said_again_with_the_same_bytes() -> None:
    records: dict[str, bytes] = {}
    first = partition(records)
    first.take([record(0, at(1, row("#a"))), record(1, at(2, row("#b")))])
    written(first, records)
    assert [(one.status, one.topic) for one in first.said] == [("firing", "#a"), ("firing", "#b"), ("resolved", "#a")]
    again = partition(records)
    assert msgspec.json.encode(again.said) == msgspec.json.encode(first.said)
    again.take([record(0, at(1, row("#a"))), record(1, at(2, row("#b"))), record(2, at(3))])
    assert [(one.status, one.topic) for one in again.raised] == [("resolved", "#b")]


def test_a_record_that_is_not_whole_is_passed_over_for_the_one_before_and_old_ones_go() -> None:
    records: dict[str, bytes] = {}
    one = partition(records)
    for minute in range(1, 5):
        one.take([record(minute, at(minute, row(f"#t{minute}")))])
        written(one, records)
    assert len({name.rpartition("/")[0] for name in records}) == 2
    newest = max(records)
    half = {name: value for name, value in records.items() if name != newest} | {
        newest.replace("-of-1", "-of-2"): records[newest]
    }
    assert partition(half).alerting.clock == 3 * MINUTE
    assert partition(records).alerting.clock == 4 * MINUTE


def test_rules_that_changed_while_nobody_ran_end_what_fires_for_them() -> None:
    records: dict[str, bytes] = {}
    first = partition(records)
    first.take([record(0, at(1, row("#a")))])
    written(first, records)
    again = partition(records, (rule(top=3),))
    assert [(one.status, one.topic) for one in again.raised] == [("resolved", "#a")]
    again.hold(RULES)
    again.take([record(1, at(2, row("#a")))])
    assert [(one.status, one.at) for one in again.raised] == [("resolved", MINUTE), ("firing", 2 * MINUTE)]


def test_orders_hold_from_the_next_list_and_only_news_are_told() -> None:
    one = partition({})
    one.take([record(0, at(5, row("#a")))])
    given = [Order("mute", "r", "", "ann", 4 * MINUTE, 90 * MINUTE), Order("acknowledge", "r", "", "bob", 6 * MINUTE)]
    assert [order.by for order in one.obey(given)] == ["bob"]
    assert one.obey(given) == []
    one.take([record(1, at(6, row("#a"), row("#b", 2)))])
    assert [(it.status, it.topic) for it in one.raised] == [("firing", "#a"), ("resolved", "#a")]


def test_a_list_that_no_rule_looks_at_moves_only_the_time_and_what_is_no_list_nothing() -> None:
    one = partition({}, (rule(kind="silence", on="event:a", silent_s=60),))
    spoken = at(1, row("#x"), scope="event:a", window="5m")
    one.take([record(0, spoken), record(1, at(2)), record(2, at(3)), record(3, at(4))])
    one.take([SimpleNamespace(offset=4, key=b"\xff", value=b"?"), SimpleNamespace(offset=5, key=None, value=None)])
    assert [(it.status, it.at // MINUTE) for it in one.raised] == [("firing", 2)]
    assert (one.place.next, one.unreadable, one.alerting.clock) == (6, 2, 4 * MINUTE)
