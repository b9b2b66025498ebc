"""Search: topics of now and of the past, and posts of late; what may not be shown is not found."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from pipeline.kafka.lookback import LookedThrough
from pipeline.text import fold_text
from pipeline.web import wall_service
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.wall import recent
from pipeline.web.wall.recent import has_words, letters_of
from pipeline.web.wall_service import WallService
from schemas import Post
from schemas.access import Token
from schemas.events import Event
from tests.sinks.lists import trend_list
from tests.sinks.servers import until

MINUTE_MS = 60_000
ANN = Token("ann", "a-secret-for-ann-0", "write")
EVENT = Event("fete", hashtags=("#fete",), moderation="manual")


class Served:
    """A server with a past, a present and posts."""

    def __init__(self) -> None:
        self.feed, self.history = Feed(), History()
        self.feed.on_list(self.history.add)
        self.service = WallService(self.feed, [EVENT], [ANN])
        self.app: Litestar = create_app(
            self.feed,
            self.history,
            events=[EVENT],
            find=self.service.find,
            routers=self.service.routers,
            on_startup=[self.service.start],
            on_shutdown=[self.service.stop],
        )
        for minute, topics in enumerate((["#lyon", "#paris"], ["#parisroubaix", "#lyon"], ["#tour", "#ete2026"]), 1):
            self.feed.publish(trend_list(*topics, at=minute * MINUTE_MS))
        self.feed.publish(trend_list("#parade", scope="event:fete", at=MINUTE_MS))
        self.history.flush()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.history.close()


@pytest.fixture
def client(served: Served) -> Iterator[TestClient[Litestar]]:
    with TestClient(served.app) as client:
        yield client


def found(client: TestClient[Litestar], q: str, **more: str) -> dict[str, Any]:
    answer = client.get("/api/v1/search", params={"q": q} | more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def topics(client: TestClient[Litestar], q: str, **more: str) -> list[str]:
    return [it["topic"] for it in found(client, q, **more)["topics"]]


def test_what_is_meant_comes_first_then_what_is_listed_now_then_the_newest_of_the_past(
    client: TestClient[Litestar],
) -> None:
    assert topics(client, "paris") == topics(client, "#PARIS") == ["#paris", "#parisroubaix"]
    assert topics(client, "par is-".strip("-")) == ["#paris", "#parisroubaix"]
    assert topics(client, "Été") == ["#ete2026"]
    assert topics(client, "o") == ["#tour", "#lyon", "#parisroubaix"]
    (tour, lyon, _) = found(client, "o")["topics"]
    assert (tour["now"], tour["at"], lyon["now"], lyon["at"]) == (True, 3 * MINUTE_MS, False, 2 * MINUTE_MS)
    assert topics(client, "par", scope="event:fete") == ["#parade"]
    assert topics(client, "nothing of that kind") == topics(client, "#") == topics(client, "%") == []


def test_phrases_are_found_with_their_spaces_or_without(served: Served, client: TestClient[Litestar]) -> None:
    for minute, topic in enumerate(("harbour festival", "night train"), 4):
        served.feed.publish(trend_list("#tour", topic, at=minute * MINUTE_MS))
    served.history.flush()
    for q in ("Harbour Fest", "harbourfestival", "nighttr"):
        (found,) = client.get("/api/v1/search", params={"q": q}).json()["topics"]
        assert (found["topic"], found["now"]) == (("night train", True) if q[0] == "n" else ("harbour festival", False))


def test_what_is_blocked_is_not_found(client: TestClient[Litestar]) -> None:
    told = {"Authorization": f"Bearer {ANN.secret}"}
    for target in ("#lyon", "#tour"):
        client.post("/api/v1/blocks", json={"target": target}, headers=told).raise_for_status()
    assert topics(client, "o") == ["#parisroubaix"]


def test_posts_are_found_by_their_words_unless_they_wait_or_are_withdrawn(
    served: Served, client: TestClient[Litestar]
) -> None:
    def post(number: int, text: str, **fields: Any) -> Post:
        return Post(str(number), f"a{number}", text, number * 1_000, source="mastodon", **fields)

    posts = [
        post(1, "Où est l’entrée du théâtre ?", author_name="Zoé"),
        post(2, "the theatre is open"),
        post(3, "théâtre #fete"),
        post(4, "le théâtre, encore"),
    ]
    served.service.take_soon(posts)
    until(lambda: [it["id"] for it in found(client, "theatre")["posts"]] == ["4", "2", "1"])
    assert [it["id"] for it in found(client, "THÉÂTRE zoe")["posts"]] == ["1"]
    assert found(client, "theatre nowhere")["posts"] == []
    served.service.take_soon([post(4, "", deleted=9_000)])
    until(lambda: [it["id"] for it in found(client, "theatre")["posts"]] == ["2", "1"])


def test_it_says_since_when_posts_are_searched_and_walls_reach_further_back(
    served: Served, client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(client, "theatre")["posts_since"] is None
    old = Post("old", "zoe", "au théâtre #fete", 1_000, source="mastodon")
    served.service.take_soon([old, *(Post(str(n), "b", f"said {n}", n * 1_000) for n in range(2, 20_200))])
    told = {"Authorization": f"Bearer {ANN.secret}"}
    approved = {"kind": "post", "verdict": "approved", "target": "mastodon/old"}
    until(lambda: found(client, "said 20199")["posts"])
    assert served.service.recent()[0].id != "old", "it is no longer among the posts of late"
    client.post("/api/v1/moderation/fete/decisions", json=approved, headers=told).raise_for_status()
    answer = found(client, "theatre")
    assert [it["id"] for it in answer["posts"]] == ["old"]
    assert 200_000 <= answer["posts_since"] <= 400_000
    monkeypatch.setattr(recent, "SEARCH_S", 0.0)
    answer = found(client, "nowhere")
    assert (answer["posts"], answer["posts_since"]) == ([], 20_199_000)


@pytest.mark.parametrize("q", ["", "x" * 201])
def test_too_little_and_too_much_are_refused(q: str, client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/search", params={"q": q}).status_code == 400


def test_the_past_is_searched_as_a_look_at_every_list_would() -> None:
    chance, history = random.Random(1), History()
    last: dict[str, int] = {}
    for minute in range(1, 80):
        names = chance.sample([f"#{a}{b}" for a in "abcd" for b in ("", "x", "_%", "é")], 3)
        history.add(trend_list(*names, at=minute * MINUTE_MS))
        last |= dict.fromkeys(names, minute * MINUTE_MS)
    history.flush()
    for part in ("a", "x", "_", "%", "é", "_%"):
        fitting = sorted(((at, name) for name, at in last.items() if part in name), reverse=True)
        told = history.topics(part, "all", 100)
        assert sorted(((at, name) for name, at in told), reverse=True) == fitting
        assert [at for _, at in told] == [at for at, _ in fitting]
        assert history.topics(part, "lang:fr", 100) == []
    history.close()


def past(client: TestClient[Litestar], q: str) -> Any:
    return client.get("/api/v1/search/past", params={"q": q})


def test_what_only_the_log_holds_is_found_for_one_who_asks_after_the_other(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [
        Post("1", "zoe", "Où est le théâtre ?", 1_000, source="mastodon"),
        Post("2", "ann", "le théâtre", 2_000, source="mastodon"),
        Post("3", "bob", "théâtre #fete", 3_000, source="mastodon"),
        Post("4", "bob", "ailleurs", 4_000, source="mastodon"),
    ]
    asked: list[int] = []
    going, go = threading.Event(), threading.Event()

    def looked(_c: object, _t: object, fits: Callable[[Post], bool], most: int, _k: object) -> LookedThrough:
        asked.append(most)
        going.set()
        assert go.wait(10)
        return LookedThrough([post for post in reversed(kept) if fits(post)], 500, False)

    monkeypatch.setattr(wall_service, "look_through", looked)
    monkeypatch.setattr(served.service, "_kafka", (None, "posts", None))
    app = create_app(served.feed, find=served.service.find, find_past=served.service.find_past)
    with TestClient(app) as client, ThreadPoolExecutor() as others:
        assert found(client, "theatre")["more"]
        answer = others.submit(past, client, "THEATRE")
        assert going.wait(10)
        busy = past(client, "theatre")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")
        go.set()
        told = answer.result(10).json()
        assert [post["id"] for post in told["posts"]] == ["2", "1"], "what waits for approval is not told"
        assert (told["posts_since"], told["whole"]) == (500, False)
        until(lambda: past(client, "ailleurs").json().get("posts", []), 30)
        assert len(asked) == 2, "who was told to come again looked at nothing"


def test_a_server_without_a_log_offers_no_older_posts(client: TestClient[Litestar]) -> None:
    assert not found(client, "theatre")["more"]
    assert past(client, "theatre").json() == {"posts": [], "posts_since": None, "whole": False}


@settings(max_examples=500)
@given(st.text(max_size=40), st.integers(0, 40), st.integers(1, 6))
@example("\u1e9eﬅ™\u200d\u00adİ ²Øe\u0301K", 0, 6)
def test_no_word_is_missed_for_how_quickly_a_text_is_looked_at(text: str, begin: int, length: int) -> None:
    folded = fold_text(text)
    word = folded[begin : begin + length]
    if word.isascii():
        assert word in letters_of(text)
    post, whole = Post("1", "a", text, 1), fold_text(f"\na\n{text}")
    for it in (word, folded, f"{word}zq"):
        assert has_words([it])(post) == (it in whole)
