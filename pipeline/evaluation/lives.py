"""From scores to what a method lists: from the threshold on, until half an hour below it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pipeline.evaluation.methods import Series
from pipeline.evaluation.observing import Floats
from pipeline.trends.score import MINUTE_MS, ONE_HOUR, Life

OFF_FOR_MIN = ONE_HOUR.off_for_ms // MINUTE_MS
_FINEST = 1.02  # thresholds are told apart to this factor

Lives = dict[str, list[tuple[int, int]]]  # topic -> minutes [from, to) in which it is listed


def lives_above(scores: Series, on: float) -> Lives:
    """Listed from the threshold on until 30 min below it."""
    found: Lives = {}
    for topic, values in scores.items():
        above = np.flatnonzero(values >= on)
        if len(above):
            breaks = np.flatnonzero(np.diff(above) > OFF_FOR_MIN)
            firsts, lasts = np.append(above[0], above[breaks + 1]), np.append(above[breaks], above[-1])
            found[topic] = [
                (int(a), min(int(b) + OFF_FOR_MIN, len(values))) for a, b in zip(firsts, lasts, strict=True)
            ]
    return found


def lives_of_upswell(scores: Series, on: float) -> Lives:
    """Lives as the product has them (a record to beat, 30 min below OFF to end), for any ON."""
    return {
        topic: lives
        for topic, values in scores.items()
        if values.max(initial=0.0) >= on and (lives := _lives(values, on))
    }


def _lives(values: Floats, on: float) -> list[tuple[int, int]]:
    lives: list[tuple[int, int]] = []
    life, began = Life(), None
    scored = np.flatnonzero(values > 0)
    # of a quiet time, its first minute and the one in which it ends a life say all
    quiet = np.concatenate([scored + 1, scored + 1 + OFF_FOR_MIN])
    quiet = quiet[quiet < len(values)]
    for minute in np.union1d(scored, quiet[values[quiet] == 0]).tolist():
        life.step(ONE_HOUR, minute * MINUTE_MS, float(values[minute]), 0.0, on, sets_record=True)
        if began is None and life.since is not None:
            began = minute
        elif began is not None and life.since is None:
            lives.append((began, minute))
            began = None
    return lives if began is None else [*lives, (began, len(values))]


def lowest_threshold(lives_at: Callable[[float], Lives], cost: Callable[[Lives], float], allowed: float) -> float:
    """The lowest threshold (to 2 %) at which what is listed costs no more than allowed."""
    low, high = 1.0, 1e7
    while high / low > _FINEST:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if cost(lives_at(middle)) <= allowed else (middle, high)
    return high
