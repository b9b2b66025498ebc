"""Which posts that were counted have been withdrawn: each once, whatever retractions say.

Retractions name posts that their partition has counted long ago, or never. Here they are held against the tables of the
posts' own time: what remains of them names a row with a post of that author which nobody has withdrawn before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.trends.arrays import I32, U64, Integers, lengths_of, pointers
from pipeline.trends.counts import Counts, merge
from pipeline.trends.people import K
from pipeline.trends.retracting import NOT_COUNTED

_REST = -1  # stands for the authors of a row that its sample does not hold

_WHOLE = -1  # the topic, and the spelling, of a post as a whole

_Place = tuple[int, int, int, int]  # spelling, cell, author (or _REST), posts


class _Known(NamedTuple):
    """What is withdrawn of the posts of a step."""

    keys: set[tuple[int, int]]  # topic, post
    posts: dict[tuple[int, int, int], int]  # by spelling, cell, author


class Withdrawals:
    """What is withdrawn of the tables of one grid. Tables come in the order of time."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = step_ms
        self._known: dict[int, _Known] = {}  # by start of the step (ms) that holds the posts

    def settle(self, table: Counts, counted: Mapping[int, Counts], since: int) -> Counts:
        """The table with those retractions only that withdraw what `counted` (tables by start) or itself holds, under
        the row and cell that hold it. Those of posts before `since` (ms), where tables are gone, stay as they are."""
        if not len(table.cell_retracted):
            return table
        rows = self._rows(table, counted, since)
        cells = self._cells(table, counted, since)
        keep = np.array([found == (own, cell) for own, cell, found in rows], np.bool_)
        moved = [(n, found) for n, (own, cell, found) in enumerate(rows) if found not in (None, (own, cell))]
        pane = np.array([at for _, at in cells], np.int64)
        settled = table.keep_elements("retracted", keep).changed(cell_retracted_pane=pane)
        own = np.repeat(table.cell_number, lengths_of(table.cell_retracted_ptr)).tolist()
        cells_moved = [
            (n, cell) for n, ((cell, _), before) in enumerate(zip(cells, own, strict=True)) if cell != before
        ]
        if moved or cells_moved:
            settled = _with_moved(settled, table, moved, cells_moved)
        empty = (settled.posts == 0) & (lengths_of(settled.retracted_ptr) == 0)
        return settled.take("row", np.flatnonzero(~empty)) if empty.any() else settled

    def _rows(
        self, table: Counts, counted: Mapping[int, Counts], since: int
    ) -> list[tuple[int, int, tuple[int, int] | None]]:
        """Of each retraction its spelling and cell, and those of the row that it is settled in; None: none."""
        of = np.repeat(np.arange(len(table.posts)), lengths_of(table.retracted_ptr))
        topics, spellings, cells = (values[of].tolist() for values in (table.topic, table.spelling, table.cell))
        entries = (table.retracted.tolist(), table.retracted_author.tolist(), table.retracted_pane.tolist())
        found: list[tuple[int, int, tuple[int, int] | None]] = []
        elsewhere: list[tuple[int, int, int, int, list[_Place]]] = []
        for topic, spelling, cell, key, author, pane in zip(topics, spellings, cells, *entries, strict=True):
            start = pane // self._step_ms * self._step_ms
            row: tuple[int, int] | None = (spelling, cell)
            if start >= since:
                home = table if start == table.start else counted.get(start)
                places = _rows_of(home, topic, (spelling, cell), author) if home is not None else []
                if places and places[0][:2] == row:
                    row = self._take(start, topic, key, places)
                else:
                    row = None
                    elsewhere.append((len(found), start, topic, key, places))
            found.append((spelling, cell, row))
        for number, start, topic, key, places in elsewhere:
            found[number] = (*found[number][:2], self._take(start, topic, key, places))
        return found

    def _cells(self, table: Counts, counted: Mapping[int, Counts], since: int) -> list[tuple[int, int]]:
        """Of each retraction the cell that it is settled in and the post's pane, NOT_COUNTED where there is none."""
        found: list[tuple[int, int]] = []
        elsewhere: list[tuple[int, int, int, int, list[_Place]]] = []
        cells = np.repeat(table.cell_number, lengths_of(table.cell_retracted_ptr)).tolist()
        entries = (table.cell_retracted.tolist(), table.cell_retracted_author.tolist())
        for cell, key, author, pane in zip(cells, *entries, table.cell_retracted_pane.tolist(), strict=True):
            start = pane // self._step_ms * self._step_ms
            place: tuple[int, int] | None = (_WHOLE, cell)
            if start >= since:
                home = table if start == table.start else counted.get(start)
                places = _cells_of(home, cell, author) if home is not None else []
                if places and places[0][1] == cell:
                    place = self._take(start, _WHOLE, key, places)
                else:
                    place = None
                    elsewhere.append((len(found), start, pane, key, places))
            found.append((cell, pane if place else NOT_COUNTED))
        for number, start, pane, key, places in elsewhere:
            if (place := self._take(start, _WHOLE, key, places)) is not None:
                found[number] = place[1], pane
        return found

    def _take(self, start: int, topic: int, key: int, places: Iterable[_Place]) -> tuple[int, int] | None:
        """The first of the places that has a post which is not withdrawn; None also where the post is withdrawn."""
        known = self._known.setdefault(start, _Known(set(), {}))
        for spelling, cell, author, posts in () if (topic, key) in known.keys else places:
            taken = known.posts.get((spelling, cell, author), 0)
            if taken < posts:
                known.keys.add((topic, key))
                known.posts[spelling, cell, author] = taken + 1
                return spelling, cell
        return None

    def forget(self, before: int) -> None:
        """Tables of steps before this (ms) are gone."""
        for start in [start for start in self._known if start < before]:
            del self._known[start]

    def restore(self, tables: Mapping[int, Counts]) -> None:
        """What the retractions in these tables, all settled, have withdrawn."""
        self._known = {}
        for table in tables.values():
            of = np.repeat(np.arange(len(table.posts)), lengths_of(table.retracted_ptr))
            told = table.retracted_pane, table.topic[of], table.spelling[of], table.cell[of]
            self._remember(tables, told, table.retracted_author, table.retracted)
            cells = np.repeat(table.cell_number, lengths_of(table.cell_retracted_ptr))
            whole = np.full(len(cells), _WHOLE)
            told = table.cell_retracted_pane, whole, whole, cells
            self._remember(tables, told, table.cell_retracted_author, table.cell_retracted)

    def _remember(self, tables: Mapping[int, Counts], told: Sequence[Integers], authors: U64, posts: U64) -> None:
        rows = zip(*(values.tolist() for values in (*told, authors, posts)), strict=True)
        for pane, topic, spelling, cell, author, key in rows:
            start = pane // self._step_ms * self._step_ms
            home = tables.get(start)
            if home is None:
                continue
            own = (spelling, cell)
            places = _cells_of(home, cell, author) if topic == _WHOLE else _rows_of(home, topic, own, author)
            if places and places[0][:2] == own:
                known = self._known.setdefault(start, _Known(set(), {}))
                known.keys.add((topic, key))
                known.posts[places[0][:3]] = known.posts.get(places[0][:3], 0) + 1


