"""Feeds, other networks' shapes and pages for people who came to a wrong address."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import msgspec
import pytest
from litestar import Litestar, get
from litestar.exceptions import NotAuthorizedException
from litestar.testing import TestClient

from pipeline.web.app import create_app, set_defined
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.wall.recent import Example
from schemas.events import Event
from schemas.watchlists import Watchlist
from tests.sinks.lists import trend, trend_list

HOSTILE = "#<script>alert(1)</script>\u202e\x0b\ufffe]]>&\"'"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ENTRY = "{http://www.w3.org/2005/Atom}entry"


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    feed = Feed()
    made = trend_list(at=1_795_000_000_000)
    told = {"display": HOSTILE, "examples": ["p1"], "since": 1_794_999_000_000, "state": "rising"}
    made.trends.append(msgspec.structs.replace(trend(1, "#x"), **told))
    made.trends.append(trend(2, "#usual", trending=False))
    feed.publish(made)
    post = Example("p1", "ann", "Ann <b>", "<img src=x onerror=alert(1)>", "mastodon", 1_795_000_000_000, "")
    app = create_app(feed, examples=lambda ids, _scope: [post] if "p1" in ids else [], public_url="https://up.example")
    with TestClient(app) as asking:
        yield asking


def test_a_list_is_an_atom_feed_whatever_a_topic_is_called(client: TestClient[Litestar]) -> None:
    answer = client.get("/feeds/trends.atom?scope=all&window=1h")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    (entry,) = ElementTree.fromstring(answer.content).iter(ENTRY)  # the other does not trend
    told = {child.tag.partition("}")[2]: child.text or child.get("href") for child in entry}
    assert (told["title"] or "").startswith("#<script>alert(1)</script>")
    assert "\u202e" not in (told["title"] or "")
    assert told["link"] == "https://up.example/?scope=all&window=1h&topic=%23x"
    assert told["published"] == "2026-11-18T10:50:00.000Z"
    assert "people" in (told["summary"] or "")


def test_a_list_is_a_json_feed_whose_ids_stay_from_list_to_list(client: TestClient[Litestar]) -> None:
    answer = client.get("/feeds/trends.json", headers={"accept-language": "fr"}).json()
    assert (answer["version"], answer["title"]) == (
        "https://jsonfeed.org/version/1.1",
        "Tendances\u00a0: tous les messages (1\u00a0h)",
    )
    assert [item["id"] for item in answer["items"]] == ["urn:upswell:all:%23x:1794999000000"]
    assert client.get("/feeds/trends.atom?scope=event:none").status_code == 404


def test_bluesky_and_mastodon_read_it_in_their_shape(client: TestClient[Litestar]) -> None:
    (one,) = client.get("/xrpc/app.bsky.unspecced.getTrends").json()["trends"]
    assert {name: one[name] for name in ("startedAt", "postCount", "status", "actors")} == {
        "startedAt": "2026-11-18T10:50:00.000Z",
        "postCount": trend(1, "#x").posts,
        "status": "hot",
        "actors": [],
    }
    (status,) = client.get("/api/v1/trends/statuses").json()
    assert status["content"] == "<p>&lt;img src=x onerror=alert(1)&gt;</p>"
    assert status["account"]["acct"] == "ann@mastodon"


def test_links_are_told_by_how_many_people_share_them(client: TestClient[Litestar]) -> None:
    feed = Feed()
    made = trend_list(at=1_795_000_000_000)
    made.trends.append(msgspec.structs.replace(trend(1, "#x"), examples=["p1", "p2", "p3", "p4"]))
    feed.publish(made)
    day = 86_400_000
    said = (
        ("ann", "see https://a.org/one and javascript:alert(1) https://a.org/one"),
        ("bob", "https://b.org/<img> http://b.org/two"),
        ("cyd", "HTTP://B.org/two http://b.org/two"),
        ("cyd", "again http://b.org/two"),
    )
    posts = [
        Example(f"p{n}", name, name, text, "mastodon", 1_795_000_000_000 - n * day, "")
        for n, (name, text) in enumerate(said, 1)
    ]
    with TestClient(create_app(feed, examples=lambda ids, _scope: [it for it in posts if it.id in ids])) as asking:
        found = asking.get("/api/v1/trends/links").json()
        assert [one["url"] for one in asking.get("/api/v1/trends/links?limit=1").json()] == [found[0]["url"]]
        assert asking.get("/api/v1/trends/links?limit=0").status_code == 400
    assert (found[0]["url"], found[0]["title"]) == ("http://b.org/two", "b.org")
    newest = (1_795_000_000_000 - 2 * day) // day * day // 1_000
    assert found[0]["history"] == [{"day": str(newest), "accounts": "2", "uses": "3"}]
    assert all(one["url"].lower().startswith("http") for one in found)
    assert client.get("/api/v1/trends/links").json() == []


def test_clients_of_mastodon_learn_what_the_server_is(client: TestClient[Litestar]) -> None:
    first, second = (client.get(f"/api/v{number}/instance").json() for number in (1, 2))
    assert (first["uri"], second["domain"]) == ("up.example", "up.example")
    assert first["version"] == second["version"]
    assert second["version"].startswith("4.")
    assert "(compatible; upswell " in second["version"]
    assert second["registrations"]["enabled"] is first["registrations"] is False


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nowhere", 404, "There is nothing here"),
        ("POST", "/voice", 405, "That is not how this works"),
        ("GET", "/?scope=planet", 404, "There is nothing here"),
        ("GET", "/screen?scope=all&scope=event:none", 404, "There is nothing here"),
        ("GET", "/?scope=lang:", 404, "There is nothing here"),
    ],
)
def test_a_browser_gets_a_page_for_people_and_a_program_the_problem(
    client: TestClient[Litestar], method: str, path: str, status: int, said: str
) -> None:
    page = client.request(method, path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert f"<h1>{said}</h1>" in page.text
    problem = client.request(method, path)
    assert problem.json()["status"] == status
    assert client.get("/api/v1/nowhere", headers=BROWSER).json()["status"] == 404


def test_who_is_not_signed_in_is_led_to_where_one_signs_in() -> None:
    @get("/staff", include_in_schema=False)
    async def staff() -> None:
        raise NotAuthorizedException

    with TestClient(create_app(Feed(), routers=[staff])) as client:
        page = client.get("/staff?lang=fr", headers=BROWSER)
    assert page.status_code == 401
    assert 'href="/moderate?lang=fr">Se connecter</a>' in page.text


def test_a_scope_is_known_while_it_is_defined_or_its_lists_are_kept() -> None:
    history = History()
    history.add(trend_list("#x", scope="event:over", window="5m"))
    history.flush()
    app = create_app(Feed(), history, events=[Event("now")], watchlists=[Watchlist("acme")])

    def status(client: TestClient[Litestar], scope: str) -> int:
        return client.get("/", params={"scope": scope}, headers=BROWSER).status_code

    with TestClient(app) as client:
        for scope in ("event:now", "watch:acme", "event:over", "lang:fr", "source:sms", "all"):
            assert status(client, scope) == 200
        set_defined(app, [Event("next", title="Next")], [])
        assert [status(client, f"event:{name}") for name in ("next", "now", "over")] == [200, 404, 200]
    history.close()


def test_pages_travel_compressed(client: TestClient[Litestar]) -> None:
    assert client.get("/", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/", headers={"accept-encoding": "identity"}).headers
