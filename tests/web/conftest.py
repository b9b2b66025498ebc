"""The server of `/setup` that its tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.setup_server import Served


@pytest.fixture(scope="module")
def setup_running() -> Iterator[Served]:
    made = Served()
    with made.client:
        yield made


@pytest.fixture
def served(setup_running: Served) -> Served:
    setup_running.desk.begin()
    return setup_running
