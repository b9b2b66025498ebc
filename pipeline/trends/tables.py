"""Final panes as tables of one resolution, and their roll-up 10 s -> 1 min -> 10 min -> 1 h.

A table's rows are (topic, spelling, cell), sorted so that a topic's rows stand together. Names are numbers here;
`Names` knows them both ways. Rolling up is exact: counts add, samples unite, examples keep the smallest lots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.text import fold
from pipeline.trends.arrays import I32, I64, U64, Mask, lengths_of, order_by, pointers, run_lengths, spans, starts_of
from pipeline.trends.panes import EXAMPLES, Cell, PaneCounts, Totals, united_sample
from pipeline.trends.people import capped, unite

EXAMPLES_FROM = 5  # entries of a topic in an hour from which its examples are kept

class Names:
    """Numbers for spellings, topic keys and cells, given in order of appearance."""

    def __init__(self) -> None:
        self.spellings: list[str] = []
        self.keys: list[str] = []
        self.cells: list[Cell] = []
        self._spelling: dict[str, int] = {}
        self._topic: dict[str, int] = {}
        self._cell: dict[Cell, int] = {}
        self._topic_of = np.zeros(1024, np.int32)  # by spelling

    def spelling_numbers(self, spellings: Sequence[str]) -> I32:
        known = self._spelling
        numbers = [known.get(spelling, -1) for spelling in spellings]
        if -1 in numbers:
            numbers = [n if n >= 0 else self._new_spelling(s) for n, s in zip(numbers, spellings, strict=True)]
        return np.array(numbers, np.int32)

    def _new_spelling(self, spelling: str) -> int:
        number = self._spelling.get(spelling)
        if number is not None:
            return number
        number = self._spelling[spelling] = len(self.spellings)
        self.spellings.append(spelling)
        if number == len(self._topic_of):
            self._topic_of = np.concatenate((self._topic_of, np.zeros(number, np.int32)))
        key = fold(spelling)
        topic = self._topic.get(key)
        if topic is None:
            topic = self._topic[key] = len(self.keys)
            self.keys.append(spelling if spelling == key else key)
        self._topic_of[number] = topic
        return number

    def topics_of(self, spellings: I32) -> I32:
        return self._topic_of[spellings]

    def cell_number(self, cell: Cell) -> int:
        number = self._cell.get(cell)
        if number is None:
            number = self._cell[cell] = len(self.cells)
            self.cells.append(cell)
        return number

    def keep_only(self, spellings: I32) -> tuple[I32, I32]:
        """Forgets all spellings but these, and topics without one.

        Returns the new numbers by old number of spellings and topics, -1 for the forgotten.
        """
        new_spelling = np.full(len(self.spellings), -1, np.int32)
        new_topic = np.full(len(self.keys), -1, np.int32)
        old_keys, old = self.keys, [self.spellings[i] for i in spellings.tolist()]
        topic_of = self._topic_of[spellings].tolist()
        self.spellings, self.keys, self._spelling, self._topic = [], [], {}, {}
        for number, (spelling, topic) in enumerate(zip(old, topic_of, strict=True)):
            self.spellings.append(spelling)
            self._spelling[spelling] = number
            if new_topic[topic] < 0:
                new_topic[topic] = len(self.keys)
                self._topic[old_keys[topic]] = len(self.keys)
                self.keys.append(old_keys[topic])
            self._topic_of[number] = new_topic[topic]
        new_spelling[spellings] = np.arange(len(spellings), dtype=np.int32)
        return new_spelling, new_topic


@dataclass(slots=True)
class Table:
    """What was counted in [start, end), ms. Columns as in PaneCounts, numbers instead of names."""

    start: int
    end: int
    topic: I32  # by row, ascending
    spelling: I32
    cell: I32
    posts: I32
    reposts: I32
    ptr: I64
    author: U64  # by entry
    text: U64
    said: I32
    example_ptr: I64
    example_lot: U64
    examples: list[str]
    totals: dict[int, Totals]  # by cell
    _topics: tuple[I32, I64] | None = None  # what `_index` gives

    def find(self, topic: np.int32) -> Place | None:
        """Where a topic stands; None: not here."""
        topics, rows = self._index()
        place = topics.searchsorted(topic)
        if place == len(topics) or topics[place] != topic:
            return None
        row, last_row = rows[place], rows[place + 1]
        return Place(self, int(row), int(last_row), int(self.ptr[row]), int(self.ptr[last_row]))

    def holds_any(self, topics: I32) -> bool:
        """Whether one of the topics stands here."""
        known, _ = self._index()
        if len(known) == 0:
            return False
        return bool((known[np.minimum(known.searchsorted(topics), len(known) - 1)] == topics).any())

    def find_all(self, topics: I32) -> Iterator[tuple[int, Place]]:
        """(number in `topics`, place) of those that stand here; `topics` ascending."""
        known, rows = self._index()
        if len(known) == 0 or len(topics) == 0:
            return
        places = np.minimum(known.searchsorted(topics), len(known) - 1)
        for number in np.flatnonzero(known[places] == topics).tolist():
            row, last_row = rows[places[number]], rows[places[number] + 1]
            yield number, Place(self, int(row), int(last_row), int(self.ptr[row]), int(self.ptr[last_row]))

    def _index(self) -> tuple[I32, I64]:
        """Each topic once, and where its rows start."""
        if self._topics is None:
            starts = starts_of(self.topic[1:] != self.topic[:-1]) if len(self.topic) else np.zeros(0, np.int64)
            self._topics = self.topic[starts], np.append(starts, len(self.topic))
        return self._topics

    def renumber(self, new_spelling: I32, new_topic: I32) -> None:
        """Names were forgotten: takes the new numbers. A topic's rows stay together and sorted."""
        self.topic, self.spelling, self._topics = new_topic[self.topic], new_spelling[self.spelling], None
        order = np.argsort(self.topic, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            _take_rows(self, order)


class Place(NamedTuple):
    """The rows and entries of a topic in a table, as half-open spans."""

    table: Table
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


def from_pane(pane: PaneCounts, names: Names, pane_ms: int) -> Table:
    """A final pane of one partition, in numbers."""
    spelling = names.spelling_numbers(pane.spellings)
    cells = np.array([names.cell_number(cell) for cell in pane.cells], np.int32)
    table = Table(
        pane.start, pane.start + pane_ms, names.topics_of(spelling), spelling, cells[pane.cell], pane.posts,
        pane.reposts, pane.ptr, pane.author, pane.text, pane.said, pane.example_ptr, pane.example_lot, pane.examples,
        dict(zip(cells.tolist(), pane.totals, strict=True)),
    )  # fmt: skip
    return in_order(table)


def in_order(table: Table) -> Table:
    """The same table, its rows sorted by (topic, spelling, cell)."""
    _take_rows(table, np.lexsort((table.cell, table.spelling, table.topic)))
    return table


def _take_rows(table: Table, rows: I64) -> None:
    """Keeps these rows, in this order."""
    entries = spans(table.ptr[rows], table.ptr[rows + 1])
    examples = spans(table.example_ptr[rows], table.example_ptr[rows + 1])
    table.ptr = pointers(table.ptr[rows + 1] - table.ptr[rows])
    table.example_ptr = pointers(table.example_ptr[rows + 1] - table.example_ptr[rows])
    table.topic, table.spelling, table.cell = table.topic[rows], table.spelling[rows], table.cell[rows]
    table.posts, table.reposts = table.posts[rows], table.reposts[rows]
    table.author, table.text, table.said = table.author[entries], table.text[entries], table.said[entries]
    table.example_lot = table.example_lot[examples]
    table.examples = [table.examples[i] for i in examples.tolist()]
    table._topics = None


def merge(tables: Sequence[Table], start: int, end: int) -> Table:
    """The tables of disjoint posts (panes, partitions) as one of [start, end)."""
    if len(tables) == 1:
        only = tables[0]
        return Table(
            start, end, only.topic, only.spelling, only.cell, only.posts, only.reposts, only.ptr, only.author,
            only.text, only.said, only.example_ptr, only.example_lot, only.examples, only.totals,
        )  # fmt: skip
    topic = np.concatenate([t.topic for t in tables])
    spelling = np.concatenate([t.spelling for t in tables])
    cell = np.concatenate([t.cell for t in tables])
    order = np.lexsort((cell, spelling, topic))
    topic, spelling, cell = topic[order], spelling[order], cell[order]
    if len(order) == 0:
        starts = np.zeros(0, np.int64)
    else:
        starts = starts_of((spelling[1:] != spelling[:-1]) | (cell[1:] != cell[:-1]))
    rows = len(starts)
    new_row = np.empty(len(order), np.int64)
    new_row[order] = np.repeat(np.arange(rows), np.diff(starts, append=len(order)))

    group = np.repeat(new_row, np.concatenate([lengths_of(t.ptr) for t in tables]))
    author = np.concatenate([t.author for t in tables])
    text = np.concatenate([t.text for t in tables])
    said = np.concatenate([t.said for t in tables])
    group, author, text, said = unite(group, author, text, said, rows)
    keep = capped(group)
    if keep is not None:
        group, author, text, said = group[keep], author[keep], text[keep], said[keep]

    example_group = np.repeat(new_row, np.concatenate([lengths_of(t.example_ptr) for t in tables]))
    example_lot = np.concatenate([t.example_lot for t in tables])
    by_lot = order_by(example_group, example_lot, rows)
    lengths = np.bincount(example_group, minlength=rows)
    in_row = np.arange(len(by_lot)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    chosen = by_lot[in_row < EXAMPLES]
    all_examples = [example for t in tables for example in t.examples]

    def summed(column: I32) -> I32:
        return np.add.reduceat(column[order], starts, dtype=np.int32) if rows else column

    return Table(
        start,
        end,
        topic[starts],
        spelling[starts],
        cell[starts],
        summed(np.concatenate([t.posts for t in tables])),
        summed(np.concatenate([t.reposts for t in tables])),
        pointers(np.bincount(group, minlength=rows)),
        author,
        text,
        said,
        pointers(np.minimum(lengths, EXAMPLES)),
        example_lot[chosen],
        [all_examples[i] for i in chosen.tolist()],
        _merge_totals([t.totals for t in tables]),
    )


def _merge_totals(parts: Sequence[dict[int, Totals]]) -> dict[int, Totals]:
    by_cell: dict[int, list[Totals]] = {}
    for part in parts:
        for cell, totals in part.items():
            by_cell.setdefault(cell, []).append(totals)
    return {cell: united_totals(found) for cell, found in by_cell.items()}


def united_totals(totals: Sequence[Totals]) -> Totals:
    """The totals of several cells or panes together."""
    if len(totals) == 1:
        return totals[0]
    return Totals(
        sum(t.posts for t in totals),
        sum(t.mentions for t in totals),
        united_sample([t.people for t in totals]),
        united_sample([t.topics for t in totals]),
    )


def hourly_record(table: Table) -> tuple[int, int]:
    """Makes an hour's table small enough to keep: without the topics that one single person named in it, and without
    examples of topics with few entries. Returns how many topics and posts went so."""
    if len(table.topic) == 0:
        return 0, 0
    starts = starts_of(table.topic[1:] != table.topic[:-1])
    rows = run_lengths(starts, len(table.topic))
    bounds = np.append(table.ptr[starts], table.ptr[-1])
    entries = lengths_of(bounds)
    other = table.author != np.repeat(table.author[bounds[:-1]], entries)
    several = np.add.reduceat(other, bounds[:-1]) > 0
    keep = np.repeat(several, rows)
    topics, posts = int(np.count_nonzero(~several)), int(table.posts[~keep].sum())
    many = np.repeat(entries >= EXAMPLES_FROM, rows)[keep]
    _take_rows(table, np.flatnonzero(keep))
    shown = np.where(many, lengths_of(table.example_ptr), 0)
    examples = spans(table.example_ptr[:-1], table.example_ptr[:-1] + shown)
    table.example_lot = table.example_lot[examples]
    table.examples = [table.examples[i] for i in examples.tolist()]
    table.example_ptr = pointers(shown)
    return topics, posts


def in_scope(table: Table, mask: Mask | None) -> Mask | None:
    """Which rows of the table lie in the cells of `mask` (by cell number); None: all."""
    return None if mask is None else mask[table.cell]


def totals_in(table: Table, mask: Mask | None) -> list[Totals]:
    """The totals of the cells of `mask` (by cell number); None: all."""
    return [totals for cell, totals in table.totals.items() if mask is None or mask[cell]]


def said_in(table: Table, mask: Mask | None) -> tuple[int, int]:
    """All posts in the cells of `mask`, with topics or without, and how often they name topics."""
    found = totals_in(table, mask)
    return sum(totals.posts for totals in found), sum(totals.mentions for totals in found)


def posts_by_topic(table: Table, mask: Mask | None) -> tuple[I32, I32]:
    """(topic numbers, posts) of the topics the table holds in these cells."""
    rows = in_scope(table, mask)
    topic, posts = (table.topic, table.posts) if rows is None else (table.topic[rows], table.posts[rows])
    if len(topic) == 0:
        return topic, posts
    starts = starts_of(topic[1:] != topic[:-1])
    return topic[starts], np.add.reduceat(posts, starts, dtype=np.int32)
