"""Who spoke of a topic, step by step, and who of them spoke first: what signs are made of (`suspicion`)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.trends.arrays import I64, U64, Mask, distinct, find, inserted, pointers
from pipeline.trends.counts import Place
from pipeline.trends.heard import EVERYBODY
from pipeline.trends.origins import bots_of, entries_at
from pipeline.trends.people import K
from pipeline.trends.reading import people_at

NEVER = -(1 << 62)  # ms: before all steps
_NOBODY, _NO_STEP = np.zeros(0, np.uint64), np.zeros(0, np.int64)


@dataclass(slots=True)
class Spoken:
    """Who spoke of a topic in a step."""

    people: U64  # once each
    below: int  # the hash below which they are all there are
    bots: U64
    before: I64 = field(default_factory=lambda: _NO_STEP)  # of each when they had spoken before, see `LastSpoken`

    def and_also(self, more: Spoken) -> Spoken:
        return Spoken(
            distinct(np.concatenate((self.people, more.people))),
            min(self.below, more.below),
            np.concatenate((self.bots, more.bots)),
        )


class LastSpoken:
    """Where the last step begins in which each of a topic's people spoke, ms."""

    def __init__(self) -> None:
        self._people, self._at = _NOBODY, _NO_STEP  # ascending; of each

    def tell(self, told: Sequence[tuple[int, Spoken]]) -> tuple[U64, I64, Mask, I64]:
        """Tells of the people of later steps, in their order, when they had spoken before. The people of all these
        steps, ascending, and the last step of each; which of them are known here, and where each stands, or would."""
        people = np.concatenate([_NOBODY, *(spoken.people for _, spoken in told)])
        at = np.repeat([start for start, _ in told], [len(spoken.people) for _, spoken in told])
        order = np.argsort(people, kind="stable")
        people, at = people[order], at[order]
        first = np.ones(len(people) + 1, np.bool_)
        np.not_equal(people[1:], people[:-1], out=first[1:-1])
        last, first = first[1:], first[:-1]
        before = np.full(len(people), NEVER, np.int64)
        before[1:][~first[1:]] = at[:-1][~first[1:]]
        known, place = find(self._people, people[first])
        before[np.flatnonzero(first)[known]] = self._at[place[known]]
        by_step = np.empty_like(before)
        by_step[order] = before
        begin = 0
        for _, spoken in told:
            spoken.before = by_step[begin : begin + len(spoken.people)]
            begin += len(spoken.people)
        return people[last], at[last], known, place

    def take(self, told: Sequence[tuple[int, Spoken]]) -> None:
        """`tell`, and remembers it."""
        people, at, known, place = self.tell(told)
        self._at[place[known]] = at[known]
        self._people = inserted(self._people, place[~known], people[~known])
        self._at = inserted(self._at, place[~known], at[~known])


class FirstVoices(NamedTuple):
    """First voices of a topic, step by step."""

    starts: list[int]  # of the steps, ascending
    bounds: list[int]  # where the people of each begin, and those of the last end
    people: U64

    def among(self, start: int, end: int) -> U64:
        """Those of the steps that begin in [start, end)."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        return self.people[self.bounds[first] : self.bounds[last]]

    def most(self, length_ms: int) -> tuple[int, int]:
        """Where a time of this length begins that holds most of them, the earliest one, and how many these are."""
        at = most = 0
        for place, start in enumerate(self.starts):
            voices = self.bounds[bisect_left(self.starts, start + length_ms)] - self.bounds[place]
            if voices > most:
                most, at = voices, start
        return at, most


def first_voices(told: Sequence[tuple[int, Spoken]], begin: int, limit: int) -> FirstVoices:
    """Of the people of these steps with hashes below `limit`: all that speak from `begin` (ms) on are told."""
    if not told:
        return FirstVoices([], [0], _NOBODY)
    people = np.concatenate([spoken.people for _, spoken in told])
    first = np.concatenate([spoken.before for _, spoken in told]) < begin
    if limit < EVERYBODY:
        first &= people < np.uint64(limit)
    ends = np.cumsum([len(spoken.people) for _, spoken in told])
    bounds = pointers(first.astype(np.int64))[np.concatenate(([0], ends))]
    return FirstVoices([start for start, _ in told], bounds.tolist(), people[first])


def spoken_at(places: Sequence[Place]) -> Spoken:
    """Who speaks of a topic where it stands there."""
    samples, entries = people_at(places, None), entries_at(places, None)
    below = min((int(sample[K]) for sample in samples if len(sample) > K), default=EVERYBODY)
    people: U64 = samples[0] if len(samples) == 1 else distinct(np.concatenate([_NOBODY, *samples]))
    return Spoken(people, below, _NOBODY if entries is None else bots_of(entries))
