"""`/post/EVENT`: people in the room write to the wall: who may, how often, what is kept, and over a bad network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from pipeline.kafka.connection import BrokerAwayError
from pipeline.sources import gateway as module
from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.sources.senders import Senders
from pipeline.text import EventMatcher, topics_of
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.pictures import Pictures
from pipeline.web.posting import PostDesk
from pipeline.web.room import COOKIE, Pace, Room, qr_code, room_routes
from pipeline.web.room_pictures import RoomPictures
from pipeline.web.run import start_web
from pipeline.web.wall_service import WallService
from schemas.events import Event
from tests.sinks.servers import until
from tests.sources.harness import Log
from tests.wall.test_keyboard import LEFT, USED, walked

EVENTS = (
    Event(name="gala", title="Le <b>gala</b>", hashtags=("#gala",), posting=True),
    Event(name="album", posting=True, posting_pictures=True),
    Event(name="quiet", hashtags=("#quiet",)),
    Event(name="strict", hashtags=("#strict",), posting=True, moderation="manual"),
)
PUBLIC = "https://wall.example"


class Asked:
    """A server with walls on which people in the room may write, over a log in memory."""

    def __init__(self, folder: Path, *, kafka: bool = True) -> None:
        self.log = Log()
        self.fault: Exception | None = None
        feed = Feed()
        pictures = RoomPictures(folder / "room")
        self.service = WallService(feed, EVENTS, pictures=Pictures(kept=pictures.read))
        gateway = Gateway(lambda: Journal(folder), self._open)
        desk = PostDesk(self.service.gate, gateway if kafka else None)
        senders = Senders(b"k" * 32)
        self.room = Room(self.service.walls, desk, lambda: senders, https=False, public_url=PUBLIC, pictures=pictures)
        self.feed = feed
        self.parts: dict[str, Any] = {
            "events": EVENTS,
            "posts": desk,
            "public_url": PUBLIC,
            "routers": [*self.service.routers, room_routes(self.room)],
            "on_startup": [self.service.start, gateway.start],
            "on_shutdown": [self.service.stop, gateway.stop],
        }
        self.client = TestClient(create_app(feed, **self.parts))

    def _open(self) -> Log:
        if self.fault:
            raise self.fault
        return self.log

    def write(self, text: str = "bonsoir", id: str = "an-id-of-the-page", event: str = "gala", **more: Any) -> Any:  # noqa: A002
        return self.client.post(f"/api/v1/events/{event}/posts", json={"id": id, "text": text} | more)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(module, "AWAY_S", 0.0)
    asked = Asked(tmp_path)
    with asked.client:
        asked.client.get("/post/gala")
        yield asked


def test_what_somebody_writes_is_a_post_of_the_event_once(asked: Asked) -> None:
    for _ in range(2):
        answer = asked.write("  Bonsoir \u202eà tous ", name=" Ann  Lee ")
        assert (answer.status_code, answer.json()) == (200, {"waits": False})
    (post,) = asked.log.posts
    assert (post.text, post.author_name, post.source, post.events) == (
        "Bonsoir \u202eà tous",
        "Ann Lee",
        "web",
        ["gala"],
    )
    assert EventMatcher(EVENTS).match(post, topics_of(post)) == ("gala",)


def test_moderation_by_hand_is_told_to_who_writes(asked: Asked) -> None:
    assert asked.write(event="strict").json() == {"waits": True}


def test_nothing_of_a_person_is_kept_but_a_keyed_hash_that_is_another_one_at_each_event(
    asked: Asked, tmp_path: Path
) -> None:
    asked.write()
    asked.write(event="strict")
    cookie = asked.client.cookies[COOKIE]
    one, other = (post.author for post in asked.log.posts)
    assert re.fullmatch(r"web-[0-9a-f]{32}", one)
    assert one != other
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + repr(asked.log.posts).encode()
    assert cookie.partition(".")[0].encode() not in kept
    assert b"testclient" not in kept  # the address


def test_ids_of_one_person_are_not_those_of_another(asked: Asked) -> None:
    asked.write()
    asked.client.cookies.clear()
    asked.client.get("/post/gala")
    asked.write()
    assert len({(post.id, post.author) for post in asked.log.posts}) == 2


@pytest.mark.parametrize("event", ["quiet", "nobody"])
def test_where_it_is_not_switched_on_nobody_writes(asked: Asked, event: str) -> None:
    assert asked.write(event=event).status_code in (403, 404)
    page = asked.client.get(f"/post/{event}")
    assert "<form" not in page.text
    assert "set-cookie" not in page.headers
    assert asked.log.ids == []


def test_without_kafka_the_page_says_that_nobody_can_write(tmp_path: Path) -> None:
    asked = Asked(tmp_path, kafka=False)
    with asked.client as client:
        assert "<form" not in client.get("/post/gala").text
        assert asked.write().status_code == 403


@pytest.mark.parametrize("cookie", ["", "made-up", "made-up." + "0" * 36, "é.è", "."])
def test_a_person_whom_we_do_not_know_is_nobody(asked: Asked, cookie: str) -> None:
    asked.client.cookies.clear()
    sent = {"Cookie": f"{COOKIE}={cookie}".encode()} if cookie else {}
    answer = asked.client.post(
        "/api/v1/events/gala/posts", json={"id": "12345678", "text": "x"}, headers=list(sent.items())
    )
    assert (answer.status_code, asked.log.ids) == (401, [])


def test_who_writes_too_fast_is_told_when_to_come_again_and_others_are_not(asked: Asked) -> None:
    answers = [asked.write(id=f"number-{number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 6
    asked.client.cookies.clear()
    asked.client.get("/post/gala")
    assert asked.write().status_code == 200


def test_a_pace_lets_some_through_at_once_and_then_one_at_a_time() -> None:
    now = [0.0]
    pace = Pace(5.0, 3, lambda: now[0])
    assert [pace.wait_s("a") for _ in range(4)] == [0, 0, 0, 5]
    assert pace.wait_s("b") == 0
    now[0] = 5.0
    assert [pace.wait_s("a") for _ in range(2)] == [0, 5]
    now[0] = 100.0
    assert [pace.wait_s("a") for _ in range(4)] == [0, 0, 0, 5]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"id": "12345678", "text": " "}, "application/json", 422),
        ({"id": "12345678", "text": "x" * 501}, "application/json", 422),
        ({"id": "12345678", "text": "x", "name": "n" * 41}, "application/json", 422),
        ({"id": "1", "text": "x"}, "application/json", 422),
        ({"id": "12345678", "text": "x", "author": "me"}, "application/json", 422),
        ("[" * 8_000, "application/json", 422),
        ({"id": "12345678", "text": "x" * 9_000}, "application/json", 413),
        ({"id": "12345678", "text": "x"}, "text/plain", 415),  # what a form of another site could send
    ],
)
def test_what_the_page_would_not_send_is_refused(asked: Asked, body: Any, kind: str, status: int) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    answer = asked.client.post("/api/v1/events/gala/posts", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, asked.log.ids) == (status, [])


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(asked: Asked) -> None:
    asked.client.cookies.clear()
    told = asked.client.get("/post/gala").headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "set-cookie" not in asked.client.get("/post/gala").headers  # known from now on


def test_the_code_on_the_big_screen_leads_to_the_page(asked: Asked, tmp_path: Path) -> None:
    assert "/post/gala/qr.svg" in asked.client.get("/screen/gala").text
    assert "qr.svg" not in asked.client.get("/screen/quiet").text
    with Asked(tmp_path / "nowhere", kafka=False).client as client:  # nobody is asked to write what nobody takes
        assert "qr.svg" not in client.get("/screen/gala").text
    drawn = asked.client.get("/post/gala/qr.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert drawn.text == qr_code(f"{PUBLIC}/post/gala")
    assert len(asked.client.get("/post/quiet/qr.svg").text) < 100


@pytest.mark.parametrize(("lang", "said"), [("fr", "Écrire sur le mur"), ("en", "Write to the wall")])
def test_the_page_is_in_the_language_of_who_reads_it(asked: Asked, lang: str, said: str) -> None:
    page = asked.client.get("/post/gala", headers={"Accept-Language": lang})
    assert said in page.text
    assert 'href="/events/gala/wall"' in page.text, "who has written wants to see it"
    assert "<b>gala" not in page.text


def test_while_kafka_is_away_it_is_told_to_come_again(asked: Asked) -> None:
    asked.fault = BrokerAwayError("no broker answers")
    assert (asked.write().status_code, asked.write().headers["retry-after"]) == (503, "5")
    asked.fault = None
    assert asked.write().status_code == 200
    assert len(asked.log.posts) == 1


def on_a_phone(browser: Browser, address: str) -> tuple[BrowserContext, Page]:
    """A French phone that has loaded the page, which is no wider than its screen."""
    context = browser.new_context(locale="fr-FR", viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    return context, page


def test_written_offline_it_is_sent_once_when_the_network_is_back(browser: Browser, tmp_path: Path) -> None:
    """On a phone in French: offline, then a network that loses an answer, then a good one."""
    asked = Asked(tmp_path)
    with start_web(asked.feed, port=0, **asked.parts) as handle:
        context, page = on_a_phone(browser, f"{handle.address}post/gala")
        context.set_offline(True)
        page.locator("#text").fill("écrit dans le métro")
        page.locator("#name").fill("Ann")
        page.get_by_role("button", name="Envoyer").click()
        expect(page.locator("#status")).to_have_text("Pas de réseau : le message part dès qu’il revient.")
        expect(page.locator("#waiting li")).to_have_text("écrit dans le métro")
        assert asked.log.ids == []
        lost: list[int] = []

        def lose(route: Route) -> None:
            lost.append(route.fetch().status)  # the server has it, and the page does not hear of it
            route.abort()

        page.route("**/api/v1/events/gala/posts", lose)
        context.set_offline(False)
        until(lambda: page.evaluate("1") and lost)
        page.unroute("**/api/v1/events/gala/posts")
        page.route("**/api/v1/events/gala/posts", lambda route: route.fulfill(body="<p>Sign in to our network</p>"))
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.locator("#status")).to_have_text("Pas de réseau : le message part dès qu’il revient.")
        expect(page.locator("#waiting li")).to_have_count(1)
        page.unroute("**/api/v1/events/gala/posts")
        page.reload()  # what waits is there after a reload
        expect(page.locator("#status")).to_have_text("Envoyé. Merci !")
        expect(page.locator("#waiting li")).to_have_count(0)
        assert lost[0] == 200
        assert [(post.text, post.author_name) for post in asked.log.posts] == [("écrit dans le métro", "Ann")]
        context.close()


@pytest.mark.parametrize("event", ["gala", "album", "quiet"])
def test_tab_reaches_all_that_can_be_used_on_a_phone_with_keys_and_enter_sends(
    browser: Browser, tmp_path: Path, event: str
) -> None:
    asked = Asked(tmp_path)
    with start_web(asked.feed, port=0, **asked.parts) as handle:
        context, page = on_a_phone(browser, f"{handle.address}post/{event}")
        assert [it for it in walked(page) if it[1]] == []
        assert page.evaluate(LEFT, USED) == []
        if event != "quiet":  # where nobody writes there is nothing to send
            page.locator("#text").focus()
            page.keyboard.type("écrit au clavier")
            page.keyboard.press("Tab")
            page.keyboard.type("Ann")
            page.keyboard.press("Enter")
            expect(page.locator("#status")).to_have_text("Envoyé. Merci !")
            assert [(post.text, post.author_name) for post in asked.log.posts] == [("écrit au clavier", "Ann")]
        context.close()
