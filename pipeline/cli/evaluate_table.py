"""What `upswell evaluate` found out, as a table for people and as an object for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipeline.evaluation.judging import SHOULD_NOT, SHOULD_TREND, SIZES, Found, Planted
from pipeline.evaluation.observing import Span
from pipeline.text import printable

KINDS = (*SHOULD_TREND, *SHOULD_NOT)


class Judged(NamedTuple):
    """A method, its threshold (None: its own), how it did, and the share of its rows that repeat another."""

    method: str
    threshold: float | None
    found: Found
    repeats: float


def table(posts: int, labels: Sequence[Planted], span: Span, methods: Sequence[Judged]) -> Iterator[str]:
    """The lines for people."""
    judged = [label for label in labels if span.minute_of(label.start) >= span.warmup_min]
    kinds = {kind: sum(label.kind == kind for label in judged) for kind in KINDS}
    yield (
        f"{posts:,} posts in {span.minutes / 60:.1f} h, of which {span.warmup_min / 60:g} h warm-up; "
        + ", ".join(f"{count} {kind if count == 1 else kind + 's'}" for kind, count in kinds.items() if count)
    )
    yield ""
    yield f"{'what should trend':32} {'found':>6} {_size(0):>6} {_size(1):>6} {_size(2):>6} {'delay':>9} {'p90':>9}"
    for name, _, found, _ in methods:
        shares = " ".join(f"{_share(each):>6}" for each in (found.recall, *found.recall_by_people))
        yield f"{printable(name):32} {shares} {_minutes(found.delay_min):>9} {_minutes(found.delay_p90_min):>9}"
    yield ""
    yield (
        f"{'what is listed':32} {'right':>6} {'rings':>6} {'floods':>6} {'false':>6} {'h/day':>6} {'churn':>6} "
        f"{'repeats':>7}"
    )
    for name, _, found, again in methods:
        yield (
            f"{printable(name):32} {_share(found.precision):>6} {_share(found.rings):>6} {_share(found.floods):>6} "
            f"{found.false_alarms_a_day:6.0f} {found.listed_hours_a_day:6.0f} {_share(found.churn):>6} "
            f"{_share(again):>7}"
        )
    yield ""
    missed = [
        f"{label.topics[0]} ({label.people} people)"
        for place, label in enumerate(labels)
        if label in judged and label.should_trend and place not in methods[0].found.delays_min
    ]
    if missed:
        yield f"not found by upswell: {printable(', '.join(missed))}"
    yield (
        "found: share of the bursts, stories and events that began to trend, by their people; delay: from the first "
        "post on, median and the lowest that 90 % do not exceed; right: share of the listed time; rings, floods: share "
        "listed, better none; false: topics a day that began to be listed, not so for 30 min, and should not; h/day: "
        "topic-hours listed a day; churn: how much of the list is another ten minutes later; repeats: rows that share "
        "over half of their people with a larger one"
    )


def _size(place: int) -> str:
    low, high = SIZES[place]
    return f"{low}-" if high is None else f"{low}-{high}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _minutes(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f} min"


def as_object(posts: int, labels: Sequence[Planted], span: Span, methods: Sequence[Judged]) -> dict[str, Any]:
    """The same for programs; what is not known is null."""
    delays = methods[0].found.delays_min
    return {
        "posts": posts,
        "minutes": span.minutes,
        "warmup_minutes": span.warmup_min,
        "methods": [
            {
                "method": name,
                "threshold": threshold,
                "recall": found.recall,
                "recall_by_people": {_size(place): share for place, share in enumerate(found.recall_by_people)},
                "delay_min": found.delay_min,
                "delay_p90_min": found.delay_p90_min,
                "precision": found.precision,
                "rings_listed": found.rings,
                "floods_listed": found.floods,
                "listed_hours_a_day": found.listed_hours_a_day,
                "false_alarms_a_day": found.false_alarms_a_day,
                "churn": found.churn,
                "repeats": again,
            }
            for name, threshold, found, again in methods
        ],
        "labels": [
            {
                "kind": label.kind,
                "name": label.name,
                "topics": label.topics,
                "people": label.people,
                "judged": span.minute_of(label.start) >= span.warmup_min,
                "delay_min": delays.get(place),
            }
            for place, label in enumerate(labels)
        ],
    }
