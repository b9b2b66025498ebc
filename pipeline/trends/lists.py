"""One list of one scope: at every step, which topics trend, in what order, and whether the list is worth issuing."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from pipeline.trends.arrange import ROWS, join
from pipeline.trends.arrays import F64, I32, U64
from pipeline.trends.baseline import Baseline
from pipeline.trends.clock import Finished, Past
from pipeline.trends.people import Support, most_support, shown
from pipeline.trends.reading import Reader, number_of
from pipeline.trends.scope import Scope
from pipeline.trends.score import HOUR_MS, OFF, ON_GROWTH_FROM, Life, ListSpec, rank_weight, threshold
from pipeline.trends.sliding import Span
from pipeline.trends.timeline import Timeline
from schemas.trends import Flag

LEAST_PEOPLE, ON = 5, 5.0
LEAST_PEOPLE_OF_EVENT, ON_OF_EVENT = 3, 3.0
FALLBACK_SUPPORT = 2  # what a list shows rather than nothing


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
    life: Life | None = None  # where it is trending with a life
    trending: bool = False
    joined: tuple[int, ...] = ()  # slots shown as one with this

    @property
    def mark(self) -> int:
        return self.slot

    @property
    def since(self) -> int | None:
        return self.life.since if self.life is not None else None

    @property
    def sample(self) -> tuple[U64 | None, float]:
        return self.support[1].authors, self.support[1].theta

    @property
    def n(self) -> float:
        return self.support[1].n


class Standings(NamedTuple):
    """A list, or what a shard's topics can bring into it."""

    trending: list[Standing]  # by weight
    others: list[Standing]  # by support

    def __bool__(self) -> bool:
        return bool(self.trending or self.others)


def least_people(scope: str) -> int:
    """How many people a topic must have to score in a scope."""
    return LEAST_PEOPLE_OF_EVENT if scope.startswith("event:") else LEAST_PEOPLE