def _rows_of(home: Counts, topic: int, own: tuple[int, int], author: int) -> list[_Place]:
    """The row of a topic, spelling and cell, where it has posts of an author; else the other rows of the topic that
    have, by spelling and cell."""
    place = home.find(np.int32(topic))
    others = []
    for row in range(place.row, place.last_row) if place else ():
        spelling, cell = int(home.spelling[row]), int(home.cell[row])
        begin, end = home.person_ptr[row], home.person_ptr[row + 1]
        sample = home.author[begin:end], home.author_posts[begin:end], int(home.posts[row])
        found = _posts_of(*sample, author)
        if found and (spelling, cell) == own:
            return [(spelling, cell, *found)]
        if found and found[0] == author:
            others.append((spelling, cell, *found))
    spellings, cells = home.names.spellings, home.names.cells
    return sorted(others, key=lambda one: (spellings[one[0]], cells[one[1]])) if len(others) > 1 else others


def _cells_of(home: Counts, own: int, author: int) -> list[_Place]:
    """The cell, where it has posts of an author; else the other cells of its source that have. As `_rows_of`."""
    cells, others = home.names.cells, []
    for place, cell in enumerate(home.cell_number.tolist()):
        if cell == own or cells[cell].source == cells[own].source:
            begin, end = home.cell_person_ptr[place], home.cell_person_ptr[place + 1]
            sample = home.cell_author[begin:end], home.cell_author_posts[begin:end], int(home.cell_posts[place])
            found = _posts_of(*sample, author)
            if found and cell == own:
                return [(_WHOLE, cell, *found)]
            if found and found[0] == author:
                others.append((_WHOLE, cell, *found))
    return sorted(others, key=lambda one: cells[one[1]])


def _posts_of(authors: U64, posts: I32, all_posts: int, author: int) -> tuple[int, int] | None:
    """(author, posts) where a sample has the author; where it is full, and does not reach so far, _REST and the posts
    of all whom it does not hold; else None."""
    place = int(authors.searchsorted(np.uint64(author)))
    if place < len(authors):
        return (author, int(posts[place])) if int(authors[place]) == author else None
    return (_REST, all_posts - int(posts.sum())) if len(authors) > K else None


def _with_moved(
    settled: Counts, table: Counts, rows: list[tuple[int, tuple[int, int]]], cells: list[tuple[int, int]]
) -> Counts:
    """What is settled in other rows and cells than it named, there: definitions have changed in between. Every cell of
    a row stands among the cells."""
    which, those = [n for n, _ in rows], [n for n, _ in cells]
    topics = np.repeat(table.topic, lengths_of(table.retracted_ptr))
    stays = np.ones(len(settled.cell_retracted), np.bool_)
    stays[those] = False
    more = Counts(
        start=table.start,
        end=table.end,
        names=table.names,
        topic=topics[which],
        spelling=np.array([spelling for _, (spelling, _) in rows], np.int32),
        cell=np.array([cell for _, (_, cell) in rows], np.int32),
        retracted_ptr=pointers(np.ones(len(rows), np.int64)),
        retracted=table.retracted[which],
        retracted_author=table.retracted_author[which],
        retracted_pane=table.retracted_pane[which],
        cell_number=np.array([cell for _, cell in cells] + [cell for _, (_, cell) in rows], np.int32),
        cell_retracted_ptr=pointers(np.repeat((1, 0), (len(cells), len(rows)))),
        cell_retracted=settled.cell_retracted[those],
        cell_retracted_author=settled.cell_retracted_author[those],
        cell_retracted_pane=settled.cell_retracted_pane[those],
        cell_retracted_id=settled.cell_retracted_id[those],
    )
    return merge([settled.keep_elements("cell_retracted", stays), more], table.start, table.end)
