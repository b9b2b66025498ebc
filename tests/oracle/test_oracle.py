"""The oracle says what docs/trending.md says: small examples, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from . import baseline, streams
from .baseline import Baseline
from .compare import differences
from .counting import HOUR_MS, Counted, count, counts
from .examples import NOON, crowd, mention, say
from .people import HASHES, mentions_of, sample_below
from .posts import Said
from .ranking import Life, Maker, Score, every_list, issued, lists, on
from .windows import DAY, FIVE, HOUR, MINUTE_MS, Mentions, in_scope, steps
from .withdrawing import in_hourly_records

TENTH = HASHES // 10
D = 0.5 ** (1 / 84)  # an hour of a half-life of 3.5 days


def hour_lists(posts: Iterable[Said]) -> dict[float, dict[str, Any]]:
    """Minutes after noon -> the `1h` list of that step."""
    every = every_list(HOUR, "all", count(posts, 1, 10_000, 5_000))
    return {(each["at"] - NOON) / MINUTE_MS: each for each in every}


# -- steps and windows -------------------------------------------------------------------------------------------------


def test_steps_begin_with_the_first_post_and_stop_a_day_after_the_last_until_the_next() -> None:
    #   12:00:30  12:01 ... next day 12:01 | nothing made | 18:00 of that day
    posts = [say("x", 0.5, "#a"), say("x", 30 * 60 + 0.5, "#a")]
    made = steps(HOUR, count(posts, 1, 10_000, 5_000))
    minutes = [(at - NOON) // MINUTE_MS for at in made]
    assert minutes == [*range(1, 24 * 60 + 2), *range(30 * 60 + 1, 31 * 60 + 1)]


def test_an_hourly_record_leaves_out_topics_of_one_person_whatever_the_cell() -> None:
    posts = [
        say("x", 0, "#alone", lang="fr"),
        say("x", 1, "#alone"),
        say("x", 2, "#pair", lang="fr"),
        say("y", 3, "#pair", lang="en"),
        say("x", 61, "#pair"),
    ]
    those = [mention for said in posts for mention in mentions_of(said)]
    assert {m.topic for m in in_hourly_records(those)} == {"#pair"}
    assert [m.time for m in in_scope(in_hourly_records(those), "lang:fr").all] == [NOON + 2 * MINUTE_MS]
    assert len(in_scope(those, "all").all) == 5


# -- baseline ----------------------------------------------------------------------------------------------------------

#   people on #a    6                                    20
#                   |-- 12h --|-- 13h --|-- 14h ---------|--|-- 15h --|-- 16h
#   flag             counting  counting  provisional ...  14:30
#   baseline                             12h               |  12h, 13h
PAST = [*crowd(6, 0.5, "#a"), *crowd(20, 2 * 60 + 30.5, "#a"), say("x", 4 * 60 + 59, "#end")]


def test_the_first_bucket_is_baseline_when_the_third_begins() -> None:
    found = hour_lists(PAST)
    flags = [found[minute]["flag"] for minute in (1, 60, 61, 120, 121, 300)]
    assert flags == ["counting"] * 4 + ["provisional"] * 2


def test_expectation_is_the_mean_over_the_steps_of_the_bucket() -> None:
    # n of 15 min is 6 at 15 of the 60 steps, n of 60 min at all of them: e = 1.5 and 6
    row = hour_lists(PAST)[151]["trends"][0]
    v = 1.5 * (1 + 0.25) + 0.55 * 1.5**2 + 1
    assert (row["topic"], row["support"], row["expected"], row["score_window_s"]) == ("#a", 20, 1.5, 900)
    assert row["spread"] == pytest.approx(math.sqrt(v))
    assert row["score"] == pytest.approx(18.5 / math.sqrt(v))
    assert row["weight"] == pytest.approx(18.5 * math.log(21 / 2.5))
    assert (row["state"], row["since"], row["spark"]) == ("new", NOON + 151 * MINUTE_MS, [0] * 19 + [20])
    assert row["usual"] == 1.5 / 15
    assert row["peak"] == {"score": row["score"], "at": row["since"]}


def test_a_bucket_observed_for_less_than_half_is_no_evidence() -> None:
    late_start = [*crowd(6, 31.5, "#a"), say("x", 4 * 60 - 1, "#end")]
    assert hour_lists(late_start)[121]["flag"] == "counting"
    half = [*crowd(6, 30, "#a"), say("x", 4 * 60 - 1, "#end")]
    assert hour_lists(half)[121]["flag"] == "provisional"


def test_before_a_topic_has_a_baseline_of_its_own_people_of_the_hour_stand_for_it() -> None:
    #   people on #a   3 (12h)   0 (13h)   0 (14h)   6 at 15:30, baseline then: 12h and 13h
    found = hour_lists([*crowd(3, 0.5, "#a"), *crowd(6, 210.5, "#a")])[211]["trends"][0]
    assert found["expected"] == pytest.approx(3 * 0.25 * D / (1 + D))
    alone = hour_lists([*crowd(1, 0.5, "#a"), *crowd(6, 210.5, "#a")])[211]["trends"][0]
    assert alone["expected"] == 0


def test_hourly_records_reach_back_44_hours() -> None:
    # six people in the 50th hour; three in the hour that began 44 or 45 h before it
    for back, expected in ((44, True), (45, False)):
        posts = [*crowd(3, (50 - back) * 60 + 0.5, "#a"), *crowd(6, 50 * 60 + 0.5, "#a")]
        posts += [say("x", hour * 60 + 1, "#b") for hour in range(51)]
        row = next(r for r in hour_lists(posts)[50 * 60 + 1]["trends"] if r["topic"] == "#a")
        assert (row["expected"] > 0) == expected


def test_what_strayed_in_the_past_widens_the_spread() -> None:
    # a list of one window and bucket of one minute; n = 4 where e = 1, without a flag: misfit (4 - 1)^2 - 1 = 8
    spec = HOUR._replace(windows=(MINUTE_MS, MINUTE_MS), bucket=MINUTE_MS, provisional=1, half_life=MINUTE_MS)
    said = [mention(TENTH * a, a, NOON + i * MINUTE_MS) for i, n in enumerate((1, 1, 4, 1)) for a in range(n)]
    past = Baseline(spec, 1, Mentions(said), Mentions([]))
    for minute in range(1, 6):
        past.begin(NOON + minute * MINUTE_MS, set())
        assert minute not in (3, 4) or past.expected("#a").e == (1.0, 1.0)
        past.expected("#a")
    # baseline: 1, 1, 4 with weights .25, .5, 1; B = 1.75
    e = 4.75 / 1.75
    assert past.compute("#a").e[0] == pytest.approx(e)
    v = e * (1 + 1 / 1.75) + (0.05 + 1 / 2.75) * e * e + 8 / 1.75 + 1
    assert past.compute("#a").v[0] == pytest.approx(v)


def test_beyond_1024_entries_a_bucket_is_measured_on_some_of_its_people(monkeypatch: pytest.MonkeyPatch) -> None:
    #  author hashes, in tenths: 1 2 | 6 7 8 9     6 entries, 3 allowed: those below 5/10, each for two
    monkeypatch.setattr(baseline, "ENTRIES", 3)
    those = [mention(TENTH * a, a) for a in (1, 2, 6, 7, 8, 9)]
    past = Baseline(HOUR, 5, Mentions(those), Mentions([]))
    past.begin(NOON + MINUTE_MS, set())
    assert past.mean("#a", NOON) == ((4.0, 4.0), (0.0, 0.0))
    assert sample_below(those, 5 * TENTH).support == pytest.approx(4)


def test_a_quiet_topic_is_forgotten_at_midnight_once_little_is_left_of_it() -> None:
    #   5 people at one minute of Monday noon; n of 5 min: 5 steps of 60, M = 25/60, below .1 after 2.06 half-lives
    posts = [*crowd(5, 0.5, "#a"), *(say("x", hour * 60 + 1, "#b") for hour in range(24 * 9))]
    maker = Maker(FIVE, "all", count(posts, 1, 10_000, 5_000))
    owned = {}
    for at in maker.steps:
        maker.step(at)
        owned[(at - NOON) // HOUR_MS] = "#a" in maker.baseline.own
    days = [hour for hour, own in owned.items() if own]
    assert (min(days), max(days)) == (1, 12 + 24 * 7 - 1)


# -- lives, order, rows ------------------------------------------------------------------------------------------------


def test_a_life_lasts_until_the_score_was_low_for_half_an_hour_and_shows_no_row_without_people() -> None:
    #   14:31 S = 9.1  14:46 low (2.44)  15:01 the quiet 13h halves what is expected: 5.7 again  15:31 low  16:01 over
    #   the window holds people until 15:30
    maker = Maker(HOUR, "all", count(PAST, 1, 10_000, 5_000))
    trending, living = [], []
    for at in maker.steps:
        rows = [row["topic"] for row in maker.step(at)["trends"] if row["trending"] and maker.baseline.flag()]
        trending += [(at - NOON) // MINUTE_MS] * (maker.baseline.flag() != "counting" and "#a" in rows)
        living += [(at - NOON) // MINUTE_MS] * ("#a" in maker.lives)
    assert (living[0], living[-1], len(living)) == (151, 240, 90)
    assert (trending[0], trending[-1], len(trending)) == (151, 210, 60)


def test_a_weight_that_is_held_is_never_more_than_the_people_in_the_window_can_weigh() -> None:
    maker = Maker(HOUR, "all", Counted([], 0, {}, 0))
    maker.shown = {"#two": (5_000.0, 0), "#forty": (148.0, 0)}
    two, forty = (Score(topic, 0.0, 0.0, 1, (n, n), 0.0, 1.0) for topic, n in (("#two", 2.0), ("#forty", 40.0)))
    assert maker.weight(two) == pytest.approx(2 * math.log(3))
    assert maker.weight(forty) == 148.0


def test_a_life_begins_only_above_the_topics_own_fading_record() -> None:
    maker = Maker(HOUR, "all", Counted([], 0, {}, 0))
    hour = HOUR_MS
    history = [
        (0, 8.0, "provisional", True),  # no record is set
        (2 * hour, 0.0, "", True),
        (3 * hour, 0.0, "", False),  # over
        (4 * hour, 10.0, "", True),
        (5 * hour, 0.0, "", True),
        (6 * hour, 0.0, "", False),
        (16 * hour, 7.0, "", False),  # the record is 7.07 by now
        (28 * hour, 5.1, "", True),  # and 5.0
    ]
    for at, score, flag, lives in history:
        maker.at = at
        maker.live_on(Score("#a", score, 0.0, 1, (score, score), 0.0, 1.0), flag, 5.0)
        assert ("#a" in maker.lives) == lives, at


def test_shown_weight_halves_in_twenty_minutes() -> None:
    maker = Maker(HOUR, "all", Counted([], 0, {}, 0))
    for at, weight, shown in ((0, 80.0, 80.0), (20 * MINUTE_MS, 10.0, 40.0), (30 * MINUTE_MS, 30.0, 30.0)):
        maker.at = at
        maker.live_on(Score("#a", 5.0, weight, 1, (5.0, 5.0), 0.0, 1.0), "", 5.0)
        assert maker.shown["#a"][0] == pytest.approx(shown)


def test_on_grows_with_the_number_of_topics_and_is_lower_for_an_event() -> None:
    assert [on("all", n) for n in (0, 3_000)] == [5.0, 5.0]
    assert on("all", 60_000) == pytest.approx(6)
    assert on("event:fair", 3_000) == 3


def test_topics_of_the_same_people_that_began_together_are_one_row() -> None:
    posts = [*crowd(1, 0.5, "#x"), *crowd(8, 150.5, "#b", "#a"), *crowd(5, 150.5, "#c")]
    rows = hour_lists(posts)[151]["trends"]
    assert [(r["topic"], r["joined"], r["flags"]) for r in rows] == [("#a", ["#b"], ["same_people"]), ("#c", [], [])]


def test_counting_lists_rank_by_people_and_fill_up_without_ever_trending() -> None:
    posts = [*crowd(6, 0.5, "#a"), *crowd(4, 0.5, "#b"), *crowd(9, 0.5, "#c", text="one text")]
    assert [(r["topic"], r["trending"], r["score"]) for r in hour_lists(posts)[1]["trends"]] == [("#a", True, 0)]
    few = [*crowd(4, 0.5, "#b"), *crowd(1, 0.5, "#alone"), *crowd(9, 0.5, "#c", text="one text")]
    rows = hour_lists(few)[1]["trends"]
    assert [(r["topic"], r["trending"], r["flags"]) for r in rows] == [("#b", False, []), ("#c", False, ["one_post"])]


def test_a_row_is_shown_by_its_most_used_spelling_and_flagged_by_its_busiest_person() -> None:
    def spelled(said: Said, written: str) -> Said:
        return said._replace(spellings=((written, "#a"), ("#A", "#a")))

    ways = ["#É", "#É", "#b", "#a", "#a", "#Z"]
    posts = [spelled(said, way) for said, way in zip(crowd(6, 0.5), ways, strict=True)]
    posts += [spelled(say("person a", 1 + i, text=f"again {'x' * i}"), "#Z") for i in range(6)]
    row = hour_lists(posts)[10]["trends"][0]
    assert (row["display"], row["variants"]) == ("#Z", ["#a", "#É", "#b"])
    assert (row["posts"], row["authors"], row["flags"]) == (12, 6, ["one_author"])


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [(8, 10, "rising"), (8, 9, "steady"), (4, 5, "steady"), (10, 8, "fading"), (11, 9, "steady"), (0, 2, "rising")],
)
def test_a_state_compares_with_a_quarter_of_an_hour_ago(before: int, now: int, state: str) -> None:
    maker = Maker(HOUR, "all", Counted([], 0, {}, 0))
    maker.at = NOON
    maker.supports = {(1, NOON - 15 * MINUTE_MS): {"#a": before}}
    score = Score("#a", 5.0, 0.0, 1, (now, now), 0.0, 1.0)
    assert maker.state(score, None) == state
    assert maker.state(score, Life(NOON - 30 * MINUTE_MS, None, (5.0, NOON))) == state
    assert maker.state(score, Life(NOON - 29 * MINUTE_MS, None, (5.0, NOON))) == "new"


def test_the_day_list_is_made_every_hour_of_hourly_records() -> None:
    posts = [*crowd(6, 0.5, "#a"), say("x", 100, "#alone")]
    found = every_list(DAY, "all", count(posts, 1, 10_000, 5_000))
    assert [each["at"] for each in found] == [NOON + HOUR_MS, NOON + 2 * HOUR_MS]
    assert [row["topic"] for row in found[1]["trends"]] == ["#a"]
    assert found[1]["active"] == 2


# -- which lists are issued --------------------------------------------------------------------------------------------


def test_a_list_is_issued_when_it_says_something_new_and_an_empty_one_once() -> None:
    def one(at: int, flag: str = "", **fields: Any) -> dict[str, Any]:
        row = {"topic": "#a", "trending": True, "posts": 1, "authors": 1, "flags": [], "score": at} | fields
        return {"at": at, "flag": flag, "trends": [row], "posts": 0, "authors": 0}

    def empty(at: int, flag: str = "", posts: int = 0) -> dict[str, Any]:
        return {"at": at, "flag": flag, "trends": [], "posts": posts, "authors": posts}

    series = [
        empty(0),
        one(1),
        one(2),
        one(3, posts=2),
        one(4, posts=2, flags=["one_post"]),
        one(5, "provisional", posts=2, flags=["one_post"]),
        empty(6),
        empty(7, "provisional"),
        one(8),
        empty(9, posts=2),
        empty(10, posts=2),
        empty(11),
    ]
    assert [each["at"] for each in issued(series)] == [1, 3, 4, 5, 6, 8, 9, 11]


def test_the_comparison_of_two_series_names_each_difference() -> None:
    ours = lists(
        streams.seeded(2, posts=300), 1, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS, ("1h",), ("all", "lang:fr")
    )
    assert differences(ours, ours[::-1][::-1]) == []
    assert len(differences(ours, ours[1:])) == 1
    wrong = {"score": 99.0, "posts": 99, "spark": [], "topic": "#?", "peak": {"score": 1, "at": 2}}
    for field, value in wrong.items():
        row = ours[5]["trends"][0] | {field: value}
        changed = ours[5] | {"trends": [row, *ours[5]["trends"][1:]]}
        assert len(differences(ours, [*ours[:5], changed, *ours[6:]])) == 1, field


# -- streams -----------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(streams.small(late=False))
def test_without_late_posts_the_number_of_partitions_and_the_order_do_not_matter(posts: list[Said]) -> None:
    whole = counts(posts, 1, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)
    assert whole[1] == 0
    in_time = sorted(posts, key=lambda said: said.time)
    for partitions in (1, 3, 12):
        assert counts(posts, partitions, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS) == whole
        assert counts(in_time, partitions, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)[0] == whole[0]
    args = streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS, ("5m",), ("all",)
    assert lists(posts, 1, *args) == lists(in_time, 3, *args)


def test_seeded_streams_hold_every_kind_of_trouble() -> None:
    clean = count(streams.seeded(1), 3, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)
    assert not clean.late_by_source
    assert clean.duplicates > 10
    log = streams.seeded(1, late=0.05)
    assert sum(count(log, 3, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS).late_by_source.values()) > 50
    assert any(a.time > b.time for a, b in pairwise(log))
