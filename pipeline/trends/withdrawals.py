"""Which posts that were counted have been withdrawn: each once, whatever retractions say.

Retractions name posts that their partition has counted long ago, or never. Here they are held against the tables of the
posts' own time: what remains of them names a row with a post of that author which nobody has withdrawn before. What
holds for rows (a topic in a spelling and a cell) holds for cells (posts as wholes) in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.trends._compiled import samples
from pipeline.trends.arrays import I32, I64, U64, Mask, find_in_runs, lengths_of, pointers
from pipeline.trends.counts import Counts, merge
from pipeline.trends.people import K
from pipeline.trends.retracting import NOT_COUNTED

if TYPE_CHECKING:
    from pipeline.trends._samples import Taken

_MIXING = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplied no two numbers are one
_REST = np.uint64(0)  # stands for the authors of a row that its sample does not hold
_WHOLE = -1  # the topic, and the spelling, of a post as a whole


class _Part(NamedTuple):
    """The rows of a table, or its cells: where they stand, their posts and people."""

    table: Counts
    topic: I32
    spelling: I32
    cell: I32
    posts: I32
    person_ptr: I64
    author: U64
    author_posts: I32

    def of(self, topics: I32) -> tuple[I64, I64]:
        """Where each topic stands, as half-open spans."""
        return self.topic.searchsorted(topics), self.topic.searchsorted(topics, "right")


class _Told(NamedTuple):
    """Retractions: the place that each names, the post, and the start of the step that holds it."""

    topic: I32
    spelling: I32
    cell: I32
    post: U64
    author: U64
    start: I64

    def of(self, numbers: I64 | slice) -> _Told:
        """Those with these numbers."""
        topic, spelling, cell = self.topic[numbers], self.spelling[numbers], self.cell[numbers]
        return _Told(topic, spelling, cell, self.post[numbers], self.author[numbers], self.start[numbers])


class _Settled(NamedTuple):
    """Of each retraction whether it withdraws something, and where; the numbers of those that name another place."""

    holds: Mask
    spelling: I32
    cell: I32
    moved: I64


def _rows(table: Counts) -> _Part:
    return _Part(
        table,
        table.topic,
        table.spelling,
        table.cell,
        table.posts,
        table.person_ptr,
        table.author,
        table.author_posts,
    )


def _cells(table: Counts) -> _Part:
    whole = np.full(len(table.cell_number), _WHOLE, np.int32)
    return _Part(
        table,
        whole,
        whole,
        table.cell_number,
        table.cell_posts,
        table.cell_person_ptr,
        table.cell_author,
        table.cell_author_posts,
    )


def _told_of_rows(table: Counts, step_ms: int) -> _Told:
    of = np.repeat(np.arange(len(table.topic)), lengths_of(table.retracted_ptr))
    start = table.retracted_pane // step_ms * step_ms
    return _Told(table.topic[of], table.spelling[of], table.cell[of], table.retracted, table.retracted_author, start)


def _told_of_cells(table: Counts, step_ms: int) -> _Told:
    cell = np.repeat(table.cell_number, lengths_of(table.cell_retracted_ptr))
    whole = np.full(len(cell), _WHOLE, np.int32)
    start = table.cell_retracted_pane // step_ms * step_ms
    return _Told(whole, whole, cell, table.cell_retracted, table.cell_retracted_author, start)


_PARTS: tuple[tuple[Callable[[Counts], _Part], Callable[[Counts, int], _Told]], ...] = (
    (_rows, _told_of_rows),
    (_cells, _told_of_cells),
)


_HELD, _ELSEWHERE = 1, 2


class _Taken:
    """What is withdrawn of the posts of a step. Posts and places are known by 64 bits that stand for them."""

    def __init__(self) -> None:
        self._posts: set[int] = set()
        self._times: dict[int, int] = {}  # by place

    def take(self, posts: U64, places: U64, counted: I64) -> bytes:
        """Withdraws each of the posts, one of the `counted` that its place has, where one is left and this one is not
        withdrawn yet. Returns of each what became of it: _HELD, _ELSEWHERE where its place has none at all, else 0."""
        gone, times = self._posts, self._times
        became = bytearray(len(posts))
        each = zip(posts.tolist(), places.tolist(), counted.tolist(), strict=True)
        for number, (post, place, most) in enumerate(each):
            if not most:
                became[number] = _ELSEWHERE
            elif times.get(place, 0) < most and post not in gone:
                gone.add(post)
                times[place] = times.get(place, 0) + 1
                became[number] = _HELD
        return bytes(became)


def _nothing_taken() -> _Taken | Taken:
    """A step of which nothing is withdrawn."""
    if samples is not None:
        return samples.Taken()
    return _Taken()


class Withdrawals:
    """What is withdrawn of the tables of one grid. Tables come in the order of time."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = step_ms
        self._taken: dict[int, _Taken | Taken] = {}  # by start of the step (ms) that holds the posts

    def settle(self, table: Counts, counted: Mapping[int, Counts], since: int) -> Counts:
        """The table with those retractions only that withdraw what `counted` (tables by start) or itself holds, under
        the row and cell that hold it. Those of posts before `since` (ms), where tables are gone, stay as they are."""
        if not len(table.cell_retracted):
            return table
        rows, cells = (
            self._settled(part_of, told_of(table, self._step_ms), {**counted, table.start: table}, since)
            for part_of, told_of in _PARTS
        )
        keep = rows.holds.copy()
        keep[rows.moved] = False
        settled = table.keep_elements("retracted", keep).changed(
            cell_retracted_pane=np.where(cells.holds, table.cell_retracted_pane, NOT_COUNTED)
        )
        if len(rows.moved) or len(cells.moved):
            settled = _with_moved(settled, table, rows, cells)
        empty = (settled.posts == 0) & (lengths_of(settled.retracted_ptr) == 0)
        return settled.take("row", np.flatnonzero(~empty)) if empty.any() else settled

    def _settled(
        self, part_of: Callable[[Counts], _Part], told: _Told, counted: Mapping[int, Counts], since: int
    ) -> _Settled:
        holds, spelling, cell = told.start < since, told.spelling.copy(), told.cell.copy()
        for part, start, held, elsewhere in self._take_there(part_of, told, np.flatnonzero(~holds), counted):
            holds[held] = True
            for number in elsewhere.tolist():
                found = self._take_elsewhere(part, told, start, number)
                if found is not None:
                    holds[number], (spelling[number], cell[number]) = True, found
        moved = np.flatnonzero((spelling != told.spelling) | (cell != told.cell))
        return _Settled(holds, spelling, cell, moved)

    def _take_there(
        self, part_of: Callable[[Counts], _Part], told: _Told, numbers: I64, counted: Mapping[int, Counts]
    ) -> Iterator[tuple[_Part, int, I64, I64]]:
        """Withdraws posts in the places that these retractions name, as far as tables of them are there. Yields of each
        table its start, the numbers of the retractions that did, and of those whose author has no post there."""
        numbers = numbers[np.argsort(told.start[numbers], kind="stable")]
        these = told.of(numbers)
        posts, is_rest = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.bool_)
        homes = []
        for start, span in _by_start(these.start):
            if (home := counted.get(start)) is not None:
                part = part_of(home)
                posts[span], is_rest[span] = posts_there(part, these.of(span))
                homes.append((part, start, span))
        author = np.where(is_rest, _REST, these.author)
        keys, places = _posts_of(these.topic, these.post), _places(these.spelling, these.cell, author)
        for part, start, span in homes:
            taken = self._taken.setdefault(start, _nothing_taken())
            became = np.frombuffer(taken.take(keys[span], places[span], posts[span]), np.uint8)
            yield part, start, numbers[span][became == _HELD], numbers[span][became == _ELSEWHERE]

    def _take_elsewhere(self, part: _Part, told: _Told, start: int, number: int) -> tuple[int, int] | None:
        """The spelling and cell, of the others of the topic, in which a post is withdrawn; None: none is."""
        topic, author = int(told.topic[number]), int(told.author[number])
        key = _posts_of(told.topic[[number]], told.post[[number]])
        for spelling, cell, counted in _others(part, topic, int(told.cell[number]), author):
            place = _places(np.array([spelling]), np.array([cell]), told.author[[number]])
            if self._taken[start].take(key, place, np.array([counted])) == bytes((_HELD,)):
                return spelling, cell
        return None

    def forget(self, before: int) -> None:
        """Tables of steps before this (ms) are gone."""
        for start in [start for start in self._taken if start < before]:
            del self._taken[start]

    def restore(self, tables: Mapping[int, Counts]) -> None:
        """What the retractions in these tables, all settled, have withdrawn."""
        self._taken = {}
        for table in tables.values():
            for part_of, told_of in _PARTS if len(table.cell_retracted) else ():
                told = told_of(table, self._step_ms)
                for _ in self._take_there(part_of, told, np.arange(len(told.start)), tables):
                    pass


