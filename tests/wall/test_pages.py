"""Every page of events and of moderation in a real browser: for everybody's eyes and hands, at three sizes, in two
languages; signing in, what never trends, and alerts where no event is described. Screenshots are kept in
build/screenshots."""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from schemas import Post, TrendList
from schemas.alerts import Alert
from schemas.events import Event, Stage
from schemas.posts import Media
from tests.browser.asking import asked
from tests.browser.axe import THEMES, faults_of
from tests.browser.shown import SHOTS
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend, trend_list
from tests.wall.server import ANN, EVE, EVENTS, Served, serving
from tests.wall.test_browser import post

SEA = Media("https://a.example/sea.jpg", description="la mer")
SIZES = ((360, 740), (1_280, 800), (3_840, 2_160))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        running.take(*(post(str(it), f"un message numéro {it} #fete #lumiere") for it in range(20)))
        running.take(*(post(f"c{it}", f"à relire {it} #conf") for it in range(5)))
        running.take(Post("r", "p", "un message numéro 3 #fete #lumiere", now(), source="m", repost_of="3"))
        running.feed.publish(event_list())
        yield running


def now() -> int:
    return int(time.time() * 1_000)


def event_list() -> TrendList:
    made = trend_list("#fete", "#lumiere", "#concert", scope="event:fete", at=now() // 60_000 * 60_000)
    made.trends.append(trend(4, "#balade", trending=False))
    return made


def opened(browser: Browser, address: str, width: int = 1_280, height: int = 800, **more: str) -> Page:
    page = blank(browser, width, height, **more)
    page.goto(address)
    return page


def blank(browser: Browser, width: int, height: int, **more: str) -> Page:
    size = {"width": width, "height": height}
    told = {"locale": "fr-FR", "viewport": size, "reduced_motion": "reduce"} | more
    return browser.new_context(**told).new_page()  # type: ignore[arg-type]


def signed_in(page: Page, secret: str = ANN.secret) -> Page:
    page.locator("#secret").fill(secret)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).not_to_be_empty(timeout=20_000)
    return page


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/events", ".events .card"),
        ("/events/fete", "#repeated .post"),
        ("/events/fete/wall", "#posts .post"),
        ("/screen/fete", "#posts .post"),
        ("/moderate/conf", "#queue .post"),
        ("/moderate", "#never"),
    ],
)
def test_no_fault_of_accessibility_and_nothing_wider_than_its_window(
    browser: Browser, served: Served, path: str, there: str
) -> None:
    page = opened(browser, served.address + path)
    if "moderate" in path:
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            assert faults_of(page) == []  # where one signs in
        signed_in(page)
    expect(page.locator(there).first).to_be_visible()
    SHOTS.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width, height in SIZES if theme == "light" else SIZES[:1]:
            page.set_viewport_size({"width": width, "height": height})
            assert faults_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.screenshot(path=SHOTS / f"{path.strip('/').replace('/', '-')}-{width}-{theme}.png")
    page.context.close()


def test_at_midnight_on_a_phone_everything_that_a_moderator_touches_is_a_finger_wide(
    browser: Browser, served: Served
) -> None:
    page = opened(browser, f"{served.address}/moderate/conf", 360, 740)
    small = """them => them.filter(it => it.checkVisibility()).map(it => it.closest("label:has([type=checkbox])") ?? it)
        .filter(it => Math.min(it.offsetWidth, it.offsetHeight) < 44).map(it => it.outerHTML)"""
    touched = page.locator("#main :is(button, input, select)")
    asked(touched, small, lambda told: not told)  # where one signs in
    signed_in(page)
    page.locator("#queue button").first.click()
    for path, there in (("/moderate/conf", "#decisions button"), ("/moderate", "#never")):
        page.goto(served.address + path)
        expect(page.locator(there).first).to_be_visible()
        asked(touched, small, lambda told: not told)
    page.context.close()


