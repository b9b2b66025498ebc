"""Provisional lists: what the lists of the next full minute hold so far.

A provisional list speaks of the same window as the final list of its moment, and is made by the same rules of what is
known: final minutes, panes that have closed and the live edge. When nothing more comes, it is the final list. It
leaves no trace in what final lists are made of. Looked at are the topics of the list before, and of those that were
just named the ones that could score and the most named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy

import numpy as np

from pipeline.trends.arrays import I32, grown
from pipeline.trends.baseline_buckets import BaselineWeight
from pipeline.trends.counts import Counts, Place
from pipeline.trends.early_topics import TopicPlaces, TopicWindows
from pipeline.trends.joining import apart, by_weight, foremost, judge_together
from pipeline.trends.lists import ScopeList
from pipeline.trends.names import ALL_WORDS, TAG, WORD
from pipeline.trends.people import (
    most_support,
    shown,
)
from pipeline.trends.reading import (
    examples_of,
    most_used,
    people_in,
    posts_in,
    spark_ends,
)
from pipeline.trends.rows import trend_list
from pipeline.trends.scope import Scope
from pipeline.trends.score import OFF, Life
from pipeline.trends.standing import (
    FALLBACK_SUPPORT,
    ROWS,
    Standing,
    Standings,
    against_past,
    fill,
    says,
    without_past,
)
from schemas import TrendList

CANDIDATES = 30  # of those that could score, and as many of the most named, beside the rows shown
WAITING_WORDS = 60  # looked at though nobody says them: others may be said less


def find(tables: Sequence[Counts], topics: Iterable[int]) -> dict[int, list[Place]]:
    """Where topics (by number) stand in the tables: every table is looked through once."""
    wanted = np.array(sorted(set(topics)), np.int32)
    places: dict[int, list[Place]] = {topic: [] for topic in wanted.tolist()}
    for table in tables:
        for number, place in table.find_all(wanted):
            places[int(wanted[number])].append(place)
    return places


class EarlyLists:
    """The provisional lists of all scopes. What is remembered here only saves work; slots must not change meaning."""

    def __init__(self) -> None:
        self._moment = (-1, -1)  # the last final minute and the one looked at, ends in ms
        self._named: dict[str, I32] = {}  # by scope: posts by slot since the last final minute
        self._previews: dict[ScopeList, _Preview] = {}
        self._topics: dict[str, dict[int, TopicPlaces]] = {}  # by window, topic

    def make(
        self,
        moment: tuple[int, int],
        known: Sequence[Counts],
        fresh: Sequence[Counts],
        lists: Mapping[str, Sequence[tuple[ScopeList, BaselineWeight]]],
    ) -> list[tuple[_Preview, BaselineWeight, Standings]]:
        """What looks different now (`_Preview.trend_list` makes a list of it).

        `moment`: end of the last final minute and of the one looked at (ms); `known`: all that is not final yet,
        `fresh`: what is new in it since the last call; `lists`: those to be made, by scope, each with its past."""
        if moment != self._moment:
            self._moment = moment
            self._named.clear()
            self._topics.clear()
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
        self._follow(looked, known, fresh)
        made = []
        for preview, past, slots in looked:
            preview.learn(slots, self._topics[preview.of.spec.window])
            standings = preview.look(past, slots, known)
            if standings is not None:
                made.append((preview, past, standings))
        return made

    def _follow(
        self,
        looked: Sequence[tuple[_Preview, BaselineWeight, Sequence[int]]],
        known: Sequence[Counts],
        fresh: Sequence[Counts],
    ) -> None:
        """Finds out where the topics looked at stand, and what is new of those looked at before."""
        followed = {topic for of_window in self._topics.values() for topic in of_window}
        found = find(fresh, followed)
        for of_window in self._topics.values():
            for topic, held in of_window.items():
                held.add(found[topic])
        begun = []
        for preview, _, slots in looked:
            of_window = self._topics.setdefault(preview.of.spec.window, {})
            for slot in slots:
                topic = int(preview.of.scope.windows.topics[slot])
                if topic not in of_window:
                    of_window[topic] = preview.places(slot)
                    begun.append((topic, of_window[topic]))
        found = find(known, {topic for topic, _ in begun})
        for topic, held in begun:
            held.add(found[topic])

    def _count(self, name: str, scope: Scope, tables: Sequence[Counts]) -> bool:
        """Adds posts by slot. Whether the scope's lists are to be looked at: it got posts, or the moment is new."""
        begins = name not in self._named
        posted = begins
        named = self._named.get(name, np.zeros(0, np.int32))
        for table in tables:
            topics, posts = table.posts_by_topic(scope.mask)
            posted = posted or (scope.counts_posts and table.posted(scope.mask)[0] > 0)
            if len(topics):
                posted = True
                slots = scope.windows.slots_of(topics)
                named = grown(named, int(slots.max()) + 1, 0)
                named[slots] += posts
        self._named[name] = named
        return posted


