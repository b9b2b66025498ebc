"""Words as topics in a real browser: a row, its page and its address, in French; and nothing hostile in them works."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import msgspec
from playwright.sync_api import Browser, Page, expect

from pipeline.text import fold
from pipeline.wording import language, languages, reason_of
from schemas import Trend
from tests.browser.shown import BEGIN, SHOTS, Shown, listed, row

ALSO = ["Évry-Sud", "l’été à Vélizy", "<img src=x onerror=alert(1)>", "a\u202eb", "x" * 300, "sixième"]


def said(rank: int, written: str, **fields: object) -> Trend:
    """A row of words as people write them."""
    return msgspec.structs.replace(row(rank, written), topic=fold(written), **fields)


def of_words() -> Trend:
    return said(1, "Élue du quartier", joined=list(map(fold, ALSO)), also=ALSO, since=BEGIN)


def test_a_row_of_words_is_read_opened_and_shared_in_french(opened: Callable[..., Page], shown: Shown) -> None:
    told = [of_words(), said(2, "<b>feu</b> d’artifice"), row(3, "#Paris")]
    for minute in (30, 31):
        shown.publish(msgspec.structs.replace(listed(minute), trends=told))
    page = opened(lang="fr-FR")
    first = page.locator("section.list tbody tr").first
    expect(first.locator("th.topic")).to_contain_text("Élue du quartier")
    expect(first).to_contain_text("on dit aussi : Évry-Sud, l’été à Vélizy, <img src=x onerror=alert(1)>")
    expect(first).not_to_contain_text("sixième")
    expect(page.locator("section.list tbody tr").nth(1)).to_contain_text("<b>feu</b> d’artifice")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=SHOTS / "words-fr.png")
    first.locator("th.topic a").click()
    expect(page.get_by_role("heading", name="Élue du quartier")).to_be_focused()
    expect(page.locator("article.topic .lead")).to_contain_text("on dit aussi : Évry-Sud")
    assert parse_qs(urlsplit(page.url).query)["topic"] == ["elue du quartier"]
    shared = opened("?" + urlsplit(page.url).query, lang="fr-FR", width=360, height=740)
    expect(shared.get_by_role("heading", name="Élue du quartier")).to_be_visible()
    assert shared.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shared.screenshot(path=SHOTS / "words-fr-topic.png")


def test_what_people_say_too_is_said_alike_by_the_scripts_and_by_python(browser: Browser, shown: Shown) -> None:
    rows = [of_words(), said(2, "feu", also=[], joined=["bal populaire"])]
    for lang in languages():
        page = browser.new_page()
        page.goto(f"{shown.address}?lang={lang}")
        for one in rows:
            one.also = [it for it in one.also if len(it) < 80 and it.isprintable()]
            one.joined = list(map(fold, one.also)) or one.joined
            by_script = page.evaluate(
                "async (row) => (await import('/static/texts.js')).reasonOf(row)", msgspec.to_builtins(one)
            )
            assert by_script == reason_of(one, language(lang))
        page.close()
