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
    bot: bool = False


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


class Told(NamedTuple):
    """What is said of a topic's people."""

    people: int
    sudden: float
    newcomers: float
    usual: float
    suspect: bool
    undecided: bool
    of_bots: bool
    burst: frozenset[str]

    def goes_with(self, suspect: Told, is_part: bool) -> bool:
        """Whether it is suspect with another topic of its list that is; `is_part`: words of that, or the other way."""
        least = max(0.75, self.usual + 0.5 * (1 - self.usual))
        share = len(self.burst & suspect.burst) / len(self.burst)
        return (share >= 0.8 and len(self.burst) >= 2) or (is_part and self.newcomers >= least)


def signs(posts: Sequence[Voice], topic: str, at: int) -> Told | None:
    """What is said of the bursts in the hour that ends with the minute of the topic's last post before `at`; None:
    fewer than 5 people are in it. Nobody has taken part in a suspect topic before."""
    before = [said for said in posts if said.time < at]
    mine = [said for said in sorted(before) if topic in said.topics]
    last = mine[-1].time // MINUTE_MS + 1
    minutes: dict[str, int] = {}
    bots: set[str] = set()
    for said in mine:
        if said.time // MINUTE_MS >= last - 60:
            minutes.setdefault(said.author, said.time // MINUTE_MS)
            if said.bot:
                bots.add(said.author)
    if len(minutes) < 5:
        return None

    def between(start: int, length: int) -> set[str]:
        return {author for author, minute in minutes.items() if start <= minute < start + length}

    def begun(length: int) -> int:
        return max(set(minutes.values()), key=lambda start: (len(between(start, length)), -start))

    def known(people: set[str], start: int) -> tuple[set[str], int]:
        """The newcomers, and of how many it is known whether they are: of none in the stream's first hour."""
        hour = start * MINUTE_MS // HOUR_MS
        if hour <= min(said.time for said in posts) // HOUR_MS:
            return set(), 0
        return people - {said.author for said in before if said.time // HOUR_MS < hour}, len(people)

    ten, two = begun(10), begun(2)
    earlier = between(ten - 10, 10)
    beyond = len(between(ten, 10)) - len(earlier)
    sudden = (len(between(two, 2)) - len(earlier) / 5) / beyond if beyond > 0 else 0.0
    sudden = min(max(sudden, 0.0), 1.0)
    as_usual = usual(before, (at - 1) // HOUR_MS)
    least = max(0.75, as_usual + 0.5 * (1 - as_usual))
    share = least if sudden >= 0.5 else max(0.75, as_usual + 0.7 * (1 - as_usual))

    def judged(start: int, burst: set[str], part: float, earlier: set[str], of_bots: bool) -> Told:
        found, m = known(burst, start)
        new, (found_before, b) = len(found), known(earlier, ten - 10)
        anyway, new_anyway = part * b, part * len(found_before)
        more = m - anyway
        limit = new_anyway + share * more + 2 * math.sqrt(max(share * (1 - share) * more + 2 * new_anyway, 0))
        if share >= 1 or more < max(12, 2 * math.sqrt(m + anyway)):
            limit = math.inf
        suspect = new >= limit
        undecided = not suspect and m > 0 and new >= least * m and as_usual**new < 0.05
        return Told(len(burst), sudden, new / max(m, 1), as_usual, suspect, undecided, of_bots, frozenset(burst))

    bursts = [(two, between(two, 2), 0.2)] * (sudden >= 0.5) + [(ten, between(ten, 10), 1.0)]
    found = [judged(start, burst, part, earlier, False) for start, burst, part in bursts]
    for start, burst, part in bursts:
        if len(burst & bots) >= 12:
            found.append(judged(start, burst & bots, part, earlier & bots, True))
    return next((told for told in found if told.suspect), found[0])
