"""Provisional lists: what the lists of the next full minute hold so far.

A provisional list speaks of the same window as the final list of its moment, and is made by the same rules of what is
known: final minutes, panes that have closed and the live edge. When nothing more comes, it is the final list. It
leaves no trace in what final lists are made of. Looked at are the topics of the list before, and of those that were
just named the ones that could score and the most named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import chain

import numpy as np

from pipeline.trends.arrange import ROWS, fill, join
from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.clock import Past
from pipeline.trends.lists import FALLBACK_SUPPORT, ScopeList, Standing, Standings
from pipeline.trends.panes import EXAMPLES, united_sample
from pipeline.trends.people import NOBODY, Support, most_support, shown, support_of_united, united
from pipeline.trends.reading import gather, number_of
from pipeline.trends.rows import part_of, row_of
from pipeline.trends.scope import Scope, grown
from pipeline.trends.score import OFF, Life, rank_weight
from pipeline.trends.tables import Place, Table, posts_by_topic, totals_in
from schemas import WINDOWS, TrendList
from schemas.parts import ListPart

CANDIDATES = 30  # of those that could score, and as many of the most named, beside the rows shown

_Parts = tuple[U64, U64, I32]  # author, text, posts by entry


def find(tables: Sequence[Table], topics: Iterable[int]) -> dict[int, list[Place]]:
    """Where topics (by number) stand in the tables: every table is looked through once."""
    wanted = np.array(sorted(set(topics)), np.int32)
    places: dict[int, list[Place]] = {topic: [] for topic in wanted.tolist()}
    for table in tables:
        for number, place in table.find_all(wanted):
            places[int(wanted[number])].append(place)
    return places


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
    ) -> list[tuple[_Preview, Past, Standings]]:
        """What looks different now (`_Preview.trend_list` makes a list of it).

        `moment`: end of the last final minute and of the one looked at (ms); `known`: all that is not final yet,
        `fresh`: what is new in it since the last call; `lists`: those to be made, by scope, each with its past."""
        if moment != self._moment:
            self._moment = moment
            self._named.clear()
            fresh = known
            for preview in self._previews.values():
                preview.begin(moment[1])
        looked = []
        for name, of_scope in lists.items():
            if of_scope and self._count(name, of_scope[0][0].scope, fresh):
                for of, past in of_scope:
                    if of not in self._previews:
                        self._previews[of] = _Preview(of, moment[1])
                    preview = self._previews[of]
                    looked.append((preview, past, preview.candidates(self._named[name], past)))
        topics = [[int(preview.of.scope.windows.topics[slot]) for slot in slots] for preview, _, slots in looked]
        found = find(fresh, chain.from_iterable(topics))
        missing = {
            topic
            for (preview, _, slots), numbers in zip(looked, topics, strict=True)
            for slot, topic in zip(slots, numbers, strict=True)
            if not preview.holds(slot)
        }
        whole = find(known, missing)
        made = []
        for (preview, past, slots), numbers in zip(looked, topics, strict=True):
            for slot, topic in zip(slots, numbers, strict=True):
                preview.add(slot, found[topic] if preview.holds(slot) else whole[topic])
            standings = preview.look(past, slots, known)
            if standings is not None:
                made.append((preview, past, standings))
        return made

    def _count(self, name: str, scope: Scope, tables: Sequence[Table]) -> bool:
        """Adds posts by slot. Whether the scope's lists are to be looked at: it got posts, or the moment is new."""
        begins = name not in self._named
        posted = begins
        named = self._named.get(name, np.zeros(0, np.int32))
        for table in tables:
            topics, posts = posts_by_topic(table, scope.mask)
            posted = posted or (scope.counts_posts and bool(totals_in(table, scope.mask)))
            if len(topics):
                posted = True
                slots = scope.windows.slots_of(topics)
                named = grown(named, int(slots.max()) + 1, 0)
                named[slots] += posts
        self._named[name] = named
        return posted


