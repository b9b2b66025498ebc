"""What was counted in a span of event time: one record of columns from the closed pane of a partition to an hour.

Rows are (topic, spelling, cell), each with its people (entries of the people sample) and examples; beside them stand
the cells, with all their posts. What was withdrawn in the span stands beside both, a post an entry: the post itself may
lie in a span before, and stays counted there (docs/trending.md, Withdrawn posts).

Panes unite to minutes, ten minutes and hours, and no order of uniting changes a byte.
A column is declared here, once; it travels, is kept and is united as it says (`tests/trends/test_columns.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from pipeline.trends.arrays import I32, I64, U32, U64, Mask, find, lengths_of, pointers, starts_of, used
from pipeline.trends.columns import Axis, Record, column, concat, runs_of, split, text_bytes
from pipeline.trends.names import Cell, Dictionary, Names
from pipeline.trends.people import FEW, K, least_text
from pipeline.trends.reducing import first, largest
from pipeline.trends.uniting import united

EXAMPLES = 3
Array = TypeVar("Array", I32, I64, U64)
Span = tuple[int, int, int, int]  # the half-open spans of a place: of its rows, and of its entries

ROW, CELL = Axis("row"), Axis("cell")
PERSON = Axis("person", "row", lambda: K + 1)
ORIGIN = Axis("origin", "row", lambda: K + 1)
EXAMPLE = Axis("example", "row", lambda: EXAMPLES, united=False)
CELL_PERSON = Axis("cell_person", "cell", lambda: K + 1)
CELL_ORIGIN = Axis("cell_origin", "cell", lambda: K + 1)
CELL_TOPIC = Axis("cell_topic", "cell", lambda: K + 1)
RETRACTED = Axis("retracted", "row")
CELL_RETRACTED = Axis("cell_retracted", "cell")


@dataclass(kw_only=True, eq=False)
class Counts(Record):
    """What was counted in [start, end), ms. Numbers speak of the spellings and cells of `names`."""

    start: int
    end: int
    names: Dictionary
    frontier: int = 0  # of a closed pane: all panes of its partition before this (ms) are closed and were returned
    duplicates: int = 0  # of a closed pane: posts that were there already

    topic: I32 = column(ROW, "<i4", key=True, travels=False)  # its number in Names; in a pane of a partition 0
    spelling: I32 = column(ROW, "<i4", key=True, names="spellings")
    cell: I32 = column(ROW, "<i4", key=True, names="cells")
    posts: I32 = column(ROW, "<i4")
    reposts: I32 = column(ROW, "<i4")

    person_ptr: I64 = runs_of(PERSON)
    author: U64 = column(PERSON, "<u8", key=True)
    text: U64 = column(PERSON, "<u8", least_text)  # the text that stands for the person
    author_posts: I32 = column(PERSON, "<i4")

    origin_ptr: I64 = runs_of(ORIGIN)
    origin_author: U64 = column(ORIGIN, "<u8", key=True)  # those of the people of whom something is known
    origin: U32 = column(ORIGIN, "<u4", largest)  # the server and the bot, see origins.origin_of

    example_ptr: I64 = runs_of(EXAMPLE)
    example_priority: U64 = column(EXAMPLE, "<u8", key=True)  # reposts last, else by hash of the id
    example: list[str] = column(EXAMPLE, reduce=first)  # post ids

    retracted_ptr: I64 = runs_of(RETRACTED)
    retracted: U64 = column(RETRACTED, "<u8", key=True)  # hash of the post withdrawn: its author, source, id and pane
    retracted_author: U64 = column(RETRACTED, "<u8", first)
    retracted_pane: I64 = column(RETRACTED, "<i8", first)  # where the post counts, ms

    cell_number: I32 = column(CELL, "<i4", key=True, names="cells")
    cell_posts: I32 = column(CELL, "<i4")  # with topics or without
    cell_mentions: I32 = column(CELL, "<i4")  # topics named, each once a post
    cell_late: I32 = column(CELL, "<i4")  # posts of this source that came after their pane had closed

    cell_person_ptr: I64 = runs_of(CELL_PERSON)
    cell_author: U64 = column(CELL_PERSON, "<u8", key=True)
    cell_author_posts: I32 = column(CELL_PERSON, "<i4")

    cell_origin_ptr: I64 = runs_of(CELL_ORIGIN)
    cell_origin_author: U64 = column(CELL_ORIGIN, "<u8", key=True)
    cell_origin: U32 = column(CELL_ORIGIN, "<u4", largest)

    cell_topic_ptr: I64 = runs_of(CELL_TOPIC)
    cell_topic: U64 = column(CELL_TOPIC, "<u8", key=True)  # hashes of topic keys

    cell_retracted_ptr: I64 = runs_of(CELL_RETRACTED)
    cell_retracted: U64 = column(CELL_RETRACTED, "<u8", key=True)  # as `retracted`
    cell_retracted_author: U64 = column(CELL_RETRACTED, "<u8", first)
    cell_retracted_pane: I64 = column(CELL_RETRACTED, "<i8", largest)  # -1: no cell has counted the post
    cell_retracted_id: U64 = column(CELL_RETRACTED, "<u8", first)  # hash of the post's id: no example any more

    _topics: tuple[I32, I64] | None = field(default=None, init=False)  # what `_index` gives
    _few: dict[int, Span] | None = field(default=None, init=False)  # where topics stand; empty where they are many
    _gone: frozenset[int] | None = field(default=None, init=False)  # what `gone_ids` gives
    _oldest_gone: int | None = field(default=None, init=False)  # what `oldest_retracted` gives
    _left: tuple[tuple[int, I32], ...] = field(default=(), init=False)  # since when, and what `posts_left` gives

    # -- names -------------------------------------------------------------------------------------------------------

    @property
    def spellings(self) -> list[str]:
        """By row."""
        known = self.names.spellings
        return [known[number] for number in self.spelling.tolist()]

    @property
    def cells(self) -> list[Cell]:
        """By cell."""
        known = self.names.cells
        return [known[number] for number in self.cell_number.tolist()]

    def late(self) -> dict[str, int]:
        """Posts that came late, by source, of a closed pane: those that came while it was the frontier."""
        return {cell.source: late for cell, late in zip(self.cells, self.cell_late.tolist(), strict=True) if late}

    def in_names(self, names: Dictionary) -> Counts:
        """The same with the numbers of another dictionary, which learns all names. Rows and cells keep their order."""
        spelling, cell = names.spelling_numbers(self.names.spellings), names.cell_numbers(self.names.cells)
        return self.changed(
            names=names,
            spelling=spelling[self.spelling],
            cell=cell[self.cell],
            cell_number=cell[self.cell_number],
        )

    def of_posts(self) -> Counts:
        """The same without cells that had no posts in time and of which none was withdrawn."""
        if self.cell_posts.all():
            return self
        return self.take("cell", np.flatnonzero(self.cell_posts + lengths_of(self.cell_retracted_ptr))).alone()

    def alone(self) -> Counts:
        """The same with a dictionary of its own, which holds the names that it speaks of."""
        known, known_cells = self.names.spellings, self.names.cells
        spoken, (spelling,) = used(len(known), self.spelling)
        cells, (cell, cell_number) = used(len(known_cells), self.cell, self.cell_number)
        if len(spoken) == len(known) and len(cells) == len(known_cells):
            return self
        names = Dictionary([known[n] for n in spoken.tolist()], [known_cells[n] for n in cells.tolist()])
        return self.changed(names=names, spelling=spelling, cell=cell, cell_number=cell_number)

    def numbered(self, names: Names) -> Counts:
        """The same with the numbers and topics of `names`, rows and cells in any order: `merge` puts them in order."""
        found = self.in_names(names)
        found.topic = names.topics_of(found.spelling)
        return found

    def in_order(self) -> Counts:
        """The same with rows and cells in the order of their keys."""
        return self.sort("row").sort("cell")

    def settled(self, names: Names) -> Counts:
        """The same with the numbers and topics of `names`, in order."""
        return self.numbered(names).in_order()

    def renumber(self, new_spelling: I32, new_topic: I32) -> None:
        """Names were forgotten: takes the new numbers. A topic's rows stay together and sorted."""
        told = self.changed(topic=new_topic[self.topic], spelling=new_spelling[self.spelling])
        order = np.argsort(told.topic, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            told = told.take("row", order)
        for each in fields(self):
            setattr(self, each.name, getattr(told, each.name))

    @property
    def said(self) -> tuple[I32 | I64 | U64, ...]:
        """Who said what and took it back: the columns that `samples.supports` reads."""
        people = self.person_ptr, self.author, self.text, self.author_posts
        return self.topic, self.cell, *people, self.retracted_ptr, self.retracted_author, self.retracted_pane

    # -- where topics stand ------------------------------------------------------------------------------------------

    def find(self, topic: np.int32) -> Place | None:
        """Where a topic stands; None: not here."""
        few = self._few if self._few is not None else self._few_spans()
        if few:
            span = few.get(int(topic))
            return Place(self, *span) if span is not None else None
        topics, rows = self._index()
        place = topics.searchsorted(topic)
        if place == len(topics) or topics[place] != topic:
            return None
        return self._place(rows, int(place))

    def holds_any(self, topics: I32) -> bool:
        """Whether one of the topics stands here."""
        if few := self._few_spans():
            return not few.keys().isdisjoint(topics.tolist())
        known, _ = self._index()
        return bool(find(known, topics)[0].any())

    def find_all(self, topics: I32) -> Iterator[tuple[int, Place]]:
        """(number in `topics`, place) of those that stand here; `topics` ascending."""
        known, rows = self._index()
        stands, places = find(known, topics)
        for number in np.flatnonzero(stands).tolist():
            yield number, self._place(rows, int(places[number]))

    def _place(self, rows: I64, place: int) -> Place:
        row, last_row = int(rows[place]), int(rows[place + 1])
        return Place(self, row, last_row, int(self.person_ptr[row]), int(self.person_ptr[last_row]))

    def _few_spans(self) -> dict[int, Span]:
        """Where each topic stands, of a small table: Python looks it up several times faster than numpy."""
        if self._few is None:
            self._few = {}
            if 0 < len(self.topic) <= FEW:
                topics, rows = self._index()
                bounds = list(zip(rows.tolist(), self.person_ptr[rows].tolist(), strict=True))
                spans = [(row, last, entry, end) for (row, entry), (last, end) in pairwise(bounds)]
                self._few = dict(zip(topics.tolist(), spans, strict=True))
        return self._few

    def _index(self) -> tuple[I32, I64]:
        """Each topic once, and where its rows start."""
        if self._topics is None:
            starts = starts_of(self.topic[1:] != self.topic[:-1]) if len(self.topic) else np.zeros(0, np.int64)
            self._topics = self.topic[starts], np.append(starts, len(self.topic))
        return self._topics

    def posts_by_topic(self, mask: Mask | None) -> tuple[I32, I32]:
        """(topic numbers, posts) of the topics that stand here in the cells of `mask` (by cell number); None: all."""
        topic, posts = self.topic, self.posts
        if mask is not None:
            rows = mask[self.cell]
            topic, posts = topic[rows], posts[rows]
        if len(topic) == 0:
            return topic, posts
        starts = starts_of(topic[1:] != topic[:-1])
        return topic[starts], np.add.reduceat(posts, starts, dtype=np.int32)

    def retracted_in(self, mask: Mask | None) -> tuple[I32, I64]:
        """(topic numbers, panes of the posts) of what was withdrawn in the cells of `mask`, a post an entry."""
        rows = np.repeat(np.arange(len(self.topic)), lengths_of(self.retracted_ptr))
        if mask is None:
            return self.topic[rows], self.retracted_pane
        inside = mask[self.cell[rows]]
        return self.topic[rows[inside]], self.retracted_pane[inside]

    @property
    def oldest_retracted(self) -> int:
        """The oldest pane (ms) of which a row withdraws a post, of those that withdraw any."""
        if self._oldest_gone is None:
            self._oldest_gone = int(self.retracted_pane.min())
        return self._oldest_gone

    def posts_left(self, since: int) -> I32:
        """The posts of each row less those of panes from `since` (ms) on that it withdraws. Only of a table whose rows
        withdraw some."""
        since = max(since, self.oldest_retracted)
        for known, left in self._left:
            if known == since:
                return left
        withdrawn = pointers((self.retracted_pane >= since).astype(np.int64))[self.retracted_ptr]
        left = self.posts - lengths_of(withdrawn).astype(np.int32)
        self._left = ((since, left), *self._left[:2])  # lists of several windows take turns
        return left

    @property
    def gone_ids(self) -> frozenset[int]:
        """Hashes of the ids of posts that were withdrawn, as example priorities hold them."""
        if self._gone is None:
            self._gone = frozenset((self.cell_retracted_id >> np.uint64(1)).tolist())
        return self._gone

    # -- all posts, with topics or without ---------------------------------------------------------------------------

    def posted(self, mask: Mask | None) -> tuple[int, int]:
        """Posts in the cells of `mask`, and how often they name topics."""
        if mask is None:
            return int(self.cell_posts.sum()), int(self.cell_mentions.sum())
        inside = mask[self.cell_number]
        return int(self.cell_posts[inside].sum()), int(self.cell_mentions[inside].sum())

    def people_in(self, mask: Mask | None) -> U64:
        """The people samples of the cells of `mask`, one after the other."""
        return self._inside(mask, self.cell_author, self.cell_person_ptr)

    def retracted_posts(self, mask: Mask | None) -> tuple[U64, I64]:
        """(authors, panes of the posts) of what was withdrawn in the cells of `mask`, with topics or without."""
        ptr = self.cell_retracted_ptr
        return self._inside(mask, self.cell_retracted_author, ptr), self._inside(mask, self.cell_retracted_pane, ptr)

    def author_posts_in(self, mask: Mask | None) -> I32:
        """How many posts each of `people_in` has."""
        return self._inside(mask, self.cell_author_posts, self.cell_person_ptr)

    def topics_in(self, mask: Mask | None) -> U64:
        """The samples of topic hashes of the cells of `mask`, one after the other."""
        return self._inside(mask, self.cell_topic, self.cell_topic_ptr)

    def _inside(self, mask: Mask | None, values: Array, ptr: I64) -> Array:
        return values if mask is None else values[np.repeat(mask[self.cell_number], np.diff(ptr))]


class Place(NamedTuple):
    """The rows and entries of a topic in a record, as half-open spans."""

    table: Counts
    row: int
    last_row: int
    entry: int
    last_entry: int

    def lies_in(self, mask: Mask) -> bool:
        """Whether all rows are in the cells of `mask`."""
        cells = self.table.cell
        if self.last_row - self.row == 1:
            return bool(mask[cells[self.row]])
        return all(mask[cells[self.row : self.last_row]].tolist())  # of a few rows: faster than numpy's own

    def rows(self, mask: Mask | None) -> list[int]:
        """The rows in the cells of `mask` (by cell number); None: all."""
        rows = range(self.row, self.last_row)
        if mask is None:
            return list(rows)
        inside = mask[self.table.cell[self.row : self.last_row]].tolist()
        return [row for row, found in zip(rows, inside, strict=True) if found]


def merge(parts: Sequence[Counts], start: int, end: int) -> Counts:
    """Records of disjoint posts (panes, partitions), with one dictionary, as one of [start, end) that is in order."""
    if len(parts) == 1:
        return parts[0].in_order().changed(start=start, end=end)
    return united(parts).changed(start=start, end=end)


def chunks_of(counts: Counts, most_bytes: int) -> Iterable[Counts]:
    """The record as several of about `most_bytes` at most as they travel; `joined` puts them together."""
    cells = [(cell.source, cell.lang, *cell.events) for cell in counts.names.cells]
    names_bytes = {
        "spellings": text_bytes(counts.names.spellings),
        "cells": np.array([int(text_bytes(texts).sum()) for texts in cells], np.int64),
    }
    return split(counts, most_bytes, names_bytes)


def joined(chunks: Sequence[Counts]) -> Counts:
    """The record that was cut to these chunks, in their order."""
    if len(chunks) == 1:
        return chunks[0]
    names = Dictionary()
    return concat([chunk.in_names(names) for chunk in chunks])
