"""What the tests of series share: the comparison of bench/, which is no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def quality() -> ModuleType:
    """bench/series_quality.py."""
    path = Path(__file__).resolve().parents[2] / "bench" / "series_quality.py"
    spec = importlib.util.spec_from_file_location("series_quality", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module
