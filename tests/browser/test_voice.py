"""Share of voice in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from playwright.sync_api import Page, expect

from schemas import TrendList
from tests.browser.axe import faults_of
from tests.browser.shown import SHOTS, Shown, listed


def voiced(minute: int, scope: str, posts: int) -> TrendList:
    return msgspec.structs.replace(listed(minute, scope=scope), posts=posts, authors=posts // 2)


def test_share_of_voice_is_drawn_and_told_in_figures(opened: Callable[..., Page], shown: Shown) -> None:
    for minute in range(1, 30):
        shown.publish(voiced(minute, "watch:<b>us</b>", 10 + minute))
        shown.publish(voiced(minute, "watch:them", 30))
    page = opened("voice", lang="fr-FR")
    expect(page.get_by_role("heading", name="Part de voix")).to_be_visible()
    rows = page.locator(".voice tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("<b>us</b>")
    shares = [re.compile(rf"^{figure}\s*{unit}$") for figure, unit in ((57, "%"), (39, ""), (19, ""))]
    expect(rows.nth(0).locator("td")).to_have_text(shares)
    expect(page.locator(".chart canvas")).to_be_visible()
    shown.publish(voiced(30, "watch:them", 117))
    expect(rows.nth(1).locator("td").nth(0)).to_contain_text("75", timeout=10_000)
    assert faults_of(page) == []
    page.screenshot(path=SHOTS / "voice.png")
    opened("", lang="en").get_by_role("link", name="Share of voice").click()


def test_of_a_handful_of_posts_no_shares_are_told_with_or_without_scripts(
    opened: Callable[..., Page], shown: Shown
) -> None:
    for minute in (1, 2):
        shown.publish(voiced(minute, "watch:us", minute), voiced(minute, "watch:them", 3 - minute))
    for scripts in (True, False):
        page = opened("voice", lang="fr-FR", java_script_enabled=scripts)
        rows = page.locator(".voice tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.locator("td:nth-child(2)")).to_have_text(["–", "–"])
        expect(page.locator(".note")).to_have_text(re.compile("^Trop peu de messages"))
    shown.publish(voiced(3, "watch:us", 15), voiced(3, "watch:them", 5))
    for scripts in (True, False):
        page = opened("voice", lang="en-GB", java_script_enabled=scripts)
        expect(page.locator(".voice tbody tr td").first).to_have_text("25%")
        expect(page.locator(".note")).to_contain_text("counts for each")
