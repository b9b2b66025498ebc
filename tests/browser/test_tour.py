"""The tour of the demo: over the pages, by keys alone, in every language, and over when somebody ends it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from pipeline.web.frame import STATIC
from pipeline.web.tour import tour_of
from pipeline.wording import language, languages
from tests.browser.axe import faults_of
from tests.wall.server import EVENTS, serving
from tests.wall.test_pages import opened

STEPS = tour_of("fete", "conf")


@pytest.mark.parametrize("lang", languages())
def test_keys_alone_lead_through_all_steps_and_each_page_is_read_aloud(browser: Browser, lang: str) -> None:
    words = language(lang)
    with serving(tour=STEPS) as served:
        page = opened(browser, f"{served.address}/?lang={lang}")
        for number, step in enumerate(STEPS, 1):
            expect(page.locator("#tour h2:visible")).to_have_text(
                f"{number}/{len(STEPS)} {words[f'tour.{step.name}.title']}"
            )
            assert page.url.startswith(f"{served.address}{step.path}?")
            if number > 1:
                expect(page.locator("#tour h2:visible")).to_be_focused()
            if step.path in ("/", "/alerts") or lang == "fr":
                assert faults_of(page) == []
            if number < len(STEPS):
                page.get_by_role("button", name=words["tour.next"]).press("Enter")
        assert page.get_by_role("button", name=words["tour.next"]).count() == 0
        page.get_by_role("button", name=words["tour.back"]).press("Enter")
        expect(page.locator("#tour h2:visible")).to_contain_text(words["tour.stage.title"])
        page.keyboard.press("Escape")
        expect(page.locator("#tour")).to_be_hidden()
        page.goto(f"{served.address}/")
        expect(page.locator("#controls")).to_be_visible()
        expect(page.locator("#tour")).to_be_hidden()
        page.context.close()


def test_on_a_page_that_is_enlarged_four_times_the_tour_covers_nothing(browser: Browser) -> None:
    with serving(tour=STEPS) as served:
        page = opened(browser, served.address, 320, 225)
        expect(page.locator("#tour")).to_have_css("position", "static")
        page.context.close()


def test_there_is_no_tour_but_where_there_is_one_to_show(browser: Browser) -> None:
    with serving() as served:
        page = opened(browser, served.address)
        assert page.locator("#tour").count() == 0
        assert (STATIC / "tour.js").name not in page.content()
        page.context.close()
    assert {step.path.split("/")[2] for step in STEPS if step.path.count("/") > 1} <= {it.name for it in EVENTS}
