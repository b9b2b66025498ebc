"""The cycle collector in processes that make many objects and few cycles."""

from __future__ import annotations

import gc

YOUNG = 50_000  # objects more than before, until the collector looks at them
IN_FLIGHT = 200_000  # the same where so many records are on their way at a time
_OLDER = 20, 100


def start_rarely() -> None:
    """For the start of a process: modules are no garbage."""
    gc.set_threshold(YOUNG, *_OLDER)


def collect_rarely(young: int = YOUNG) -> None:
    """What is there now is never looked through again (modules, and a few dozen cycles of their making), and what comes
    is more rarely.

    With Python's own thresholds the collector took a tenth of a replay's time and 1.5 CPU s of a worker's million
    posts: records that are only on their way start it again and again, and at 50,000 still took 0.5. With 2,000
    readers of a page's stream one look at everything held the page's server up for 190 ms."""
    gc.freeze()
    gc.set_threshold(young, *_OLDER)
