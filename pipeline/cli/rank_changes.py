"""The list last issued of one scope and window, and where each of its topics stood a while before."""

from __future__ import annotations

from collections import deque

from schemas import TrendList, Window

# how far back a topic's move is told from: the time its list takes to have changed for a person
COMPARE_MS: dict[Window, int] = {"5m": 5 * 60_000, "1h": 15 * 60_000, "24h": 3_600_000}


class RankChanges:
    """Holds one list and the ranks of those before it, as far back as moves are told from, and nothing older."""

    def __init__(self, scope: str, window: Window, title: str = "") -> None:
        self.scope = scope
        self.window = window
        self.title = title or scope
        self.shown: TrendList | None = None
        self._earlier: deque[tuple[int, dict[str, int]]] = deque()

    def takes(self, trends: TrendList) -> bool:
        """Whether the list was of this scope and window, and so is now the one shown."""
        if trends.scope != self.scope or trends.window != self.window:
            return False
        self.shown = trends
        if self._earlier and self._earlier[-1][0] == trends.at:
            self._earlier.pop()  # what was known of the same moment before
        self._earlier.append((trends.at, {row.topic: row.rank for row in trends.trends}))
        limit = trends.at - COMPARE_MS[self.window]
        while len(self._earlier) > 1 and self._earlier[1][0] <= limit:
            self._earlier.popleft()
        return True

    def move(self, topic: str) -> str:
        """`new`, `▲2`, `▼1`, or `=`; empty while there is no list before this one."""
        if len(self._earlier) < 2:
            return ""
        before, now = self._earlier[0][1].get(topic), self._earlier[-1][1][topic]
        if before is None:
            return "new"
        if before == now:
            return "="
        return f"▲{before - now}" if before > now else f"▼{now - before}"
