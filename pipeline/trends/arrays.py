"""Column arithmetic that the tables are built on: types, runs, spans, sorting by two columns."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.integer]
Kept = TypeVar("Kept", I8, I32)
Column = TypeVar("Column", I32, I64, U64)


def order_by(group: Integers, value: U64, groups: int) -> I64:
    """Indices that sort by (group, value), equal pairs in any order. `group` holds numbers below `groups`."""
    by_value = np.argsort(value)
    if groups < 1 << 16:  # 16 bits are sorted by radix, several times faster
        return by_value[np.argsort(group[by_value].astype(np.uint16), kind="stable")]
    return by_value[np.argsort(group[by_value], kind="stable")]


def starts_of(changed: Mask) -> I64:
    """Positions at which a run begins, from "differs from its predecessor" of all but the first element."""
    (found,) = changed.nonzero()
    starts = np.zeros(len(found) + 1, np.int64)
    np.add(found, 1, out=starts[1:])
    return starts


def distinct(values: U64) -> U64:
    """These values once each, sorted. (numpy's own `unique` takes ten times as long.)"""
    ordered = np.sort(values)
    if len(ordered) > 1:
        ordered = ordered[starts_of(ordered[1:] != ordered[:-1])]
    return ordered


def used(size: int, *columns: I32) -> tuple[I64, list[I32]]:
    """The numbers below `size` that stand in these columns, ascending, and of each column where its numbers stand
    there."""
    there = np.zeros(size, np.bool_)
    for numbers in columns:
        there[numbers] = True
    place = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(there), [place[numbers] for numbers in columns]


def spans(begin: I64, end: I64) -> I64:
    """All numbers of all half-open spans, span by span.

    >>> spans(np.array([3, 8]), np.array([5, 9])).tolist()
    [3, 4, 8]
    """
    lengths = end - begin
    total = int(lengths.sum())
    return np.asarray(np.arange(total) + np.repeat(begin - (np.cumsum(lengths) - lengths), lengths), np.int64)


def find_in_runs(values: U64, begin: I64, end: I64, wanted: U64) -> I64:
    """Where each wanted value stands in its run, a half-open span of ascending values; -1: nowhere.

    >>> find_in_runs(np.array([2, 5, 7, 1, 5], np.uint64), np.array([0, 3]), np.array([3, 5]), np.array([5, 7], "u8"))
    array([ 1, -1])
    """
    if len(values) == 0:
        return np.full(len(wanted), -1, np.int64)
    low, high, last = begin, end, len(values) - 1
    for _ in range(int((end - begin).max(initial=0)).bit_length()):
        middle = (low + high) >> 1
        smaller = (low < high) & (values[np.minimum(middle, last)] < wanted)
        low, high = np.where(smaller, middle + 1, low), np.where(smaller, high, middle)
    return np.where((low < end) & (values[np.minimum(low, last)] == wanted), low, -1)


def find(values: Integers, wanted: Integers) -> tuple[Mask, I64]:
    """Which of the wanted values are among ascending ones, and where each stands there, or would."""
    place = values.searchsorted(wanted)
    found = place < len(values)
    found[found] = values[place[found]] == wanted[found]
    return found, place


def run_lengths(starts: I64, end: int) -> I64:
    """How long each run is that begins at `starts` (one at least), where the last one ends at `end`."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = end - starts[-1]
    return lengths


def lengths_of(pointers: I64) -> I64:
    """How long each run is, from where they begin and the last one ends. (numpy's own `diff` takes five times as long
    where they are few.)"""
    return pointers[1:] - pointers[:-1]


def pointers(lengths: I64) -> I64:
    """Where each run begins, and where the last one ends."""
    found = np.zeros(len(lengths) + 1, np.int64)
    np.add.accumulate(lengths, out=found[1:])
    return found


def inserted(array: Column, place: I64, more: Column) -> Column:
    """The array with more elements before these places of it, which ascend. (numpy's own `insert` takes five times as
    long for one.)"""
    if len(place) == 1:
        return np.concatenate((array[: place[0]], more, array[place[0] :]))
    return np.insert(array, place, more) if len(place) else array


def grown(array: Kept, size: int, fill: int) -> Kept:
    """The array with room for `size` in its last axis; new places hold `fill`."""
    short = size - array.shape[-1]
    if short <= 0:
        return array
    more = np.full((*array.shape[:-1], max(short, array.shape[-1] // 2)), fill, array.dtype)
    return np.concatenate((array, more), axis=-1)
