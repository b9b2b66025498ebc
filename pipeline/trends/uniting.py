"""Records united: elements of equal keys are one.

It is exact, whatever is united in which order: counts add, samples keep those of smallest key. What is compiled does
it in a fraction of the time (`_uniting.c`); numpy is the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

import numpy as np

from pipeline.trends._compiled import uniting
from pipeline.trends.arrays import I64, lengths_of, pointers, run_lengths, starts_of
from pipeline.trends.columns import R, Record, Schema, concat, schema_of
from pipeline.trends.people import least_text
from pipeline.trends.reducing import Reduce, Runs, Values, at, first, largest, reduced, summed

_LETTERS = {"<i4": "i", "<u4": "I", "<i8": "q", "<u8": "Q", "": "O"}
_WAYS: dict[Reduce, str] = {first: "f", summed: "s", largest: "l", least_text: "t"}


def united(records: Sequence[R]) -> R:
    """Records with one dictionary as one, with elements of equal keys as one, roots sorted by their keys; the other
    fields are those of the first one."""
    plan = _plan_of(records[0])
    return _united(concat(records)) if plan is None else plan.carry_out(records, as_is=False)


def united_in_runs(record: R) -> R:
    """The record with elements of equal keys as one within each run, and runs cut to what is kept of them."""
    plan = _plan_of(record)
    return _united_in_runs(record) if plan is None else plan.carry_out([record], as_is=True)


# -- compiled ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """What the compiled part is told of a class of records."""

    axes: tuple[tuple[int, int, str, str, int, int], ...]  # see _uniting.pyi
    names: tuple[str, ...]  # of the fields in the order of the plan
    nothing: tuple[Values, ...]  # of each field where its axis holds nothing

    def carry_out(self, records: Sequence[R], *, as_is: bool) -> R:
        columns = attrgetter(*self.names)
        found = uniting.unite(self.axes, [columns(record) for record in records], as_is)
        told = map(_column, found, self.nothing)
        return records[0].changed(**dict(zip(self.names, told, strict=True)))


def _column(found: bytes | list[str] | None, nothing: Values) -> Values:
    if found is None:
        return nothing
    return np.frombuffer(found, nothing.dtype) if isinstance(found, bytes) else found


def _plan_of(record: Record) -> _Plan | None:
    """None: it is not compiled, or has columns that the compiled part knows nothing of."""
    if uniting is None:
        return None
    axes = schema_of(type(record)).axes.values()
    kept = tuple(axis.most() if axis.most else 0 for axis in axes)
    return _plan(type(record), kept)  # type: ignore[arg-type]  # a class has a hash, whatever its instances have


@cache
def _plan(kind: type[Record], kept: tuple[int, ...]) -> _Plan | None:
    """`kept`: how many elements of each child axis, 0: all."""
    schema = schema_of(kind)
    most = dict(zip(schema.axes, kept, strict=True))
    order = [axis for root in schema.roots for axis in (root, *schema.children(root))]
    axes, names, nothing = [], list[str](), list[Values]()
    for name in order:
        columns, axis = schema.columns[name], schema.axes.get(name)
        if any(each.dtype not in _LETTERS or each.reduce not in _WAYS for each in columns):
            return None
        types, ways = "".join(_LETTERS[each.dtype] for each in columns), "".join(_WAYS[each.reduce] for each in columns)
        if axis is not None:
            names.append(schema.pointers[name])
            nothing.append(np.zeros(0, np.int64))
        names += [each.name for each in columns]
        nothing += [np.zeros(0, each.dtype) if each.dtype else [] for each in columns]
        root = order.index(axis.within) if axis is not None else -1
        is_united = axis is None or axis.united
        axes.append((root, len(schema.keys(name)), types, ways, most.get(name, 0), int(is_united)))
    return _Plan(tuple(axes), tuple(names), tuple(nothing))


# -- by numpy ----------------------------------------------------------------------------------------------------------


def _united(record: R) -> R:
    schema = schema_of(type(record))
    told: dict[str, Values] = {}
    for root in schema.roots:
        columns, keys = schema.columns[root], schema.keys(root)
        order = np.lexsort([getattr(record, each.name) for each in keys[::-1]])
        if len(order) == 0:
            continue
        values = {each.name: at(getattr(record, each.name), order) for each in columns}
        changed = values[keys[0].name][1:] != values[keys[0].name][:-1]
        for each in keys[1:]:
            changed |= values[each.name][1:] != values[each.name][:-1]
        starts = starts_of(changed)
        if len(starts) < len(order):
            runs = Runs(starts, order)
            values = {each.name: each.reduce(values[each.name], runs) for each in columns}
        told |= values
        owner = np.empty(len(order), np.int64)
        owner[order] = np.repeat(np.arange(len(starts)), run_lengths(starts, len(order)))
        for child in schema.children(root):
            lengths = lengths_of(getattr(record, schema.pointers[child]))
            told |= _of_child(record, schema, child, np.repeat(owner, lengths), len(starts))
    return record.changed(**told)


def _united_in_runs(record: R) -> R:
    schema = schema_of(type(record))
    told: dict[str, Values] = {}
    for child, name in schema.pointers.items():
        lengths = lengths_of(getattr(record, name))
        told |= _of_child(record, schema, child, np.repeat(np.arange(len(lengths)), lengths), len(lengths))
    return record.changed(**told)


def _of_child(record: Record, schema: Schema, child: str, owner: I64, owners: int) -> dict[str, Values]:
    axis, (key, *others) = schema.axes[child], schema.columns[child]
    owner, keys, values = reduced(
        owner,
        getattr(record, key.name),
        [getattr(record, each.name) for each in others],
        [each.reduce for each in others],
        owners,
        axis.most() if axis.most else None,
        axis.united,
    )
    told = dict(zip([key.name, *(each.name for each in others)], [keys, *values], strict=True))
    told[schema.pointers[child]] = pointers(np.bincount(owner, minlength=owners))
    return told
