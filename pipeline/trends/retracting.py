"""What a pane holds of retractions until it closes: which posts were withdrawn in it, on which topics.

A retraction whose text is known says on which topics its post was, and lies in the pane of its own time. One whose text
is not known lies in the pane of its post and is looked up there by id when the pane closes, as long as it is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np

from pipeline.trends.arrays import I64, pointers
from pipeline.trends.counts import Counts
from pipeline.trends.names import Cell, Dictionary
from pipeline.trends.people import hash64

NOT_COUNTED = -1  # as the pane of a post that no cell has counted, as far as is known
WITHIN_MS = 86_400_000  # between a post and its retraction; no window reaches further back


class Withdrawn(NamedTuple):
    """A post that was withdrawn."""

    author: int  # hash
    pane: int  # where the post counts, ms
    id: int  # hash


class _Unknown(NamedTuple):
    """A retraction that does not say the post's text. Without an id: all of the author's posts so far."""

    author: str
    source: str  # its name
    id: str
    posts: int  # with topics, that the pane held by then


class OpenCell(Protocol):
    """What an open pane holds of a cell: which of the pane's posts name a topic, by spelling."""

    rows: dict[str, list[int]]


def withdrawn_key(author: str, source: str, post_id: str, pane: int) -> int:
    """The hash that stands for a post that was withdrawn: the same whoever withdraws it again, whenever."""
    return hash64(f"{author}\0{source}\0{post_id}\0{pane}")


class Retractions:
    """The retractions of one pane."""

    def __init__(self) -> None:
        self._cells: dict[Cell, dict[int, Withdrawn]] = {}
        self._rows: dict[tuple[Cell, str], dict[int, Withdrawn]] = {}
        self._unknown: list[_Unknown] = []

    def add(
        self, cell: Cell, topics: Iterable[str], post: tuple[str, str, str], pane: int, counted: bool = True
    ) -> None:
        """A post of `pane` (ms) was withdrawn: (author, source name, id). One whose text is not known is not
        `counted`; its id is no example any more."""
        key = withdrawn_key(*post, pane)
        entry = Withdrawn(hash64(post[0]), pane if counted else NOT_COUNTED, hash64(post[2]))
        of_cell = self._cells.setdefault(cell, {})
        of_cell[key] = max(entry, of_cell.get(key, entry))  # what somebody knows holds, whoever knows less
        for spelling in topics:
            self._rows.setdefault((cell, spelling), {})[key] = entry

    def add_unknown(self, author: str, source: str, post_id: str, posts: int) -> None:
        """A post of this pane was withdrawn, whose text is not known; without an id all that the author has among the
        first `posts` of it."""
        self._unknown.append(_Unknown(author, source, post_id, posts))

    def look_up(
        self,
        pane: int,
        ids: Sequence[str],
        authors: Sequence[int],
        cells: Mapping[Cell, OpenCell],
        network: Mapping[str, str],
    ) -> None:
        """Finds the posts of retractions whose text is not known among those of the pane (`ids`, `authors`: of posts
        with topics); `network`: by source name, with which source its posts count."""
        wanted: dict[int, list[_Unknown]] = {}
        for one in self._unknown:
            author = hash64(one.author)
            those = range(len(ids) if one.id else one.posts)
            for number in those:
                if authors[number] == author and one.id in ("", ids[number]):
                    wanted.setdefault(number, []).append(one)
        for cell, of_cell in cells.items():
            for spelling, posts in of_cell.rows.items():
                for number in posts:
                    for found in wanted.get(number, ()):
                        if network.get(found.source) != cell.source:
                            continue
                        self.add(cell, [spelling], (found.author, found.source, ids[number]), pane)

    def counts(self, start: int, end: int, names: Dictionary) -> Counts:
        """What was withdrawn in [start, end), ms, as counts without posts."""
        rows, cells = list(self._rows.values()), list(self._cells.values())
        number = dict(zip(self._cells, names.cell_numbers(list(self._cells)).tolist(), strict=True))
        row_entries, cell_entries = (list(chain.from_iterable(of.values() for of in each)) for each in (rows, cells))
        return Counts(
            start=start,
            end=end,
            names=names,
            spelling=names.spelling_numbers([spelling for _, spelling in self._rows]),
            cell=np.array([number[cell] for cell, _ in self._rows], np.int32),
            retracted_ptr=_ends(rows),
            retracted=np.array(list(chain.from_iterable(rows)), np.uint64),
            retracted_author=np.array([one.author for one in row_entries], np.uint64),
            retracted_pane=np.array([one.pane for one in row_entries], np.int64),
            cell_number=np.array(list(number.values()), np.int32),
            cell_retracted_ptr=_ends(cells),
            cell_retracted=np.array(list(chain.from_iterable(cells)), np.uint64),
            cell_retracted_author=np.array([one.author for one in cell_entries], np.uint64),
            cell_retracted_pane=np.array([one.pane for one in cell_entries], np.int64),
            cell_retracted_id=np.array([one.id for one in cell_entries], np.uint64),
        )


def _ends(groups: Sequence[Mapping[int, Withdrawn]]) -> I64:
    return pointers(np.array([len(group) for group in groups], np.int64))
