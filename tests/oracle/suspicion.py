"""What speaks against a topic, from a plain list of posts: its burst, its newcomers, and the rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

HOUR_MS, MINUTE_MS = 3_600_000, 60_000


class Voice(NamedTuple):
    """A post: when, by whom, on which topics."""

    time: int
    author: str
    topics: frozenset[str]


def usual(posts: Sequence[Voice], hour: int) -> float:
    """The lower median of the shares of newcomers, of the 24 hours before `hour` without the stream's first."""
    first: dict[str, int] = {}
    people: dict[int, set[str]] = {}
    for said in sorted(posts):
        first.setdefault(said.author, said.time // HOUR_MS)
        people.setdefault(said.time // HOUR_MS, set()).add(said.author)
    hours = [each for each in sorted(people)[1:] if each < hour and len(people[each]) >= 20][-24:]
    shares = sorted(sum(first[one] == each for one in people[each]) / len(people[each]) for each in hours)
    return shares[(len(shares) - 1) // 2] if shares else 1.0


def signs(posts: Sequence[Voice], topic: str, at: int) -> tuple[int, float, float, float, bool] | None:
    """(people, sudden, newcomers, usual, suspect) of the burst in the hour that ends with the minute of the topic's
    last post before `at`; None: fewer than 12 people are in it. Nobody has taken part in a suspect topic before."""
    before = [said for said in posts if said.time < at]
    mine = [said for said in sorted(before) if topic in said.topics]
    last = mine[-1].time // MINUTE_MS + 1
    minutes: dict[str, int] = {}
    for said in mine:
        if said.time // MINUTE_MS >= last - 60:
            minutes.setdefault(said.author, said.time // MINUTE_MS)
    if len(minutes) < 12:
        return None

    def begun(length: int) -> tuple[set[str], int]:
        spans = {
            start: {author for author, minute in minutes.items() if start <= minute < start + length}
            for start in set(minutes.values())
        }
        start = max(spans, key=lambda start: (len(spans[start]), -start))
        return spans[start], start

    sudden = len(begun(2)[0]) / len(minutes)
    burst, start = begun(2 if sudden >= 0.5 else 10)
    if len(burst) < 12:
        return None
    heard = {said.author for said in before if said.time // HOUR_MS < start * MINUTE_MS // HOUR_MS}
    share = len(burst - heard) / len(burst)
    as_usual = usual(before, (at - 1) // HOUR_MS)
    limit = max(0.75, as_usual + 0.5 * (1 - as_usual)) if sudden >= 0.5 else max(0.85, as_usual + 0.7 * (1 - as_usual))
    limit += 2 * math.sqrt(limit * (1 - limit) / len(burst)) if limit < 1 else math.inf
    return len(burst), sudden, share, as_usual, share >= limit
