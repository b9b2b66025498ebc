"""What is compiled, else None: counting posts, samples, past support, uniting records (`_plain.c` and so on)."""

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
try:
    from pipeline.trends import _sliding as sliding

    require_fitting(sliding)
except ImportError:  # numpy does it, in five times the time
    sliding = None  # type: ignore[assignment]

try:
    from pipeline.trends import _uniting as uniting

    require_fitting(uniting)
except ImportError:  # numpy does it, in several times the time
    uniting = None  # type: ignore[assignment]

__all__ = ["plain", "samples", "sliding", "uniting"]
