"""What an open pane holds of its posts, and how it is summed up: whole when it closes, its news while it is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np

from pipeline.text import fold, language, network_of, source_name
from pipeline.trends._compiled import plain
from pipeline.trends.arrays import I32, I64, U64, Mask, pointers
from pipeline.trends.counts import Counts
from pipeline.trends.names import OF_EVENTS, TAG, WHOLE, Cell, Dictionary, kind_of
from pipeline.trends.people import K, hashes64, sample_of, sample_of_posts
from pipeline.trends.retracting import Unknown, WithdrawnPosts, wanted_by
from pipeline.trends.uniting import united_in_runs
from schemas.definitions import Words

_NO_HASH, _NO_POSTS = np.zeros(0, np.uint64), np.zeros(0, np.int32)
EDGE_ROWS, EDGE_PEOPLE = 2_000, 20_000  # at most, of a pane, that the live edge tells at a time
Label = tuple[str | None, str | None, tuple[str, ...]]  # source and language as a post says them, its events


class OpenCell:
    """What an open pane holds of one cell."""

    __slots__ = (
        "authors",
        "cell",
        "home",
        "mentions",
        "origins",
        "rows",
        "told",
        "told_authors",
        "withdrawn",
        "withdrawn_rows",
    )

    def __init__(self, cell: Cell, home: OpenCell | None = None) -> None:
        self.cell = cell
        self.home = home  # the cell that counts the posts as such; None: this one
        self.authors: list[int] = []
        self.rows: dict[str, list[int]] = {}  # spelling -> which of the pane's posts with topics
        self.mentions = 0
        self.origins: dict[int, int] = {}  # by author, where something is known
        self.withdrawn: list[int] = []  # which of the posts that the pane withdraws
        self.withdrawn_rows: dict[str, list[int]] = {}  # spelling -> which of them
        self.told = np.zeros(0, np.int64)  # by row: how many of its posts the live edge has told
        self.told_authors = 0

    def withdraw(self, topics: Iterable[str], number: int) -> None:
        """Of the posts that the pane withdraws the one of that number was one of this cell, on these topics."""
        (self.home or self).withdrawn.append(number)
        for spelling in topics:
            self.withdrawn_rows.setdefault(spelling, []).append(number)

    def add_words(self, words: Iterable[str], post: int) -> None:
        """The pane's post of that number says these."""
        rows = self.rows
        if WHOLE in rows:
            rows[WHOLE].append(post)
        else:
            rows[WHOLE] = [post]
        for spelling in words:
            if spelling in rows:
                rows[spelling].append(post)
            else:
                rows[spelling] = [post]


# the cell of the posts of a label, the ids of all posts of their source, what holds their words (None: not counted),
# the name of the source
Labelled = tuple[OpenCell, set[str], OpenCell | None, str]


class OpenPane:
    """What is collected of a pane until it closes."""

    __slots__ = (
        "authors",
        "by_cell",
        "by_label",
        "duplicates",
        "first_offset",
        "ids",
        "origins",
        "seen",
        "start",
        "texts",
        "told_posts",
        "unknown",
        "withdrawn",
    )

    def __init__(self, start: int, first_offset: int) -> None:
        self.start = start
        self.first_offset = first_offset
        self.by_label: dict[Label, Labelled] = {}
        self.by_cell: dict[Cell, OpenCell] = {}
        self.seen: dict[str, set[str]] = {}
        self.authors: list[int] = []  # of the posts with topics, as texts and ids
        self.texts: list[int] = []
        self.ids: list[str] = []
        self.origins: dict[int, int] = {}  # by number of the post, where something is known
        self.withdrawn = WithdrawnPosts()
        self.unknown: list[Unknown] = []
        self.duplicates = 0
        self.told_posts = 0  # how many of them the live edge has told

    def cell_of(self, label: Label, networks: frozenset[str], words: Words = "off") -> Labelled:
        """What is kept of the posts of a label, `words` of which are counted."""
        source, events = source_name(label[0]), label[2]
        cell = self._of(Cell(network_of(source, networks), language(label[1]), events))
        words_cell = cell if words == "all" else None
        if words == "events" and any(not name.startswith("watch:") for name in events):
            words_cell = self._of(cell.cell.of_events, cell)
        self.by_label[label] = cell, self.seen.setdefault(source, set()), words_cell, source
        return self.by_label[label]

    def _of(self, cell: Cell, home: OpenCell | None = None) -> OpenCell:
        found = self.by_cell.get(cell)
        if found is None:
            found = self.by_cell[cell] = OpenCell(cell, home)
        return found


