"""Who the stream has heard within a week: a bounded sample of people by hash, and what is usual among them.

A person is remembered by hash alone, with the hours in which they were heard first and last, for KEPT_HOURS after the
last one. Remembered are those with the MOST smallest hashes; `limit` tells up to which hash everybody is. What is read
off them is an estimate of people below the limit, with a standard error of at most 0.5 / sqrt(their number).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np

from pipeline.trends.counts import Counts
from pipeline.trends.people import K
from pipeline.trends.score import HOUR_MS

KEPT_HOURS = 168
MOST = 32_768
SHARES = 24  # hours that tell what is usual
LEAST_OF_SHARE = 20  # people of an hour from which its share of newcomers tells something
EVERYBODY = (1 << 64) - 1  # one hash less than all, so that it fits where states are kept


class Heard:
    """Takes the panes of every final minute, in order."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}  # author -> hour in which they were heard first
        self._last: dict[int, int] = {}
        self._limits: dict[int, int] = {}  # hour -> hash below which everybody heard in it was kept
        self._shares: list[float] = []  # of newcomers among the people of the last hours
        self._began: int | None = None
        self._hour = -1

    @property
    def limit(self) -> int:
        """The hash below which everybody heard is remembered."""
        return min(self._limits.values(), default=EVERYBODY)

    @property
    def hour(self) -> int:
        """The hour of the last people taken: what is usual changes with it."""
        return self._hour

    @property
    def usual(self) -> float:
        """The share of an hour's people who were not heard before, as usual: the (lower) median of the last hours. 1
        while nothing tells."""
        shares = sorted(self._shares)
        return shares[(len(shares) - 1) // 2] if shares else 1.0

    def take(self, start: int, panes: Sequence[Counts], suspects: Container[int]) -> None:
        """The final minute from `start` (ms). Of `suspects` nothing is learnt that is usual."""
        hour = start // HOUR_MS
        if hour != self._hour:
            self._begin(hour, suspects)
        limit = min([self._limits.get(hour, EVERYBODY), *map(_limit_of, panes)])
        people: set[int] = set()
        for pane in panes:
            authors = pane.cell_author
            people.update((authors if limit >= EVERYBODY else authors[authors < np.uint64(limit)]).tolist())
        first, last = self.first, self._last
        for author in people:
            first.setdefault(author, hour)
            last[author] = hour
        if len(first) > MOST:
            known = np.fromiter(first, np.uint64, len(first))
            most = np.partition(known, MOST)[MOST]
            limit = min(limit, int(most))
            for author in known[known >= most].tolist():
                del first[author], last[author]
        if limit < EVERYBODY:
            self._limits[hour] = limit

    def _begin(self, hour: int, suspects: Container[int]) -> None:
        """Another hour: the one before tells its share, and who was not heard for long is forgotten."""
        if self._began is None:
            self._began = hour
        before, self._hour = self._hour, hour
        if before > self._began:
            there = [author for author, last in self._last.items() if last == before and author not in suspects]
            if len(there) >= LEAST_OF_SHARE:
                new = sum(self.first[author] == before for author in there)
                self._shares = [*self._shares, new / len(there)][-SHARES:]
        for author in [author for author, last in self._last.items() if last < hour - KEPT_HOURS]:
            del self.first[author], self._last[author]
        self._limits = {at: limit for at, limit in self._limits.items() if at >= hour - KEPT_HOURS}

    def newcomers(self, people: Iterable[int], hour: int) -> tuple[int, int]:
        """How many of these people were not heard before that hour, and of how many that is known: of none before the
        stream's second hour."""
        if self._began is None or hour <= self._began:
            return 0, 0
        limit, first = self.limit, self.first.get
        judged = [first(author, hour) >= hour for author in people if author < limit]
        return sum(judged), len(judged)

    def state(self) -> tuple[Any, ...]:
        """All that is remembered, in plain values."""
        authors = np.array(sorted(self.first), "<u8")
        hours = [np.array([of[author] for author in authors.tolist()], "<i4") for of in (self.first, self._last)]
        return (
            authors.tobytes(),
            *(column.tobytes() for column in hours),
            self._limits,
            self._shares,
            self._began,
            self._hour,
        )

    def restore(self, state: Sequence[Any]) -> None:
        """Takes what `state` gave."""
        authors, first, last, limits, self._shares, self._began, self._hour = state
        people = np.frombuffer(authors, "<u8").tolist()
        self.first = dict(zip(people, np.frombuffer(first, "<i4").tolist(), strict=True))
        self._last = dict(zip(people, np.frombuffer(last, "<i4").tolist(), strict=True))
        self._limits = dict(limits)


def _limit_of(pane: Counts) -> int:
    """The hash below which the pane's samples hold everybody."""
    if len(pane.cell_author) <= K:
        return EVERYBODY
    full = np.flatnonzero(np.diff(pane.cell_person_ptr) > K)
    return int(pane.cell_author[pane.cell_person_ptr[full + 1] - 1].min()) if len(full) else EVERYBODY
