"""Nothing moves under who reads, however fast posts and lists come; and who reads a wall keeps what they read."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from schemas import Post
from schemas.posts import Media
from tests.browser.asking import asked, boxes
from tests.sinks.lists import trend_list
from tests.sinks.servers import until
from tests.wall.server import ANN, EVENTS, Served, serving
from tests.wall.test_browser import post

SHIFTS = """new PerformanceObserver((all) => {
    for (const one of all.getEntries()) if (!one.hadRecentInput) (window.shifts ??= []).push(one.value);
}).observe({ type: "layout-shift", buffered: true });"""
SLOW = {"rate": 4}
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1_280, "height": 800}
PAGES = {
    "/": "section.list tbody tr",
    "/?topic=%23lumiere": ".examples .post",
    "/events/fete": "#repeated",
    "/events/fete/wall": "#posts .post",
    "/screen/fete": "#posts .post",
    "/screen": "section.list tbody tr",
    "/alerts": ".empty",
    "/voice": ".voice tbody tr",
}


def said(number: int) -> Post:
    """Posts of every length, some with a picture."""
    text = f"{'un mot de plus ' * (number * 7 % 11)}numéro {number} #fete #lumiere"
    made = post(str(number), text)
    return msgspec.structs.replace(made, media=[Media(f"https://a.example/{number}.jpg")] if number % 8 == 0 else None)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as running:
        running.take(*(said(number) for number in range(60)))
        listed(running, 0)
        yield running


def later(number: int) -> Post:
    made = said(number)
    return msgspec.structs.replace(made, id=f"later{number}", time=int(made.time) + number)


def listed(served: Served, turn: int) -> None:
    names = [*("#lumiere", "#concert", "#balade")[turn % 3 :], f"#n{turn}", f"#m{turn}"]
    for scope in ("all", "event:fete", "event:conf"):
        made = trend_list(*names, scope=scope, at=time.time_ns() // 1_000_000_000 * 1_000)
        made.trends[0] = msgspec.structs.replace(made.trends[0], examples=["1", "2", "4"])
        served.feed.publish(made)


@contextmanager
def lively(served: Served) -> Iterator[None]:
    """Five posts a second, a list a second."""
    over = threading.Event()

    def run() -> None:
        for number in itertools.count(100):
            served.take(said(number))
            if number % 5 == 0:
                listed(served, number // 5)
            if over.wait(0.2):
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def opened(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opening(path: str, size: dict[str, int], slow: bool = False, **more: object) -> Page:
        contexts.append(browser.new_context(locale="fr-FR", viewport=size, **more))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.add_init_script(SHIFTS)
        if slow:
            contexts[-1].new_cdp_session(page).send("Emulation.setCPUThrottlingRate", SLOW)
        page.goto(served.address + path)
        return page

    yield opening
    for context in contexts:
        context.close()


@pytest.mark.alone
@pytest.mark.parametrize(
    ("path", "there", "size"),
    [(*page, PHONE) for page in PAGES.items()]
    + [(path, PAGES[path], DESK) for path in ("/events/fete/wall", "/screen/fete")],
)
def test_nothing_moves_on_any_page_while_posts_come_five_times_a_second(
    served: Served, opened: Callable[..., Page], path: str, there: str, size: dict[str, int]
) -> None:
    with lively(served):
        stage = served.walls.walls["fete"].screen
        if path == "/screen/fete":  # cards are larger until there are enough of them
            until(lambda: len(stage.items) == stage.places)
        page = opened(path, size, slow=True, is_mobile=size is PHONE, has_touch=size is PHONE)
        expect(page.locator(there).first).to_be_visible(timeout=20_000)
        seen = page.locator("main").inner_text()
        page.wait_for_timeout(4_000)
        if "topic" not in path and path not in ("/alerts", "/voice"):
            assert page.locator("main").inner_text() != seen
        assert (sum(page.evaluate("window.shifts ?? []")), path) <= (0.05, path)


@pytest.mark.parametrize("words", [3, 40])
def test_nothing_on_the_stage_moves_while_it_fills_card_by_card(browser: Browser, words: int) -> None:
    with serving() as served:
        page = browser.new_context(viewport={"width": 1_920, "height": 1_080}, locale="fr-FR").new_page()
        page.add_init_script(SHIFTS)
        page.goto(f"{served.address}/screen/fete")
        expect(page.locator("#none")).to_be_visible()
        shown = served.walls.walls["fete"].screen
        for number in range(7):
            served.take(post(str(number), f"{'un mot ' * (words if number % 2 else 3)} numéro {number} #fete"))
            until(lambda number=number: any(entry.post.id == str(number) for entry in shown.items))  # type: ignore[misc]
            expect(page.locator("#posts")).to_contain_text(f"numéro {number} ")
            page.wait_for_timeout(1_000)  # it has come, and the others made room
            assert (number, sum(page.evaluate("window.shifts ?? []"))) <= (number, 0.05)
        page.context.close()


def first_of(page: Page) -> str:
    return page.locator("#posts .post .said").first.inner_text()


def test_on_a_phone_new_posts_wait_behind_a_button_and_what_may_not_be_shown_leaves_at_once(
    served: Served, opened: Callable[..., Page]
) -> None:
    page = opened("/events/fete/wall", PHONE, is_mobile=True, has_touch=True)
    expect(page.locator("#posts .post")).to_have_count(60)
    read = first_of(page)
    served.take(*(said(number) for number in range(100, 170)))  # more than a wall tells
    fresh = page.get_by_role("button", name="60 nouveaux messages")
    expect(fresh).to_be_visible()
    assert first_of(page) == read
    headers = {"authorization": f"Bearer {ANN.secret}"}
    wish = {"kind": "account", "verdict": "blocked", "target": "m/p59"}
    assert httpx.post(f"{served.address}/api/v1/blocks", json=wish, headers=headers).is_success
    expect(page.locator("#posts .post")).to_have_count(59)
    assert first_of(page) != read
    fresh.click()
    expect(page.locator("#posts .post .said").first).to_contain_text("numéro 169 ")
    expect(page.locator("#posts .post")).to_have_count(60)
    expect(page.locator(".news button")).to_be_hidden()
    page.get_by_label("en direct").check()
    served.take(said(200))
    expect(page.locator("#posts .post .said").first).to_contain_text("numéro 200 ")


def test_within_the_page_of_another_site_posts_come_on_a_phone_without_a_tap(browser: Browser) -> None:
    running = Served((ANN,), EVENTS, embed_sites=("https://a.example",))
    try:
        running.take(said(1))
        page = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True).new_page()
        page.goto(f"{running.address}/embed/fete")
        expect(page.locator("#posts .post")).to_have_count(1)
        running.take(said(2))
        expect(page.locator("#posts .post .said").first).to_contain_text("numéro 2 ")
        page.context.close()
    finally:
        running.stop()


def test_on_a_topics_page_its_posts_come_and_what_is_blocked_leaves(
    served: Served, opened: Callable[..., Page]
) -> None:
    served.take(later(59))
    page = opened("/?topic=%23lumiere", DESK)
    newest = page.locator(".examples .post .said").first
    expect(newest).to_contain_text("numéro 59 ")
    served.take(later(60))
    expect(newest).to_contain_text("numéro 60 ", timeout=10_000)
    page.locator(".examples .post").nth(1).hover()
    served.take(later(61), post("else", "not of the topic: lumiere #fete"))
    expect(page.get_by_role("button", name="1 nouveau message")).to_be_visible(timeout=10_000)
    expect(newest).to_contain_text("numéro 60 ")
    headers = {"authorization": f"Bearer {ANN.secret}"}
    wish = {"kind": "account", "verdict": "blocked", "target": "m/p60"}
    assert httpx.post(f"{served.address}/api/v1/blocks", json=wish, headers=headers).is_success
    expect(newest).not_to_contain_text("numéro 60 ", timeout=10_000)
    page.mouse.move(5, 5)
    expect(newest).to_contain_text("numéro 61 ", timeout=10_000)


def test_beside_a_mouse_posts_come_by_themselves_but_not_while_one_reads(
    served: Served, opened: Callable[..., Page]
) -> None:
    page = opened("/events/fete/wall", DESK)
    expect(page.get_by_label("en direct")).to_be_checked()
    expect(page.locator("#posts .post")).to_have_count(60)
    served.take(said(100))
    expect(page.locator("#posts .post .said").first).to_contain_text("numéro 100 ")
    page.locator("#posts .post").nth(1).hover()
    served.take(said(101))
    expect(page.get_by_role("button", name="1 nouveau message")).to_be_visible()
    assert "numéro 100 " in first_of(page)
    page.mouse.move(5, 5)
    expect(page.locator("#posts .post .said").first).to_contain_text("numéro 101 ")


def test_posts_that_come_do_not_move_those_that_a_moderator_is_at(served: Served, opened: Callable[..., Page]) -> None:
    page = opened("/moderate/fete", DESK)
    page.get_by_label("Jeton").fill(ANN.secret)
    page.keyboard.press("Enter")
    page.locator("[data-queue=shown]").click()
    cards = page.locator("#queue > .post")
    expect(cards.first).to_contain_text("numéro 59 ")
    cards.nth(1).hover()
    held = boxes(cards.nth(1))
    served.take(said(100), said(101))
    fresh = page.get_by_role("button", name="2 nouveaux messages")
    expect(fresh).to_be_visible()
    assert boxes(cards.nth(1)) == held
    cards.nth(1).get_by_role("button", name="Mettre de côté").click()
    expect(cards.nth(1)).not_to_contain_text("numéro 58 ")
    fresh.click()
    expect(cards.first).to_contain_text("numéro 101 ")
    expect(fresh).to_be_hidden()
    page.mouse.move(5, 5)
    page.locator("#queue > .post").first.evaluate("document.activeElement.blur()")
    served.take(said(102))
    expect(cards.first).to_contain_text("numéro 102 ")


def stacked(foot: float, cards: list[dict[str, float]], columns: int) -> bool:
    """Whether they stand in so many columns, each card 12 pixels below another, and the last of them at the foot."""
    stacks = [[it for it in cards if round(it["x"]) == x] for x in {round(it["x"]) for it in cards}]
    gaps = {round(low["top"] - high["bottom"]) for stack in stacks for high, low in itertools.pairwise(stack)}
    return len(stacks) == columns and gaps == {12} and abs(foot - max(it["bottom"] for it in cards)) <= 1


def test_cards_stand_below_one_another_in_columns_newest_first_and_cover_nothing(
    opened: Callable[..., Page],
) -> None:
    for size, columns in ((PHONE, 1), (DESK, 2), ({"width": 1_920, "height": 1_080}, 4)):
        page = opened("/events/fete/wall", size)
        expect(page.locator("#posts .post")).to_have_count(60)
        stand = """them => {
            const foot = document.querySelector("#posts").getBoundingClientRect().bottom;
            return [foot, them.map(it => it.getBoundingClientRect().toJSON())];
        }"""
        asked(page.locator("#posts .post"), stand, lambda told, columns=columns: stacked(*told, columns))
