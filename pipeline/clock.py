"""What time it is, and how it is told."""

from __future__ import annotations

import time


def utc_ms() -> int:
    """By this machine's clock, in ms since 1970."""
    return time.time_ns() // 1_000_000


def utc_text(ms: int) -> str:
    """A moment to the second, as it is told to who runs upswell.

    >>> utc_text(1_700_000_000_000)
    '2023-11-14 22:13:20 UTC'
    """
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(ms / 1_000))
