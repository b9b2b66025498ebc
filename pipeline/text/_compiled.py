"""The compiled common cases of the rules of text (`_scan.c`, `_phrases.c`); None where there was no compiler."""

from __future__ import annotations

from schemas.stale import require_fitting

try:
    from pipeline.text import _scan as scan

    require_fitting(scan)
except ImportError:  # the rules themselves say the same, in three times the time
    scan = None  # type: ignore[assignment]
try:
    from pipeline.text import _phrases as phrases

    require_fitting(phrases)
except ImportError:  # in six times
    phrases = None  # type: ignore[assignment]

__all__ = ["phrases", "scan"]
