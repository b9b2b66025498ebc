"""The recent past at every resolution: minutes, ten minutes and hours of final counts, kept while they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipeline.trends.arrays import I32, lengths_of, run_lengths, starts_of
from pipeline.trends.counts import EXAMPLES, Counts, Place, merge
from pipeline.trends.names import Names
from pipeline.trends.people import K, Support
from pipeline.trends.score import HOUR_MS, MINUTE_MS
from pipeline.trends.withdrawals import Withdrawals

TEN_MS = 10 * MINUTE_MS
KEEP_MINUTES_MS = 2 * HOUR_MS + MINUTE_MS  # a bucket and the long window before it
KEEP_HOURS_MS = 48 * HOUR_MS  # the same for days
EXAMPLES_FROM = 5  # entries of a topic in an hour from which its examples are kept
_FORGET_FROM = 50_000  # spellings; fewer are not worth the work of forgetting

Where = tuple[int, int, int]


class Timeline:
    """Tables by start, in ms. Times without posts have none."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.minutes: dict[int, Counts] = {}
        self.tens: dict[int, Counts] = {}
        self.hours: dict[int, Counts] = {}
        self.end = 0  # of the last final minute, ms
        self.single_topics = self.single_mentions = 0  # what hourly records left out
        self._withdrawn = {MINUTE_MS: Withdrawals(MINUTE_MS), HOUR_MS: Withdrawals(HOUR_MS)}
        # what scopes share, by window length, end (ms) and topic: where it stands, and its support in all cells
        self.places: dict[Where, list[Place]] = {}
        self.supports: dict[Where, Support] = {}

    def add_minute(self, start: int, panes: Sequence[Counts]) -> Counts | None:
        """The minute from `start` is final; its panes become one table, and whole tens and hours are rolled up."""
        end = self.end = start + MINUTE_MS
        self._forget_shared()
        table = None
        if panes:
            merged, since = merge(panes, start, end), end - KEEP_MINUTES_MS + MINUTE_MS
            table = self.minutes[start] = self._withdrawn[MINUTE_MS].settle(merged, self.minutes, since)
        if end % TEN_MS == 0:
            self._roll(self.minutes, MINUTE_MS, self.tens, end - TEN_MS, end)
        if end % HOUR_MS == 0:
            self._roll(self.tens, TEN_MS, self.hours, end - HOUR_MS, end)
            hour = self.hours.get(end - HOUR_MS)
            if hour is not None:
                record, topics, posts = hourly_record(hour)
                self.hours[end - HOUR_MS] = self._withdrawn[HOUR_MS].settle(record, self.hours, 0)
                self.single_topics += topics
                self.single_mentions += posts
        return table

    def _forget_shared(self) -> None:
        self.places.clear()
        self.supports.clear()

    def _roll(self, fine: dict[int, Counts], step_ms: int, coarse: dict[int, Counts], start: int, end: int) -> None:
        parts = [fine[at] for at in range(start, end, step_ms) if at in fine]
        if parts:
            coarse[start] = merge(parts, start, end)

    def drop_old(self, now: int) -> None:
        """Drops what no bucket that is still open at `now` (ms) reaches back to."""
        for tables, keep_ms in (
            (self.minutes, KEEP_MINUTES_MS),
            (self.tens, KEEP_MINUTES_MS),
            (self.hours, KEEP_HOURS_MS),
        ):
            for start in [start for start in tables if start < now - keep_ms]:
                del tables[start]
        self._withdrawn[MINUTE_MS].forget(now - KEEP_MINUTES_MS)
        self._withdrawn[HOUR_MS].forget(now - KEEP_HOURS_MS)

    def restore_the_rest(self) -> None:
        """Tables of minutes and hours were restored up to a full ten minutes: they tell the rest."""
        for start in sorted({minute // TEN_MS * TEN_MS for minute in self.minutes}):
            self._roll(self.minutes, MINUTE_MS, self.tens, start, start + TEN_MS)
        self._restore_withdrawals()

    def _restore_withdrawals(self) -> None:
        """Tables were restored, or names have other numbers: what is withdrawn is known by the tables."""
        self._withdrawn[MINUTE_MS].restore(self.minutes)
        self._withdrawn[HOUR_MS].restore(self.hours)

    def covering(self, start: int, end: int) -> list[Counts]:
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

    def hours_in(self, start: int, end: int) -> list[Counts]:
        """The hourly records of [start, end), oldest first."""
        return [self.hours[at] for at in range(start, end, HOUR_MS) if at in self.hours]

    def all(self) -> Iterator[Counts]:
        for tables in (self.minutes, self.tens, self.hours):
            yield from tables.values()

    def forget_names(self, needed: I32, pending: Iterable[Counts]) -> I32 | None:
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
        self._restore_withdrawals()
        self._forget_shared()
        return new_topic


def hourly_record(table: Counts) -> tuple[Counts, int, int]:
    """An hour's table, small enough to keep: without the topics that one single person named in it, and without
    examples of topics with few entries; how many topics and posts went so."""
    if len(table.topic) == 0:
        return table, 0, 0
    starts = starts_of(table.topic[1:] != table.topic[:-1])
    rows = run_lengths(starts, len(table.topic))
    bounds = np.append(table.person_ptr[starts], table.person_ptr[-1])
    entries = lengths_of(bounds)
    named = entries > 0  # else something was withdrawn of what was said of the topic in an hour before
    first = bounds[:-1][named]
    several = np.ones(len(starts), np.bool_)
    if len(first):
        other = table.author != np.repeat(table.author[first], entries[named])
        several[named] = np.add.reduceat(other, first) > 0
    keep = np.repeat(several, rows)
    topics, posts = int(np.count_nonzero(~several)), int(table.posts[~keep].sum())
    withdrawing = lengths_of(table.retracted_ptr) > 0  # what was said in an hour before
    many = np.repeat(entries >= EXAMPLES_FROM, rows)[keep | withdrawing]
    kept = table.take("row", np.flatnonzero(keep | withdrawing))
    if (withdrawing & ~keep).any():
        there = keep[keep | withdrawing]
        for each in ("person", "origin"):
            kept = kept.keep_in_runs(each, np.where(there, K + 1, 0))
        kept = kept.changed(posts=kept.posts * there)
        kept, many = kept.changed(reposts=kept.reposts * there), many & there
    return kept.keep_in_runs("example", np.where(many, EXAMPLES, 0)), topics, posts
