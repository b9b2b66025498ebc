"""Reading the windows of one list: support now and at earlier steps, spellings, examples, active topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.trends.arrays import I32, I64, U64, Mask
from pipeline.trends.panes import EXAMPLES, smallest
from pipeline.trends.people import NOBODY, K, Support, support
from pipeline.trends.scope import Scope
from pipeline.trends.score import HOUR_MS, ListSpec
from pipeline.trends.tables import Table
from pipeline.trends.timeline import Timeline

SPARK_POINTS = 20
_TWO_64 = float(1 << 64)


class Reader:
    """The windows of one list of one scope at the present step. What did not change since is not read again."""

    def __init__(self, scope: Scope, spec: ListSpec, timeline: Timeline) -> None:
        self._scope, self._spec, self._timeline = scope, spec, timeline
        self._now = 0
        self._tables: dict[tuple[int, int], list[Table]] = {}  # by window number and end, of this step
        self._support: tuple[dict[int, Support], dict[int, Support]] = ({}, {})  # by slot: short, long window
        self._sparks: dict[tuple[int, int], list[tuple[int, float]]] = {}  # by slot, window: (end, n), newest first

    def step(self, now: int, touched: tuple[I32, I32]) -> None:
        """Goes to the step that ends at `now`; the touched slots' posts changed, by window."""
        self._now = now
        self._tables.clear()
        for known, slots in zip(self._support, touched, strict=True):
            if known and len(slots):
                changed = np.zeros(self._scope.windows.used, np.bool_)
                changed[slots] = True
                for slot in [slot for slot in known if changed[slot]]:
                    del known[slot]

    def clear(self) -> None:
        """Slots mean other topics now."""
        self._support = ({}, {})
        self._sparks.clear()

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
        return found

    def _read(self, slot: int, which: int, end: int) -> Support:
        topic = int(self._scope.windows.topics[slot])
        parts = gather(self.tables(which, end), topic, self._scope.mask)
        return support(*parts) if parts is not None else NOBODY

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
        samples = [
            totals.topics
            for table in self.tables(1, now)
            for cell, totals in table.totals.items()
            if mask is None or mask[cell]
        ]
        if not samples:
            return 0.0
        hashes = smallest(np.concatenate(samples))
        return K / (float(hashes[K]) / _TWO_64) if len(hashes) > K else float(len(hashes))

    def spark(self, slot: int, which: int) -> list[float]:
        """Support in a window at the last 20 steps, oldest first."""
        step_ms = self._spec.step_ms
        before = dict(self._sparks.get((slot, which), ()))
        n, points = self._in_window(slot, which).n, []
        for age in range(SPARK_POINTS):
            end = self._now - age * step_ms
            if age and end in before:
                n = before[end]
            elif age and self._changed_between(slot, which, end):
                n = self._read(slot, which, end).n
            points.append((end, n))
        self._sparks[slot, which] = points
        return [n for _, n in reversed(points)]

    def _changed_between(self, slot: int, which: int, end: int) -> bool:
        """Whether the step after `end` brought the topic anything, or took it away."""
        spec = self._spec
        steps = self._timeline.hours if spec.step_ms == HOUR_MS else self._timeline.minutes
        topic = int(self._scope.windows.topics[slot])
        for start in (end, end - spec.windows_ms[which]):
            table = steps.get(start)
            if table is not None and topic in table.rows_of:
                return True
        return False

    def forget_sparks(self, kept: set[int]) -> None:
        """Keeps the sparks of these slots only."""
        for place in [place for place in self._sparks if place[0] not in kept]:
            del self._sparks[place]

    def spellings(self, slot: int) -> list[str]:
        """The spellings of a topic in the long window, most used first."""
        topic, mask, names = int(self._scope.windows.topics[slot]), self._scope.mask, self._timeline.names
        counts: dict[int, int] = {}
        for table in self.tables(1, self._now):
            rows = table.rows_of.get(topic)
            if rows is not None:
                first, last = rows[:2]
                for row in range(first, last):
                    if mask is None or mask[table.cell[row]]:
                        spelling = int(table.spelling[row])
                        counts[spelling] = counts.get(spelling, 0) + int(table.posts[row])
        named = sorted((-count, names.spellings[spelling]) for spelling, count in counts.items())
        return [spelling for _, spelling in named]

    def examples(self, slot: int) -> list[str]:
        """Ids of the posts of smallest mix in the long window: own words before reposts, else as if drawn by lot."""
        topic, mask = int(self._scope.windows.topics[slot]), self._scope.mask
        found: list[tuple[int, str]] = []
        for table in self.tables(1, self._now):
            rows = table.rows_of.get(topic)
            if rows is not None:
                for row in range(*rows[:2]):
                    if mask is None or mask[table.cell[row]]:
                        first, last = table.example_ptr[row], table.example_ptr[row + 1]
                        found += zip(table.example_mix[first:last].tolist(), table.examples[first:last], strict=True)
        return [post for _, post in sorted(found)[:EXAMPLES]]


def gather(tables: Sequence[Table], topic: int, mask: Mask | None) -> tuple[U64, U64, I64] | None:
    """(author, text, posts) of all entries of a topic in the cells of `mask`; None: there are none."""
    authors, texts, said = [], [], []
    for table in tables:
        rows = table.rows_of.get(topic)
        if rows is None:
            continue
        row, last_row, first, last = rows
        if mask is None:
            authors.append(table.author[first:last])
            texts.append(table.text[first:last])
            said.append(table.said[first:last])
            continue
        for number in range(row, last_row):
            if mask[table.cell[number]]:
                first, last = table.ptr[number], table.ptr[number + 1]
                authors.append(table.author[first:last])
                texts.append(table.text[first:last])
                said.append(table.said[first:last])
    if not authors:
        return None
    if len(authors) == 1:
        return authors[0], texts[0], said[0]
    return np.concatenate(authors), np.concatenate(texts), np.concatenate(said)
