"""The methods beside upswell, and what each lists, against loops that look at one minute at a time."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.lives import lives_above, lives_of_upswell, lowest_threshold
from pipeline.evaluation.methods import baselines, counted, mastodon, plain, poisson, poisson_width, z_score
from pipeline.evaluation.observing import Said, Span
from pipeline.trends.score import MINUTE_MS, ONE_HOUR, Life

BEGIN_MS = 1_700_000_040_000
SPAN = Span(BEGIN_MS, 90)
TEXTS = ("one", "two", "three", "four")

ENTRIES = st.lists(
    st.builds(
        Said,
        st.integers(0, 90 * MINUTE_MS - 1).map(lambda at: BEGIN_MS + at),
        st.sampled_from("abcdefghij"),
        st.sampled_from(TEXTS),
    ),
    max_size=40,
)


def slow_counts(entries: list[Said], window_min: int) -> tuple[list[int], list[int]]:
    people, capped = [], []
    for minute in range(SPAN.minutes):
        end = BEGIN_MS + (minute + 1) * MINUTE_MS
        window = [it for it in entries if end - window_min * MINUTE_MS <= it.time_ms < end]
        people.append(len({it.author for it in window}))
        holders = [{it.author for it in window if it.text == text} for text in TEXTS]
        capped.append(sum(min(len(authors), 2) for authors in holders))
    return people, capped


@given(ENTRIES, st.sampled_from([1, 15, 60]))
def test_people_and_capped_texts_are_those_of_the_window_at_every_minute(entries: list[Said], window_min: int) -> None:
    people, capped = counted({"#a": entries}, SPAN, window_min)
    slow_people, slow_capped = slow_counts(entries, window_min)
    if max(slow_people) < 5:
        assert not people
        assert not capped
    else:
        assert people["#a"].tolist() == slow_people
        assert capped["#a"].tolist() == slow_capped


@pytest.mark.parametrize("length", [1, 61, 200])
def test_formulas_compare_with_the_windows_up_to_an_hour_ago(length: int) -> None:
    n = np.random.default_rng(length).poisson(6, length).astype(float)
    for minute in range(length):
        before = n[: max(minute - 59, 0)].tolist() or [0.0]
        mean, deviation = statistics.fmean(before), statistics.pstdev(before)
        now = float(n[minute])
        e = max(mean, 1.0)
        assert mastodon(n)[minute] == pytest.approx((now - e) ** 2 / e if now >= 5 and now > e else 0.0)
        assert z_score(n)[minute] == pytest.approx((now - mean) / (deviation + 1) if now >= 5 else 0.0, abs=1e-6)
        assert plain(n)[minute] == (now if now >= 5 else 0.0)
        e = max(float(n[minute - 15]), 1.0) if minute >= 15 else 1.0
        low, high = (percentile(e, share) for share in (0.005, 0.995))
        assert poisson(n, 15)[minute] == pytest.approx((now - e) / (high - low) if now >= 5 and now > e else 0.0)


def percentile(mean: float, share: float) -> int:
    """The smallest number that Poisson's distribution does not exceed with that probability."""
    number, reached = 0, math.exp(-mean)
    while reached < share:
        number += 1
        reached += math.exp(number * math.log(mean) - mean - math.lgamma(number + 1))
    return number


@pytest.mark.parametrize(("mean", "width"), [(1.0, 4), (10.0, 16), (100.0, 52)])
def test_the_width_of_poissons_interval(mean: float, width: int) -> None:
    assert poisson_width(mean) == percentile(mean, 0.995) - percentile(mean, 0.005) == width


def test_a_huge_mean_has_a_width_too() -> None:
    assert poisson_width(1e6) == pytest.approx(2 * 2.5758 * 1_000, rel=0.001)  # as the normal distribution


def test_the_past_is_a_week_at_most() -> None:
    n = np.concatenate([np.full(100, 1_000.0), np.full(8 * 1_440, 10.0)])
    assert mastodon(n)[-1] == 0.0  # what was a week ago is forgotten: 10 is what it has always been
    assert mastodon(np.append(n, 20.0))[-1] == pytest.approx(10.0)


def test_all_methods_are_named_with_their_windows() -> None:
    entries = [Said(BEGIN_MS + n * 1_000, f"p{n}", "one") for n in range(6)]
    found = dict(baselines({"#a": entries}, SPAN))
    assert len(found) == 10
    assert found["plain counts, 15 min"]["#a"].max() == 6
    assert found["plain counts, text cap, 60 min"]["#a"].max() == 0  # six people with one text count 2


SCORES = st.lists(st.one_of(st.just(0.0), st.floats(0, 12)), min_size=1, max_size=60).map(
    lambda some: np.repeat(some, 6)[:200]
)


@given(SCORES, st.floats(0.5, 9))
def test_a_topic_is_listed_until_half_an_hour_below_the_threshold(scores: np.ndarray, on: float) -> None:
    """
    above  ..###......#..................................#...
    listed ..#######################################......####   until 30 minutes after the last minute above
    """
    listed, until = [], -1
    for minute, score in enumerate(scores.tolist()):
        if score >= on:
            until = minute + 30
        if minute < until or score >= on:
            listed.append(minute)
    got = [minute for start, end in lives_above({"#a": scores}, on).get("#a", []) for minute in range(start, end)]
    assert got == listed


@given(SCORES, st.floats(2.5, 9))
def test_lives_are_the_products_own_stepped_minute_by_minute(scores: np.ndarray, on: float) -> None:
    life, alive = Life(), []
    for minute, score in enumerate(scores.tolist()):
        life.step(ONE_HOUR, minute * MINUTE_MS, score, 0.0, on, sets_record=True)
        if life.since is not None:
            alive.append(minute)
    found = lives_of_upswell({"#a": scores}, on).get("#a", [])
    assert [minute for start, end in found for minute in range(start, end)] == alive


def test_the_lowest_threshold_is_the_one_that_costs_no_more_than_allowed() -> None:
    scores = {f"#{n}": np.full(10, float(n)) for n in range(1, 101)}

    def listed(lives: dict[str, list[tuple[int, int]]]) -> float:
        return float(len(lives))

    on = lowest_threshold(lambda on: lives_above(scores, on), listed, 20)
    assert 80 < on <= 81 * 1.02
    assert math.isfinite(lowest_threshold(lambda on: lives_above(scores, on), listed, 0))
