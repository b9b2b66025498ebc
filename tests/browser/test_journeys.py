"""Whole journeys in a browser, each as one kind of user goes it: who organises, is alerted, looks back, is on a phone
and French, or has a site of their own. Two moderators and a restart are in test_moderators.py."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.kafka import topics
from pipeline.settings import Settings, load_settings
from pipeline.wording import catalogue
from schemas import Post
from schemas.events import Event
from tests.browser.shown import alert
from tests.kafka.apache import free_port
from tests.kafka.commands import Command
from tests.sinks.lists import trend_list
from tests.wall.server import ANN, Served, serving
from tests.wall.test_browser import post
from tests.wall.test_pages import opened
from tests.wording.test_wording import texts_of

MINUTE_MS = 60_000
EVENTS = (
    Event("fete", title="La fête", hashtags=("#fete",), time_zone="Europe/Paris"),
    Event("conf", title="La conférence", hashtags=("#conf",), moderation="manual", time_zone="Europe/Paris"),
)


@pytest.fixture
def served(browser: Browser) -> Iterator[Served]:
    with serving(events=EVENTS) as running:
        yield running
        for context in browser.contexts:
            context.close()


@pytest.mark.timeout(240)
def test_an_organiser_sets_an_event_up_from_nothing_and_what_a_phone_writes_is_on_the_stage(
    browser: Browser, embedded: str, prefix: str, tmp_path: Path
) -> None:
    settings: Settings = load_settings(kafka_brokers=embedded, kafka_prefix=prefix)
    topics.init_topics(settings)
    port = free_port()
    token = {"UPSWELL_TOKENS": f"ann:write:{ANN.secret}", "UPSWELL_STATE_DIR": str(tmp_path / "state")}
    address = f"http://127.0.0.1:{port}"
    with (
        Command(settings, tmp_path / "worker.log", "worker"),
        Command(settings, tmp_path / "serve.log", "serve", "--port", str(port), **token) as server,
    ):
        server.wait_for(lambda: "http://127.0.0.1" in server.said)
        ann = opened(browser, f"{address}/setup")
        ann.locator("#secret").fill(ANN.secret)
        ann.keyboard.press("Enter")
        ann.get_by_role("link", name="Nouvel événement").click()
        ann.get_by_label("Titre", exact=True).fill("Le bal d’hiver")
        ann.get_by_label("Hashtags").fill("#bal")
        ann.get_by_label("Le public dans la salle peut écrire sur le mur").check()
        ann.get_by_role("button", name="Vérifier la modification").click()
        ann.get_by_role("button", name="Mettre en vigueur").click()
        expect(ann.get_by_role("link", name="Le bal d’hiver")).to_be_visible()
        ann.get_by_role("link", name="Grand écran").click()
        stage, phone = ann, browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
        expect(stage.locator("#main")).to_be_attached()
        name = re.search(r"/screen/([\w.-]+)", stage.url)
        assert name
        phone.goto(f"{address}/post/{name[1]}?lang=fr")
        phone.locator("#text").fill("Bonsoir à tous, la salle est magnifique")
        phone.locator("#name").fill("Zoé")
        phone.get_by_role("button", name="Envoyer").click()
        expect(stage.locator("#posts .post")).to_contain_text("Bonsoir à tous, la salle est magnifique")
        expect(stage.locator("#posts .post")).to_contain_text("Zoé")
        assert "Traceback" not in server.said


def test_who_is_alerted_finds_out_why_and_says_that_they_look_after_it(browser: Browser, served: Served) -> None:
    minute = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    at = int(minute.timestamp() * 1_000)
    page = opened(browser, served.address)
    expect(page.locator("#bell")).to_be_hidden()
    for ago in range(30, -1, -1):
        served.feed.publish(trend_list("#lyon", at=at - ago * MINUTE_MS))
    served.take(*(post(str(n), f"la place est pleine {n} #Lyon") for n in range(3)))
    fired = msgspec.structs.replace(alert(1), topic="#lyon", fired=at - 5 * MINUTE_MS, at=at, since=at - 9 * MINUTE_MS)
    served.alerts.add(fired)
    expect(page.locator("#bell")).to_have_text("1")
    expect(page).to_have_title(re.compile(r"\(1\)"))
    page.get_by_role("link", name="Alertes").click()
    line = page.locator("#alerts li")
    expect(line).to_contain_text("Critique")
    expect(line).to_contain_text(re.compile(r"il y a \d minutes"))
    line.get_by_role("link").click()
    expect(page.locator("article.topic .lead")).to_contain_text("personnes")
    expect(page.locator("article.topic .said").first).to_contain_text("la place est pleine")
    expect(page.locator("article.topic .alert")).to_contain_text("#Lyon")
    expect(page.locator(".chart canvas")).to_be_visible()
    page.goto(f"{served.address}/moderate")
    page.locator("#secret").fill(ANN.secret)
    page.keyboard.press("Enter")
    expect(page.locator("#never")).to_be_visible()
    page.goto(f"{served.address}/alerts")
    page.get_by_role("button", name="Je m’en occupe").click()
    expect(page.locator("#alerts li")).to_contain_text("vue par")
    expect(page.locator("#bell")).to_be_hidden()


def test_who_looks_back_at_a_quarter_past_eight_sees_that_minute_and_comes_back(
    browser: Browser, served: Served
) -> None:
    paris = ZoneInfo("Europe/Paris")
    evening = dt.datetime.now(paris).replace(hour=19, minute=30, second=0, microsecond=0) - dt.timedelta(days=1)
    begin = int(evening.timestamp() * 1_000)
    for minute in range(91):
        then = ["#feu", "#paris"] if minute == 45 else ["#paris", f"#m{minute}"]
        served.feed.publish(trend_list(*then, at=begin + minute * MINUTE_MS))
    served.history.flush()
    page = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", reduced_motion="reduce").new_page()
    page.goto(served.address)
    slider, rows = page.get_by_role("slider", name="Heure"), page.locator("section.list th.topic a bdi")
    expect(rows).to_have_text(["#paris", "#m90"])
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(45):
        page.keyboard.press("ArrowRight")
    expect(rows).to_have_text(["#feu", "#paris"])
    expect(page.locator("caption")).to_contain_text("20:15 (telle qu’à ce moment-là)")
    page.reload()
    expect(rows).to_have_text(["#feu", "#paris"])
    rows.first.click()
    expect(page.get_by_role("heading", name="#feu")).to_be_visible()
    page.keyboard.press("Escape")
    served.feed.publish(trend_list("#paris", "#m91", at=begin + 91 * MINUTE_MS))
    expect(rows).to_have_text(["#feu", "#paris"])
    page.get_by_role("button", name="Maintenant").click()
    expect(rows).to_have_text(["#paris", "#m91"])
    expect(page.locator("caption")).not_to_contain_text("telle qu’à ce moment-là")


def english_on(page: Page) -> list[str]:
    """Sentences of the English catalogue that a French page says."""
    french = set(dict(texts_of(catalogue("fr"))).values())
    ours = {text for _, text in texts_of(catalogue("en")) if "{" not in text and " " in text} - french
    said = page.evaluate(
        """() => { const named = [...document.querySelectorAll("[aria-label], [placeholder], [title]")];
        const names = named.flatMap((it) => [it.ariaLabel, it.placeholder, it.title]);
        return [document.title, document.body.innerText, ...names].join("\\n"); }"""
    )
    return [text for text in ours if text in said]


def test_all_of_it_is_used_in_french_on_a_phone(browser: Browser, served: Served) -> None:
    at = int(dt.datetime.now(dt.UTC).replace(second=0, microsecond=0).timestamp() * 1_000)
    for ago in (11, 1, 0):
        for scope in ("all", "event:fete"):
            served.feed.publish(trend_list("#Lumière", "#bal", scope=scope, at=at - ago * MINUTE_MS))
    served.take(*(post(str(n), f"les vitrines sont belles {n} #fete #Lumière") for n in range(8)))
    served.take(Post("w", "zoe", "Quel discours ! #conf", at, source="m", author_name="Zoé"))
    served.alerts.add(msgspec.structs.replace(alert(1), fired=at - MINUTE_MS, at=at))
    page = browser.new_context(
        locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    ).new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    seen = 0

    def is_french(there: str) -> None:
        nonlocal seen
        expect(page.locator(there).first).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "fr"
        assert english_on(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
        seen += 1

    page.goto(served.address)
    is_french(".headline h2 a")
    page.locator(".headline h2 a").tap()
    is_french("article.drawn .said")
    page.get_by_role("link", name="Retour").tap()
    page.locator("#q").fill("vitrines")
    is_french("#hits .post")
    page.goto(served.address)
    page.get_by_role("link", name="Alertes").tap()
    is_french("#alerts li a")
    page.get_by_role("link", name="Part de voix").tap()
    is_french(".voice h1")
    page.get_by_role("link", name="Événements").tap()
    is_french(".events .card")
    page.get_by_role("link", name="La fête").first.tap()
    is_french("#numbers .big, #repeated")
    page.get_by_role("link", name="Mur", exact=True).tap()
    is_french("#posts .post")
    page.get_by_role("link", name="Grand écran").tap()
    is_french("#posts .post")
    page.goto(f"{served.address}/moderate/conf")
    is_french("#secret")
    page.locator("#secret").fill(ANN.secret)
    page.get_by_role("button", name="Se connecter").tap()
    is_french("#queue .post")
    page.locator("#queue").get_by_role("button", name="Accepter").tap()
    expect(page.locator("#queue .post")).to_have_count(0)
    is_french("#decisions li")
    page.goto(f"{served.address}/events/conf/wall")
    expect(page.locator("#posts .post")).to_contain_text("Quel discours !")
    for path, there in ("setup", "h1"), ("setup/event", "form label"), ("nulle-part", "h1"), ("moderate", "#never"):
        page.goto(f"{served.address}/{path}")
        is_french(there)
    assert seen == 16
    assert faults == []


def test_the_text_of_an_english_page_would_be_noticed(browser: Browser, served: Served) -> None:
    page = opened(browser, f"{served.address}/moderate/conf?lang=en")
    assert len(english_on(page)) >= 2


@contextmanager
def site(frames: dict[str, str]) -> Iterator[str]:
    """The address of a site whose pages show in a frame what `frames` names, as "wall", at that time."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            frame = f'<h1>La ville</h1><iframe src="{frames["wall"]}" width="600" height="400"></iframe>'
            self.wfile.write(frame.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_wall_is_within_the_page_of_an_allowed_site_and_of_no_other(browser: Browser) -> None:
    frames: dict[str, str] = {}
    with site(frames) as allowed, site(frames) as other, serving(events=EVENTS, embed_sites=(allowed,)) as served:
        frames["wall"] = f"{served.address}/embed/fete"
        served.take(post("1", "vu de loin #fete"))
        page = browser.new_page(locale="fr-FR")
        shown = page.frame_locator("iframe").locator("#posts .post")
        page.goto(f"{allowed}/ce-soir")
        expect(shown).to_contain_text("vu de loin")
        with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
            page.goto(f"{other}/ce-soir")
        expect(page.get_by_role("heading", name="La ville")).to_be_visible()
        expect(shown).to_have_count(0)
        served.take(post("2", "et de plus près #fete"))
        page.goto(f"{allowed}/encore")
        expect(shown.first).to_contain_text("et de plus près")
        page.close()
