"""A clock for the walls of events."""

from __future__ import annotations

import pytest

from tests.wall.posts import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()