def test_on_a_screen_a_new_post_takes_a_free_place_and_the_others_keep_theirs(browser: Browser) -> None:
    with serving() as served:
        served.feed.publish(event_list())
        page = opened(browser, f"{served.address}/screen/fete", 1_920, 1_080)
        served.take(*(post(f"s{it}", f"vu {it} #fete") for it in range(6)))
        expect(page.locator("#posts .post")).to_have_count(6, timeout=20_000)
        expect(page.locator("#rising li")).to_have_count(3)  # not the event's own hashtag
        before = page.locator("#posts .post").evaluate_all("them => them.map(it => it.dataset.key)")
        served.take(post("n1", "tout neuf #fete"))
        expect(page.get_by_text("tout neuf")).to_be_visible()
        asked(
            page.locator("#posts .post"),
            "them => them.map(it => it.dataset.key)",
            lambda after: len(after) == len(before) and sum(map(operator.ne, before, after)) == 1,
        )
        page.context.close()


LARGE = "them => them.map(it => parseFloat(getComputedStyle(it).fontSize) >= 40)"
LEFT_OUT = "them => them.map(it => it.scrollHeight - it.clientHeight)"


# what the audience of a show reads from ten metres: 40 px at 1080 lines, nothing cut off, nothing of how it is made
def test_on_a_stage_all_that_is_said_is_large_and_whole_however_few_or_long_the_posts(browser: Browser) -> None:
    look = Stage(
        background="#1b1036", accent="#ffb84d", sponsor="<b>merci</b>", schedule="https://a.example/secret.ics"
    )
    with serving(events=(Event("a", hashtags=("#a",), stage=look),)) as shown:
        page = opened(browser, f"{shown.address}/screen/a", 1_920, 1_080)
        for count in (1, 3, 7):
            long = " ".join(["de belles paroles"] * 16) + " #a"
            shown.take(*(post(f"{count}{n}", long if n == 2 else f"bonjour {n} #a") for n in range(count)))
            expect(page.locator(".post")).to_have_count(min(count + (count > 1), 5), timeout=20_000)
            if count == 7:
                expect(page.locator(".post.wide")).to_have_count(1, timeout=20_000)
            texts = page.locator(".post :is(.said, strong, .quiet)")
            asked(texts, LARGE, all)
            asked(texts, LEFT_OUT, lambda told: max(told) <= 2)
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(27, 16, 54)"
        for layout in ("single", "carousel", "masonry"):
            page.goto(f"{shown.address}/screen/a?layout={layout}")
            expect(page.locator(".post:visible").first).to_be_visible()
            expect(page.locator(".post")).to_have_count({"single": 1, "carousel": 3}.get(layout, 6), timeout=20_000)
            assert faults_of(page) == []
        for slide, said in (("sponsor", "<b>merci</b>"), ("numbers", "11")):
            page.goto(f"{shown.address}/screen/a?slide={slide}")
            expect(page.get_by_text(said, exact=True).first).to_be_visible()
            assert faults_of(page) == []
        page.goto(f"{shown.address}/screen/a?slide=schedule")
        shown.take(post("s", "le programme #a"))
        expect(page.locator("#programme li")).to_have_text(
            ["aujourd’huiLe salon", "maintenantParler clairSalle <1>", re.compile("Le <b>bal</b>")]
        )
        asked(page.locator("#programme li > *"), LARGE, lambda told: told == [True] * 9)
        wide = "them => them.map(it => it.scrollWidth <= it.clientWidth)"  # beside the title, not over it
        asked(page.locator("#programme time"), wide, lambda told: told == [True] * 3)
        assert faults_of(page) == []
        assert "secret.ics" not in page.content() + httpx.get(f"{shown.address}/api/v1/events/a/wall").text
        shown.stop()
        page.wait_for_timeout(500)
        assert page.locator("#status:visible").count() == 0
        page.context.close()


@pytest.mark.parametrize(("minutes_later", "told"), [(0, "2"), (1, "4"), (4, "0")])
def test_posts_per_minute_are_those_of_a_minute_that_is_whole(browser: Browser, minutes_later: int, told: str) -> None:
    minute = now() // 60_000 * 60_000
    with serving() as served:
        ages = (-90_000, -80_000, -70_000, -30_000, -20_000, 5_000, 6_000, 7_000, 8_000)
        said = (post(f"m{age}", f"bonjour {age} #fete") for age in ages)
        served.take(*(msgspec.structs.replace(it, time=minute + age) for it, age in zip(said, ages, strict=True)))
        served.feed.publish(trend_list(scope="event:fete", window="5m", at=minute + minutes_later * 60_000))
        page = opened(browser, f"{served.address}/events/fete")
        expect(page.locator("#numbers .big b").nth(2)).to_have_text(told)
        page.context.close()


