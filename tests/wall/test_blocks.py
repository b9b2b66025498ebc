"""What never trends in the whole installation: blocked and freed over HTTP, with a token, where no event is defined."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from pipeline.sinks.metrics import TrendsCollector
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.wall_service import WallService
from tests.sinks.lists import trend_list
from tests.wall.server import ANN, BOB, EVE

BLOCKS = "/api/v1/blocks"
SCOPES = ("all", "lang:fr", "source:mastodon", "watch:us")
Client = TestClient[Litestar]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "walls.db"


def served(file: Path) -> Client:
    """A server without events, over lists of four scopes, now and a minute ago."""
    feed, history, registry = Feed(), History(), CollectorRegistry()
    service = WallService(feed, (), (ANN, BOB, EVE), file)
    collector = TrendsCollector(registry, visible=service.walls.visible)
    feed.on_list(history.add)
    feed.on_list(collector.take)
    for at in (60_000, 120_000):
        for scope in SCOPES:
            feed.publish(trend_list("#spam", "#ok", scope=scope, at=at))
    history.flush()

    async def stop() -> None:
        await service.stop()
        history.close()

    return TestClient(
        create_app(
            feed, history, registry=registry, routers=service.routers, on_startup=[service.start], on_shutdown=[stop]
        )
    )


@pytest.fixture
def client(file: Path) -> Iterator[Client]:
    with served(file) as client:
        yield client


def ask(client: Client, path: str = BLOCKS, who: str = ANN.secret, **wish: str) -> Any:
    answer = client.post(path, json=wish, headers=bearer(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(client: Client) -> dict[str, Any]:
    answer = client.get(BLOCKS, headers=bearer(EVE.secret))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found: dict[str, Any] = answer.json()
    return found


def shown(client: Client) -> set[str]:
    """Every topic to be seen anywhere."""
    topics = set()
    for scope in SCOPES:
        for query in ("", "&at=60000"):
            answer = client.get(f"/api/v1/trends?scope={scope}{query}").json()
            topics |= {row["topic"] for row in answer["trends"]}
    texts = client.get("/").text + client.get("/metrics").text + client.get("/api/v1/trends/tags").text
    return topics | {topic for topic in ("#spam", "#ok") if topic[1:] in texts}


def test_a_blocked_topic_leaves_every_scope_and_an_undo_brings_it_back(client: Client) -> None:
    assert shown(client) == {"#spam", "#ok"}
    made = ask(client, target="  #SPAM")
    assert (made["kind"], made["target"], made["event"], made["by"]) == ("topic", "#spam", "", "ann")
    assert shown(client) == {"#ok"}
    assert client.get("/api/v1/topics/%23spam").status_code == 404
    assert [it["target"] for it in told(client)["blocks"]] == ["#spam"]
    undone = ask(client, f"{BLOCKS}/undo", who=BOB.secret, id=made["id"])
    assert (undone["undoes"], undone["by"]) == (made["id"], "bob")
    assert shown(client) == {"#spam", "#ok"}
    assert told(client)["blocks"] == []
    assert [it["by"] for it in told(client)["decisions"]] == ["bob", "ann"]


def test_a_word_may_be_blocked_and_freed_again(client: Client) -> None:
    ask(client, kind="word", target="spam")
    assert shown(client) == {"#ok"}
    ask(client, kind="word", target="spam", verdict="")
    assert shown(client) == {"#spam", "#ok"}


def test_a_topic_is_called_suspect_or_cleared_and_every_list_follows(client: Client) -> None:
    def suspects() -> set[tuple[str, bool]]:
        lists = [client.get(f"/api/v1/trends?scope={scope}").json() for scope in SCOPES]
        return {(row["topic"], row["trending"]) for one in lists for row in one["trends"] if "suspect" in row["flags"]}

    made = ask(client, kind="suspicion", target="Spam", verdict="suspect")
    assert (made["kind"], made["target"], made["verdict"]) == ("suspicion", "#spam", "suspect")
    assert suspects() == {("#spam", False)}
    assert [(it["kind"], it["target"]) for it in told(client)["blocks"]] == [("suspicion", "#spam")]
    ask(client, f"{BLOCKS}/undo", id=made["id"])
    assert suspects() == set()
    for wish in ({"verdict": "blocked"}, {"verdict": "cleared", "kind": "topic"}):
        answer = client.post(BLOCKS, json={"kind": "suspicion", "target": "#spam"} | wish, headers=bearer(ANN.secret))
        assert answer.status_code == 409


def test_a_decision_that_is_no_longer_the_last_is_not_undone(client: Client) -> None:
    first = ask(client, target="#spam")
    ask(client, target="#spam", verdict="")
    answer = client.post(f"{BLOCKS}/undo", json={"id": first["id"]}, headers=bearer(ANN.secret))
    assert answer.status_code == 409


def test_a_restart_remembers_and_the_audit_log_names_who_decided(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "upswell.audit")
    with served(file) as client:
        ask(client, target="#spam")
    assert "ann blocked topic #spam in everywhere" in caplog.text
    assert ANN.secret not in caplog.text
    with served(file) as client:
        assert shown(client) == {"#ok"}
        assert [it["by"] for it in told(client)["decisions"]] == ["ann"]


def test_nobody_looks_without_a_token_and_who_may_only_look_does_not_decide(client: Client) -> None:
    wish, undo = {"target": "#spam"}, {"id": "x"}
    assert client.get(BLOCKS).status_code == 401
    for path, body in ((BLOCKS, wish), (f"{BLOCKS}/undo", undo)):
        assert client.post(path, json=body).status_code == 401
        assert client.post(path, json=body, headers=bearer("x" * 20)).status_code == 401
        assert client.post(path, json=body, headers=bearer(EVE.secret)).status_code == 403
    assert shown(client) == {"#spam", "#ok"}


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"target": " # "}, 409),
        ({"target": "no account", "kind": "account"}, 409),
        ({"target": "m/1", "kind": "pin"}, 400),
        ({"target": "#x", "verdict": "deleted"}, 400),
        ({"target": "#x", "event": "fete"}, 400),
        ({"target": "x" * 601}, 400),
        ({}, 400),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(client: Client, wish: dict[str, str], status: int) -> None:
    answer = client.post(BLOCKS, json=wish, headers=bearer(ANN.secret))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told(client)["blocks"] == []
