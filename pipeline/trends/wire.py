"""Counts as they travel and as they are kept: a closed pane as the messages of the topic `topic-counts`, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import xxhash

from pipeline.trends.columns import unpacked
from pipeline.trends.counts import Counts, chunks_of, joined
from pipeline.trends.names import Cell, Dictionary
from schemas.counts import Columns, CountsChunk, EarlyPanes, Panes, encode_counts

SNAPSHOT_MS = 600_000  # the state of the rank stage can be written when event time has come to a multiple of this
CHUNK_BYTES = 700_000  # of columns and names; a broker takes messages of 1 MiB
PACKED_BYTES = 700_000  # of several panes
EDGE_BYTES = 900_000


def to_columns(counts: Counts) -> Columns:
    """The record with the names that it speaks of."""
    alone = counts.alone()
    cells = [(cell.source, cell.lang, list(cell.events)) for cell in alone.names.cells]
    return Columns(alone.names.spellings, cells, *alone.packed())


def from_columns(told: Columns, **known: Any) -> Counts:
    """The record with a dictionary of its own; `known` are the fields beside the columns. Raises ValueError where
    columns do not fit together."""
    cells = [Cell(source, lang, tuple(events)) for source, lang, events in told.cells]
    names = Dictionary(told.spellings, cells)
    counts = Counts(names=names, **known, **unpacked(Counts, told.numbers, told.texts))
    for numbers, of in ((counts.spelling, names.spellings), (counts.cell, cells), (counts.cell_number, cells)):
        if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < len(of):
            raise ValueError("columns speak of names that are not there; they do not fit together")
    return counts


def to_messages(
    closed: Sequence[Counts], partition: int, last_offset: int, packed_bytes: int = PACKED_BYTES
) -> Iterator[list[bytes]]:
    """The panes that closed in a partition as rounds of messages. A round must be acknowledged before the next is sent:
    then no pane is there without those before it.

    Small panes share a message; one that needs several chunks has a round of its own. No message goes beyond a time at
    which the rank stage can write its state: it would have to read that message again."""
    waiting: list[CountsChunk] = []  # the only chunk of each pane
    size = span = 0
    for pane in closed:
        chunks = to_chunks(pane, partition, last_offset)
        large = len(chunks) > 1
        before, span = span, pane.start // SNAPSHOT_MS
        bytes_of = 0 if large else len(encode_counts(chunks[0]))
        if waiting and (large or size + bytes_of > packed_bytes or span != before):
            yield [_packed(waiting)]
            waiting, size = [], 0
        if large:
            yield [encode_counts(chunk) for chunk in chunks]
        else:
            waiting += chunks
            size += bytes_of
    if waiting:
        yield [_packed(waiting)]


def _packed(chunks: list[CountsChunk]) -> bytes:
    """Chunks that are whole panes as one message."""
    return encode_counts(chunks[0] if len(chunks) == 1 else Panes(chunks))


def to_chunks(counts: Counts, partition: int, last_offset: int, chunk_bytes: int = CHUNK_BYTES) -> list[CountsChunk]:
    """The pane as one chunk or, where it is larger than `chunk_bytes`, as several."""
    parts = [to_columns(counts)]
    packed = [encode_counts(parts[0])]
    if len(packed[0]) > chunk_bytes:
        parts = [to_columns(part) for part in chunks_of(counts, chunk_bytes)]
        packed = [encode_counts(part) for part in parts]
    digest = xxhash.xxh64(encode_counts(counts.duplicates))  # tells the contents of two closes of one pane apart
    for part in packed:
        digest.update(part)
    return [
        CountsChunk(
            partition=partition,
            pane=counts.start,
            end=counts.end,
            last_offset=last_offset,
            frontier=counts.frontier,
            chunk=number,
            of=len(parts),
            digest=digest.hexdigest(),
            columns=part,
            duplicates=counts.duplicates,
        )
        for number, part in enumerate(parts)
    ]


def from_chunks(chunks: Sequence[CountsChunk]) -> Counts:
    """The pane whose chunks, all of one digest, these are, in the order of their numbers.

    Raises ValueError where columns do not fit together.
    """
    try:
        return joined(
            [
                from_columns(
                    chunk.columns,
                    start=chunk.pane,
                    end=chunk.end,
                    frontier=chunk.frontier,
                    duplicates=chunk.duplicates,
                )
                for chunk in chunks
            ]
        )
    except ValueError as fault:
        raise ValueError(f"pane {chunks[0].pane} of partition {chunks[0].partition}: {fault}") from None


def edge_message(panes: Sequence[Counts], partition: int, offsets: tuple[int, int], newest: int) -> bytes:
    """What the posts of these offsets (first, last) brought into open panes. Panes that do not fit into the message
    wait till they close."""
    chunks = [to_chunks(pane, partition, offsets[1], EDGE_BYTES) for pane in panes]
    told = EarlyPanes(partition, *offsets, newest, [one for one, *more in chunks if not more])
    while len(message := encode_counts(told)) > EDGE_BYTES:
        del told.panes[len(told.panes) // 2 :]
    return message
