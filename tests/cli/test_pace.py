"""Posts are let through when they are due, by a clock that the test moves by hand."""

from __future__ import annotations

import pytest
from cli_samples import START_MS

from pipeline.cli.pace import Pace, parse_speed
from schemas import Post


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def posts_at(*offsets_ms: int) -> list[Post]:
    return [Post(str(n), "a", "", START_MS + offset) for n, offset in enumerate(offsets_ms)]


def played(speed: float, clock: Clock, posts: list[Post]) -> list[tuple[float, list[int]]]:
    pace = Pace(speed, clock=lambda: clock.now, sleep=clock.sleep)
    return [(round(clock.now, 3), [int(post.time) - START_MS for post in due]) for due in pace.slices(posts)]


def test_at_60x_a_minute_of_posts_lasts_a_second() -> None:
    assert played(60, Clock(), posts_at(0, 60_000, 120_000)) == [(0, [0]), (1, [60_000]), (2, [120_000])]


def test_posts_due_at_the_same_moment_go_together_and_keep_their_order() -> None:
    assert played(60, Clock(), posts_at(0, 2_000, 1_000, 60_000)) == [(0, [0, 2_000, 1_000]), (1, [60_000])]


def test_a_post_out_of_order_waits_for_nothing() -> None:
    assert played(1, Clock(), posts_at(0, 5_000, 1_000)) == [(0, [0]), (5, [5_000, 1_000])]


def test_who_was_busy_catches_up_without_sleeping() -> None:
    clock = Clock()
    pace = Pace(1, clock=lambda: clock.now, sleep=clock.sleep)
    due = pace.slices(posts_at(0, 1_000))
    next(due)
    clock.now = 10.0
    next(due)
    assert clock.naps == []


def test_long_waits_are_naps_with_a_look_at_the_screen_before_each() -> None:
    clock = Clock()
    looks: list[float] = []
    pace = Pace(1, idle=lambda: looks.append(clock.now), clock=lambda: clock.now, sleep=clock.sleep)
    assert len(list(pace.slices(posts_at(0, 1_000)))) == 2
    assert looks == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("text", ["", "fast", "60", "0x", "-1x", "1e3x", "x", "nanx", "infx", "60 x", "٣x"])
def test_a_speed_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="use max, or a factor"):
        parse_speed(text)
