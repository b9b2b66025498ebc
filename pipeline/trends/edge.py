"""The live edge: what is known of panes that are still open, told by the count stage as it comes.

Provisional lists are made of it and of what has closed; it changes no final list. It is held in memory only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.trends.panes import PaneCounts
from pipeline.trends.tables import Names, Table, from_pane

AHEAD_MS = 60_000  # how far one partition may be ahead of half of them; one with a hostile clock does not decide


@dataclass(slots=True)
class _Told:
    """One pane's share of one message."""

    version: int
    table: Table


class Edge:
    """Open panes of all partitions, piece by piece."""

    def __init__(self, names: Names, pane_ms: int) -> None:
        self.newest: dict[int, int] = {}  # the newest time read, by partition, ms
        self._names, self._pane_ms = names, pane_ms
        self._told: dict[int, list[_Told]] = {}  # by partition, in log order
        self._versions: dict[int, int] = {}

    def take(self, partition: int, since: int, version: int, newest: int, panes: Sequence[PaneCounts]) -> list[Table]:
        """The posts `since` to `version` (offsets) of a partition, by pane. Returns what is new as tables.

        What was told before of the same posts (they were read again) is replaced."""
        told = self._told.setdefault(partition, [])
        if since <= self._versions.get(partition, -1):
            told[:] = [piece for piece in told if piece.version < since]
        self._versions[partition] = version
        self.newest[partition] = newest
        tables = [from_pane(pane, self._names, self._pane_ms) for pane in panes]
        told += [_Told(version, table) for table in tables]
        return tables

    def close(self, frontiers: Mapping[int, int]) -> None:
        """Panes before the frontier (ms) of their partition have closed: what was told of them is not needed."""
        for partition, told in self._told.items():
            frontier = frontiers.get(partition, 0)
            if told and min(piece.table.start for piece in told) < frontier:
                told[:] = [piece for piece in told if piece.table.start >= frontier]

    def clear(self) -> None:
        """Forgets all that was told."""
        self._told.clear()
        self._versions.clear()

    @property
    def now(self) -> int:
        """The newest time read in any partition, ms, unless it runs away from what half of them have come to."""
        times = sorted(self.newest.values())
        return max(time for time in times if time <= times[len(times) // 2] + AHEAD_MS) if times else 0

    def tables(self) -> list[Table]:
        """All that is told of panes that have not closed."""
        return [piece.table for told in self._told.values() for piece in told]