def test_a_picture_and_its_text_have_two_places_and_push_nobody_aside(browser: Browser) -> None:
    said = "On me dit que la maquette cherche des bénévoles, qui vient avec moi ?"
    with serving() as served:
        for number in range(5):
            one = post(f"p{number}", f"{said} {number} #fete")
            served.take(msgspec.structs.replace(one, media=[SEA] if number == 2 else None))
        page = opened(browser, f"{served.address}/screen/fete", 1_600, 900)
        expect(page.locator(".post")).to_have_count(5)
        expect(page.locator(".post.wide .photo")).to_have_count(1)
        heights = "them => them.map(it => it.clientHeight)"
        asked(page.locator(".post"), heights, lambda told: max(told) - min(told) <= 2)
        asked(page.locator(".said, strong"), LEFT_OUT, lambda told: max(told) <= 2)
        asked(page.locator(".photo"), heights, lambda told: min(told) > 200)
        page.context.close()


def after_pictures(script: Route) -> None:
    """A script on a slow line: it comes when each picture of the page has come or failed."""
    script.request.frame.page.wait_for_timeout(1_000)
    script.continue_()


@pytest.mark.parametrize("scripts_come", ["at once", "after pictures"])
def test_pictures_stand_on_the_wall_and_the_stage_and_what_is_no_picture_leaves_its_place(
    browser: Browser, scripts_come: str
) -> None:
    missing = Media("https://a.example/missing")
    with serving() as served:
        for number, media in enumerate(([SEA], [SEA, SEA, missing], [missing], None)):
            one = msgspec.structs.replace(post(f"p{number}", f"au bord de l’eau {number} #fete"), media=media)
            served.take(msgspec.structs.replace(one, avatar=f"https://a.example/{'missing' if number else 'ann'}"))
        for path in ("/events/fete/wall", "/screen/fete"):
            page = blank(browser, 1_920, 1_080)
            if scripts_come == "after pictures":
                page.route("**/texts*.js*", after_pictures)
            page.goto(served.address + path)
            expect(page.locator(".post")).to_have_count(4)
            expect(page.locator("img.photo")).to_have_count(3)
            expect(page.locator("img.face")).to_have_count(1)
            expect(page.locator("span.face")).to_have_count(3)
            drawn = "them => them.map(it => it.complete && it.naturalWidth > 0 && it.clientHeight > 90)"
            photos = page.locator("img.photo")
            asked(photos, drawn, lambda told: told == [True] * 3)
            expect(page.get_by_alt_text("la mer")).to_have_count(3)
            assert faults_of(page) == []
            page.screenshot(path=SHOTS / f"pictures-{path.rpartition('/')[2]}.png")
            page.context.close()


