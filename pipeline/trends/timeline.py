"""The recent past at every resolution: minutes, ten minutes and hours of final counts, kept while they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.trends.arrays import I32
from pipeline.trends.people import Support
from pipeline.trends.score import HOUR_MS, MINUTE_MS
from pipeline.trends.tables import Names, Place, Table, hourly_record, merge

TEN_MS = 10 * MINUTE_MS
KEEP_MINUTES_MS = 2 * HOUR_MS + MINUTE_MS  # a bucket and the long window before it
KEEP_HOURS_MS = 48 * HOUR_MS  # the same for days
_FORGET_FROM = 50_000  # spellings; fewer are not worth the work of forgetting

Where = tuple[int, int, int]


class Timeline:
    """Tables by start, in ms. Times without posts have none."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.minutes: dict[int, Table] = {}
        self.tens: dict[int, Table] = {}
        self.hours: dict[int, Table] = {}
        self.end = 0  # of the last final minute, ms
        self.single_topics = self.single_mentions = 0  # what hourly records left out
        # what scopes share, by window length, end (ms) and topic: where it stands, and its support in all cells
        self.places: dict[Where, list[Place]] = {}
        self.supports: dict[Where, Support] = {}

    def add_minute(self, start: int, panes: Sequence[Table]) -> Table | None:
        """The minute from `start` is final; its panes become one table, and whole tens and hours are rolled up."""
        end = self.end = start + MINUTE_MS
        self._forget_shared()
        table = merge(panes, start, end) if panes else None
        if table is not None:
            self.minutes[start] = table
        if end % TEN_MS == 0:
            self._roll(self.minutes, MINUTE_MS, self.tens, end - TEN_MS, end)
        if end % HOUR_MS == 0:
            self._roll(self.tens, TEN_MS, self.hours, end - HOUR_MS, end)
            hour = self.hours.get(end - HOUR_MS)
            if hour is not None:
                topics, posts = hourly_record(hour)
                self.single_topics += topics
                self.single_mentions += posts
            self._drop_old(end)
        return table

    def _forget_shared(self) -> None:
        self.places.clear()
        self.supports.clear()

    def _roll(self, fine: dict[int, Table], step_ms: int, coarse: dict[int, Table], start: int, end: int) -> None:
        parts = [fine[at] for at in range(start, end, step_ms) if at in fine]
        if parts:
            coarse[start] = merge(parts, start, end)

    def _drop_old(self, now: int) -> None:
        for tables, keep_ms in (
            (self.minutes, KEEP_MINUTES_MS),
            (self.tens, KEEP_MINUTES_MS),
            (self.hours, KEEP_HOURS_MS),
        ):
            for start in [start for start in tables if start < now - keep_ms]:
                del tables[start]

    def covering(self, start: int, end: int) -> list[Table]:
        """The fewest tables that make up [start, end), bounds in whole minutes, oldest first."""
        found = []
        at = start
        while at < end:
            if at % TEN_MS == 0 and at + TEN_MS <= end:
                table, at = self.tens.get(at), at + TEN_MS
            else:
                table, at = self.minutes.get(at), at + MINUTE_MS
            if table is not None:
                found.append(table)
        return found

    def hours_in(self, start: int, end: int) -> list[Table]:
        """The hourly records of [start, end), oldest first."""
        return [self.hours[at] for at in range(start, end, HOUR_MS) if at in self.hours]

    def all(self) -> Iterator[Table]:
        for tables in (self.minutes, self.tens, self.hours):
            yield from tables.values()

    def forget_names(self, needed: I32, pending: Iterable[Table]) -> I32 | None:
        """Forgets names that neither a table (also of `pending`) holds nor a needed topic has, where they are many.

        Returns the new topic numbers by old number (-1: forgotten), or None where nothing changed.
        """
        known = len(self.names.spellings)
        if known < _FORGET_FROM:
            return None
        wanted = np.zeros(len(self.names.keys), np.bool_)
        wanted[needed] = True
        used = wanted[self.names.topics_of(np.arange(known, dtype=np.int32))]
        tables = {id(table): table for table in (*self.all(), *pending)}.values()
        for table in tables:
            used[table.spelling] = True
        if int(used.sum()) * 4 > known * 3:
            return None
        new_spelling, new_topic = self.names.keep_only(np.flatnonzero(used).astype(np.int32))
        for table in tables:
            table.renumber(new_spelling, new_topic)
        self._forget_shared()
        return new_topic
