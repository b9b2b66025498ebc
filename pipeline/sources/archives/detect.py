"""Which format a record or a file is in, told from its content.

Every module of `formats` is asked: what it lists as FORMATS knows JSON records, what it lists as DOCUMENTS other files.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import orjson

from pipeline.sources.archives import formats
from pipeline.sources.archives.block import Document
from pipeline.sources.archives.formats.base import Format
from pipeline.sources.archives.mend import loaded
from pipeline.sources.archives.rewriting import kept_as_text, unwrapped
from pipeline.sources.archives.tables.turned import is_by_columns, turned

_KEYS = 64  # of an object that is in no known format, so many are looked behind
_MANY_BYTES = 1 << 20  # from here on the items of a record are counted
MAX_ITEMS = 1 << 20
_DEPTH = 2  # keys under which known records may stand
_DEPTH_OF_EDGES = 6


_MODULES = [
    importlib.import_module(f"{formats.__name__}.{each.name}") for each in pkgutil.iter_modules(formats.__path__)
]
_FORMATS: list[Format] = [shape for module in _MODULES for shape in getattr(module, "FORMATS", ())]
JSON_FORMATS: dict[str, Format] = {shape.name: shape for shape in sorted(_FORMATS, key=lambda shape: shape.rank)}
DOCUMENTS: tuple[Document, ...] = tuple(kind for module in _MODULES for kind in getattr(module, "DOCUMENTS", ()))


def is_overfull(record: bytes) -> bool:
    """Whether a record has so many items that they would take many times its own memory."""
    return len(record) > _MANY_BYTES and record.count(b",") > MAX_ITEMS


def recognise(record: bytes) -> str | None:
    """The name of the format that one JSON record is in; None when it is in none that is known."""
    return format_of(_loaded(record))


def is_known(record: bytes) -> bool:
    """Whether one JSON record is in a known format, or holds one that is."""
    value = _loaded(record)
    return format_of(value) is not None or (isinstance(value, dict) and within(value) is not None)


def may_be_held(record: bytes) -> bool:
    """The same of a record in the cell of a table."""
    value = _loaded(record)
    return _format_inside(value) is not None or (isinstance(value, dict) and within(value) is not None)


def _loaded(record: bytes) -> Any:
    """What a record means, whatever its numbers and letters are; None where it is no JSON or holds too much."""
    if is_overfull(record):
        return None
    try:
        return orjson.loads(unwrapped(record))
    except orjson.JSONDecodeError:
        pass
    with suppress(ValueError, RecursionError):
        return loaded(record.decode(errors="replace"))
    return None


def format_of(value: Any) -> str | None:
    """The same of a JSON value."""
    if not isinstance(value, dict) or is_by_columns(value):
        return None
    return next((name for name, shape in JSON_FORMATS.items() if shape.knows(value)), None)


_ID = re.compile(r"\d{1,20}|[a-z]{2,8}:\S+")


def _format_inside(value: Any) -> str | None:
    """The same of a value that another one holds."""
    name = format_of(value)
    return name if name is not None and JSON_FORMATS[name].may_be_inside else None


def within(value: dict[str, Any]) -> list[Any] | None:
    """The records of a known format that an object holds one or two keys deep: one, or a list of them; else None.

    >>> within({"result": {"toots": [{"account": {}, "content": "", "created_at": ""}]}})
    [{'account': {}, 'content': '', 'created_at': ''}]
    """
    rows = turned(value)
    if any(map(_format_inside, rows[:8])):
        return rows
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        for each in level:
            if isinstance(each, dict) and all(map(_ID.fullmatch, each)) and any(map(_format_inside, each.values())):
                return list(each.values())  # records by their ids
        inner = [item for each in level if isinstance(each, dict) for item in list(each.values())[:_KEYS]]
        inner = [kept_as_text(item) for item in inner]
        lists = [item for item in inner if isinstance(item, list)]
        if known := [item for item in lists if any(_format_inside(each) for each in item[:8])]:
            return known[0] if len(known) == 1 else [record for item in known for record in item]
        for item in lists:
            if any(map(_held, item[:8])):  # rows of a database, features of a map
                return [record for each in item for record in _held(each)]
        known = list(filter(_format_inside, inner))
        if known:
            # beside one record may stand what it answers or quotes
            return known if len(known) > 2 or len(known) == len(inner) else known[:1]
        level = inner
    nodes = list(islice(_nodes(value, _DEPTH_OF_EDGES), MAX_ITEMS))
    return nodes if any(map(_format_inside, nodes[:8])) else None


def _nodes(value: Any, depth: int) -> Iterator[Any]:
    """What stands in the edges of a graph, as GraphQL has them, at most so deep in an object."""
    if depth == 0 or not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "edges" and isinstance(inner, list):
            yield from (edge["node"] for edge in inner if isinstance(edge, dict) and "node" in edge)
        else:
            yield from _nodes(inner, depth - 1)


def _held(value: Any) -> list[Any]:
    """The records of a known format among what an object or a list holds, also in lists there."""
    found: list[Any] = []
    for inner in islice(value.values() if isinstance(value, dict) else value if isinstance(value, list) else (), _KEYS):
        inner = kept_as_text(inner)
        if _format_inside(inner):
            found.append(inner)
        elif isinstance(inner, list):
            found += [each for each in inner if _format_inside(each)]
        elif isinstance(inner, dict):
            kept = [kept_as_text(each) for each in inner.values() if isinstance(each, str)]
            found += [each for each in kept if _format_inside(each)]
    return found


def within_most(records: list[bytes]) -> str | None:
    """The format most of the records hold one or two keys deep; None when none is recognised."""
    values = (_loaded(record) for record in records if record.lstrip().startswith((b"{", b'"{')))
    inner = (within(value) for value in values if isinstance(value, dict))
    found = Counter(name for held in inner if held and (name := next(filter(None, map(_format_inside, held)), None)))
    return found.most_common(1)[0][0] if found else None


def most_common(records: list[bytes]) -> str | None:
    """The format most of the records are in; None when none is recognised."""
    found = Counter(
        name for record in records if record.lstrip().startswith((b"{", b'"{')) and (name := recognise(record))
    )
    return found.most_common(1)[0][0] if found else None
