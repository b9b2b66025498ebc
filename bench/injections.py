"""How well bursts are found that were put into real posts, and what else is listed: upswell beside simpler methods.

    python bench/injections.py ARCHIVE... [--seeds 5] [--giants]

The archives (microblog posts with tags) are stacked to 28 days by whole weeks; 7 days are warm-up, then 150 events come
per seed: bursts of 10 to 320 people, floods by two authors, rings of 200 accounts with one text. The threshold of every
method is the lowest at which it gives 2 alarms a day, or 3 listed topic-hours a day, on the stream without events.
`--giants` adds three topics of 100 people an hour that follow the hours of the day.
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from unittest import mock

import numpy as np
import numpy.typing as npt
from injected_posts import (
    AFTER_MIN,
    BEGIN_MS,
    DAY_MIN,
    DAYS,
    MINUTES,
    WARMUP_DAYS,
    Event,
    draw_events,
    giants,
    keys_of,
    posts_of,
    stacked,
)

import pipeline.trends.board as board
from pipeline.local import Local
from pipeline.text import text_key
from pipeline.trends.score import MINUTE_MS, OFF, ONE_HOUR, Life
from schemas import Post, TrendList

Floats = npt.NDArray[np.float64]

ALARMS_A_DAY, LISTED_HOURS_A_DAY = 2.0, 3.0

Series = dict[str, Floats]  # topic -> its score at the end of every minute
Lives = dict[str, list[tuple[int, int]]]  # topic -> minutes [from, to) in which it is listed


# --- scores of every topic at every minute -------------------------------------------------------------------------


def scores_of_upswell(posts: Sequence[Post]) -> Series:
    """S of all rows of the hour's list, from the product as it is: of topics below its ON, those that fill the list."""
    scores = defaultdict[str, list[tuple[int, float]]](list)
    listed: set[str] = set()

    def take(trends: TrendList) -> None:
        nonlocal listed
        if (trends.scope, trends.window) != ("all", "1h"):
            return
        minute = (trends.at - BEGIN_MS) // MINUTE_MS - 1
        rows = {} if trends.flag == "counting" else {row.topic: row.score for row in trends.trends}
        # a topic that is shown as one with another is on the screen too, by the other's score
        rows |= {joined: row.score for row in trends.trends for joined in row.joined}
        for topic in listed - rows.keys():
            scores[topic].append((minute, 0.0))
        for topic, score in rows.items():
            scores[topic].append((minute, score))
        listed = set(rows)

    with mock.patch.multiple(board, SPECS=(ONE_HOUR,), scopes_of=lambda _cell: ["all"]):  # others would only take time
        local = Local(on_list=take)
        for start in range(0, len(posts), 4_096):
            local.feed(posts[start : start + 4_096])
        local.finish()
    return {topic: _held(points) for topic, points in scores.items() if max(score for _, score in points) >= OFF}


def _held(points: Sequence[tuple[int, float]]) -> Floats:
    """A list stands until the next one is issued."""
    values = np.zeros(MINUTES)
    for (minute, score), (until, _) in zip(points, [*points[1:], (MINUTES, 0.0)], strict=True):
        values[max(minute, 0) : until] = score
    return values


