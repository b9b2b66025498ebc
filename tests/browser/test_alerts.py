"""A moderator who is signed in mutes and acknowledges alerts on the page, with the keyboard, in two languages."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.alerts.recent import RecentAlerts
from pipeline.web.feed import Feed
from pipeline.web.orders import OrderDesk
from pipeline.web.run import start_web
from pipeline.web.tokens import COOKIE, Gate
from schemas.access import Token
from schemas.alerts import About, AlertWhy, Fault, GivenUp, Order, Rule
from schemas.events import Event
from tests.browser.asking import asked, boxes
from tests.browser.axe import faults_of
from tests.browser.shown import alert, listed
from tests.sinks.servers import until

ANN = Token("ann", "a-secret-for-ann-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")


class Desk:
    """A server that remembers the orders it got."""

    def __init__(self, browser: Browser) -> None:
        self.given: list[Order] = []
        self.gate, self.alerts, feed = Gate((ANN, EVE)), RecentAlerts(), Feed()
        self.feed = feed
        feed.publish(listed(1, "#Lyon"))
        orders = OrderDesk(self.gate, self._give, lambda: (Rule("rule"),))
        self.handle = start_web(feed, port=0, alerts=self.alerts, orders=orders)
        self._browser, self.faults = browser, list[str]()

    async def _give(self, order: Order) -> None:
        self.given.append(order)

    def opened(self, token: Token | None, locale: str = "en-GB", view: str = "") -> Page:
        context = self._browser.new_context(locale=locale)
        if token is not None:
            context.add_cookies([{"name": COOKIE, "value": self.gate.begin(token), "url": self.handle.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)
        page.goto(self.handle.address + view)
        return page


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    made = Desk(browser)
    made.alerts.add(alert(1))
    yield made
    for context in browser.contexts:
        context.close()
    made.handle.stop()
    assert made.faults == []


def reached(page: Page, name: str) -> None:
    """Goes to a button with the tabulator alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"no tabulator leads to {name}")


LANGUAGES = [
    ("en-GB", "I look after it", "Mute for 2 h", "Unmute", "Muted alerts"),
    ("fr-FR", "Je m’en occupe", "Taire 2\u00a0h", "Ne plus taire", "Alertes tues"),
]


@pytest.mark.parametrize(("locale", "ack", "mute", "unmute", "heading"), LANGUAGES)
def test_a_moderator_acknowledges_mutes_and_unmutes_by_keyboard(
    desk: Desk, locale: str, ack: str, mute: str, unmute: str, heading: str
) -> None:
    page = desk.opened(ANN, locale)
    expect(page.locator("#alerts li button")).to_have_text([ack, mute])
    reached(page, ack)
    page.keyboard.press("Enter")
    expect(page.locator("#alerts li").first).to_contain_text("ann")
    expect(page.locator("#alerts li button")).to_have_text([mute])
    reached(page, mute)
    page.keyboard.press("Enter")
    expect(page.locator("#alerts h2").nth(1)).to_have_text(heading)
    expect(page.locator("#alerts li button")).to_have_text([unmute])
    assert faults_of(page, "#alerts") == []
    reached(page, unmute)
    page.keyboard.press(" ")
    expect(page.locator("#alerts h2")).to_have_count(1)
    assert [(one.action, one.rule, one.topic, one.by) for one in desk.given] == [
        (action, "rule", "#lyon", "ann") for action in ("acknowledge", "mute", "unmute")
    ]


@pytest.mark.parametrize(("token", "view"), [(None, ""), (EVE, ""), (ANN, "screen")])
def test_who_may_not_decide_sees_mutes_and_no_buttons(desk: Desk, token: Token | None, view: str) -> None:
    desk.alerts.order(Order("mute", "rule", "#x", "<b>bob", 1, 9_000_000_000_000))
    page = desk.opened(token, view=view)
    expect(page.locator("#alerts li")).to_have_count(2)
    expect(page.locator("#alerts li").nth(1)).to_contain_text("<b>bob")
    expect(page.locator("#alerts button")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "heading", "line"),
    [
        ("en-GB", "Not delivered", "<b>ops: refused with HTTP 400 · rule #lyon (now, "),
        ("fr-FR", "Non remises", "<b>ops : refus, HTTP 400 · rule #lyon (en cours, "),
    ],
)
def test_what_a_receiver_did_not_get_is_on_the_page_and_not_on_the_big_screen(
    desk: Desk, locale: str, heading: str, line: str
) -> None:
    now = int(time.time() * 1_000)
    desk.alerts.give_up(
        GivenUp("<b>ops", now, Fault("refused", "400\u202e"), "r/#lyon/1", "firing", "rule", "all", "1h", "#lyon", now)
    )
    page = desk.opened(None, locale)
    expect(page.locator("#alerts h2").nth(1)).to_have_text(heading)
    expect(page.locator("#alerts li.lost")).to_contain_text(line)
    assert faults_of(page, "#alerts") == []
    screen = desk.opened(None, locale, "screen")
    expect(screen.locator("#alerts li")).to_have_count(1)
    expect(screen.locator("#alerts li.lost")).to_have_count(0)


def test_what_fires_is_seen_on_the_big_screen_where_nobody_scrolls(desk: Desk) -> None:
    desk.feed.publish(listed(2, *(f"#t{number}" for number in range(12))))
    desk.alerts.add(alert(2, "resolved"))
    page = desk.opened(None, view="screen")
    page.set_viewport_size({"width": 1_920, "height": 1_080})
    expect(page.locator("#alerts li:visible")).to_have_count(1)
    expect(page.locator("#alerts li.firing")).to_be_in_viewport(ratio=1)
    expect(page.locator("tbody tr:visible")).to_have_count(9)
    desk.alerts.add(alert(1, "resolved"))
    expect(page.locator("tbody tr:visible")).to_have_count(10)
    expect(page.locator("#alerts li:visible")).to_have_count(0)