def _by_start(start: I64) -> Iterator[tuple[int, slice]]:
    """Each value of ascending ones, and where it stands."""
    ends = np.append(np.flatnonzero(start[1:] != start[:-1]) + 1, len(start)).tolist() if len(start) else []
    for begin, end in pairwise([0, *ends]):
        yield int(start[begin]), slice(begin, end)


def posts_there(part: _Part, told: _Told) -> tuple[I64, Mask]:
    """How many posts each author has in the place that is named, as far as its sample tells; where that is full and
    does not reach so far, the posts of all whom it does not hold, and True."""
    if samples is not None:
        columns = (*part[1:], told.topic, told.spelling, told.cell, told.author)
        found, of_rest = samples.posts_there(tuple(map(np.ascontiguousarray, columns)), K)
        return np.frombuffer(found, np.int64), np.frombuffer(of_rest, np.bool_)
    posts, is_rest = np.zeros(len(told.topic), np.int64), np.zeros(len(told.topic), np.bool_)
    wanted = _place_keys(told.spelling, told.cell)
    row = find_in_runs(_place_keys(part.spelling, part.cell), *part.of(told.topic), wanted)
    there = np.flatnonzero(row >= 0)
    row = row[there]
    begin, end = part.person_ptr[row], part.person_ptr[row + 1]
    entry = find_in_runs(part.author, begin, end, told.author[there])
    known = entry >= 0
    posts[there[known]] = part.author_posts[entry[known]]
    full = np.flatnonzero(~known & (end - begin > K))
    full = full[part.author[end[full] - 1] < told.author[there[full]]]
    for one in np.unique(row[full]).tolist():
        sampled = part.author_posts[part.person_ptr[one] : part.person_ptr[one + 1]]
        these = there[full[row[full] == one]]
        posts[these], is_rest[these] = int(part.posts[one]) - int(sampled.sum()), True
    return posts, is_rest


