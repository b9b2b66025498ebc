"""What trended when: every final list, kept in one SQLite file for as many days as told."""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from schemas import TrendList

DAY_MS = 86_400_000
BATCH = 500  # lists written at once
WAITING = 20_000  # lists that may wait for the disk; beyond that whoever brings them waits
POINTS = 5_000  # of one time line
LOCKED_S = 10.0  # how long somebody else may hold the file

_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(TrendList).decode

_TABLES = """
create table if not exists lists (
    scope text not null, window text not null, at integer not null, body blob not null,
    posts integer not null default 0, authors integer not null default 0,
    primary key (scope, window, at)) without rowid;
create index if not exists lists_at on lists (at);
create table if not exists points (
    topic text not null, scope text not null, window text not null, at integer not null, rank integer not null,
    trending integer not null, posts integer not null, authors integer not null, support real not null,
    expected real not null, score real not null,
    primary key (topic, scope, window, at)) without rowid;
create index if not exists points_at on points (at);
"""


class HistoryError(Exception):
    """The file cannot be used; one sentence with its name and what to do."""


class Point(msgspec.Struct):
    """A topic's place in one list of the past. `at` in ms."""

    at: int
    rank: int
    trending: bool
    posts: int
    authors: int
    support: float
    expected: float
    score: float


