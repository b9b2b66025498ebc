"""Which buckets of the past count: the steps observed, the bucket that waits, and how many are baseline."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.trends.arrays import Mask
from pipeline.trends.score import ListSpec, weight_of_past

CLOSED_FORM_BUCKETS = 44  # how far back hourly records stand in for a baseline


@dataclass(frozen=True)
class BaselineWeight:
    """What counts as baseline while a bucket is open."""

    weight: float  # B
    flag: Literal["", "counting", "provisional"]
    hours: tuple[tuple[int, float], ...]  # (start in ms, weight) of the buckets that hourly records can stand for
    buckets: int = 0  # m


@dataclass(frozen=True)
class ClosedBucket:
    """A bucket that ended."""

    start: int  # ms
    observed: Mask  # by step
    past: BaselineWeight  # as it was during the bucket
    waited_counts: bool  # whether the bucket that waited has become baseline now
    following: int  # start of the bucket that begins, ms


class BaselineBuckets:
    """The buckets of one list kind. Call `step` for every observed step, in order."""

    def __init__(self, spec: ListSpec) -> None:
        self.spec = spec
        self.past = BaselineWeight(0.0, "counting", ())
        self._buckets = 0  # of baseline: m
        self._used: deque[int] = deque(maxlen=CLOSED_FORM_BUCKETS)  # their starts, ms
        self._length = spec.bucket_ms // spec.step_ms
        self._weights = [spec.decay**age for age in range(CLOSED_FORM_BUCKETS)]  # of a bucket by its age
        self._start: int | None = None
        self._observed = np.zeros(self._length, np.bool_)
        self._waiting: tuple[int, int] | None = None  # start and observed steps of the bucket that waits

    def state(self) -> tuple[object, ...]:
        """All that is remembered, in plain values."""
        return self._buckets, list(self._used), self._start, self._observed.tolist(), self._waiting

    def restore(self, state: tuple[int, list[int], int | None, list[bool], tuple[int, int] | None]) -> None:
        """Takes what `state` gave."""
        self._buckets, used, self._start, observed, waiting = state
        self._used = deque(used, maxlen=CLOSED_FORM_BUCKETS)
        self._observed = np.array(observed, np.bool_)
        self._waiting = None if waiting is None else (waiting[0], waiting[1])
        if self._start is not None:
            self.past = self._past_from(self._start)

    def step(self, end: int) -> ClosedBucket | None:
        """The step that ends at `end` (ms) is observed. Returns the bucket that its bucket follows, once."""
        spec = self.spec
        start = spec.bucket_of(end)
        finished = None
        if start != self._start:
            finished = self._roll(start)
        self._observed[(end - spec.step_ms - start) // spec.step_ms] = True
        return finished

    def observe(self, first: int, last: int) -> None:
        """The steps that end from `first` to `last` (ms) are observed, after others; nobody asks for the buckets that
        they follow."""
        if self._start is None:
            return
        spec, before = self.spec, self._start
        while first <= last:
            start = spec.bucket_of(first)
            if start != self._start:
                self._begin(start)
            until = min(last, start + spec.bucket_ms)
            number = (first - spec.step_ms - start) // spec.step_ms
            self._observed[number : number + (until - first) // spec.step_ms + 1] = True
            first = until + spec.step_ms
        if self._start != before:
            self.past = self._past_from(self._start)

    def _roll(self, start: int) -> ClosedBucket | None:
        before, observed, past = self._start, self._observed, self.past
        if before is None:
            self._start = start
            return None
        counts = self._begin(start)
        self.past = self._past_from(start)
        return ClosedBucket(before, observed, past, counts, start)

    def _begin(self, start: int) -> bool:
        """Another bucket begins. Returns whether the one that waited has become baseline."""
        assert self._start is not None
        waiting, self._waiting = self._waiting, (self._start, int(np.count_nonzero(self._observed)))
        self._start, self._observed = start, np.zeros(self._length, np.bool_)
        if waiting is None or waiting[1] * 2 < self._length:
            return False
        self._buckets += 1
        self._used.append(waiting[0])
        return True

    def _past_from(self, start: int) -> BaselineWeight:
        spec, buckets = self.spec, self._buckets
        oldest = start - CLOSED_FORM_BUCKETS * spec.bucket_ms
        known = [used for used in reversed(self._used) if used >= oldest]
        return BaselineWeight(
            weight_of_past(buckets, spec.decay),
            "counting" if buckets == 0 else "provisional" if buckets < spec.provisional_buckets else "",
            tuple(zip(known, self._weights, strict=False)),
            buckets,
        )
