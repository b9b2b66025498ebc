"""Where a topic's people are from: whether their accounts are bots, and on which server of its network each lives.

A person of the sample has one number for both, the *origin*: of all that their posts say the largest. Whether one
server is remarkable depends on how many of the stream's people are usually there (docs/trending.md, Origins).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.text import source_name
from pipeline.trends.arrays import U32, U64, Mask
from pipeline.trends.counts import Counts, Place
from pipeline.trends.people import K, hash64
from pipeline.trends.reducing import largest, reduced
from pipeline.trends.score import HOUR_MS
from pipeline.trends.timeline import Timeline
from schemas.trends import Origins

Entries = tuple[U64, U32]  # author, origin

HOURS = 24  # that tell what is usual
LEAST_OF_HOUR = 20  # people of an hour, with a server, from which it tells something
LEAST = 5  # people of a topic
SHARE = 0.75  # of its people
BY_CHANCE = 0.05  # how likely it is that so many come from there as usual, from which on it is not remarkable
KNOWN = 4_096  # answers remembered
_DIGITS = 4


@lru_cache(maxsize=4_096)
def origin_of(bot: bool, server: str | None) -> int:
    """The 32 bits that stand for what a post says of its author's account; 0: nothing.

    >>> origin_of(False, None), origin_of(True, " "), origin_of(True, "https://Social.Example/@me") & 1
    (0, 1, 1)
    >>> origin_of(False, "https://Social.Example/@me") == origin_of(False, "social.example")
    True
    """
    name = source_name(server)
    return ((hash64(name) >> 33 | 1) << 1 if name else 0) | bot


class From(NamedTuple):
    """Of how many people of a topic something is known, in numbers of the sampled ones."""

    people: int  # all, known or not
    server: int  # that of most, the smallest number of equals; 0: of none
    of_server: int
    bots: int


def entries_at(places: Sequence[Place], mask: Mask | None) -> Entries | None:
    """The origins that stand in rows there, in the cells of `mask`; None: none."""
    found = []
    for place in places:
        table = place.table
        if len(table.origin) and table.origin_ptr[place.row] < table.origin_ptr[place.last_row]:
            rows = place.rows(mask)
            found += [(table, table.origin_ptr[row], table.origin_ptr[row + 1]) for row in rows]
    if not found:
        return None
    return (
        np.concatenate([table.origin_author[first:last] for table, first, last in found]),
        np.concatenate([table.origin[first:last] for table, first, last in found]),
    )


def united(entries: Sequence[Entries]) -> Entries:
    """One entry a person, sorted by author."""
    authors = np.concatenate([author for author, _ in entries])
    origins = np.concatenate([origin for _, origin in entries])
    _, author, (origin,) = reduced(np.zeros(len(authors), np.uint8), authors, (origins,), (largest,), 1)
    return author, origin


def bots_of(entries: Entries) -> U64:
    """The authors of whom it is known that their accounts are bots."""
    author, origin = entries
    return np.asarray(author[origin & 1 == 1], np.uint64)


def people_from(people: U64 | None, entries: Entries | None) -> From | None:
    """Where these people (once each, sorted) are from; None: nothing is known of any."""
    if people is None or entries is None:
        return None
    author, origin = united([entries])
    origin = origin[np.isin(author, people, assume_unique=True)]
    if len(origin) == 0:
        return None
    servers, numbers = np.unique(origin[origin > 1] >> 1, return_counts=True)
    most = int(numbers.argmax()) if len(numbers) else -1
    of_most = (int(servers[most]), int(numbers[most])) if most >= 0 else (0, 0)
    return From(len(people), *of_most, int((origin & 1).sum()))


class UsualServers:
    """How many of the stream's people are of a server, as usual: what hourly records say, in all scopes alike."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._shares: dict[int, dict[int, float] | None] = {}  # by start of an hour: server -> share; None: too few
        self._usual: dict[tuple[int, int, bool], float | None] = {}

    def share(self, server: int, end: int) -> float | None:
        """The (lower) median of the server's share in the hours before `end` (ms, a full hour); None: no hour tells."""
        key = server, end, self._timeline.end < end  # a provisional list may be ahead of the hours
        if key not in self._usual:
            told = [self._shares_in(table) for table in self._timeline.hours_in(end - HOURS * HOUR_MS, end)]
            found = sorted(shares.get(server, 0.0) for shares in told if shares is not None)
            if len(self._usual) >= KNOWN:
                self._usual.clear()
            self._usual[key] = found[(len(found) - 1) // 2] if found else None
        return self._usual[key]

    def _shares_in(self, table: Counts) -> dict[int, float] | None:
        if table.start not in self._shares:
            kept = {start: shares for start, shares in self._shares.items() if start in self._timeline.hours}
            self._shares = {**kept, table.start: _shares_in(table)}
        return self._shares[table.start]

    def told(self, found: From, bucket: int) -> Origins:
        """What a row tells of where its people are from, in a step of the bucket from `bucket` (ms)."""
        usual = self.share(found.server, bucket) if found.server else None
        return Origins(
            people=found.people,
            one_server=round(found.of_server / found.people, _DIGITS),
            usual=None if usual is None else round(usual, _DIGITS),
            bots=round(found.bots / found.people, _DIGITS),
        )


def _shares_in(table: Counts) -> dict[int, float] | None:
    if not len(table.cell_origin):
        return None
    _, origin = united([(table.cell_origin_author, table.cell_origin)])
    servers = origin[:K]
    servers, numbers = np.unique(servers[servers > 1] >> 1, return_counts=True)
    total = int(numbers.sum())
    if total < LEAST_OF_HOUR:
        return None
    return {server: number / total for server, number in zip(servers.tolist(), numbers.tolist(), strict=True)}


def is_of_one_server(told: Origins) -> bool:
    """Whether clearly more of the people are of one server than usual."""
    if told.usual is None or told.people < LEAST or told.one_server < SHARE:
        return False
    by_chance = told.usual ** round(told.one_server * told.people)
    return told.one_server > (1 + told.usual) / 2 and by_chance < BY_CHANCE


def is_of_bots(told: Origins) -> bool:
    """Whether most of the people are bots."""
    return told.bots > 0.5
