"""What its own past lets one expect of each topic of a scope (docs/trending.md, Baseline)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.trends.arrays import F64, I32, Integers, grown
from pipeline.trends.baseline_buckets import BaselineWeight, ClosedBucket
from pipeline.trends.people import most_support
from pipeline.trends.scope import Scope
from pipeline.trends.score import DAY_MS, HOUR_MS, ONE_PERSON, QUIET_LEVEL, ListSpec, at_volume, expectation, misfit_of
from pipeline.trends.sliding import Span, people_of_hours, support_by_step
from pipeline.trends.timeline import Timeline

_NONE = np.zeros(0, np.int32)
_NO_SLOTS, _NO_COLUMNS = np.zeros(0, np.int64), np.zeros((2, 0))


class Baseline:
    """Decayed means of support (`level`, M) and misfit (V), a column a topic, a row each for short and long window."""

    def __init__(self, scope: Scope, spec: ListSpec, least_people: int) -> None:
        self.scope, self.spec, self.least_people = scope, spec, least_people
        self.slots = np.zeros(0, np.int32)
        # by slot; -1: the last column, which stands for no past; below: -2 less the place in what the closed form tells
        self._column = np.full(256, -1, np.int32)
        self._level, self._misfit = np.zeros((2, 0)), np.zeros((2, 0))
        self._waiting_level, self._waiting_misfit = np.zeros((2, 0)), np.zeros((2, 0))
        self._expected, self._variance = np.zeros((2, 1)), np.full((2, 1), ONE_PERSON)
        # (e, v) in closed form of topics without a column, until the bucket ends
        self._closed_slots, self._closed_form = _NO_SLOTS, (_NO_COLUMNS, _NO_COLUMNS)

    def bound(self, slots: Integers, posts: I32, volume: tuple[F64, F64] | None = None) -> F64:
        """The largest score these slots can have with so many posts (2, slots), as far as their past is known; at a
        `volume` of words (growth by window and slot, unseen by window, see `at_volume`), where one is given."""
        e, v = self._known(slots)
        if volume is not None:
            e, v = at_volume(e, v, volume[0], volume[1][:, None])
        short, long = (most_support(posts) - e) / np.sqrt(v)
        return np.asarray(np.maximum(short, long))

    def expected_of(self, slots: Integers) -> F64:
        """What is expected of these slots (2, slots), as far as their past is known."""
        return self._known(slots)[0]

    def _known(self, slots: Integers) -> tuple[F64, F64]:
        columns = self._columns_of(slots)
        known = np.maximum(columns, -1)
        e, v = self._expected.take(known, 1), self._variance.take(known, 1)
        if len(closed := np.flatnonzero(columns < -1)):
            places = -2 - columns[closed]
            e[:, closed], v[:, closed] = self._closed_form[0][:, places], self._closed_form[1][:, places]
        return e, v

    def _columns_of(self, slots: Integers) -> I32:
        if len(slots):
            self._column = grown(self._column, int(slots.max()) + 1, -1)
        return self._column[slots]

    def expect(self, slots: Integers, past: BaselineWeight, timeline: Timeline) -> tuple[F64, F64]:
        """(e, v) of short and long window for these slots, (2, slots) each."""
        self.learn(slots, past, timeline)
        return self._known(slots)

    def sums(self, slot: int, past: BaselineWeight, timeline: Timeline) -> tuple[F64, F64]:
        """(M, V) of short and long window: what `expect` makes (e, v) of."""
        column = int(self._columns_of(np.array([slot]))[0])
        if column >= 0:
            return self._level[:, column], self._misfit[:, column]
        return self._from_hours(self.scope.windows.topics[[slot]], past, timeline)[:, 0], np.zeros(2)

    def learn(self, slots: Integers, past: BaselineWeight, timeline: Timeline) -> None:
        """Looks up what hourly records say of the slots (each once) that have no column yet."""
        without = slots[self._columns_of(slots) == -1]
        if len(without):
            level = self._from_hours(self.scope.windows.topics[without], past, timeline)
            found = self._expectation(level, np.zeros_like(level), past)
            both = zip(self._closed_form, found, strict=True)
            self._keep_closed(without, [np.concatenate(one, axis=1) for one in both])

    def _keep_closed(self, slots: Integers, found: Sequence[F64]) -> None:
        """Takes (e, v) in closed form of what it has, and of more slots behind it."""
        begin = len(self._closed_slots)
        self._closed_slots, self._closed_form = np.concatenate((self._closed_slots, slots)), (found[0], found[1])
        self._column[slots] = -2 - np.arange(begin, begin + len(slots), dtype=np.int32)

    def _expectation(self, level: F64, misfit: F64, past: BaselineWeight) -> tuple[F64, F64]:
        found = [
            expectation(level[j], misfit[j], past.weight, window_ms / self.spec.bucket_ms)
            for j, window_ms in enumerate(self.spec.windows_ms)
        ]
        return np.array([e for e, _ in found]), np.array([v for _, v in found])

    def _from_hours(self, topics: I32, past: BaselineWeight, timeline: Timeline) -> F64:
        """M in closed form: as if each person of an hour had posted once."""
        level = np.zeros((2, len(topics)))
        if self.spec.bucket_ms != HOUR_MS or len(topics) == 0:
            return level
        hours, ascending = timeline.hours, np.sort(topics)
        weights = [
            (hours[start], weight)
            for start, weight in past.hours
            if start in hours and hours[start].holds_any(ascending)
        ]
        people = people_of_hours([hour for hour, _ in weights], self.scope.mask, topics, len(timeline.names.keys))
        for (_, weight), counted in zip(weights, people, strict=True):
            for j, window_ms in enumerate(self.spec.windows_ms):
                level[j] += weight * counted * (min(window_ms, HOUR_MS) / HOUR_MS)
        return level

    @property
    def idle(self) -> bool:
        """Whether there is nothing that `roll` would do, because nobody has a past or posts."""
        return not len(self.slots) and self.scope.windows.quiet(self.spec.step_ms)

    def end_bucket(self) -> None:
        """A bucket ended: what hourly records say of topics without a column is looked up anew."""
        self._column[self._closed_slots] = -1
        self._forget_closed()

    def _forget_closed(self) -> None:
        self._closed_slots, self._closed_form = _NO_SLOTS, (_NO_COLUMNS, _NO_COLUMNS)

    def roll(
        self, finished: ClosedBucket, past: BaselineWeight, span: Span, timeline: Timeline, alive: Sequence[int]
    ) -> I32:
        """A bucket ended; `span` holds its tables and those its windows reach back to. Returns the slots whose
        baseline is dropped, of which none is `alive`."""
        spec, windows = self.spec, self.scope.windows
        posts, entries = span.by_topic(self.scope.mask, len(timeline.names.keys))
        candidates = np.flatnonzero(posts >= self.least_people).astype(np.int32)
        if not len(self.slots) and not len(candidates):
            return _NONE
        topics = np.union1d(windows.topics[self.slots], candidates)
        short_steps, long_steps = (window_ms // spec.step_ms for window_ms in spec.windows_ms)
        length, named = len(finished.observed), np.flatnonzero(entries[topics])
        support = np.zeros((2, len(topics), length))
        if len(named):
            windows_of = short_steps, long_steps
            support[:, named] = support_by_step(span, self.scope.mask, topics[named], entries, windows_of, length)
        support = support[:, :, finished.observed]
        slots = windows.slots_of(topics)
        columns = self._columns_of(slots)
        reached = support[1].max(axis=1, initial=0.0) >= self.least_people
        fresh = np.flatnonzero((columns < 0) & reached)
        if finished.waited_counts:
            self._level = self._level * spec.decay + self._waiting_level
            self._misfit = self._misfit * spec.decay + self._waiting_misfit

        mean, misfit = support.mean(axis=2), np.zeros((2, len(topics)))
        if not finished.past.flag:
            expected = self._expected[:, columns]
            level = self._from_hours(topics[fresh], finished.past, timeline)
            expected[:, fresh] = self._expectation(level, np.zeros_like(level), finished.past)[0]
            misfit = np.where(support[1] > 0.5, misfit_of(support, expected[:, :, None]), 0.0).mean(axis=2)

        old = np.flatnonzero(columns >= 0)
        self._waiting_level, self._waiting_misfit = np.zeros_like(self._level), np.zeros_like(self._level)
        self._waiting_level[:, columns[old]] = mean[:, old]
        self._waiting_misfit[:, columns[old]] = misfit[:, old]
        self.slots = np.concatenate((self.slots, slots[fresh]))
        self._level = np.concatenate((self._level, self._from_hours(topics[fresh], past, timeline)), axis=1)
        self._misfit = np.concatenate((self._misfit, np.zeros((2, len(fresh)))), axis=1)
        self._waiting_level = np.concatenate((self._waiting_level, mean[:, fresh]), axis=1)
        self._waiting_misfit = np.concatenate((self._waiting_misfit, misfit[:, fresh]), axis=1)
        dropped = self._drop_quiet(alive) if finished.following % DAY_MS == 0 else _NONE
        self._refresh(past)
        return dropped

    def _drop_quiet(self, alive: Sequence[int]) -> I32:
        long = self.scope.windows.numbers(self.spec)[1]
        keep = (
            (self._level >= QUIET_LEVEL).any(axis=0)
            | (self._waiting_level > 0).any(axis=0)
            | (self.scope.windows.sums[long, self.slots] > 0)
            | np.isin(self.slots, np.array(alive, np.int32))
        )
        dropped: I32 = self.slots[~keep]
        self.slots = self.slots[keep]
        self._level, self._misfit = self._level[:, keep], self._misfit[:, keep]
        self._waiting_level, self._waiting_misfit = self._waiting_level[:, keep], self._waiting_misfit[:, keep]
        return dropped

    def _refresh(self, past: BaselineWeight) -> None:
        """Expectations for the bucket that begins."""
        e, v = self._expectation(self._level, self._misfit, past)
        self._expected = np.concatenate((e, np.zeros((2, 1))), axis=1)
        self._variance = np.concatenate((v, np.full((2, 1), ONE_PERSON)), axis=1)
        self._column[:] = -1
        self._columns_of(self.slots)
        self._column[self.slots] = np.arange(len(self.slots), dtype=np.int32)

    def state(self) -> tuple[I32, F64, F64, F64, F64]:
        """Slots, and by slot (2, slots): level, misfit, and those of the bucket that waits."""
        return self.slots, self._level, self._misfit, self._waiting_level, self._waiting_misfit

    def restore(self, state: tuple[I32, F64, F64, F64, F64], past: BaselineWeight) -> None:
        """Takes what `state` gave; `past` is that of the present bucket."""
        self.slots, self._level, self._misfit, self._waiting_level, self._waiting_misfit = state
        self._refresh(past)

    def renumber(self, new_slot: I32) -> None:
        """Slots have new numbers (all of this baseline's columns are kept)."""
        self.slots = new_slot[self.slots]
        self._column = np.full(max(256, len(new_slot)), -1, np.int32)
        closed, found = new_slot[self._closed_slots].astype(np.int64), self._closed_form
        self._forget_closed()
        self._keep_closed(closed[closed >= 0], [of[:, closed >= 0] for of in found])
        self._column[self.slots] = np.arange(len(self.slots), dtype=np.int32)