def test_the_strip_keeps_the_focus_while_alerts_come(desk: Desk) -> None:
    page = desk.opened(ANN)
    expect(page.locator("#alerts li button")).to_have_count(2)
    reached(page, "Mute for 2 h")
    desk.alerts.add(alert(2, "resolved"))
    expect(page.locator("#alerts li")).to_have_count(2, timeout=10_000)
    assert page.evaluate("document.activeElement.textContent") == "Mute for 2 h"


def test_who_wants_is_told_of_a_new_alert_by_sound_and_by_the_system_and_of_no_old_one(desk: Desk) -> None:
    page = desk.opened(None, view="alerts")
    page.evaluate("""() => {
        globalThis.told = [];
        globalThis.Notification = class { constructor(title, more) { told.push([title, more.body]); } };
        Notification.requestPermission = async () => Notification.answer;
        Notification.answer = "denied";
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) { told.push("tone"); return start.call(this, at); };
    }""")
    expect(page.locator("#alerts li")).to_have_count(1)
    notify, sound = page.get_by_label("Show it on this computer"), page.get_by_label("Sound for each new alert")
    notify.click()
    expect(page.locator("#status")).to_have_text("The browser does not let this page show notifications.")
    expect(notify).not_to_be_checked()
    page.evaluate("Notification.answer = 'granted'")
    notify.check()
    sound.check()
    until(lambda: page.evaluate("told.length") == 2)
    assert page.evaluate("told.splice(0)") == ["tone", "tone"]  # how it sounds
    page.get_by_label("Severity").select_option("critical")
    desk.alerts.add(msgspec.structs.replace(alert(2, display="#Quiet"), severity="info"))
    desk.alerts.add(alert(3, display="#Paris"))
    until(lambda: page.evaluate("told.length") >= 3)
    tones, (title, said) = page.evaluate("told.slice(0, 2)"), page.evaluate("told[2]")
    assert (tones, title, "#Paris" in said) == (["tone", "tone"], "Critical", True)
    expect(page.locator("#bell")).to_have_text("3")
    page.get_by_label("Severity").select_option("")
    expect(page.locator("#alerts li")).to_have_count(3)
    assert page.evaluate("told.length") == 3
    assert faults_of(page) == []


def test_the_page_of_alerts_says_how_grave_and_how_old_filters_and_lets_one_snooze(desk: Desk) -> None:
    desk.alerts.add(msgspec.structs.replace(alert(2, "resolved", "#Paris"), severity="info", topic="#paris"))
    now = int(time.time() * 1_000)
    for n in range(3):
        fault = Fault("refused", "400")
        desk.alerts.give_up(GivenUp("ops", now + n, fault, f"r/#x/{n}", "firing", "rule", "all", "1h", "#x", now))
    page = desk.opened(ANN, view="alerts")
    lines = page.locator("#alerts li:not(.lost)")
    expect(lines).to_have_count(2)
    expect(page.locator("#alerts li.lost")).to_have_count(1)
    expect(page.locator("#alerts li.lost")).to_contain_text("and 2 more like it")
    expect(lines.nth(0)).to_contain_text("Critical")
    expect(lines.nth(0).locator(".quiet")).not_to_be_empty()
    expect(page.locator("#bell")).to_have_text("1")
    expect(page).to_have_title("(1) Alerts · upswell")
    page.get_by_label("Severity").select_option("info")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("#Paris")
    assert "severity=info" in page.url
    page.reload()  # the address keeps it
    expect(lines).to_have_count(1)
    page.get_by_label("Severity").select_option("")
    page.get_by_role("button", name="Snooze 15 min").click()
    expect(page.get_by_role("heading", name="Muted alerts")).to_be_visible()
    (order,) = desk.given
    assert (order.action, 800_000 < order.until - now < 1_000_000) == ("mute", True)
    assert faults_of(page) == []
    assert min(box["height"] for box in boxes(page.locator("#alerts li button"))) >= 44


def test_alerts_lead_to_the_board_of_their_event_to_their_list_or_their_topic_in_the_language_of_the_page(
    browser: Browser,
) -> None:
    alerts, feed = RecentAlerts(), Feed()
    feed.publish(listed(1, "#Lyon"))
    room = AlertWhy(counted="people", about=[About("#lyon", "#Lyon")])
    for n, scope in enumerate(("event:fete", "lang:fr")):
        kind = {"kind": "volume", "scope": scope, "key": f"r/{n}", "topic": "", "why": room}
        alerts.add(msgspec.structs.replace(alert(n), **kind))
    alerts.add(alert(3))
    with start_web(feed, port=0, alerts=alerts, events=(Event("fete", title="Fête"),)) as handle:
        page = browser.new_context(locale="fr-FR").new_page()
        page.goto(f"{handle.address}alerts?lang=fr")
        links = page.locator("#alerts li a")
        expect(links).to_have_count(3)
        topic = "/?scope=all&window=1h&topic=%23lyon&lang=fr"
        theirs = {"/events/fete?lang=fr", "/?scope=lang%3Afr&window=1h&lang=fr", topic}
        asked(links, "them => them.map(it => it.getAttribute('href'))", lambda told: set(told) == theirs)
        page.context.close()
