"""Who the stream has heard within a week: a bounded sample of people by hash, and what is usual among them.

A person is remembered by hash alone, with the hours in which they were heard first and last, for KEPT_HOURS after the
last one. Remembered are those with the MOST smallest hashes; `limit` tells up to which hash everybody is. What is read
off them is an estimate of people below the limit, with a standard error of at most 0.5 / sqrt(their number).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from pipeline.trends.arrays import U64, Mask, distinct, find, inserted
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
        self.people = np.zeros(0, np.uint64)  # sorted
        self.first = np.zeros(0, np.int32)  # of each the hour in which they were heard first
        self._last = np.zeros(0, np.int32)
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
        people: U64 = distinct(np.concatenate([pane.cell_author for pane in panes]))
        if limit < EVERYBODY:
            people = people[people < np.uint64(limit)]
        known, place = find(self.people, people)
        self._last[place[known]] = hour
        fresh, place = people[~known], place[~known]
        hours = np.full(len(fresh), hour, self.first.dtype)
        self.people = inserted(self.people, place, fresh)
        self.first, self._last = (inserted(before, place, hours) for before in (self.first, self._last))
        if len(self.people) > MOST:
            limit = min(limit, int(self.people[MOST]))
            self._keep(slice(MOST))
        if limit < EVERYBODY:
            self._limits[hour] = limit

    def _begin(self, hour: int, suspects: Container[int]) -> None:
        """Another hour: the one before tells its share, and who was not heard for long is forgotten."""
        if self._began is None:
            self._began = hour
        before, self._hour = self._hour, hour
        if before > self._began:
            (there,) = (self._last == before).nonzero()
            first = [
                first
                for author, first in zip(self.people[there].tolist(), self.first[there].tolist(), strict=True)
                if author not in suspects
            ]
            if len(first) >= LEAST_OF_SHARE:
                self._shares = [*self._shares, first.count(before) / len(first)][-SHARES:]
        self._keep(self._last >= hour - KEPT_HOURS)
        self._limits = {at: limit for at, limit in self._limits.items() if at >= hour - KEPT_HOURS}

    def _keep(self, those: slice | Mask) -> None:
        self.people, self.first, self._last = self.people[those], self.first[those], self._last[those]

    def newcomers(self, people: U64, hour: int) -> tuple[int, int]:
        """How many of these people were not heard before that hour, and of how many that is known: of none before the
        stream's second hour."""
        if self._began is None or hour <= self._began:
            return 0, 0
        people = people[people < np.uint64(self.limit)]
        known, place = find(self.people, people)
        before = np.count_nonzero(self.first[place[known]] < hour)
        return len(people) - int(before), len(people)

    def state(self) -> tuple[Any, ...]:
        """All that is remembered, in plain values."""
        columns = (self.people.astype("<u8"), self.first.astype("<i4"), self._last.astype("<i4"))
        return (*(column.tobytes() for column in columns), self._limits, self._shares, self._began, self._hour)

    def restore(self, state: Sequence[Any]) -> None:
        """Takes what `state` gave."""
        authors, first, last, limits, self._shares, self._began, self._hour = state
        self.people = np.frombuffer(authors, "<u8").copy()
        self.first, self._last = (np.frombuffer(hours, "<i4").copy() for hours in (first, last))
        self._limits = dict(limits)


def _limit_of(pane: Counts) -> int:
    """The hash below which the pane's samples hold everybody."""
    if len(pane.cell_author) <= K:
        return EVERYBODY
    full = np.flatnonzero(np.diff(pane.cell_person_ptr) > K)
    return int(pane.cell_author[pane.cell_person_ptr[full + 1] - 1].min()) if len(full) else EVERYBODY
