"""What is known of a topic of provisional lists, and grows with what comes.

It is read when it is asked for, and once for all scopes that hold the same of its cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.counts import Place
from pipeline.trends.origins import Entries, From, entries_at, people_from
from pipeline.trends.origins import united as united_origins
from pipeline.trends.people import NOBODY, K, Support, support_of_united, told_of, united, united_sample
from pipeline.trends.reading import gather, number_in, people_at, said_at, withdrawn_in
from pipeline.trends.score import MINUTE_MS

_Parts = tuple[U64, U64, I32]  # author, text, posts by entry
_AT_HAND = 32  # examples in order; beyond, they are put in order where so many are withdrawn


class TopicPlaces:
    """Where a topic stands in the windows that end at the moment looked at, in whatever cells."""

    __slots__ = ("_known", "by_minute", "cells", "in_window", "since")

    def __init__(self, since: tuple[int, int], final: tuple[list[Place], list[Place]]) -> None:
        """`since`: where the short and the long window begin, ms; `final`: where it stands in their final minutes."""
        self.since = since
        self.in_window = final
        self.by_minute: dict[int, list[Place]] = {}  # by start of a minute that is not final
        self.cells: set[int] = set()  # in which it stands anywhere
        self._known: dict[frozenset[int], TopicWindows] = {}
        self._learn_cells(final[1])

    def add(self, places: Sequence[Place]) -> None:
        """Takes in what stands at these places, all of minutes that are not final."""
        for place in places:
            self.by_minute.setdefault(place.table.start // MINUTE_MS * MINUTE_MS, []).append(place)
        for since, in_window in zip(self.since, self.in_window, strict=True):
            in_window += [place for place in places if place.table.start >= since]
        self._learn_cells(places)

    def _learn_cells(self, places: Sequence[Place]) -> None:
        for place in places:
            self.cells.update(place.table.cell[place.row : place.last_row].tolist())

    def within(self, mask: Mask | None) -> TopicWindows:
        """What is known of the topic in the cells of `mask`; None: in all."""
        cells = frozenset(self.cells if mask is None else [cell for cell in self.cells if mask[cell]])
        found = self._known.get(cells)
        if found is None:
            found = self._known[cells] = TopicWindows(self, cells)
        return found


class TopicWindows:
    """What is known of a topic in some of its cells. What has come since it was asked for last is taken in by then."""

    __slots__ = (
        "_cells",
        "_examples",
        "_from",
        "_of",
        "_origins",
        "_other_examples",
        "_parts",
        "_people",
        "_posts",
        "_read",
        "_spellings",
        "_support",
        "_told",
        "_traced",
        "_withdrawn",
    )

    def __init__(self, of: TopicPlaces, cells: frozenset[int]) -> None:
        self._of, self._cells = of, cells
        # by window: short, long
        self._read = [0, 0]  # places that are in what follows
        self._parts: list[_Parts | None] = [None, None]
        self._withdrawn: list[U64 | None] = [None, None]  # authors of posts
        self._support = [NOBODY, NOBODY]
        # of the long window
        self._told = 0  # places that are in what follows
        self._posts = 0
        self._spellings: dict[int, int] = {}  # posts by number
        self._examples: list[tuple[int, str]] = []  # (lot, post id), the first ones in order
        self._other_examples: list[tuple[int, str]] = []
        self._traced = 0  # places that are in what follows
        self._origins: Entries | None = None
        self._from: tuple[Support, From | None] = NOBODY, None  # of whom it was told last, and what
        # by start of a minute that is not final: places that are in the sample, the sample, and how many it speaks of
        self._people: dict[int, tuple[int, U64, float]] = {}

    @property
    def _mask(self) -> Mask | None:
        """The cells, as far as the topic stands in any; None: in no others."""
        if len(self._cells) == len(self._of.cells):
            return None
        mask = np.zeros(max(self._of.cells) + 1, np.bool_)
        mask[list(self._cells)] = True
        return mask

    def read(self) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        short, long = (places[read:] for places, read in zip(self._of.in_window, self._read, strict=True))
        if short:
            more = self._take(0, short, None)
            self._take(1, long, more if short == long else None)
        elif long:
            self._take(1, long, None)
        return self._support[0], self._support[1]

    def _take(self, which: int, places: Sequence[Place], gathered: _Parts | None) -> _Parts | None:
        """Takes places into a window; `gathered` is what stands there, where that is known. Returns it."""
        self._read[which] += len(places)
        mask, held = self._mask, self._parts[which]
        more = gather(places, mask) if gathered is None else gathered
        if more is not None:
            self._parts[which] = united(*more) if held is None else _both(held, more)
        gone, before = withdrawn_in(places, mask, self._of.since[which]), self._withdrawn[which]
        if gone is not None:
            self._withdrawn[which] = gone if before is None else np.concatenate((before, gone))
        parts, withdrawn = self._parts[which], self._withdrawn[which]
        if parts is not None and (parts is not held or gone is not None):
            self._support[which] = told_of(support_of_united(*parts, withdrawn), withdrawn)
        return more

    def _tell(self) -> None:
        places, mask, since = self._of.in_window[1], self._mask, self._of.since[1]
        if self._told == len(places):
            return
        found = self._examples
        for place in places[self._told :]:
            for spelling, posts, examples in said_at(place, mask, since):
                self._posts += posts
                self._spellings[spelling] = self._spellings.get(spelling, 0) + posts
                found += examples
        found.sort()
        self._other_examples += found[_AT_HAND:]
        del found[_AT_HAND:]
        self._told = len(places)

    @property
    def posts(self) -> int:
        """Posts in the long window, as what follows."""
        self._tell()
        return self._posts

    @property
    def spellings(self) -> dict[int, int]:
        """Posts by number of the spelling."""
        self._tell()
        return self._spellings

    @property
    def examples(self) -> Iterator[tuple[int, str]]:
        """(lot, post id) of posts, in order."""
        self._tell()
        yield from self._examples
        yield from sorted(self._other_examples)

    @property
    def by_minute(self) -> dict[int, list[Place]]:
        """Where the topic stands in whatever cells, by start of a minute that is not final."""
        return self._of.by_minute

    def people_from(self) -> From | None:
        """Where the people of the long window are from."""
        places, (_, long) = self._of.in_window[1], self.read()
        known = entries_at(places[self._traced :], self._mask)
        self._traced = len(places)
        if known is not None:
            self._origins = united_origins([known] if self._origins is None else [self._origins, known])
        if known is not None or self._from[0] is not long:
            self._from = long, people_from(long.authors, self._origins)
        return self._from[1]

    def people_of_step(self, start: int) -> float:
        """How many people there are in a minute that is not final, by its start."""
        places = self._of.by_minute.get(start, [])
        taken, sample, number = self._people.get(start, (0, _NONE, 0.0))
        if taken < len(places):
            sample = united_sample([sample, *people_at(places[taken:], self._mask)])
            number = number_in(sample)
            self._people[start] = len(places), sample, number
        return number


_NONE = np.zeros(0, np.uint64)


def _both(held: _Parts, more: _Parts) -> _Parts:
    """What `united` gives of both; `held` is of its own."""
    if len(held[0]) > K:
        near = more[0] <= held[0][K]  # who is beyond does not come in
        if not near.any():
            return held
        more = more[0][near], more[1][near], more[2][near]
    (author, text, posts), (author_more, text_more, posts_more) = held, more
    return united(
        np.concatenate((author, author_more)), np.concatenate((text, text_more)), np.concatenate((posts, posts_more))
    )
