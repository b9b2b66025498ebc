"""What time it is."""

from __future__ import annotations

import time


def utc_ms() -> int:
    """By this machine's clock, in ms since 1970."""
    return time.time_ns() // 1_000_000
