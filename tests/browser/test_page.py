"""The live page in a real browser: as people use it, in two languages, at three sizes, with hostile posts, through a
restart of its server. Screenshots are kept in build/screenshots."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pipeline.alerts import RecentAlerts
from pipeline.trends.alerting import Alerting
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.run import Handle, start_web
from schemas import Trend, TrendList
from schemas.alerts import Alert, Rule
from schemas.events import Event
from schemas.trends import Origins
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend, trend_list

CHROMIUM = Path("/usr/bin/chromium")
if not CHROMIUM.exists():
    pytest.skip("no /usr/bin/chromium (apt-get install chromium)", allow_module_level=True)

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
MINUTE = 60_000
BEGIN = 1_795_000_000_000 // MINUTE * MINUTE
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


SHIFTED = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((all) => { for (const one of all.getEntries()) sum += one.value; })
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 200);
})"""


def row(rank: int, topic: str, **fields: Any) -> Trend:
    made = trend(rank, topic.lower())
    return msgspec.structs.replace(made, display=topic, spark=[float(n % 7) for n in range(20)], **fields)


def listed(minute: int, *topics: str, scope: str = "all", **fields: Any) -> TrendList:
    made = trend_list(scope=scope, at=BEGIN + minute * MINUTE)
    made.trends.extend(row(rank, topic, **fields) for rank, topic in enumerate(topics, 1))
    return made


def alert(n: int, status: str = "firing", display: str = "#Lyon") -> Alert:
    return Alert(
        f"r/#lyon/{n}",
        status,
        "rule",
        "trending",
        "critical",
        "all",
        "1h",
        "#lyon",
        display,
        BEGIN,
        BEGIN,  # type: ignore[arg-type]
        BEGIN + n,
        1,
        10,
        [],
        [],
        OF_TOPIC,
    )


class Shown:
    """A running server, its feed and the page's address."""

    def __init__(self) -> None:
        self.feed, self.history = Feed(), History()
        self.feed.on_list(self.history.add)
        self.alerts = RecentAlerts()
        self.events = (Event("fete", title="Fête <b>de</b> la ville"),)
        self.handle: Handle = start_web(self.feed, self.history, port=0, events=self.events, alerts=self.alerts)
        self.address = self.handle.address

    def restart(self) -> None:
        port = int(self.address.rstrip("/").rpartition(":")[2])
        self.handle.stop()
        self.handle = start_web(self.feed, self.history, port=port, events=self.events, alerts=self.alerts)

    def publish(self, *lists: TrendList) -> None:
        for one in lists:
            self.feed.publish(one)
        self.history.flush()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    SHOTS.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=20_000)  # CI may have other things to do
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def shown() -> Iterator[Shown]:
    server = Shown()
    for minute in range(30):
        server.publish(listed(minute, *(["#Lyon", "#Paris", "$AAPL"] if minute < 25 else ["#Paris", "#Lyon", "$AAPL"])))
    server.publish(listed(29, "#Bal", "#Feu", scope="event:fete"), listed(29, "#Mardi", scope="lang:fr"))
    yield server
    server.handle.stop()
    server.history.close()


