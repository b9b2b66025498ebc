"""What every test can ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["tests.kafka.fixtures"]

# Run in the background of a shell, we and every command we start would be deaf to Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data beside the checkout (or at UPSWELL_DATA); the test is skipped where it is absent."""
    folder = Path(os.environ.get("UPSWELL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set UPSWELL_DATA)")
    return folder
