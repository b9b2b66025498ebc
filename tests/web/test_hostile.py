"""Hostile posts from end to end: counted in process, then kept, asked for, shown, scraped and stored. What they hold
stays text everywhere: nothing of it runs, turns the line around, hides, forges a label, or becomes a key of its own."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import redis.asyncio
from litestar import Litestar
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipeline.local import Local, Options
from pipeline.sinks.metrics import TOPIC_WIDTH, TrendsCollector
from pipeline.sinks.redis_sink import RedisSink
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.wall_service import WallService
from schemas import WINDOWS, Post, TrendList
from schemas.events import Event
from schemas.watchlists import Watchlist
from tests.sinks.lists import trend_list
from tests.sinks.servers import redis_server

MARK = "boo"  # in each of them, so that it can be seen that they did come through
CORPUS = {
    "script": f"<script>alert('{MARK}')</script>",
    "image": f"\"'><img/src=x/onerror=alert`{MARK}`>",
    "attribute": f"'/onmouseover='alert({MARK})'/x='",
    "markup in disguise": f"＜script＞{MARK}＜/script＞&lt;b&gt;&#60;i>",
    "address": f"javascript:alert({MARK})",
    "bidi": f"{MARK}\u202eevil\u2066\u200f\u061c",
    "zero width": f"{MARK[0]}\u200b{MARK[1]}\u2060\ufeff{MARK[2]}\u00ad",
    "giant": MARK + "w" * 240,
    "marks": MARK + "\u0301" * 200,
    "emoji": MARK + "👩‍👩‍👧‍👦" * 30 + "\U0001f3f4" + "\U000e0067" * 40,
    "terminal": f"{MARK}\x1b[31m\x07\x9b2J\x00",
    "label": f'{MARK}"}} 1\nupswell_fake{{topic="x',
    "line": f"{MARK}\r\ndata: forged\n\nevent: dropped\u2028\u2029",
    "backslash": f"{MARK}\\u003cscript\\",
    "template": f"{MARK}{{{{7*7}}}}${{7*7}}{{0.__class__}}%s%n",
    "redis": f"{MARK}\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "arabic": f"{MARK}مرحبا",
}
BEGIN = 1_795_000_000_000 // 3_600_000 * 3_600_000
MINUTE = 60_000
EVENT = Event(name="fete", title=f"Fête {CORPUS['image']}", hashtags=("#fete",))
WATCHED = Watchlist("us", title=CORPUS["script"], words=("fete",))
VOID = {"meta", "link", "input", "br", "img"}
CLEAN_PAGES = ("/", "/?lang=fr", "/screen", "/voice", "/events", "/events/fete", "/events/fete/wall", "/screen/fete")


def posts() -> list[Post]:
    """Each of them from eight people: as a hashtag that the network declares, in the text, the name and the address."""
    made = []
    for number, hostile in enumerate(CORPUS.values()):
        for person in range(8):
            made.append(
                Post(
                    f"p{number}-{person}{hostile}"[:250],
                    f"a{person}{hostile}"[:250],
                    f"#fete #{hostile} said {'abcdefgh'[person]} {number}",
                    BEGIN + (number * 8 + person) * 400,
                    source="mastodon",
                    tags=[hostile],
                    url=hostile,
                    author_name=hostile,
                )
            )
    return made


@pytest.fixture(scope="module")
def lists() -> list[TrendList]:
    """The lists of those posts, and for each window one whose rows are the corpus itself, as `trends` might hold it."""
    found: list[TrendList] = []
    local = Local(Options(events=(EVENT,), watchlists=(WATCHED,)), on_list=found.append)
    local.feed(posts())
    local.mark(BEGIN + 2 * MINUTE)
    raw = [f"#{hostile}" for hostile in CORPUS.values()]
    for window in WINDOWS:
        for scope in ("all", "source:" + CORPUS["label"], "lang:" + CORPUS["script"]):
            made = trend_list(*raw, scope=scope, window=window, at=BEGIN + 3 * MINUTE)
            for row, hostile in zip(made.trends, CORPUS.values(), strict=True):
                row.variants, row.examples, row.joined = [hostile], [hostile], [hostile]
            found.append(made)
    return found


@pytest.fixture(scope="module")
def client(lists: Sequence[TrendList]) -> Iterator[TestClient[Litestar]]:
    feed, history, registry = Feed(), History(), CollectorRegistry()
    service = WallService(feed, (EVENT,))
    service.walls.take(posts())
    collector = TrendsCollector(registry, visible=service.walls.visible)
    feed.on_list(history.add)
    feed.on_list(collector.take)
    for one in lists:
        feed.publish(one)
    history.flush()
    app = create_app(
        feed,
        history,
        events=(EVENT,),
        watchlists=(WATCHED,),
        registry=registry,
        routers=service.routers,
        on_startup=[service.start],
        on_shutdown=[service.stop],
    )
    with TestClient(app) as client:
        yield client
    history.close()


class Markup(HTMLParser):
    """What a browser would make of a page: its elements, its attributes, its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def turns_or_hides(text: str) -> set[str]:
    """What may stand on no page: controls, surrogates, what turns the direction, and unseen characters but joiners."""
    allowed = "\n\u200c\u200d"
    return {it for it in text if unicodedata.category(it) in ("Cc", "Cf", "Cs") and it not in allowed}