def sum_up(pane: OpenPane, end: int, late: Mapping[str, int]) -> Counts:
    """The complete content of a pane that ends at `end` (ms): rows by cell and spelling, people samples, examples, all
    posts of each cell; `late` are those that came late, by source."""
    for source in late:
        pane.cell_of((source, None, ()), frozenset(late))  # a source counts as it did when they came
    cells = list(pane.by_cell.values())
    for cell in cells:
        for spelling in cell.withdrawn_rows:
            cell.rows.setdefault(spelling, [])
    rows, tags = _all_rows(cells)
    totals = [
        _Total(cell, cell.authors, cell.mentions, of_cell, cell.origins)
        for cell, of_cell in zip(cells, tags, strict=True)
        if cell.home is None
    ]
    counts = _summed(pane, end, 0, rows, totals)
    if len(pane.withdrawn):
        gone = [*chain.from_iterable(map(cell.withdrawn_rows.get, cell.rows, repeat(())) for cell in cells)]
        counts = counts.changed(**pane.withdrawn.columns_of(gone, [total.cell.withdrawn for total in totals]))
    counts.duplicates = pane.duplicates
    if late:
        counts.cell_late = np.array(
            [0 if c.lang or c.events else late.get(c.source, 0) for c in counts.cells], np.int32
        )
    return counts


def find_unknown(pane: OpenPane, networks: frozenset[str]) -> None:
    """Finds the posts that retractions without text mean, among those with topics."""
    wanted = wanted_by(pane.unknown, pane.ids, pane.authors)
    for cell in pane.by_cell.values() if wanted else ():
        for spelling, posts in cell.rows.items():
            for number in posts:
                one_id = pane.ids[number]
                for one in wanted.get(number, ()):
                    if network_of(one.source, networks) == cell.cell.source.removeprefix(OF_EVENTS):
                        cell.withdraw([spelling], pane.withdrawn.add(one.author, one.source, one_id, pane.start))


class _Total(NamedTuple):
    """All posts of a cell, with topics or without, if it counts them."""

    cell: OpenCell
    authors: Sequence[int]  # by post
    mentions: int
    spellings: Sequence[str]
    origins: Mapping[int, int]  # by author


def sum_up_news(pane: OpenPane, end: int) -> Counts | None:
    """What a pane has got since it was last asked. Where that is more than EDGE_ROWS rows or EDGE_PEOPLE entries: the
    rows of events, then those with most new posts. None: nothing."""
    cells = [
        cell for cell in pane.by_cell.values() if len((cell.home or cell).authors) > (cell.home or cell).told_authors
    ]
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
        if cell.home is None:
            totals.append(_Total(cell, cell.authors[cell.told_authors :], int(more.sum()), (), {}))
        cell.told, cell.told_authors = length, len(cell.authors)
    told_posts, pane.told_posts = pane.told_posts, len(pane.ids)
    return _summed(pane, end, told_posts, _rows_of(cells, spellings, indices), totals)


def _most_telling(cells: Sequence[OpenCell], new_posts: Sequence[I64]) -> Mask:
    """Which rows to tell of, given the new posts of each, by cell."""
    posts = np.concatenate(new_posts)
    of_events = np.repeat([bool(cell.cell.events) for cell in cells], [len(rows) for rows in new_posts])
    order = np.lexsort((-posts, ~of_events))[:EDGE_ROWS]
    wanted = np.zeros(len(posts), np.bool_)
    wanted[order[np.cumsum(np.minimum(posts[order], K + 1)) <= EDGE_PEOPLE]] = True
    return wanted


class _Rows(NamedTuple):
    """Rows of cells, cell after cell."""

    names: Dictionary
    spelling: I32  # of each row
    cell: I32
    posts: I64  # how many
    which: I64  # and which of the pane's, row after row


def _all_rows(cells: Sequence[OpenCell]) -> tuple[_Rows, list[list[str]]]:
    """All rows of the cells, and of each cell the spellings that are tags."""
    if plain is None:
        tags = [[spelling for spelling in cell.rows if kind_of(spelling) == TAG] for cell in cells]
        indices = [row for cell in cells for row in cell.rows.values()]
        return _rows_of(cells, [list(cell.rows) for cell in cells], indices), tags
    known, spelling, posts, which, tags = plain.rows([cell.rows for cell in cells])
    names = Dictionary.numbered(known, [cell.cell for cell in cells])
    numbers = np.frombuffer(posts, np.int64), np.frombuffer(which, np.int64)
    return _Rows(names, np.frombuffer(spelling, np.int32), _cells([len(cell.rows) for cell in cells]), *numbers), tags


