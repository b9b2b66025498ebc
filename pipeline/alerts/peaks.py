"""How high each alert went while it fired, for those who hear of it afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from schemas import TrendList
from schemas.alerts import Alert

SCHEMA = "CREATE TABLE IF NOT EXISTS peak (key TEXT PRIMARY KEY, live INTEGER NOT NULL, value BLOB NOT NULL);"


class Peak(msgspec.Struct):
    """The moment (ms of event time) in which most people talked about what an alert fired for; of a surge: in which
    its score was largest. `score` is None for a scope as a whole."""

    at: int
    people: int
    posts: int
    score: float | None = None


class _Course(msgspec.Struct):
    alert: Alert
    peak: Peak | None = None


_decode = msgspec.msgpack.Decoder(_Course).decode


class Peaks:
    """The alerts that fire, each with its peak so far; those that ended are kept in the file. Lists that are taken
    again change nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Goes on where the table `peak` stands."""
        self._db = db
        rows = db.execute("SELECT key, value FROM peak WHERE live").fetchall()
        self._courses: dict[str, _Course] = {key: _decode(value) for key, value in rows}

    def take(self, trends: TrendList, alerts: Iterable[Alert]) -> None:
        """A list, and what it has raised. `keep` what ended in the same transaction as the alerts."""
        for alert in alerts:
            if alert.status == "firing":
                self._courses[alert.key] = _Course(alert)
        for course in self._courses.values():
            alert = course.alert
            if trends.final and (trends.scope, trends.window) == (alert.scope, alert.window):
                peak = _peak(alert, trends) if trends.at >= alert.fired else None
                if peak is not None and (course.peak is None or _height(alert, peak) > _height(alert, course.peak)):
                    course.peak = peak

    def keep(self, ended: Iterable[Alert] = ()) -> None:
        """Writes everything down; what has ended will not go higher."""
        over = {alert.key for alert in ended if alert.status == "resolved"}
        rows = [(key, key not in over, msgspec.msgpack.encode(course)) for key, course in self._courses.items()]
        self._db.executemany("INSERT OR REPLACE INTO peak VALUES (?, ?, ?)", rows)
        for key in over:
            self._courses.pop(key, None)

    def of(self, key: str) -> Peak | None:
        """The peak of an alert so far; None where nothing is known of it."""
        live = self._courses.get(key)
        if live is not None:
            return live.peak
        found = self._db.execute("SELECT value FROM peak WHERE key = ?", (key,)).fetchone()
        return _decode(found[0]).peak if found else None

    def forget(self) -> None:
        """Lets go of alerts that ended and of which no message is kept any more."""
        self._db.execute("DELETE FROM peak WHERE NOT live AND key NOT IN (SELECT key FROM delivery)")


def _peak(alert: Alert, trends: TrendList) -> Peak | None:
    if alert.kind == "volume" and not alert.topic:
        return Peak(trends.at, trends.authors, trends.posts)
    row = next((row for row in trends.trends if row.topic == alert.topic), None)
    return Peak(trends.at, row.authors, row.posts, row.score) if row is not None else None


def _height(alert: Alert, peak: Peak) -> tuple[float, int]:
    """What is compared; of equal ones the earlier holds, in whatever order lists come."""
    return peak.score or 0.0 if alert.kind == "surge" else float(peak.people), -peak.at