def counted(posts: Sequence[Post], window_min: int) -> tuple[Series, Series]:
    """(people, support with the text cap) of every topic at every minute; topics that never hold 5 are left out."""
    said: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for post in posts:
        assert isinstance(post.time, int)
        for topic in keys_of(post):
            text = f"repost:{post.repost_of}" if post.repost_of else text_key(post.text)
            said[topic].append(((post.time - BEGIN_MS) // MINUTE_MS, post.author, text))
    people, capped = {}, {}
    for topic, entries in said.items():
        if len(entries) >= 5:
            many, few = _sliding(sorted(entries), window_min)
            if many.max() >= 5:
                people[topic], capped[topic] = many, few
    return people, capped


def _sliding(entries: Sequence[tuple[int, str, str]], window_min: int) -> tuple[Floats, Floats]:
    authors: Counter[str] = Counter()
    holders: dict[str, Counter[str]] = defaultdict(Counter)  # text -> authors
    capped, changes = 0, defaultdict[int, list[tuple[int, str, str]]](list)
    for minute, author, text in entries:
        changes[minute].append((1, author, text))
        changes[minute + window_min].append((-1, author, text))
    people_at, capped_at = np.zeros(MINUTES), np.zeros(MINUTES)
    order = deque(sorted(changes))
    while order:
        minute = order.popleft()
        for sign, author, text in changes[minute]:
            holder = holders[text]
            before = min(len(holder), 2)
            for counter, key in ((authors, author), (holder, author)):
                counter[key] += sign
                if not counter[key]:
                    del counter[key]
            capped += min(len(holder), 2) - before
        until = order[0] if order else MINUTES
        people_at[minute:until], capped_at[minute:until] = len(authors), capped
    return people_at, capped_at


def _past(n: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of the windows of the last 7 days up to an hour ago."""
    week, hour = 7 * DAY_MIN, 60
    total, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (n, n * n))
    last = np.maximum(np.arange(MINUTES) - hour + 1, 0)
    first = np.maximum(last - week, 0)
    many = np.maximum(last - first, 1)
    mean = (total[last] - total[first]) / many
    return mean, np.sqrt(np.maximum((squares[last] - squares[first]) / many - mean**2, 0.0))


def mastodon(n: Floats) -> Floats:
    """(n - e)^2 / e where n is at least 5 and above e; e at least 1 (Mastodon's tags.rb)."""
    e = np.maximum(_past(n)[0], 1.0)
    return np.where((n >= 5) & (n > e), (n - e) ** 2 / e, 0.0)


def z_score(n: Floats) -> Floats:
    mean, deviation = _past(n)
    return np.where(n >= 5, (n - mean) / (deviation + 1.0), 0.0)


def plain(n: Floats) -> Floats:
    return np.where(n >= 5, n, 0.0)


# --- from scores to what is listed ---------------------------------------------------------------------------------


def lives_of_upswell(scores: Series, on: float) -> Lives:
    """Lives as the product has them (a record to beat, 30 min below OFF to end), for any ON."""
    found: Lives = {}
    for topic, values in scores.items():
        if values[WARMUP_DAYS * DAY_MIN :].max() < on:
            continue
        life, began = Life(), None
        for minute in np.flatnonzero(values > 0).tolist():
            began = _step(life, minute, float(values[minute]), on, began, found, topic)
            if minute + 1 < MINUTES and values[minute + 1] == 0:
                for quiet in (minute + 1, minute + 31):
                    began = _step(life, quiet, 0.0, on, began, found, topic)
        if began is not None:
            found.setdefault(topic, []).append((began, MINUTES))
    return found


def _step(life: Life, minute: int, score: float, on: float, began: int | None, found: Lives, topic: str) -> int | None:
    now = minute * MINUTE_MS
    if now < life.at:
        return began  # the end that was looked ahead to lies behind a new beginning
    life.step(ONE_HOUR, now, score, 0.0, on, sets_record=True)
    if began is None and life.since is not None:
        return minute
    if began is not None and life.since is None:
        found.setdefault(topic, []).append((began, minute))
        return None
    return began


def lives_above(scores: Series, on: float) -> Lives:
    """Listed from the threshold on until 30 min below it."""
    found: Lives = {}
    for topic, values in scores.items():
        above = np.flatnonzero(values >= on)
        if len(above):
            breaks = np.flatnonzero(np.diff(above) > 30)
            firsts, lasts = np.append(above[0], above[breaks + 1]), np.append(above[breaks], above[-1])
            found[topic] = [(int(a), min(int(b) + 30, MINUTES)) for a, b in zip(firsts, lasts, strict=True)]
    return found


def alarms_a_day(lives: Lives) -> float:
    begin = WARMUP_DAYS * DAY_MIN
    return sum(start >= begin for spans in lives.values() for start, _ in spans) / (DAYS - WARMUP_DAYS)


def listed_hours_a_day(lives: Lives) -> float:
    begin = WARMUP_DAYS * DAY_MIN
    minutes = sum(max(end - max(start, begin), 0) for spans in lives.values() for start, end in spans)
    return minutes / 60 / (DAYS - WARMUP_DAYS)


def lowest_threshold(lives_at: Callable[[float], Lives], cost: Callable[[Lives], float], allowed: float) -> float:
    """The lowest threshold (to 2 %) at which the cost is allowed."""
    low, high = 1.0, 1e7
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if cost(lives_at(middle)) <= allowed else (middle, high)
    return high


@dataclass(frozen=True)
class Found:
    recall: float
    recall_by_people: tuple[float, ...]  # 10-39, 40-119, 120-320
    delay_min: float
    rings: float
    floods: float
    precision: float


def judge(events: Sequence[Event], lives: Lives) -> Found:
    delays: dict[Event, int] = {}
    for event in events:
        starts = [start for start, _ in lives.get(event.topic, []) if event.start_min <= start < event.end_min]
        if starts:
            delays[event] = min(starts) - event.start_min
    listed = rightly = 0
    for topic, spans in lives.items():
        right = np.zeros(MINUTES, np.bool_)
        for event in events:
            if event.topic == topic and event.kind == "burst":
                right[event.start_min : event.end_min + AFTER_MIN] = True
        right_after_warmup = right[WARMUP_DAYS * DAY_MIN :]
        for span in spans:
            start, end = (max(minute - WARMUP_DAYS * DAY_MIN, 0) for minute in span)
            listed += end - start
            rightly += int(right_after_warmup[start:end].sum())

    def share(chosen: Sequence[Event]) -> float:
        return sum(event in delays for event in chosen) / len(chosen) if chosen else math.nan

    bursts = [event for event in events if event.kind == "burst"]
    sizes = ((0, 40), (40, 120), (120, 1_000))
    return Found(
        share(bursts),
        tuple(share([event for event in bursts if low <= event.people < high]) for low, high in sizes),
        statistics.median([delays[event] for event in bursts if event in delays] or [math.nan]),
        share([event for event in events if event.kind == "ring"]),
        share([event for event in events if event.kind == "flood"]),
        rightly / listed if listed else math.nan,
    )


def methods_on(posts: Sequence[Post]) -> dict[str, tuple[Series, Callable[[Series, float], Lives]]]:
    found: dict[str, tuple[Series, Callable[[Series, float], Lives]]] = {
        "upswell": (scores_of_upswell(posts), lives_of_upswell)
    }
    for window_min in (15, 60):
        people, capped = counted(posts, window_min)
        for name, score, support in (
            ("Mastodon's formula", mastodon, people),
            ("z-score", z_score, people),
            ("plain counts", plain, people),
            ("plain counts, text cap", plain, capped),
        ):
            found[f"{name}, {window_min} min"] = {topic: score(n) for topic, n in support.items()}, lives_above
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--giants", action="store_true")
    told = parser.parse_args()
    ground = stacked(told.archives)
    known = Counter(topic for post in ground for topic in keys_of(post))
    if told.giants:
        ground += giants(np.random.default_rng(0))
    ground.sort(key=_place)
    thresholds: dict[tuple[str, str], float] = {}
    costs = {"alarms": (alarms_a_day, ALARMS_A_DAY), "hours": (listed_hours_a_day, LISTED_HOURS_A_DAY)}
    for name, (scores, live) in methods_on(copy.deepcopy(ground)).items():
        for rule, (cost, allowed) in costs.items():
            thresholds[name, rule] = lowest_threshold(partial(live, scores), cost, allowed)
    results: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for seed in range(told.seeds):
        rng = np.random.default_rng(1_000 + seed)
        events = draw_events(rng, known)
        posts = ground + [post for number, event in enumerate(events) for post in posts_of(event, number, rng)]
        for name, (scores, live) in methods_on(sorted(copy.deepcopy(posts), key=_place)).items():
            for rule in costs:
                results[rule, name].append(judge(events, live(scores, thresholds[name, rule])))
    for rule, (_, allowed) in costs.items():
        what = "alarms" if rule == "alarms" else "listed topic-hours"
        print(f"\nthresholds at {allowed:g} {what} a day without events")
        print(HEADER)
        for (of_rule, name), found in results.items():
            if of_rule == rule:
                print(_line(name, thresholds[name, rule], found))


HEADER = (
    f"{'method':32} {'ON':>8} {'recall':>7} {'10-39':>6} {'40-':>5} {'120-':>5} {'delay':>6} {'rings':>6} "
    f"{'floods':>6} {'precision':>9}"
)


def _place(post: Post) -> tuple[int | str, str]:
    return post.time, post.id


def _line(name: str, on: float, found: Sequence[Found]) -> str:
    def mean(values: Sequence[float]) -> float:
        return statistics.fmean(values)

    small, middle, large = (mean([each.recall_by_people[i] for each in found]) for i in range(3))
    return (
        f"{name:32} {on:8.1f} {mean([each.recall for each in found]):7.2f} {small:6.2f} {middle:5.2f} {large:5.2f} "
        f"{mean([each.delay_min for each in found]):6.1f} {mean([each.rings for each in found]):6.2f} "
        f"{mean([each.floods for each in found]):6.2f} {mean([each.precision for each in found]):9.2f}"
    )


if __name__ == "__main__":
    main()
