"""Reading the windows of one list: support now and at earlier steps, spellings, examples, active topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.panes import EXAMPLES, united_sample
from pipeline.trends.people import NOBODY, K, Support, support
from pipeline.trends.scope import Scope
from pipeline.trends.score import HOUR_MS, ListSpec
from pipeline.trends.tables import Names, Place, Table, said_in, totals_in
from pipeline.trends.timeline import Timeline, Where

SPARK_POINTS = 20
_TWO_64 = float(1 << 64)


class Reader:
    """The windows of one list of one scope at the present step. What did not change since is not read again."""

    def __init__(self, scope: Scope, spec: ListSpec, timeline: Timeline) -> None:
        self._scope, self._spec, self._timeline = scope, spec, timeline
        self._now = 0
        self._tables: dict[tuple[int, int], list[Table]] = {}  # by window number and end, of this step
        self._support: tuple[dict[int, Support], dict[int, Support]] = ({}, {})  # by slot: short, long window
        self._words: dict[int, tuple[list[str], list[str]]] = {}  # by slot: spellings and examples of the long window
        self._history: dict[tuple[int, int], dict[int, float]] = {}  # by slot, window: n by end, as far as it was read

    def step(self, now: int, touched: tuple[I32, I32]) -> None:
        """Goes to the step that ends at `now`; the touched slots' posts changed, by window."""
        self._now = now
        self._tables.clear()
        short, long = self._support
        _drop(touched[0], self._scope.windows.used, short)
        _drop(touched[1], self._scope.windows.used, long, self._words)

    def clear(self) -> None:
        """Slots mean other topics now."""
        self._support = ({}, {})
        self._words.clear()
        self._history.clear()

    @property
    def now(self) -> int:
        """The end of the last step at which anything had changed, ms."""
        return self._now

    @property
    def names(self) -> Names:
        return self._timeline.names

    @property
    def end(self) -> int:
        """The end of the last final minute, ms."""
        return self._timeline.end

    def posts_since(self, start: int) -> int:
        """All posts of the scope in the final minutes from `start` (ms, a full minute) on."""
        return sum(said_in(table, self._scope.mask)[0] for table in self._timeline.covering(start, self.end))

    def places_since(self, slot: int, start: int) -> list[Place]:
        """Where a topic stands in all final minutes from `start` (ms, a full minute) on. (Lists by the minute only.)"""
        topic = self._scope.windows.topics[slot]
        found = (table.find(topic) for table in self._timeline.covering(start, self.end))
        return [place for place in found if place is not None]

    def support(self, slot: int) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        return self._in_window(slot, 0), self._in_window(slot, 1)

    def long_support(self, slot: int) -> Support:
        return self._in_window(slot, 1)

    def _in_window(self, slot: int, which: int) -> Support:
        known = self._support[which]
        found = known.get(slot)
        if found is None:
            found = known[slot] = self._read(slot, which, self._now)
            self._history.setdefault((slot, which), {})[self._now] = found.n
        return found

    def _read(self, slot: int, which: int, end: int) -> Support:
        places, mask = self._places(slot, which, end), self._scope.mask
        if mask is not None and not all(place.lies_in(mask) for place in places):
            return _support_of(places, mask)
        known, key = self._timeline.supports, self._where(slot, which, end)
        found = known.get(key)
        if found is None:
            found = known[key] = _support_of(places, None)
        return found

    def _places(self, slot: int, which: int, end: int) -> list[Place]:
        """Where the topic stands in the tables of a window that ends at `end`."""
        known, key = self._timeline.places, self._where(slot, which, end)
        found = known.get(key)
        if found is None:
            topic = self._scope.windows.topics[slot]
            places = (table.find(topic) for table in self.tables(which, end))
            found = known[key] = [place for place in places if place is not None]
        return found

    def _where(self, slot: int, which: int, end: int) -> Where:
        return self._spec.windows_ms[which], end, int(self._scope.windows.topics[slot])

    def tables(self, which: int, end: int) -> list[Table]:
        """The tables of a window that ends at `end`, oldest first."""
        found = self._tables.get((which, end))
        if found is None:
            start = end - self._spec.windows_ms[which]
            by_hours = self._spec.step_ms == HOUR_MS
            found = self._timeline.hours_in(start, end) if by_hours else self._timeline.covering(start, end)
            self._tables[which, end] = found
        return found

    def active_topics(self, now: int) -> float:
        """How many topics the scope has in the long window, from the topic samples."""
        mask = self._scope.mask
        return number_of(
            [totals.topics for table in self.tables(1, now) for totals in totals_in(table, mask)]
        )

    def people_samples(self, start: int, end: int) -> list[U64]:
        """Of everybody who posts in the scope, of all final steps in a time (ms)."""
        by_hours = self._spec.step_ms == HOUR_MS
        tables = self._timeline.hours_in(start, end) if by_hours else self._timeline.covering(start, end)
        return [totals.people for table in tables for totals in totals_in(table, self._scope.mask)]

    def spark(self, slot: int, which: int) -> list[float]:
        """Support in a window at the last 20 steps, oldest first."""
        step_ms = self._spec.step_ms
        n, points = self._in_window(slot, which).n, []
        before, oldest = self._history.setdefault((slot, which), {}), self._now - (SPARK_POINTS - 1) * step_ms
        for end in range(self._now, oldest - step_ms, -step_ms):
            if end in before:
                n = before[end]
            elif end < self._now and self._changed_between(slot, which, end):
                n = self._read(slot, which, end).n
            before[end] = n
            points.append(n)
        points.reverse()
        return points

    def _changed_between(self, slot: int, which: int, end: int) -> bool:
        """Whether the step after `end` brought the topic anything, or took it away."""
        spec = self._spec
        steps = self._timeline.hours if spec.step_ms == HOUR_MS else self._timeline.minutes
        topic = self._scope.windows.topics[slot]
        for start in (end, end - spec.windows_ms[which]):
            table = steps.get(start)
            if table is not None and table.find(topic) is not None:
                return True
        return False

    def forget_history(self) -> None:
        """Forgets support that no spark needs any more."""
        oldest = self._now - SPARK_POINTS * self._spec.step_ms
        for place, known in list(self._history.items()):
            if max(known) <= oldest:
                del self._history[place]
            elif len(known) > 2 * SPARK_POINTS:
                self._history[place] = {end: n for end, n in known.items() if end > oldest}

    def spellings(self, slot: int) -> list[str]:
        """The spellings of a topic in the long window, most used first."""
        return self._in_words(slot)[0]

    def posts(self, slot: int) -> int:
        """Posts in the long window."""
        return int(self._scope.windows.sums[self._scope.windows.numbers(self._spec)[1], slot])

    def examples(self, slot: int) -> list[str]:
        """Ids of some posts of the long window: own words before reposts, else drawn by lot."""
        return self._in_words(slot)[1].copy()

    def _in_words(self, slot: int) -> tuple[list[str], list[str]]:
        known = self._words.get(slot)
        if known is not None:
            return known
        names = self._timeline.names.spellings
        counts: dict[int, int] = {}
        found: list[tuple[int, str]] = []
        for place in self._places(slot, 1, self._now):
            table = place.table
            for row in place.rows(self._scope.mask):
                spelling = int(table.spelling[row])
                counts[spelling] = counts.get(spelling, 0) + int(table.posts[row])
                first, last = int(table.example_ptr[row]), int(table.example_ptr[row + 1])
                found += zip(table.example_lot[first:last].tolist(), table.examples[first:last], strict=True)
        spellings = [names[number] for number in sorted(counts, key=lambda number: (-counts[number], names[number]))]
        known = self._words[slot] = spellings, [post for _, post in sorted(found)[:EXAMPLES]]
        return known


