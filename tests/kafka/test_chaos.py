"""Ten faults while posts are pushed change nothing (the short form; `make chaos` has the long one)."""

from __future__ import annotations

import pytest

from .apache import missing
from .chaos import KINDS, LIVE_KINDS, run, run_live


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.long)])
def test_whatever_is_killed_counts_lists_and_dead_letters_are_those_of_the_log(seed: int) -> None:
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    happened = run(seed=seed, faults=10, posts=80_000, gap_s=3.0)
    assert sum(happened.values()) == 10
    assert set(happened) == set(KINDS)


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_live_workers_among_lying_clocks_and_hostile_records_tell_what_the_log_says(seed: int) -> None:
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    happened = run_live(seed=seed, faults=6, gap_s=3.0)
    assert happened == dict.fromkeys(LIVE_KINDS, 1)
