"""One list of one scope: at every step, which topics trend, in what order, and whether the list is worth issuing."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import islice

import numpy as np

from pipeline.trends.arrays import I32, Integers
from pipeline.trends.baseline import Baseline
from pipeline.trends.baseline_buckets import BaselineWeight, ClosedBucket
from pipeline.trends.counts import Place
from pipeline.trends.joining import apart, by_weight, foremost, judge_together
from pipeline.trends.names import ALL_WORDS, TAG, WORD
from pipeline.trends.origins import From, UsualServers
from pipeline.trends.people import most_support, shown
from pipeline.trends.reading import Reader, people_in
from pipeline.trends.scope import Scope
from pipeline.trends.score import HOUR_MS, OFF, ON_GROWTH_FROM, Life, ListSpec, threshold
from pipeline.trends.sliding import Span
from pipeline.trends.standing import (
    FALLBACK_SUPPORT,
    LEAST_PEOPLE,
    LEAST_PEOPLE_OF_EVENT,
    ON,
    ON_OF_EVENT,
    PERHAPS_SAID,
    ROWS,
    Scores,
    Standing,
    Standings,
    against_past,
    says,
    taken,
    without_past,
)
from pipeline.trends.suspicion import Judged, Suspicion
from pipeline.trends.timeline import Timeline
from pipeline.trends.usual import Usual
from schemas.trends import Origins

REMEMBERS_SUSPECTS = "all", "1h"  # the list whose suspect topics are: scope, window
_NOT_MADE: tuple[object, ...] = (None,)  # what no list says: the next one is issued, whatever it says


class Wanted(Enum):
    """What a step is to make."""

    NOTHING = auto()
    TRENDS = auto()  # the list, where something trends
    LIST = auto()


def least_people(scope: str) -> int:
    """How many people a topic must have to score in a scope."""
    return LEAST_PEOPLE_OF_EVENT if scope.startswith("event:") else LEAST_PEOPLE


class ScopeList:
    """The list of one kind in one scope. `step` at every observed step of the grid, in order."""

    def __init__(
        self, scope: Scope, spec: ListSpec, timeline: Timeline, suspicion: Suspicion, usual_servers: UsualServers
    ) -> None:
        self.scope, self.spec = scope, spec
        self.least_people = least_people(scope.name)
        self.on = ON_OF_EVENT if scope.is_event else ON
        self.baseline = Baseline(scope, spec, self.least_people)
        self.reader = Reader(scope, spec, timeline)
        self.usual = Usual(self.baseline, self.reader.support, timeline)
        self._timeline, self._suspicion, self._usual_servers = timeline, suspicion, usual_servers
        self.short, self.long = scope.windows.numbers(spec)
        self.on_now = self.on_of_words = self.on  # as they were at the last step
        self.total = (0, 0)  # posts and people of the scope at the last step, where that is counted
        self.shown: list[int] = []  # slots of the list that was made last
        self.looked_at: dict[int, Judged | None] = {}  # what was said of slots that trended at the last step
        self._lives: dict[int, Life] = {}
        self._tracked: set[int] = set()  # slots that score, or could with as many people as posts
        self._issued: tuple[object, ...] = ()  # what the list issued last said
        self._was_wanted: Wanted | None = None  # what the step before was to make
        self._of_long_alone = False  # whether nothing but the long window decides what that list says
        # what it was made of beside posts; None: its order can change with time alone
        self._made_of: tuple[int, bool, list[tuple[int, bool]]] | None = None

    def step(
        self, now: int, past: BaselineWeight, changed_slots: tuple[I32, I32], bucket_began: bool, wanted: Wanted
    ) -> Standings | None:
        """The list at `now` (ms), when it is to be issued. `changed_slots` are the slots with other posts than at the
        step before, by window. What is not `wanted` is not made, but lives go on."""
        moved = len(changed_slots[0]) > 0 or len(changed_slots[1]) > 0 or self.scope.windows.posts_moved[self.long]
        if not (moved or bucket_began or self.has_tracked):
            return None
        self.reader.step(now, changed_slots)
        if not (bucket_began or self.has_tracked or wanted != self._was_wanted) and self._stays(now, changed_slots):
            return None
        self._was_wanted = wanted
        is_made = wanted is Wanted.LIST
        if past.weight == 0:
            found = Standings([], self._counting(now) if is_made else [])
        else:
            self._track(changed_slots[0], changed_slots[1], bucket_began, past)
            living = foremost(self._living(now, past), self.key) if is_made or self._tracked else []
            is_made = is_made or (wanted is Wanted.TRENDS and len(living) > 0)
            if is_made or self.remembers_suspects:
                self._look_at(living, now)
            made_of = self._suspicion.changes, is_made, [(standing.slot, standing.suspect) for standing in living]
            if not (moved or bucket_began) and made_of == self._made_of:
                return None
            suspects = [standing for standing in living if standing.suspect]
            writers = self._writers
            trending = by_weight((standing for standing in living if not standing.suspect), self.key, writers)
            others, more = self._fill(now, past, trending, suspects) if is_made else ([], [])
            found = Standings(trending, others, apart([*suspects, *more], self.key, writers))
            self._made_of = made_of if max(len(living), len(found.suspects)) < 2 else None
        rows = found.rows
        self.shown = [slot for standing in rows for slot in (standing.slot, *standing.joined)]
        self._of_long_alone = not self._tracked and all(standing.signs is None for standing in rows)
        if not is_made:
            if wanted is Wanted.TRENDS:
                self._issued = _NOT_MADE
            return None
        for standing in rows:
            standing.origins = self.origins(self.reader.people_from(standing.slot), now)
            self._of_long_alone &= standing.origins is None
        self._count_all(now)
        before, self._issued = self._issued, says(found, past.flag, self.total, self.key, self.reader.posts)
        return found if self._issued != before else None

    def _stays(self, now: int, changed_slots: tuple[I32, I32]) -> bool:
        """Whether what moved leaves the list as it was: posts that left the short window alone, of topics that do not
        score; or topics that are not shown, with too few posts to be."""
        windows = self.scope.windows
        if windows.posts_moved[self.long]:
            return False
        if self._of_long_alone and not len(changed_slots[1]):
            return True
        posts, shown_slots = windows.sums[self.long], set(self.shown)
        for slots in changed_slots:
            if len(slots) and (posts[slots].max() >= FALLBACK_SUPPORT or not shown_slots.isdisjoint(slots.tolist())):
                return False
        same = self._on_of_words() == self.on_of_words
        return same and threshold(self.on, self._active_topics(now)) == self.on_now

    def _count_all(self, now: int) -> None:
        """All posts of the scope and their people in the long window, where that is counted."""
        if self.scope.counts_posts:
            since = now - self.spec.long_ms
            people = people_in(self.reader.everybody(since, now), self.scope.mask, since)
            posts = self.scope.windows.posts[self.long]
            self.total = posts, shown(people, posts)

    @property
    def _writers(self) -> float:
        """How many people write words in the long window."""
        whole = self.scope.windows.whole
        return self.reader.long_support(whole).people if whole is not None else 0.0

    @property
    def remembers_suspects(self) -> bool:
        """Whether it is this list of which the people of suspect topics are remembered."""
        return (self.scope.name, self.spec.window) == REMEMBERS_SUSPECTS

    @property
    def has_tracked(self) -> bool:
        """Whether the list can change though nobody posts."""
        return bool(self._tracked)

    def waiting_words(self, most: int) -> list[int]:
        """The words that could come nearest to a score as soon as others are said less."""
        slots = np.array(sorted(self._tracked), np.int64)
        words = slots[self.scope.windows.kinds[slots] == WORD]
        bound = self.baseline.bound(words, self.scope.windows.sums[self.short : self.long + 1].take(words, 1))
        found: list[int] = words[np.argsort(-bound, kind="stable")[:most]].tolist()
        return found

    # -- who is looked at ------------------------------------------------------------------------------------------

    def _track(self, short: I32, long: I32, bucket_began: bool, past: BaselineWeight) -> None:
        """Looks closer at topics whose posts could be enough for a score."""
        windows = self.scope.windows
        if bucket_began:
            slots = windows.live(self.long, self.least_people)
        else:  # most topics have too few posts: they go before anything else is asked of them
            moved = np.concatenate((short, long))
            moved = moved[windows.sums[self.long].take(moved) >= self.least_people]
            if len(moved) == 0:
                return
            there = np.zeros(windows.used, np.bool_)
            there[moved] = True
            slots = np.flatnonzero(there)
        slots = slots[windows.kinds[slots] != ALL_WORDS]
        if len(slots) == 0:
            return
        posts = windows.sums[self.short : self.long + 1].take(slots, 1)
        enough = self.baseline.bound(slots, posts) >= OFF
        slots, posts = slots[enough], posts[:, enough]
        if len(slots):
            self.baseline.learn(slots, past, self._timeline)
            self._tracked.update(slots[self.baseline.bound(slots, posts) >= OFF].tolist())

    def _look_at(self, living: Sequence[Standing], now: int) -> None:
        """Tells what speaks against each; of the list of all posts in the hour it is remembered who is suspect."""
        for standing in living:
            standing.judged = self.judged(standing.slot, now)
        judge_together(living, self.key)
        self.looked_at = {standing.slot: standing.judged for standing in living}
        for standing in living:
            if standing.suspect and self.remembers_suspects:
                self._suspicion.remember(self._topic(standing.slot), self.spec.step_ms)

    def judged(self, slot: int, now: int, early: Mapping[int, Sequence[Place]] | None = None) -> Judged | None:
        """What speaks against a topic, at a final step's end or (with `early`) after it; see Suspicion."""
        return self._suspicion.judged(self._topic(slot), self.spec.step_ms, now, early)

    def origins(self, found: From | None, now: int) -> Origins | None:
        """What a row tells of where its people are from, in a list that ends at `now` (ms)."""
        return self._usual_servers.told(found, self.spec.bucket_of(now)) if found is not None else None

    def _topic(self, slot: int) -> int:
        return int(self.scope.windows.topics[slot])

    def _living(self, now: int, past: BaselineWeight) -> list[Standing]:
        """Scores the tracked topics, lets their lives go on, and returns those that trend."""
        slots = sorted(self._tracked) if self.scope.windows.whole is None else self._without_idle_words(past)
        self.on_now = threshold(self.on, self._active_topics(now))
        self.on_of_words = self._on_of_words()
        scores, lives, low = self._against_past(slots, past), self._lives, list[int]()
        is_tag = (self.scope.windows.kinds[slots] == TAG).tolist() if slots else []
        found = []
        for place, slot in enumerate(slots):
            life = lives.get(slot)
            if life is None:
                life = lives[slot] = Life(at=now)
            on, score = self.on_now if is_tag[place] else self.on_of_words, scores.scores[place]
            life.step(self.spec, now, score, scores.weights[place], on, not past.flag)
            if life.since is not None:
                if (standing := scores.standing(place)).live(life, self.least_people):
                    found.append(standing)
            elif score < OFF:
                low.append(slot)
        self._let_go(np.array(low, np.int64))
        return found

    def _without_idle_words(self, past: BaselineWeight) -> list[int]:
        """The tracked slots but for words without a life that cannot score at this volume: most of them. Where the past
        tells nothing of words no life of theirs goes on."""
        windows, lives = self.scope.windows, self._lives
        slots = np.array(sorted(self._tracked), np.int64)
        idle = windows.kinds[slots] == WORD
        tells = self.usual.tells_of_words(past)
        for slot in slots[idle].tolist() if not tells else ():
            if slot in lives:
                lives[slot].since = None
        idle[idle] = [slot not in lives or lives[slot].since is None for slot in slots[idle].tolist()]
        words = slots[idle]
        self._let_go(words)
        if not tells:
            return list(map(int, slots[~idle]))
        posts = windows.sums[self.short : self.long + 1].take(words, 1)
        e = self.baseline.expected_of(words)
        volume = self.usual.volume(most_support(posts), e, past, self.reader.support)
        could = self.baseline.bound(words, posts, volume) >= OFF
        return sorted([*slots[~idle].tolist(), *words[could].tolist()])

    def _let_go(self, slots: Integers) -> None:
        """Looks no closer at those of these slots that cannot score with the posts they have."""
        posts = self.scope.windows.sums[self.short : self.long + 1].take(slots, 1)
        for slot in slots[(posts[1] < self.least_people) | (self.baseline.bound(slots, posts) < OFF)].tolist():
            self._tracked.discard(slot)
            if slot in self._lives and self._lives[slot].idle:
                del self._lives[slot]

    def _against_past(self, slots: Sequence[int], past: BaselineWeight) -> Scores:
        supports = self.reader.supports(slots)
        return against_past(slots, supports, self.usual.expect(slots, past), self.least_people)

    def _active_topics(self, now: int) -> float:
        """Topics of the scope in the long window; as many as matter, see `threshold`."""
        mentions = self.scope.windows.mentions[self.long]
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

    def on_of(self, slot: int) -> float:
        """The score at which the life of a topic began at the last step."""
        return self.on_now if self.scope.windows.kinds[slot] == TAG else self.on_of_words

    def _on_of_words(self) -> float:
        return threshold(self.on, self.scope.windows.words_in(self.long)) - PERHAPS_SAID

    # -- lists by people ---------------------------------------------------------------------------------------------

    def _counting(self, now: int) -> list[Standing]:
        """No past yet: topics by support."""
        on = self.on_now = threshold(self.on, self._active_topics(now))
        self.on_of_words = self._on_of_words()
        slots = self._most_support(self.least_people, ROWS, ()) or self._most_support(FALLBACK_SUPPORT, ROWS, ())
        return [without_past(slot, self.reader.support(slot), on, self.least_people) for slot in slots]

    def _fill(
        self, now: int, past: BaselineWeight, trending: Sequence[Standing], suspects: Sequence[Standing]
    ) -> tuple[list[Standing], list[Standing]]:
        """What fills a short list up: topics by support, not trending; and which of those looked at are suspect."""
        there, more = taken([*trending, *suspects]), list[Standing]()
        while True:
            slots = self._most_support(self.least_people, ROWS - len(trending), there)
            if not slots and not trending:
                slots = self._most_support(FALLBACK_SUPPORT, ROWS, there)
            found = []
            for standing in self._against_past(slots, past).standings():
                standing.judged = self.judged(standing.slot, now)
                life = self._lives.get(standing.slot)
                if life is not None:
                    standing.hold(life.shown_at(self.spec, now))
                found.append(standing)
            fresh = [standing for standing in found if standing.suspect]
            if not fresh:
                return found, more
            more += fresh
            there.update(standing.slot for standing in fresh)

    def _most_support(self, least: int, count: int, there: Iterable[int]) -> list[int]:
        """The slots with most support in the long window, at least `least`, by key where equal."""
        if count <= 0:
            return []
        best: list[tuple[float, str, int]] = []
        for slot, most in self._by_posts(least):
            if len(best) >= count and most < -best[count - 1][0]:
                break
            if slot in there:
                continue
            n = self.reader.long_support(slot).n
            if n >= least:
                insort(best, (-n, self.key(slot), slot))
        return [slot for _, _, slot in best[:count]]

    def _by_posts(self, least: int) -> Iterator[tuple[int, float]]:
        """(slot, the most support its posts in the long window allow) of tags, best first: words that do not surge are
        no news, they would fill each list."""
        windows = self.scope.windows
        slots = windows.live(self.long, least)
        slots = slots[windows.kinds[slots] == TAG]
        if len(slots) == 0:
            return
        most = most_support(windows.sums[self.long, slots])
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

    # -- bookkeeping -------------------------------------------------------------------------------------------------

    def roll(self, finished: ClosedBucket, past: BaselineWeight, span: Span) -> None:
        """A bucket ended (see Baseline). With a baseline that is dropped goes what was remembered of its topic."""
        alive = [slot for slot, life in self._lives.items() if life.since is not None]
        for slot in self.baseline.roll(finished, past, span, self._timeline, alive).tolist():
            self._lives.pop(slot, None)

    def compact(self) -> set[int]:
        """Forgets lives that cannot matter any more. Returns the slots that are needed."""
        self._lives = {slot: life for slot, life in self._lives.items() if slot in self._tracked or not life.idle}
        return {*self._lives, *self._tracked, *self.shown, *self.baseline.slots.tolist()}

    def state(self) -> tuple[dict[int, Life], set[int], tuple[object, ...]]:
        """Lives by slot, the slots looked at closely, and what was issued last."""
        return self._lives, self._tracked, self._issued

    def restore(self, lives: dict[int, Life], tracked: set[int], issued: tuple[object, ...]) -> None:
        """Takes what `state` gave."""
        self._lives, self._tracked, self._issued = lives, tracked, issued

    def renumber(self, new_slot: I32) -> None:
        """Slots have new numbers (all that are needed are kept)."""
        self.baseline.renumber(new_slot)
        self.reader.clear()
        self._lives = {int(new_slot[slot]): life for slot, life in self._lives.items()}
        self._tracked = {int(new_slot[slot]) for slot in self._tracked}
        self.shown = [int(new_slot[slot]) for slot in self.shown]
        self.looked_at.clear()
