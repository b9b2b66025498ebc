"""The three lists, the steps at which each is made, and what its windows hold."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .counting import HOUR_MS, Counted
from .people import Mention

MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS


class Spec(NamedTuple):
    """One row of the table of lists, all in ms."""

    name: str
    windows: tuple[int, int]  # short, long
    step: int
    bucket: int
    half_life: float  # of the baseline
    ends_after: int  # a life below OFF
    record_half_life: float
    shown_half_life: float
    provisional: int  # buckets
    earlier: int  # the support that a state is told by
    hourly_back: int  # how far hourly records stand in for buckets


FIVE = Spec(
    name="5m",
    windows=(MINUTE_MS, 5 * MINUTE_MS),
    step=MINUTE_MS,
    bucket=HOUR_MS,
    half_life=3.5 * DAY_MS,
    ends_after=30 * MINUTE_MS,
    record_half_life=DAY_MS,
    shown_half_life=20 * MINUTE_MS,
    provisional=23,
    earlier=15 * MINUTE_MS,
    hourly_back=44 * HOUR_MS,
)
HOUR = FIVE._replace(name="1h", windows=(15 * MINUTE_MS, 60 * MINUTE_MS))
DAY = Spec(
    name="24h",
    windows=(6 * HOUR_MS, DAY_MS),
    step=HOUR_MS,
    bucket=DAY_MS,
    half_life=28 * DAY_MS,
    ends_after=6 * HOUR_MS,
    record_half_life=7 * DAY_MS,
    shown_half_life=8 * HOUR_MS,
    provisional=7,
    earlier=HOUR_MS,
    hourly_back=0,
)
SPECS = {spec.name: spec for spec in (FIVE, HOUR, DAY)}


def steps(spec: Spec, counted: Counted) -> list[int]:
    """The ends of the observed steps, from the one in which the first post lies to the last final one."""
    if not counted.posts:
        return []
    held = {said.time // spec.step * spec.step + spec.step for said in counted.posts}
    observed = []
    last = at = min(held)
    held |= {each.at // spec.step * spec.step + spec.step for each in counted.withdrawals}
    while at <= counted.final:
        if at in held:
            last = at
        if at - last <= DAY_MS:
            observed.append(at)
        at += spec.step
    return observed


def bucket_of(spec: Spec, at: int) -> int:
    """The start of the bucket in which the step lies that ends at `at`."""
    return (at - spec.step) // spec.bucket * spec.bucket


class Mentions:
    """All mentions of a scope, oldest first, by window and topic."""

    def __init__(self, mentions: Iterable[Mention]) -> None:
        self.all = sorted(mentions, key=lambda mention: mention.time)
        self.times = [mention.time for mention in self.all]

    def within(self, start: int, end: int) -> dict[str, list[Mention]]:
        """Topic -> its mentions in [start, end)."""
        found = defaultdict(list)
        for mention in self.all[bisect_left(self.times, start) : bisect_left(self.times, end)]:
            found[mention.topic].append(mention)
        return dict(found)

    def by_topic(self) -> dict[str, Mentions]:
        """Each topic's own."""
        return {topic: Mentions(m for m in self.all if m.topic == topic) for topic in {m.topic for m in self.all}}


def in_scope(mentions: Iterable[Mention], scope: str) -> Mentions:
    """Those of a scope."""
    return Mentions(mention for mention in mentions if scope in mention.scopes)
