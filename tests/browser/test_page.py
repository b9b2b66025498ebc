"""The live page in a real browser: as people use it, and in French."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import msgspec
from playwright.sync_api import Browser, Page, expect

from pipeline.web.feed import Feed
from pipeline.web.frame import Clock
from pipeline.web.run import start_web
from schemas.trends import Origins
from tests.browser.asking import boxes
from tests.browser.shown import BEGIN, SHOTS, Shown, alert, listed, row, topics

SHIFTED = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((all) => { for (const one of all.getEntries()) sum += one.value; })
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 200);
})"""


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
    expect(lead.locator(".bars i")).to_have_count(20)
    expect(lead.locator(".bars")).to_have_attribute("style", re.compile("--usual: ?0.250"))  # 1.5 of 6
    expect(lead).to_contain_text("5 people in the last minute; the line is what is usual, 1.5")
    page.wait_for_timeout(500)
    assert page.evaluate(SHIFTED) <= 0.05
    phone = browser.new_page(
        locale="fr-FR", timezone_id="America/Argentina/Buenos_Aires", viewport={"width": 360, "height": 740}
    )
    for address in (page.url, f"{shown.address}alerts", f"{shown.address}?topic=%23Lyon"):
        phone.goto(address)
        phone.wait_for_timeout(1_000)
        assert phone.evaluate(SHIFTED) <= 0.05, address
    phone.close()
    expect(page.locator("#zone")).to_contain_text("Times: ")
    expect(page.locator("caption .live")).to_have_class("live")
    old = opened()  # the last list there is long ago
    expect(old.locator("caption .live")).to_have_class("live stale")
    expect(old.locator("caption")).to_contain_text("last list")


def test_where_an_evening_is_played_now_is_when_its_posts_are_and_the_page_says_so(browser: Browser) -> None:
    at = 1_795_882_680_000  # 28 November 2026, 17:18 in Paris
    feed = Feed()
    feed.publish(msgspec.structs.replace(listed(0), at=at, trends=[row(1, "#Lyon", since=at - 1_500_000)]))
    played = Clock(at, 60.0, at + 120_000)
    with start_web(feed, port=0, clock=lambda: played) as handle:
        context = browser.new_context(timezone_id="Europe/Paris", locale="en-GB")
        page = context.new_page()
        page.goto(handle.address)
        expect(page.locator(".headline")).to_contain_text("started 25 minutes ago")
        expect(page.locator("#zone")).to_have_text("Simulated 28 Nov, ×60\u00a0· Times: Europe/Paris")
        expect(page.locator("caption .live")).to_have_class("live")
        expect(page.locator("caption")).to_contain_text("17:18")
        expect(page.locator("caption")).not_to_contain_text("Nov")
        page.wait_for_function("import('/static/texts.js').then((texts) => texts.isOver())")  # 2 min, in 2 s
        context.close()


def test_how_long_ago_the_last_list_of_a_played_evening_came_is_told_by_the_clock_on_the_wall(
    browser: Browser,
) -> None:
    at = 1_795_882_680_000
    feed = Feed()
    feed.publish(msgspec.structs.replace(listed(0), at=at))
    with start_web(feed, port=0, clock=lambda: Clock(at, 60.0, at + 86_400_000)) as handle:
        page = browser.new_page(locale="en-GB")
        page.clock.install()
        page.goto(handle.address)
        expect(page.locator("caption .live")).to_have_class("live")
        page.clock.run_for(181_000)  # three hours of that evening
        expect(page.locator("caption")).to_contain_text("last list 3 minutes ago")
        page.close()


def test_while_the_past_of_a_played_evening_is_counted_its_clock_stands_and_no_page_runs_ahead(
    browser: Browser,
) -> None:
    at = 1_795_882_680_000
    clock = [Clock(at, 60.0, at + 7_200_000, plays=False)]
    with start_web(Feed(), port=0, clock=lambda: clock[0]) as handle:
        page = browser.new_page()
        page.goto(f"{handle.address}alerts")
        ahead = f"import('/static/texts.js').then((texts) => texts.now() - {at})"
        page.wait_for_timeout(1_500)
        assert page.evaluate(ahead) == 0, "a minute and a half, otherwise"
        clock[0] = Clock(at + 60_000, 60.0, at + 7_200_000)
        page.wait_for_function(f"{ahead}.then((ms) => ms > 60000)", timeout=10_000)  # it asks every 5 s
        assert page.evaluate(ahead) < 400_000
        page.close()


def test_scope_window_and_view_live_in_the_address_and_a_reload_keeps_them(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("navigation", name="Lists").get_by_role("link", name="Fête <b>de</b> la ville").click()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")
    assert "scope=event%3Afete" in page.url
    page.reload()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")
    page.get_by_role("navigation", name="Window").get_by_role("link", name="24 h").click()
    expect(page.locator("caption")).to_contain_text("Waiting for the first list…")
    expect(page.locator(".headline .why")).to_have_text(re.compile("^A list comes for each full minute of posts"))
    page.go_back()
    expect(page.locator("th.topic a bdi").first).to_have_text("#Bal")


def test_two_lists_stand_side_by_side(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_label("Compare…").select_option("event:fete")
    expect(page.locator("section.list")).to_have_count(2)
    expect(page.locator("section.list").nth(1).locator("th.topic a bdi").first).to_have_text("#Bal")
    one, other = boxes(page.locator("section.list"))
    assert one["y"] == other["y"]
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
    expect(page.locator("th.topic a bdi")).to_have_text("#Été2026")
    expect(page.locator(".headline")).to_be_hidden()  # what is found stands first
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
    expect(line).to_contain_text("now · #Lyon is number 1 in all posts (1 h): 50 people")
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
    expect(reason).to_have_text("environ 5 d’habitude")
    expect(page.locator("section.list thead th").nth(2)).to_have_text("Sujet")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.screenshot(path=SHOTS / "french.png")
