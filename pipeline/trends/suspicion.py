"""What speaks against a topic: who its first voices are, and how suddenly they came (docs/trending.md, Suspects).

Judged is the hour (`24h`: the day) that ends with the topic's last post, in all scopes alike; its *bursts* are the
ten minutes (`24h`: the hour) with most first voices, and the two with most where these hold half of the rush. Who came
in the ten minutes before tells how many of its people would have come anyway. On a tag that many people use a ring of
bots is a small part of a burst: its bots are judged alone, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.trends.arrays import U64
from pipeline.trends.counts import Counts, Place
from pipeline.trends.heard import EVERYBODY, KEPT_HOURS, Heard
from pipeline.trends.score import HOUR_MS, MINUTE_MS
from pipeline.trends.timeline import Timeline
from pipeline.trends.voices import LastSpoken, Spoken, first_voices, spoken_at
from schemas.trends import Signs

LEAST = 12  # people of a burst beyond those who come anyway; fewer tell nothing
FEW = 5  # people from which on it is said that they are too few to tell
SUDDEN = 0.5  # share of the first voices within SUDDEN_MS
SUDDEN_MS = 2 * MINUTE_MS  # a minute that begins at any second lies in two steps
AGAIN = 0.4  # share of people of earlier suspect topics
WITH = 0.8  # the same of suspect topics of the same list, which may be told from SOME
SOME = 2
MOST_AGAIN = 16_384
DEVIATIONS = 2.0
BY_CHANCE = 0.05  # how likely it is that all these newcomers come as usual, from which on there is nothing to wait for
STEPS = {MINUTE_MS: (60, 10), HOUR_MS: (24, 1)}  # by length of a step: how many are judged, and how many are a burst

Voices = frozenset[int]  # hashes of people


def newcomers_share(usual: float, sudden: float) -> float:
    """r: the share of newcomers that no crowd is found to have. 1 where all people are new. Where most people are new
    anyway, so is most of a crowd whom some news brings in minutes; a rush has to be all the less so.

    >>> [round(newcomers_share(usual, 1.0), 2) for usual in (0.2, 0.6, 1.0)]
    [0.75, 0.8, 1.0]
    >>> [round(newcomers_share(usual, 0.1), 2) for usual in (0.2, 0.6, 1.0)]
    [0.76, 0.88, 1.0]
    """
    return max(0.75, usual + (0.5 if sudden >= SUDDEN else 0.7) * (1 - usual))


def newcomers_limit(people: float, usual: float, sudden: float, anyway: float = 0.0, new_anyway: float = 0.0) -> float:
    """The number of newcomers among so many people of a burst from which on a topic is suspect, where `anyway` of them
    would have come without it, `new_anyway` of these newcomers.

    >>> [round(newcomers_limit(n, 0.2, 1.0) / n, 2) for n in (12, 30, 100, 700)]
    [1.0, 0.91, 0.84, 0.78]
    """
    share, more = newcomers_share(usual, sudden), people - anyway
    if share >= 1 or more < max(LEAST, DEVIATIONS * math.sqrt(people + anyway)):
        return math.inf
    return new_anyway + share * more + DEVIATIONS * math.sqrt(share * (1 - share) * more + 2 * new_anyway)


@dataclass
class _Known:
    """Who spoke of a topic, read step by step."""

    read_to: int
    steps: dict[int, Spoken] = field(default_factory=dict)  # by start
    last: LastSpoken = field(default_factory=LastSpoken)


@dataclass
class _Early:
    """What was read of a topic in minutes that are not final, after final ones up to `end` (ms)."""

    end: int
    places: dict[int, list[Place]] = field(default_factory=dict)  # by start, as what follows
    spoken: dict[int, Spoken] = field(default_factory=dict)
    made_of: tuple[int, ...] = ()
    judged: Judged | None = None

    def take(self, early: Mapping[int, Sequence[Place]], last: LastSpoken) -> None:
        """Reads what is new at these places, by start; `last` is of final minutes."""
        fresh = False
        for start, places in early.items():
            taken = self.places.setdefault(start, [])
            if taken != places[: len(taken)]:  # a partition was read again
                taken, self.spoken[start] = [], spoken_at([])
            if len(taken) < len(places):
                more, before = spoken_at(places[len(taken) :]), self.spoken.get(start)
                self.spoken[start] = more if before is None else before.and_also(more)
                self.places[start], fresh = list(places), True
        if fresh:
            last.tell(sorted(self.spoken.items()))


class _Burst(NamedTuple):
    """People by the time (ms) at which the steps of their first voices begin."""

    start: int
    people: U64
    part: float = 1.0  # how long these steps are beside those before the burst

    def of(self, those: U64) -> _Burst:
        """Of its people only those."""
        return self._replace(people=self.people[np.isin(self.people, those)])


@dataclass(slots=True)
class Judged:
    """What is said of a topic, and of whom: the people of its burst with hashes below a limit."""

    signs: Signs
    members: bytes  # hashes of 64 bits
    below: int
    _burst: Voices | None = field(default=None, compare=False)  # what `burst` gives

    @property
    def burst(self) -> Voices:
        if self._burst is None:
            self._burst = frozenset(np.frombuffer(self.members, np.uint64).tolist())
        return self._burst

    def beside(self, suspect: Judged, is_part: bool) -> Judged:
        """The same beside one that is suspect: where nearly all of its people are among those of that, it is suspect
        with it, few as it may have. `is_part`: words of it, or it of these; then it is enough that as many of its
        people are new as of no crowd."""
        known = [author for author in self.burst if author < min(self.below, suspect.below)]
        again = round(len(suspect.burst.intersection(known)) / max(len(known), 1), 4)
        new = self.signs.newcomers >= newcomers_share(self.signs.usual, SUDDEN)
        if not (again >= WITH and len(known) >= SOME) and not (is_part and new):
            return self
        signs = msgspec.structs.replace(self.signs, again=again, suspect=True, undecided=False)
        return Judged(signs, self.members, self.below, self._burst)


@dataclass
class _Kept:
    made_of: tuple[int, ...]  # what the judgement depends on beside the topic's voices
    judged: Judged | None
    moment: tuple[int, int] = (-1, -1)  # the end of the step that it was asked for last, ms, and `changes` then


class Suspicion:
    """The signs of topics (by number) at a moment, and who took part in suspect ones."""

    def __init__(self, timeline: Timeline) -> None:
        self.heard = Heard()
        self.changes = 0  # grows with whatever signs are made of
        self._timeline = timeline
        self._known: dict[tuple[int, int], _Known] = {}  # by topic and length of a step
        self._judged: dict[tuple[int, int], _Kept] = {}
        self._early: dict[tuple[int, int], _Early] = {}
        self._suspects: dict[int, tuple[str, int]] = {}  # author -> topic key and hour of the last suspect topic
        self._again_limit = EVERYBODY  # hash below which everybody is remembered there
        self._version = 0  # grows with what is remembered there
        self._found: dict[int, Voices] = {}  # to be remembered at the end of this step

    def take(self, start: int, panes: Sequence[Counts]) -> None:
        """The panes of the final minute from `start` (ms)."""
        self.heard.take(start, panes, self._suspects)
        self.changes += 1

    def judged(
        self, topic: int, step_ms: int, end: int, early: Mapping[int, Sequence[Place]] | None = None
    ) -> Judged | None:
        """What is said of a topic at the end of a final step (ms); with `early`, where it stands in minutes that are
        not final, by minute. None: too few people."""
        known, moment = self._judged.get((topic, step_ms)), (end, self.changes)
        if known is not None and known.moment == moment and not early:  # other lists have asked
            return known.judged
        final = self._read(topic, step_ms, end)
        if early:
            return self._judged_ahead(topic, step_ms, end, final, early)
        last = max(final.steps, default=0) + step_ms
        made_of = self._made_of(last)
        if known is None or known.made_of != made_of:
            known = self._judged[topic, step_ms] = _Kept(made_of, self._judge(topic, final.steps, step_ms, last))
        known.moment = moment
        return known.judged

    def _made_of(self, last: int) -> tuple[int, ...]:
        return last, self.heard.hour, self.heard.limit, self._version

    def _judged_ahead(
        self, topic: int, step_ms: int, end: int, final: _Known, early: Mapping[int, Sequence[Place]]
    ) -> Judged | None:
        """`judged` with `early`: the same for all lists that are made at a time, and what is final is read once."""
        known = self._early.get((topic, step_ms))
        if known is None or known.end != end or known.places.keys() - early.keys():
            self._early = {of: one for of, one in self._early.items() if one.end == end}
            known = self._early[topic, step_ms] = _Early(end)
        known.take(early, final.last)
        last = max(known.spoken) + step_ms
        made_of = *self._made_of(last), *(len(places) for _, places in sorted(known.places.items()))
        if known.made_of != made_of:
            known.made_of = made_of
            known.judged = self._judge(topic, {**final.steps, **known.spoken}, step_ms, last)
        return known.judged

    def remember(self, topic: int, step_ms: int) -> None:
        """The topic stands in the list of all posts: its people are remembered, where it was judged suspect."""
        known = self._judged.get((topic, step_ms))
        if known is not None and known.judged is not None and known.judged.signs.suspect:
            self._found[topic] = known.judged.burst

    def _read(self, topic: int, step_ms: int, end: int) -> _Known:
        tables = self._timeline.hours if step_ms == HOUR_MS else self._timeline.minutes
        begin = end - 2 * STEPS[step_ms][0] * step_ms
        known = self._known.get((topic, step_ms))
        if known is None:
            known = self._known[topic, step_ms] = _Known(begin)
        number = np.int32(topic)
        unread = range(max(begin, known.read_to), end, step_ms)
        starts = unread if len(unread) < len(tables) else [at for at in tables if at in unread]
        looked_up = ((start, tables[start].find(number)) for start in starts if start in tables)
        found = [(start, place) for start, place in looked_up if place is not None]
        if found:
            judged_from = found[-1][0] - (STEPS[step_ms][0] - 1) * step_ms
            fresh = [(start, spoken_at([place])) for start, place in found if start >= judged_from]
            known.last.take(fresh)
            known.steps.update(fresh)
        known.read_to = end
        return known

    def _judge(self, topic: int, steps: Mapping[int, Spoken], step_ms: int, last: int) -> Judged | None:
        begin = last - STEPS[step_ms][0] * step_ms
        told = sorted((start, spoken) for start, spoken in steps.items() if begin <= start < last)
        limit = min((spoken.below for _, spoken in told), default=EVERYBODY)
        first = first_voices(told, begin, limit)
        if len(first.people) < FEW:
            return None
        length_ms = STEPS[step_ms][1] * step_ms
        at, voices = first.most(length_ms)
        before = _Burst(at - length_ms, first.among(at - length_ms, at))
        bursts, sudden = [_Burst(at, first.among(at, at + length_ms))], 0.0
        if step_ms == MINUTE_MS:
            rush, rushing = first.most(SUDDEN_MS)
            part = SUDDEN_MS / length_ms
            sudden = _share_of(rushing - len(before.people) * part, voices - len(before.people))
            if sudden >= SUDDEN:
                bursts.insert(0, _Burst(rush, first.among(rush, rush + SUDDEN_MS), part))
        bots = np.concatenate([spoken.bots for _, spoken in told])
        found = list(self._judged_in_turn(bursts, before, sudden, bots, self._timeline.names.keys[topic]))
        signs, members = next((one for one in found if one[0].suspect), found[0])
        people = round(len(members) * EVERYBODY / limit)
        return Judged(msgspec.structs.replace(signs, people=people), members.tobytes(), limit)

    def _judged_in_turn(
        self, bursts: Sequence[_Burst], before: _Burst, sudden: float, bots: U64, key: str
    ) -> Iterator[tuple[Signs, U64]]:
        """Each burst with all its people, then with its bots alone."""
        for burst in bursts:
            yield self._signs_of(burst, before, sudden, key)
        for burst in bursts if len(bots) else ():
            alone = burst.of(bots)
            if len(alone.people) >= LEAST:
                signs, members = self._signs_of(alone, before.of(bots), sudden, key)
                yield msgspec.structs.replace(signs, bots=True), members

    def _signs_of(self, burst: _Burst, before: _Burst, sudden: float, key: str) -> tuple[Signs, U64]:
        """The signs of the people of a burst, and these people."""
        members = burst.people
        new, known = self.heard.newcomers(members, burst.start // HOUR_MS)
        new_before, known_before = self.heard.newcomers(before.people, before.start // HOUR_MS)
        remembered = members[members < np.uint64(self._again_limit)]
        known_again = filter(self._suspects.__contains__, remembered.tolist()) if self._suspects else ()
        again = sum(self._suspects[author][0] != key for author in known_again)
        usual = self.heard.usual
        share = new / known if known else 0.0
        share_again = again / len(remembered) if len(remembered) >= LEAST else 0.0
        limit = newcomers_limit(known, usual, sudden, known_before * burst.part, new_before * burst.part)
        suspect = new >= limit or share_again >= AGAIN
        signs = Signs(
            people=len(members),
            sudden=round(sudden, 4),
            newcomers=round(share, 4),
            usual=round(usual, 4),
            again=round(share_again, 4),
            suspect=suspect,
            undecided=not suspect and share >= newcomers_share(usual, SUDDEN) and usual**new < BY_CHANCE,
        )
        return signs, members

    def end_step(self, end: int) -> None:
        """A minute is over: who was found suspect in it is remembered, for KEPT_HOURS."""
        if not self._found:
            return
        hour, before, keys = end // HOUR_MS, len(self._suspects), self._timeline.names.keys
        for topic, people in sorted(self._found.items(), key=lambda item: keys[item[0]]):
            told = keys[topic], hour
            fresh = [author for author in people if author < self._again_limit and self._suspects.get(author) != told]
            self._suspects.update(dict.fromkeys(fresh, told))
            self._version += bool(fresh)
        self.changes += 1
        self._found.clear()
        if before < len(self._suspects) > MOST_AGAIN:
            ordered = sorted(self._suspects)
            self._again_limit = ordered[MOST_AGAIN]
            self._suspects = {author: self._suspects[author] for author in ordered[:MOST_AGAIN]}

    def tidy(self, now: int) -> None:
        """Once an hour: forgets what is old. Topics may have new numbers from here on."""
        self.changes += 1
        self._known.clear()
        self._judged.clear()
        self._early.clear()
        oldest = now // HOUR_MS - KEPT_HOURS
        self._suspects = {author: told for author, told in self._suspects.items() if told[1] >= oldest}
        if not self._suspects:
            self._again_limit = EVERYBODY

    def state(self) -> tuple[object, ...]:
        """All that is remembered, in plain values."""
        return (
            self.heard.state(),
            [(author, *told) for author, told in sorted(self._suspects.items())],
            self._again_limit,
        )

    def restore(self, state: Sequence[object]) -> None:
        """Takes what `state` gave."""
        heard, suspects, self._again_limit = state  # type: ignore[assignment]
        self.heard.restore(heard)  # type: ignore[arg-type]
        self._suspects = {author: (key, hour) for author, key, hour in suspects}  # type: ignore[attr-defined]


def _share_of(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0
