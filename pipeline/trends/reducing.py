"""Reducing elements of equal keys to one: what becomes of the values of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.trends.arrays import I64, Integers, order_by, run_lengths, starts_of

Values = Any  # an array of numbers, or a list of texts


class Runs:
    """Sorted elements, of which those with equal keys stand together: `starts` is where each run begins."""

    def __init__(self, starts: I64, key: Values) -> None:
        self.starts, self.key, self.size = starts, key, len(key)
        self._several: I64 | None = None

    @property
    def lengths(self) -> I64:
        return run_lengths(self.starts, self.size)

    @property
    def several(self) -> I64:
        """The elements of runs of more than one."""
        if self._several is None:
            lengths = self.lengths
            self._several = np.flatnonzero(np.repeat(lengths > 1, lengths))
        return self._several


Reduce = Callable[[Values, Runs], Values]


def summed(values: Values, runs: Runs) -> Values:
    """The sum of each run."""
    return np.add.reduceat(values, runs.starts, dtype=values.dtype)


def first(values: Values, runs: Runs) -> Values:
    """The first of each run: of keys, which are equal there."""
    return at(values, runs.starts)


def largest(values: Values, runs: Runs) -> Values:
    """The largest of each run."""
    return np.maximum.reduceat(values, runs.starts)


def reduced(
    group: Integers,
    key: Values,
    values: Sequence[Values],
    how: Sequence[Reduce],
    groups: int,
    most: int | None = None,
    united: bool = True,
) -> tuple[I64, Values, list[Values]]:
    """(group, key, values) sorted by group and key; with `united`, one element for each of these pairs, its values
    reduced as `how` says; of each group the `most` first. Groups are numbers below `groups`."""
    if len(group) == 0:
        return np.asarray(group, np.int64), key, list(values)
    if len(group) <= (most or len(group)) and _ascend(group, key):
        return np.asarray(group, np.int64), key, list(values)
    order = order_by(group, key, groups)
    sorted_group, sorted_key = np.asarray(group[order], np.int64), key[order]
    chosen = None
    if united:
        starts = starts_of((sorted_group[1:] != sorted_group[:-1]) | (sorted_key[1:] != sorted_key[:-1]))
        if len(starts) < len(order):
            runs = Runs(starts, sorted_key)
            values = [reduce(at(each, order), runs) for each, reduce in zip(values, how, strict=True)]
            sorted_group, sorted_key, order = sorted_group[starts], sorted_key[starts], np.arange(len(starts))
    if most is not None:
        chosen = _first_of_each(sorted_group, most)
    if chosen is not None:
        sorted_group, sorted_key, order = sorted_group[chosen], sorted_key[chosen], order[chosen]
    return sorted_group, sorted_key, [at(each, order) for each in values]


def _ascend(group: Integers, key: Values) -> bool:
    """Whether these pairs are in order, each once."""
    if len(group) == 1:
        return True
    later = group[1:] > group[:-1]
    return bool(later.all() or (later | ((group[1:] == group[:-1]) & (key[1:] > key[:-1]))).all())


def _first_of_each(group: I64, most: int) -> npt.NDArray[np.bool_] | None:
    """Which elements, sorted by group, are the `most` first of theirs; None: all."""
    if len(group) <= most:
        return None
    starts = starts_of(group[1:] != group[:-1])
    lengths = run_lengths(starts, len(group))
    if lengths.max() <= most:
        return None
    return np.asarray(np.arange(len(group)) - np.repeat(starts, lengths) < most)


def at(values: Values, index: Integers) -> Values:
    """The values at these places."""
    return [values[i] for i in index.tolist()] if isinstance(values, list) else values[index]
