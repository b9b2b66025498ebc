"""Where the rows of a table stand in JSON objects of no known format: what each way of keeping them holds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.sources.archives.rewriting import kept_as_text
from pipeline.sources.archives.tables.turned import turned

Unpack = Callable[[dict[str, Any]], list[dict[str, Any]]]  # finds the rows in an object
_PLACES = 16  # of objects in objects that are tried
_KINDS = 3  # of lists in an object that are tried
_LISTS_DEPTH = 3  # keys under which a list may stand
BEFORE = {"before", "old"}  # what a row was, in a log of changes


def ways(values: list[dict[str, Any]]) -> list[Unpack]:
    """The ways in which objects like these may hold rows, in the order in which they are to be tried."""
    in_lists = [partial(_in_lists, kind=kind) for kind in range(_KINDS)]
    return [turned, itself, _by_ids, *in_lists, _by_ids_in_one, *_places(values), _within_lists, _encoded]


def itself(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The object as a row."""
    return [value]


@dataclass(frozen=True)
class At:
    """The object that stands at a path in an object: what stands around it tells who collected it, and when."""

    path: tuple[str, ...]

    def __call__(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        inner: Any = value
        for key in self.path:
            inner = kept_as_text(inner.get(key)) if isinstance(inner, dict) else None
        return [inner] if isinstance(inner, dict) else []


def _by_ids(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that an object holds by their ids, if it holds nothing else."""
    inner = list(value.values())
    return inner if len(inner) > 1 and all(isinstance(each, dict) for each in inner) else []


def _by_ids_in_one(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of the largest object in an object."""
    return max((_by_ids(each) for each in _objects(value).values()), key=len, default=[])


def _in_lists(value: dict[str, Any], kind: int = 0) -> list[dict[str, Any]]:
    """The objects of the longest list that an object holds up to three keys deep, and of others with the same fields;
    of another kind those of the next longest.

    >>> held = {"posts": [{"text": "a"}] * 2, "answers": [{"text": "a"}], "words": [{"count": 1}] * 4}
    >>> len(_in_lists(held)), len(_in_lists(held, 1)), len(_in_lists(held, 2))
    (4, 3, 0)
    """
    level: list[Any] = [value]
    lists: list[list[dict[str, Any]]] = []
    for _ in range(_LISTS_DEPTH):
        level = [inner for each in level if isinstance(each, dict) for inner in each.values()]
        found = ([item for item in inner if isinstance(item, dict)] for inner in level if isinstance(inner, list))
        lists += [items for items in found if items]
    for _ in range(kind + 1):
        longest = max(lists, key=len, default=[])
        alike = [items for items in lists if items is longest or _are_alike(items[0], longest[0])]
        lists = [items for items in lists if all(items is not each for each in alike)]
    return [item for items in alike for item in items]


def _places(values: list[dict[str, Any]]) -> list[At]:
    """Where one object of its kind stands in these, one or two keys deep: near ones first, of those the largest."""
    sizes: dict[tuple[str, ...], int] = {}
    for value in values:
        for key, inner in _objects(value).items():
            for path, size in (((key,), len(inner)), *(((key, name), len(each)) for name, each in _single(inner))):
                if len(path) > 1 or (key, inner) in _single(value):
                    sizes[path] = max(sizes.get(path, 0), size)
    return [At(path) for path in sorted(sizes, key=lambda path: (len(path), -sizes[path]))[:_PLACES]]


def _single(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The objects in an object that stand beside no other one with the same fields: of such none may be left out."""
    inner = {key: each for key, each in _objects(value).items() if key not in BEFORE}
    return [
        (key, each)
        for key, each in inner.items()
        if not any(other is not each and _are_alike(each, other) for other in inner.values())
    ]


def _within_lists(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The largest object in each object of a list."""
    rows = (_objects(row).values() for row in _in_lists(value))
    return [max(inner, key=len) for inner in rows if inner]


def _encoded(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that stand as texts in an object, as logs and queues keep what went through them."""
    found = [kept_as_text(inner) for inner in value.values() if isinstance(inner, str)]
    return [inner for inner in found if isinstance(inner, dict)]


def _objects(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    held = {key: kept_as_text(inner) for key, inner in value.items()}
    return {key: inner for key, inner in held.items() if isinstance(inner, dict)}


def _are_alike(fields: Collection[str], others: Collection[str]) -> bool:
    """Whether two objects share most of their fields."""
    return 2 * len(set(fields) & set(others)) > max(len(fields), len(others))
