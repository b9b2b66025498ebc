"""The live page where it is hard: at every size, with hostile posts, many tabs, no scripts, and a server that goes
away. Screenshots are kept in build/screenshots."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.asking import boxes
from tests.browser.axe import THEMES, faults_of
from tests.browser.shown import SHOTS, Shown, listed, topics

HOSTILE = (
    "#<script>alert(1)</script>",
    "#<img src=x onerror=alert(1)>",
    "#\u202eevil\u2066",
    "#" + "w" * 250,
    "#" + "👩‍👩‍👧‍👦" * 60,
    "#z" + "\u0301" * 300,
    "#\u200b\u200b\u200b",
    "#javascript:alert(1)",
    "#'\"&`}{",
    "#مرحبا",
)


def test_all_tabs_of_a_browser_share_one_stream_and_the_tenth_lives(browser: Browser, shown: Shown) -> None:
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(10)]
    for n, tab in enumerate(tabs):
        tab.goto(f"{shown.address}?scope={'event:fete' if n % 2 else 'all'}")
    for n, tab in enumerate(tabs):
        expect(tab.locator("th.topic a bdi").first).to_have_text("#Bal" if n % 2 else "#Paris")
    shown.publish(listed(30, "#New"))
    for tab in tabs[::2]:
        expect(tab.locator("th.topic a bdi").first).to_have_text("#New")
    assert shown.feed.readers == 1
    for tab in tabs[1::2]:
        tab.close()
    shown.restart()
    shown.publish(listed(31, "#Back"))
    for tab in tabs[::2]:
        expect(tab.locator("th.topic a bdi").first).to_have_text("#Back", timeout=15_000)
    context.close()


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (3840, 2160)])
def test_no_fault_of_accessibility_at_any_size(
    opened: Callable[..., Page], shown: Shown, width: int, height: int
) -> None:
    shown.publish(listed(30, *(f"#Sujet{n}" for n in range(20)), flags=["one_post"]))
    for name, path in (("list", ""), ("topic", "?topic=%23sujet1"), ("screen", "screen")):
        page = opened(path, width=width, height=height)
        expect(page.locator("section.list tbody tr:visible, article.topic h1").first).to_be_visible()
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(100)
            assert faults_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.screenshot(path=SHOTS / f"{name}-{width}-{theme}.png")


def test_hostile_topics_stay_text_and_in_their_place(opened: Callable[..., Page], shown: Shown) -> None:
    shown.publish(listed(30, *HOSTILE, variants=["<svg onload=alert(1)>"]))
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(len(HOSTILE))
    assert topics(page)[:2] == list(HOSTILE[:2])
    expect(page.locator("main script, main img, main svg[onload]")).to_have_count(0)
    heights = {round(line["height"]) for line in boxes(page.locator("section.list tbody tr"))}
    assert max(heights) - min(heights) <= 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=SHOTS / "hostile.png")
    for n in range(len(HOSTILE)):
        page.locator("section.list th.topic a").nth(n).click()
        expect(page.locator("article.topic h1")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("section.list tbody tr")).to_have_count(len(HOSTILE))


def test_it_recovers_by_itself_after_its_server_was_away(opened: Callable[..., Page], shown: Shown) -> None:
    page = opened("screen", width=1920, height=1080)
    expect(page.locator("section.list tbody tr")).to_have_count(3)
    shown.restart()
    shown.publish(listed(30, "#Back"))
    expect(page.locator("th.topic a bdi").first).to_have_text("#Back", timeout=15_000)
    expect(page.locator("#status")).to_have_text("", timeout=15_000)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_big_screen_tells_nothing_of_how_its_list_is_made(
    opened: Callable[..., Page], shown: Shown, scripts: bool
) -> None:
    made = msgspec.structs.replace(listed(30, "#Later"), flag="provisional", final=False)  # and old, too
    shown.publish(made)
    page = opened("screen", width=1920, height=1080, java_script_enabled=scripts)
    expect(page.locator("th.topic a bdi").first).to_have_text("#Later")
    said = page.locator("caption").inner_text()
    assert "later" not in said.lower()
    assert "so far" not in said
    assert "provisional" not in said
    assert "last list" not in said


def test_it_works_as_a_plain_table_without_scripts(opened: Callable[..., Page]) -> None:
    page = opened("?scope=all&scope=event:fete", java_script_enabled=False)
    assert page.locator("section.list tbody th").all_inner_texts() == ["#Paris", "#Lyon", "$AAPL", "#Bal", "#Feu"]


@pytest.mark.alone
def test_it_is_light_and_quick(opened: Callable[..., Page]) -> None:
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(3)
    page.wait_for_timeout(500)
    came = page.evaluate("""() => ["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind))
        .map((one) => [one.name, one.transferSize])""")
    names = [name for name, _ in came]
    assert sorted(set(names)) == sorted(names)  # nothing comes twice
    assert 20_000 < sum(size for _, size in came) < 60_000
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 1_000
