"""Provisional lists: what the lists of the next full minute hold so far.

A provisional list speaks of the same window as the final list of its moment, and is made by the same rules of what is
known: final minutes, panes that have closed and the live edge. When nothing more comes, it is the final list. It
leaves no trace in what final lists are made of. Looked at are the topics of the list before, and of those that were
just named the ones that could score and the most named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.clock import Past
from pipeline.trends.lists import FALLBACK_SUPPORT, ROWS, ScopeList, Standing
from pipeline.trends.people import NOBODY, Support, support
from pipeline.trends.reading import examples_at, gather, spellings_at
from pipeline.trends.rows import row_of
from pipeline.trends.scope import Scope, grown
from pipeline.trends.score import OFF, Life, rank_weight
from pipeline.trends.tables import Place, Table, posts_by_topic
from schemas import WINDOWS, TrendList

CANDIDATES = 30  # of those that could score, and as many of the most named, beside the rows shown

_Parts = tuple[U64, U64, I32]


@dataclass
class Recent:
    """What has come since the last final minute, for all lists: tables, and where the topics looked at stand there."""

    tables: Sequence[Table]
    places: dict[int, list[Place]] = field(default_factory=dict)  # by topic number

    def find(self, topics: Sequence[int]) -> None:
        """Looks topics up in every table at once."""
        wanted = np.array(sorted({topic for topic in topics if topic not in self.places}), np.int32)
        self.places.update((topic, []) for topic in wanted.tolist())
        for table in self.tables:
            for number, place in table.find_all(wanted):
                self.places[int(wanted[number])].append(place)


class Previews:
    """The provisional lists of all scopes. What is remembered here only saves work; slots must not change meaning."""

    def __init__(self) -> None:
        self._moment = (-1, -1)  # the last final minute and the one looked at, ends in ms
        self._named: dict[str, I32] = {}  # by scope: posts by slot since the last final minute
        self._previews: dict[ScopeList, _Preview] = {}

    def make(
        self,
        moment: tuple[int, int],
        known: Sequence[Table],
        fresh: Sequence[Table],
        lists: Mapping[str, Sequence[tuple[ScopeList, Past]]],
    ) -> list[TrendList]:
        """The lists that look different now. `moment`: end of the last final minute and of the one looked at (ms);
        `known`: all that has come since the former, `fresh`: what is new in it since the last call; `lists`: those to
        be made, by scope, each with its past."""
        if moment != self._moment:
            self._moment = moment
            self._named.clear()
            fresh = known
            for preview in self._previews.values():
                preview.begin(moment[1])
        recent, wanted = Recent(known), []
        for name, of_scope in lists.items():
            if not of_scope or not self._count(name, of_scope[0][0].scope, fresh):
                continue
            for of, past in of_scope:
                preview = self._previews.setdefault(of, _Preview(of, moment[1]))
                wanted.append((preview, past, preview.candidates(self._named[name])))
        recent.find([int(preview.of.scope.windows.topics[slot]) for preview, _, slots in wanted for slot in slots])
        made = (preview.trend_list(past, slots, recent) for preview, past, slots in wanted)
        return [one for one in made if one is not None]

    def _count(self, name: str, scope: Scope, tables: Sequence[Table]) -> bool:
        """Adds posts by slot. Whether the scope's lists are to be looked at: it got posts, or the moment is new."""
        begins = name not in self._named
        posted = begins
        named = self._named.get(name, np.zeros(0, np.int32))
        for table in tables:
            topics, posts = posts_by_topic(table, scope.mask)
            if len(topics):
                posted = True
                slots = scope.windows.slots_of(topics)
                named = grown(named, int(slots.max()) + 1, 0)
                named[slots] += posts
        self._named[name] = named
        return posted