class _Held:
    """What is known of a topic in the windows that end at the moment looked at."""

    __slots__ = ("examples", "parts", "posts", "spellings", "support")

    def __init__(self) -> None:
        self.parts: list[_Parts | None] = [None, None]  # short and long window
        self.posts = 0  # of the long window, as what follows
        self.spellings: dict[int, int] = {}  # posts by number
        self.examples: list[tuple[int, str]] = []  # (lot, post id), the first few
        self.support: tuple[Support, Support] | None = None

    def add(self, places: Sequence[Place], mask: Mask | None, windows: Sequence[int]) -> None:
        """Takes in what stands at these places, which lie in the `windows` (0: short, 1: long)."""
        if not places:
            return
        self.support = None
        more = gather(places, mask)
        for which in windows:
            if more is not None:
                self.parts[which] = united(*more) if (held := self.parts[which]) is None else _both(held, more)
        if 1 not in windows:
            return
        for place in places:
            table = place.table
            for row in place.rows(mask):
                posts, spelling = int(table.posts[row]), int(table.spelling[row])
                self.posts += posts
                self.spellings[spelling] = self.spellings.get(spelling, 0) + posts
                first, last = table.example_ptr[row], table.example_ptr[row + 1]
                self.examples += zip(table.example_lot[first:last].tolist(), table.examples[first:last], strict=True)
        self.examples = sorted(self.examples)[:EXAMPLES]

    def read(self) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        if self.support is None:
            short, long = (NOBODY if part is None else support_of_united(*part) for part in self.parts)
            self.support = short, long
        return self.support


def _both(one: _Parts, other: _Parts) -> _Parts:
    return united(
        np.concatenate((one[0], other[0])), np.concatenate((one[1], other[1])), np.concatenate((one[2], other[2]))
    )


