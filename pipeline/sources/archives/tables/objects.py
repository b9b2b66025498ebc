"""JSON objects of no known format, read like the rows of a table: by the names of their fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import PAGE_BYTES, Format, Given, One
from pipeline.sources.archives.rewriting import unwrapped
from pipeline.sources.archives.tables.begin import Beginning
from pipeline.sources.archives.tables.columns import choose
from pipeline.sources.archives.tables.rows import Table
from schemas import PostError

_FIELDS = 512  # of an object that are looked at
_DEPTH = 3  # objects within objects


def objects_like(name: str, records: list[bytes], given: Given) -> Format | None:
    """How to read objects like the first ones of a file; None where their fields do not tell what posts need.

    Raises ArchiveError where the columns that were asked for are not among their fields.
    """
    rows = []
    for record in records:
        with suppress(PostError):
            rows.append(dict(_fields(_value(record))))
    names = list(dict.fromkeys(field for row in rows for field in row))[:_FIELDS]
    if not rows:
        return None
    cells = [[row.get(field, "") for field in names] for row in rows]
    try:
        columns = choose(name, names, cells, given.clock, given.columns, given.author)
    except ArchiveError:
        if given.columns:
            raise
        return None
    table = Table(name, Beginning(columns, "", len(names), 1, given.author or ""))

    def parse(record: bytes) -> One:
        row = dict(_fields(_value(record)))
        return table.read([row.get(field, "") for field in names])

    return Format(f"objects of {columns.told()}", parse, lambda _: False, limit=PAGE_BYTES)


def _value(record: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(unwrapped(record))
    except orjson.JSONDecodeError as error:
        raise PostError("not-json", f"JSON is malformed: {error}") from None
    if not isinstance(value, dict):
        raise PostError("invalid", "no JSON object")
    return value


def _fields(value: dict[str, Any], path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """The fields of an object as cells, those of objects in it with their path."""
    for key, inner in value.items():
        name = f"{path}{key}"
        if isinstance(inner, dict) and depth < _DEPTH:
            yield from _fields(inner, f"{name}.", depth + 1)
        elif isinstance(inner, (dict, list)):
            yield name, orjson.dumps(inner).decode()
        else:
            yield name, "" if inner is None else str(inner)
