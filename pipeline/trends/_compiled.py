"""What is compiled of counting posts (`_plain.c`) and of samples (`_samples.c`); None without a compiler, or of old."""

from __future__ import annotations

from schemas.stale import require_fitting

try:
    from pipeline.trends import _plain as plain

    require_fitting(plain)
except ImportError:  # `PaneCounter.add` itself does the same, in three times the time
    plain = None  # type: ignore[assignment]
try:
    from pipeline.trends import _samples as samples

    require_fitting(samples)
except ImportError:  # numpy does it, in three times the time
    samples = None  # type: ignore[assignment]

__all__ = ["plain", "samples"]
