"""Rings that their first minutes do not give away, or that trend in pieces."""

from __future__ import annotations

import random

import pytest

from bench.rings import judge, rings_of


@pytest.mark.parametrize("seed", [3, 8])
def test_a_ring_on_a_tag_of_every_day_raises_no_alert_that_is_found(seed: int) -> None:
    """Of 3: 700 accounts, of whom the first step sees 29. Of 8: 100 over ten minutes, suspect, then not, then again."""
    chance = random.Random(f"old tag {seed}")
    cases = rings_of("old tag", chance)
    assert judge("old tag", cases, chance) == set()
    assert sum(case.suspect for case in cases) >= 18
    assert [case.tag for case in cases if case.suspect and case.alerted] == []
    assert all(case.suspect == case.in_time for case in cases)


def test_a_ring_on_a_word_trends_in_no_phrase_of_it() -> None:
    chance = random.Random("deleted, in words 1")
    cases = rings_of("deleted, in words", chance)
    assert judge("deleted, in words", cases, chance) == set()
    large = [case for case in cases if case.people >= 700 and case.listed]
    assert len(large) > 5
    assert all(case.suspect and case.in_time and not case.trended and not case.alerted for case in large)
    assert not [case.tag for case in cases if case.listed_after_ms > case.gone_ms + 120_000]
