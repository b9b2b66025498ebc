"""The score of a series restated step by step with lists and loops, without a line of the product's code."""

from __future__ import annotations

from itertools import pairwise
from math import floor, sqrt


def slow_scores(times_ms: list[int], values: list[float], warmup_ms: int) -> list[tuple[float, float, float, float]]:
    """(expected, spread, score, news) of every row."""
    distances = sorted(b - a for a, b in pairwise(times_ms))
    middle = len(distances) // 2
    if not distances:
        step = 60_000.0
    elif len(distances) % 2:
        step = float(distances[middle])
    else:
        step = (distances[middle - 1] + distances[middle]) / 2
    long_ms = max(3_600_000.0, 4 * step)
    windows = [floor(long_ms / 4 / step + 0.5), floor(long_ms / step + 0.5)]
    bucket_steps = windows[1]

    # the observed steps, each with what it holds: the number of a row, or None where it was quiet
    steps: list[tuple[int, int | None]] = []
    for row, at in enumerate(times_ms):
        if row == 0:
            steps.append((0, 0))
            continue
        last = steps[-1][0]
        ahead = max(1, floor((at - times_ms[row - 1]) / step + 0.5))
        if ahead <= 24 * bucket_steps:
            steps += [(last + i, None) for i in range(1, ahead)]
        steps.append((last + ahead, row))

    values_at = {number: values[row] for number, row in steps if row is not None}
    fade = 0.5 ** (1 / 168)
    past: list[list[float]] = []  # buckets of baseline, oldest first: mean n and mean misfit of both windows
    waiting: list[float] | None = None
    open_bucket: int | None = None
    in_bucket: list[list[float]] = []
    record, record_at = 0.0, 0
    results = []
    for number, row in steps:
        bucket = number // bucket_steps
        if bucket != open_bucket:
            if waiting is not None:
                past.append(waiting)
            waiting = None
            if open_bucket is not None and 2 * len(in_bucket) >= bucket_steps:
                waiting = [sum(column) / len(in_bucket) for column in zip(*in_bucket, strict=True)]
            open_bucket, in_bucket = bucket, []

        weights = [fade**age for age in reversed(range(len(past)))]
        weight = sum(weights)
        support = [sum(values_at.get(number - i, 0.0) for i in range(window)) for window in windows]
        sides = []
        misfits = []
        for j, window in enumerate(windows):
            e, v = 0.0, 1.0
            if past:
                e = sum(w * b[j] for w, b in zip(weights, past, strict=True)) / weight
                v = (
                    e * (1 + window / (weight * bucket_steps))
                    + (0.05 + 1 / (1 + weight)) * e**2
                    + sum(w * b[2 + j] for w, b in zip(weights, past, strict=True)) / weight
                    + 1
                )
            sides.append(((support[j] - e) / sqrt(v), e / window, sqrt(v) / window))
            learns = len(past) >= 23 and support[1] > 0
            misfits.append(max((support[j] - e) ** 2 - e, 0.0) if learns else 0.0)
        in_bucket.append(support + misfits)
        if row is None:
            continue

        score, e, spread = sides[1] if sides[1][0] > sides[0][0] else sides[0]
        if not past or support[1] < 5 or times_ms[row] - times_ms[0] < warmup_ms:
            score = 0.0
        score = max(score, 0.0)
        record *= 0.5 ** ((number - record_at) / (24 * bucket_steps))
        record_at = number
        news = score if score > record else 0.0
        record = max(record, score)
        results.append((e, spread, score, news))
    return results
