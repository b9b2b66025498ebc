"""Events that change, come and go, and what becomes of their walls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.web.feed import Feed
from pipeline.web.wall.store import PostStore
from pipeline.web.wall.walls import Walls
from pipeline.web.wall_service import WallService
from schemas.events import Event
from tests.wall.posts import A, B, Clock, post, refs


def test_events_that_change_keep_their_wall_new_ones_get_one_and_those_that_are_gone_lose_it(clock: Clock) -> None:
    walls = Walls([A, B], clock=clock)
    walls.take([post(1), post(2, "x #b")])
    change = walls.next_change()
    walls.redefine([Event(name="a", title="Ah", hashtags=("#a", "#c")), Event(name="d", hashtags=("#b",))])
    assert change.is_set()
    walls.take([post(3, "x #c"), post(4, "x #b")])
    assert list(walls.walls) == ["a", "d"]
    assert (refs(walls, "a"), refs(walls, "d")) == (["m/3", "m/1"], ["m/4"])
    assert (walls.walls["a"].event.title, walls.walls["a"].tally.posts) == ("Ah", 2)


def test_the_wall_of_a_new_event_begins_with_the_posts_of_late(clock: Clock) -> None:
    async def run() -> None:
        service = WallService(Feed(), [A])
        await service.start()
        assert service.intake
        await service.intake.take([post(1, "x #b"), post(2, "x #a"), post(3, "x #a #b"), post(4, "x")])
        new = Event(name="d", hashtags=("#b",))
        await service.redefine([A, new])
        await service.intake.take([post(5, "x #b")])
        assert (refs(service.walls, "d"), refs(service.walls, "a")) == (["m/5", "m/3", "m/1"], ["m/3", "m/2"])
        assert [it.ref for it in service.walls.walls["d"].on_screen()] == ["m/3", "m/1"]
        await service.redefine([A, new])
        assert service.walls.walls["d"].tally.posts == 3
        await service.stop()

    asyncio.run(run())


def test_a_wall_that_becomes_manual_shows_only_what_was_approved(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(1), post(2)])
    walls.decide("a", "post", "m/1", "approved", "ann")
    walls.redefine([Event(name="a", hashtags=("#a",), moderation="manual")])
    assert (refs(walls, "a"), refs(walls, "a", "waiting")) == (["m/1"], ["m/2"])


def test_events_that_cannot_be_told_apart_change_nothing(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    with pytest.raises(ValueError, match="two events are named 'x'"):
        walls.redefine([Event(name="x"), Event(name="x")])
    walls.take([post(1)])
    assert refs(walls, "a") == ["m/1"]


def test_an_event_that_comes_back_finds_the_posts_that_were_kept_of_it(clock: Clock, tmp_path: Path) -> None:
    walls = Walls([A], store=PostStore(tmp_path / "walls.db"), clock=clock)
    walls.take([post(1)])
    walls.tick()
    walls.redefine([B])
    walls.redefine([A, B])
    assert refs(walls, "a") == ["m/1"]
    walls.close()
