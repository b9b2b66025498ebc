"""Time in which nothing can change costs nothing, and changes nothing.

post |x|     5 min |leaves|   ...   60 min |leaves|   hour ends   ... 24 h: the last window, the last hour observed ...
"""

from __future__ import annotations

import pytest

from pipeline.trends.schedule import SILENCE_MS, Schedule
from pipeline.trends.timeline import Timeline
from tests.oracle import streams
from tests.oracle.posts import Said
from tests.oracle.windows import HOUR_MS, MINUTE_MS
from tests.trends.product import run

DAY_MS = 24 * HOUR_MS


def test_years_between_posts_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = 0
    add_minute = Timeline.add_minute

    def counting(self: Timeline, *told: object) -> object:
        nonlocal minutes
        minutes += 1
        return add_minute(self, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(Timeline, "add_minute", counting)
    times = [streams.START_MS + number * 200 * DAY_MS for number in range(10)]
    log = [Said(f"p{time}", "ana", "one word", time, spellings=(("#a", "#a"),)) for time in times]
    _, panes, stats = run(log, 1)
    assert stats.read == len(panes) == 10
    assert minutes < 10 * 20, "5.5 years have 2.6 million minutes, and a day after each post 24 beginnings of an hour"


def test_the_next_moment_is_the_first_at_which_posts_leave_a_bucket_begins_or_a_topic_is_tracked() -> None:
    schedule = Schedule(MINUTE_MS, HOUR_MS)
    start = 400_000 * HOUR_MS
    schedule.posted = end = start + 10 * MINUTE_MS
    schedule.enter("all", (MINUTE_MS, 5 * MINUTE_MS), end)
    assert schedule.next(end) == end + MINUTE_MS
    assert schedule.take(end + MINUTE_MS) == {"all"}
    assert schedule.next(end + MINUTE_MS) == end + 5 * MINUTE_MS
    schedule.track("lang:fr", True)
    assert schedule.next(end + MINUTE_MS) == end + 2 * MINUTE_MS
    assert schedule.take(end + 2 * MINUTE_MS) == {"lang:fr"}
    schedule.track("lang:fr", False)
    assert schedule.take(end + 5 * MINUTE_MS) == {"all"}
    bucket = start + HOUR_MS
    assert schedule.next(end + 5 * MINUTE_MS) == bucket + MINUTE_MS
    assert schedule.next(bucket) == bucket + MINUTE_MS
    assert schedule.next(end + SILENCE_MS) is None, "a long silence is not observed"
