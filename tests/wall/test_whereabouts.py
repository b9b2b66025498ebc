"""Why a post is not on the wall: what a moderator is told of its address or id."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, expect

from pipeline.kafka.lookback import LookedBack
from pipeline.moderation.log import MemoryLog
from pipeline.web.wall.walls import Walls
from pipeline.web.wall.whereabouts import Whereabouts, in_the_past, may_be_of, names_of, names_of_post
from schemas import Post
from schemas.events import Event
from tests.wall.server import ANN, EVE, Served, serving

NOW = int(time.time() * 1_000)
HOUR_MS = 3_600_000
FETE = Event(
    name="fete",
    hashtags=("#fete",),
    accounts=("host",),
    start=NOW - HOUR_MS,
    end=NOW + HOUR_MS,
    channels=("twitter", "bluesky", "mastodon"),
)
PANEL = Event(name="panel", hashtags=("#fete",), accounts=("host",), only_accounts=True, moderation="manual")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(events=(FETE, PANEL)) as running:
        yield running


def post(post_id: str, text: str, **fields: Any) -> Post:
    now = int(time.time() * 1_000)
    told = {"id": post_id, "author": f"p{post_id[-8:]}", "text": text, "time": now, "source": "twitter"}
    return Post(**(told | fields))


def ask(served: Served, what: str, event: str = "fete", secret: str = EVE.secret) -> dict[str, Any]:
    with httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {secret}"}) as client:
        answer = client.get(f"/api/v1/moderation/{event}/whereabouts", params={"post": what})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def decide(served: Served, kind: str, verdict: str, target: str) -> None:
    wish = {"kind": kind, "verdict": verdict, "target": target}
    path = f"{served.address}/api/v1/moderation/fete/decisions"
    httpx.post(path, json=wish, headers={"Authorization": f"Bearer {ANN.secret}"}).raise_for_status()


def test_a_post_is_found_by_its_address_in_whatever_form_and_queue(served: Served) -> None:
    served.take(post("1700", "hello #fete", url="https://twitter.com/ana/status/1700"))
    for asked in ("1700", " https://x.com/ana/status/1700?s=20 ", "https://mobile.twitter.com/ana/status/1700/"):
        found = ask(served, asked)
        assert found["where"] in ("screen", "shown")
        assert (found["post"]["ref"], found["behind_s"] < 60, found["folded"]) == ("twitter/1700", True, False)
    decide(served, "word", "blocked", "hello")
    found = ask(served, "1700")
    assert (found["where"], found["post"]["why"], found["post"]["word"]) == ("blocked", "word", "hello")
    decide(served, "word", "", "hello")
    decide(served, "post", "stashed", "twitter/1700")
    assert ask(served, "1700")["where"] == "stashed"


def test_a_repost_is_shown_as_its_original_and_a_late_one_says_how_late(served: Served) -> None:
    served.take(post("1800", "again #fete", time=NOW - 600_000), post("1801", "again #fete", repost_of="1800"))
    found = ask(served, "1801")
    assert (found["post"]["ref"], found["folded"]) == ("twitter/1800", True)
    assert found["behind_s"] >= 600


@pytest.mark.parametrize(
    ("event", "fields", "foreign"),
    [
        ("fete", {"text": "nothing of it"}, "words"),
        ("fete", {"time": NOW - 2 * HOUR_MS}, "early"),
        ("fete", {"time": NOW + 2 * HOUR_MS}, "over"),
        ("fete", {"source": "sms"}, "source"),
        ("fete", {"source": "sms", "time": NOW + 2 * HOUR_MS}, "source"),  # one reason alone would not do
        ("panel", {}, "account"),
    ],
)
def test_a_post_of_no_event_says_what_keeps_it_out(
    event: str, fields: dict[str, Any], foreign: str, served: Served
) -> None:
    number = f"19{len(str(fields))}{foreign}"
    served.take(post(number, **({"text": "in time #fete"} | fields)))
    found = ask(served, number, event)
    assert (found["where"], found["foreign"], found["post"]) == ("foreign", foreign, None)


def test_what_waits_was_withdrawn_or_never_came_is_told(served: Served) -> None:
    served.take(post("2000", "by the host #fete", author="host"), post("2001", "gone #fete"))
    assert ask(served, "2000", "panel")["where"] == "waiting"
    served.take(post("2001", "", deleted=NOW))
    assert ask(served, "2001") == {
        "where": "withdrawn",
        "post": None,
        "foreign": "",
        "behind_s": 0,
        "folded": False,
        "since": None,
        "whole": False,
    }
    found = ask(served, "https://twitter.com/ana/status/4711")
    assert (found["where"], found["post"]) == ("never", None)
    assert found["since"] <= time.time() * 1_000


def test_what_a_look_back_through_the_log_has_found_is_told_by_the_same_rules() -> None:
    walls = Walls([FETE], MemoryLog())

    def told(found: Post | None, since_ms: int | None = None, whole: bool = False) -> Whereabouts:
        return in_the_past(walls, "fete", LookedBack(found, since_ms, whole))

    assert told(post("1", "then #fete", time=NOW - 60_000)) == Whereabouts("past", since=NOW - 60_000)
    assert told(post("1", "then", time=NOW)) == Whereabouts("foreign", foreign="words")
    assert told(post("1", "", deleted=NOW)) == Whereabouts("withdrawn")
    assert told(None, 17, True) == Whereabouts("never", since=17, whole=True)
    walls.close()


@pytest.mark.parametrize("asked", ["1700", "https://x.com/Ana/status/1700?s=20", "http://Blog.example", "une idée/é"])
def test_the_bytes_of_a_record_never_speak_against_the_post_that_is_meant(asked: str) -> None:
    names = names_of(asked)
    may_be = may_be_of(names)
    for meant in (Post(asked, "a", "", 0), Post("x", "a", "", 0, url=asked), Post("at://b/1700", "a", "", 0)):
        assert not names & names_of_post(meant) or may_be(msgspec.json.encode(meant))
        assert not names & names_of_post(meant) or may_be(json.dumps(msgspec.to_builtins(meant)).encode())
    assert not may_be_of(names_of("1700"))(b'{"id": "1701"}')


def test_who_may_not_look_is_told_nothing(served: Served) -> None:
    path = f"{served.address}/api/v1/moderation/fete/whereabouts"
    assert httpx.get(path, params={"post": "1700"}).status_code == 401
    with_token = {"Authorization": f"Bearer {EVE.secret}"}
    assert httpx.get(path, params={"post": ""}, headers=with_token).status_code == 400
    assert httpx.get(path.replace("fete", "nobody"), params={"post": "1"}, headers=with_token).status_code == 404


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "https://bsky.app/profile/ana.bsky.social/post/3kabc",
            Post("at://did:plc:1/app.bsky.feed.post/3kabc", "d", "", 0),
        ),
        ("at://did:plc:1/app.bsky.feed.post/3kabc", Post("at://did:plc:1/app.bsky.feed.post/3kabc", "d", "", 0)),
        (
            "https://social.example/@ana/110500",
            Post("https://social.example/users/ana/statuses/110500", "ana@social.example", "", 0),
        ),
        ("HTTPS://www.Blog.example/a/b/?utm=1#c", Post("x", "blog", "", 0, url="https://blog.example/a/b")),
    ],
)
def test_addresses_of_networks_name_their_posts(asked: str, told: Post) -> None:
    assert names_of(asked) & names_of_post(told)
    assert not names_of(asked) & names_of_post(Post("https://other.example/1", "ana", "", 0))


def test_a_moderator_asks_on_the_page(browser: Browser, served: Served) -> None:
    served.take(post("3000", "where am I? #fete <b>"))
    page = browser.new_context(locale="fr-FR").new_page()
    page.goto(f"{served.address}/moderate/fete")
    page.locator("input[type=password], input[name=token]").first.fill(ANN.secret)
    page.locator("form button").first.click()
    page.locator("#whereabouts summary").click()
    field = page.get_by_label("Son adresse ou son identifiant")
    field.fill("https://x.com/p/status/3000")
    field.press("Enter")
    answer = page.locator("#whereabouts [role=status]")
    expect(answer).to_contain_text("where am I? #fete <b>")
    answer.get_by_role("button", name="Bloquer", exact=True).click()
    field.press("Enter")
    expect(answer).to_contain_text("Il est retenu.")
    field.fill("nobody-wrote-this")
    field.press("Enter")
    expect(answer).to_contain_text("Rien n’est arrivé sous cette adresse ou cet identifiant.")
