"""What was found of what was planted, how soon, and how much of the list was right."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from pipeline.evaluation.lives import Lives
from pipeline.evaluation.observing import Span
from pipeline.trends.score import MINUTE_MS

AFTER_MIN = 30  # so long after its last post a burst may still be found, and be listed rightly
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
    rings: float  # share that began to trend
    floods: float
    precision: float  # share of the listed topic-minutes that belong to something that should trend
    listed_hours_a_day: float
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

    listed, rightly = _listed_min(labels, lives, span)
    true_delays = [delay for place, delay in delays.items() if judged[place].should_trend]
    return Found(
        share(SHOULD_TREND),
        tuple(share(SHOULD_TREND, low, high) for low, high in SIZES),
        statistics.median(true_delays) if true_delays else math.nan,
        share(("ring",)),
        share(("flood",)),
        rightly / listed if listed else math.nan,
        listed_hours_a_day(lives, span),
        delays,
    )


def _minutes(label: Planted, span: Span) -> tuple[int, int]:
    return span.minute_of(label.start), span.minute_of(label.end - 1) + 1 + AFTER_MIN


def _listed_min(labels: Sequence[Planted], lives: Lives, span: Span) -> tuple[int, int]:
    listed = rightly = 0
    for topic, spans in lives.items():
        right = np.zeros(span.minutes, np.bool_)
        for label in labels:
            if label.should_trend and topic in label.topics:
                first, end = _minutes(label, span)
                right[max(first, 0) : max(end, 0)] = True
        for start, end in spans:
            start = max(start, span.warmup_min)
            listed += max(end - start, 0)
            rightly += int(right[start:end].sum())
    return listed, rightly


def beside_labels(labels: Sequence[Planted], lives: Lives) -> Lives:
    """What is listed of topics that no label names."""
    named = {topic for label in labels for topic in label.topics}
    return {topic: spans for topic, spans in lives.items() if topic not in named}


def starts_a_day(lives: Lives, span: Span) -> float:
    """How many topics a day begin to be listed after the warm-up."""
    starts = sum(start >= span.warmup_min for spans in lives.values() for start, _ in spans)
    return starts / span.days if span.days else 0.0


def listed_hours_a_day(lives: Lives, span: Span) -> float:
    """How many hours a day topics are listed after the warm-up, summed over topics."""
    minutes = sum(max(end - max(start, span.warmup_min), 0) for spans in lives.values() for start, end in spans)
    return minutes / 60 / span.days if span.days else 0.0
