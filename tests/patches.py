"""How a program of the tests changes a value of the product: only one that the product has."""

from __future__ import annotations

from typing import Any


def patch(holder: Any, name: str, value: Any) -> None:
    """Sets a name of a module or class. Raises AttributeError when it has no such name: a renaming is noticed.

    >>> import math
    >>> patch(math, "NO_SUCH_NAME", 1)
    Traceback (most recent call last):
    AttributeError: math has no NO_SUCH_NAME to patch
    """
    if not hasattr(holder, name):
        raise AttributeError(f"{holder.__name__} has no {name} to patch")
    setattr(holder, name, value)