class _Preview:
    """The provisional list of one scope and window; also what its rows tell of their topics."""

    def __init__(self, of: ScopeList, at: int) -> None:
        self.of = of
        self._held: dict[int, _Held] = {}  # by slot
        self._shown: tuple[object, ...] = ()
        self.total = (0, 0)  # posts and people of the scope, where that is counted
        self._floor = 0.0  # support below which a topic is not in the list
        self.begin(at)

    def begin(self, at: int) -> None:
        """Another moment (ms) is looked at."""
        self._at = at
        short_ms, long_ms = self.of.spec.windows_ms
        self._since = at - short_ms, at - long_ms
        self._held.clear()
        self._people: U64 | None = None  # sample of the final minutes
        self._usual = {*self.of.shown, *self.of.most_posts(CANDIDATES)}  # to look at though nobody names them

    def candidates(self, posts_since: I32, past: Past) -> list[int]:
        """The slots to look at, given the posts of each since the last final minute."""
        of = self.of
        named = np.flatnonzero(posts_since)
        if len(named) == 0:
            return sorted(self._usual)
        windows, (short, long) = of.scope.windows, of.scope.windows.numbers(of.spec)
        posts = windows.sums[short : long + 1, named] + posts_since[named]
        bound = of.baseline.bound(named, posts)
        most = most_support(posts[1])
        found = set(self._usual)
        for measure, least in ((bound, OFF if past.weight else math.inf), (most, self._floor or FALLBACK_SUPPORT)):
            order = np.argsort(-measure, kind="stable")[:CANDIDATES]
            found.update(named[order[measure[order] >= least]].tolist())
        return sorted(found)

    def holds(self, slot: int) -> bool:
        return slot in self._held

    def add(self, slot: int, places: Sequence[Place]) -> None:
        """What has come of a topic: at first all since the last final minute, then what is new."""
        held = self._held.get(slot)
        mask = self.of.scope.mask
        if held is None:
            held = self._held[slot] = _Held()
            for which in (0, 1):
                held.add(self.of.reader.places_since(slot, self._since[which]), mask, (which,))
        short = [place for place in places if place.table.start >= self._since[0]]
        if len(short) == len(places):
            held.add(places, mask, (0, 1))
        else:
            held.add(short, mask, (0,))
            held.add([place for place in places if place.table.start >= self._since[1]], mask, (1,))

    def _total(self, known: Sequence[Table]) -> tuple[int, int]:
        """All posts of the scope and their people in the long window, where that is counted."""
        of, (_, since) = self.of, self._since
        if not of.scope.counts_posts:
            return 0, 0
        mask, final = of.scope.mask, of.reader.end
        if self._people is None:
            samples = of.reader.people_samples(since, final)
            self._people = united_sample(samples) if samples else np.zeros(0, np.uint64)
            self._posts = of.reader.posts_since(since)
        more = [totals for table in known if table.start >= since for totals in totals_in(table, mask)]
        people = number_of([self._people, *(totals.people for totals in more)])
        posts = self._posts + sum(totals.posts for totals in more)
        return posts, shown(people, posts)

    def look(self, past: Past, slots: Sequence[int], known: Sequence[Table]) -> Standings | None:
        """The list so far, where it differs from the one before; `known` is all that is not final yet."""
        standings = self._standings(past, slots)
        self.total = self._total(known)
        rows = (*standings.trending, *standings.others)
        content = (
            self._at,
            self.total,
            *((one.slot, one.trending, posts := self._held[one.slot].posts, shown(one.support[1].people, posts))
              for one in rows),
        )
        if content == self._shown or not (standings or self.total[0]):
            return None
        self._shown = content
        return standings

    def trend_list(self, past: Past, standings: Standings) -> TrendList:
        """The list that travels."""
        of, at = self.of, self._at
        ranked = enumerate((*standings.trending, *standings.others), 1)
        rows = [row_of(of, self, at, past, standing, rank) for rank, standing in ranked]
        spec = of.spec
        return TrendList(of.scope.name, spec.window, WINDOWS[spec.window], at, False, past.flag, rows, *self.total)

    def part(self, shard: int, past: Past, standings: Standings) -> ListPart:
        """What a shard tells of the list."""
        return part_of(self.of, self, (shard, self._at, False), past, standings, self.total)

    def _standings(self, past: Past, slots: Sequence[int]) -> Standings:
        of, at = self.of, self._at
        if past.weight == 0:
            found = []
            for slot in slots:
                held = self._held[slot].read()
                n = held[1].n
                trending = n >= max(of.on_now, of.least_people)
                found.append(Standing(slot, held, n, weight=rank_weight(n, 0.0, n), trending=trending))
            return self._filled(found, [])
        trending_now: list[Standing] = []
        others: list[Standing] = []
        for slot, (e, v) in zip(slots, of.expect(slots, past), strict=True):
            standing = of.standing(slot, self._held[slot].read(), e, v)
            before = of.life_of(slot)
            life = copy(before) if before is not None else Life(at=at)
            weight = rank_weight(standing.support[standing.which].n, standing.expected, standing.score)
            life.step(of.spec, at, standing.score, weight, of.on_now, sets_record=not past.flag)
            standing.weight = life.shown if standing.score >= OFF or before is not None else 0.0
            if life.since is not None:
                standing.life, standing.trending = life, True
                trending_now.append(standing)
            else:
                others.append(standing)
        trending_now.sort(key=lambda standing: (-standing.weight, of.key(standing.slot)))
        return self._filled(others, trending_now if of.of_shard else join(trending_now))

    def _filled(self, others: list[Standing], trending: list[Standing]) -> Standings:
        """The list filled up with those of most support; of a shard's topics as many as could be needed."""
        of = self.of
        taken = {slot for standing in trending for slot in (standing.slot, *standing.joined)}
        others = [one for one in others if one.slot not in taken and one.n >= FALLBACK_SUPPORT]
        others.sort(key=lambda standing: (-standing.n, of.key(standing.slot)))
        more = others[:ROWS] if of.of_shard else fill(trending, others, of.least_people)[len(trending) :]
        room = ROWS - (0 if of.of_shard else len(trending))
        self._floor = 0.9 * more[-1].n if len(more) == room > 0 else 0.0
        return Standings(trending, more)

    # -- what a row tells of its topic -------------------------------------------------------------------------------

    def posts(self, slot: int) -> int:
        """Posts in the long window."""
        return self._held[slot].posts

    def spellings(self, slot: int) -> list[str]:
        """Most used first."""
        known, counts = self.of.reader.names.spellings, self._held[slot].spellings
        return [known[number] for number in sorted(counts, key=lambda number: (-counts[number], known[number]))]

    def examples(self, slot: int) -> list[str]:
        """Ids of some posts."""
        return [post for _, post in self._held[slot].examples]

    def spark(self, slot: int, which: int) -> list[float]:
        """Support at the last 20 steps: of final ones as they were, then so far."""
        before = self.of.reader.spark(slot, which)
        steps = min((self._at - self.of.reader.now) // self.of.spec.step_ms, len(before))
        return [*before[steps:], *([before[-1]] * (steps - 1)), self._held[slot].read()[which].n]
