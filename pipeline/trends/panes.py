"""Counting one partition's posts in panes of event time: what is open, what closes, what came late or twice.

The state is a function of the partition's log alone. A pane collects posts until the watermark (newest time read less
the lateness) passes its end; then it is summed up once and never changes. See docs/trending.md and docs/invariants.md.

    pane_ms = 10 s     0        10        20        30        40
    posts              |..x..x..|.x.x.x...|...xxx...|..
                                                    ^ newest (37 s)
    watermark = newest - lateness (5 s) = 32 s: panes 0, 10 and 20 are closed, 30 is open, the frontier is 30
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
from xxhash import xxh64_intdigest as xxh64

from pipeline.text import EventMatcher, fold, language, source_name, text_key, topics_of
from pipeline.trends.arrays import I32, I64, U64, Mask, order_by, pointers, starts_of
from pipeline.trends.people import K, capped, hash64, text_hash, unite
from schemas import Post

EXAMPLES = 3
FEW = 64  # numbers that Python sorts faster than numpy
EDGE_ROWS, EDGE_PEOPLE = 2_000, 20_000  # at most, of a pane, that the live edge tells at a time
Label = tuple[str | None, str | None, tuple[str, ...]]  # source and language as a post says them, its events


class Cell(NamedTuple):
    """Where a post belongs; scopes are unions of cells. Empty strings: not known."""

    source: str
    lang: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """Pane length and how far posts of a partition may come out of order, in ms."""

    pane_ms: int = 10_000
    lateness_ms: int = 5_000


@dataclass(slots=True)
class Totals:
    """All posts of a cell in a pane, with topics or without."""

    posts: int
    mentions: int  # topics named, each once a post
    people: U64  # the K + 1 smallest author hashes, sorted
    topics: U64  # the K + 1 smallest hashes of topic keys, sorted


@dataclass(slots=True)
class PaneCounts:
    """A closed pane of one partition. Row i is a spelling in a cell; its people are entries ptr[i] to ptr[i + 1]."""

    start: int
    cells: list[Cell]
    totals: list[Totals]
    spellings: list[str]
    cell: I32  # by row: index into cells
    posts: I32  # by row
    reposts: I32  # by row
    ptr: I64  # rows + 1
    author: U64  # by entry, sorted within the row
    text: U64  # by entry
    said: I32  # by entry: the person's posts
    example_ptr: I64  # rows + 1
    example_lot: U64  # by example, ascending within the row: reposts last, else by hash of the id
    examples: list[str]  # by example: post ids
    late: dict[str, int] = field(default_factory=dict)  # by source, of those that came while this pane was the frontier
    duplicates: int = 0
    frontier: int = 0  # all panes of the partition before this (ms) are closed and were returned, this one included


class _OpenCell:
    """What an open pane holds of one cell."""

    __slots__ = ("authors", "cell", "mentions", "rows", "seen", "told", "told_authors")

    def __init__(self, cell: Cell, seen: set[str]) -> None:
        self.cell = cell
        self.seen = seen  # post ids of the cell's source
        self.authors: list[int] = []
        self.rows: dict[str, list[int]] = {}  # spelling -> which of the pane's posts with topics
        self.mentions = 0
        self.told = np.zeros(0, np.int64)  # by row: how many of its posts the live edge has told
        self.told_authors = 0


class _OpenPane:
    """What is collected of a pane until it closes."""

    __slots__ = (
        "authors", "by_cell", "by_label", "duplicates", "first_offset", "ids", "seen", "start", "texts", "told_posts",
    )  # fmt: skip

    def __init__(self, start: int, first_offset: int) -> None:
        self.start = start
        self.first_offset = first_offset
        self.by_label: dict[Label, _OpenCell] = {}  # as the posts say it
        self.by_cell: dict[Cell, _OpenCell] = {}
        self.seen: dict[str, set[str]] = {}
        self.authors: list[int] = []  # of the posts with topics, as texts and ids
        self.texts: list[int] = []
        self.ids: list[str] = []
        self.duplicates = 0
        self.told_posts = 0  # how many of them the live edge has told

    def cell_of(self, label: Label) -> _OpenCell:
        source = source_name(label[0])
        cell = Cell(source, language(label[1]), label[2])
        found = self.by_cell.get(cell)
        if found is None:
            found = self.by_cell[cell] = _OpenCell(cell, self.seen.setdefault(source, set()))
        self.by_label[label] = found
        return found


class PaneCounter:
    """Counts the posts of one partition, given in log order.

    `add` and `mark` return the panes that closed by it and belonged to a record, in ascending order; `frontier` says up
    to where all panes are closed (ms).
    """

    def __init__(self, grid: Grid, matcher: EventMatcher | None = None) -> None:
        self.grid = grid
        self.frontier = 0
        self.newest = 0
        self.read = self.duplicates = 0
        self.late_by_source: dict[str, int] = {}
        self._matcher = matcher
        self._open: dict[int, _OpenPane] = {}
        self._late: dict[str, int] = {}  # under the present frontier
        self._closes_at = grid.pane_ms + grid.lateness_ms  # the time that closes the pane at the frontier

    @property
    def open_panes(self) -> int:
        """How many panes still take posts."""
        return len(self._open)

    def redefine(self, matcher: EventMatcher | None) -> None:
        """Posts from here on belong to the events and watchlists that `matcher` finds; those before stay what they are,
        in a pane that is open too."""
        self._matcher = matcher

    def rewind_offset(self, next_offset: int) -> int:
        """The first offset that belongs to an open pane, else `next_offset`: from here the state can be rebuilt."""
        return min((pane.first_offset for pane in self._open.values()), default=next_offset)

    def add(self, posts: Sequence[Post], first_offset: int = 0) -> list[PaneCounts]:
        """Counts posts with consecutive offsets; `time` must be ms (see schemas.decode_post)."""
        pane_ms, matcher = self.grid.pane_ms, self._matcher
        closed: list[PaneCounts] = []
        start, end = 0, -1  # of the pane at hand
        pane: _OpenPane | None = None
        by_label: dict[Label, _OpenCell] = {}
        events: tuple[str, ...] = ()
        for offset, post in enumerate(posts, first_offset):
            time: int = post.time  # type: ignore[assignment]  # decoded posts carry ms
            if not start <= time < end or pane is None:
                start = time - time % pane_ms
                end = start + pane_ms
                if start < self.frontier:
                    pane = None
                    self._count_late(post)
                    continue
                pane = self._open.get(start)
                if pane is None:
                    pane = self._open[start] = _OpenPane(start, offset)
                by_label = pane.by_label
            topics = topics_of(post)
            if matcher is not None:
                events = matcher.match(post, topics)
            label = (post.source, post.lang, events)
            cell = by_label.get(label) or pane.cell_of(label)
            seen = cell.seen
            known = len(seen)
            seen.add(post.id)
            if len(seen) == known:
                pane.duplicates += 1
                self.duplicates += 1
                continue
            author = xxh64(post.author.encode())  # hash64, without the call
            cell.authors.append(author)
            if topics:
                ids = pane.ids
                index = len(ids)
                ids.append(post.id)
                pane.authors.append(author)
                repost_of = post.repost_of
                pane.texts.append(text_hash("" if repost_of else text_key(post.text), repost_of))
                cell.mentions += len(topics)
                rows = cell.rows
                for spelling in topics:
                    if spelling in rows:
                        rows[spelling].append(index)
                    else:
                        rows[spelling] = [index]
            if time > self.newest:
                self.newest = time
                if time >= self._closes_at:
                    closed += self._close()
        self.read += len(posts)
        return closed

    def mark(self, time_ms: int, offset: int = 0) -> list[PaneCounts]:
        """A marker: event time has come to `time_ms` in this partition, though nobody posted.

        It belongs to a pane as a post does, so that the watermark can be rebuilt from the rewind offset; one whose pane
        is closed already says nothing new."""
        start = time_ms - time_ms % self.grid.pane_ms
        if start >= self.frontier:
            if start not in self._open:
                self._open[start] = _OpenPane(start, offset)
            if time_ms > self.newest:
                self.newest = time_ms
                if time_ms >= self._closes_at:
                    return self._close()
        return []

    def edge(self) -> list[PaneCounts]:
        """What open panes have got since this was last asked: the live edge. It changes nothing of what closes."""
        found = (_sum_up_news(pane) for _, pane in sorted(self._open.items()))
        return [news for news in found if news is not None]

    def _count_late(self, post: Post) -> None:
        source = source_name(post.source)
        self._late[source] = self._late.get(source, 0) + 1
        self.late_by_source[source] = self.late_by_source.get(source, 0) + 1

    def _close(self) -> list[PaneCounts]:
        """Closes every pane that the watermark has passed."""
        pane_ms, lateness_ms = self.grid.pane_ms, self.grid.lateness_ms
        before = self.frontier
        self.frontier = (self.newest - lateness_ms) // pane_ms * pane_ms
        self._closes_at = self.frontier + pane_ms + lateness_ms
        due = sorted(start for start in self._open if start < self.frontier)
        if self._late and before not in due:
            due.insert(0, before)
        closed = []
        for start, following in zip(due, [*due[1:], self.frontier], strict=False):
            counts = sum_up(self._open.pop(start) if start in self._open else _OpenPane(start, 0))
            if start == before:
                counts.late, self._late = self._late, {}
            counts.frontier = following  # not yet that of the panes after it: they may be published later
            closed.append(counts)
        return closed


def sum_up(pane: _OpenPane) -> PaneCounts:
    """The complete content of a pane: rows by cell and spelling, people samples, examples, totals."""
    cells = list(pane.by_cell.values())
    counts = _summed(
        pane, 0, cells, [list(cell.rows) for cell in cells], [row for cell in cells for row in cell.rows.values()],
        [_totals(cell.authors, cell.mentions, list(cell.rows)) for cell in cells],
    )  # fmt: skip
    counts.duplicates = pane.duplicates
    return counts


def _sum_up_news(pane: _OpenPane) -> PaneCounts | None:
    """What a pane has got since it was last asked. Where that is more than EDGE_ROWS rows or EDGE_PEOPLE entries: the
    rows of events, then those with most new posts. None: nothing."""
    cells = [cell for cell in pane.by_cell.values() if len(cell.authors) > cell.told_authors]
    if not cells:
        return None
    fresh, new_posts, grown = [], [], []
    for cell in cells:
        length = np.fromiter(map(len, cell.rows.values()), np.int64, len(cell.rows))
        more = length.copy()
        more[: len(cell.told)] -= cell.told
        rows = np.flatnonzero(more)
        fresh.append(rows)
        new_posts.append(more[rows])
        grown.append(length)
    told_rows = np.split(_most_telling(cells, new_posts), np.cumsum([len(rows) for rows in fresh])[:-1])
    spellings: list[list[str]] = []
    indices: list[list[int]] = []
    totals = []
    for cell, rows, more, length, wanted in zip(cells, fresh, new_posts, grown, told_rows, strict=True):
        chosen = rows[wanted]
        names, found = list(cell.rows), list(cell.rows.values())
        told = np.zeros(len(length), np.int64)
        told[: len(cell.told)] = cell.told
        spellings.append([names[row] for row in chosen.tolist()])
        indices += [found[row][begin:] for row, begin in zip(chosen.tolist(), told[chosen].tolist(), strict=True)]
        totals.append(_totals(cell.authors[cell.told_authors :], int(more.sum()), ()))
        cell.told, cell.told_authors = length, len(cell.authors)
    told_posts, pane.told_posts = pane.told_posts, len(pane.ids)
    return _summed(pane, told_posts, cells, spellings, indices, totals)


def _most_telling(cells: Sequence[_OpenCell], new_posts: Sequence[I64]) -> Mask:
    """Which rows to tell of, given the new posts of each, by cell."""
    posts = np.concatenate(new_posts)
    of_events = np.repeat([bool(cell.cell.events) for cell in cells], [len(rows) for rows in new_posts])
    order = np.lexsort((-posts, ~of_events))[:EDGE_ROWS]
    wanted = np.zeros(len(posts), np.bool_)
    wanted[order[np.cumsum(np.minimum(posts[order], K + 1)) <= EDGE_PEOPLE]] = True
    return wanted


def _summed(
    pane: _OpenPane,
    begin: int,
    cells: Sequence[_OpenCell],
    spellings: Sequence[Sequence[str]],
    indices: Sequence[Sequence[int]],
    totals: list[Totals],
) -> PaneCounts:
    """Rows by (cell, spelling) out of the pane's posts with topics, of which those before `begin` are not spoken of.
    `spellings` are by cell, `indices` by row: which posts."""
    authors = np.array(pane.authors[begin:], np.uint64)
    texts = np.array(pane.texts[begin:], np.uint64)
    rows = len(indices)
    posts = np.fromiter(map(len, indices), np.int64, rows)
    which = np.fromiter(chain.from_iterable(indices), np.int64, int(posts.sum())) - begin
    group = np.repeat(np.arange(rows), posts)
    author, text = authors[which], texts[which]
    reposts = np.bincount(group, weights=(text & np.uint64(1)).astype(np.float64), minlength=rows)

    ids = pane.ids[begin:]
    drawn = np.array([hash64(post) >> 1 for post in ids], np.uint64) | texts << np.uint64(63)
    lot = drawn[which]
    order = order_by(group, lot, rows)
    in_row = np.arange(len(order)) - np.repeat(np.cumsum(posts) - posts, posts)
    chosen = order[in_row < EXAMPLES]

    group, author, text, said = unite(group, author, text, np.ones(len(group), np.int32), rows)
    keep = capped(group)
    if keep is not None:
        group, author, text, said = group[keep], author[keep], text[keep], said[keep]
    return PaneCounts(
        start=pane.start,
        cells=[cell.cell for cell in cells],
        totals=totals,
        spellings=list(chain.from_iterable(spellings)),
        cell=np.repeat(np.arange(len(cells), dtype=np.int32), [len(names) for names in spellings]),
        posts=posts.astype(np.int32),
        reposts=reposts.astype(np.int32),
        ptr=pointers(np.bincount(group, minlength=rows)),
        author=author,
        text=text,
        said=said,
        example_ptr=pointers(np.minimum(posts, EXAMPLES)),
        example_lot=lot[chosen],
        examples=[ids[i] for i in which[chosen].tolist()],
    )


def _totals(authors: Sequence[int], mentions: int, spellings: Sequence[str]) -> Totals:
    topics = [hash64(fold(spelling)) for spelling in spellings]
    return Totals(len(authors), mentions, _sample(authors), _sample(topics))


def _sample(hashes: Sequence[int]) -> U64:
    if len(hashes) < FEW:
        return np.array(sorted(set(hashes)), np.uint64)
    return smallest(np.array(hashes, np.uint64))


def united_sample(samples: Sequence[U64]) -> U64:
    """What `smallest` gives of several of its own (one at least)."""
    if sum(map(len, samples)) < FEW:
        return np.array(sorted(set().union(*[sample.tolist() for sample in samples])), np.uint64)
    return smallest(np.concatenate(samples))


def smallest(hashes: U64) -> U64:
    """The K + 1 smallest different hashes, sorted: a sample that tells how many there were."""
    ordered = np.sort(hashes)
    if len(ordered) > 1:
        ordered = ordered[starts_of(ordered[1:] != ordered[:-1])]
    return ordered[: K + 1]
