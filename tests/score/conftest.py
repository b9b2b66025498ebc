"""What the tests of series share: the comparison of bench/, which is no part of the product."""

from __future__ import annotations

from types import ModuleType

import pytest

from bench import series_quality


@pytest.fixture(scope="session")
def quality() -> ModuleType:
    """bench/series_quality.py."""
    return series_quality