class _Preview:
    """The provisional list of one scope and window."""

    def __init__(self, of: ScopeList, at: int) -> None:
        self.of = of
        self._base: dict[tuple[int, int], tuple[list[Place], _Parts | None]] = {}  # by slot, window: the final minutes'
        self._shown: tuple[object, ...] = ()
        self.begin(at)

    def begin(self, at: int) -> None:
        """Another moment (ms) is looked at."""
        of = self.of
        self._at = at
        self._base.clear()
        self._usual = set(of.shown)  # slots to look at though nobody names them
        self._usual.update(of.most_posts(CANDIDATES))

    def candidates(self, posts_since: I32) -> list[int]:
        """The slots to look at, given the posts of each since the last final minute."""
        of = self.of
        named = np.flatnonzero(posts_since)
        if len(named) == 0:
            return sorted(self._usual)
        windows, (short, long) = of.scope.windows, of.scope.windows.numbers(of.spec)
        posts = windows.sums[short : long + 1, named] + posts_since[named]
        found = set(self._usual)
        for measure in (of.baseline.bound(named, posts), posts[1]):
            order = np.argsort(-measure, kind="stable")[:CANDIDATES]
            found.update(named[order].tolist())
        return sorted(found)

    def trend_list(self, past: Past, slots: Sequence[int], recent: Recent) -> TrendList | None:
        """The list so far, where it differs from the one made before."""
        of, at = self.of, self._at
        reading = _Reading(of, at, self._base, recent)
        standings = self._standings(past, slots, reading)
        content = (
            at,
            *(
                (standing.slot, standing.trending, reading.posts(standing.slot), round(standing.support[1].people))
                for standing in standings
            ),
        )
        if content == self._shown or not standings:
            return None
        self._shown = content
        rows = [row_of(of, reading, at, past, standing, rank) for rank, standing in enumerate(standings, 1)]
        spec = of.spec
        return TrendList(of.scope.name, spec.window, WINDOWS[spec.window], at, False, past.flag, rows)

    def _standings(self, past: Past, slots: Sequence[int], reading: _Reading) -> list[Standing]:
        of, at = self.of, self._at
        if past.weight == 0:
            found = []
            for slot in slots:
                held = reading.support(slot)
                n = held[1].n
                trending = n >= max(of.on_now, of.least_people)
                found.append(Standing(slot, held, n, weight=rank_weight(n, 0.0, n), trending=trending))
            return _filled(of, found, ROWS)
        trending_now: list[Standing] = []
        others: list[Standing] = []
        for slot, (e, v) in zip(slots, of.expect(slots, past), strict=True):
            held = reading.support(slot)
            scores = [(held[j].n - float(e[j])) / math.sqrt(float(v[j])) for j in (0, 1)]
            which = 0 if scores[0] >= scores[1] else 1
            score = max(scores[which], 0.0) if held[1].n >= of.least_people else 0.0
            standing = Standing(slot, held, score, which, float(e[which]), float(v[which]))
            before = of.life_of(slot)
            life = copy(before) if before is not None else Life(at=at)
            weight = rank_weight(held[which].n, standing.expected, score)
            life.step(of.spec, at, score, weight, of.on_now, sets_record=not past.flag)
            standing.weight = life.shown if score >= OFF or before is not None else 0.0
            if life.since is not None:
                standing.life, standing.trending = life, True
                trending_now.append(standing)
            else:
                others.append(standing)
        trending_now.sort(key=lambda standing: (-standing.weight, of.key(standing.slot)))
        kept = of.join(trending_now)[:ROWS]
        taken = {slot for standing in kept for slot in (standing.slot, *standing.joined)}
        return kept + _filled(of, [one for one in others if one.slot not in taken], ROWS - len(kept), bool(kept))


def _filled(of: ScopeList, found: list[Standing], room: int, others: bool = False) -> list[Standing]:
    """The topics with most support; those of few people only where there is nothing else."""
    found.sort(key=lambda standing: (-standing.support[1].n, of.key(standing.slot)))
    many = [standing for standing in found if standing.support[1].n >= of.least_people]
    if many or others:
        return many[:room]
    return [standing for standing in found if standing.support[1].n >= FALLBACK_SUPPORT][:room]


class _Reading:
    """The windows that end at a moment that is not final: the final minutes in them, and what has come since."""

    def __init__(
        self,
        of: ScopeList,
        at: int,
        base: dict[tuple[int, int], tuple[list[Place], _Parts | None]],
        recent: Recent,
    ) -> None:
        self._of, self._at, self._base, self._recent = of, at, base, recent
        self._mask: Mask | None = of.scope.mask
        self._support: dict[int, tuple[Support, Support]] = {}

    def support(self, slot: int) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        found = self._support.get(slot)
        if found is None:
            found = self._support[slot] = (self._read(slot, 0), self._read(slot, 1))
        return found

    def _read(self, slot: int, which: int) -> Support:
        held = self._held(slot, which)[1]
        since = self._at - self._of.spec.windows_ms[which]
        more = gather([place for place in self._news(slot) if place.table.start >= since], self._mask)
        parts = [part for part in (held, more) if part is not None]
        if not parts:
            return NOBODY
        if len(parts) == 1:
            return support(*parts[0])
        return support(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _held(self, slot: int, which: int) -> tuple[list[Place], _Parts | None]:
        found = self._base.get((slot, which))
        if found is None:
            places = self._of.reader.places_since(slot, self._at - self._of.spec.windows_ms[which])
            found = self._base[slot, which] = places, gather(places, self._mask)
        return found

    def _news(self, slot: int) -> list[Place]:
        return self._recent.places.get(int(self._of.scope.windows.topics[slot]), [])

    def _places(self, slot: int) -> list[Place]:
        return [*self._held(slot, 1)[0], *self._news(slot)]

    def posts(self, slot: int) -> int:
        """Posts in the long window."""
        return sum(
            int(place.table.posts[row]) for place in self._places(slot) for row in place.rows(self._mask)
        )

    def spellings(self, slot: int) -> list[str]:
        return spellings_at(self._places(slot), self._mask, self._of.reader.names)

    def examples(self, slot: int) -> list[str]:
        return examples_at(self._places(slot), self._mask)

    def spark(self, slot: int, which: int) -> list[float]:
        """Support at the last 20 steps: of final ones as they were, then so far."""
        before = self._of.reader.spark(slot, which)
        steps = min((self._at - self._of.reader.now) // self._of.spec.step_ms, len(before))
        return [*before[steps:], *([before[-1]] * (steps - 1)), self.support(slot)[which].n]
