"""Records of columns: each column is declared once; taking, joining, uniting, splitting and encoding follow from it.

A record has *axes*. The elements of a root axis (rows, cells) stand for themselves; each of them holds a run of the
elements of its child axes (a row's people, its examples). A column says of which axis its values are and what becomes
of them when elements with equal keys are united. Numbers are packed little endian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

from pipeline.trends.arrays import I64, Integers, Mask, lengths_of, pointers, spans
from pipeline.trends.reducing import Reduce, Values, at, first, summed

RUN_BYTES = 4  # of the length of a run, as it travels


@dataclass(frozen=True)
class Axis:
    """What a record has many of. `within`: the root axis whose elements each hold a run of these."""

    name: str
    within: str = ""
    most: Callable[[], int] | None = None  # so many of a run are kept, those of smallest key; None: all
    united: bool = True  # elements of a run with equal keys are one

    @property
    def count(self) -> str:
        """The name under which the lengths of the runs travel."""
        return f"{self.name}_count"


@dataclass(frozen=True)
class Column:
    """One column of a record."""

    name: str
    axis: str
    dtype: str  # of numpy, as it travels; empty: texts
    reduce: Reduce
    key: bool = False  # together with the other keys of its axis, in their order, it tells elements apart
    names: str = ""  # the numbers speak of these names of the record's dictionary
    travels: bool = True  # False: it can be worked out from the others


def column(
    axis: Axis,
    dtype: str = "",
    reduce: Reduce = summed,
    *,
    key: bool = False,
    names: str = "",
    travels: bool = True,
) -> Any:
    """A field that is a column. Without values it holds zeros."""
    told = (axis.name, dtype, first if key else reduce, key, names, travels)
    return field(default=None, metadata={"column": told})


def runs_of(axis: Axis) -> Any:
    """A field that holds where the runs of a child axis begin, and where the last one ends."""
    return field(default=None, metadata={"runs": axis})


@dataclass(frozen=True)
class Schema:
    """What a class of records declares."""

    axes: dict[str, Axis]
    columns: dict[str, tuple[Column, ...]]  # by axis
    pointers: dict[str, str]  # by child axis: the field that holds them
    others: dict[str, Any]  # what a record works out for itself, with their defaults

    @property
    def roots(self) -> list[str]:
        return [axis for axis in self.columns if axis not in self.pointers]

    def children(self, root: str) -> list[str]:
        return [name for name, axis in self.axes.items() if axis.within == root]

    def keys(self, axis: str) -> list[Column]:
        return [column for column in self.columns[axis] if column.key]

    def travelling_key(self, axis: str) -> str:
        """The column that says how many elements the axis has."""
        return next(column.name for column in self.keys(axis) if column.travels)


def schema_of(kind: type[Record]) -> Schema:
    """The columns that a class declares as fields."""
    found = _SCHEMAS.get(kind)
    if found is None:
        found = _SCHEMAS[kind] = _declared(kind)
    return found


_SCHEMAS: dict[type[Record], Schema] = {}


def _declared(kind: type[Record]) -> Schema:
    axes: dict[str, Axis] = {}
    columns: dict[str, list[Column]] = {}
    places: dict[str, str] = {}
    for each in fields(kind):
        if "runs" in each.metadata:
            axis = each.metadata["runs"]
            axes[axis.name], places[axis.name] = axis, each.name
        elif "column" in each.metadata:
            made = Column(each.name, *each.metadata["column"])
            columns.setdefault(made.axis, []).append(made)
    return Schema(
        axes,
        {axis: tuple(of_axis) for axis, of_axis in columns.items()},
        places,
        {each.name: each.default for each in fields(kind) if not each.init},
    )


R = TypeVar("R", bound="Record")


@dataclass(kw_only=True, eq=False)
class Record:
    """What all records of columns can do. A class of its own declares columns (`column`) and runs (`runs_of`). (Without
    slots: a copy of a dict takes a tenth of what a copy of thirty slots does.)"""

    def __post_init__(self) -> None:
        schema, told = schema_of(type(self)), self.__dict__
        for columns in schema.columns.values():
            size = next((len(told[each.name]) for each in columns if told[each.name] is not None), 0)
            for each in columns:
                if told[each.name] is None:
                    told[each.name] = np.zeros(size, each.dtype) if each.dtype else [""] * size
        for axis, name in schema.pointers.items():
            if told[name] is None:
                told[name] = np.zeros(self.size(schema.axes[axis].within) + 1, np.int64)

    def size(self, axis: str) -> int:
        """How many elements the axis has."""
        return len(getattr(self, schema_of(type(self)).columns[axis][0].name))

    def values(self, axis: str) -> dict[str, Values]:
        return {each.name: getattr(self, each.name) for each in schema_of(type(self)).columns[axis]}

    def changed(self: R, **told: Any) -> R:
        """The record with other values in these fields: `dataclasses.replace` at a fraction of its cost, which panes of
        few rows feel. Fields that are no arguments are at their defaults."""
        kind = type(self)
        new: R = object.__new__(kind)
        new.__dict__ = {**self.__dict__, **schema_of(kind).others, **told}
        return new

    def take(self: R, root: str, elements: Integers) -> R:
        """The record with these elements of a root axis only, in this order, and with what they hold."""
        schema = schema_of(type(self))
        told = {name: at(values, elements) for name, values in self.values(root).items()}
        for child in schema.children(root):
            if not self.size(child):
                told[schema.pointers[child]] = np.zeros(len(elements) + 1, np.int64)
                continue
            place: I64 = getattr(self, schema.pointers[child])
            inside = spans(place[elements], place[elements + 1])
            told |= {name: at(values, inside) for name, values in self.values(child).items()}
            told[schema.pointers[child]] = pointers(place[elements + 1] - place[elements])
        return self.changed(**told)

    def sort(self: R, root: str) -> R:
        """The record with the elements of a root axis in the order of their keys."""
        if self.size(root) < 2:
            return self
        keys = [getattr(self, each.name) for each in schema_of(type(self)).keys(root)]
        order = np.lexsort(keys[::-1])
        if (order[1:] > order[:-1]).all():
            return self
        return self.take(root, order)

    def keep_in_runs(self: R, child: str, most: Integers) -> R:
        """The record with so many elements of each run of a child axis, the first ones."""
        name = schema_of(type(self)).pointers[child]
        place: I64 = getattr(self, name)
        kept = np.minimum(lengths_of(place), most)
        inside = spans(place[:-1], place[:-1] + kept)
        told = {each: at(values, inside) for each, values in self.values(child).items()}
        return self.changed(**told, **{name: pointers(kept)})

    def keep_elements(self: R, child: str, wanted: Mask) -> R:
        """The record with the wanted elements of a child axis only."""
        name = schema_of(type(self)).pointers[child]
        lengths = lengths_of(getattr(self, name))
        owner, inside = np.repeat(np.arange(len(lengths)), lengths), np.flatnonzero(wanted)
        told = {each: at(values, inside) for each, values in self.values(child).items()}
        return self.changed(**told, **{name: pointers(np.bincount(owner[inside], minlength=len(lengths)))})

    def costs(self, root: str, names_bytes: Mapping[str, I64]) -> I64:
        """How many bytes each element of a root axis takes with what it holds and the names that it speaks of, at
        most."""
        schema = schema_of(type(self))
        found = self._bytes(root)
        for each in schema.columns[root]:
            if each.names:
                found += names_bytes[each.names][getattr(self, each.name)]
        for child in schema.children(root):
            place: I64 = getattr(self, schema.pointers[child])
            before = pointers(self._bytes(child))
            found = found + before[place[1:]] - before[place[:-1]] + RUN_BYTES
        return found

    def _bytes(self, axis: str) -> I64:
        found = np.zeros(self.size(axis), np.int64)
        for each in schema_of(type(self)).columns[axis]:
            values = getattr(self, each.name)
            if each.travels:
                found += np.dtype(each.dtype).itemsize if each.dtype else text_bytes(values)
        return found

    # -- as it travels -----------------------------------------------------------------------------------------------

    def packed(self) -> tuple[dict[str, bytes], dict[str, list[str]]]:
        """Columns of numbers as bytes, those of texts as they are, by name. Runs travel as their lengths."""
        schema = schema_of(type(self))
        numbers, texts = {}, {}
        for each in (each for columns in schema.columns.values() for each in columns if each.travels):
            if each.dtype:
                numbers[each.name] = getattr(self, each.name).astype(each.dtype, copy=False).tobytes()
            else:
                texts[each.name] = getattr(self, each.name)
        for child, name in schema.pointers.items():
            numbers[schema.axes[child].count] = lengths_of(getattr(self, name)).astype("<i4").tobytes()
        return numbers, texts


def unpacked(kind: type[Record], numbers: dict[str, bytes], texts: dict[str, list[str]]) -> dict[str, Values]:
    """The fields of a record out of what `packed` gave. A column that is not there holds zeros, one that is not known
    is passed over. Raises ValueError where they do not fit together."""
    schema = schema_of(kind)
    told: dict[str, Values] = {}
    for each in (each for columns in schema.columns.values() for each in columns):
        if each.dtype and each.name in numbers:
            told[each.name] = np.frombuffer(numbers[each.name], each.dtype)
        elif not each.dtype and each.name in texts:
            told[each.name] = texts[each.name]
    for child, name in schema.pointers.items():
        axis = schema.axes[child]
        if axis.count not in numbers:
            continue  # written before the axis was there: nothing holds any of it
        lengths = np.frombuffer(numbers[axis.count], "<i4")
        if len(lengths) and lengths.min() < 0:
            raise ValueError(f"{axis.count}: a run of less than nothing")
        told[name] = pointers(lengths)
        _require(axis.count, len(lengths), len(told.get(schema.travelling_key(axis.within), ())))
    for name, columns in schema.columns.items():
        size = len(told.get(schema.travelling_key(name), ()))
        if name in schema.pointers:
            runs = told.get(schema.pointers[name])
            _require(name, size, int(runs[-1]) if runs is not None else 0)
        for each in columns:
            if each.name in told:
                _require(each.name, len(told[each.name]), size)
            elif each.key and each.travels and size:
                raise ValueError(f"the column {each.name} lacks")
    return told


def _require(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{what}: {found} where {wanted} belong; the columns do not fit together")


def concat(records: Sequence[R]) -> R:
    """Records with one dictionary as one, element after element; the other fields are those of the first one."""
    one = records[0]
    if len(records) == 1:
        return one
    schema = schema_of(type(one))
    told: dict[str, Values] = {}
    for axis, columns in schema.columns.items():
        held = [record for record in records if record.size(axis)] or [one]  # most hold nothing of most axes
        told |= {each.name: _joined([getattr(record, each.name) for record in held]) for each in columns}
    for child, name in schema.pointers.items():
        if len(told[schema.columns[child][0].name]):
            told[name] = pointers(np.concatenate([lengths_of(getattr(record, name)) for record in records]))
        else:
            told[name] = np.zeros(len(told[schema.columns[schema.axes[child].within][0].name]) + 1, np.int64)
    return one.changed(**told)


def split(record: R, most_bytes: int, names_bytes: Mapping[str, I64]) -> Iterator[R]:
    """The record as several of `most_bytes` at most (one at least; a single element is never cut), which `concat`
    puts together. `names_bytes`: what each name of the dictionary takes, by the kind of name."""
    roots = schema_of(type(record)).roots
    costs = [record.costs(root, names_bytes) for root in roots]
    ends = np.cumsum(np.concatenate(costs))
    if len(ends) == 0 or ends[-1] <= most_bytes:
        yield record
        return
    offsets = pointers(np.array([len(cost) for cost in costs], np.int64))
    begin = 0
    while begin < len(ends):
        done = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, done + most_bytes, "right")), begin + 1)
        part = record
        for number, root in enumerate(roots):
            low, high = np.clip((begin, end), offsets[number], offsets[number + 1]) - offsets[number]
            part = part.take(root, np.arange(low, high))
        yield part
        begin = end


def text_bytes(texts: Sequence[str]) -> I64:
    """What each text takes as UTF-8 with its length before it, at most."""
    return np.fromiter(map(len, texts), np.int64, len(texts)) * 4 + 5


def _joined(parts: Sequence[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    return [value for part in parts for value in part] if isinstance(parts[0], list) else np.concatenate(parts)
