"""What was found of what was planted, how soon, and how much of the list was right."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from pipeline.evaluation.lives import Lives
from pipeline.evaluation.observing import Said, Span
from pipeline.trends.score import HOUR_MS, MINUTE_MS

AFTER_MIN = 30  # so long after its last post a burst may still be found, and be listed rightly
EVERY_MIN = 10  # how often a list is compared with itself
SHOULD_TREND = ("burst", "story", "event")
SHOULD_NOT = ("ring", "flood")
SIZES = ((1, 39), (40, 119), (120, None))  # people of a burst, from and up to


class Planted(msgspec.Struct, frozen=True):
    """A label: something that happened in the stream, on these topics, at [start, end) in ms. Bursts, stories and
    events should trend; rings and floods should not."""

    kind: str
    name: str
    topics: list[str]  # keys
    start: int
    end: int
    people: int

    @property
    def should_trend(self) -> bool:
        return self.kind in SHOULD_TREND


@dataclass(frozen=True)
class Found:
    """How a method did. Shares are of 1; those of nothing are NaN, as is the delay of nothing."""

    recall: float  # share of what should trend that began to
    recall_by_people: tuple[float, ...]  # the same by SIZES
    delay_min: float  # median, from the first post to the end of the first minute that shows it
    delay_p90_min: float  # the same of the tenth that waits longest: the lowest delay that 90 % do not exceed
    rings: float  # share that began to trend
    floods: float
    precision: float  # share of the listed topic-minutes that belong to something that should trend
    listed_hours_a_day: float
    false_alarms_a_day: float  # topics that begin to be listed, not so for 30 min, and nothing says they should trend
    churn: float  # share of the topics listed at either of two moments ten minutes apart that are listed at only one
    delays_min: dict[int, float] = field(default_factory=dict)  # of each label that was found, by its place


def verdict(labels: Sequence[Planted], lives: Lives, span: Span) -> Found:
    """Judges what a method listed.

    A label is found when one of its topics *begins* to trend between its start and 30 min after its end; a topic that
    is listed already cannot. Labels and minutes of the warm-up are left out.
    """
    judged = {place: label for place, label in enumerate(labels) if span.minute_of(label.start) >= span.warmup_min}
    delays: dict[int, float] = {}
    for place, label in judged.items():
        first, end = _minutes(label, span)
        starts = [start for topic in label.topics for start, _ in lives.get(topic, ()) if first <= start < end]
        if starts:
            delays[place] = (span.begin_ms + (min(starts) + 1) * MINUTE_MS - label.start) / MINUTE_MS

    def share(kinds: Sequence[str], low: int = 0, high: int | None = None) -> float:
        chosen = [
            place
            for place, label in judged.items()
            if label.kind in kinds and low <= label.people and (high is None or label.people <= high)
        ]
        return sum(place in delays for place in chosen) / len(chosen) if chosen else math.nan

    listed, rightly, false_starts = _listed(labels, lives, span)
    true_delays = [delay for place, delay in delays.items() if judged[place].should_trend]
    return Found(
        share(SHOULD_TREND),
        tuple(share(SHOULD_TREND, low, high) for low, high in SIZES),
        statistics.median(true_delays) if true_delays else math.nan,
        sorted(true_delays)[math.ceil(0.9 * len(true_delays)) - 1] if true_delays else math.nan,
        share(("ring",)),
        share(("flood",)),
        rightly / listed if listed else math.nan,
        listed_hours_a_day(lives, span),
        false_starts / span.days if span.days else 0.0,
        churn(lives, span),
        delays,
    )


def _minutes(label: Planted, span: Span) -> tuple[int, int]:
    return span.minute_of(label.start), span.minute_of(label.end - 1) + 1 + AFTER_MIN


def _listed(labels: Sequence[Planted], lives: Lives, span: Span) -> tuple[int, int, int]:
    """(listed topic-minutes, those that are right, topics that begin to be listed when that is not right)."""
    listed = rightly = false_starts = 0
    for topic, spans in lives.items():
        right = np.zeros(span.minutes, np.bool_)
        for label in labels:
            if label.should_trend and topic in label.topics:
                first, end = _minutes(label, span)
                right[max(first, 0) : max(end, 0)] = True
        ended = -math.inf
        for start, end in spans:
            begins = start - ended >= AFTER_MIN  # else it has not been gone: it wavers
            ended = end
            false_starts += begins and span.warmup_min <= start < span.minutes and not right[start]
            start = max(start, span.warmup_min)
            listed += max(end - start, 0)
            rightly += int(right[start:end].sum())
    return listed, rightly, false_starts


def churn(lives: Lives, span: Span) -> float:
    """How much of the list is another one ten minutes later (1: all of it; NaN: nothing is ever listed)."""
    at_all = at_one = 0
    before: set[str] | None = None
    for minute in range(span.warmup_min, span.minutes, EVERY_MIN):
        now = {topic for topic, spans in lives.items() if any(start <= minute < end for start, end in spans)}
        if before is not None:
            at_all += len(before | now)
            at_one += len(before ^ now)
        before = now
    return at_one / at_all if at_all else math.nan


def repeats(rows: Lives, said: Mapping[str, Sequence[Said]], span: Span) -> float:
    """The share of the rows, looked at every ten minutes, that share over half of their people of the last hour with
    a row that has more of them (NaN: there is never a row)."""
    many = again = 0
    entries = {topic: sorted(said.get(topic, ())) for topic in rows}
    times = {topic: [it.time_ms for it in each] for topic, each in entries.items()}
    for minute in range(span.warmup_min, span.minutes, EVERY_MIN):
        end = span.begin_ms + (minute + 1) * MINUTE_MS
        people = []
        for topic, spans in rows.items():
            if any(start <= minute < stop for start, stop in spans):
                first, last = (bisect_left(times[topic], at) for at in (end - HOUR_MS, end))
                people.append({it.author for it in entries[topic][first:last]})
        people.sort(key=len, reverse=True)
        many += len(people)
        again += sum(
            any(2 * len(some & others) > len(some) for others in people[:place]) for place, some in enumerate(people)
        )
    return again / many if many else math.nan


def beside_labels(labels: Sequence[Planted], lives: Lives) -> Lives:
    """What is listed of topics that no label names."""
    named = {topic for label in labels for topic in label.topics}
    return {topic: spans for topic, spans in lives.items() if topic not in named}


def listed_hours_a_day(lives: Lives, span: Span) -> float:
    """How many hours a day topics are listed after the warm-up, summed over topics."""
    minutes = sum(max(end - max(start, span.warmup_min), 0) for spans in lives.values() for start, end in spans)
    return minutes / 60 / span.days if span.days else 0.0
