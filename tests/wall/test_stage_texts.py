"""What an audience reads on walls and stages: pictures beside texts, no word broken, links as one says them."""

from __future__ import annotations

import msgspec
from playwright.sync_api import Browser, expect

from schemas.events import Event
from tests.browser.asking import asked
from tests.browser.axe import faults_of
from tests.wall.server import serving
from tests.wall.test_browser import post
from tests.wall.test_pages import SEA, opened

TITLE = "Cap’Com Net, le rendez-vous annuel de la communication publique et territoriale"
BROKEN = """them => them.filter((it) => {  // texts that have a letter cut off, or a word on two lines
    if (it.scrollHeight > it.clientHeight + 2 || it.scrollWidth > it.clientWidth) return true;
    const text = it.firstChild, range = document.createRange();
    return [...text.data.matchAll(/[#\\p{L}\\p{N}]+/gu)].some(({ 0: word, index }) => {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
    });
}).map((it) => it.textContent)"""


def test_on_the_wall_no_card_stands_empty_beside_a_picture(browser: Browser) -> None:
    with serving() as served:
        for number in range(9):
            one = post(f"p{number}", f"le plan fixe fait parler tout le monde, avis aux curieux {number} #fete")
            served.take(msgspec.structs.replace(one, media=[SEA] if number in (4, 6) else None))
        for width in (1_280, 1_920):
            page = opened(browser, f"{served.address}/events/fete/wall", width, 1_000)
            expect(page.locator("img.photo")).to_have_count(2)
            gaps = (
                "them => them.map((it) => it.querySelector('.foot').offsetTop"
                " - it.querySelector('.said').offsetTop - it.querySelector('.said').offsetHeight)"
            )  # less than two lines and a half
            asked(page.locator(".post:not(:has(.photo))"), gaps, lambda told: len(told) == 7 and max(told) < 70)
            asked(page.locator("img.photo"), "them => them.map((it) => it.clientHeight)", lambda told: min(told) > 120)
            page.context.close()


def test_a_text_that_no_card_holds_ends_with_a_whole_line_and_a_long_tag_leaves_room_for_the_title(
    browser: Browser,
) -> None:
    tag = "#" + "Tres" * 20
    with serving(events=(Event("net", title=TITLE, hashtags=(tag, "#net")),)) as served:
        for number in range(5):
            served.take(post(f"p{number}", f"{'Un mot pour tous. ' * (30 if number % 2 else 2)}#net"))
        for width, height in ((1_920, 1_080), (1_080, 1_920)):
            page = opened(browser, f"{served.address}/screen/net", width, height)
            expect(page.locator(".said.cut")).to_have_count(2)
            lines = (
                "them => them.map((it) => [it.clientHeight / parseFloat(getComputedStyle(it).lineHeight),"
                " it.getBoundingClientRect().bottom <= it.nextElementSibling.getBoundingClientRect().top + 1])"
            )
            asked(
                page.locator(".said.cut"),
                lines,
                lambda told: all(abs(number - round(number)) < 0.1 and above for number, above in told),
            )
            expect(page.locator("h1")).to_have_text(TITLE)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.context.close()
        page = opened(browser, f"{served.address}/events/net/wall", 360, 740)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()


def test_on_the_stage_words_are_whole_links_short_and_the_title_complete(browser: Browser) -> None:
    said = (
        "Enfin ! la clôture avance enfin malgré la pluie. #CapComNet",
        "Belle surprise, voir https://www.exemple.example/un/long/chemin?vers=la-page #CapComNet",
        "Qui vient avec moi ? #CapComNet #VilleDuQuartDHeure",
        "« Personne ne lit votre lettre parce que personne ne l’a demandée » #CapComNet",
        "Oui. #CapComNet",
    )
    with serving(events=(Event("net", title=TITLE, hashtags=("#CapComNet",)),)) as served:
        served.take(*(post(f"p{number}", text) for number, text in enumerate(said)))
        for width, height in ((1_920, 1_080), (3_840, 2_160), (1_080, 1_920), (1_280, 1_024)):
            for layout in ("grid", "single", "carousel", "masonry"):
                page = opened(browser, f"{served.address}/screen/net?layout={layout}", width, height)
                expect(page.locator(".post .said").first).to_be_visible()
                asked(page.locator("h1, .said:visible, .post strong bdi"), BROKEN, lambda told: not told)
                expect(page.locator("h1")).to_have_text(TITLE)
                rem = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
                size = "them => Math.max(...them.map((it) => parseFloat(getComputedStyle(it).fontSize)))"
                if layout == "masonry":
                    asked(page.locator(".said"), size, lambda told, rem=rem: told <= 1.6 * rem + 0.1)
                if layout == "grid":
                    expect(page.locator("#posts .post")).to_have_count(len(said))
                    asked(
                        page.locator("#posts"),
                        "([it]) => it.innerText.replaceAll('\u200b', '').replaceAll('\\n', ' ')",
                        lambda told: "voir exemple.example/… #CapComNet" in told and "avec moi\u00a0?" in told,
                    )
                    assert faults_of(page) == []
                page.context.close()
