"""What `upswell serve` reads back from the posts topic: after a restart walls and the texts of examples are there."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.kafka import topics
from pipeline.kafka.connection import Connection, control_keys
from pipeline.kafka.posts import BACK_MS, PostBatch, PostFollower
from pipeline.kafka.producer import PostProducer
from pipeline.settings import Settings, load_settings
from pipeline.web.feed import Feed
from pipeline.web.wall_service import WallService
from schemas import Post
from schemas.control import UNSIGNED
from schemas.definitions import DEFINITIONS_HEADER
from schemas.events import Event
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import NOW, publish
from tests.kafka.apache import free_port
from tests.kafka.commands import Command

NOW_MS = int(time.time() * 1_000)
SECRET = "a-secret-for-ann-0"
ANN = {"Authorization": f"Bearer {SECRET}"}
EVENTS = """
[[event]]
name = "fete"
hashtags = ["#fete"]
[[event]]
name = "conf"
hashtags = ["#conf"]
moderation = "manual"
"""


@pytest.fixture(params=["kafka", "embedded"])
def settings(request: pytest.FixtureRequest, prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """These tests say themselves when a record was written."""
    settings = load_settings(kafka_brokers=request.getfixturevalue(request.param), kafka_prefix=prefix)
    monkeypatch.setattr(topics, "TOPICS", tuple(it._replace(stamp="CreateTime") for it in topics.TOPICS))
    topics.init_topics(settings)
    return settings


class Log:
    """The posts topic, to write to. Records come a millisecond apart, each in the next partition."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer({"bootstrap.servers": settings.kafka_brokers, "enable.idempotence": True})
        self._topic, self._partitions = f"{settings.kafka_prefix}posts", settings.partitions
        self._came = 0

    def put(self, value: bytes, at_ms: int | None = None, **headers: bytes) -> None:
        came_ms = NOW_MS - 60_000 + self._came if at_ms is None else at_ms
        partition = self._came % self._partitions
        self._producer.produce(self._topic, value, None, partition, timestamp=came_ms, headers=list(headers.items()))
        assert self._producer.flush(20) == 0
        self._came += 1

    def post(self, *names: str, tag: str = "#fete") -> None:
        for name in names:
            post = Post(name, f"by-{name}", f"{name} said {tag}", NOW_MS + self._came, source="sms")
            self.put(msgspec.json.encode(post))


def names(came: list[PostBatch]) -> list[str]:
    return [post.id for posts, _, _ in came for post in posts]


def read(follower: PostFollower, count: int) -> list[PostBatch]:
    """What comes until there are so many posts."""
    found: list[PostBatch] = []

    async def collect() -> None:
        async with asyncio.timeout(30), aclosing(follower.read()) as coming:
            async for came in coming:
                found.append(came)
                if len(names(found)) >= count:
                    return

    asyncio.run(collect())
    return found


def follower_of(settings: Settings, **how: Any) -> PostFollower:
    return PostFollower(Connection.of(settings), f"{settings.kafka_prefix}posts", **how)


def test_the_newest_come_back_in_the_order_in_which_they_came_and_then_what_comes(settings: Settings) -> None:
    log = Log(settings)
    log.post(*(f"p{n}" for n in range(40)))
    follower = follower_of(settings, back=20)
    first = read(follower, 20)
    assert [(names([came]), came.old) for came in first] == [([f"p{n}" for n in range(20, 40)], True)]
    log.post("p40", "p41")
    again = read(follower, 2)
    assert sorted(names(again)) == ["p40", "p41"], "it goes on where it was"
    assert not any(came.old for came in again)


def test_where_a_key_is_set_only_retractions_of_our_own_producers_come(settings: Settings) -> None:
    ours = msgspec.structs.replace(settings, control_key="a-secret-of-16-characters")
    post = Post("p0", "ann", "at #fete", NOW_MS, source="sms")
    gone = msgspec.structs.replace(post, deleted=NOW_MS)
    log = Log(settings)
    log.put(msgspec.json.encode(msgspec.structs.replace(gone, id="made up")))
    with PostProducer(ours) as producer:
        producer.push([post, gone])
        producer.push_record(msgspec.json.encode(msgspec.structs.replace(gone, id="p1")), gone)
    log.post("p2")
    came = names(read(follower_of(settings, control=control_keys(ours)), 4))
    assert sorted(came) == ["p0", "p0", "p1", "p2"]
    assert len(names(read(follower_of(settings), 5))) == 5, "without a key all come"


def test_a_gap_is_bounded_too(settings: Settings) -> None:
    log = Log(settings)
    log.post("p0")
    follower = follower_of(settings, back=8)
    assert names(read(follower, 1)) == ["p0"]
    log.post(*(f"p{n}" for n in range(1, 40)))
    assert names(read(follower, 8)) == [f"p{n}" for n in range(32, 40)]


def test_what_is_old_or_no_post_does_not_come_back(settings: Settings) -> None:
    log = Log(settings)
    log.put(msgspec.json.encode(Post("yesterday", "a", "x", NOW_MS)), NOW_MS - BACK_MS - 60_000)
    log.put(b"", marker=str(NOW_MS).encode())
    log.put(b"{}", **{DEFINITIONS_HEADER: b"1"})
    log.put(b'{"id": "\xff"}')
    log.put(b"[" * 5_000)
    log.post("here")
    assert names(read(follower_of(settings), 1)) == ["here"]


