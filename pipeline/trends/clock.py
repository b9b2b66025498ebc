"""Which buckets of the past count: the steps observed, the bucket that waits, and how many are baseline."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.trends.arrays import Mask
from pipeline.trends.score import DAY_MS, ListSpec, weight_of_past

SILENCE_MS = DAY_MS  # a silence beyond this is not observed: nobody knows whether a source was cut off
CLOSED_FORM_BUCKETS = 44  # how far back hourly records stand in for a baseline


@dataclass(frozen=True)
class Past:
    """What counts as baseline while a bucket is open."""

    weight: float  # B
    flag: Literal["", "counting", "provisional"]
    hours: tuple[tuple[int, float], ...]  # (start in ms, weight) of the buckets that hourly records can stand for


@dataclass(frozen=True)
class Finished:
    """A bucket that ended."""

    start: int  # ms
    observed: Mask  # by step
    past: Past  # as it was during the bucket
    waited_counts: bool  # whether the bucket that waited has become baseline now
    following: int  # start of the bucket that begins, ms


class Clock:
    """The buckets of one list kind. Call `step` for every observed step, in order."""

    def __init__(self, spec: ListSpec) -> None:
        self.spec = spec
        self.past = Past(0.0, "counting", ())
        self._buckets = 0  # of baseline: m
        self._used: deque[int] = deque(maxlen=CLOSED_FORM_BUCKETS)  # their starts, ms
        self._length = spec.bucket_ms // spec.step_ms
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

    def step(self, end: int) -> Finished | None:
        """The step that ends at `end` (ms) is observed. Returns the bucket that its bucket follows, once."""
        spec = self.spec
        start = (end - spec.step_ms) // spec.bucket_ms * spec.bucket_ms
        finished = None
        if start != self._start:
            finished = self._roll(start)
        self._observed[(end - spec.step_ms - start) // spec.step_ms] = True
        return finished

    def _roll(self, start: int) -> Finished | None:
        before, self._start = self._start, start
        if before is None:
            return None
        observed, self._observed = self._observed, np.zeros(self._length, np.bool_)
        waiting, self._waiting = self._waiting, (before, int(observed.sum()))
        counts = waiting is not None and waiting[1] * 2 >= self._length
        if waiting is not None and counts:
            self._buckets += 1
            self._used.append(waiting[0])
        finished = Finished(before, observed, self.past, counts, start)
        self.past = self._past_from(start)
        return finished

    def _past_from(self, start: int) -> Past:
        spec, buckets = self.spec, self._buckets
        oldest = start - CLOSED_FORM_BUCKETS * spec.bucket_ms
        return Past(
            weight_of_past(buckets, spec.decay),
            "counting" if buckets == 0 else "provisional" if buckets < spec.provisional_buckets else "",
            tuple((used, spec.decay**age) for age, used in enumerate(reversed(self._used)) if used >= oldest),
        )
