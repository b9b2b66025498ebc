"""Some thousand records of all kinds among honest posts (the short form; `python -m tests.kafka.fuzz_records` has the
long one, of 100,000)."""

from __future__ import annotations

import pytest

from .fuzz_records import STALL_MS, run

BLOCKED_MS = 2_000  # by the wall clock, which counts what else the machine does


@pytest.mark.timeout(300)
def test_records_of_all_kinds_end_nobody_hold_up_nobody_and_cost_no_honest_post(kafka: str, prefix: str) -> None:
    alone, among = run(kafka, 2_000, 1, 15.0, prefix)
    assert among.late == alone.late == 0
    for part in among.lags:
        assert among.worst(part).cpu_ms <= STALL_MS, among.worst(part)
        walls = [max(lag.wall_ms for lag in outcome.lags[part]) for outcome in (alone, among)]
        assert walls[1] <= max(2 * walls[0], BLOCKED_MS), part
        assert among.rss_mb[part] < alone.rss_mb[part] + 150, part
