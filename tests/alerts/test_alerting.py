"""When alerts fire and end: each rule by hand, and what must hold whatever the lists are."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends.alerting import Alerting
from pipeline.wording import alert_text, language
from schemas import Trend, TrendList
from schemas.alerts import Alert, Rule
from schemas.trends import Signs
from tests.facts import OF_TOPIC, SAID
from tests.sinks.lists import trend, trend_list

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def row(topic: str, rank: int = 1, **fields: Any) -> Trend:
    return msgspec.structs.replace(trend(rank, topic), **fields)


def at(minute: int, *rows: Trend, scope: str = "all", window: str = "1h") -> TrendList:
    made = trend_list(scope=scope, window=window, at=minute * MINUTE)  # type: ignore[arg-type]
    made.trends.extend(rows)
    return made


def told(alerting: Alerting, *lists: TrendList) -> list[tuple[str, int, str]]:
    """(status, minute, topic)"""
    return [(one.status, one.at // MINUTE, one.topic) for each in lists for one in alerting.take(each)]


def rule(**fields: Any) -> Rule:
    return Rule(**({"name": "r", "resolve_s": 0, "cooldown_s": 0} | fields))


def test_a_topic_that_enters_the_first_places_fires_once_and_ends_when_it_has_left() -> None:
    alerting = Alerting([rule(top=2)])
    assert told(alerting, at(1, row("#a", 3))) == []
    assert told(alerting, at(2, row("#a", 2)), at(3, row("#a", 1))) == [("firing", 2, "#a")]
    assert told(alerting, at(4, row("#a", 4))) == []  # twice the places
    assert told(alerting, at(5, row("#a", 5))) == [("resolved", 5, "#a")]
    assert told(alerting, at(6, row("#a", 1, trending=False))) == []


def test_a_surge_is_a_score_and_ends_at_half_of_it() -> None:
    alerting = Alerting([rule(kind="surge", score=8.0)])
    scores = (7.9, 8.0, 4.0, 3.9)
    lists = [at(minute, row("#a", score=score)) for minute, score in enumerate(scores)]
    assert told(alerting, *lists) == [("firing", 1, "#a"), ("resolved", 3, "#a")]


@pytest.mark.parametrize(("limit", "field"), [({"posts": 100}, "posts"), ({"people": 100}, "authors")])
def test_a_volume_is_of_posts_or_of_people_trending_or_not(limit: dict[str, int], field: str) -> None:
    alerting = Alerting([rule(kind="volume", **limit)])
    lists = [
        at(minute, row("#a", trending=False, **{"posts": 1, "authors": 1, field: number}))
        for minute, number in enumerate((99, 100, 50, 49))
    ]
    assert told(alerting, *lists) == [("firing", 1, "#a"), ("resolved", 3, "#a")]


def test_new_is_never_seen_before() -> None:
    alerting = Alerting([rule(kind="new")])
    known, fresh = row("#known", state="rising"), row("#fresh", state="new")
    assert told(alerting, at(1, known, fresh)) == [("firing", 1, "#fresh")]
    assert told(alerting, at(2, known, row("#fresh", state="rising"))) == []
    assert told(alerting, at(3, known)) == [("resolved", 3, "#fresh")]


def test_silence_fires_when_the_stream_of_a_scope_stops_by_the_clock_of_all_lists() -> None:
    alerting = Alerting([rule(kind="silence", on="event:a", silent_s=300)])
    ever = [at(minute, row("#x")) for minute in range(1, 20)]
    assert told(alerting, *ever) == []  # it has not begun yet
    assert told(alerting, at(20, row("#a"), scope="event:a", window="5m")) == []
    lists = [at(minute, row("#x")) for minute in range(21, 28)]
    assert told(alerting, *lists) == [("firing", 25, "")]
    back = at(28, row("#a"), scope="event:a", window="5m")
    assert told(alerting, back, at(29, row("#x"))) == [("resolved", 28, "")]


def test_it_must_hold_before_it_fires_and_must_be_gone_before_it_ends() -> None:
    alerting = Alerting([rule(hold_s=120, resolve_s=120)])
    there, gone = (lambda minute: at(minute, row("#a"))), at
    assert told(alerting, there(1), there(2), gone(3), there(4), there(5), there(6)) == [("firing", 6, "#a")]
    assert told(alerting, gone(7), gone(8), there(9), gone(10), gone(11), gone(12)) == [("resolved", 12, "#a")]


def test_what_is_over_stays_silent_until_it_has_cooled_down() -> None:
    alerting = Alerting([rule(cooldown_s=600)])
    assert told(alerting, at(1, row("#a")), at(2)) == [("firing", 1, "#a"), ("resolved", 2, "#a")]
    assert told(alerting, *(at(minute, row("#a")) for minute in range(3, 14))) == [("firing", 12, "#a")]


@pytest.mark.parametrize(("severity", "fires"), [("warning", 7 * 60), ("critical", 1)])
def test_quiet_hours_hold_back_what_is_not_critical(severity: str, fires: int) -> None:
    alerting = Alerting([rule(quiet="23:00-08:00", time_zone="Europe/Paris", severity=severity)])
    lists = [at(minute, row("#a")) for minute in range(1, 8 * 60)]  # 1970: Paris is an hour ahead
    assert told(alerting, *lists) == [("firing", fires, "#a")]


def test_trends_of_one_voice_are_suppressed_or_marked() -> None:
    ring = at(1, row("#ring", flags=["one_post"]))
    assert Alerting([rule()]).take(ring) == []
    (alert,) = Alerting([rule(flags="mark")]).take(ring)
    assert alert.flags == ["one_post"]


def test_that_people_share_a_server_silences_nothing_that_they_are_bots_does() -> None:
    lists = at(1, row("#town", flags=["one_server"]), row("#machines", 2, flags=["one_server", "bots"]))
    assert told(Alerting([rule()]), lists) == [("firing", 1, "#town")]


def test_what_is_said_with_two_hashtags_fires_under_the_name_that_is_asked_for() -> None:
    both = at(1, row("#sale", joined=["#acme", "#offer"], also=["#Acme"], flags=["same_people"]))
    assert told(Alerting([rule()]), both) == [("firing", 1, "#sale")]
    (alert,) = Alerting([rule(topics=("acme",))]).take(both)
    assert (alert.topic, alert.display, alert.key) == ("#acme", "#Acme", f"r/#acme/{MINUTE}")
    (alert,) = Alerting([rule(topics=("offer",))]).take(both)
    assert (alert.topic, alert.display) == ("#offer", "#offer")
    assert told(Alerting([rule(topics=("other",))]), both) == []


def test_what_fires_or_waits_goes_on_whichever_of_its_hashtags_leads() -> None:
    one, other = row("#acme", joined=["#sale"]), row("#sale", joined=["#acme"], authors=900)
    for asked in ((), ("acme", "sale")):
        alerting = Alerting([rule(topics=asked)])
        fired = [("firing", 1, "#acme"), ("resolved", 4, "#acme")]
        assert told(alerting, at(1, one), at(2, other), at(3, one), at(4)) == fired
    alerting = Alerting([rule()])
    (_, end) = [alert for each in (at(1, one), at(2, other), at(3)) for alert in alerting.take(each)]
    assert end.peak
    assert end.peak.people == 900
    alerting = Alerting([rule(hold_s=120)])
    assert told(alerting, at(1, one), at(2, other), at(3, other)) == [("firing", 3, "#acme")]


def test_a_rule_may_be_about_some_topics_only_however_they_are_written() -> None:
    alerting = Alerting([rule(topics=("Été", "$AAPL"))])
    fired = told(alerting, at(1, row("#ete"), row("$aapl", 2), row("#b", 3)))
    assert [topic for _, _, topic in fired] == ["#ete", "$aapl"]


def test_a_muted_topic_or_rule_fires_nothing_and_ends_what_fires() -> None:
    alerting = Alerting([rule()])
    assert told(alerting, at(1, row("#a"), row("#b", 2))) == [("firing", 1, "#a"), ("firing", 1, "#b")]
    alerting.mute("r", 10 * MINUTE, "#a")
    assert told(alerting, at(2, row("#a"), row("#b", 2))) == [("resolved", 2, "#a")]
    assert told(alerting, at(9, row("#a"), row("#b", 2))) == []
    assert told(alerting, at(10, row("#a"), row("#b", 2))) == [("firing", 10, "#a")]
    alerting.mute("r", 99 * MINUTE, from_ms=12 * MINUTE)
    assert told(alerting, at(11, row("#a"), row("#b", 2))) == []  # not yet
    assert len(told(alerting, at(12, row("#a"), row("#b", 2)))) == 2
    alerting.mute("r", 0, from_ms=13 * MINUTE)
    assert len(told(alerting, at(13, row("#a"), row("#b", 2)))) == 2


def test_an_alert_says_what_why_since_when_and_has_one_key() -> None:
    alerting = Alerting([rule()])
    (fired,) = alerting.take(at(5, row("#a", display="#A", since=3 * MINUTE)))
    (over,) = alerting.take(at(6))
    assert fired.key == over.key == f"r/#a/{5 * MINUTE}"
    assert (fired.since, fired.fired, over.fired, over.at) == (3 * MINUTE, 5 * MINUTE, 5 * MINUTE, 6 * MINUTE)
    assert fired.why == OF_TOPIC
    assert alert_text(fired, language("en")) == f"#A is number 1 in all posts (1 h): {SAID}"
    assert fired.examples == ["1"]


def test_lists_that_are_not_final_or_older_change_nothing() -> None:
    alerting = Alerting([rule()])
    assert told(alerting, msgspec.structs.replace(at(1, row("#a")), final=False)) == []
    assert told(alerting, at(5, row("#a"))) == [("firing", 5, "#a")]
    assert told(alerting, at(5), at(4)) == []


RULES = (
    rule(name="a", top=2, hold_s=60, resolve_s=120, cooldown_s=180),
    rule(name="b", kind="volume", people=50, on="event:e"),
    rule(name="c", kind="silence", on="event:e", silent_s=120),
    rule(name="d", kind="new", flags="mark", quiet="00:10-00:20"),
)
SCOPES = ("all", "1h"), ("event:e", "1h"), ("event:e", "5m")


def lists_of(seed: int) -> list[list[TrendList]]:
    """Lists by minute."""
    chance = random.Random(seed)

    def rows() -> list[Trend]:
        topics = chance.sample(["#a", "#b", "#c", "#d"], chance.randrange(4))
        return [
            row(
                topic,
                rank,
                authors=chance.randrange(100),
                state=chance.choice(("new", "rising")),
                flags=chance.choice(([], ["one_author"])),
                trending=chance.random() < 0.7,
            )
            for rank, topic in enumerate(topics, 1)
        ]

    return [
        [at(minute, *rows(), scope=scope, window=window) for scope, window in SCOPES if chance.random() < 0.8]
        for minute in range(1, 40)
    ]


def raised(alerting: Alerting, lists: list[TrendList]) -> list[Alert]:
    return [alert for one in lists for alert in alerting.take(one)]


def in_order(alerts: list[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda one: (one.at, one.rule, one.key, one.status))


@given(st.integers(0, 10**6))
def test_the_order_of_lists_of_a_moment_and_reading_again_and_a_restart_change_nothing(seed: int) -> None:
    minutes = lists_of(seed)
    flat = [one for lists in minutes for one in lists]
    expected = in_order(raised(Alerting(RULES), flat))
    chance = random.Random(seed)
    shuffled = [one for lists in minutes for one in chance.sample(lists, len(lists))]
    assert in_order(raised(Alerting(RULES), shuffled)) == expected
    cut = chance.randrange(len(flat) + 1)
    first, second = Alerting(RULES), Alerting(RULES)
    before = raised(first, flat[:cut])
    second.restore(first.snapshot())
    assert in_order(before + raised(second, flat[max(0, cut - 10) :])) == expected


def test_the_random_lists_raise_alerts_of_both_kinds() -> None:
    flat = [one for lists in lists_of(1) for one in lists]
    assert {alert.status for alert in raised(Alerting(RULES), flat)} == {"firing", "resolved"}


@given(st.integers(0, 10**6))
def test_every_alert_that_is_over_had_fired_and_none_fires_twice(seed: int) -> None:
    firing: set[tuple[str, str]] = set()
    keys: set[str] = set()
    for alert in raised(Alerting(RULES), [one for lists in lists_of(seed) for one in lists]):
        about = alert.rule, alert.topic
        if alert.status == "firing":
            assert about not in firing
            assert alert.key not in keys
            firing.add(about)
            keys.add(alert.key)
        else:
            assert about in firing
            assert alert.key in keys
            firing.remove(about)


def test_what_is_remembered_is_bounded() -> None:
    alerting = Alerting([rule(cooldown_s=60)])
    for minute in range(1, 300):
        alerting.take(at(minute, *(row(f"#{minute}-{n}", n) for n in range(1, 11))))
    assert len(alerting.snapshot()) < 20_000


def test_the_volume_of_a_watchlist_is_that_of_all_its_posts() -> None:
    rule = Rule("crowd", on="watch:us", kind="volume", window="5m", posts=100, resolve_s=0, cooldown_s=0)
    alerting = Alerting([rule])
    said = []
    for minute, posts in enumerate((20, 99, 100, 180, 50, 49, 10)):
        whole = TrendList("watch:us", "5m", 300, (minute + 1) * MINUTE, True, "", [], posts, posts // 2)
        said += [(one.status, one.topic, one.value, minute, one.why.counted) for one in alerting.take(whole)]
    assert said == [
        ("firing", "", 100, 2, "posts"),
        ("resolved", "", 100, 5, "posts"),
    ]


def test_other_rules_begin_anew_and_rules_that_say_the_same_keep_their_courses() -> None:
    same, changed, gone = rule(name="same", hold_s=120), rule(name="changed", top=5), rule(name="gone")
    alerting = Alerting([same, changed, gone])
    assert told(alerting, at(1, row("#a"))) == [("firing", 1, "#a")] * 2
    fresh = rule(name="fresh", kind="volume", posts=10)
    ends = alerting.set_rules([fresh, rule(name="changed", top=6), same])
    assert [(one.rule, one.status, one.at, one.key) for one in ends] == [
        ("changed", "resolved", MINUTE, f"changed/#a/{MINUTE}"),
        ("gone", "resolved", MINUTE, f"gone/#a/{MINUTE}"),
    ]
    assert alerting.take(at(1, row("#a"))) == []  # read again: no rule looks back
    assert {one.rule for one in alerting.take(at(2, row("#a")))} == {"changed", "fresh"}
    assert [one.rule for one in alerting.take(at(3, row("#a")))] == ["same"]  # it has held since the first minute


def test_what_fires_for_a_rule_that_changed_while_nobody_ran_is_over_with_the_restart() -> None:
    first = Alerting([rule(name="same"), rule(name="changed")])
    assert len(first.take(at(1, row("#a")))) == 2
    second = Alerting([rule(name="changed", severity="critical"), rule(name="same")])
    (end,) = second.restore(first.snapshot())
    assert (end.rule, end.status, end.severity) == ("changed", "resolved", "warning")
    assert [(one.rule, one.status) for one in second.take(at(2))] == [("same", "resolved")]


def test_of_the_orders_about_one_thing_the_newest_of_that_moment_holds_in_whatever_order_they_are_heard() -> None:
    orders = [(2, 50), (10, 0), (20, 30)]  # minute, until
    expected = [minute for minute in range(1, 40) if not (2 <= minute < 10 or 20 <= minute < 30)]
    for heard in (orders, orders[::-1], [*orders, *orders]):
        alerting = Alerting([rule(kind="volume", posts=1, hold_s=0)])
        for minute, until in heard:
            alerting.mute("r", until * MINUTE, from_ms=minute * MINUTE)
        fires = []
        for minute in range(1, 40):
            again = Alerting([rule(kind="volume", posts=1, hold_s=0)])
            again.restore(alerting.snapshot())
            fires += [minute] if again.take(at(minute, row("#a"))) else []
            alerting.take(at(minute))
        assert fires == expected


def test_an_alert_that_is_over_tells_its_peak() -> None:
    alerting = Alerting([rule(), rule(name="s", kind="surge", score=8.0)])
    heights = ((20, 30.0), (1_200, 9.0), (300, 99.0), (1_200, 8.0))
    ends = []
    for minute, (people, score) in enumerate(heights, 1):
        ends += alerting.take(at(minute, row("#a", authors=people, score=score)))
    ends += alerting.take(at(5))
    peaks = {one.rule: one.peak for one in ends if one.status == "resolved"}
    assert {name: peak and (peak.at // MINUTE, peak.people) for name, peak in peaks.items()} == {
        "r": (2, 1_200),
        "s": (3, 300),
    }


def test_rules_that_cannot_be_used_change_nothing() -> None:
    alerting = Alerting([rule()])
    with pytest.raises(KeyError):
        alerting.set_rules([rule(name="other", quiet="22:00-07:00", time_zone="No/Where")])
    assert told(alerting, at(1, row("#a"))) == [("firing", 1, "#a")]


def test_without_a_past_only_a_volume_fires() -> None:
    """A new installation on a quiet evening: thirty people speak of what nobody could have spoken of before."""
    rules = [rule(name=kind, kind=kind, **more) for kind, more in (
        ("trending", {"top": 5}), ("surge", {"score": 5.0}), ("new", {"top": 5}), ("volume", {"people": 20}),
    )]  # fmt: skip
    alerting = Alerting(rules)
    lists = [
        msgspec.structs.replace(at(minute, row("#a", score=30.0, state="new", authors=30)), flag="counting")
        for minute in (1, 2)
    ]
    assert [(one.rule, one.at // MINUTE) for each in lists for one in alerting.take(each)] == [("volume", 1)]
    after = at(3, row("#a", score=30.0, state="new", authors=30))
    assert sorted(one.rule for one in alerting.take(after)) == ["new", "surge", "trending"]


def test_what_could_still_be_organised_waits_a_while_for_more_people() -> None:
    unsure = Signs(people=8, sudden=1.0, newcomers=1.0, usual=0.2, again=0.0, suspect=False, undecided=True)
    clear = msgspec.structs.replace(unsure, undecided=False)
    for signs, minute in ((clear, 4), (None, 4), (unsure, 16)):
        lists = [at(step, row("#a", signs=unsure if step < 4 else signs)) for step in range(1, 30)]
        assert told(Alerting([rule()]), *lists) == [("firing", minute, "#a")]
    lists = [at(step, row("#a", signs=unsure)) for step in range(1, 12)]
    suspect = [at(step, row("#a", signs=clear, flags=["suspect"], trending=False)) for step in range(12, 30)]
    assert told(Alerting([rule()]), *lists, *suspect) == []
    assert told(Alerting([rule(flags="mark")]), *lists) == [("firing", 1, "#a")]
