"""Faults in known numbers: duplicates, late, displaced and future posts and corrupt lines, put where no reader can err.

- A *duplicate* is the same line again, at most 4 s later: its pane is open still, and in the same partition.
- A *late* post is dated 1 to 3 hours back and comes behind a post in time by its author. The two share a partition,
  whatever the number of partitions, so that the clock of that partition has certainly moved on.
- A *displaced* post is dated before a post that came earlier, by at most 4 s: within a lateness of 5 s.
- A *future* post is 2 to 30 days ahead, with dozens of ordinary posts between it and the next one: archive readers look
  at the 16 posts that follow.
"""

from __future__ import annotations

import numpy as np

from pipeline.sources.simulator.corrupt import CORRUPT, OVERSIZED, Kind
from pipeline.sources.simulator.labels import Totals
from pipeline.sources.simulator.population import SOURCES
from pipeline.sources.simulator.scenario import DAY_MS, HOUR_MS, Scenario

SHIFT_MS = 4_000  # a second below the lateness of 5 s
_NEVER_MS = 1 << 62


class FaultMaker:
    """Places the faults of a scenario, spread evenly over its middle nine tenths, and counts them into `totals`."""

    def __init__(self, scenario: Scenario, totals: Totals, seed: int) -> None:
        self._totals = totals
        self._rng = np.random.Generator(np.random.PCG64([seed, 7]))
        plan: list[tuple[int, str]] = []
        faults = scenario.faults
        for name, count in (
            ("duplicate", faults.duplicates),
            ("late", faults.late),
            ("displaced", faults.displaced),
            ("corrupt", faults.corrupt),
            ("oversized", faults.oversized),
            ("future", faults.future),
        ):
            # in the middle half of equal parts: never two of a kind close together, never one at the very end
            places = 0.05 + 0.9 * (np.arange(count) + 0.25 + 0.5 * self._rng.random(count)) / max(count, 1)
            plan += [(scenario.start_ms + int(place * scenario.duration_ms), name) for place in places]
        self._plan = sorted(plan, reverse=True)
        self._kinds = 0
        self.due_ms = self._plan[-1][0] if self._plan else _NEVER_MS

    def place(
        self, time_ms: int, newest_ms: int, head: str, rest: str, source: int, added: list[tuple[int, bytes]]
    ) -> int:
        """One fault at the post `head time rest`, appended to `added` with its arrival; returns the post's own time.

        A fault that does not fit this post waits for the next one.
        """
        _, name = self._plan[-1]
        totals = self._totals
        if name == "duplicate":
            totals.duplicates += 1
            added.append((time_ms + self._below(SHIFT_MS + 1), f"{head}{time_ms},{rest}".encode()))
        elif name == "late":
            totals.late += 1
            totals.late_by_source[SOURCES[source]] = totals.late_by_source.get(SOURCES[source], 0) + 1
            dated = time_ms - HOUR_MS - self._below(2 * HOUR_MS)
            added.append((time_ms, f"{_renamed(head)}{dated},{rest}".encode()))
        elif name == "displaced":
            oldest_ms = time_ms - SHIFT_MS
            if newest_ms <= oldest_ms:
                return time_ms
            totals.displaced += 1
            time_ms = oldest_ms + self._below(newest_ms - oldest_ms)
        elif name == "future":
            dated = time_ms + 2 * DAY_MS + self._below(28 * DAY_MS)
            totals.future += 1
            added.append((time_ms, f"{_renamed(head)}{dated},{rest}".encode()))
        else:
            kind = OVERSIZED if name == "oversized" else self._next_kind()
            totals.corrupt[kind.reason] = totals.corrupt.get(kind.reason, 0) + 1
            added.append((time_ms, kind.make(f"{_renamed(head)}{time_ms},{rest}".encode().rstrip()) + b"\n"))
        self._plan.pop()
        self.due_ms = self._plan[-1][0] if self._plan else _NEVER_MS
        return time_ms

    def _next_kind(self) -> Kind:
        kind = CORRUPT[self._kinds % len(CORRUPT)]
        self._kinds += 1
        return kind

    def _below(self, limit: int) -> int:
        return int(self._rng.random() * limit)


def _renamed(head: str) -> str:
    """The beginning of a line with an id that no other post has."""
    return head.replace('{"id":"', '{"id":"x', 1)
