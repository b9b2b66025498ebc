"""What is compiled, else None: counting posts, uniting runs and samples, past support (`_plain.c`, `_runs.c`, ...)."""

from __future__ import annotations

from schemas.stale import require_fitting

try:
    from pipeline.trends import _plain as plain

    require_fitting(plain)
except ImportError:  # `PaneCounter.add` itself does the same, in three times the time
    plain = None  # type: ignore[assignment]
try:
    from pipeline.trends import _runs as runs

    require_fitting(runs)
except ImportError:  # numpy does it, in three times the time
    runs = None  # type: ignore[assignment]
try:
    from pipeline.trends import _samples as samples

    require_fitting(samples)
except ImportError:  # numpy does it, in three times the time
    samples = None  # type: ignore[assignment]
try:
    from pipeline.trends import _sliding as sliding

    require_fitting(sliding)
except ImportError:  # numpy does it, in five times the time
    sliding = None  # type: ignore[assignment]

__all__ = ["plain", "runs", "samples", "sliding"]
