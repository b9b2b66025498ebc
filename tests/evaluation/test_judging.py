"""The verdict on a method, against sets of minutes; and what upswell listed, against its own lists."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.injections import starts_a_day
from pipeline.evaluation.judging import (
    Planted,
    beside_labels,
    churn,
    listed_hours_a_day,
    repeats,
    verdict,
)
from pipeline.evaluation.lives import Lives
from pipeline.evaluation.methods import baselines
from pipeline.evaluation.observing import Observation, Said, Span
from pipeline.local import Local
from pipeline.trends.score import MINUTE_MS
from schemas import Post, TrendList

BEGIN_MS = 1_700_000_040_000
SPAN = Span(BEGIN_MS, 300, warmup_min=60)
TOPICS = ("#a", "#b", "#c")


def label(kind: str, start_min: float, end_min: float, *topics: str, people: int = 50) -> Planted:
    start, end = (BEGIN_MS + round(minute * MINUTE_MS) for minute in (start_min, end_min))
    return Planted(kind, "n", list(topics or ("#a",)), start, end, people)


LABELS = st.lists(
    st.builds(
        lambda kind, start, length, topics, people: label(kind, start, start + length, *topics, people=people),
        st.sampled_from(["burst", "story", "event", "ring", "flood"]),
        st.integers(0, 250).map(lambda minute: minute + 0.5),
        st.integers(1, 90),
        st.lists(st.sampled_from(TOPICS), min_size=1, max_size=2, unique=True),
        st.sampled_from([5, 39, 40, 119, 120, 500]),
    ),
    max_size=6,
)
LIVES = st.dictionaries(
    st.sampled_from(TOPICS),
    st.lists(st.integers(0, 300), max_size=6, unique=True)
    .map(sorted)
    .map(lambda ends: list(zip(ends[::2], ends[1::2], strict=False))),
)


@given(LABELS, LIVES)
def test_the_verdict_is_what_looking_at_every_minute_says(labels: list[Planted], lives: Lives) -> None:
    def covers(it: Planted, minute: int) -> bool:
        """Whether the topic may rightly be listed in that minute: from the first post to 30 min after the last."""
        begin, end = BEGIN_MS + minute * MINUTE_MS, BEGIN_MS + (minute + 1) * MINUTE_MS
        last = math.ceil((it.end - BEGIN_MS) / MINUTE_MS) * MINUTE_MS + BEGIN_MS
        return end > it.start and begin < last + 30 * MINUTE_MS

    judged = [it for it in labels if it.start >= BEGIN_MS + 60 * MINUTE_MS]
    delays: dict[int, float] = {}
    for place, it in enumerate(judged):
        starts = [start for topic in it.topics for start, _ in lives.get(topic, []) if covers(it, start)]
        if starts:
            delays[place] = (BEGIN_MS + (min(starts) + 1) * MINUTE_MS - it.start) / 60_000
    true = [place for place, it in enumerate(judged) if it.kind in ("burst", "story", "event")]
    spans = [(topic, start, end) for topic, its in lives.items() for start, end in its]
    listed = [(topic, minute) for topic, start, end in spans for minute in range(max(start, 60), end)]
    right = [
        (topic, minute)
        for topic, minute in listed
        if any(topic in it.topics and it.should_trend and covers(it, minute) for it in labels)
    ]
    right_starts = {
        (topic, start)
        for topic, start, _ in spans
        if any(topic in it.topics and it.should_trend and covers(it, start) for it in labels)
    }
    found = verdict(labels, lives, SPAN)

    def same(value: float, part: int, whole: int) -> bool:
        return math.isnan(value) if whole == 0 else value == pytest.approx(part / whole)

    assert same(found.recall, len([place for place in true if place in delays]), len(true))
    for value, (low, high) in zip(found.recall_by_people, [(1, 39), (40, 119), (120, 10**9)], strict=True):
        chosen = [place for place in true if low <= judged[place].people <= high]
        assert same(value, len([place for place in chosen if place in delays]), len(chosen))
    rings = [place for place, it in enumerate(judged) if it.kind == "ring"]
    assert same(found.rings, len([place for place in rings if place in delays]), len(rings))
    assert same(found.precision, len(right), len(listed))
    assert found.listed_hours_a_day == pytest.approx(len(listed) / 60 / (240 / 1_440))
    known = [delays[place] for place in true if place in delays]
    assert found.delay_min == pytest.approx(statistics.median(known)) if known else math.isnan(found.delay_min)
    enough = [delay for delay in known if sum(other <= delay for other in known) >= 0.9 * len(known)]
    assert found.delay_p90_min == pytest.approx(min(enough)) if known else math.isnan(found.delay_p90_min)
    wrong = [
        (topic, start)
        for topic, start, _ in spans
        if 60 <= start < 300
        and (topic, start) not in right_starts
        and not any(of == topic and end <= start < end + 30 for of, _, end in spans)
    ]
    assert found.false_alarms_a_day == pytest.approx(len(wrong) / (240 / 1_440))


@given(LIVES)
def test_churn_compares_the_list_with_that_of_ten_minutes_later(lives: Lives) -> None:
    moments = [
        {topic for topic, its in lives.items() for start, end in its if minute in range(start, end)}
        for minute in range(60, 300, 10)
    ]
    all_, one = 0, 0
    for before, after in pairwise(moments):
        for topic in TOPICS:
            all_ += topic in before or topic in after
            one += (topic in before) != (topic in after)
    assert math.isnan(churn(lives, SPAN)) if all_ == 0 else churn(lives, SPAN) == pytest.approx(one / all_)


def test_a_row_repeats_a_larger_one_that_has_over_half_of_its_people() -> None:
    """
    people of the hour   #a: 0 1 2 3 4 5      #b: 0 1 (half: no)   #c: 4 5 (in #a)   #d: somebody else
    """
    at = BEGIN_MS + 60 * MINUTE_MS
    said = {
        "#a": [Said(at, f"p{n}", "x") for n in range(6)],
        "#b": [Said(at, name, "x") for name in ("p0", "p1", "q0", "q1")],
        "#c": [Said(at, name, "x") for name in ("p4", "p5", "p5")],
        "#d": [Said(at, "s", "x")],
    }
    one_moment = Span(BEGIN_MS, 61, warmup_min=60)
    listed = {topic: [(60, 61)] for topic in said}
    assert repeats(listed, said, one_moment) == pytest.approx(1 / 4)
    an_hour_later = Span(BEGIN_MS, 121, warmup_min=120)
    assert repeats({topic: [(60, 121)] for topic in said}, said, an_hour_later) == 0  # nobody is left to share
    assert math.isnan(repeats({}, said, one_moment))


def test_a_topic_that_is_listed_already_does_not_find_a_burst() -> None:
    """
    minute  60        100        150
    burst              ##########
    #a           ##################      began before: not found
    #b                   ########        found after 5 minutes and the rest of the minute
    """
    lives: Lives = {"#a": [(90, 160)], "#b": [(105, 150)]}
    assert verdict([label("burst", 100, 150, "#a")], lives, SPAN).recall == 0
    found = verdict([label("burst", 100, 150, "#b")], lives, SPAN)
    assert (found.recall, found.delay_min) == (1, 6)
    assert found.precision == 45 / (70 + 45)


def test_costs_look_at_topics_without_a_label_and_at_what_follows_the_warm_up() -> None:
    lives: Lives = {"#a": [(0, 300)], "#b": [(30, 120), (200, 260)]}
    assert beside_labels([label("ring", 0, 1, "#a")], lives) == {"#b": lives["#b"]}
    assert listed_hours_a_day({"#b": lives["#b"]}, SPAN) == pytest.approx((60 + 60) / 60 * 6)
    assert starts_a_day({"#b": lives["#b"]}, SPAN) == pytest.approx(6)  # the first began in the warm-up


def two_hours_and_a_half() -> list[Post]:
    """Quiet talk, a burst of 20 people in the third hour, and at its end a ring that shares no people with it."""
    said = [(n * 40_000, f"p{n % 30}", f"{'abcdefghij'[n % 10] * 3} thought #quiet{n % 3}") for n in range(225)]
    said += [(110 * MINUTE_MS + n * 20_000, f"b{n}", f"{'abcdefghijklmnopqrst'[n] * 3} words #Boom") for n in range(20)]
    said += [(120 * MINUTE_MS + n * 5_000, f"r{n}", "buy now #ring") for n in range(20)]
    return [Post(f"{n}", author, text, BEGIN_MS + at) for n, (at, author, text) in enumerate(sorted(said))]


def test_an_observation_tells_what_every_list_showed_until_the_next_one() -> None:
    posts = two_hours_and_a_half()
    lists: list[TrendList] = []
    local = Local(on_list=lists.append, keeps=lambda scope, window: (scope, window) == ("all", "1h"))
    local.feed(posts)
    local.finish()
    observed = Observation()
    for start in range(0, len(posts), 500):
        observed.feed(posts[start : start + 500])
    observed.finish()
    span = observed.span(3_600_000)
    assert span.begin_ms == lists[0].at - MINUTE_MS
    assert (span.warmup_min, span.minutes) == (60, (int(posts[-1].time) - span.begin_ms) // MINUTE_MS + 1)
    trending: set[tuple[str, int]] = set()
    for minute in range(span.minutes):
        at = span.begin_ms + (minute + 1) * MINUTE_MS
        current = max((it for it in lists if it.at <= at), key=lambda it: it.at, default=None)
        for row in current.trends if current else []:
            if row.trending:
                trending |= {(topic, minute) for topic in [row.topic, *row.joined]}
    told = observed.trending(span)
    assert {(topic, m) for topic, spans in told.items() for start, end in spans for m in range(start, end)} == trending
    assert {topic for topic, _ in trending} >= {"#boom"}
    scores = observed.scores(span)
    last = max((it for it in lists if it.at <= span.begin_ms + span.minutes * MINUTE_MS), key=lambda it: it.at)
    assert last.flag == "provisional"
    for row in last.trends:
        if row.topic in scores:
            assert scores[row.topic][-1] == row.score
    assert any(row.topic in scores for row in last.trends)


def test_what_a_day_of_silence_parts_from_the_labels_is_not_judged() -> None:
    day, posts = 86_400_000, two_hours_and_a_half()
    strays = [Post("early", "a", "#x", BEGIN_MS - 3 * day), Post("late", "a", "#x", BEGIN_MS + 40 * day)]
    observed = Observation()
    observed.feed([strays[0], *posts, strays[1]])
    observed.finish()
    alone = Observation()
    alone.feed(posts)
    alone.finish()
    span = observed.span(0, BEGIN_MS + 110 * MINUTE_MS)
    assert span == alone.span()
    assert observed.span(0, BEGIN_MS + 40 * day).minutes == 1
    assert dict(baselines(observed.said, span)).keys() == dict(baselines(alone.said, span)).keys()
    for (_, theirs), (_, ours) in zip(baselines(observed.said, span), baselines(alone.said, span), strict=True):
        assert {topic: each.tolist() for topic, each in theirs.items()} == {t: e.tolist() for t, e in ours.items()}


def test_a_stream_without_posts_has_no_span() -> None:
    with pytest.raises(ValueError, match="no post"):
        Observation().span()
