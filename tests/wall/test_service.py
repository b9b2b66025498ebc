"""Walls as a part of a web server: what is blocked leaves the feed that API and page show, too."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.web.feed import Feed, Subscription, Wanted
from pipeline.web.wall_service import WallService
from schemas import Post, Trend, TrendList
from schemas.access import Token
from schemas.events import Event
from tests.facts import WHY
from tests.sinks.servers import until

EVENT = Event(name="fete", hashtags=("#fete",))
ANN = Token("ann", "a-secret-for-ann-0", "write")


def trend(topic: str, rank: int) -> Trend:
    return Trend(rank, topic, True, topic, [], 9, 9, 9.0, 1.0, 1.0, 8.0, 9.0, 900, "new", 0, None, [], [], [], [], WHY)


def shown(feed: Feed, scope: str) -> list[str]:
    change = feed.current(scope, "1h")
    return [row.topic for row in change.list.trends] if change else []


def test_a_topic_that_never_trends_leaves_feed_api_and_board_and_a_restart_remembers(tmp_path: Path) -> None:
    for started in range(2):
        feed = Feed()
        service = WallService(feed, [EVENT], [ANN], tmp_path / "walls.db")
        app = Litestar(service.routers, on_startup=[service.start], on_shutdown=[service.stop])
        with TestClient(app) as client:
            for scope in ("all", "event:fete"):
                feed.publish(TrendList(scope, "1h", 3_600, 60_000, True, "", [trend("#spam", 1), trend("#ok", 2)]))
            if not started:
                service.take_soon([Post(id="1", author="a", text="hello #fete", time=1_000, source="m")])
                until(lambda: client.get("/api/v1/events/fete/wall").json()["posts"])
                wish = {"kind": "topic", "verdict": "blocked", "target": "#Spam", "everywhere": True}
                path, token = "/api/v1/moderation/fete/decisions", {"Authorization": f"Bearer {ANN.secret}"}
                assert shown(feed, "all") == ["#spam", "#ok"]
                assert client.post(path, json=wish, headers=token).status_code == 200
            assert shown(feed, "all") == shown(feed, "event:fete") == ["#ok"]
            assert [row["topic"] for row in client.get("/api/v1/events/fete").json()["trends"]] == ["#ok"]
            assert [it["ref"] for it in client.get("/api/v1/events/fete/wall").json()["posts"]] == ["m/1"]


@pytest.mark.parametrize(
    "unit", ["&amp;#x;", "#\ufe0f\u20e3", "aA", "$ABC ", "これは長い文章です、", "#a ", "ខ្ញុំស្រឡាញ់", "http://a.co/#x?"]
)
def test_the_longest_posts_hold_up_the_server_a_blink_at_a_time(unit: str) -> None:
    """A whole batch of them, on a wall that looks for words in each and for blocked ones."""

    async def longest_ms() -> float:
        service = WallService(Feed(), [Event("fete", hashtags=("#x",), words=("a", "長い", "soirée"))])
        await service.start()
        assert service.intake
        for word in ("merde", "connard", "a mort", "mememe"):
            service.walls.decide("fete", "word", word, "blocked", "ann")
        texts = [f"{number} {unit * 65_536}"[:65_536] for number in range(4)]
        posts = [Post(str(number), "a", text, 1_000, source="m") for number, text in enumerate(texts)]
        taking, worked_s = asyncio.create_task(service.intake.take(posts)), [0.0]
        while not taking.done():
            began_s = time.process_time()
            await asyncio.sleep(0)
            worked_s.append(time.process_time() - began_s)
        await taking
        await service.stop()
        return max(worked_s) * 1_000

    assert min(asyncio.run(longest_ms()) for _ in range(3)) < 200  # as a machine at rest has it


def test_the_posts_of_a_topic_belong_to_the_source_that_their_lists_count_them_with() -> None:
    walls = WallService(Feed(), [EVENT]).walls
    sources = ("mastodon", "mastodon.example", "zork", None)
    posts = [Post(id="1", author="ann", text="#fete", time=0, source=source) for source in sources]
    for scope, belong in (
        ("source:mastodon", [True, True, False, False]),
        ("source:other", [False, False, True, False]),
        ("source:zork", [False, False, True, False]),
        ("event:fete", [True] * 4),
    ):
        assert [walls.belongs(post, scope) for post in posts] == belong, scope


async def read_wall(posts: list[Post], given: int) -> tuple[WallService, Subscription]:
    """A wall of these posts, so many of which a page was given, and a reader of the stream."""
    feed = Feed()
    service = WallService(feed, [EVENT])
    await service.start()
    assert service.intake
    await service.intake.take(posts)
    assert len(await service.posts_of("#fete", "all", given)) == given
    return service, feed.subscribe(Wanted(frozenset({"all"}), frozenset({"1h"})))


def test_readers_hear_that_posts_are_gone_which_pages_were_given_and_of_no_others() -> None:
    async def heard() -> list[bytes]:
        posts = [Post(str(number), "ann", f"#fete {number}", number, source="Twitter") for number in range(4)]
        service, reader = await read_wall(posts, given=2)
        assert service.intake
        gone = [msgspec.structs.replace(post, deleted=2_000) for post in posts]
        foreign = msgspec.structs.replace(gone[3], author="eve")
        whole = Post("", "ann", "", 1_000, source="Twitter", deleted=2_000)
        for retraction in gone[0], foreign, gone[3], gone[3], whole:
            await service.intake.take([retraction])
        await asyncio.sleep(0)
        told = [change.json for change in await reader.next(1.0)]
        await service.stop()
        return told

    assert asyncio.run(heard()) == [b'["twitter/3"]', b'["twitter/2"]']


def test_readers_hear_in_the_same_way_of_posts_that_a_decision_or_another_definition_hides() -> None:
    """By its id, a word, its account; and one that waits for approval from now on."""

    async def heard() -> list[bytes]:
        words = ("merle", "rouge", "corbeau", "vert")
        posts = [Post(str(n), f"p{n}", f"#fete {word}", n, source="m") for n, word in enumerate(words)]
        service, reader = await read_wall(posts, given=4)
        told: list[bytes] = []
        for decided in ("post", "m/0"), ("word", "rouge"), ("account", "m/p2"), None:
            if decided is None:
                await service.redefine([msgspec.structs.replace(EVENT, moderation="manual")])
            else:
                kind, target = decided
                service.walls.decide("fete", kind, target, "blocked", "ann")  # type: ignore[arg-type]
            told += [change.json for change in await reader.next(5.0)]
        await service.stop()
        return told

    assert asyncio.run(heard()) == [b'["m/0"]', b'["m/1"]', b'["m/2"]', b'["m/3"]']
