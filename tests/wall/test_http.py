"""Boards, walls and moderation over HTTP: who may do what, what is streamed, and that nothing hidden gets out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.wall_service import WallService
from schemas import Post
from schemas.events import Event
from tests.sinks.servers import until
from tests.wall.server import ANN, EVE, Served, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, timeout=10) as made:
        yield made


def post(post_id: str, text: str, **fields: object) -> Post:
    told = {"id": post_id, "author": f"p{post_id}", "text": text, "time": int(time.time() * 1_000), "source": "m"}
    return Post(**(told | fields))  # type: ignore[arg-type]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def decide(
    client: httpx.Client, kind: str, verdict: str, target: str, event: str = "fete", **more: object
) -> httpx.Response:
    wish = {"kind": kind, "verdict": verdict, "target": target} | more
    return client.post(f"/api/v1/moderation/{event}/decisions", json=wish, headers=bearer(ANN.secret))


def wall(client: httpx.Client, event: str = "fete") -> list[str]:
    return [it["ref"] for it in client.get(f"/api/v1/events/{event}/wall").json()["posts"]]


def test_a_board_names_the_events_that_it_shares_people_with_by_their_titles(
    served: Served, client: httpx.Client
) -> None:
    served.take(post("both1", "ici #fete", author="zoe"), post("both2", "là #conf", author="zoe"))
    (shared,) = client.get("/api/v1/events/conf").json()["resonance"]
    assert (shared["event"], shared["title"], shared["people"]) == ("fete", "Fête <b>de</b> la ville", 1)


def test_a_post_is_on_the_wall_and_the_board_and_a_deletion_takes_it_away(served: Served, client: httpx.Client) -> None:
    served.take(post("w1", "bonjour #fete #lumiere"))
    assert "m/w1" in wall(client)
    board = client.get("/api/v1/events/fete").json()
    assert board["posts"] >= 1
    assert ["#lumiere", 1] in board["topics"]
    assert decide(client, "post", "deleted", "m/w1", everywhere=True).status_code == 200
    assert "m/w1" not in wall(client)


def test_an_approval_that_comes_before_the_posts_of_before_a_restart_is_asked_for_again_and_not_refused(
    served: Served, client: httpx.Client
) -> None:
    served.walls.filling = True
    early = decide(client, "post", "approved", "m/early", "conf")
    assert (early.status_code, early.headers["content-type"]) == (503, "application/problem+json")
    served.take(post("early", "there again #conf"))
    assert decide(client, "post", "approved", "m/early", "conf").status_code == 200
    served.walls.filling = False
    assert decide(client, "post", "approved", "m/never", "conf").status_code == 409


@pytest.mark.alone
def test_a_stream_shows_a_block_within_two_seconds(served: Served, client: httpx.Client) -> None:
    served.take(post("s1", "streamed #fete"))
    with client.stream("GET", "/api/v1/events/fete/stream?view=wall") as answer:
        lines = answer.iter_lines()

        def read_until(there: bool) -> None:
            for line in lines:
                if line.startswith("data:"):
                    shown = [it["ref"] for it in json.loads(line[5:])["posts"]]
                    if ("m/s1" in shown) is there:
                        return

        read_until(True)
        began = time.monotonic()
        assert decide(client, "account", "blocked", "m/ps1").status_code == 200
        read_until(False)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("path", ["/events", "/events/fete", "/events/fete/wall", "/screen/fete", "/moderate/fete"])
def test_a_page_allows_nothing_inline_and_escapes_titles(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<b>de" not in answer.text
    assert "style=" not in answer.text
    assert "Fête" in answer.text


def test_pages_speak_french_to_french_browsers(client: httpx.Client) -> None:
    answer = client.get("/moderate/fete", headers={"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8"})
    assert '<html lang="fr">' in answer.text
    assert "Modération" in answer.text


@pytest.mark.parametrize(
    "path", ["/events/none", "/screen/none", "/moderate/none", "/api/v1/events/none", "/static/wall/x"]
)
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_queues_are_closed_without_a_token_and_a_reader_may_not_decide(client: httpx.Client) -> None:
    queues, decisions = "/api/v1/moderation/fete", "/api/v1/moderation/fete/decisions"
    wish = {"kind": "word", "verdict": "blocked", "target": "x"}
    assert client.get(queues).status_code == 401
    assert client.get(f"{queues}/stream").status_code == 401
    assert client.get(queues, headers=bearer("a-secret-for-ann-1")).status_code == 401
    assert client.post(decisions, json=wish).status_code == 401
    assert client.get(queues, headers=bearer(EVE.secret)).status_code == 200
    refused = client.post(decisions, json=wish, headers=bearer(EVE.secret))
    assert (refused.status_code, EVE.secret in refused.text) == (403, False)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"kind": "post", "verdict": "frozen", "target": "m/1"}, 409),
        ({"kind": "word", "verdict": "blocked", "target": " .. "}, 409),
        ({"kind": "pin", "verdict": "pinned", "target": "m/none"}, 409),
        ({"kind": "planet", "verdict": "blocked", "target": "x"}, 400),
        ({"kind": "word", "verdict": "blocked", "target": "x" * 700}, 400),
        ({"verdict": "blocked"}, 400),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(client: httpx.Client, wish: dict[str, str], status: int) -> None:
    answer = client.post("/api/v1/moderation/fete/decisions", json=wish, headers=bearer(ANN.secret))
    assert answer.status_code == status


def test_a_browser_logs_in_with_the_form_and_writes_only_with_the_proof_of_its_page(client: httpx.Client) -> None:
    form = client.get("/moderate/fete")
    proof = form.text.split('name="proof" value="')[1].split('"')[0]
    alone = httpx.post(f"{client.base_url}/moderate/fete/login", data={"secret": ANN.secret, "proof": proof})
    assert alone.status_code == 401  # a form of another site has no cookie of ours
    wrong = client.post("/moderate/fete/login", data={"secret": "x" * 20, "proof": proof})
    assert wrong.status_code == 401
    proof = wrong.text.split('name="proof" value="')[1].split('"')[0]
    entered = client.post("/moderate/fete/login", data={"secret": ANN.secret, "proof": proof})
    assert entered.status_code == 303
    cookie = next(it for it in entered.headers.get_list("set-cookie") if it.startswith("upswell_session="))
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    page = client.get("/moderate/fete")
    assert ANN.secret not in page.text
    csrf = page.text.split('data-csrf="')[1].split('"')[0]
    wish = {"kind": "word", "verdict": "blocked", "target": "proofword"}
    path = "/api/v1/moderation/fete/decisions"
    assert client.post(path, json=wish).status_code == 403
    assert client.post(path, json=wish, headers={"x-upswell-csrf": csrf}).status_code == 200
    assert client.post("/api/v1/moderation/logout", headers={"x-upswell-csrf": csrf}).status_code == 204
    assert client.get("/api/v1/moderation/fete").status_code == 401


def test_two_moderators_that_decide_at_once_do_not_undo_each_other(served: Served, client: httpx.Client) -> None:
    served.take(post("u1", "undo me #fete"))
    first = decide(client, "post", "blocked", "m/u1").json()
    decide(client, "post", "stashed", "m/u1")
    answer = client.post("/api/v1/moderation/fete/undo", json={"id": first["id"]}, headers=bearer(ANN.secret))
    assert answer.status_code == 409


def test_hostile_posts_reach_pages_as_text_without_controls_or_foreign_addresses(
    served: Served, client: httpx.Client
) -> None:
    served.take(
        post(
            "h1",
            "<script>alert(1)</script>\u202e\x1b[2J #fete",
            author="\u200f<img src=x>",
            url="javascript:alert(1)",
            avatar="http://evil.example/x.png",
        )
    )
    shown = next(it for it in client.get("/api/v1/events/fete/wall").json()["posts"] if it["ref"] == "m/h1")
    assert shown["url"] == ""
    assert "\u202e" not in shown["text"]
    assert "\x1b" not in shown["text"]
    assert shown["avatar"] == ""
    assert "evil.example" not in json.dumps(shown)


def test_without_a_token_moderation_is_off_and_says_how_to_switch_it_on() -> None:
    with serving(tokens=()) as running, httpx.Client(base_url=running.address) as client:
        page = client.get("/moderate/fete")
        assert page.status_code == 403
        assert "[[token]]" in page.text
        assert "UPSWELL_TOKENS" in page.text
        assert client.get("/api/v1/moderation/fete", headers=bearer("x" * 20)).status_code == 403
        running.take(post("1", "still #fete"))
        until(lambda: wall(client) == ["m/1"])


def test_a_wall_is_shown_within_pages_of_named_sites_alone(client: httpx.Client) -> None:
    assert client.get("/embed/fete").status_code == 404
    sites = ("https://www.example.org", "https://b.example:8443")
    service = WallService(Feed(), [Event("fete")], embed_sites=sites)
    with TestClient(create_app(Feed(), routers=service.routers)) as asking:
        shown = asking.get("/embed/fete").headers
        assert f"frame-ancestors {' '.join(sites)}" in shown["content-security-policy"]
        assert "script-src 'self'" in shown["content-security-policy"]
        assert "x-frame-options" not in shown
        for part in ("wall", "list", "chart"):
            page = asking.get(f"/embed/fete?show={part}")
            assert "<nav" not in page.text
            assert f'data-alone="{part}"' in page.text
            assert f"frame-ancestors {' '.join(sites)}" in page.headers["content-security-policy"]
        assert asking.get("/embed/fete?show=all").status_code == 400
        for path in ("/events/fete/wall", "/embed/none"):
            other = asking.get(path).headers
            assert "frame-ancestors 'none'" in other["content-security-policy"]
            assert other["x-frame-options"] == "DENY"


def test_a_page_and_its_stream_end_with_the_event_and_a_new_one_has_both() -> None:
    with serving() as served, httpx.Client(base_url=served.address, timeout=20) as client:
        with client.stream("GET", "/api/v1/events/fete/stream?view=wall") as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("data:"))
            served.loop.call_soon_threadsafe(served.walls.redefine, [Event("gala", hashtags=("#gala",))])
            assert not [line for line in lines if line.startswith("data:")]  # it ends, and says no more
        assert client.get("/events/fete").status_code == client.get("/api/v1/events/fete/wall").status_code == 404
        served.take(post("g1", "hello #gala"))
        assert wall(client, "gala") == ["m/g1"]
        assert "gala" in client.get("/events").text


def test_the_log_of_decisions_knows_its_posts_in_whatever_queue_until_they_are_withdrawn(
    served: Served, client: httpx.Client
) -> None:
    said = "Merci aux \u202einterprètes " * 20 + "#fete #conf"
    served.take(post("k1", said, author_name="Émilie Roux"), post("k2", "autre #fete"))
    for verdict, target in (("blocked", "m/k1"), ("stashed", "m/k2"), ("blocked", "m/never-came")):
        decide(client, "post", verdict, target)
    served.take(Post("k2", "pk2", "", int(time.time() * 1_000), source="m", deleted=True))
    for path in ("/api/v1/moderation/fete", "/api/v1/blocks"):
        decide(client, "post", "deleted", "m/k1", everywhere=True)
        decided = client.get(path, headers=bearer(EVE.secret)).json()["decided"]
        assert decided["m/k1"]["name"] == "Émilie Roux"
        assert decided["m/k1"]["text"] == said.replace("\u202e", "")[: len(decided["m/k1"]["text"])]
        assert 60 < len(decided["m/k1"]["text"]) <= 160
        assert "m/k2" not in decided
        assert "m/never-came" not in decided


def looked(client: httpx.Client, **wanted: str) -> dict[str, Any]:
    answer = client.get("/api/v1/moderation/conf", params=wanted, headers=bearer(ANN.secret))
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def refs(view: dict[str, Any]) -> list[str]:
    return [it["ref"] for it in view["posts"]]


def test_a_moderator_looks_in_a_queue_for_words_a_source_or_the_reason_why_posts_are_held(
    served: Served, client: httpx.Client
) -> None:
    served.take(
        post("q1", "Où est l’entrée ? #conf", author_name="Zoé Çelik", source="sms"),
        post("q2", "the entrance is closed #conf", author_name="Bob", source="sms"),
        post("q3", "vilain mot #conf"),
        post("q4", "hello #conf", author="qvile"),
    )
    decide(client, "word", "blocked", "vilain", "conf")
    decide(client, "account", "blocked", "m/qvile", "conf")
    assert refs(looked(client, q="ZOE celik")) == refs(looked(client, q="entree conf")) == ["sms/q1"]
    assert refs(looked(client, source="sms", q="conf")) == ["sms/q1", "sms/q2"]
    assert refs(looked(client, q="nobody says this")) == []
    blocked = looked(client, queue="blocked")
    assert (blocked["whys"]["word"], blocked["whys"]["account"]) == (1, 1)
    assert blocked["found"] == sum(blocked["whys"].values()) == sum(blocked["sources"].values())
    assert refs(looked(client, queue="blocked", why="word")) == ["m/q3"]
    assert client.get("/api/v1/moderation/conf", params={"q": "x" * 201}, headers=bearer(ANN.secret)).status_code == 400


def test_a_trusted_account_is_listed_by_its_name_passes_at_once_and_is_taken_back(
    served: Served, client: httpx.Client
) -> None:
    served.take(post("t1", "first #conf", author="7f3a", author_name="Tess"))
    assert "m/t1" in refs(looked(client, q="tess"))
    made = decide(client, "trust", "trusted", "m/7F3A", "conf").json()
    served.take(post("t2", "second #conf", author="7f3a"), post("t3", "third #conf", author="7f3a", source="other"))
    assert [ref for ref in wall(client, "conf") if "/t" in ref] == ["m/t2", "m/t1"]
    view = looked(client, queue="shown", q="first")
    assert (view["posts"][0]["trusted"], view["trusted"][0]["id"], view["decided"]["m/7f3a"]["name"]) == (
        True,
        made["id"],
        "7f3a",
    )
    assert not any(it["trusted"] for it in client.get("/api/v1/events/conf/wall").json()["posts"])
    client.post("/api/v1/moderation/conf/undo", json={"id": made["id"]}, headers=bearer(ANN.secret)).raise_for_status()
    assert [ref for ref in wall(client, "conf") if "/t" in ref] == []
    assert looked(client)["trusted"] == []
