"""A closed pane as the messages of the topic `topic-counts`, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import xxhash

from pipeline.trends.arrays import I64, lengths_of, pointers
from pipeline.trends.panes import Cell, PaneCounts, Totals
from pipeline.trends.shards import split
from pipeline.trends.snapshot import SNAPSHOT_MS
from schemas.counts import CellTotals, CountsChunk

CHUNK_BYTES = 480_000  # of columns; as JSON, with a third more for base64 and the names, below a broker's 1 MiB
PACKED_BYTES = 600_000  # of several panes as JSON
_ENTRY_BYTES = 20
_ROW_BYTES = 24

_encoder = msgspec.json.Encoder()


def to_messages(
    closed: Sequence[PaneCounts], partition: int, version: int, shards: int = 1, packed_bytes: int = PACKED_BYTES
) -> Iterator[list[tuple[int, bytes]]]:
    """The panes that closed in a partition as rounds of messages, each with its shard. A round must be acknowledged
    before the next is sent: then no pane is there without those before it.

    Small panes share a message, one for each shard; one that needs several chunks has a round of its own. No message
    goes beyond a time at which the rank stage can write its state: it would have to read that message again."""
    waiting: list[list[bytes]] = []  # by pane, then by shard
    size = span = 0
    for pane in closed:
        shares = [[_encoder.encode(chunk) for chunk in to_chunks(share, partition, version)]
                  for share in split(pane, shards)]
        large = any(len(chunks) > 1 for chunks in shares)
        longest = max(len(chunks[0]) for chunks in shares)
        before, span = span, pane.start // SNAPSHOT_MS
        if waiting and (large or size + longest > packed_bytes or span != before):
            yield _packed_round(waiting)
            waiting, size = [], 0
        if large:
            yield [(shard, chunk) for shard, chunks in enumerate(shares) for chunk in chunks]
        else:
            waiting.append([chunks[0] for chunks in shares])
            size += longest
    if waiting:
        yield _packed_round(waiting)


def _packed_round(panes: Sequence[Sequence[bytes]]) -> list[tuple[int, bytes]]:
    """Panes, by shard the only chunk of each, as one message a shard."""
    return list(enumerate(map(_packed_panes, zip(*panes, strict=True))))


def _packed_panes(chunks: Sequence[bytes]) -> bytes:
    """Chunks that are whole panes, as JSON, in one message."""
    return chunks[0] if len(chunks) == 1 else b'{"kind":"panes","panes":[%b]}' % b",".join(chunks)


def to_chunks(counts: PaneCounts, partition: int, version: int, chunk_bytes: int = CHUNK_BYTES) -> list[CountsChunk]:
    """The pane as one chunk or, where its columns are larger than `chunk_bytes`, as several."""
    cells = [
        CellTotals(
            cell.source, cell.lang, list(cell.events), totals.posts, totals.mentions,
            totals.people.astype("<u8").tobytes(), totals.topics.astype("<u8").tobytes(),
        )
        for cell, totals in zip(counts.cells, counts.totals, strict=True)
    ]  # fmt: skip
    bounds = _bounds(counts, chunk_bytes)
    digest = _digest(counts)
    chunks = []
    for number, (first, last) in enumerate(bounds):
        e0, e1 = int(counts.ptr[first]), int(counts.ptr[last])
        x0, x1 = int(counts.example_ptr[first]), int(counts.example_ptr[last])
        chunks.append(
            CountsChunk(
                partition=partition,
                pane=counts.start,
                version=version,
                frontier=counts.frontier,
                chunk=number,
                of=len(bounds),
                digest=digest,
                cells=cells,
                late=counts.late if number == 0 else {},
                duplicates=counts.duplicates if number == 0 else 0,
                spellings=counts.spellings[first:last],
                cell=_packed(counts.cell[first:last], "<i4"),
                posts=_packed(counts.posts[first:last], "<i4"),
                reposts=_packed(counts.reposts[first:last], "<i4"),
                people=_packed(lengths_of(counts.ptr[first : last + 1]), "<i4"),
                author=_packed(counts.author[e0:e1], "<u8"),
                text=_packed(counts.text[e0:e1], "<u8"),
                said=_packed(counts.said[e0:e1], "<i4"),
                shown=_packed(lengths_of(counts.example_ptr[first : last + 1]), "<i4"),
                lots=_packed(counts.example_lot[x0:x1], "<u8"),
                examples=counts.examples[x0:x1],
            )
        )
    return chunks


def _packed(column: npt.NDArray[Any], kind: str) -> bytes:
    return column.astype(kind, copy=False).tobytes()


def _bounds(counts: PaneCounts, chunk_bytes: int) -> list[tuple[int, int]]:
    """(first row, row behind the last) of each chunk; one chunk at least."""
    rows = len(counts.spellings)
    names = np.fromiter(map(len, counts.spellings), np.int64, rows) * 4 + _ROW_BYTES
    ids = np.fromiter(map(len, counts.examples), np.int64, len(counts.examples)) * 4 + 8
    if int(names.sum() + ids.sum() + counts.ptr[-1] * _ENTRY_BYTES) < chunk_bytes:
        return [(0, rows)]
    before = pointers(ids)[counts.example_ptr]
    number = np.cumsum(names + lengths_of(counts.ptr) * _ENTRY_BYTES + lengths_of(before)) // chunk_bytes
    starts: I64 = np.flatnonzero(np.diff(number, prepend=-1) > 0) if rows else np.zeros(1, np.int64)
    ends = [*starts[1:].tolist(), rows]
    return list(zip(starts.tolist(), ends, strict=True))


def _digest(counts: PaneCounts) -> str:
    """Tells the contents of two closes of one pane apart."""
    digest = xxhash.xxh64()
    for column in (counts.cell, counts.posts, counts.reposts, counts.ptr, counts.author, counts.text, counts.said,
                   counts.example_ptr, counts.example_lot):  # fmt: skip
        digest.update(column.tobytes())
    names = (counts.spellings, counts.examples, counts.cells, counts.late, counts.duplicates)
    digest.update(_encoder.encode(names))
    for totals in counts.totals:
        digest.update(_encoder.encode((totals.posts, totals.mentions)))
        digest.update(totals.people.tobytes())
        digest.update(totals.topics.tobytes())
    return digest.hexdigest()


def from_chunks(chunks: Sequence[CountsChunk]) -> PaneCounts:
    """The pane whose chunks, all of one digest, these are, in the order of their numbers.

    Raises ValueError where columns do not fit together.
    """
    first = chunks[0]

    def column(name: str, kind: str) -> npt.NDArray[Any]:
        parts = [np.frombuffer(getattr(chunk, name), kind) for chunk in chunks]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    counts = PaneCounts(
        start=first.pane,
        cells=[Cell(cell.source, cell.lang, tuple(cell.events)) for cell in first.cells],
        totals=[
            Totals(c.posts, c.mentions, np.frombuffer(c.people, "<u8"), np.frombuffer(c.topics, "<u8"))
            for c in first.cells
        ],
        spellings=[spelling for chunk in chunks for spelling in chunk.spellings],
        cell=column("cell", "<i4"),
        posts=column("posts", "<i4"),
        reposts=column("reposts", "<i4"),
        ptr=pointers(column("people", "<i4")),
        author=column("author", "<u8"),
        text=column("text", "<u8"),
        said=column("said", "<i4"),
        example_ptr=pointers(column("shown", "<i4")),
        example_lot=column("lots", "<u8"),
        examples=[example for chunk in chunks for example in chunk.examples],
        late=first.late,
        duplicates=first.duplicates,
        frontier=first.frontier,
    )
    rows = len(counts.spellings)
    entries, examples = int(counts.ptr[-1]), int(counts.example_ptr[-1])
    fits = (
        len(counts.cell) == len(counts.posts) == len(counts.reposts) == rows == len(counts.ptr) - 1
        and rows == len(counts.example_ptr) - 1
        and len(counts.author) == len(counts.text) == len(counts.said) == entries
        and len(counts.example_lot) == len(counts.examples) == examples
        and (rows == 0 or 0 <= int(counts.cell.min()) <= int(counts.cell.max()) < len(counts.cells))
    )
    if not fits:
        raise ValueError(f"columns of pane {first.pane} of partition {first.partition} do not fit together")
    return counts
