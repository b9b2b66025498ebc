"""The live edge: what is known of panes that are still open, told by the count stage as it comes.

Provisional lists are made of it and of what has closed; it changes no final list. It is held in memory only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.trends.counts import Counts
from pipeline.trends.names import Names

AHEAD_MS = 60_000  # how far one partition may be ahead of half of them; one with a hostile clock does not decide


@dataclass(slots=True)
class _Told:
    """One pane's share of one message."""

    last_offset: int
    table: Counts


class EarlyPaneStore:
    """Open panes of all partitions, piece by piece."""

    def __init__(self, names: Names) -> None:
        self.newest: dict[int, int] = {}  # the newest time read, by partition, ms
        self._names = names
        self._told: dict[int, list[_Told]] = {}  # by partition, in log order
        self._last_offsets: dict[int, int] = {}

    def take(
        self, partition: int, first_offset: int, last_offset: int, newest: int, panes: Sequence[Counts]
    ) -> list[Counts]:
        """The posts `first_offset` to `last_offset` (offsets) of a partition, by pane. Returns what is new as tables.

        What was told before of the same posts (they were read again) is replaced."""
        told = self._told.setdefault(partition, [])
        if first_offset <= self._last_offsets.get(partition, -1):
            told[:] = [piece for piece in told if piece.last_offset < first_offset]
        self._last_offsets[partition] = last_offset
        self.newest[partition] = newest
        tables = [pane.settled(self._names) for pane in panes]
        told += [_Told(last_offset, table) for table in tables]
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
        self._last_offsets.clear()

    @property
    def now(self) -> int:
        """The newest time read in any partition, ms, unless it runs away from what half of them have come to."""
        times = sorted(self.newest.values())
        return max(time for time in times if time <= times[len(times) // 2] + AHEAD_MS) if times else 0

    def tables(self) -> list[Counts]:
        """All that is told of panes that have not closed."""
        return [piece.table for told in self._told.values() for piece in told]