class _Preview:
    """The provisional list of one scope and window; also what its rows tell of their topics."""

    def __init__(self, of: ScopeList, at: int) -> None:
        self.of = of
        self._held: dict[int, TopicWindows] = {}  # by slot
        self._shown: tuple[object, ...] = ()
        self._withdrawing: Sequence[Counts] = ()  # the tables of the long window that withdraw posts
        self._final_spark: dict[int, list[tuple[int, int]]] = {}  # by slot: ends of steps, and people of final ones
        self.total = (0, 0)  # posts and people of the scope, where that is counted
        self._floor = 0.0  # support below which a topic is not in the list
        self.begin(at)

    def begin(self, at: int) -> None:
        """Another moment (ms) is looked at."""
        self._at = at
        short_ms, long_ms = self.of.spec.windows_ms
        self._since = at - short_ms, at - long_ms
        self._held.clear()
        self._final_spark.clear()
        whole = self.of.scope.windows.whole
        # to look at though nobody names them
        self._usual = {*self.of.shown, *self.of.most_posts(CANDIDATES)}
        if whole is not None:
            self._usual |= {whole, *self.of.waiting_words(WAITING_WORDS)}

    def candidates(self, posts_since: I32, past: BaselineWeight) -> list[int]:
        """The slots to look at, given the posts of each since the last final minute."""
        of = self.of
        named = np.flatnonzero(posts_since)
        if len(named) == 0:
            return sorted(self._usual)
        windows, (short, long) = of.scope.windows, of.scope.windows.numbers(of.spec)
        posts = windows.sums[short : long + 1, named] + posts_since[named]
        kinds = windows.kinds[named]
        most = np.where(kinds == TAG, most_support(posts[1]), 0.0)
        measures = [(most, self._floor or FALLBACK_SUPPORT)]
        if past.weight:
            bound = np.where(kinds == ALL_WORDS, 0.0, of.baseline.bound(named, posts))
            measures.append((bound, OFF))
        found = set(self._usual)
        for measure, least in measures:
            enough = np.flatnonzero(measure >= least)
            order = np.argsort(-measure[enough], kind="stable")[:CANDIDATES]
            found.update(named[enough[order]].tolist())
        return sorted(found)

    def places(self, slot: int) -> TopicPlaces:
        """Where a topic stands in final minutes."""
        short, long = self._since
        return TopicPlaces(
            self._since, (self.of.reader.places_since(slot, short), self.of.reader.places_since(slot, long))
        )

    def learn(self, slots: Sequence[int], topics: Mapping[int, TopicPlaces]) -> None:
        """What is known of these topics in the scope."""
        mask, numbers = self.of.scope.mask, self.of.scope.windows.topics
        self._held = {slot: topics[int(numbers[slot])].within(mask) for slot in slots}

    def _total(self, known: Sequence[Counts]) -> tuple[int, int]:
        """All posts of the scope and their people in the long window, where that is counted."""
        of, (_, since) = self.of, self._since
        if not of.scope.counts_posts:
            return 0, 0
        tables = [*of.reader.everybody(since, of.reader.end), *(table for table in known if table.start >= since)]
        posts = posts_in(tables, of.scope.mask, since)
        return posts, shown(people_in(tables, of.scope.mask, since), posts)

    def look(self, past: BaselineWeight, slots: Sequence[int], known: Sequence[Counts]) -> Standings | None:
        """The list so far, where it differs from the one before; `known` is all that is not final yet."""
        standings = self._standings(past, slots)
        for standing in standings.rows:
            standing.origins = self.of.origins(self._held[standing.slot].people_from(), self._at)
        self.total = self._total(known)
        said = says(standings, past.flag, self.total, self.of.key, self.posts)
        content = (self._at, *said)
        if content == self._shown or not said:
            return None
        final = self.of.reader.everybody(self._since[1], self.of.reader.end)
        self._shown = content
        self._withdrawing = [table for table in (*final, *known) if len(table.cell_retracted)]
        return standings

    def trend_list(self, past: BaselineWeight, standings: Standings) -> TrendList:
        """The list that travels."""
        return trend_list(self.of, self, (self._at, False), past, standings, self.total)

    def _standings(self, past: BaselineWeight, slots: Sequence[int]) -> Standings:
        of, held, windows = self.of, self._held, self.of.scope.windows
        if past.weight == 0:
            tags = ((slot, held[slot].read()) for slot in slots if windows.kinds[slot] == TAG)
            return self._filled([], [without_past(slot, read, of.on_now, of.least_people) for slot, read in tags])
        whole = None if windows.whole is None else held[windows.whole].read()
        told = (TAG, WORD) if of.usual.tells_of_words(past, lambda slot: held[slot].read()) else (TAG,)
        slots = [slot for slot in slots if windows.kinds[slot] in told]
        trending: list[Standing] = []
        others: list[Standing] = []
        expected = of.usual.expect(slots, past, lambda slot: held[slot].read())
        scores = against_past(slots, [held[slot].read() for slot in slots], expected, of.least_people)
        for standing in scores.standings():
            slot = standing.slot
            life = copy(of.life_of(slot)) or Life(at=self._at)
            life.step(of.spec, self._at, standing.score, standing.weight, of.on_of(slot), not past.flag)
            if standing.live(life, of.least_people):
                trending.append(standing)
            elif windows.kinds[slot] == TAG:
                others.append(standing)
        trending = foremost(trending, of.key)
        self._look_at(trending)
        suspects = [standing for standing in trending if standing.suspect]
        writers = whole[1].people if whole else 0.0
        trending = by_weight((standing for standing in trending if not standing.suspect), of.key, writers)
        while True:
            found = self._filled(trending, others)
            self._look_at(found.others)
            fresh = [standing for standing in found.others if standing.suspect]
            if not fresh:
                return found._replace(suspects=apart(suspects, of.key, writers))
            suspects += fresh
            others = [standing for standing in others if not standing.suspect]

    def _look_at(self, standings: Sequence[Standing]) -> None:
        """Tells what speaks against each, as far as it is known."""
        for standing in standings:
            held = self._held[standing.slot]
            standing.judged = self.of.judged(standing.slot, self.of.reader.end, held.by_minute)
        judge_together(standings, self.of.key)

    def _filled(self, trending: list[Standing], others: list[Standing]) -> Standings:
        found = fill(trending, others, self.of.least_people, self.of.key)
        more = found.others
        self._floor = 0.9 * more[-1].n if len(more) == ROWS - len(trending) > 0 else 0.0
        return found

    # -- what a row tells of its topic -------------------------------------------------------------------------------

    def posts(self, slot: int) -> int:
        """Posts in the long window."""
        return max(self._held[slot].posts, 0)  # what is not final may withdraw what was never counted

    def spellings(self, slot: int) -> list[str]:
        """Most used first."""
        return most_used(self._held[slot].spellings, self.of.reader.names.spellings)

    def examples(self, slot: int) -> list[str]:
        """Ids of some posts."""
        return examples_of(self._held[slot].examples, self._withdrawing)

    def n_before(self, slot: int, which: int, end: int) -> float:
        """Support in a window that ended at an earlier, final step."""
        return self.of.reader.n_before(slot, which, end)

    def spark(self, slot: int) -> list[int]:
        """People of each of the last 20 steps: of final ones as they were, then so far."""
        reader, held, step_ms = self.of.reader, self._held[slot], self.of.spec.step_ms
        known = self._final_spark.get(slot)
        if known is None:
            final = dict(zip(spark_ends(reader.now, step_ms), reader.spark(slot), strict=True))
            known = self._final_spark[slot] = [(end, final.get(end, 0)) for end in spark_ends(self._at, step_ms)]
        return [round(held.people_of_step(end - step_ms)) if end > reader.end else people for end, people in known]
