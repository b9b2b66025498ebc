"""What a pane holds of retractions until it closes: which posts were withdrawn in it, on which topics.

A retraction whose text is known says on which topics its post was, and lies in the pane of its own time. One whose text
is not known lies in the pane of its post and is looked up there by id when the pane closes, as long as it is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.trends.arrays import pointers
from pipeline.trends.people import hash64
from pipeline.trends.reducing import first, largest, reduced

NOT_COUNTED = -1  # as the pane of a post that no cell has counted, as far as is known
WITHIN_MS = 86_400_000  # between a post and its retraction; no window reaches further back


class Unknown(NamedTuple):
    """A retraction, in the pane of its post, that does not say the post's text. Without an id: all posts so far."""

    author: str
    source: str  # its name
    id: str
    posts: int  # with topics, that the pane held by then


_POST = Struct("=QQQq")  # as the compiled part writes them
# what stands for a post, the same whoever withdraws it again, whenever; of its author and its id; where it counts, ms
_FIELDS = np.dtype([("hash", "u8"), ("author", "u8"), ("id", "u8"), ("pane", "i8")])


class WithdrawnPosts:
    """The posts that are withdrawn in a pane, in the order in which that was read; one may stand here several times."""

    __slots__ = ("posts",)

    def __init__(self) -> None:
        self.posts = bytearray()  # one behind the other

    def __len__(self) -> int:
        return len(self.posts) // _POST.size

    @property
    def fields(self) -> npt.NDArray[np.void]:
        """The posts with their fields."""
        return np.frombuffer(self.posts, _FIELDS)

    def add(self, author: str, source: str, post_id: str, pane: int, counted: bool = True) -> int:
        """A post of `pane` (ms) was withdrawn; `source`: its name. One whose text is not known is not `counted`; its id
        is no example any more. Returns its number."""
        stands = hash64(f"{author}\0{source}\0{post_id}\0{pane}")
        self.posts += _POST.pack(stands, hash64(author), hash64(post_id), pane if counted else NOT_COUNTED)
        return len(self) - 1

    def columns_of(self, rows: Sequence[Sequence[int]], cells: Sequence[Sequence[int]]) -> dict[str, Any]:
        """The columns of counts that hold them, by which are withdrawn of each row and of each cell: each post once,
        by its hash. What one retraction knows of a post holds, whoever knows less."""
        runs = [*rows, *cells]
        length = np.fromiter(map(len, runs), np.int64, len(runs))
        which = np.fromiter(chain.from_iterable(runs), np.int64, int(length.sum()))
        posts = self.fields[which]
        hashes, authors, panes, ids = (np.ascontiguousarray(posts[name]) for name in ("hash", "author", "pane", "id"))
        run = np.repeat(np.arange(len(runs)), length)
        how = first, largest, first
        run, hashes, (authors, panes, ids) = reduced(run, hashes, (authors, panes, ids), how, len(runs))
        length, cut = np.bincount(run, minlength=len(runs)), int(run.searchsorted(len(rows)))
        return {
            "retracted_ptr": pointers(length[: len(rows)]),
            "retracted": hashes[:cut],
            "retracted_author": authors[:cut],
            "retracted_pane": panes[:cut],
            "cell_retracted_ptr": pointers(length[len(rows) :]),
            "cell_retracted": hashes[cut:],
            "cell_retracted_author": authors[cut:],
            "cell_retracted_pane": panes[cut:],
            "cell_retracted_id": ids[cut:],
        }


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