def test_what_never_trends_is_blocked_freed_and_taken_back_without_any_event(browser: Browser) -> None:
    with serving(events=()) as bare:
        bare.feed.publish(trend_list("#spam", "#lyon", at=now()))
        board = opened(browser, bare.address, locale="en-GB")
        expect(board.locator("tbody th.topic")).to_have_count(2)
        page = signed_in(opened(browser, f"{bare.address}/moderate", locale="en-GB"))
        expect(page.get_by_text("Nothing is blocked.")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("SPAM")
        began = time.monotonic()
        page.keyboard.press("Enter")
        expect(board.locator("tbody th.topic")).to_have_count(1)
        assert time.monotonic() - began < 2
        expect(page.locator("#blocks li")).to_contain_text("#spam")
        expect(page.locator("#decisions li").first).to_contain_text("ann: topic #spam blocked")
        page.get_by_role("button", name="Free: #spam").click()
        expect(board.locator("tbody th.topic")).to_have_count(2)
        expect(page.locator("#blocks li")).to_have_count(0)
        page.locator("#main h2").first.click()
        page.keyboard.press("u")  # what was freed is blocked again
        expect(page.locator("#blocks li")).to_have_count(1)
        expect(board.locator("tbody th.topic")).to_have_count(1)
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token")).to_be_focused()
        page.get_by_label("Token").fill("a wrong one")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is no token of this server.")
        signed_in(page, EVE.secret)
        expect(page.get_by_text("This token may look, not decide.")).to_be_visible()
        expect(page.locator("#never")).to_have_count(0)


def test_a_topic_that_looks_organised_is_cleared_by_a_click(browser: Browser) -> None:
    with serving(events=()) as bare:
        made = trend_list("#lyon", "#ring", at=now())
        made.trends[1] = msgspec.structs.replace(made.trends[1], trending=False, flags=["suspect"])
        bare.feed.publish(made)
        page = signed_in(opened(browser, f"{bare.address}/moderate", locale="en-GB"))
        expect(page.locator("#suspects li")).to_contain_text("#ring")
        page.get_by_role("button", name="Not organised: #ring").click()
        expect(page.get_by_text("Nothing looks organised now.")).to_be_visible()
        expect(page.locator("#decisions li").first).to_contain_text("ann: suspicion #ring not organised")
        shown = bare.feed.current("all", "1h")
        assert shown is not None
        assert [(row.topic, row.trending, row.flags) for row in shown.list.trends][1] == ("#ring", True, [])
        page.get_by_role("button", name="Free: #ring").click()
        expect(page.locator("#suspects li")).to_have_count(1)


def test_alerts_have_their_buttons_where_one_signs_in(browser: Browser, served: Served) -> None:
    served.alerts.add(
        Alert(
            "r/#lyon/1",
            "firing",
            "rule",
            "trending",
            "warning",
            "all",
            "1h",
            "#lyon",
            "#Lyon",
            now(),
            now(),
            now(),
            1,
            10,
            [],
            [],
            OF_TOPIC,
        )
    )
    page = signed_in(opened(browser, f"{served.address}/moderate"))
    line = page.locator("#alerts li").first
    expect(line).to_contain_text("#Lyon est n° 1 dans tous les messages (1 h) : 50 personnes dans les dernières 15 min")
    line.get_by_role("button", name="Taire 2 h").click()
    expect(page.get_by_role("heading", name="Alertes tues")).to_be_visible()
    page.context.close()


def test_without_a_token_the_page_says_how_to_switch_it_on(browser: Browser) -> None:
    with serving(tokens=(), events=EVENTS) as closed:
        for path in ("/moderate", "/moderate/fete"):
            page = opened(browser, closed.address + path)
            expect(page.get_by_text("Personne ne peut se connecter ici")).to_be_visible()
            expect(page.locator("pre")).to_contain_text("[[token]]")


def test_the_other_language_is_one_click_away_and_stays(browser: Browser, served: Served) -> None:
    page = opened(browser, f"{served.address}/events/fete")
    expect(page.get_by_role("link", name="Mur")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("link", name="Wall")).to_be_visible()
    page.get_by_role("link", name="Wall").click()
    expect(page.get_by_role("heading", name="What the room talks about")).to_be_visible()
    page.context.close()


def test_a_topic_shows_what_people_write_and_not_what_is_blocked(browser: Browser, served: Served) -> None:
    made = trend_list("#clarte", at=now())
    made.trends[0] = msgspec.structs.replace(made.trends[0], examples=["x1", "x2", "x3", "unknown"])
    served.feed.publish(made)
    served.take(
        Post("x1", "ann", "que de #clarte <b>!</b>", now(), source="m", url="https://example.org/1", media=[SEA]),
        Post("x2", "bob", "belle #clarte", now(), source="m", url="javascript:alert(1)"),
        Post("x3", "eve", "une #clarte pour #conf", now(), source="m"),  # on a wall where it waits for approval
    )
    page = opened(browser, f"{served.address}/?topic=%23clarte")
    posts = page.locator(".examples .post")
    expect(posts).to_have_count(2)
    expect(posts.nth(0)).to_contain_text("que de #clarte <b>!</b>")
    expect(posts.nth(0).get_by_role("link")).to_have_attribute("href", "https://example.org/1")
    expect(posts.nth(1).get_by_role("link")).to_have_count(0)
    expect(posts.get_by_alt_text("la mer")).to_have_count(1)
    first = opened(browser, served.address)
    expect(first.locator(".headline").get_by_alt_text("la mer")).to_be_visible()
    first.screenshot(path=SHOTS / "headline-picture.png")
    wish = {"kind": "account", "verdict": "blocked", "target": "m/bob"}
    headers = {"authorization": f"Bearer {ANN.secret}"}
    answer = page.request.post(f"{served.address}/api/v1/blocks", data=wish, headers=headers)
    assert answer.ok
    page.reload()
    expect(posts).to_have_count(1)
    page.context.close()
