"""A table as blocks of posts, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pipeline.sources.archives.block import Block, Filling
from pipeline.sources.archives.formats.base import Given, Parsed
from pipeline.sources.archives.lines import Overlong, blocks
from pipeline.sources.archives.tables.begin import Beginning
from pipeline.sources.archives.tables.rows import Rows
from schemas import MAX_RECORD_BYTES, PostError


def blocks_of_rows(
    name: str,
    content: Iterable[bytes],
    beginning: Beginning,
    given: Given,
    parse: Callable[[bytes], Parsed],
    known: Callable[[bytes], bool],
) -> Iterator[Block]:
    """The rows of a table as blocks, and the JSON records behind it that are `known`, which `parse` reads."""
    rows = Rows(name, beginning, given)
    columns = beginning.columns
    how = f"table{f' ({columns.tool})' if columns.tool else ''}: {columns.told()}"
    if columns.by_ids:
        note = f"{name}: its times are not of UTC: the ids of its tweets tell when they were; --zone says otherwise"
        yield Block(name, notes=[note], how=how)
    for part in blocks(content, MAX_RECORD_BYTES):
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
                else:
                    filling.answer(number, raw, post)
        yield filling.block
    filling = Filling(name, how)
    for number, raw, post in rows.end():
        filling.answer(number, raw, post)
    yield filling.block
