"""Tables as arrays of JSON, one a row, the first one of the columns' names: one a line, or all in one more array."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

import orjson

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import Given, Parsed
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import TruncatedError
from pipeline.sources.archives.tables.kinds import are_kinds
from pipeline.sources.archives.tables.objects import rows_like
from schemas import MAX_RECORD_BYTES, PostError

_STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_INNER = rb"[\[{](?:[^\"\[\]{}]++|" + _STRING + rb")*+[\]}]"  # lists and objects in cells
_ROW = re.compile(rb"\[(?:[^\"\[\]{}]++|" + _STRING + rb"|" + _INNER + rb")*+\]")
_BETWEEN = re.compile(rb"[\s,]*+(?:\[\s*+(?=\[)|\](?=\s*+\Z))?")
_HEADER = re.compile(
    rb"\s*+(?:\[\s*+)?(\[\s*+" + _STRING + rb"(?:\s*+,\s*+" + _STRING + rb"){2,255}+\s*+\])\s*+,?\s*+\["
)
_SAMPLE = 24  # rows that columns are chosen by
_BLOCK_RECORDS = 4_096


def _knows(_name: str, head: bytes) -> bool:
    """Whether a file begins with an array of names, and one of as many cells."""
    header = _HEADER.match(head)
    row = _ROW.match(head, header.end() - 1) if header else None
    try:
        return header is not None and row is not None and len(orjson.loads(header[1])) == len(orjson.loads(row[0]))
    except orjson.JSONDecodeError:
        return False


def _read(name: str, content: Iterator[bytes], given: Given, _parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    rows = _rows(content)
    _, header, _ = next(rows)
    names: list[str] = orjson.loads(header)
    first = [row for _, row in zip(range(_SAMPLE), rows, strict=False)]
    with suppress(orjson.JSONDecodeError):
        first = first[1:] if first and are_kinds(orjson.loads(first[0][1])) else first
    sample = []
    for _, raw, fault in first:
        with suppress(PostError):
            sample += [_object(names, raw)] if fault is None else []
    shape = rows_like(name, sample or [dict.fromkeys(names)], given)
    filling = Filling(name, f"rows of {shape.name.removeprefix('objects of ')}")
    for line, raw, fault in chain(first, rows):
        if fault is not None:
            filling.fault(line, raw, fault)
        else:
            filling.add(line, raw, lambda row: shape.parse(orjson.dumps(_object(names, row))))
        if filling.records >= _BLOCK_RECORDS:
            yield filling.block
            filling = Filling(name, filling.block.how)
    yield filling.block


def _object(names: list[str], raw: bytes) -> dict[str, Any]:
    try:
        cells = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise PostError("not-json", f"JSON is malformed: {error}") from None
    if len(cells) != len(names):
        raise PostError("invalid", f"{len(cells)} columns where the header has {len(names)}")
    return dict(zip(names, cells, strict=True))


def _rows(content: Iterator[bytes]) -> Iterator[tuple[int, bytes, PostError | None]]:
    """The arrays of a text, each with its line, or what is wrong there."""
    buffer = next(content, b"").removeprefix(BOM)
    at, line, cut, ended = 0, 1, "", False
    while True:
        between = _BETWEEN.match(buffer, at)
        assert between is not None
        found = _ROW.match(buffer, between.end())
        if not ended and (found is None or found.end() == len(buffer)) and len(buffer) - at <= MAX_RECORD_BYTES:
            try:
                chunk = next(content, b"")
            except TruncatedError as error:
                chunk, cut = b"", str(error)
            ended = not chunk
            buffer, at = buffer[at:] + chunk, 0
            continue
        line += buffer.count(b"\n", at, between.end())
        at = between.end()
        if at == len(buffer):
            break
        if found is not None:
            yield line, found[0], None
            end = found.end()
        else:
            end = buffer.find(b"\n", at) + 1 or len(buffer)
            fault = (
                PostError("truncated", cut) if cut and end == len(buffer) else PostError("not-json", "no JSON array")
            )
            cut = "" if fault.reason == "truncated" else cut
            yield line, buffer[at:end], fault
        line += buffer.count(b"\n", at, end)
        at = end
    if cut:
        yield line, b"", PostError("truncated", cut)


DOCUMENTS = (Document("arrays", _knows, _read),)
