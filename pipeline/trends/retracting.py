"""What a pane holds of retractions until it closes: which posts were withdrawn in it, on which topics.

A retraction whose text is known says on which topics its post was, and lies in the pane of its own time. One whose text
is not known lies in the pane of its post and is looked up there by id when the pane closes, as long as it is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from pipeline.trends.arrays import U64, pointers
from pipeline.trends.people import hash64

NOT_COUNTED = -1  # as the pane of a post that no cell has counted, as far as is known
WITHIN_MS = 86_400_000  # between a post and its retraction; no window reaches further back


class Unknown(NamedTuple):
    """A retraction, in the pane of its post, that does not say the post's text. Without an id: all posts so far."""

    author: str
    source: str  # its name
    id: str
    posts: int  # with topics, that the pane held by then


Withdrawn = tuple[int, int, int]  # hash of the author, where the post counts (ms), hash of the id
_Posts = dict[int, Withdrawn]  # by the hash that stands for the post, the same whoever withdraws it again, whenever
_NONE: _Posts = {}


class Retractions:
    """The retractions of one cell in a pane."""

    __slots__ = ("by_spelling", "wholes")

    def __init__(self) -> None:
        self.wholes: _Posts = {}
        self.by_spelling: dict[str, _Posts] = {}

    def add(
        self,
        topics: Iterable[str],
        author: str,
        source: str,
        post_id: str,
        pane: int,
        counted: bool = True,
        whole: bool = True,
    ) -> None:
        """A post of `pane` (ms) was withdrawn; `source`: its name. One whose text is not known is not `counted`; its id
        is no example any more. Unless it is `whole`, another cell counts the post as such."""
        key = hash64(f"{author}\0{source}\0{post_id}\0{pane}")
        entry = hash64(author), pane if counted else NOT_COUNTED, hash64(post_id)
        if whole and (counted or key not in self.wholes):  # what somebody knows holds, whoever knows less
            self.wholes[key] = entry
        for spelling in topics:
            if spelling in self.by_spelling:
                self.by_spelling[spelling][key] = entry
            else:
                self.by_spelling[spelling] = {key: entry}


def wanted_by(unknown: Iterable[Unknown], ids: Sequence[str], authors: Sequence[int]) -> dict[int, list[Unknown]]:
    """Which posts retractions without text mean, by number among a pane's posts with topics (`ids`, `authors`)."""
    by_author: dict[int, list[Unknown]] = {}
    for one in unknown:
        by_author.setdefault(hash64(one.author), []).append(one)
    wanted: dict[int, list[Unknown]] = {}
    for number, author in enumerate(authors):
        for one in by_author.get(author, ()):
            if one.id == ids[number] or (not one.id and number < one.posts):
                wanted.setdefault(number, []).append(one)
    return wanted


def columns_of(
    cells: Sequence[tuple[Retractions | None, Iterable[str]]], whole: Sequence[Retractions | None]
) -> dict[str, Any]:
    """The columns of counts that hold retractions: of cells in their order, each with the spellings of its rows, and of
    those that count posts `whole`."""
    wholes = [gone.wholes if gone else _NONE for gone in whole]
    rows = [
        gone.by_spelling.get(spelling, _NONE) if gone else _NONE for gone, spellings in cells for spelling in spellings
    ]
    found, _ = _columns("retracted", rows)
    of_cells, ids = _columns("cell_retracted", wholes)
    return found | of_cells | {"cell_retracted_id": ids}


def _columns(axis: str, runs: Sequence[_Posts]) -> tuple[dict[str, Any], U64]:
    """Those of one axis, in each run by the hash of the post, and the hashes of the posts' ids."""
    length = np.fromiter(map(len, runs), np.int64, len(runs))
    keys = np.array(list(chain.from_iterable(runs)), np.uint64)
    entries = chain.from_iterable(posts.values() for posts in runs)
    authors, panes, ids = zip(*entries, strict=True) if len(keys) else ((), (), ())
    order = np.lexsort((keys, np.repeat(np.arange(len(runs)), length)))
    return {
        f"{axis}_ptr": pointers(length),
        axis: keys[order],
        f"{axis}_author": np.array(authors, np.uint64)[order],
        f"{axis}_pane": np.array(panes, np.int64)[order],
    }, np.array(ids, np.uint64)[order]
