"""Every page of the site, in every language and both themes, as axe-core sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.web.run import start_web
from pipeline.wording import languages
from schemas.alerts import Alert
from schemas.events import Event
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend_list
from tests.wall.server import ANN, EVE, Served
from tests.wall.test_browser import post
from tests.wall.test_pages import SEA, faults_of, opened, signed_in
from tests.wall.test_room import Asked

THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

EVENTS = (
    Event("fete", title="Fête <b>de</b> la ville", hashtags=("#fete",), time_zone="Europe/Paris"),
    Event("conf", title="Conf", hashtags=("#conf",), moderation="manual"),
)
FOR_ALL = {  # path -> what is there once its script has run
    "/": ".headline h2 a",
    "/?topic=%23lumiere": "article.topic h1",
    "/screen": "section.list tbody tr",
    "/voice": "main",
    "/alerts": "#alerts li, main li",
    "/events": ".events .card",
    "/events/fete": "#repeated .post, #numbers .big",
    "/events/fete/wall": "#posts .post",
    "/screen/fete": "#posts .post",
    "/embed/fete": "#posts .post",
    "/moderate/conf": "#secret",
    "/nowhere": "h1",
    "/?scope=event%3Anone": "h1",
    "/?window=no": "h1",
}
FOR_THE_TRUSTED = {
    "/moderate": "#never",
    "/moderate/conf": "#queue .post",
    "/setup": "h1",
    "/setup/event": "form label",
    "/setup/event/fete": "form label",
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
def test_no_page_has_a_fault_of_accessibility_in_any_language_and_theme(
    browser: Browser, served: Served, lang: str
) -> None:
    page = opened(browser, served.address, locale=lang)
    assert looked_at(page, served.address, FOR_ALL, lang) == []
    page.goto(f"{served.address}/moderate/conf")
    signed_in(page)
    expect(page.locator("#queue .post").first).to_be_visible()
    assert looked_at(page, served.address, FOR_THE_TRUSTED, lang) == []
    page.context.close()


@pytest.mark.parametrize("lang", languages())
def test_nor_has_the_page_on_which_people_in_the_room_write(browser: Browser, tmp_path: Path, lang: str) -> None:
    asked = Asked(tmp_path)
    handle = start_web(asked.feed, port=0, **asked.parts)
    try:
        page = opened(browser, handle.address, locale=lang, width=360, height=740)
        paths = {"post/gala": "form textarea", "post/album": "form [type=file]", "post/quiet": "h1"}
        assert looked_at(page, handle.address, paths, lang) == []
        page.context.close()
    finally:
        handle.stop()


def looked_at(page: Page, address: str, paths: dict[str, str], lang: str) -> list[object]:
    """The faults on these pages, once what must be there is."""
    found: list[object] = []
    for path, there in paths.items():
        page.goto(address + path)
        expect(page.locator(there).first).to_be_visible()
        assert page.locator("html").get_attribute("lang") == lang
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            found += [(path, theme, fault) for fault in faults_of(page)]
    return found
