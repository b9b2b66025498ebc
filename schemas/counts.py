"""A pane of one posts partition on its way from the count stage to the rank stage (topic `topic-counts`)."""

from __future__ import annotations

import msgspec


class CellTotals(msgspec.Struct, array_like=True):
    """All posts of a cell in a pane. Samples: the 513 smallest hashes, 8 bytes each, little endian, ascending."""

    source: str  # empty: not known
    lang: str  # empty: not known
    events: list[str]
    posts: int
    mentions: int  # topics named, each once a post
    people: bytes
    topics: bytes


class CountsChunk(msgspec.Struct, omit_defaults=True, tag_field="kind", tag="pane"):
    """Chunk `chunk` of `of` of a pane that closed in `partition`: rows of (cell, spelling), column by column.

    A reader takes the first complete set of chunks of one digest, in log order, of each (partition, pane) above the
    highest it has complete. Numbers are packed little endian: i4 are 32-bit, u8 are 64-bit unsigned.
    """

    partition: int  # of the posts topic
    pane: int  # start, ms
    version: int  # the last offset of the posts partition that was read
    frontier: int  # all panes of the partition before this (ms) are closed, and were published before this one
    chunk: int
    of: int
    digest: str  # of the whole pane
    cells: list[CellTotals]  # in every chunk: rows speak of them by index
    late: dict[str, int] = {}  # by source: posts that came while this pane was the frontier
    duplicates: int = 0
    spellings: list[str] = []  # by row
    cell: bytes = b""  # i4 by row: index into cells
    posts: bytes = b""  # i4 by row
    reposts: bytes = b""  # i4 by row
    people: bytes = b""  # i4 by row: how many of the entries below are the row's
    author: bytes = b""  # u8 by entry, ascending within the row: the people sample
    text: bytes = b""  # u8 by entry
    said: bytes = b""  # i4 by entry: the person's posts
    shown: bytes = b""  # i4 by row: how many of the examples below are the row's
    lots: bytes = b""  # u8 by example
    examples: list[str] = []  # post ids


class Panes(msgspec.Struct, tag_field="kind", tag="panes"):
    """Several panes that closed in one posts partition, ascending, each as its only chunk. A record is there or it is
    not: so they need not wait for one another."""

    panes: list[CountsChunk]

    @property
    def partition(self) -> int:
        return self.panes[0].partition


class Reached(msgspec.Struct, tag_field="kind", tag="reached"):
    """How far the count stage has read a posts partition, between two closes."""

    partition: int
    version: int  # the last offset read
    frontier: int  # all panes before this (ms) are closed, and were published before this message


class LiveEdge(msgspec.Struct, tag_field="kind", tag="edge"):
    """What the posts `since` to `version` of a partition have brought into panes that are still open.

    Messages of a partition add up; one whose `since` lies within what was told before (the partition was read again)
    replaces all that was told from there on. Provisional lists are made of it, final ones never."""

    partition: int
    since: int  # the first offset of the posts partition that is told of
    version: int  # the last one
    newest: int  # the newest time read in the partition, ms
    panes: list[CountsChunk]


CountsMessage = CountsChunk | Panes | Reached | LiveEdge
