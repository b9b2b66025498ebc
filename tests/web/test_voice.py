"""Share of voice in the API: who is talked about how much, side by side and over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.local import Local, Options
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.voice import MAX_POINTS
from schemas import Post, TrendList
from schemas.watchlists import Watchlist

MINUTE = 60_000
BEGIN = 1_795_000_000_000 // 3_600_000 * 3_600_000
LISTS = (
    Watchlist("us", title="Us & Co", words=("our phone",)),
    Watchlist("them", hashtags=("#theirphone",), words=("their phone",)),
)


def said(number: int, minute: int, text: str, author: int = 0) -> Post:
    return Post(f"p{number}", f"author{author or number}", text, BEGIN + minute * MINUTE + number % 60_000)


def posts() -> list[Post]:
    """Ten minutes of ours (no hashtags at all), then of theirs, by few people."""
    found = [said(n, n // 3, f"I hold our phone {'abcdefghij'[n % 10]}") for n in range(30)]
    found += [said(100 + n, 10 + n // 6, "their phone is here #TheirPhone", author=1 + n % 5) for n in range(60)]
    return [*found, said(300, 19, "our phone beside their phone")]


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    feed, history = Feed(), History()
    feed.on_list(history.add)
    local = Local(Options(watchlists=LISTS), on_list=feed.publish)
    local.feed(sorted(posts(), key=lambda post: int(post.time)))
    local.mark(BEGIN + 20 * MINUTE)
    history.flush()
    with TestClient(create_app(feed, history, watchlists=LISTS)) as client:
        yield client
    history.close()


def voice(client: TestClient[Litestar], query: str = "") -> dict[str, Any]:
    answer = client.get(f"/api/v1/voice?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_posts_without_hashtags_count_and_a_post_about_both_counts_for_each(client: TestClient[Litestar]) -> None:
    found = voice(client, "scope=watch:us&scope=watch:them")
    assert (found["scopes"], found["titles"]) == (["watch:us", "watch:them"], ["Us & Co", ""])
    last = found["points"][-1]
    assert last["posts"] == [31, 61]
    assert last["people"] == [31, 6]
    assert last["share"] == [round(31 / 92, 4), round(61 / 92, 4)]
    assert last["at"] == BEGIN + 20 * MINUTE


def test_the_course_is_what_each_had_at_every_moment(client: TestClient[Litestar]) -> None:
    points = voice(client, "scope=watch:us&scope=watch:them")["points"]
    by_minute = {(point["at"] - BEGIN) // MINUTE: point for point in points}
    for minute in range(1, 10):
        assert by_minute[minute]["posts"] == [3 * minute, 0]
        assert by_minute[minute]["share"] == [1.0, 0.0]
    for minute in range(11, 20):
        assert by_minute[minute]["posts"] == [30, 6 * (minute - 10)]
    part = voice(client, f"scope=watch:us&from={BEGIN + 12 * MINUTE}&to={BEGIN + 15 * MINUTE}")["points"]
    assert part[0]["posts"] == [30]
    assert all(BEGIN + 12 * MINUTE <= point["at"] <= BEGIN + 15 * MINUTE for point in part)


def test_without_names_all_watchlists_are_compared(client: TestClient[Litestar]) -> None:
    assert voice(client)["scopes"] == ["watch:them", "watch:us"]


def test_without_any_watchlist_events_are_compared() -> None:
    feed = Feed()
    for scope, posts in (("all", 9), ("event:b", 30), ("event:a", 10)):
        feed.publish(TrendList(scope, "1h", 3_600, BEGIN, True, "", [], posts, posts))
    with TestClient(create_app(feed, None)) as client:
        assert (voice(client)["scopes"], voice(client)["points"][-1]["share"]) == (["event:a", "event:b"], [0.25, 0.75])
        assert "<td>75%</td>" in client.get("/voice").text


def test_a_scope_without_totals_is_refused_and_an_unknown_one_is_silent(client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/voice?scope=all").status_code == 400
    found = voice(client, "scope=watch:us&scope=watch:nobody")
    assert found["points"][-1]["posts"] == [31, 0]


def test_long_courses_are_thinned_and_keep_their_end() -> None:
    feed, history = Feed(), History()
    for minute in range(2_000):
        history.add(TrendList("watch:us", "1h", 3_600, BEGIN + minute * MINUTE, True, "", [], minute, minute))
    history.flush()
    feed.publish(TrendList("watch:us", "1h", 3_600, BEGIN + 2_000 * MINUTE, False, "", [], 7, 7))
    with TestClient(create_app(feed, history, watchlists=LISTS)) as client:
        points = voice(client, f"scope=watch:us&from={BEGIN}")["points"]
    history.close()
    assert MAX_POINTS // 2 <= len(points) <= MAX_POINTS
    assert points[-1]["posts"] == [7]
