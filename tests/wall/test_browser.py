"""An organiser's screen and two moderators, each in a browser of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from schemas import Post
from tests.browser.shown import alert
from tests.wall.server import ANN, BOB, Served, serving


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


def opened(browser: Browser, address: str, faults: list[str]) -> Page:
    page = browser.new_context(locale="en-GB").new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(address)
    return page


def moderator(browser: Browser, served: Served, secret: str, event: str, faults: list[str]) -> Page:
    page = opened(browser, f"{served.address}/moderate/{event}", faults)
    page.get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#tabs button").first).to_be_visible()
    return page


def post(post_id: str, text: str) -> Post:
    return Post(id=post_id, author=f"p{post_id}", text=text, time=int(time.time() * 1_000), source="m")


def test_the_bell_of_alerts_is_on_boards_walls_and_queues(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    served.alerts.add(alert(1))
    pages = [
        opened(browser, served.address + path, faults) for path in ("/events", "/events/conf", "/events/conf/wall")
    ]
    pages.append(moderator(browser, served, ANN.secret, "conf", faults))
    for page in pages:
        expect(page.locator("#bell")).to_have_text("1")
    served.alerts.add(alert(2))
    served.take(post("bell", "now #conf"))  # else a wall hears of it within ten seconds
    for page in pages[1:]:
        expect(page.locator("#bell")).to_have_text("2")
        assert page.title().startswith("(2) ")
    assert faults == []


def test_a_queue_that_is_still_read_back_says_so(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    served.walls.filling = True
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    expect(ann.locator("#none")).to_contain_text("reads its posts back")
    served.loop.call_soon_threadsafe(served.walls.filled)
    expect(ann.locator("#none")).to_have_text("This queue is empty.")
    assert faults == []


@pytest.mark.alone
def test_a_post_is_approved_pinned_and_blocked_by_keys_and_the_screen_follows(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    bob = moderator(browser, served, BOB.secret, "conf", faults)
    screen = opened(browser, f"{served.address}/screen/conf", faults)
    served.take(post("1", "first talk #conf <b>bold</b>"), post("2", "second talk #conf"))
    expect(ann.locator("#queue .post")).to_have_count(2)
    expect(screen.locator(".post")).to_have_count(0)
    ann.keyboard.press("a")
    expect(screen.get_by_text("first talk #conf <b>bold</b>")).to_be_visible(timeout=2_500)
    expect(bob.locator("#queue .post")).to_have_count(1)
    expect(bob.locator("#decisions")).to_contain_text("ann approved a post of p1: “first talk #conf <b>bold</b>”")
    bob.keyboard.press("2")
    expect(bob.locator("#queue .post")).to_contain_text("first talk")
    bob.keyboard.press("p")
    expect(screen.locator("#pins .post")).to_have_count(1)
    bob.keyboard.press("b")
    began = time.monotonic()
    expect(screen.locator(".post")).to_have_count(0)
    assert time.monotonic() - began < 2
    bob.keyboard.press("u")
    expect(screen.locator("#pins .post")).to_have_count(1)
    ann.keyboard.press("f")
    expect(ann.locator("#status")).to_have_text("screen frozen")
    expect(screen.get_by_text("frozen")).to_have_count(0)  # a room need not know
    assert faults == []


def test_keys_work_in_the_queue_alone_and_stay_switched_off(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    served.take(*(post(f"k{number}", f"talk {number} #conf") for number in range(3)))
    said, decisions, keys = ann.locator("#queue .said"), ann.locator("#decisions li"), ann.locator("#keyed")
    expect(said).to_have_count(3)
    ann.locator("#tabs button").first.focus()
    ann.keyboard.press("f")
    said.nth(1).click()
    ann.keyboard.press("a")  # the one that was clicked, and then the one that takes the focus
    expect(said).to_have_text(["talk 0 #conf", "talk 2 #conf"])
    ann.keyboard.press("s")
    expect(said).to_have_text(["talk 2 #conf"])
    expect(decisions).to_have_count(2)
    keys.uncheck()
    ann.reload()
    expect(keys).not_to_be_checked()
    said.first.click()
    ann.keyboard.press("a")
    keys.check()
    said.first.click()
    ann.keyboard.press("f")
    expect(ann.locator("#status")).to_have_text("screen frozen")
    expect(decisions).to_have_count(3)
    expect(said).to_have_text(["talk 2 #conf"])
    assert faults == []


def test_who_is_looked_for_is_found_and_trusted_by_a_key_and_their_posts_wait_no_more(
    browser: Browser, served: Served
) -> None:
    faults: list[str] = []
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    said, trusted = ann.locator("#queue .said"), ann.locator("#trusted li")
    served.take(*(post(f"f{number}", f"talk {number} #conf") for number in range(3)))
    expect(said).to_have_count(3)
    ann.keyboard.press("/")
    ann.keyboard.type("TALK 1")
    expect(said).to_have_text(["talk 1 #conf"])
    expect(ann.get_by_text("1 of 3 in this queue")).to_be_visible()
    said.first.click()
    ann.keyboard.press("t")
    expect(trusted).to_have_count(1)
    expect(said).to_have_count(0)
    served.take(msgspec.structs.replace(post("f9", "more of talk 1 #conf"), author="pf1"))
    ann.locator("#tabs button").nth(1).click()
    expect(said).to_have_text(["more of talk 1 #conf", "talk 1 #conf"])  # another queue is looked at whole
    trusted.get_by_role("button").click()
    expect(trusted).to_have_count(0)
    expect(said).to_have_count(0)
    assert faults == []


def test_all_that_waits_is_approved_by_one_click_and_taken_back_by_another_but_nothing_that_nobody_has_read(
    browser: Browser, served: Served
) -> None:
    faults: list[str] = []
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    ann.clock.install()
    ann.reload()
    served.take(*(post(f"n{number}", f"talk {number} #conf") for number in range(3)))
    every = ann.get_by_role("button", name="Approve all shown here")
    waiting = ann.locator("#tabs button").first
    expect(waiting).to_have_text("Waiting 3")
    ann.clock.fast_forward(3_000)
    served.take(post("late", "nobody has read this #conf"))
    expect(ann.locator("#queue .post")).to_have_count(4)
    every.click()
    expect(ann.locator("#queue .post")).to_have_count(1)
    expect(ann.locator("#queue .post")).to_contain_text("nobody has read this")
    ann.get_by_role("button", name="Undo these approvals (3)").click()
    expect(waiting).to_have_text("Waiting 4")
    expect(ann.locator("#undo-all")).to_be_hidden()
    assert faults == []


def test_what_is_decided_while_the_server_starts_anew_is_kept_sent_once_and_can_be_taken_back_at_once(
    browser: Browser, served: Served
) -> None:
    faults: list[str] = []
    ann = moderator(browser, served, ANN.secret, "conf", faults)
    bob = moderator(browser, served, BOB.secret, "conf", [])
    served.take(*(post(f"o{number}", f"talk {number} #conf") for number in range(3)))
    expect(ann.locator("#queue .post")).to_have_count(3)
    ann.context.set_offline(True)
    ann.keyboard.press("a")
    ann.keyboard.press("a")  # nothing seems to happen, and one presses again
    expect(ann.locator("#fault")).to_contain_text("This is kept")
    expect(bob.locator("#tabs button").first).to_have_text("Waiting 3")
    ann.context.set_offline(False)
    expect(bob.locator("#tabs button").first).to_have_text("Waiting 2")
    expect(bob.locator("#decisions li")).to_have_count(1)
    expect(ann.locator("#fault")).to_have_text("")
    done = ann.locator("#last")
    expect(done).to_contain_text("ann approved a post of po0: “talk 0 #conf”")
    done.get_by_role("button", name="Undo").click()
    expect(bob.locator("#tabs button").first).to_have_text("Waiting 3")
    expect(done).to_be_empty()
    assert [fault for fault in faults if "ERR_INTERNET_DISCONNECTED" not in fault] == []


@pytest.mark.alone
def test_a_blocked_word_leaves_screen_and_wall_in_every_window(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    windows = [opened(browser, served.address + path, faults) for path in ("/screen/fete", "/events/fete/wall")]
    served.take(post("1", "quelle мerdе #fete"))
    for page in windows:
        expect(page.locator(".post")).to_have_count(1)
    ann = moderator(browser, served, ANN.secret, "fete", faults)
    ann.get_by_label("Block a word").first.fill("Merde")
    ann.locator("#block-word button").click()
    began = time.monotonic()
    for page in windows:
        expect(page.locator(".post")).to_have_count(0)
    assert time.monotonic() - began < 2
    served.take(post("2", "m.e.r.d.e #fete"), post("3", "jolie fete #fete"))
    for page in windows:
        expect(page.locator(".post")).to_have_count(1)
    board = opened(browser, f"{served.address}/events/fete", faults)
    expect(board.locator("#numbers")).to_contain_text("3 posts")
    assert faults == []


def test_nothing_is_wider_than_the_window_and_the_screen_comes_back_by_itself(browser: Browser, served: Served) -> None:
    faults: list[str] = []
    served.take(post("1", "w" * 900 + " #fete"), *(post(str(it), f"hello {it} #fete") for it in range(2, 9)))
    for path in ("/screen/fete", "/events/fete/wall", "/events/fete"):
        page = opened(browser, served.address + path, faults)
        for width in (360, 1_280, 3_840):
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.locator("main")).not_to_be_empty()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = opened(browser, f"{served.address}/events/fete/wall", faults)
    page.context.set_offline(True)
    page.context.set_offline(False)
    served.take(post("20", "back again #fete"))
    expect(page.get_by_text("back again")).to_have_count(1)