def test_the_corpus_does_reach_the_lists(lists: Sequence[TrendList]) -> None:
    counted = [one for one in lists if one.at < BEGIN + 3 * MINUTE]
    assert {one.scope for one in counted} >= {"all", "event:fete", "watch:us", "source:mastodon"}
    assert sum(MARK in row.topic for one in counted for row in one.trends) > len(CORPUS)
    assert all(len(row.topic) < 1_000 for one in counted for row in one.trends)


@pytest.mark.parametrize("path", CLEAN_PAGES)
def test_on_no_page_is_an_element_or_attribute_of_theirs(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    page = Markup(answer.text)
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "object", "base", "style"), tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        assert attributes.get("href", attributes.get("src", "/"))[:1] in "/#" or attributes["href"] == "data:,"
        if tag == "script":  # what is no script is run by nobody
            assert attributes.get("type") == "application/json" or attributes["src"].startswith("/static/")
    assert turns_or_hides(page.text) == set()
    if path in ("/", "/?lang=fr", "/screen"):
        assert "<script>alert" in page.text  # it is there, as text
        assert page.text.count(MARK) >= len(CORPUS)


def test_every_answer_of_the_api_is_whole_json_that_no_browser_takes_for_a_page(
    client: TestClient[Litestar], lists: Sequence[TrendList]
) -> None:
    def ask(path: str) -> Any:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.json()

    newest = {(one.scope, one.window): one for one in lists}
    for (scope, window), one in newest.items():
        path = f"/api/v1/trends?scope={quote(scope, safe='')}&window={window}"
        assert ask(path) == json.loads(msgspec.json.encode(one))
        assert ask(f"{path}&at={one.at}") == ask(path)  # the history gives the same back
    for hostile in CORPUS.values():
        found = ask(f"/api/v1/topics?key={quote('#' + hostile, safe='')}")
        assert found["topic"] == "#" + hostile
        assert found["history"][-1]["at"] == BEGIN + 3 * MINUTE
        assert hostile in found["variants"]
    assert {one["scope"] for one in ask("/api/v1/scopes")} == {scope for scope, _ in newest}
    for tag in ask("/api/v1/trends/tags?limit=20"):
        assert tag["url"].startswith("/?topic=%23")
        assert not set("<>\"' \n\r") & set(tag["url"])
    shown = ask("/api/v1/events/fete/wall?limit=500")["posts"]
    assert len(shown) == len(posts())
    for one in shown:
        assert not turns_or_hides(one["text"] + one["name"] + one["author"])
        assert one["url"] == ""  # none of them is an address to follow


def test_a_problem_quotes_nothing_that_runs(client: TestClient[Litestar]) -> None:
    problems = 0
    for hostile in CORPUS.values():
        for path in (
            "/api/v1/trends?scope=",
            "/api/v1/topics/",
            "/api/v1/trends?window=",
            "/events/",
            "/api/v1/voice?scope=",
        ):
            answer = client.get(path + quote(hostile, safe=""))
            if answer.status_code != 200:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.status_code in (400, 404, 405)
                problems += 1
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert problems > len(CORPUS)


def test_metrics_have_no_series_of_theirs_and_clean_bounded_labels(client: TestClient[Litestar]) -> None:
    exposed = client.get("/metrics").text
    ranks = 0
    for family in text_string_to_metric_families(exposed):
        assert family.name.startswith("upswell_")
        assert "fake" not in family.name
        for sample in family.samples:
            ranks += sample.name == "upswell_trend_rank"
            assert set(sample.labels) <= {"scope", "window", "topic"}
            for value in sample.labels.values():
                assert not turns_or_hides(value)
                assert "\n" not in value
                assert len(value) <= 40 * TOPIC_WIDTH
    assert ranks >= len(CORPUS)


def test_in_redis_there_are_the_documents_of_the_lists_and_no_other_key(
    lists: Sequence[TrendList], tmp_path: Path
) -> None:
    newest = {f"{one.scope}/{one.window}": one for one in lists}

    async def stored(port: int) -> None:
        url = f"redis://127.0.0.1:{port}/0"
        async with redis.asyncio.Redis(port=port) as asked, RedisSink(url) as sink:
            await asked.set("of somebody else", "untouched")
            for one in lists:
                await sink.take(one)
            async with asyncio.timeout(20):
                while await asked.zcard("upswell:lists") < len(newest) or sink.written < len(newest):
                    await asyncio.sleep(0.02)
            assert await asked.get("of somebody else") == b"untouched"
            known = {"upswell:lists", "upswell:writer", "of somebody else"}
            for name, one in newest.items():
                known.add(f"upswell:list:{name}")
                document = await asked.get(f"upswell:list:{name}")
                assert msgspec.json.decode(document, type=TrendList) == one
                if one.trends:
                    known.add(f"upswell:top:{name}")
                    ranked = await asked.zrange(f"upswell:top:{name}", 0, -1)
                    assert ranked == [row.topic.encode() for row in one.trends]
            assert {key.decode() for key in await asked.keys("*")} == known

    server = redis_server(tmp_path)
    server.start()
    try:
        asyncio.run(stored(server.port))
    finally:
        server.kill()