class ScopeList:
    """The list of one kind in one scope. `step` at every observed step of the grid, in order.

    `of_shard`: there are other shards with other topics; every list that has rows is given, all that trends in it, and
    as many others as could be needed."""

    def __init__(self, scope: Scope, spec: ListSpec, timeline: Timeline, of_shard: bool = False) -> None:
        self.scope, self.spec, self.of_shard = scope, spec, of_shard
        self.least_people = least_people(scope.name)
        self.on = ON_OF_EVENT if scope.is_event else ON
        self.baseline = Baseline(scope, spec, self.least_people)
        self.reader = Reader(scope, spec, timeline)
        self._timeline = timeline
        self._short, self._long = scope.windows.numbers(spec)
        self.on_now = self.on  # as it was at the last step
        self.total = (0, 0)  # posts and people of the scope at the last step, where that is counted
        self.shown: list[int] = []  # slots of the list that was made last
        self._lives: dict[int, Life] = {}
        self._tracked: set[int] = set()  # slots that score, or could with as many people as posts
        self.news: list[str] = []  # the scopes that the list made last is to be issued for
        self._issued: dict[str, tuple[object, ...]] = {}  # by scope
        self._made_for: list[str] | None = None  # who wanted the list that was made last

    def step(
        self, now: int, past: Past, touched: tuple[I32, I32], bucket_began: bool, wanted: list[str]
    ) -> Standings | None:
        """The list at `now` (ms), when it is to be issued; `news` says for which of the twins `wanted`. `touched` are
        the slots with other posts than at the step before, by window. What nobody wants is not made, but lives go on.
        """
        moved = len(touched[0]) > 0 or len(touched[1]) > 0 or self.scope.windows.posts_moved[self._long]
        if not (moved or bucket_began or self.busy or (self.of_shard and self._has_rows())):
            return None
        self.reader.step(now, touched)
        if not (bucket_began or self.busy or self.of_shard or wanted != self._made_for) and self._stays(now, touched):
            return None
        self._made_for = wanted
        if past.weight == 0:
            found = Standings([], self._counting(now) if wanted else [])
        else:
            self._track(touched[0], touched[1], bucket_began, past)
            trending = self._trending(now, past)
            found = Standings(trending, self._fill(now, past, trending) if wanted else [])
        standings = [*found.trending, *found.others]
        self.shown = [slot for standing in standings for slot in (standing.slot, *standing.joined)]
        if not wanted:
            return None
        self._count_all(now)
        self.news = wanted if self.of_shard else self._is_news(standings, past, wanted)
        return found if self.news else None

    def _stays(self, now: int, touched: tuple[I32, I32]) -> bool:
        """Whether what moved leaves the list as it was: topics that are not shown, with too few posts to be."""
        windows = self.scope.windows
        if windows.posts_moved[self._long]:
            return False
        posts, shown_slots = windows.sums[self._long], set(self.shown)
        for slots in touched:
            if len(slots) and (posts[slots].max() >= FALLBACK_SUPPORT or not shown_slots.isdisjoint(slots.tolist())):
                return False
        return threshold(self.on, self._active_topics(now)) == self.on_now

    def _has_rows(self) -> bool:
        """Whether a topic could be shown though nothing has moved."""
        windows = self.scope.windows
        return bool((windows.sums[self._long, : windows.used] >= FALLBACK_SUPPORT).any())

    def _count_all(self, now: int) -> None:
        """All posts of the scope and their people in the long window, where that is counted."""
        if self.scope.counts_posts:
            people = number_of(self.reader.people_samples(now - self.spec.long_ms, now))
            posts = self.scope.windows.posts[self._long]
            self.total = posts, shown(people, posts)

    @property
    def busy(self) -> bool:
        """Whether the list can change though nobody posts."""
        return bool(self._tracked)

    # -- who is looked at ------------------------------------------------------------------------------------------

    def _track(self, short: I32, long: I32, bucket_began: bool, past: Past) -> None:
        """Looks closer at topics whose posts could be enough for a score."""
        windows = self.scope.windows
        if bucket_began:
            slots = windows.live(self._long, self.least_people)
        else:  # most topics have too few posts: they go before anything else is asked of them
            moved = np.concatenate((short, long))
            slots = np.unique(moved[windows.sums[self._long, moved] >= self.least_people]).astype(np.int64)
        if len(slots) == 0:
            return
        posts = windows.sums[self._short : self._long + 1, slots]
        enough = self.baseline.bound(slots, posts) >= OFF
        slots, posts = slots[enough], posts[:, enough]
        if len(slots):
            self.baseline.learn(slots.tolist(), past, self._timeline)
            self._tracked.update(slots[self.baseline.bound(slots, posts) >= OFF].tolist())

    def _trending(self, now: int, past: Past) -> list[Standing]:
        """Scores the tracked topics, lets their lives go on, and returns those that trend, in order."""
        slots = sorted(self._tracked)
        on = self.on_now = threshold(self.on, self._active_topics(now))
        found = []
        for slot, (e, v) in zip(slots, self.expect(slots, past), strict=True):
            standing = self._score(slot, e, v)
            life = self._lives.get(slot)
            if life is None:
                life = self._lives[slot] = Life(at=now)
            r = rank_weight(standing.support[standing.which].n, standing.expected, standing.score)
            life.step(self.spec, now, standing.score, r, on, sets_record=not past.flag)
            standing.weight = life.shown
            if life.since is not None:
                standing.life, standing.trending = life, True
                found.append(standing)
            elif standing.score < OFF and self._cannot_score(slot):
                self._tracked.discard(slot)
                if life.idle:
                    del self._lives[slot]
        found.sort(key=lambda standing: (-standing.weight, self.key(standing.slot)))
        return found if self.of_shard else join(found)

    def _cannot_score(self, slot: int) -> bool:
        posts = self.scope.windows.sums[self._short : self._long + 1, [slot]]
        return bool(posts[1, 0] < self.least_people or self.baseline.bound(np.array([slot]), posts)[0] < OFF)

    def _score(self, slot: int, e: F64, v: F64) -> Standing:
        return self.standing(slot, self.reader.support(slot), e, v)

    def standing(self, slot: int, support: tuple[Support, Support], e: F64, v: F64) -> Standing:
        """The score of this support (short and long window) against what was expected."""
        scores = [(support[j].n - float(e[j])) / math.sqrt(float(v[j])) for j in (0, 1)]
        which = 0 if scores[0] >= scores[1] else 1
        score = max(scores[which], 0.0) if support[1].n >= self.least_people else 0.0
        return Standing(slot, support, score, which, float(e[which]), float(v[which]))

    def _active_topics(self, now: int) -> float:
        """Topics of the scope in the long window; as many as matter, see `threshold`."""
        mentions = self.scope.windows.mentions[self._long]
        if self.spec.step_ms < HOUR_MS and mentions <= ON_GROWTH_FROM:
            return mentions  # not more topics than that; hourly records lack some mentions
        return self.reader.active_topics(now)

    def key(self, slot: int) -> str:
        return self._timeline.names.keys[int(self.scope.windows.topics[slot])]

    def most_posts(self, count: int) -> list[int]:
        """The slots with most posts in the long window."""
        return [slot for slot, _ in islice(self._by_posts(FALLBACK_SUPPORT), count)]

    def life_of(self, slot: int) -> Life | None:
        """What is remembered of a topic that scores."""
        return self._lives.get(slot)

    def expect(self, slots: Sequence[int], past: Past) -> list[tuple[F64, F64]]:
        """(e, v) of short and long window for each slot."""
        return self.baseline.expect(slots, past, self._timeline)

    # -- lists by people ---------------------------------------------------------------------------------------------

    def _counting(self, now: int) -> list[Standing]:
        """No past yet: topics by support."""
        on = self.on_now = threshold(self.on, self._active_topics(now))
        found = []
        for slot in self._most_support(self.least_people, ROWS, ()) or self._most_support(FALLBACK_SUPPORT, ROWS, ()):
            support = self.reader.support(slot)
            n = support[1].n
            trending = n >= max(on, self.least_people)
            found.append(Standing(slot, support, n, weight=rank_weight(n, 0.0, n), trending=trending))
        return found

    def _fill(self, now: int, past: Past, trending: Sequence[Standing]) -> list[Standing]:
        """What fills a short list up: topics by support, not trending."""
        taken = {slot for standing in trending for slot in (standing.slot, *standing.joined)}
        slots = self._most_support(self.least_people, ROWS - (0 if self.of_shard else len(trending)), taken)
        if not slots and not trending:
            slots = self._most_support(FALLBACK_SUPPORT, ROWS, taken)
        found = []
        for slot, (e, v) in zip(slots, self.expect(slots, past), strict=True):
            standing = self._score(slot, e, v)
            life = self._lives.get(slot)
            if life is not None:
                standing.weight = life.shown_at(self.spec, now)
            found.append(standing)
        return found

    def _most_support(self, least: int, count: int, taken: Iterable[int]) -> list[int]:
        """The slots with most support in the long window, at least `least`, by key where equal."""
        if count <= 0:
            return []
        best: list[tuple[float, str, int]] = []
        for slot, most in self._by_posts(least):
            if len(best) >= count and most < -best[count - 1][0]:
                break
            if slot in taken:
                continue
            n = self.reader.long_support(slot).n
            if n >= least:
                insort(best, (-n, self.key(slot), slot))
        return [slot for _, _, slot in best[:count]]

    def _by_posts(self, least: int) -> Iterator[tuple[int, float]]:
        """(slot, the most support its posts in the long window allow), best first."""
        windows = self.scope.windows
        slots = windows.live(self._long, least)
        if len(slots) == 0:
            return
        most = most_support(windows.sums[self._long, slots])
        first = 64
        if len(slots) > first:
            top = np.argpartition(-most, first)[:first]
            top = top[np.argsort(-most[top])]
            yield from zip(slots[top].tolist(), most[top].tolist(), strict=True)
            rest = np.ones(len(slots), np.bool_)
            rest[top] = False
            slots, most = slots[rest], most[rest]
        order = np.argsort(-most)
        yield from zip(slots[order].tolist(), most[order].tolist(), strict=True)

    # -- issuing -----------------------------------------------------------------------------------------------------

    def _is_news(self, standings: Sequence[Standing], past: Past, wanted: Iterable[str]) -> list[str]:
        """The scopes whose last list said something else."""
        posts = [self.reader.posts(standing.slot) for standing in standings]
        now = tuple(
            (
                self.key(standing.slot),
                standing.trending,
                said,
                shown(standing.support[1].people, said),
                tuple(flags_of(standing)),
            )
            for standing, said in zip(standings, posts, strict=True)
        )
        issued = (past.flag, *self.total, *now) if now or self.total[0] else ()
        news = [scope for scope in wanted if self._issued.get(scope, ()) != issued]
        self._issued.update(dict.fromkeys(news, issued))
        return news

    # -- bookkeeping -------------------------------------------------------------------------------------------------

    def roll(self, finished: Finished, past: Past, span: Span) -> None:
        """A bucket ended (see Baseline). With a baseline that is dropped goes what was remembered of its topic."""
        alive = [slot for slot, life in self._lives.items() if life.since is not None]
        for slot in self.baseline.roll(finished, past, span, self._timeline, alive).tolist():
            self._lives.pop(slot, None)

    def tidy(self) -> set[int]:
        """Forgets lives that cannot matter any more. Returns the slots that are needed."""
        self._lives = {slot: life for slot, life in self._lives.items() if slot in self._tracked or not life.idle}
        return {*self._lives, *self._tracked, *self.shown, *self.baseline.slots.tolist()}

    def state(self, scope: str) -> tuple[dict[int, Life], set[int], tuple[object, ...]]:
        """Lives by slot, the slots looked at closely, and what was issued last for the scope."""
        return self._lives, self._tracked, self._issued.get(scope, ())

    def restore(self, lives: dict[int, Life], tracked: set[int], issued: tuple[object, ...]) -> None:
        """Takes what `state` gave for a scope without twins."""
        self._lives, self._tracked, self._issued = lives, tracked, {self.scope.name: issued}

    def renumber(self, new_slot: I32) -> None:
        """Slots have new numbers (all that are needed are kept)."""
        self.baseline.renumber(new_slot)
        self.reader.clear()
        self._lives = {int(new_slot[slot]): life for slot, life in self._lives.items()}
        self._tracked = {int(new_slot[slot]) for slot in self._tracked}
        self.shown = [int(new_slot[slot]) for slot in self.shown]


def flags_of(standing: Standing) -> list[Flag]:
    """Facts beside the rank (docs/trending.md, Row)."""
    long = standing.support[1]
    flags: list[Flag] = []
    if long.one_text > 0.5:
        flags.append("one_post")
    if long.one_author > 0.5:
        flags.append("one_author")
    if standing.joined:
        flags.append("same_people")
    return flags

