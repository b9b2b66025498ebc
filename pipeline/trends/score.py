"""The trend score: how far above its own past a topic's support lies ("S gates, R ranks").

Formulas: docs/trending.md. All functions take numpy arrays or plain floats alike, except where they say otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from schemas import Window

FloatOrArray = TypeVar("FloatOrArray", float, npt.NDArray[np.float64])

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

PHI = 0.05  # relative variance of the level, once it is known well
PSI = 1.0  # and as long as the baseline has few buckets
ONE_PERSON = 1.0
OFF = 2.5
WRITERS_PER_PAST = 4.0 * (1 + 1e-9)  # how many may write words for each whom the past has heard (not cut by rounding)
_GROWTH_DEVIATIONS = 2.0  # what more people write words than that is no chance
_UNSEEN = 0.5e-4  # a shown weight below this is no longer seen in a list
QUIET_LEVEL = 0.1  # a quiet topic whose baseline sum has decayed to this is forgotten
ON_GROWTH_FROM = 3_000  # active topics up to which ON is its plain value
ON_GROWTH = 20.0  # each further factor of this many topics asks for one sigma more


@dataclass(frozen=True)
class ListSpec:
    """One kind of list: its two windows, the grid it is made on, and how long it remembers. Times in ms."""

    window: Window
    short_ms: int
    long_ms: int
    step_ms: int = MINUTE_MS
    bucket_ms: int = HOUR_MS
    half_life_ms: float = 3.5 * DAY_MS
    provisional_buckets: int = 23
    off_for_ms: int = 30 * MINUTE_MS
    record_half_life_ms: float = float(DAY_MS)
    shown_half_life_ms: float = 20.0 * MINUTE_MS
    compare_ms: int = 15 * MINUTE_MS

    @property
    def windows_ms(self) -> tuple[int, int]:
        return self.short_ms, self.long_ms

    def bucket_of(self, end: int) -> int:
        """The start (ms) of the bucket in which the step lies that ends at `end` (ms)."""
        return (end - self.step_ms) // self.bucket_ms * self.bucket_ms

    @property
    def decay(self) -> float:
        """The weight a bucket of baseline keeps when the next one comes."""
        return float(0.5 ** (self.bucket_ms / self.half_life_ms))


FIVE_MINUTES = ListSpec("5m", MINUTE_MS, 5 * MINUTE_MS)
ONE_HOUR = ListSpec("1h", 15 * MINUTE_MS, 60 * MINUTE_MS)
ONE_DAY = ListSpec(
    "24h",
    6 * HOUR_MS,
    DAY_MS,
    step_ms=HOUR_MS,
    bucket_ms=DAY_MS,
    half_life_ms=28.0 * DAY_MS,
    provisional_buckets=7,
    off_for_ms=6 * HOUR_MS,
    record_half_life_ms=7.0 * DAY_MS,
    shown_half_life_ms=8.0 * HOUR_MS,
    compare_ms=HOUR_MS,
)
SPECS = (FIVE_MINUTES, ONE_HOUR, ONE_DAY)


def weight_of_past(buckets: int, decay: float) -> float:
    """B: the sum of the weights of all buckets of baseline.

    >>> weight_of_past(2, 0.5)
    1.5
    """
    return (1 - decay**buckets) / (1 - decay)


def expectation(
    level: FloatOrArray, misfit: FloatOrArray, past: float, window_in_buckets: float
) -> tuple[FloatOrArray, FloatOrArray]:
    """(e, v): expected support and its variance, from the decayed sums M and V of a past of weight B = `past`."""
    if past == 0:
        return level * 0.0, level * 0.0 + ONE_PERSON
    e = level / past
    v = e * (1 + window_in_buckets / past) + (PHI + PSI / (1 + past)) * e * e + misfit / past + ONE_PERSON
    return e, v


def growth_of(others: npt.NDArray[np.float64], usual: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How many times as many people as usual write other words, for all that chance could have added: 1 at least.

    >>> growth_of(np.array([4.0, 16.0, 100.0]), np.array([1.0, 5.0, 5.0]))
    array([ 1. ,  1.6, 16. ])
    """
    certain = others - _GROWTH_DEVIATIONS * np.sqrt(np.maximum(others, 0.0))
    return np.asarray(np.maximum(certain / usual, 1.0))


def at_volume(
    e: FloatOrArray, v: FloatOrArray, growth: FloatOrArray, unseen: FloatOrArray
) -> tuple[FloatOrArray, FloatOrArray]:
    """(e, v) of words when `growth` (at least 1) times as many people as usual write others: they keep their share. Who
    has never said a word may have said it `unseen` times in a window, for all that the past tells."""
    squared = growth * growth
    return growth * e, growth * e + squared * (v - e - ONE_PERSON) + ONE_PERSON + (squared - 1) * unseen * unseen


def misfit_of(support: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What one step adds to the mean misfit: how much its support strayed beyond counting noise."""
    return np.maximum((support - expected) ** 2 - expected, 0.0)


def rank_weight(support: float, expected: float, score: float) -> float:
    """R: orders what the score S has let in. Zero below OFF."""
    return (support - expected) * math.log((support + 1) / (expected + 1)) if score >= OFF else 0.0


def threshold(base: float, active_topics: float) -> float:
    """ON: the score at which a life begins, so that false starts stay rare among many topics.

    >>> threshold(5.0, 3_000), round(threshold(5.0, 60_000), 6)
    (5.0, 6.0)
    """
    if active_topics <= ON_GROWTH_FROM:
        return base
    return base + math.log(active_topics / ON_GROWTH_FROM) / math.log(ON_GROWTH)


@dataclass(slots=True)
class Life:
    """What is remembered of a topic that scores: its record, whether it is trending, and its shown weight."""

    record: float = 0.0
    shown: float = 0.0
    at: int = 0  # record and shown are decayed up to here, ms
    since: int | None = None  # start of the life; None: not trending
    low: int | None = None  # first step below OFF in a row
    peak: float = 0.0
    peak_at: int = 0

    def step(self, spec: ListSpec, now: int, score: float, weight: float, on: float, sets_record: bool) -> None:
        """Takes the score and R of the step that ends at `now` (ms)."""
        self.shown = max(weight, self.shown_at(spec, now))
        self.record *= 0.5 ** ((now - self.at) / spec.record_half_life_ms)
        self.at = now
        beats_record = score > self.record
        if sets_record:
            self.record = max(self.record, score)
        if self.since is None and score >= on and beats_record:
            self.since, self.low, self.peak = now, None, 0.0
        if self.since is not None:
            if score > self.peak:
                self.peak, self.peak_at = score, now
            if score >= OFF:
                self.low = None
            elif self.low is None:
                self.low = now
            if self.low is not None and now - self.low >= spec.off_for_ms:
                self.since = None

    def shown_at(self, spec: ListSpec, now: int) -> float:
        """The weight still shown at `now` (ms)."""
        return float(self.shown * 0.5 ** ((now - self.at) / spec.shown_half_life_ms))

    @property
    def idle(self) -> bool:
        """Nothing in it can matter any more: no life, no record that bars one, nothing shown."""
        return self.since is None and self.record < OFF and self.shown < _UNSEEN
