"""Tables that JSON holds in other ways than as a list of objects: by columns, or as names beside rows without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

_PLACE = re.compile(r"-?\d{1,20}")  # of a row among its column's
_DEPTH = 6  # objects and lists in each other that are looked into
_KEYS = 64  # of an object that are looked behind
_NAMES = ("name", "key", "field", "fieldName", "label", "id")  # what may hold the name of a column
_LOOKED_AT = 8  # rows


def turned(value: Any) -> list[dict[str, Any]]:
    """The rows of the table that an object holds as programs for tables write it; none where it is no such object.

    >>> turned({"text": {"0": "a", "1": "b"}, "user": {"0": "ana", "1": "bo"}})
    [{'text': 'a', 'user': 'ana'}, {'text': 'b', 'user': 'bo'}]
    >>> turned({"text": ["a", "b"], "user": ["ana", "bo"], "n": [1, 2]})
    [{'text': 'a', 'user': 'ana', 'n': 1}, {'text': 'b', 'user': 'bo', 'n': 2}]
    >>> turned({"columns": ["text", "user"], "data": [["a", "ana"], ["b", "bo"]]})
    [{'text': 'a', 'user': 'ana'}, {'text': 'b', 'user': 'bo'}]
    """
    if not isinstance(value, dict):
        return []
    if is_by_columns(value):
        places = next(iter(value.values()))
        return [{name: column[place] for name, column in value.items()} for place in places]
    columns = list(value.values())
    if len(columns) > 2 and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    return _beside_their_names(value)


def is_by_columns(value: dict[str, Any]) -> bool:
    """Whether an object holds columns, each an object of the same places: no record looks so."""
    first = next(iter(value.values()), None)
    return (
        isinstance(first, dict)
        and len(value) > 1
        and all(isinstance(column, dict) and column.keys() == first.keys() for column in value.values())
        and all(map(_PLACE.fullmatch, first))
        and not all(map(_PLACE.fullmatch, value))
    )


def _beside_their_names(value: dict[str, Any]) -> list[dict[str, Any]]:
    lists = list(_lists(value, _DEPTH))
    for each in lists:
        rows = [_row(row) for row in each[:_LOOKED_AT]]
        width = len(rows[0]) if rows else 0
        if width < 2 or any(len(row) != width for row in rows):
            continue
        names = next((found for other in lists if other is not each[0] and len(found := _names(other)) == width), [])
        if names:
            return [dict(zip(names, row, strict=False)) for row in map(_row, each)]
        if all(isinstance(cell, str) for cell in rows[0]) and len(each) > 1:
            return [dict(zip(rows[0], row, strict=False)) for row in map(_row, each[1:])]
    return []


def _lists(value: Any, depth: int) -> Iterator[list[Any]]:
    """The lists in an object, near ones first."""
    inner = list(islice(value.values(), _KEYS)) if isinstance(value, dict) else value[:1]
    yield from (each for each in inner if isinstance(each, list))
    if depth > 1:
        for each in inner:
            if isinstance(each, (dict, list)):
                yield from _lists(each, depth - 1)


def _row(value: Any) -> list[Any]:
    """The cells of a row, a list or what BigQuery (`f`) and Google's sheets (`c`) make of one; none for all else."""
    if isinstance(value, dict):
        inner: list[Any] = next((value[key] for key in ("f", "c") if isinstance(value.get(key), list)), [])
        return [cell.get("v") if isinstance(cell, dict) else None for cell in inner]
    return value if isinstance(value, list) else []


def _names(value: list[Any]) -> list[str]:
    """The names of columns, alone or as what describes each; none where a list is no such."""
    found = [
        next((each[key] for key in _NAMES if isinstance(each.get(key), str)), None) if isinstance(each, dict) else each
        for each in value[: _KEYS * 8]
    ]
    return [name for name in found if isinstance(name, str)]
