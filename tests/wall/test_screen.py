"""The screen of a wall: its pace, what gets its turn and what returns, and a screen that is frozen."""

from __future__ import annotations

import pytest

from pipeline.moderation.log import MemoryLog
from pipeline.web.wall.screen import MAX_WAITING, PACE_MS, QUIET_MS
from pipeline.web.wall.walls import Walls
from tests.wall.posts import A, B, Clock, post, refs, run


def test_the_screen_at_50_posts_a_second_stays_readable_fresh_and_says_so(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    screen = walls.walls["a"].screen
    seen: dict[str, int] = {}
    came: dict[str, int] = {}
    number = 0
    for _ in range(600):  # a minute
        for _ in range(5):
            number += 1
            came[f"m/{number}"] = clock.ms
            walls.take([post(number)])
        run(walls, clock, 100)
        for it in screen.items:
            seen.setdefault(it.ref, clock.ms)
    assert 55 <= len(seen) <= 60_000 // PACE_MS + 1
    assert max(at - came[ref] for ref, at in seen.items()) <= 2_000
    shown, arrived = screen.sample()
    assert (shown, arrived) == (pytest.approx(len(seen), abs=2), pytest.approx(3_000, abs=10))


def test_what_a_moderator_approved_comes_on_the_screen_however_many_there_are(clock: Clock) -> None:
    walls = Walls([B], clock=clock)
    walls.take([post(it, f"{it} #b") for it in range(8)])
    for it in range(8):
        walls.decide("b", "post", f"m/{it}", "approved", "ann")
    assert set(seen_within(walls, clock, "b", 20_000)) == {f"m/{it}" for it in range(8)}


def seen_within(walls: Walls, clock: Clock, event: str, ms: int) -> list[str]:
    """What comes on the screen in so many ms, in its order."""
    seen: dict[str, None] = {}
    for _ in range(ms // 100):
        run(walls, clock, 100)
        seen |= dict.fromkeys(reversed([it.ref for it in walls.walls[event].on_screen()]))
    return list(seen)


def test_every_post_of_a_batch_gets_its_turn_on_the_screen_in_order(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(n) for n in range(8)])
    assert seen_within(walls, clock, "a", 20_000) == [f"m/{n}" for n in range(8)]


def test_what_found_no_place_under_overload_and_what_has_left_returns_when_nothing_new_comes(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(n) for n in range(30)])
    screen = walls.walls["a"].screen
    assert set(seen_within(walls, clock, "a", 40_000)[:MAX_WAITING]) == {f"m/{n}" for n in range(10, 30)}
    assert set(seen_within(walls, clock, "a", 25 * QUIET_MS)) == {f"m/{n}" for n in range(30)}
    assert screen.sample() == (0, 0)  # what returns has not come now
    walls.decide("a", "account", "m/p3", "blocked", "ann")
    assert "m/3" not in seen_within(walls, clock, "a", 40 * QUIET_MS)


def test_a_screen_that_is_frozen_does_not_let_posts_return(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(n) for n in range(10)], range(10))
    before = [it.ref for it in walls.walls["a"].on_screen()]
    walls.decide("a", "freeze", "", "frozen", "ann")
    run(walls, clock, 3 * QUIET_MS)
    assert [it.ref for it in walls.walls["a"].on_screen()] == before


def test_a_frozen_screen_takes_nothing_new_and_still_lets_go(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(1)])
    run(walls, clock, 1_000)
    walls.decide("a", "freeze", "", "frozen", "ann")
    walls.take([post(2)])
    run(walls, clock, 5_000)
    assert [it.ref for it in walls.walls["a"].on_screen()] == ["m/1"]
    walls.decide("a", "post", "m/1", "blocked", "ann")
    assert walls.walls["a"].on_screen() == []


def test_posts_from_before_a_restart_are_on_the_screen_at_once_the_newest_of_them_and_none_counts_as_new(
    clock: Clock,
) -> None:
    walls = Walls([A], clock=clock)
    assert walls.take([post(n) for n in range(20)], range(20)) == 20
    screen = walls.walls["a"].screen
    assert [entry.ref for entry in screen.items] == [f"m/{n}" for n in reversed(range(14, 20))]
    assert screen.sample() == (0, 0)
    walls.decide("a", "post", "m/19", "blocked", "ann")
    walls.take([post(20)])
    run(walls, clock, 1_000)
    assert [entry.ref for entry in screen.items] == ["m/20", *(f"m/{n}" for n in reversed(range(14, 19)))]


def test_a_frozen_screen_takes_back_what_came_before_it_was_frozen(clock: Clock) -> None:
    log = MemoryLog()
    Walls([A], log, clock=clock).decide("a", "freeze", "", "frozen", "ann")
    walls = Walls([A], log, clock=clock)
    walls.take([post(1), post(2), post(3)], [clock.ms - 2, clock.ms - 1, clock.ms])
    assert refs(walls, "a") == ["m/3", "m/2", "m/1"]
    assert [it.ref for it in walls.walls["a"].on_screen()] == ["m/2", "m/1"]
