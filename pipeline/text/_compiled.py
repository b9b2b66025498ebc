"""The compiled common case of the rules of text (`_scan.c`), where the installation had a compiler; else None."""

from __future__ import annotations

try:
    from pipeline.text import _scan as scan
except ImportError:  # the rules themselves say the same, in three times the time
    scan = None  # type: ignore[assignment]

__all__ = ["scan"]
