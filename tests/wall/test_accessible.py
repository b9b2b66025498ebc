"""Every page of the site, in every language and both themes, as axe-core sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.web.run import start_web
from pipeline.wording import languages
from schemas.alerts import Alert
from schemas.events import Event, Stage
from tests.browser.axe import COLOURS, CONTRAST, THEMES, faults_of
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend_list
from tests.wall.server import ANN, EVE, Served, serving
from tests.wall.test_browser import post
from tests.wall.test_pages import SEA, opened, signed_in
from tests.wall.test_room import Asked

EVENTS = (
    Event(
        "fete",
        title="Fête <b>de</b> la ville",
        hashtags=("#fete",),
        time_zone="Europe/Paris",
        stage=Stage(schedule="https://a.example/programme.ics", sponsor="La ville"),
    ),
    Event("conf", title="Conf", hashtags=("#conf",), moderation="manual"),
)
FOR_ALL = {  # path -> what is there once its script has run
    "/": ".headline h2 a",
    "/?scope=all&scope=event%3Afete": "section.list >> nth=1",
    "/?q=lumiere": ".found a, section.list tbody tr",
    "/?at=%AT%": ".live.past",
    "/?topic=%23lumiere": "article.topic h1",
    "/?topic=%23nobody": "article.topic .empty",
    "/screen": "section.list tbody tr",
    "/voice": ".voice tbody tr",
    "/voice?scope=watch%3Anone": ".note",
    "/alerts": "#alerts li a",
    "/alerts?q=nobody": "main .empty",
    "/events": ".events .card",
    "/events/fete": "#repeated .post, #numbers .big",
    "/events/fete/wall": "#posts .post",
    "/events/conf/wall": ".empty",
    "/screen/fete": "#posts .post",
    "/screen/fete?layout=single": "#posts .post",
    "/screen/fete?layout=carousel": "#posts .post",
    "/screen/fete?layout=masonry": "#posts .post",
    "/screen/fete?slide=trends": "#rising li",
    "/screen/fete?slide=numbers": ".slide .body b",
    "/screen/fete?slide=schedule": "#programme li",
    "/screen/fete?slide=sponsor": ".sponsor p",
    "/embed/fete": "#posts .post",
    "/embed/fete?show=list": "#rising li",
    "/embed/fete?show=chart": "#numbers .bars",
    "/moderate": "#secret",
    "/moderate/conf": "#secret",
    "/moderate?link=a-link-that-ended": "main button",
    "/setup": "#secret",
    "/nowhere": "h1",
    "/events/nobody": "h1",
    "/moderate/login": "h1",  # 405
    "/?scope=event%3Anone": "h1",
    "/?window=no": "h1",
}
FOR_THE_TRUSTED = {
    "/": "#alerts button",
    "/alerts": "#alerts button",
    "/moderate": "#never",
    "/moderate/conf": "#queue .post",
    "/moderate/fete": "#tabs",
    "/setup": "h1",
    "/setup?done=1": ".done",
    "/setup/event": "form label",
    "/setup/event/fete": "form label",
    "/setup/event/nobody": "h1",
    "/setup/watchlist": "form label",
    "/setup/rule": "form label",
    "/setup/file": "form textarea",
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    running = Served((ANN, EVE), EVENTS, embed_sites=("https://a.example",))
    with ExitStack() as stack:
        stack.callback(running.stop)
        said = [post(str(it), f"un message numéro {it} #fete #lumiere") for it in range(12)]
        said[3] = msgspec.structs.replace(said[3], media=[SEA])
        running.take(*said, *(post(f"c{it}", f"à relire {it} #conf") for it in range(3)))
        now = time.time_ns() // 60_000_000_000 * 60_000
        for scope in ("all", "event:fete"):
            running.feed.publish(trend_list("#lumiere", "#concert", scope=scope, at=now))
        running.alerts.add(
            Alert(
                "r/1", "firing", "city", "trending", "critical", "all", "1h", "#lumiere", "#Lumière", now, now, now,
                1.0, 10.0, [], [], OF_TOPIC,
            )
        )  # fmt: skip
        yield running


@pytest.mark.parametrize("lang", languages())
def test_no_page_has_a_fault_of_accessibility_in_any_language_theme_and_size(
    browser: Browser, served: Served, lang: str
) -> None:
    page = opened(browser, served.address, locale=lang)
    at = str(time.time_ns() // 60_000_000_000 * 60_000)
    assert looked_at(page, served.address, {path.replace("%AT%", at): it for path, it in FOR_ALL.items()}, lang) == []
    page.goto(f"{served.address}/moderate/conf")
    page.locator("#secret").fill("no token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults_in(page) == []
    signed_in(page)
    expect(page.locator("#queue .post").first).to_be_visible()
    assert looked_at(page, served.address, FOR_THE_TRUSTED, lang) == []
    page.context.close()


@pytest.mark.parametrize("lang", languages())
def test_nor_has_what_answers_a_form_of_setup(browser: Browser, served: Served, lang: str) -> None:
    page = opened(browser, f"{served.address}/moderate/conf", locale=lang)
    signed_in(page)
    for path, fields, act, there in (
        ("event/fete", {"field-title": "La fête"}, "[value=review]", ".diff"),
        ("rule", {"field-name": "a", "field-top": "many"}, "[value=review]", "[role=alert]"),
        ("event/fete", {}, "[value=remove]", ".diff"),
        ("rule", {"field-name": "a"}, "[value=try]", ".tried"),
        ("file", {"text": "[[event]]"}, ".main", "[role=alert]"),
        ("", {"link-name": f"zoe-{lang}"}, "form[action^='/setup/links'] button >> nth=-1", ".done"),
    ):
        page.goto(f"{served.address}/setup/{path}".rstrip("/"))
        for name, text in fields.items():
            page.locator(f"#{name}").fill(text)
        page.locator(f"{'#main button' if act[0] in '[.' else ''}{act} >> visible=true").first.click()
        expect(page.locator(f"#main {there}").first).to_be_visible()
        assert (path, faults_in(page)) == (path, [])
    page.context.close()


@pytest.mark.parametrize("lang", languages())
def test_nor_has_a_page_whose_server_is_away(browser: Browser, lang: str) -> None:
    served = Served((ANN,), EVENTS)
    served.take(post("0", "bonsoir #fete"), post("c", "à relire #conf"))
    served.feed.publish(trend_list("#lumiere", at=time.time_ns() // 60_000_000_000 * 60_000))
    pages = {}
    for path, there in ("/", "tbody tr"), ("/events/fete/wall", "#posts .post"), ("/moderate/conf", "#queue .post"):
        pages[path] = opened(browser, served.address + path, locale=lang)
        if path.startswith("/moderate"):
            signed_in(pages[path])
        expect(pages[path].locator(there).first).to_be_visible()
    told = {path: page.locator("#status").inner_text() for path, page in pages.items()}
    served.stop()
    pages["/moderate/conf"].locator("#queue button").first.click()
    for path, page in pages.items():
        if path != "/events/fete/wall":  # whose readers need not know
            expect(page.locator("#status")).not_to_have_text(told[path], timeout=20_000)
        assert (path, faults_in(page)) == (path, [])
        page.context.close()


@pytest.mark.parametrize("lang", languages())
def test_nor_has_the_door_where_nobody_may_enter(browser: Browser, lang: str) -> None:
    with serving(tokens=()) as closed:
        page = opened(browser, closed.address, locale=lang)
        assert (
            looked_at(page, closed.address, {"/moderate": "pre", "/moderate/conf": "pre", "/setup": "pre"}, lang) == []
        )
        page.context.close()


@pytest.mark.parametrize("lang", languages())
def test_nor_has_the_page_on_which_people_in_the_room_write(browser: Browser, tmp_path: Path, lang: str) -> None:
    asked = Asked(tmp_path)
    with start_web(asked.feed, port=0, **asked.parts) as handle:
        page = opened(browser, handle.address, locale=lang, width=360, height=740)
        paths = {"post/gala": "form textarea", "post/album": "form [type=file]", "post/quiet": "h1"}
        assert looked_at(page, handle.address, paths, lang) == []
        page.context.close()


def test_a_fault_is_found_by_all_rules_by_those_of_colours_and_not_by_those_that_are_left_out(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<main><img src="data:,"><p style="background: #aaa; color: #999">grey</p></main>')
    rules = [{rule for rule, _ in faults_of(page, **some)} for some in ({}, {"only": COLOURS}, {"without": [CONTRAST]})]
    assert {CONTRAST, "image-alt"} <= rules[0]
    assert rules[1:] == [{CONTRAST}, rules[0] - {CONTRAST}]
    page.close()


def looked_at(page: Page, address: str, paths: dict[str, str], lang: str) -> list[object]:
    """The faults on these pages, once what must be there is."""
    found: list[object] = []
    for path, there in paths.items():
        page.goto(address + path)
        expect(page.locator(there).first).to_be_visible()
        assert page.locator("html").get_attribute("lang") == lang
        found += [(path, *fault) for fault in faults_in(page)]
    return found


def faults_in(page: Page) -> list[object]:
    """In both themes; in French, whose words are long, in colours that the system forces too, and at 200 and 400 %:
    what axe finds, and whether the page is then wider than its window."""
    found: list[object] = []
    size = page.viewport_size
    assert size
    for theme, only in THEMES.items():
        page.emulate_media(color_scheme=theme)
        found += [(theme, fault) for fault in faults_of(page, only=only)]
    if page.locator("html").get_attribute("lang") != "fr":
        return found
    page.emulate_media(forced_colors="active")
    # but for contrast: of a button Chromium tells axe the ink that the page has, not the one that it is drawn with
    found += [("forced", fault) for fault in faults_of(page, without=[CONTRAST])]
    page.emulate_media(color_scheme="light", forced_colors="none")
    for zoom in 2, 4:
        page.set_viewport_size({"width": 1_280 // zoom, "height": 1_024 // zoom})
        # a page that scrolls as a whole needs nothing in it that takes the focus
        found += [
            (zoom, it) for it in faults_of(page) if it[0] != "scrollable-region-focusable" or "<html" not in it[1]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((zoom, "wider than its window"))
    page.set_viewport_size(size)
    return found
