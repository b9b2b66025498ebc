"""The burst score of one series of counts, such as mentions every five minutes: where it rises above its own past.

The formulas are those of topics (docs/trending.md) with the value in the place of people; what differs is in
docs/score.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.trends.score import HOUR_MS, MINUTE_MS, ONE_HOUR, expectation, misfit_of, weight_of_past

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LONG_MS = HOUR_MS  # the long window, also a bucket of the baseline
SHORTS_IN_LONG = 4  # so the short one is 15 min, as in the one-hour list
HALF_LIFE_BUCKETS = 168.0  # of the baseline: a week of hours
RECORD_HALF_LIFE_BUCKETS = 24.0
LONGEST_QUIET_BUCKETS = 24  # a gap longer than this is no quiet: nobody looked
MIN_SUPPORT = 5.0  # the minimum of people
MAX_VALUE = 1e12  # sums of larger values would lose the small ones
MAX_STEPS = 4_000_000  # bounds memory where rows lie far apart for their step


class SeriesError(ValueError):
    """A series that cannot be scored; the message says why."""


@dataclass(frozen=True)
class SeriesSpec:
    """How a series is looked at. All of it follows from its step; the windows are whole steps."""

    step_ms: float
    short_steps: int
    long_steps: int

    @classmethod
    def of_step(cls, step_ms: float) -> SeriesSpec:
        """Windows of 15 and 60 min; where a step is longer than 15 min, of one step and four.

        >>> SeriesSpec.of_step(120_000.0)
        SeriesSpec(step_ms=120000.0, short_steps=8, long_steps=30)
        >>> SeriesSpec.of_step(86_400_000.0)
        SeriesSpec(step_ms=86400000.0, short_steps=1, long_steps=4)
        """
        long_ms = max(float(LONG_MS), SHORTS_IN_LONG * step_ms)
        short_steps, long_steps = (math.floor(ms / step_ms + 0.5) for ms in (long_ms / SHORTS_IN_LONG, long_ms))
        return cls(step_ms, short_steps, long_steps)

    @property
    def windows(self) -> tuple[int, int]:
        return self.short_steps, self.long_steps


@dataclass(frozen=True)
class SeriesScores:
    """What the score says of every row.

    `expected` and `spread` are in the unit of the values, per step. They speak of the window (short or long) whose
    score is the larger one: score = (mean of the values in that window - expected) / spread.
    """

    spec: SeriesSpec
    expected: Floats
    spread: Floats
    score: Floats  # at least 0; 0 while there is no baseline, and during the warm-up
    news: Floats  # the score where it beats the series' own fading record, else 0


def score_series(times_ms: Integers, values: Floats, warmup_ms: int) -> SeriesScores:
    """Scores rows of (time, count). What is said of a row depends on no later one, but for the step (`step_of`).

    A step without a row counts as a zero, a gap of more than 24 long windows as not observed. Rows less than
    `warmup_ms` after the first one only feed the baseline.
    Raises SeriesError when times do not ascend, values are not within 0 to 1e12, or rows lie too far apart for their
    step.
    """
    rows = len(values)
    spec = SeriesSpec.of_step(step_of(times_ms))
    expected, spread, score = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    if not (np.isfinite(values) & (values >= 0) & (values <= MAX_VALUE)).all():
        raise SeriesError(f"values must lie within 0 and {MAX_VALUE:g}")
    if rows == 0:
        return SeriesScores(spec, expected, spread, score, score)
    grid = _Grid.of(times_ms, values, spec)
    for bucket, e, root_v, s in _scored_buckets(grid, spec):
        row = grid.row[bucket]
        filled = row >= 0
        row = row[filled]
        expected[row], spread[row], score[row] = e[filled], root_v[filled], s[filled]
    score[times_ms - times_ms[0] < warmup_ms] = 0.0
    return SeriesScores(spec, expected, spread, score, _news(score, grid.step[grid.row >= 0], spec))


def step_of(times_ms: Integers) -> float:
    """The series' own step: the median distance of its rows, ms (a minute where there are fewer than two).

    >>> step_of(np.array([0, 300_000, 600_000, 7_200_000]))
    300000.0
    """
    distance_ms = np.diff(times_ms)
    if (distance_ms <= 0).any():
        raise SeriesError("times must ascend, one row a time")
    return float(np.median(distance_ms)) if len(distance_ms) else float(MINUTE_MS)


@dataclass(frozen=True)
class _Grid:
    """The observed steps in order: those of the rows, and the quiet ones between them."""

    step: Integers  # number of the step, from 0; it jumps where steps were not observed
    value: Floats
    row: Integers  # the row that fills the step, -1 for a quiet one
    run: Integers  # how many observed steps in a row end with this one

    @classmethod
    def of(cls, times_ms: Integers, values: Floats, spec: SeriesSpec) -> _Grid:
        # a row is a step of its own, however early it comes: added to the step before, it would change that one's score
        jump = np.maximum(np.floor(np.diff(times_ms) / spec.step_ms + 0.5), 1).astype(np.int64)
        absent = jump > LONGEST_QUIET_BUCKETS * spec.long_steps
        place = np.concatenate([[0], np.cumsum(np.where(absent, 1, jump))])
        size = int(place[-1]) + 1
        if size > MAX_STEPS:
            raise SeriesError(
                f"{len(values)} rows with gaps are {size} steps of {spec.step_ms / 1_000:g} s, at most {MAX_STEPS} can "
                "be scored: add the counts up to longer steps"
            )
        value, row = np.zeros(size), np.full(size, -1)
        value[place], row[place] = values, np.arange(len(values))
        resumed = place[1:][absent]
        start, skipped = np.zeros(size, np.int64), np.zeros(size, np.int64)
        start[resumed], skipped[resumed] = resumed, jump[absent] - 1
        index = np.arange(size)
        return cls(index + np.cumsum(skipped), value, row, index - np.maximum.accumulate(start) + 1)

    def supports(self, start: int, end: int, window: int) -> Floats:
        """n of the window at each step of [start, end), steps of one bucket."""
        run = self.run[start:end]
        first = max(start - window, start - int(run[0])) + 1
        total = np.concatenate([[0.0], np.cumsum(self.value[first:end])])
        after = np.arange(start, end) - first + 1
        n: Floats = total[after] - total[after - np.minimum(run, window)]
        return n


def _scored_buckets(grid: _Grid, spec: SeriesSpec) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
    """Bucket by bucket: its place in the grid, and of each step in it e and the root of v (both per step) and S."""
    decay = 0.5 ** (1 / HALF_LIFE_BUCKETS)
    baseline = np.zeros((4, 1))  # M of both windows, V of both windows
    waiting: Floats | None = None
    finished: Floats | None = None
    buckets = 0
    edges = np.flatnonzero(np.diff(grid.step // spec.long_steps, prepend=-1, append=-1)).tolist()
    for start, end in itertools.pairwise(edges):
        if waiting is not None:
            buckets += 1
            baseline = baseline * decay + waiting
        waiting = finished
        past = weight_of_past(buckets, decay)

        supports = [grid.supports(start, end, window) for window in spec.windows]
        enough = supports[1] >= MIN_SUPPORT if buckets else np.zeros(end - start, np.bool_)
        counts_misfit = (supports[1] > 0) & (buckets >= ONE_HOUR.provisional_buckets)
        means, misfits, looks = [], [], []
        for n, window, level, misfit in zip(supports, spec.windows, baseline[:2], baseline[2:], strict=True):
            e, v = expectation(level, misfit, past, window / spec.long_steps)
            looks.append((e / window, np.sqrt(v) / window, (n - e) / np.sqrt(v)))
            means.append(n.mean())
            misfits.append(np.where(counts_misfit, misfit_of(n, e), 0.0).mean())
        observed_enough = (end - start) * 2 >= spec.long_steps
        finished = np.array(means + misfits)[:, None] if observed_enough else None

        (short_e, short_spread, short_s), (long_e, long_spread, long_s) = looks
        of_long = long_s > short_s
        s = np.where(enough, np.maximum(np.where(of_long, long_s, short_s), 0.0), 0.0)
        yield slice(start, end), np.where(of_long, long_e, short_e), np.where(of_long, long_spread, short_spread), s


def _news(score: Floats, step: Integers, spec: SeriesSpec) -> Floats:
    """The score where it beats the largest one so far, which halves every 24 long windows."""
    fading = 0.5 ** (np.diff(step, prepend=step[:1]) / (RECORD_HALF_LIFE_BUCKETS * spec.long_steps))
    news = np.zeros(len(score))
    record = 0.0
    for row, (s, fade) in enumerate(zip(score.tolist(), fading.tolist(), strict=True)):
        record *= fade
        if s > record:
            news[row] = record = s
    return news