def _rows_of(cells: Sequence[OpenCell], spellings: Sequence[Sequence[str]], indices: Sequence[Sequence[int]]) -> _Rows:
    """The rows of these spellings, given by cell; `indices` are by row: which posts."""
    names = Dictionary(cells=[cell.cell for cell in cells])
    posts = np.fromiter(map(len, indices), np.int64, len(indices))
    which = np.fromiter(chain.from_iterable(indices), np.int64, int(posts.sum()))
    spelling = names.spelling_numbers(list(chain.from_iterable(spellings)))
    return _Rows(names, spelling, _cells(list(map(len, spellings))), posts, which)


def _cells(lengths: Sequence[int]) -> I32:
    """The cell of each row, given how many each has."""
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def _summed(pane: OpenPane, end: int, begin: int, of: _Rows, totals: Sequence[_Total]) -> Counts:
    """These rows of the pane's posts with topics, of which those before `begin` are not spoken of."""
    authors = np.array(pane.authors[begin:], np.uint64)
    texts = np.array(pane.texts[begin:], np.uint64)
    ids = pane.ids[begin:]
    rows, posts, which = len(of.posts), of.posts, of.which - begin
    text, row, ptr = texts[which], np.repeat(np.arange(rows), posts), pointers(posts)
    reposts = np.bincount(row, weights=(text & np.uint64(1)).astype(np.float64), minlength=rows)
    priority = hashes64(ids) >> np.uint64(1) | texts << np.uint64(63)
    people = [sample_of_posts(total.authors) for total in totals]
    origin, cell_origin = _origins(pane, which + begin, row, rows), _cell_origins(totals)
    topics = [sample_of([fold(spelling) for spelling in total.spellings]) for total in totals]
    whole = of.names.cell_numbers([total.cell.cell for total in totals])
    counts = Counts(
        start=pane.start,
        end=end,
        names=of.names,
        spelling=of.spelling,
        cell=of.cell,
        posts=posts.astype(np.int32),
        reposts=reposts.astype(np.int32),
        person_ptr=ptr,
        author=authors[which],
        text=text,
        author_posts=np.ones(len(which), np.int32),
        **origin,
        example_ptr=ptr,
        example_priority=priority[which],
        example=np.array(ids, object)[which].tolist(),
        cell_number=whole,
        cell_posts=np.array([len(total.authors) for total in totals], np.int32),
        cell_mentions=np.array([total.mentions for total in totals], np.int32),
        cell_person_ptr=_ends([authors for authors, _ in people]),
        cell_author=np.concatenate([_NO_HASH, *(authors for authors, _ in people)]),
        cell_author_posts=np.concatenate([_NO_POSTS, *(posts for _, posts in people)]),
        **cell_origin,
        cell_topic_ptr=_ends(topics),
        cell_topic=np.concatenate([_NO_HASH, *topics]),
    )
    return united_in_runs(counts) if len(which) > rows else counts  # of one post a row nothing is to be united


def _origins(pane: OpenPane, posts: I64, row: I64, rows: int) -> dict[str, Any]:
    """The origins of the authors of posts, given by number and row."""
    if not pane.origins:
        return {}
    found = np.zeros(len(pane.ids), np.uint32)
    found[list(pane.origins)] = list(pane.origins.values())
    known = np.flatnonzero(found[posts])
    return {
        "origin_ptr": pointers(np.bincount(row[known], minlength=rows)),
        "origin_author": np.array(pane.authors, np.uint64)[posts[known]],
        "origin": found[posts[known]],
    }


def _cell_origins(totals: Sequence[_Total]) -> dict[str, Any]:
    """The origins of the people of cells, those of smallest hash."""
    if not any(total.origins for total in totals):
        return {}
    people = [sorted(total.origins)[: K + 1] for total in totals]
    return {
        "cell_origin_ptr": pointers(np.array(list(map(len, people)), np.int64)),
        "cell_origin_author": np.array(list(chain.from_iterable(people)), np.uint64),
        "cell_origin": np.array(
            [total.origins[one] for total, those in zip(totals, people, strict=True) for one in those], np.uint32
        ),
    }


def _ends(samples: Sequence[U64]) -> I64:
    return pointers(np.array([len(found) for found in samples], np.int64))
