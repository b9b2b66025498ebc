"""Compiled parts that are older or newer than their Python: told once, and done without.

Whoever imports one does it in a `try` of its own: a function that gave it by name would lose what its `.pyi` says.
"""

from __future__ import annotations

import warnings
from types import ModuleType

VERSION = "89c5fae670fc506b"  # of the C sources, as in _version.h: tests/test_compiled.py says what it is to be

_told: list[str] = []


def require_fitting(part: ModuleType) -> None:
    """Raises ImportError for a part that was compiled from other sources: what it is asked, and what it answers, may
    mean something else."""
    if getattr(part, "VERSION", "") == VERSION:
        return
    if not _told:
        _told.append(part.__name__)
        what = "upswell does without what is compiled, and is slower; run `pip install -e .` in the checkout"
        warnings.warn(f"{part.__name__} was compiled from other sources: {what}", RuntimeWarning, stacklevel=2)
    raise ImportError(f"{part.__name__} was compiled from other sources")
