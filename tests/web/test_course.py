"""The course of a topic as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.moderation.state import Moderation
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from schemas.moderation import EVERYWHERE, Decision
from tests.sinks.lists import trend_list

MINUTE_MS = 60_000


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    moderation = Moderation()
    moderation.apply(Decision("1", EVERYWHERE, "topic", "#hidden", "blocked", "ann", 1))
    feed, history = Feed(moderation), History()
    feed.on_list(history.add)
    for minute in range(1, 5):
        feed.publish(trend_list("#hidden", "=1+1", '#a"b', at=minute * MINUTE_MS))
    history.flush()
    with TestClient(create_app(feed, history)) as client:
        yield client
    history.close()


def test_each_list_is_a_line(client: TestClient[Litestar]) -> None:
    answer = client.get("/api/v1/topics.csv", params={"key": '#a"b', "from": str(2 * MINUTE_MS)})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''upswell%20%23a%22b%201h.csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["at"] for row in rows] == [f"1970-01-01T00:0{minute}:00.000Z" for minute in (2, 3, 4)]
    assert rows[0] == {
        "at": "1970-01-01T00:02:00.000Z",
        "rank": "3",
        "trending": "1",
        "people": "50",
        "posts": "100",
        "support": "50.000",
        "expected": "5.000",
        "score": "9.50",
    }


def test_nothing_that_a_post_wrote_stands_in_the_file(client: TestClient[Litestar]) -> None:
    answer = client.get("/api/v1/topics.csv", params={"key": "=1+1"})
    assert answer.status_code == 200
    assert "=" not in answer.text


@pytest.mark.parametrize("key", ["#hidden", "#never"])
def test_what_is_blocked_or_was_never_listed_is_not_found(key: str, client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/topics.csv", params={"key": key}).status_code == 404
