"""With the keyboard alone, on every page: whatever can be used is reached, is seen where it has the focus, and keeps it
while posts and lists come; and nothing runs by itself where less motion is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.sources.gateway import Gateway
from pipeline.web.posting import PostDesk
from schemas import Post
from schemas.events import Event
from tests.wall.server import ANN, Served, serving
from tests.wall.test_pages import opened, signed_in
from tests.wall.test_still import listed, said

EVENTS = (
    Event("fete", title="Fête de la ville", hashtags=("#fete",), posting=True),
    Event("conf", title="Conf", hashtags=("#lumiere",), moderation="manual"),
)
PAGES = {
    "/": "section.list tbody tr",
    "/?topic=%23lumiere": "dl.facts",
    "/screen": "section.list tbody tr",
    "/voice": ".voice tbody tr",
    "/alerts": ".empty",
    "/events": ".events .card",
    "/events/fete": "#repeated",
    "/events/fete/wall": "#posts .post",
    "/screen/fete": "#posts .post",
    "/moderate": "#never",
    "/moderate/conf": "#queue .post",
    "/setup": "h1",
    "/setup/event": "form",
    "/setup/event/fete": "form",
    "/setup/watchlist": "form",
    "/setup/rule": "form",
    "/setup/file": "form",
    "/embed/fete": "#posts .post",
    "/none": "h1",
}
USED = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
# Of what has the focus: what it is, and what is wrong with how it is seen
FOCUSED = """() => {
    const it = document.activeElement;
    if (!it || it === document.body || it.walked) return null;
    const box = it.getBoundingClientRect(), style = getComputedStyle(it), wrong = [];
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) wrong.push("no outline");
    if (box.width < 1 || box.height < 1) wrong.push("no place");
    if (box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) wrong.push("out of sight");
    const seen = (x, y) => {
        const top = document.elementFromPoint(x, y);
        return top && (it.contains(top) || top.contains(it) || top.closest("label")?.control === it);
    };
    const free = (one) => [0.1, 0.5, 0.9].some((part) => seen(one.left + one.width * part, one.top + one.height / 2));
    if (![...it.getClientRects()].some(free)) wrong.push("covered");
    it.walked = true;
    return [it.outerHTML.slice(0, 160), wrong];
}"""
LEFT = """(used) => [...document.querySelectorAll(used)].filter((it) => !it.walked && !it.disabled && it.tabIndex >= 0
    && it.checkVisibility({ visibilityProperty: true }) && it.type !== "radio")
    .map((it) => it.outerHTML.slice(0, 160))"""


def _unopened() -> NoReturn:
    raise AssertionError("nobody writes here")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(
        events=EVENTS, posts=PostDesk(gateway=Gateway(_unopened, _unopened)), embed_sites=("https://a.example",)
    ) as running:
        running.take(*(said(number) for number in range(8)))
        for turn in range(4):
            listed(running, turn)
        yield running


def walked(page: Page) -> list[Any]:
    """What Tab reaches until it comes back to where it was, or leaves the page."""
    found: list[Any] = []
    page.keyboard.press("Tab")
    while (focused := page.evaluate(FOCUSED)) is not None:
        found.append(focused)
        page.keyboard.press("Tab")
    return found


@pytest.mark.parametrize("width", [1_280, 360])
@pytest.mark.parametrize(("path", "there"), PAGES.items())
def test_tab_reaches_all_that_can_be_used_and_it_is_seen(
    browser: Browser, served: Served, path: str, there: str, width: int
) -> None:
    page = opened(browser, served.address + path, width, 740)
    if path.startswith(("/moderate", "/setup")):
        signed_in(page, ANN.secret)
    expect(page.locator(there).first).to_be_visible(timeout=20_000)
    page.wait_for_timeout(700)
    page.locator("a[href]").first.focus()
    page.keyboard.press("Shift+Tab")
    page.locator("a").evaluate_all("them => them.forEach((it) => { it.style.pointerEvents = 'auto'; })")  # on a screen
    assert [it for it in walked(page) if it[1]] == []
    assert page.evaluate(LEFT, USED) == []  # nor is there a trap on the way
    assert page.evaluate("document.getAnimations().filter((it) => it.playState === 'running').length") == 0
    page.context.close()


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/", ".headline h2 a"),
        ("/", "tbody tr:nth-child(2) a"),
        ("/events/fete", "#repeated a"),
        ("/events/fete/wall", "#posts .foot a"),
        ("/moderate/fete", "#queue article"),
        ("/moderate/fete", "#queue button"),
    ],
)
def test_what_has_the_focus_keeps_it_when_it_is_drawn_anew(
    browser: Browser, served: Served, path: str, held: str
) -> None:
    one = msgspec.structs.replace(said(1_000), id=f"focus{path}{held}", url="https://example.org/1")
    served.take(one, copy(one, 1))
    page = opened(browser, served.address + path)
    if path.startswith("/moderate"):
        signed_in(page, ANN.secret)
        page.locator("#tabs button").nth(1).click()
    page.locator(held).first.focus()
    page.evaluate("window.held = document.activeElement")
    for number in range(2, 4):
        served.take(copy(one, number))
        listed(served, 3 * number)
        page.wait_for_timeout(2_200)  # as long as a board waits
    assert page.evaluate("document.activeElement !== document.body")
    assert page.evaluate("document.activeElement.tagName === held.tagName")
    page.context.close()


def copy(post: Post, number: int) -> Post:
    return msgspec.structs.replace(post, id=f"{post.id}-{number}", author=f"c{number}", repost_of=post.id)
