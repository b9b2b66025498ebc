"""A topic's page in a real browser: ranges, a second topic beside it, its course as a file and as a picture; search."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.asking import boxes
from tests.browser.shown import BEGIN, Shown, alert, listed


def test_a_course_has_ranges_a_second_topic_and_files(
    opened: Callable[..., Page], shown: Shown, tmp_path: Path
) -> None:
    shown.publish(*(listed(-minutes, "#Lyon") for minutes in (500, 300, 200)))
    shown.alerts.add(alert(1))
    page = opened("?topic=%23lyon", lang="fr-FR")
    figure = page.locator("article.topic figure")
    expect(figure.locator("canvas")).to_be_visible()
    expect(figure.locator("figcaption")).to_have_text("Évolution du dernier jour")
    figure.get_by_role("button", name="6 h").click()
    expect(figure.locator("figcaption")).to_have_text("Évolution sur six heures")
    expect(figure.locator("details tbody tr")).to_have_count(32)  # of 30 minutes, and two of the three before
    expect(figure.locator("canvas")).to_have_count(1)
    figure.get_by_label("Ajouter à côté…").focus()
    figure.get_by_label("Ajouter à côté…").select_option("#Paris")
    expect(figure.locator(".u-legend")).to_contain_text("#Paris")
    with page.expect_download() as loading:
        figure.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(Path(loading.value.path()).read_text().splitlines()))
    assert len(rows) == 32
    assert (rows[0]["people"], rows[0]["posts"]) == ("50", "100")
    assert loading.value.suggested_filename == "upswell #lyon 1h.csv"
    with page.expect_download() as loading:
        figure.get_by_role("button", name="Image").click()
    assert loading.value.suggested_filename == "lyon.png"
    assert Path(loading.value.path()).read_bytes().startswith(b"\x89PNG")


def test_who_looks_closer_at_a_course_sees_that_they_do_and_comes_back(
    opened: Callable[..., Page], shown: Shown
) -> None:
    page = opened("?topic=%23lyon")
    whole, over = page.get_by_role("button", name="Whole range"), page.locator(".chart .u-over")
    over.scroll_into_view_if_needed()
    expect(page.get_by_text("Drag over the chart")).to_be_visible()
    expect(whole).to_be_hidden()
    (box,) = boxes(over)
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=5)
    expect(page.locator(".u-select")).to_have_css("width", "200px")
    page.mouse.up()
    expect(whole).to_be_visible()
    whole.click()
    expect(whole).to_be_hidden()
    assert page.evaluate("document.activeElement !== document.body")


def test_search_offers_topics_of_the_past_and_enter_opens_the_first(opened: Callable[..., Page], shown: Shown) -> None:
    shown.publish(listed(31, "#Paris"))
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("lyo")
    expect(page.locator("#hits a")).to_have_count(1)  # first those of a shorter word
    expect(page.locator("#hits a")).to_have_text("#lyon")
    expect(page.locator("#hits")).to_contain_text("last listed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="#Lyon")).to_be_focused()
    expect(page.locator("#hits")).to_be_hidden()
    page.keyboard.press("Escape")
    page.locator("#q").fill("<b>nothing")
    expect(page.locator("#hits")).to_have_text("Nothing fits.")
    page.locator("#q").press("Escape")
    expect(page.locator("#hits")).to_be_hidden()


def test_search_looks_through_older_posts_when_asked_to_and_says_how_far_it_came(
    browser: Browser, shown: Shown
) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(shown.address)
    old = {"id": "1", "author": "zoe", "name": "Zoé", "text": "au <b>théâtre</b>", "source": "sms", "time": BEGIN}
    whole = {"avatar": "", "pictures": [], "url": ""}
    answers = [(503, {"detail": "others"}), (200, {"posts": [old | whole], "posts_since": BEGIN, "whole": False})]
    answers.append((200, {"posts": [], "posts_since": BEGIN, "whole": True}))
    none = {"topics": [], "posts": [], "posts_since": BEGIN + 1, "more": True}
    page.route("**/api/v1/search?*", lambda route: route.fulfill(json=none))

    def told(route: Route) -> None:
        status, body = answers.pop(0)
        route.fulfill(status=status, json=body)

    page.route("**/api/v1/search/past?*", told)
    older, said = page.get_by_role("button", name="Look for older ones"), page.locator("#hits .older [role=status]")
    page.locator("#q").fill("theatre")
    older.click()
    expect(said).to_contain_text("Try again")
    older.click()
    expect(page.locator("#hits .post .said")).to_have_text("au <b>théâtre</b>")
    expect(said).to_contain_text("All posts since")
    page.locator("#q").fill("theatre x")
    older.click()
    expect(said).to_have_text("Nothing fits. That is all that is kept.")
    page.close()
