"""Where people are sampled, and where a topic is forgotten, product and reference say the same too."""

from __future__ import annotations

import pytest

from pipeline.trends import (
    baseline,
    counts,
    heard,
    open_pane,
    origins,
    people,
    reading,
    sliding,
    timeline,
    voices,
    withdrawals,
)
from tests.oracle import baseline as slow_baseline
from tests.oracle import origins as slow_origins
from tests.oracle import people as slow_people
from tests.oracle import streams
from tests.oracle.compare import differences
from tests.oracle.posts import Said
from tests.oracle.ranking import lists
from tests.oracle.windows import HOUR_MS
from tests.trends.product import run

SMALL = 24  # large enough for `most_support`: six standard errors are a bound at every seed


@pytest.mark.parametrize(("seed", "entries"), [pytest.param(0, 1_024, marks=pytest.mark.long), (1, 1_024), (2, 60)])
def test_beyond_k_people_samples_are_the_references(seed: int, entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = people, counts, heard, open_pane, origins, sliding, reading, timeline, voices, withdrawals
    for module in (*ours, slow_origins, slow_people):
        monkeypatch.setattr(module, "K", SMALL)
    for module in (sliding, slow_baseline):
        monkeypatch.setattr(module, "ENTRIES", entries)
    log = streams.seeded(seed, posts=900, hours=4.0, topics=5, authors=300)
    found = run(log, 3)[0]
    assert differences(found, lists(log, 3, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)) == []
    rows = [row for one in found for row in one["trends"]]
    assert any(row["authors"] > SMALL and row["support"] % 1 for row in rows), "nobody was sampled"
    assert all(row["authors"] <= row["posts"] for row in rows)
    assert any(row["authors"] == row["posts"] > SMALL for row in rows), "no estimate met its posts"


def test_with_its_baseline_a_topic_loses_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    #  hours after 12:00    0           26          36              40
    #  #a                   one person  30 people   midnight: gone  16 people: below the record of 30, had it stayed
    monkeypatch.setattr(baseline, "QUIET_LEVEL", 1_000.0)
    monkeypatch.setattr(slow_baseline, "FORGET", 1_000.0)
    log = []
    for hour, size in ((0, 1), (26, 30), (40, 16)):
        for person in range(size):
            words = "say " + "abcdefghijklmnopqrstuvwxyzäöüßéè"[person] * 3
            time = streams.START_MS + hour * HOUR_MS + person * 1_000
            log.append(Said(f"{hour}-{person}", f"author{person}", words, time, spellings=(("#a", "#a"),)))
    found = run(log, 1)[0]
    assert differences(found, lists(log, 1, streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)) == []
    again = streams.START_MS + 40 * HOUR_MS
    assert any(row["trending"] for one in found if one["at"] > again and one["window"] == "1h" for row in one["trends"])
