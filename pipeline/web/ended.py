"""What has just ended: topics that trended within the last hour and have left their list."""

from __future__ import annotations

import threading

import msgspec

from schemas import Trend, TrendList
from schemas.trends import Peak

KEPT_MS = 3_600_000
MOST = 100  # of one list; the newest


class Ended(msgspec.Struct):
    """A topic that has left a list. Times in ms; `display` is the spelling that its last row had."""

    topic: str
    display: str
    scope: str
    window: str
    since: int | None  # when it began to trend
    ended: int  # the moment of the first list without it
    authors: int  # of its last row
    peak: Peak | None


class JustEnded:
    """Remembers rows of final lists, taken in their order. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trending: dict[tuple[str, str], tuple[int, dict[str, Trend]]] = {}  # moment and rows of the newest list
        self._ended: dict[tuple[str, str], dict[str, Ended]] = {}
        self._now = 0

    def take(self, trends: TrendList) -> None:
        """A list as it came. One that is not final, or no newer than one before, says nothing."""
        key = trends.scope, trends.window
        with self._lock:
            at, before = self._trending.get(key, (0, {}))
            if not trends.final or trends.at <= at:
                return
            self._now = max(self._now, trends.at)
            rows = {row.topic: row for row in trends.trends if row.trending}
            self._trending[key] = trends.at, rows
            known = self._ended.setdefault(key, {})
            for topic in rows:
                known.pop(topic, None)
            for topic in before.keys() - rows.keys():
                row = before[topic]
                known[topic] = Ended(topic, row.display, *key, row.since, trends.at, row.authors, row.peak)
            newest = sorted(known.values(), key=lambda one: (-one.ended, one.topic))[:MOST]
            self._ended[key] = {one.topic: one for one in newest if one.ended > self._now - KEPT_MS}

    def of(self, scope: str, window: str) -> list[Ended]:
        """What left this list within the hour before the newest moment told, the newest first."""
        with self._lock:
            found = self._ended.get((scope, window), {}).values()
            return [one for one in found if one.ended > self._now - KEPT_MS]
