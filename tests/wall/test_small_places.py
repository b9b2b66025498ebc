"""Pages where there is little room, within other sites, and in forced colours: what was cut, crammed, said twice or not
to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Route, expect

from pipeline.sources.senders import Senders
from schemas import Post
from schemas.alerts import Alert
from schemas.events import Event
from tests.browser.asking import asked, boxes
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend_list
from tests.wall.server import ANN, EVENTS, Served
from tests.wall.test_browser import post
from tests.wall.test_pages import now, opened

SITE = "https://city.example"
GALA = Event("gala", title="Le gala", posting=True)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    running = Served((ANN,), (*EVENTS, GALA), embed_sites=(SITE,))
    running.take(*(post(str(it), f"un message numéro {it} #fete") for it in range(5)))
    running.feed.publish(trend_list("#lumiere", at=now() // 60_000 * 60_000))
    at = now()
    firing = ("r/1", "firing", "r", "trending", "info", "all", "1h", "#lumiere", "#lumiere", at, at, at, 1, 1, [], [])
    running.alerts.add(Alert(*firing, OF_TOPIC))  # type: ignore[arg-type]
    yield running
    running.stop()


@pytest.mark.parametrize("lang", ["fr-FR", "es-ES", "en-GB"])
def test_the_bar_takes_three_lines_of_a_narrow_phone_at_most(browser: Browser, served: Served, lang: str) -> None:
    page = opened(browser, served.address, 360, 740, locale=lang)
    expect(page.locator("#zone")).not_to_be_empty()
    assert len({round(link["y"]) for link in boxes(page.locator("#top .places a"))}) <= 2
    assert boxes(page.locator("#top"))[0]["height"] < 125
    page.context.close()


@pytest.mark.parametrize("width", [360, 320])  # 320: also a desk at 400 %
def test_of_an_evening_that_is_played_the_bar_of_a_phone_tells_all_and_nothing_lies_on_another(
    browser: Browser, served: Served, width: int
) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 740})
    page = context.new_page()

    def played(route: Route) -> None:
        page_of = route.fetch()
        clock = f'<body data-clock="{now()} 60 {now() + 9_000_000} 1"'
        route.fulfill(response=page_of, body=page_of.text().replace("<body", clock, 1))

    page.route(f"{served.address}/alerts", played)
    page.goto(f"{served.address}/alerts")
    expect(page.locator("#zone")).to_contain_text("×60")
    low = page.locator("#zone").evaluate("""it => {
        const text = document.createRange();
        text.selectNodeContents(it);
        return text.getBoundingClientRect().bottom;
    }""")
    tops = [link["y"] for link in boxes(page.locator("a.language"))]
    assert low <= min(tops) + 1
    sizes = "them => them.map(it => [it.offsetHeight, it.firstElementChild.offsetWidth])"
    assert all(height >= 44 and width < 40 for height, width in page.locator("#tell label").evaluate_all(sizes))
    context.close()


def test_a_wall_within_another_site_keeps_off_the_edge_of_its_frame(browser: Browser, served: Served) -> None:
    page = opened(browser, f"{served.address}/embed/fete", 600, 600)
    assert boxes(page.get_by_role("heading", name="Fête"))[0]["y"] >= 10
    page.context.close()


def test_who_writes_in_the_room_without_a_name_is_of_the_room_and_no_hash_on_walls_stages_and_queues(
    browser: Browser, served: Served
) -> None:
    author = Senders(b"k" * 32).person("a cookie")
    served.take(Post("w", author, "sans nom", now(), source="web", events=["gala"]))
    for path in ("/events/gala/wall", "/screen/gala"):
        page = opened(browser, served.address + path)
        card = page.locator(".post", has_text="sans nom")
        expect(card).to_contain_text("Dans la salle")
        expect(card).not_to_contain_text("web-")
        expect(card).not_to_contain_text("@")
        page.context.close()
    served.decide("gala", "post", "web/w", "blocked")
    ann = opened(browser, f"{served.address}/moderate/gala")
    ann.locator("#secret").fill(ANN.secret)
    ann.keyboard.press("Enter")
    expect(ann.locator("#decisions li")).to_contain_text("Dans la salle")
    expect(ann.locator("#decisions li")).not_to_contain_text("web-")
    ann.context.close()


def test_where_the_system_forces_colours_the_buttons_of_the_post_that_is_chosen_can_be_read(
    browser: Browser, served: Served
) -> None:
    served.take(post("wait", "à relire #conf"))
    ann = opened(browser, f"{served.address}/moderate/conf", forced_colors="active", color_scheme="dark")
    ann.locator("#secret").fill(ANN.secret)
    ann.keyboard.press("Enter")
    card = ann.locator("#queue .post.chosen")
    expect(card).to_have_count(1)
    look = (
        "(it) => [getComputedStyle(it).color, getComputedStyle(it).backgroundColor, getComputedStyle(it).outlineStyle]"
    )
    ink, paper, _ = card.get_by_role("button").last.evaluate(look)
    told = ann.locator("#tabs button").last.evaluate(look)
    assert [ink, paper] == told[:2], "as any other button"
    assert card.evaluate(look)[2] == "solid"
    ann.context.close()


@pytest.mark.parametrize(
    ("part", "there", "left_out"), [("list", "#rising li", ".post"), ("chart", "#numbers .bars", "#trends")]
)
def test_another_site_may_show_the_list_or_the_chart_of_an_event_alone(
    browser: Browser, served: Served, part: str, there: str, left_out: str
) -> None:
    served.feed.publish(trend_list("#concert", scope="event:fete", at=now() // 60_000 * 60_000))
    page = opened(browser, f"{served.address}/embed/fete?show={part}", 360, 500)
    expect(page.locator(there).first).to_be_visible()
    expect(page.locator(left_out).first).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_the_page_of_a_topic_says_its_alert_once(browser: Browser, served: Served) -> None:
    page = opened(browser, f"{served.address}/?topic=%23lumiere", 390, 844)
    expect(page.locator("article.topic .alert")).to_have_count(1)
    served.feed.publish(msgspec.structs.replace(trend_list("#lumiere", at=now() // 60_000 * 60_000), posts=77))
    expect(page.locator("#bell")).to_have_text("1")  # the others are counted in the bar
    expect(page.locator("#alerts li")).to_be_hidden()
    page.get_by_role("link", name="Retour").click()
    expect(page.locator("#alerts li")).to_be_visible()
    page.context.close()


def test_on_an_upright_stage_what_the_room_talks_about_is_told_whole(browser: Browser, served: Served) -> None:
    long = "photo de groupe de famille"
    served.feed.publish(trend_list(f'"{long}"', "#b", scope="event:fete", at=now() // 60_000 * 60_000 + 60_000))
    page = opened(browser, f"{served.address}/screen/fete?slide=trends", 1_080, 1_920)
    row = page.locator("#rising bdi").first
    expect(row).to_contain_text(long)
    lines = "([it]) => [it.scrollWidth <= it.clientWidth, it.clientHeight / parseFloat(getComputedStyle(it).fontSize)]"
    asked(row, lines, lambda told: told[0] and told[1] > 1.5)
    page.context.close()


@pytest.mark.parametrize("width", [360, 1_280])
def test_the_board_tells_the_names_of_topics_whole(browser: Browser, served: Served, width: int) -> None:
    name = "#AnswerTheRumourOfTheWeek"
    at = now() // 60_000 * 60_000 + 120_000
    made = trend_list(name, scope="event:fete", at=at)
    made.trends[0] = msgspec.structs.replace(made.trends[0], display=name)
    served.feed.publish(made)
    page = opened(browser, f"{served.address}/events/fete", width)
    row = page.locator("#trends li", has_text=name)
    expect(row).to_contain_text("personnes · ")
    whole = "them => them.every(it => it.scrollWidth <= it.clientWidth && it.scrollHeight <= it.clientHeight)"
    asked(row.locator("bdi"), whole, bool)
    page.context.close()


def test_the_bars_of_an_event_that_begins_end_where_their_axis_says(browser: Browser, served: Served) -> None:
    ends = "them => them.map(it => it.textContent.split(':').reduce((hours, minutes) => hours * 60 + +minutes, 0))"
    without = browser.new_context(java_script_enabled=False, locale="fr-FR").new_page()
    without.goto(f"{served.address}/events/fete")
    with_scripts = opened(browser, f"{served.address}/events/fete")
    expect(with_scripts.locator("#trends polygon").first).to_be_attached()
    for page in (without, with_scripts):
        first, _, last = page.locator("#numbers .scale span").evaluate_all(ends)
        assert (last - first) % 1_440 == 29
        expect(page.locator("#numbers svg")).to_have_attribute("viewBox", re.compile(r"^0 0 30(\.0)? 40$"))
        page.context.close()


def test_at_400_percent_no_name_among_the_shares_of_voice_is_broken_within_a_word(
    browser: Browser, served: Served
) -> None:
    for scope in ("event:fete", "event:conf"):
        served.feed.publish(trend_list("#lumiere", scope=scope, at=now() // 60_000 * 60_000))
    page = opened(browser, f"{served.address}/voice", 320, 256)
    assert min(name["width"] for name in boxes(page.locator(".voice tbody th"))) > 200
    page.context.close()


def test_where_the_system_forces_colours_bars_of_numbers_are_still_seen(browser: Browser, served: Served) -> None:
    page = opened(browser, served.address, forced_colors="active")
    drawn = re.compile("gradient")
    expect(page.locator("td.people").first).to_have_css("background-image", drawn)
    served.take(*(post(f"bal{it}", "le #bal #fete") for it in range(3)))
    page.goto(f"{served.address}/events/fete")
    expect(page.locator("#topics .parts li").first).to_have_css("background-image", drawn)
    page.context.close()
