"""A table as blocks of posts, row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pipeline.sources.archives.block import Block, Filling
from pipeline.sources.archives.formats.base import Given, Parsed
from pipeline.sources.archives.lines import Lines, Overlong, blocks
from pipeline.sources.archives.streams import TruncatedError
from pipeline.sources.archives.tables.begin import Beginning
from pipeline.sources.archives.tables.behind import Behind
from pipeline.sources.archives.tables.rows import Rows
from schemas import MAX_RECORD_BYTES, PostError

_JSON_BEGINS = re.compile(rb"\s*\[\s*(?:\{\s*(?:\"|$)|$)|\s*\{\s*$")


def blocks_of_rows(
    name: str,
    content: Iterable[bytes],
    beginning: Beginning,
    given: Given,
    parse: Callable[[bytes], Parsed],
    known: Callable[[bytes], bool],
    values: Callable[[Iterator[bytes], Behind], Iterator[Block]],
) -> Iterator[Block]:
    """The rows of a table as blocks, and the JSON records behind it that are `known`, which `parse` reads, or `values`
    where they are not one a line."""
    rows = Rows(name, beginning, given)
    columns = beginning.columns
    how = f"table{f' ({columns.tool})' if columns.tool else ''}: {columns.told()}"
    if columns.by_ids:
        note = f"{name}: its times are not of UTC: the ids of its tweets tell when they were; --zone says otherwise"
        yield Block(name, notes=[note], how=how)
    parts = iter(blocks(content, MAX_RECORD_BYTES))
    for part in parts:
        filling = Filling(name, how)
        if isinstance(part, Overlong):
            filling.overlong(part, MAX_RECORD_BYTES)
            yield filling.block
            continue
        if part.truncated:
            line, raw = rows.unfinished(part.first, part.rows[0])
            filling.fault(line, raw, PostError("truncated", part.truncated))
            yield filling.block
            return
        for line, row in enumerate(part.rows, part.first):
            for number, raw, post in rows.feed(line, row):
                if isinstance(post, PostError) and raw.startswith(b"{") and known(raw):
                    filling.add(number, raw, parse)
                elif isinstance(post, PostError) and number == line and _JSON_BEGINS.match(raw):
                    yield filling.block
                    yield from values(_text(line, part.rows[line - part.first :], parts), Behind(name, given, rows))
                    return
                else:
                    filling.answer(number, raw, post)
        yield filling.block
    filling = Filling(name, how)
    for number, raw, post in rows.end():
        filling.answer(number, raw, post)
    yield filling.block


def _text(line: int, rows: Iterable[bytes], parts: Iterable[Lines | Overlong]) -> Iterator[bytes]:
    """What follows from this line on, below as many empty ones as stand before it."""
    yield b"\n" * (line - 1) + b"\n".join(rows) + b"\n"
    for part in parts:
        if isinstance(part, Lines):
            yield b"\n".join(part.rows) + b"\n"
            if part.truncated:
                raise TruncatedError(part.truncated)
