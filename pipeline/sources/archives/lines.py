"""Lines out of chunks of bytes: whole blocks of lines, with lines that are too long passed over unheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.sources.archives.batches import RAW_BYTES
from pipeline.sources.archives.streams import TruncatedError

BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Lines:
    """Lines one after the other, without their newlines."""

    first: int  # number of the first line, from 1
    rows: list[bytes]
    truncated: str = ""  # of a file that cannot be read on: why; the one row is then what there is of its last line


@dataclass(slots=True)
class Overlong:
    """A line of more than the limit: where it stands, how it begins."""

    line: int
    raw: bytes
    size: int  # bytes, without the newline


def blocks(chunks: Iterable[bytes], limit: int) -> Iterator[Lines | Overlong]:
    """Blocks of whole lines, none above `limit` bytes; memory stays below about `limit` plus two chunks.

    A UTF-8 byte order mark at the beginning is dropped. A chunk in which no line ends gives a block without lines: the
    next chunk may be long in coming.
    """
    line = 1
    held: list[bytes] = []  # the beginning of a line whose end has not come; of an overlong one only what is kept
    size = 0
    truncated = ""
    source = _without_bom(chunks)
    while True:
        try:
            chunk = next(source, b"")
        except TruncatedError as error:
            truncated = str(error)
            break
        if not chunk:
            break
        if size > limit:
            end = chunk.find(b"\n")
            if end < 0:
                size += len(chunk)
                yield Lines(line, [])
                continue
            yield Overlong(line, held[0], size + end)
            line += 1
            held, size = [], 0
            chunk = chunk[end + 1 :]
        last = chunk.rfind(b"\n")
        if last >= 0:
            for part in _within(b"".join([*held, chunk[: last + 1]]), limit, line):
                yield part
                line += 1 if isinstance(part, Overlong) else len(part.rows)
            held, size = [], 0
        else:
            yield Lines(line, [])
        held.append(chunk[last + 1 :])
        size += len(held[-1])
        if size > limit:
            held = [b"".join(held)[:RAW_BYTES]]
    if size > limit:
        yield Overlong(line, held[0], size)
        held, size = [], 0
        line += 1
    if size or truncated:
        yield Lines(line, [b"".join(held)], truncated)


def _within(block: bytes, limit: int, first: int) -> Iterator[Lines | Overlong]:
    rows = block.split(b"\n")
    rows.pop()
    start = 0
    if len(block) > limit:  # rare: only then can a line be too long
        for index, row in enumerate(rows):
            if len(row) > limit:
                if start < index:
                    yield Lines(first + start, rows[start:index])
                yield Overlong(first + index, row[:RAW_BYTES], len(row))
                start = index + 1
    if start < len(rows):
        yield Lines(first + start, rows[start:] if start else rows)


def _without_bom(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= len(BOM):
            break
    head = head.removeprefix(BOM)
    if head:
        yield head
    yield from source
