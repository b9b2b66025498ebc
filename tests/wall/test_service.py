"""Walls as a part of a web server: what is blocked leaves the feed that API and page show, too."""

from __future__ import annotations

from pathlib import Path

from litestar import Litestar
from litestar.testing import TestClient

from pipeline.web.feed import Feed
from pipeline.web.wall_service import WallService
from schemas import Post, Trend, TrendList
from schemas.access import Token
from schemas.events import Event
from tests.facts import WHY
from tests.wall.server import eventually

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
                eventually(lambda: client.get("/api/v1/events/fete/wall").json()["posts"])
                wish = {"kind": "topic", "verdict": "blocked", "target": "#Spam", "everywhere": True}
                path, token = "/api/v1/moderation/fete/decisions", {"Authorization": f"Bearer {ANN.secret}"}
                assert shown(feed, "all") == ["#spam", "#ok"]
                assert client.post(path, json=wish, headers=token).status_code == 200
            assert shown(feed, "all") == shown(feed, "event:fete") == ["#ok"]
            assert [row["topic"] for row in client.get("/api/v1/events/fete").json()["trends"]] == ["#ok"]
            assert [it["ref"] for it in client.get("/api/v1/events/fete/wall").json()["posts"]] == ["m/1"]
