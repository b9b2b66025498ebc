"""What is compiled of counting posts (`_plain.c`) and of uniting samples (`_samples.c`); None without a compiler."""

from __future__ import annotations

try:
    from pipeline.trends import _plain as plain
except ImportError:  # `PaneCounter.add` itself does the same, in three times the time
    plain = None  # type: ignore[assignment]
try:
    from pipeline.trends import _samples as samples
except ImportError:  # numpy does it, in three times the time
    samples = None  # type: ignore[assignment]

__all__ = ["plain", "samples"]
