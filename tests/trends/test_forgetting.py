"""Names and slots are forgotten and numbered anew, and no list, count or people changes by it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.trends import timeline
from pipeline.trends.baseline import Baseline
from pipeline.trends.baseline_buckets import BaselineWeight
from pipeline.trends.names import Names
from pipeline.trends.scope import Scope, Windows
from pipeline.trends.score import ONE_DAY
from pipeline.trends.timeline import Timeline
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


def test_a_slot_that_is_given_up_leaves_no_past_to_another() -> None:
    names, past = Names(), BaselineWeight(1.0, "", ())
    baseline = Baseline(Scope("all", names), ONE_DAY, 5)
    kept, given_up, last = np.array([3]), np.array([200]), np.array([255])
    baseline.expect(np.concatenate((kept, given_up)), past, Timeline(names))
    new_slot = np.full(256, -1, np.int32)
    new_slot[kept] = 0
    baseline.renumber(new_slot)
    posts = np.array([[9], [9]], np.int32)
    assert baseline.bound(last, posts).tolist() == [9.0]
    assert baseline.expected_of(np.array([0])).tolist() == [[0.0], [0.0]]
