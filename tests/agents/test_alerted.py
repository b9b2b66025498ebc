"""How the alert agent goes on after a crash: from its newest whole record, with what it had to say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from faust.types import TP

from agents.alert import AlertedPartition, RulesInForce
from agents.heard import Orders
from agents.position import Position
from pipeline.definitions import FRONTIER_HEADER, DefinitionsHistory, entry_key, initial_key
from pipeline.kafka.log import Record
from schemas import TrendList
from schemas.alerts import Order, Rule
from schemas.definitions import Definitions
from schemas.moderation import Decision
from tests.alerts.test_alerting import MINUTE, at, row, rule

RULES = (rule(),)


def ledger_of(*rules: tuple[Rule, ...], minutes: tuple[int, ...] = ()) -> DefinitionsHistory:
    """The first of these rules from the beginning, each other one after the lists of a minute."""
    history = DefinitionsHistory()
    history.take(initial_key(), msgspec.json.encode(Definitions(1, rules=rules[0])))
    for number, (changed, minute) in enumerate(zip(rules[1:], minutes, strict=True)):
        told = ((FRONTIER_HEADER, b"%d" % (minute * MINUTE)),)
        history.take(entry_key(0, number), msgspec.json.encode(Definitions(2 + number, rules=changed)), told)
    return history


def partition(
    records: dict[str, bytes], rules: tuple[Rule, ...] = RULES, history: DefinitionsHistory | None = None
) -> AlertedPartition:
    in_force = RulesInForce(history or ledger_of(rules), lambda _: None)
    return AlertedPartition(Position(TP("trends", 0), 1, 0), in_force, records)


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


def test_rules_change_between_the_same_lists_whether_heard_before_them_or_with_them_and_after_a_restart() -> None:
    rules = (RULES, (rule(top=3),), ())
    lists = [record(minute, at(minute, row("#a"))) for minute in range(1, 7)]
    want = [("firing", 1, "#a"), ("resolved", 3, "#a"), ("firing", 4, "#a"), ("resolved", 5, "#a")]
    for restart in range(6):
        records: dict[str, bytes] = {}
        history = ledger_of(*rules, minutes=(3, 5))
        first = partition(records, history=history)
        first.take(lists[:restart])
        written(first, records)
        again = partition(records, history=history)
        again.take(lists)  # from the first on, as after a rewind
        alerts = {(one.key, one.status): one for one in [*first.said, *again.said, *again.raised]}
        assert [(one.status, one.at // MINUTE, one.topic) for one in alerts.values()] == want, restart


def test_it_goes_on_by_the_rules_that_it_was_kept_with_though_the_log_has_left_them_behind() -> None:
    records: dict[str, bytes] = {}
    first = partition(records)
    first.take([record(0, at(1, row("#a")))])
    written(first, records)
    again = partition(records, history=ledger_of((), RULES, minutes=(1,)))
    again.take([record(1, at(2, row("#a"))), record(2, at(3))])
    assert [(one.status, one.at // MINUTE) for one in again.raised] == [("resolved", 3)]


def test_rules_that_cannot_be_used_here_hold_for_no_list_and_are_told_once() -> None:
    unknown = rule(quiet="22:00-07:00", time_zone="Mars/Olympus")
    said: list[str] = []
    in_force = RulesInForce(ledger_of(RULES, (unknown,), (rule(top=3),), minutes=(3, 5)), said.append)
    assert [in_force.at(minute * MINUTE) for minute in (1, 4, 5, 6)] == [RULES, RULES, RULES, (rule(top=3),)]
    assert len(said) == 1
    assert "cannot be used" in said[0]


def test_what_somebody_said_to_fire_and_does_not_is_over_with_the_next_list_once_all_else_is_settled() -> None:
    one, zombie = partition({}), partition({})
    one.alerting.mute("r", 90 * MINUTE, "#a")
    for taker in (one, zombie):
        taker.take([record(0, at(1, row("#a"), row("#b", 2)))])
    said = zombie.raised
    assert [it.topic for it in said] == ["#a", "#b"]
    one.take([record(1, at(2, row("#b", 2)))])
    one.end_orphaned(said, one.saved_at + 60)  # the firing of #b is not said yet
    assert [(it.status, it.topic) for it in one.raised] == [("firing", "#b")]
    one.raised = []
    one.end_orphaned(said, one.saved_at)  # it may have been said a moment ago, and not been heard
    assert one.raised == []
    one.end_orphaned(said, one.saved_at + 60)
    assert [(it.status, it.key, it.at) for it in one.raised] == [("resolved", said[0].key, 2 * MINUTE)]


def test_orders_hold_from_the_next_list_and_only_news_are_told() -> None:
    one = partition({})
    one.take([record(0, at(5, row("#a")))])
    given = [Order("mute", "r", "", "ann", 4 * MINUTE, 90 * MINUTE), Order("acknowledge", "r", "", "bob", 6 * MINUTE)]
    assert [order.by for order in one.apply_orders(given)] == ["bob"]
    assert one.apply_orders(given) == []
    one.take([record(1, at(6, row("#a"), row("#b", 2)))])
    assert [(it.status, it.topic) for it in one.raised] == [("firing", "#a"), ("resolved", "#a")]


def test_a_list_that_no_rule_looks_at_moves_only_the_time_and_what_is_no_list_nothing() -> None:
    one = partition({}, (rule(kind="silence", on="event:a", silent_s=60),))
    spoken = at(1, row("#x"), scope="event:a", window="5m")
    one.take([record(0, spoken), record(1, at(2)), record(2, at(3)), record(3, at(4))])
    one.take([SimpleNamespace(offset=4, key=b"\xff", value=b"?"), SimpleNamespace(offset=5, key=None, value=None)])
    assert [(it.status, it.at // MINUTE) for it in one.raised] == [("firing", 2)]
    assert (one.position.next, one.unreadable, one.alerting.clock) == (6, 2, 4 * MINUTE)


def test_alerts_follow_what_moderators_say_of_suspect_topics() -> None:
    heard = Orders()
    lists = [at(minute, row("#a", flags=["suspect"], trending=False), row("#b")) for minute in range(1, 4)]

    def raised() -> list[tuple[str, str]]:
        in_force = RulesInForce(ledger_of(RULES), lambda _: None)
        one = AlertedPartition(Position(TP("trends", 0), 1, 0), in_force, {}, heard.overruling)
        one.take([record(number, trends) for number, trends in enumerate(lists)])
        return [(alert.status, alert.topic) for alert in one.raised]

    assert ("firing", "#a") not in raised()
    decisions = ("#a", "cleared", lists[1].at), ("#b", "suspect", lists[2].at)
    for number, (topic, verdict, moment) in enumerate(decisions):
        told = Decision(str(number), "", "suspicion", topic, verdict, "ann", moment)
        heard.take(Record(("decisions", 0), number, 0, b"", msgspec.json.encode(told), ()))
    assert raised().count(("firing", "#a")) == 1
    assert ("resolved", "#b") in raised()
