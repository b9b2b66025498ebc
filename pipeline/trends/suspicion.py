"""What speaks against a topic: who its first voices are, and how suddenly they came (docs/trending.md, Suspects).

Judged is the hour (`24h`: the day) that ends with the topic's last post, in all scopes alike; its *burst* are the
two minutes with most first voices where these hold half of them, else the ten minutes (`24h`: the hour) with most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipeline.trends.arrays import U64
from pipeline.trends.counts import Counts
from pipeline.trends.heard import EVERYBODY, KEPT_HOURS, Heard
from pipeline.trends.people import K
from pipeline.trends.reading import people_at
from pipeline.trends.score import HOUR_MS, MINUTE_MS
from pipeline.trends.timeline import Timeline
from schemas.trends import Signs

LEAST = 12  # people of a burst; fewer tell nothing
SUDDEN = 0.5  # share of the first voices within SUDDEN_STEPS minutes
SUDDEN_STEPS = 2  # a minute that begins at any second lies in two
AGAIN = 0.4  # share of people of earlier suspect topics
MOST_AGAIN = 16_384
DEVIATIONS = 2.0
STEPS = {MINUTE_MS: (60, 10), HOUR_MS: (24, 1)}  # by length of a step: how many are judged, and how many are a burst

Voices = frozenset[int]  # hashes of people


def newcomers_limit(judged: int, usual: float, sudden: float) -> float:
    """The share of newcomers, among so many people of a burst, from which a topic is suspect.

    >>> [round(newcomers_limit(n, 0.2, 1.0), 2) for n in (12, 30, 100, 700)]
    [1.0, 0.91, 0.84, 0.78]
    >>> [round(newcomers_limit(n, 0.2, 0.1), 2) for n in (12, 30, 100, 700)]
    [1.06, 0.98, 0.92, 0.88]
    """
    base, part = (0.75, 0.5) if sudden >= SUDDEN else (0.85, 0.7)
    share = max(base, usual + part * (1 - usual))
    return share + DEVIATIONS * math.sqrt(share * (1 - share) / judged) if share < 1 and judged else math.inf


@dataclass
class _Known:
    """First voices of a topic, read step by step."""

    read_to: int
    steps: dict[int, tuple[Voices, int]] = field(default_factory=dict)  # start -> people, hash below which all are


class _Judged(NamedTuple):
    made_of: tuple[int, ...]  # what the judgement depends on beside the topic's voices
    signs: Signs | None
    people: Voices  # of the burst


class Suspicion:
    """The signs of topics (by number) at a moment, and who took part in suspect ones."""

    def __init__(self, timeline: Timeline) -> None:
        self.heard = Heard()
        self._timeline = timeline
        self._known: dict[tuple[int, int], _Known] = {}  # by topic and length of a step
        self._judged: dict[tuple[int, int], _Judged] = {}
        self._suspects: dict[int, tuple[str, int]] = {}  # author -> topic key and hour of the last suspect topic
        self._again_limit = EVERYBODY  # hash below which everybody is remembered there
        self._version = 0  # grows with what is remembered there
        self._found: dict[int, Voices] = {}  # to be remembered at the end of this step

    def take(self, start: int, panes: Sequence[Counts]) -> None:
        """The panes of the final minute from `start` (ms)."""
        self.heard.take(start, panes, self._suspects)

    def signs(
        self, topic: int, step_ms: int, end: int, early: Mapping[int, Sequence[U64]] | None = None
    ) -> Signs | None:
        """The signs of a topic at the end of a final step (ms); with `early`, people samples by minute, also of minutes
        that are not final. None: too few people."""
        steps = self._read(topic, step_ms, end)
        if early:
            steps = {**steps, **{start: _voices(samples) for start, samples in early.items()}}
        last = max(steps, default=0) + step_ms
        made_of = last, self.heard.hour, self.heard.limit, self._version
        known = self._judged.get((topic, step_ms))
        if known is None or known.made_of != made_of or early:
            known = _Judged(made_of, *self._judge(topic, steps, step_ms, last))
            if not early:
                self._judged[topic, step_ms] = known
        return known.signs

    def remember(self, topic: int, step_ms: int) -> None:
        """The topic stands in the list of all posts: its people are remembered, where it was judged suspect."""
        known = self._judged.get((topic, step_ms))
        if known is not None and known.signs is not None and known.signs.suspect:
            self._found[topic] = known.people

    def _read(self, topic: int, step_ms: int, end: int) -> dict[int, tuple[Voices, int]]:
        tables = self._timeline.hours if step_ms == HOUR_MS else self._timeline.minutes
        begin = end - 2 * STEPS[step_ms][0] * step_ms
        known = self._known.get((topic, step_ms))
        if known is None:
            known = self._known[topic, step_ms] = _Known(begin)
        number = np.int32(topic)
        for start in range(max(begin, known.read_to), end, step_ms):
            table = tables.get(start)
            place = table.find(number) if table is not None else None
            if place is not None:
                known.steps[start] = _voices(people_at([place], None))
        known.read_to = end
        return known.steps

    def _judge(
        self, topic: int, steps: Mapping[int, tuple[Voices, int]], step_ms: int, last: int
    ) -> tuple[Signs | None, Voices]:
        length, burst = STEPS[step_ms]
        begin = last - length * step_ms
        told = sorted((start, *voices) for start, voices in steps.items() if begin <= start < last)
        limit = min((below for _, _, below in told), default=EVERYBODY)
        seen: set[int] = set()
        first: dict[int, set[int]] = {}  # start -> people whose first voice is there
        for start, people, _ in told:
            fresh = set(people) - seen
            if limit < EVERYBODY:
                fresh = {author for author in fresh if author < limit}
            seen |= fresh
            first[start] = fresh
        if len(seen) < LEAST:
            return None, frozenset()
        most = max(_sum(first, start, SUDDEN_STEPS, step_ms) for start in first)
        sudden = most / len(seen) if step_ms == MINUTE_MS else 0.0
        if sudden >= SUDDEN:
            burst = SUDDEN_STEPS
        at = max(first, key=lambda start: (_sum(first, start, burst, step_ms), -start))
        members = frozenset().union(*(first.get(at + n * step_ms, ()) for n in range(burst)))
        if len(members) < LEAST:
            return None, frozenset()
        new, judged = self.heard.newcomers(members, at // HOUR_MS)
        key = self._timeline.names.keys[topic]
        before = [author for author in members if author < self._again_limit]
        again = sum(self._suspects.get(author, (key, 0))[0] != key for author in before)
        usual = self.heard.usual
        share = new / judged if judged else 0.0
        share_again = again / len(before) if len(before) >= LEAST else 0.0
        suspect = share >= newcomers_limit(judged, usual, sudden) or share_again >= AGAIN
        theta = limit / EVERYBODY
        found = Signs(
            people=round(len(members) / theta),
            sudden=round(sudden, 4),
            newcomers=round(share, 4),
            usual=round(usual, 4),
            again=round(share_again, 4),
            suspect=suspect,
        )
        return found, members

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
        self._found.clear()
        if before < len(self._suspects) > MOST_AGAIN:
            ordered = sorted(self._suspects)
            self._again_limit = ordered[MOST_AGAIN]
            self._suspects = {author: self._suspects[author] for author in ordered[:MOST_AGAIN]}

    def tidy(self, now: int) -> None:
        """Once an hour: forgets what is old. Topics may have new numbers from here on."""
        self._known.clear()
        self._judged.clear()
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


def _sum(first: Mapping[int, set[int]], start: int, burst: int, step_ms: int) -> int:
    return sum(len(first.get(start + n * step_ms, ())) for n in range(burst))


def _voices(samples: Sequence[U64]) -> tuple[Voices, int]:
    """The people of these samples, and the hash below which they are all there are."""
    limit = min((int(sample[K]) for sample in samples if len(sample) > K), default=EVERYBODY)
    return frozenset().union(*(sample.tolist() for sample in samples)), limit
