"""What every test can ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.kafka.fixtures"]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data beside the checkout (or at UPSWELL_DATA); the test is skipped where it is absent."""
    folder = Path(os.environ.get("UPSWELL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set UPSWELL_DATA)")
    return folder
