"""How it stands between a reader and its source: whether it has caught up, and whether the source can be reached."""

from __future__ import annotations

import time
from collections.abc import Callable

LOST_S = 30.0  # a source may be away for so long (a broker that restarts) before its reader counts as cut off


class SourceStatus:
    """Told by the reader of a source, asked by whoever says whether a server is ready. That nothing comes is no fault:
    perhaps nobody has anything to say. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._caught_up = False
        self._lost_s: float | None = None  # since when, by that clock
        self._why = ""

    def alive(self) -> None:
        """The source has answered."""
        self._lost_s = None

    def caught_up(self) -> None:
        """All that the source held at the start has been read."""
        self._caught_up = True
        self.alive()

    def lost(self, why: str) -> None:
        """The source does not answer."""
        if self._lost_s is None:
            self._lost_s = self._clock()
        self._why = why

    @property
    def fault(self) -> str:
        """What is wrong, as a sentence; empty when the reader has caught up and is not cut off."""
        if self._lost_s is not None and (away_s := self._clock() - self._lost_s) >= LOST_S:
            return f"the source of lists has been away for {away_s:.0f} s: {self._why}"
        return "" if self._caught_up else "the lists that there are have not been read yet"