def _drop(slots: I32, used: int, *known: dict[int, Any]) -> None:
    """Forgets what is known of these slots, numbers below `used`."""
    if len(slots) == 0 or not any(known):
        return
    changed = np.zeros(used, np.bool_)
    changed[slots] = True
    for of_slot in known:
        for slot in [slot for slot in of_slot if changed[slot]]:
            del of_slot[slot]


def number_of(samples: Sequence[U64]) -> float:
    """How many different hashes there are, from samples of the K + 1 smallest."""
    if not samples:
        return 0.0
    hashes = united_sample(samples)
    return K / (float(hashes[K]) / _TWO_64) if len(hashes) > K else float(len(hashes))


def _support_of(places: Sequence[Place], mask: Mask | None) -> Support:
    parts = gather(places, mask)
    return support(*parts) if parts is not None else NOBODY


def gather(places: Sequence[Place], mask: Mask | None) -> tuple[U64, U64, I32] | None:
    """(author, text, posts) of all entries there in the cells of `mask`; None: there are none."""
    spans: list[tuple[Table, int, int]] = []
    for place in places:
        rows = place.rows(mask)
        if len(rows) == place.last_row - place.row:
            spans.append((place.table, place.entry, place.last_entry))
        else:
            spans += [(place.table, int(place.table.ptr[row]), int(place.table.ptr[row + 1])) for row in rows]
    if not spans:
        return None
    return (
        np.concatenate([table.author[first:last] for table, first, last in spans]),
        np.concatenate([table.text[first:last] for table, first, last in spans]),
        np.concatenate([table.said[first:last] for table, first, last in spans]),
    )
