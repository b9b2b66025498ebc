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


def signs(posts: Sequence[Voice], topic: str, at: int) -> tuple[int, float, float, float, bool, bool] | None:
    """(people, sudden, newcomers, usual, suspect, undecided) of the burst in the hour that ends with the minute of the
    topic's last post before `at`; None: fewer than 5 people are in it. Nobody has taken part in a suspect topic
    before."""
    before = [said for said in posts if said.time < at]
    mine = [said for said in sorted(before) if topic in said.topics]
    last = mine[-1].time // MINUTE_MS + 1
    minutes: dict[str, int] = {}
    for said in mine:
        if said.time // MINUTE_MS >= last - 60:
            minutes.setdefault(said.author, said.time // MINUTE_MS)
    if len(minutes) < 5:
        return None

    def between(start: int, length: int) -> set[str]:
        return {author for author, minute in minutes.items() if start <= minute < start + length}

    def begun(length: int) -> int:
        return max(set(minutes.values()), key=lambda start: (len(between(start, length)), -start))

    def newcomers(people: set[str], start: int) -> int:
        hour = start * MINUTE_MS // HOUR_MS
        return len(people - {said.author for said in before if said.time // HOUR_MS < hour})

    ten, two = begun(10), begun(2)
    earlier = between(ten - 10, 10)
    beyond = len(between(ten, 10)) - len(earlier)
    sudden = (len(between(two, 2)) - len(earlier) / 5) / beyond if beyond > 0 else 0.0
    sudden = min(max(sudden, 0.0), 1.0)
    quick = sudden >= 0.5
    start, burst, part = (two, between(two, 2), 0.2) if quick else (ten, between(ten, 10), 1.0)
    new, as_usual = newcomers(burst, start), usual(before, (at - 1) // HOUR_MS)
    share = max(0.75, as_usual + 0.5 * (1 - as_usual)) if quick else max(0.85, as_usual + 0.7 * (1 - as_usual))
    anyway, new_anyway = part * len(earlier), part * newcomers(earlier, ten - 10)
    more = len(burst) - anyway
    limit = new_anyway + share * more + 2 * math.sqrt(max(share * (1 - share) * more + 2 * new_anyway, 0))
    if share >= 1 or more < max(12, 2 * math.sqrt(len(burst) + anyway)):
        limit = math.inf
    suspect = new >= limit
    undecided = not suspect and limit > len(burst) and new >= share * len(burst) and as_usual**new < 0.05
    return len(burst), sudden, new / len(burst), as_usual, suspect, undecided
