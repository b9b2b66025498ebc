"""Names and slots are forgotten and numbered anew, and no list, count or people changes by it."""

from __future__ import annotations

import pytest

from pipeline.trends import timeline
from pipeline.trends.scope import Windows
from tests.oracle import streams
from tests.trends.product import run


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_forgetting_names_every_hour_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = streams.seeded(seed, posts=1_500, hours=7.0, topics=400)
    expected = run(log, 3)[:2]
    renumbered = 0
    renumber = Windows.renumber

    def counting(self: Windows, new_topic: object) -> None:
        nonlocal renumbered
        renumbered += 1
        renumber(self, new_topic)  # type: ignore[arg-type]

    monkeypatch.setattr(timeline, "_FORGET_FROM", 1)
    monkeypatch.setattr(Windows, "renumber", counting)
    assert run(log, 3)[:2] == expected
    assert renumbered > 3
