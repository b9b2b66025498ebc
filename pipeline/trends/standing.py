"""The ranking rule: where a topic stands, what trends, what is shown as one, what fills a list up, what a list says.

Final lists and provisional ones read supports in different ways (`lists`, `early_lists`) and are made by this rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.trends.arrays import F64
from pipeline.trends.origins import is_of_bots, is_of_one_server
from pipeline.trends.people import Support, shown
from pipeline.trends.score import Life, rank_weight
from pipeline.trends.suspicion import Judged
from schemas.trends import Flag, Origins, Signs

ROWS = 20
LEAST_PEOPLE, ON = 5, 5.0
LEAST_PEOPLE_OF_EVENT, ON_OF_EVENT = 3, 3.0
PERHAPS_SAID = 0.05  # ON of words is so much lower: five people who say one never heard score a little less than 5
FALLBACK_SUPPORT = 2  # what a list shows rather than nothing

Key = Callable[[int], str]  # the topic key of a slot


@dataclass(slots=True)
class Standing:
    """Where a topic stands at this step."""

    slot: int
    support: tuple[Support, Support]  # short and long window
    score: float = 0.0
    which: int = 1  # the window of the score: 0 short, 1 long
    expected: float = 0.0
    variance: float = 1.0
    weight: float = 0.0  # R, held
    usual: float = 0.0  # expected support of the short window
    life: Life | None = None  # where it is trending with a life
    trending: bool = False
    joined: tuple[int, ...] = ()  # slots shown as one with this
    same_people: bool = False  # tags among these, which began with it and are of the same people
    judged: Judged | None = None
    suspect_with: Standing | None = None  # which is suspect by itself
    origins: Origins | None = None

    @property
    def signs(self) -> Signs | None:
        """What speaks against it, where there are enough people to tell."""
        return self.judged.signs if self.judged is not None else None

    @property
    def suspect(self) -> bool:
        """Whether it looks organised."""
        return self.signs is not None and self.signs.suspect

    @property
    def since(self) -> int | None:
        """When its life began, ms; None: it has none."""
        return self.life.since if self.life is not None else None

    @property
    def n(self) -> float:
        """Support in the long window."""
        return self.support[1].n

    def live(self, life: Life, least_people: int) -> bool:
        """Takes its life, which this step is part of. Whether it trends: lives, and has enough people."""
        self.hold(life.shown)
        if life.since is not None and self.n >= least_people:
            self.life, self.trending = life, True
        return self.trending

    def hold(self, shown: float) -> None:
        """Takes a weight that is held, but for what the people in the window cannot weigh."""
        self.weight = max(self.weight, min(shown, self.n * math.log(self.n + 1)))


class Standings(NamedTuple):
    """A list: what trends, what fills it up, and what is set apart."""

    trending: list[Standing]  # by weight
    others: list[Standing]  # by support
    suspects: Sequence[Standing] = ()

    @property
    def rows(self) -> list[Standing]:
        return [*self.trending, *self.others, *self.suspects]


class Scores(NamedTuple):
    """The scores of topics at a step, in the columns that a `Standing` begins with."""

    slots: Sequence[int]
    supports: Sequence[tuple[Support, Support]]
    scores: list[float]
    which: list[int]
    expected: list[float]
    variance: list[float]
    weights: list[float]
    usual: list[float]

    def standing(self, place: int) -> Standing:
        """Where the topic at this place of the columns stands."""
        return Standing(*(column[place] for column in self))  # type: ignore[arg-type]

    def standings(self) -> Iterator[Standing]:
        """Where each stands."""
        return map(self.standing, range(len(self.slots)))


def against_past(
    slots: Sequence[int], supports: Sequence[tuple[Support, Support]], expected: tuple[F64, F64], least_people: int
) -> Scores:
    """The scores of these supports (short and long window) against what was expected: (e, v), (2, slots) each."""
    e, v = expected
    n = np.array([(short.n, long.n) for short, long in supports]).reshape(-1, 2).T
    short, long = (n - e) / np.sqrt(v)
    of_long = long > short
    score = np.where(n[1] >= least_people, np.maximum(np.where(of_long, long, short), 0.0), 0.0)
    support, usual = np.where(of_long, n[1], n[0]).tolist(), np.where(of_long, e[1], e[0]).tolist()
    scores = score.tolist()
    return Scores(
        slots,
        supports,
        scores,
        of_long.astype(np.int8).tolist(),
        usual,
        np.where(of_long, v[1], v[0]).tolist(),
        list(map(rank_weight, support, usual, scores)),
        e[0].tolist(),
    )


def without_past(slot: int, support: tuple[Support, Support], on: float, least_people: int) -> Standing:
    """Where there is no past yet: no score, and a weight by people alone."""
    n = support[1].n
    return Standing(slot, support, weight=rank_weight(n, 0.0, n), trending=n >= max(on, least_people))


def taken(trending: Sequence[Standing]) -> set[int]:
    """The slots that stand in a list already."""
    return {slot for standing in trending for slot in (standing.slot, *standing.joined)}


def fill(trending: Sequence[Standing], others: Iterable[Standing], least_people: int, key: Key) -> Standings:
    """The list: what trends, filled up by support; with those whose support is below `least_people` only where there is
    nothing else."""
    there = taken(trending)
    found = [one for one in others if one.slot not in there and one.n >= FALLBACK_SUPPORT]
    found.sort(key=lambda standing: (-standing.n, key(standing.slot)))
    many = [one for one in found if one.n >= least_people]
    return Standings([*trending], (many if many or trending else found)[: ROWS - len(trending)])


def says(
    standings: Standings, flag: str, total: tuple[int, int], key: Key, posts: Callable[[int], int]
) -> tuple[object, ...]:
    """What a list says: it is news where that differs from what the one before said. Empty: nothing at all."""
    rows = tuple(
        (key(one.slot), one.trending, counted, shown(one.support[1].people, counted), tuple(flags_of(one)))
        for one in standings.rows
        for counted in (posts(one.slot),)
    )
    return (flag, *total, *rows) if rows or total[0] else ()


def flags_of(standing: Standing) -> list[Flag]:
    """Facts beside the rank (docs/trending.md, Row)."""
    long = standing.support[1]
    flags: list[Flag] = []
    if long.one_text > 0.5:
        flags.append("one_post")
    if long.one_author > 0.5:
        flags.append("one_author")
    if standing.origins is not None and is_of_one_server(standing.origins):
        flags.append("one_server")
    if standing.origins is not None and is_of_bots(standing.origins):
        flags.append("bots")
    if standing.same_people:
        flags.append("same_people")
    if standing.suspect:
        flags.append("suspect")
    return flags
