"""What is compiled of counting posts (`_plain.c`) and of samples (`_samples.c`); None without a compiler.

So it is where an installation is older than what was pulled since: a part of another version is left unused.
"""

from __future__ import annotations

_VERSION = 2  # of both; raised with what is asked of them

try:
    from pipeline.trends import _plain as plain
except ImportError:  # `PaneCounter.add` itself does the same, in three times the time
    plain = None  # type: ignore[assignment]
try:
    from pipeline.trends import _samples as samples
except ImportError:  # numpy does it, in three times the time
    samples = None  # type: ignore[assignment]
if getattr(plain, "VERSION", None) != _VERSION:
    plain = None  # type: ignore[assignment]
if getattr(samples, "VERSION", None) != _VERSION:
    samples = None  # type: ignore[assignment]

__all__ = ["plain", "samples"]
