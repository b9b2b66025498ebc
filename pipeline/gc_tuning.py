"""The cycle collector in processes that make many objects and few cycles."""

from __future__ import annotations

import gc

THRESHOLDS = 50_000, 20, 100


def collect_rarely() -> None:
    """What is there now is never looked through again, and what comes is more rarely.

    With Python's own thresholds the collector took a tenth of a replay's time and 1.5 CPU s of a worker's million
    posts: records that are only on their way start it again and again. With 2,000 readers of a page's stream one look
    at everything held the page's server up for 190 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