def _posts_of(topic: I32, post: U64) -> U64:
    """64 bits for each post on a topic."""
    return topic.astype(np.uint64) * _MIXING ^ post


def _places(spelling: I32, cell: I32, author: U64) -> U64:
    """64 bits for each author (or _REST) in a spelling and cell."""
    return _place_keys(spelling, cell) * _MIXING ^ author


def _place_keys(spelling: I32, cell: I32) -> U64:
    """Numbers that tell places apart; ascending as the rows of a topic, and as cells, are."""
    return (spelling.astype(np.int64) << 32 | cell).view(np.uint64)


def _others(part: _Part, topic: int, cell: int, author: int) -> list[tuple[int, int, int]]:
    """(spelling, cell, posts) of the places of a topic where an author is known to have posts, by spelling and cell; of
    a post as a whole the cells of the source of `cell`."""
    names = part.table.names
    spellings, cells = names.spellings, names.cells
    (first,), (last,) = part.of(np.array([topic], np.int32))
    found: list[tuple[int, int, int]] = []
    for row in range(int(first), int(last)):
        where = int(part.cell[row])
        if topic == _WHOLE and cells[where].source != cells[cell].source:
            continue
        begin, end = part.person_ptr[row], part.person_ptr[row + 1]
        place = begin + int(part.author[begin:end].searchsorted(np.uint64(author)))
        if place < end and int(part.author[place]) == author:
            found.append((int(part.spelling[row]), where, int(part.author_posts[place])))
    return sorted(found, key=lambda one: ("" if topic == _WHOLE else spellings[one[0]], cells[one[1]]))


def _with_moved(settled: Counts, table: Counts, rows: _Settled, cells: _Settled) -> Counts:
    """What is settled in other rows and cells than it named, there: definitions have changed in between. Every cell of
    a row stands among the cells."""
    which, those = rows.moved, cells.moved
    stays = np.ones(len(settled.cell_retracted), np.bool_)
    stays[those] = False
    more = Counts(
        start=table.start,
        end=table.end,
        names=table.names,
        topic=np.repeat(table.topic, lengths_of(table.retracted_ptr))[which],
        spelling=rows.spelling[which],
        cell=rows.cell[which],
        retracted_ptr=np.arange(len(which) + 1),
        retracted=table.retracted[which],
        retracted_author=table.retracted_author[which],
        retracted_pane=table.retracted_pane[which],
        cell_number=np.concatenate((cells.cell[those], rows.cell[which])),
        cell_retracted_ptr=pointers(np.repeat((1, 0), (len(those), len(which)))),
        cell_retracted=settled.cell_retracted[those],
        cell_retracted_author=settled.cell_retracted_author[those],
        cell_retracted_pane=settled.cell_retracted_pane[those],
        cell_retracted_id=settled.cell_retracted_id[those],
    )
    return merge([settled.keep_elements("cell_retracted", stays), more], table.start, table.end)
