"""What is known of a topic of a provisional list, and grows with what comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.counts import Place
from pipeline.trends.origins import Entries, From, entries_at, people_from
from pipeline.trends.origins import united as united_origins
from pipeline.trends.people import NOBODY, K, Support, support_of_united, told_of, united, united_sample
from pipeline.trends.reading import gather, people_at, posts_of_row, withdrawn_in
from pipeline.trends.score import MINUTE_MS

_Parts = tuple[U64, U64, I32]  # author, text, posts by entry


class TopicWindows:
    """What is known of a topic in the windows that end at the moment looked at."""

    __slots__ = (
        "_from",
        "examples",
        "origins",
        "parts",
        "places",
        "posts",
        "since",
        "spellings",
        "steps",
        "support",
        "withdrawn",
    )

    def __init__(self, since: tuple[int, int]) -> None:
        self.since = since  # where the short and the long window begin, ms
        self.withdrawn: list[U64 | None] = [None, None]  # authors of posts, by window
        self.parts: list[_Parts | None] = [None, None]  # short and long window
        self.origins: list[Entries] = []  # of the long window, as what follows
        self._from: From | None = None  # what they and the people make; unless something has come since
        self.posts = 0  # of the long window, as what follows
        self.spellings: dict[int, int] = {}  # posts by number
        self.examples: list[tuple[int, str]] = []  # (lot, post id)
        self.support: tuple[Support, Support] | None = None
        self.steps: dict[int, list[U64]] = {}  # by start of a minute that is not final: people samples
        self.places: dict[int, list[Place]] = {}  # by the same: where it stands

    def add_step(self, places: Sequence[Place], mask: Mask | None) -> None:
        """Takes in the people who stand at these places, all of minutes that are not final."""
        for place in places:
            start = place.table.start // MINUTE_MS * MINUTE_MS
            self.steps.setdefault(start, []).extend(people_at([place], mask))
            self.places.setdefault(start, []).append(place)

    def add(self, places: Sequence[Place], mask: Mask | None, windows: Sequence[int]) -> None:
        """Takes in what stands at these places, which lie in the `windows` (0: short, 1: long)."""
        if not places:
            return
        self.support = None
        more = gather(places, mask)
        for which in windows:
            if more is not None:
                self.parts[which] = united(*more) if (held := self.parts[which]) is None else _both(held, more)
            gone, before = withdrawn_in(places, mask, self.since[which]), self.withdrawn[which]
            if gone is not None:
                self.withdrawn[which] = gone if before is None else np.concatenate((before, gone))
        if 1 not in windows:
            return
        if (known := entries_at(places, mask)) is not None:
            self.origins.append(known)
        for place in places:
            table = place.table
            for row in place.rows(mask):
                posts, spelling = posts_of_row(table, row, self.since[1]), int(table.spelling[row])
                self.posts += posts
                self.spellings[spelling] = self.spellings.get(spelling, 0) + posts
                first, last = table.example_ptr[row], table.example_ptr[row + 1]
                self.examples += zip(
                    table.example_priority[first:last].tolist(), table.example[first:last], strict=True
                )
        self.examples.sort()

    def people_of_steps(self) -> dict[int, list[U64]]:
        """By start of a minute that is not final: its people, as one sample."""
        for samples in self.steps.values():
            if len(samples) > 1:
                samples[:] = [united_sample(samples)]
        return self.steps

    def people_from(self) -> From | None:
        """Where the people of the long window are from."""
        _, long = self.read()
        if self._from is None and self.origins:
            self.origins = [united_origins(self.origins)]
            self._from = people_from(long.authors, self.origins[0])
        return self._from

    def read(self) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        if self.support is None:
            self._from = None
            short, long = (
                NOBODY if part is None else told_of(support_of_united(*part, withdrawn), withdrawn)
                for part, withdrawn in zip(self.parts, self.withdrawn, strict=True)
            )
            self.support = short, long
        return self.support


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