@pytest.fixture
def opened(browser: Browser, shown: Shown) -> Iterator[Callable[..., Page]]:
    """Opens pages; at the end none of them has complained."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def opening(path: str = "", lang: str = "en-GB", width: int = 1280, height: int = 800, **more: Any) -> Page:
        contexts.append(browser.new_context(locale=lang, viewport={"width": width, "height": height}, **more))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
        page.goto(shown.address + path)
        return page

    yield opening
    for context in contexts:
        context.close()
    expected = "net::ERR_", "404 (Not Found)"  # its server is away; a topic or a list that there is none of
    assert [fault for fault in faults if not any(part in fault for part in expected)] == []


def topics(page: Page) -> list[str]:
    return page.locator("section.list th.topic a bdi").all_inner_texts()


def test_a_list_is_there_and_changes_without_anything_moving(opened: Callable[..., Page], shown: Shown) -> None:
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(3)
    assert topics(page) == ["#Paris", "#Lyon", "$AAPL"]
    expect(page.locator("td.move").first).to_have_text("▲1")
    page.evaluate("""() => { window.shifts = 0; new PerformanceObserver((all) => {
        for (const one of all.getEntries()) window.shifts += one.value; }).observe({ type: "layout-shift" }); }""")
    shown.publish(listed(30, "$AAPL", "#Paris", "#Lyon"))
    expect(page.locator("th.topic a bdi").first).to_have_text("$AAPL")
    shown.publish(listed(31, *(f"#tag{n}" for n in range(20))))
    expect(page.locator("section.list tbody tr")).to_have_count(20)
    expect(page.locator("td.move").first).to_have_text("★")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts") == 0


def test_the_first_look_says_in_words_what_is_on_since_when_and_shows_a_post(
    browser: Browser, shown: Shown, opened: Callable[..., Page]
) -> None:
    now = int(time.time() * 1_000)
    told = [row(1, "#Lyon", examples=["p"], since=now - 1_500_000, usual=1.5), row(2, "#Paris")]
    shown.feed.publish(msgspec.structs.replace(listed(0, scope="lang:es"), at=now, trends=told))
    page = opened("?scope=lang:es")
    lead = page.locator(".headline")
    expect(lead.get_by_role("link", name="#Lyon")).to_be_visible()
    expect(lead).to_contain_text("started 25 minutes ago")
    expect(lead).to_contain_text("50 people in the last 15 min")
    assert lead.locator(".bars i").count() == 20
    assert lead.locator(".bars").evaluate("it => it.style.getPropertyValue('--usual')") == "0.250"  # 1.5 of 6
    expect(lead).to_contain_text("5 people in the last minute; the line is what is usual, 1.5")
    page.wait_for_timeout(500)
    assert page.evaluate(SHIFTED) <= 0.05
    expect(page.locator("#zone")).to_contain_text("Times: ")
    expect(page.locator("caption .live")).to_have_class("live")
    old = opened()  # the last list there is long ago
    expect(old.locator("caption .live")).to_have_class("live stale")
    expect(old.locator("caption")).to_contain_text("last list")


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


def test_scope_window_and_view_live_in_the_address_and_a_reload_keeps_them(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("navigation", name="Lists").get_by_role("link", name="Fête <b>de</b> la ville").click()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")
    assert "scope=event%3Afete" in page.url
    page.reload()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")
    page.get_by_role("navigation", name="Window").get_by_role("link", name="24 h").click()
    expect(page.locator("caption")).to_contain_text("Waiting for the first list…")
    page.go_back()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")


def test_two_lists_stand_side_by_side(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_label("Compare with…").select_option("event:fete")
    expect(page.locator("section.list")).to_have_count(2)
    expect(page.locator("section.list").nth(1).locator("th.topic a bdi").first).to_have_text("#Bal")
    boxes = [page.locator("section.list").nth(n).bounding_box() for n in range(2)]
    assert len({box["y"] for box in boxes if box}) == 1
    page.screenshot(path=SHOTS / "side-by-side.png")
    page.get_by_role("button", name="Close: All posts").click()
    expect(page.locator("section.list")).to_have_count(1)
    assert page.url.endswith("scope=event%3Afete&window=1h")


def test_search_narrows_the_list_whatever_the_accents(opened: Callable[..., Page], shown: Shown) -> None:
    shown.publish(listed(30, "#Été2026", "#Hiver"))
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("ete")
    expect(page.locator("section.list tbody tr")).to_have_count(1)
    assert topics(page) == ["#Été2026"]
    page.keyboard.type("zzz")
    expect(page.locator("caption")).to_contain_text("No topic of this list matches.")


def test_a_topic_opens_with_its_course_and_closes_by_key(opened: Callable[..., Page], shown: Shown) -> None:
    page = opened()
    page.get_by_role("link", name="#Lyon").click()
    expect(page.get_by_role("heading", name="#Lyon")).to_be_focused()
    expect(page.locator(".chart canvas")).to_be_visible()
    expect(page.get_by_text("50 people in the last 15 min")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.locator("details tbody tr")).to_have_count(30)
    expect(page.get_by_role("link", name="All posts · 1 h · number 2")).to_be_visible()
    page.screenshot(path=SHOTS / "topic.png")
    page.reload()
    expect(page.get_by_role("heading", name="#Lyon")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("section.list tbody tr")).to_have_count(3)
    page.goto(f"{shown.address}?topic=%23nothing")
    expect(page.get_by_text("No list has this topic")).to_be_visible()


def test_a_topic_that_is_opened_by_its_address_names_events_by_their_titles(
    opened: Callable[..., Page], shown: Shown
) -> None:
    people = Origins(people=50, one_server=0.92, usual=0.12, bots=0.6)
    shown.publish(listed(30, "#Lyon", origins=people, flags=["one_server", "bots"]))
    shown.publish(listed(30, "#Lyon", scope="event:fete"))
    page = opened("?topic=%23lyon")
    expect(page.get_by_role("link", name="Fête <b>de</b> la ville · 1 h · number 1")).to_be_visible()
    expect(page.get_by_role("heading", name="#Lyon")).to_be_focused()
    expect(page.locator("p.flags")).to_have_text("mostly on one server, mostly bots")
    expect(page.locator("p.why")).to_contain_text("; 92% of the people are on one server (12% is usual); 60% of the")
    page.get_by_text("Numbers behind it").click()
    expect(page.locator("details dl div", has_text="On one server")).to_have_text("On one server92% 12% is usual")
    expect(page.locator("details dl div", has_text="Bots")).to_have_text("Bots60%")


def test_alerts_stand_below_the_lists_and_lead_to_their_topic(opened: Callable[..., Page], shown: Shown) -> None:
    shown.alerts.add(alert(1))
    page = opened()
    line = page.locator("#alerts li")
    expect(line).to_have_class("firing critical")
    expect(line).to_contain_text("now · rule: #Lyon is number 1 in all posts (1 h): 50 people")
    shown.alerts.add(alert(1, "resolved"))
    shown.alerts.add(alert(2, display="<img src=x onerror=alert(1)>"))
    expect(line).to_have_count(2, timeout=10_000)
    expect(line.nth(1)).to_have_class("resolved critical")
    expect(line.nth(0)).to_contain_text("<img src=x")
    line.nth(0).get_by_role("link").click()
    expect(page.get_by_role("heading", name="#Lyon")).to_be_focused()
    expect(page.locator("article.topic li", has_text="over")).to_have_count(1)


def test_the_slider_shows_what_trended_then(opened: Callable[..., Page]) -> None:
    page = opened()
    slider = page.get_by_role("slider", name="Time")
    expect(slider).to_be_visible()
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("caption")).to_contain_text("as it was then")
    expect(page.locator("th.topic a bdi").first).to_have_text("#Lyon")
    assert f"at={BEGIN}" in page.url
    page.get_by_role("button", name="Now").click()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Paris")


def test_french_is_french_throughout(opened: Callable[..., Page]) -> None:
    page = opened(lang="fr-FR")
    reason = page.locator(".reason").first
    expect(reason).to_contain_text("50 personnes dans les dernières 15 min, contre environ 5 d’habitude")
    expect(reason).to_contain_text(re.compile("; depuis .*, en hausse$"))
    assert page.locator("section.list thead th").all_inner_texts()[2] == "Sujet"
    assert page.locator("html").get_attribute("lang") == "fr"
    page.screenshot(path=SHOTS / "french.png")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (3840, 2160)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility_at_any_size(
    opened: Callable[..., Page], shown: Shown, width: int, height: int, scheme: str
) -> None:
    shown.publish(listed(30, *(f"#Sujet{n}" for n in range(20)), flags=["one_post"]))
    for name, path in (("list", ""), ("topic", "?topic=%23sujet1"), ("screen", "screen")):
        page = opened(path, width=width, height=height, color_scheme=scheme)
        expect(page.locator("section.list tbody tr:visible, article.topic h1").first).to_be_visible()
        page.wait_for_timeout(100)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")


def test_hostile_topics_stay_text_and_in_their_place(opened: Callable[..., Page], shown: Shown) -> None:
    shown.publish(listed(30, *HOSTILE, variants=["<svg onload=alert(1)>"]))
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(len(HOSTILE))
    assert topics(page)[:2] == list(HOSTILE[:2])
    assert page.locator("main script, main img, main svg[onload]").count() == 0
    heights = {round(line.bounding_box()["height"]) for line in page.locator("section.list tbody tr").all()}  # type: ignore[index]
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


def test_it_works_as_a_plain_table_without_scripts(opened: Callable[..., Page]) -> None:
    page = opened("?scope=all&scope=event:fete", java_script_enabled=False)
    assert page.locator("table.plain tbody th").all_inner_texts() == ["#Paris", "#Lyon", "$AAPL", "#Bal", "#Feu"]


@pytest.mark.alone
def test_it_is_light_and_quick(opened: Callable[..., Page]) -> None:
    page = opened()
    expect(page.locator("section.list tbody tr")).to_have_count(3)
    page.get_by_role("link", name="#Lyon").click()
    expect(page.locator(".chart canvas")).to_be_visible()
    weight = page.evaluate("""() => ["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind))
        .filter((one) => !one.name.includes("/api/")).reduce((sum, one) => sum + one.transferSize, 0)""")
    assert 20_000 < weight < 150_000
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 1_000


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
    assert [text.replace("\u202f", "").replace("\xa0", "") for text in rows.nth(0).locator("td").all_inner_texts()] == [
        "57%",
        "39",
        "19",
    ]
    expect(page.locator(".chart canvas")).to_be_visible()
    shown.publish(voiced(30, "watch:them", 117))
    expect(rows.nth(1).locator("td").nth(0)).to_contain_text("75", timeout=10_000)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    page.screenshot(path=SHOTS / "voice.png")
    opened("", lang="en").get_by_role("link", name="Share of voice").click()


def test_alerts_of_every_kind_are_said_in_french(opened: Callable[..., Page]) -> None:
    fete = "event:fete"
    rules = [
        Rule("t"),
        Rule("s", kind="surge", score=3.0),
        Rule("n", kind="new"),
        Rule("p", kind="volume", posts=1),
        Rule("v", kind="volume", people=1),
        Rule("w", kind="volume", on=fete, posts=1),
        Rule("q", kind="silence", on=fete, silent_s=60),
    ]
    alerting = Alerting(rules)
    hour = msgspec.structs.replace(listed(1, "#Lyon", scope=fete), posts=9, authors=5)
    told = [listed(1, "#Lyon", state="new"), hour, msgspec.structs.replace(hour, window="5m")]
    told += [listed(minute, "#Lyon") for minute in range(2, 9)]
    raised = [one for trends in told for one in alerting.take(trends) if one.status == "firing"]
    assert {one.rule for one in raised} == {rule.name for rule in rules}
    page = opened(lang="fr-FR")
    for one in raised:
        said = page.evaluate(
            "async (alert) => (await import('/static/texts.js')).alertText(alert)", msgspec.to_builtins(one)
        )
        english = r"\b(people|posts?|in|reached|has|was|about|since|where|expected|words|number|all|1h)\b"
        assert not re.search(english, said), said
