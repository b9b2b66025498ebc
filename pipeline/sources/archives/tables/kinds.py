"""Rows that tell what the columns above them hold, as ClickHouse and other databases write them: no posts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_KIND = re.compile(
    r"(?:(?:low_?cardinality|nullable|array)\()*(?:u?int(?:eger)?\d{0,3}|(?:big|small|tiny)int|float\d{0,2}|double"
    r"|decimal\d{0,3}|numeric|number|bool(?:ean)?|string|str|text|(?:n?var)?char(?:acter)?|fixedstring|uuid|ipv[46]"
    r"|date(?:32)?|date_?time(?:64)?|timestamp(?:tz)?|enum(?:8|16)|json|object|tuple|map|array)(?:\([^()]*(?:\([^()]*\)"
    r"[^()]*)*\))?(?: with(?:out)? time zone)?\)*(?:\[\])?",
    re.IGNORECASE,
)


def are_kinds(row: Sequence[Any]) -> bool:
    """Whether each cell of a row names what stands in its column.

    >>> are_kinds(["UInt64", "LowCardinality(String)", "DateTime64(3, 'UTC')", "Array(Nullable(String))"])
    True
    >>> are_kinds(["1", "text", "2024-05-01"])
    False
    """
    if len(row) > 3 and row[0] == row[-1] == "":  # edges of a box
        row = row[1:-1]
    return len(row) > 1 and all(isinstance(cell, str) and _KIND.fullmatch(cell.strip()) for cell in row)