class History:
    """The past of all lists. `add` never waits for the disk; everything may be called from any thread.

    Without a file it is kept in memory. Several processes may read one file; the first list of (scope, window, at)
    stays. What is more than `keep_days` older than the newest list is forgotten.
    """

    def __init__(self, path: Path | None = None, keep_days: int = 90) -> None:
        """Raises HistoryError when the file cannot be opened, is no history, or is locked for LOCKED_S."""
        self.keep_ms = keep_days * DAY_MS
        self._name = str(path) if path else "the history in memory"
        self.lost = 0  # lists that could not be written
        self._newest = self._cleaned = 0
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, timeout=LOCKED_S)
        except sqlite3.Error as error:
            raise self._refused(error) from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise self._refused(error) from None
        self._queue: queue.Queue[TrendList | None] = queue.Queue(WAITING)
        self._writer = threading.Thread(target=self._write_all, name="history", daemon=True)
        self._writer.start()

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(_TABLES)
        known = {row[1] for row in self._db.execute("pragma table_info(lists)")}
        for column in {"posts", "authors"} - known:  # a file of an earlier release
            self._db.execute(f"alter table lists add column {column} integer not null default 0")

    def _refused(self, error: sqlite3.Error) -> HistoryError:
        return HistoryError(f"{self._name}: cannot keep the history there ({error}); name another file")

    def add(self, trends: TrendList) -> None:
        """Keeps a list; one that is not final is passed over."""
        if trends.final:
            self._queue.put(trends)

    def flush(self) -> None:
        """Returns when everything added before is written."""
        self._queue.join()

    def close(self) -> None:
        """Writes what waits and closes the file. Adding more is wrong."""
        self._queue.put(None)
        self._writer.join()
        with self._lock:
            self._db.close()

    def at(self, scope: str, window: str, at_ms: int) -> TrendList | None:
        """The list that was shown at that moment: the newest one not later; None where none is kept (one that an
        earlier release kept in another form counts as none). Raises HistoryError, as all that asks does, when the file
        cannot be read."""
        found = self._ask(
            "select body from lists where scope = ? and window = ? and at <= ? order by at desc limit 1",
            scope,
            window,
            at_ms,
        )
        try:
            return self._read(found[0][0]) if found else None
        except msgspec.ValidationError:  # an earlier release kept it in another form
            return None

    def since(self, scope: str, window: str, from_ms: int) -> Iterator[TrendList]:
        """The lists from that moment on, the oldest first; without those that an earlier release kept in another
        form."""
        question = "select at, body from lists where scope = ? and window = ? and at >= ? order by at limit ?"
        while found := self._ask(question, scope, window, from_ms, BATCH):
            for _, body in found:
                with contextlib.suppress(msgspec.ValidationError):
                    yield self._read(body)
            from_ms = found[-1][0] + 1

    def _read(self, body: bytes) -> TrendList:
        try:
            return _decode(zlib.decompress(body))
        except msgspec.ValidationError:
            raise
        except (zlib.error, msgspec.DecodeError) as error:
            raise self._unread(error) from None

    def spans(self, of: Sequence[tuple[str, str]]) -> list[tuple[int, int] | None]:
        """From when to when there are lists (ms) of each (scope, window); None where there are none."""
        return [self._span(scope, window) for scope, window in of]

    def _span(self, scope: str, window: str) -> tuple[int, int] | None:
        found = self._ask("select min(at), max(at) from lists where scope = ? and window = ?", scope, window)
        return (found[0][0], found[0][1]) if found[0][0] is not None else None

    def timeline(self, topic: str, scope: str, window: str, from_ms: int, to_ms: int) -> list[Point]:
        """The topic's places in the lists from `from_ms` up to and with `to_ms`, the oldest first; at most POINTS, the
        newest ones."""
        found = self._ask(
            "select at, rank, trending, posts, authors, support, expected, score from points where topic = ?"
            " and scope = ? and window = ? and at between ? and ? order by at desc limit ?",
            topic,
            scope,
            window,
            from_ms,
            to_ms,
            POINTS,
        )
        return [Point(at, rank, bool(trending), *rest) for at, rank, trending, *rest in reversed(found)]

    def topics(self, part: str, scope: str, limit: int) -> list[tuple[str, int]]:
        """The topics of a scope's past lists whose key holds `part`, with the end of the last list of 1 h that had
        them (ms), the newest first. Every topic is looked at once, however many lists had it."""
        return [
            (topic, at)
            for topic, at in self._ask(
                "with recursive known(topic) as (select min(topic) from points union all"
                " select (select min(topic) from points where topic > known.topic) from known where topic is not null)"
                " select topic, (select max(at) from points"
                " where points.topic = known.topic and scope = ? and window = '1h') as last"
                " from known where instr(replace(topic, ' ', ''), ?) and last is not null order by last desc limit ?",
                scope,
                part,
                limit,
            )
        ]

    def days(self, topics: Sequence[str], before_ms: int, count: int) -> list[list[tuple[int, int]]]:
        """For each topic (posts, people) in each of the `count` UTC days before the one that `before_ms` lies in, the
        newest first, as the last list `all` over 24 h said that ended in the day's second half and had it; else
        (0, 0)."""
        return [self._days(topic, before_ms, count) for topic in topics]

    def _days(self, topic: str, before_ms: int, count: int) -> list[tuple[int, int]]:
        today = before_ms // DAY_MS * DAY_MS
        found = {
            (point.at - 1) // DAY_MS: (point.posts, point.authors)  # the last one of a day stands
            for point in self.timeline(topic, "all", "24h", today - count * DAY_MS + 1, today)
            if (point.at - 1) % DAY_MS >= DAY_MS // 2
        }
        return [found.get(today // DAY_MS - day, (0, 0)) for day in range(1, count + 1)]

    def totals(self, scope: str, window: str, from_ms: int, to_ms: int) -> list[tuple[int, int, int]]:
        """(at, posts, people) of an event's or a watchlist's scope as a whole, wherever they changed from `from_ms` up
        to and with `to_ms`; first the newest one before, so that every moment has one."""
        before = self._ask(
            "select at, posts, authors from lists where scope = ? and window = ? and at < ? order by at desc limit 1",
            scope,
            window,
            from_ms,
        )
        found = self._ask(
            "select at, posts, authors from lists where scope = ? and window = ? and at between ? and ? order by at",
            scope,
            window,
            from_ms,
            to_ms,
        )
        return [(at, posts, authors) for at, posts, authors in (*before, *found)]

    def _ask(self, question: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._db.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._unread(error) from None

    def _unread(self, error: Exception) -> HistoryError:
        return HistoryError(f"{self._name}: the history cannot be read ({error}); restore the file or name another")

    def _write_all(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            lists = [trends for trends in batch if trends is not None]
            try:
                self._write(lists)
            except sqlite3.Error as error:
                self.lost += len(lists)
                told = "%s: %d lists could not be kept (%s); look at the file and its disk"
                _log.error(told, self._name, len(lists), error)
            finally:
                for _ in batch:
                    self._queue.task_done()
            if len(lists) < len(batch):
                return

    def _write(self, lists: list[TrendList]) -> None:
        rows = [(t.scope, t.window, t.at, zlib.compress(msgspec.json.encode(t), 3), t.posts, t.authors) for t in lists]
        points = [
            (r.topic, t.scope, t.window, t.at, r.rank, r.trending, r.posts, r.authors, r.support, r.expected, r.score)
            for t in lists
            for r in t.trends
        ]
        self._newest = max(self._newest, *(t.at for t in lists), 0)
        with self._lock, self._db:
            self._db.executemany(
                "insert or ignore into lists (scope, window, at, body, posts, authors) values (?, ?, ?, ?, ?, ?)", rows
            )
            self._db.executemany("insert or ignore into points values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", points)
            if self._newest - self._cleaned > DAY_MS // 24:
                self._cleaned = self._newest
                for table in ("lists", "points"):
                    self._db.execute(f"delete from {table} where at < ?", (self._newest - self.keep_ms,))  # noqa: S608