def test_walls_are_filling_until_the_posts_of_before_are_there_also_where_there_are_none(settings: Settings) -> None:
    async def filled(count: int) -> None:
        service = WallService(Feed(), [Event("fete", hashtags=("#fete",))])
        service.read_kafka(Connection.of(settings), f"{settings.kafka_prefix}posts", UNSIGNED)
        assert service.walls.filling
        await service.start()
        async with asyncio.timeout(30):
            while service.walls.filling:
                await asyncio.sleep(0.01)
        assert len(service.recent()) == count
        await service.stop()

    asyncio.run(filled(0))
    Log(settings).post("p1", "p2")
    asyncio.run(filled(2))


class Page:
    """A server of these settings; its answers."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        port = free_port()
        self.command = Command(
            settings, folder / "serve.log", "serve", "--port", str(port), UPSWELL_TOKENS=f"ann:write:{SECRET}"
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, headers=ANN)
        self.command.wait_for(lambda: self.get("/readyz") is not None)

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.command.__exit__()

    def get(self, path: str) -> Any:
        """The JSON; None while the server is not there, or not ready."""
        try:
            answer = self.client.get(path)
        except httpx.ConnectError:
            return None
        return answer.json() if answer.status_code == 200 else None

    def decide(self, event: str, target: str, verdict: str) -> None:
        wish = {"kind": "post", "target": target, "verdict": verdict}
        assert self.client.post(f"/api/v1/moderation/{event}/decisions", json=wish).status_code == 200

    def wall(self, event: str) -> list[str]:
        return [it["ref"] for it in self.get(f"/api/v1/events/{event}/wall")["posts"]]

    def screen(self, event: str) -> list[str]:
        """What a screen that connects now gets first."""
        with self.client.stream("GET", f"/api/v1/events/{event}/stream", params={"view": "screen"}) as answer:
            data = next(line for line in answer.iter_lines() if line.startswith("data:"))
        return [it["ref"] for it in msgspec.json.decode(data.removeprefix("data:"))["posts"]]

    def waiting(self, event: str) -> list[str]:
        told = self.get(f"/api/v1/moderation/{event}?queue=waiting")
        return [it["ref"] for it in told["posts"]]

    def texts(self) -> list[str]:
        told = self.get("/api/v1/topics/%23fete?scope=all&window=1h")
        return [it["text"] for it in told["posts"]] if told else []


@pytest.mark.timeout(180)
def test_a_server_that_is_killed_and_started_again_shows_the_same_walls_and_texts(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "upswell.toml").write_text(EVENTS)
    log = Log(settings)
    log.post("f1", "f2", "f3", "f4")
    log.post("c1", "c2", tag="#conf")
    listed = at(NOW, row("#fete", examples=["f1", "f3", "f4"]), row("#conf", 2, examples=["c1"]))
    publish(settings.kafka_brokers, f"{settings.kafka_prefix}trends", listed)
    with Page(settings, tmp_path) as page:
        page.command.wait_for(lambda: len(page.wall("fete")) == 4)
        page.command.wait_for(lambda: len(page.waiting("conf")) == 2)
        page.decide("fete", "sms/f3", "blocked")
        page.decide("conf", "sms/c2", "approved")
        log.post("f5")
        page.command.wait_for(lambda: len(page.texts()) == 2 and "sms/f5" in page.wall("fete"))
        walls = [page.wall(event) for event in ("fete", "conf")]
        assert walls == [["sms/f5", "sms/f4", "sms/f2", "sms/f1"], ["sms/c2"]]
        page.command.wait_for(lambda: page.screen("fete")[:1] == ["sms/f5"])
    with Page(settings, tmp_path) as page:
        page.command.wait_for(lambda: len(page.wall("fete")) >= 4)
        assert [page.wall(event) for event in ("fete", "conf")] == walls
        assert (page.screen("fete"), page.screen("conf")) == (walls[0], walls[1])
        assert page.waiting("conf") == ["sms/c1"]
        page.command.wait_for(page.texts)
        assert page.texts() == ["f1 said #fete", "f4 said #fete"]
        log.post("f6")
        page.command.wait_for(lambda: page.wall("fete")[0] == "sms/f6")
        assert "Traceback" not in page.command.said


@pytest.mark.timeout(120)
def test_without_any_event_examples_have_their_texts_and_an_event_that_comes_begins_with_them(
    settings: Settings, tmp_path: Path
) -> None:
    log = Log(settings)
    log.post("f1", "f2")
    publish(settings.kafka_brokers, f"{settings.kafka_prefix}trends", at(NOW, row("#fete", examples=["f1", "f3"])))
    with Page(settings, tmp_path) as page:
        log.post("f3")
        page.command.wait_for(lambda: len(page.texts()) == 2)
        assert page.texts() == ["f1 said #fete", "f3 said #fete"]
        (tmp_path / "upswell.toml").write_text(EVENTS)
        with Command(settings, tmp_path / "reload.log", "reload") as reload:
            reload.wait_for(lambda: reload.process.poll() is not None)
            assert reload.process.returncode == 0, reload.said
        page.command.wait_for(lambda: page.get("/api/v1/events/fete/wall") is not None)
        page.command.wait_for(lambda: page.wall("fete") == ["sms/f3", "sms/f2", "sms/f1"])
