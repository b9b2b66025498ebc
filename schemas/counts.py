"""A pane of one posts partition on its way from the count stage to the rank stage (topic `topic-counts`).

These messages are MessagePack, not JSON: where the JSON Schema says base64, bytes stand as they are.
"""

from __future__ import annotations

import msgspec


class Columns(msgspec.Struct, array_like=True):
    """What was counted, column by column; docs/messages.md lists the columns. A column that a reader does not know is
    to be passed over, one that lacks holds zeros."""

    spellings: list[str]  # the column `spelling` speaks of them by number
    cells: list[tuple[str, str, list[str]]]  # source, language (empty: not known) and events: `cell`, `cell_number`
    numbers: dict[str, bytes]  # by column: packed little endian
    texts: dict[str, list[str]]  # by column


class CountsChunk(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="pane"):
    """Chunk `chunk` of `of` of a pane that closed in `partition`: some of its rows and some of its cells.

    A reader takes the first complete set of chunks of one digest, in log order, of each (partition, pane) above the
    highest it has complete. The chunks' columns one after the other, in order, are the pane's.
    """

    partition: int  # of the posts topic
    pane: int  # start, ms
    end: int  # ms
    last_offset: int  # the last offset of the posts partition that was read
    frontier: int  # all panes of the partition before this (ms) are closed, and were published before this one
    chunk: int
    of: int
    digest: str  # of the whole pane
    columns: Columns
    duplicates: int = 0  # posts that were there already, in the whole pane


class Panes(msgspec.Struct, tag_field="kind", tag="panes"):
    """Several panes that closed in one posts partition, ascending, each as its only chunk. A record is there or it is
    not: so they need not wait for one another."""

    panes: list[CountsChunk]

    @property
    def partition(self) -> int:
        return self.panes[0].partition


class PartitionProgress(msgspec.Struct, tag_field="kind", tag="progress"):
    """How far the count stage has read a posts partition, between two closes."""

    partition: int
    last_offset: int  # the last offset read
    frontier: int  # all panes before this (ms) are closed, and were published before this message


class EarlyPanes(msgspec.Struct, tag_field="kind", tag="early-panes"):
    """What the posts `first_offset` to `last_offset` of a partition have brought into panes that are still open.

    Messages of a partition add up; one whose `first_offset` lies within what was told before (the partition was read
    again) replaces all that was told from there on. Provisional lists are made of it, final ones never."""

    partition: int
    first_offset: int  # the first offset of the posts partition that is told of
    last_offset: int  # the last one
    newest: int  # the newest time read in the partition, ms
    panes: list[CountsChunk]


CountsMessage = CountsChunk | Panes | PartitionProgress | EarlyPanes
encode_counts = msgspec.msgpack.Encoder().encode
decode_counts = msgspec.msgpack.Decoder(CountsMessage).decode
