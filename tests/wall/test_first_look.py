"""What a first look at each page costs and shows: its weight, without the pictures of posts, what it asks for and when;
on the narrowest phone, at 400 %, and where the system says which colours there are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from pipeline.web.frame import STATIC, modules_of
from pipeline.wording import languages
from schemas.posts import Media
from tests.browser.shown import alert
from tests.sinks.lists import trend_list
from tests.sinks.servers import until
from tests.wall.posts import post
from tests.wall.server import ANN, Served, serving
from tests.wall.test_pages import opened, signed_in
from tests.wall.test_still import SHIFTS

MOST_BYTES = 60_000
SAID = re.compile(r"""say\([^"'`()]*["'`](\w+)""")
FIRST = {  # path -> what is there once its scripts have run
    "/": "section.list tbody tr",
    "/screen": "section.list tbody tr",
    "/?topic=%23lumiere": ".chart canvas",
    "/events/fete": "#repeated",
    "/events/fete/wall": "#posts .post",
    "/screen/fete": "#posts .post",
    "/alerts": "#alerts li a",
    "/voice": ".voice tbody tr",
}


PLAIN = {  # of few scripts, or none
    "/events": ".events .card",
    "/embed/fete": "#posts .post",
    "/moderate": "#secret",
    "/nowhere": "h1",
}
SIGNED_IN = {
    "/moderate": "#never",
    "/moderate/conf": "#queue .post",
    "/setup": "h1",
    "/setup/event/fete": "form label",
    "/setup/rule": "form label",
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(embed_sites=("https://a.example",)) as running:
        running.take(*(post(f"c{it}", f"à relire {it} #conf") for it in range(20)))
        said = (post(str(it), f"un message numéro {it} #fete #lumiere") for it in range(12))
        running.take(*said, post("sea", "la mer #fete", media=[Media("https://a.example/sea.jpg")]))
        minute = time.time_ns() // 60_000_000_000 * 60_000
        topics = ("#lumiere", "#concert", *(f"#n{it}" for it in range(8)))
        for ago in range(30, -1, -1):
            for scope in ("all", "event:fete", "event:conf"):
                running.feed.publish(trend_list(*topics, scope=scope, at=minute - ago * 60_000))
        running.alerts.add(alert(1, display="#concert"))
        yield running


def came_to(page: Page) -> dict[str, int]:
    """What the page has loaded, and its bytes as sent; no thing twice."""
    came: dict[str, int] = {}
    for name, size in page.evaluate(
        """() => ["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind))
        .map((one) => [one.name.replace(location.origin, ""), one.transferSize])"""
    ):
        assert name not in came, f"{name} came twice"
        came[name] = size
    return came


@pytest.mark.parametrize("width", [1_280, 390])
@pytest.mark.parametrize(("path", "there"), [*FIRST.items(), *PLAIN.items()])
def test_a_first_visit_is_light_fetches_nothing_twice_and_names_its_modules_beforehand(
    browser: Browser, served: Served, path: str, there: str, width: int
) -> None:
    page = opened(browser, served.address + path, width)
    if "canvas" in there:
        page.locator("article.drawn .chart").scroll_into_view_if_needed()
    expect(page.locator(there).first).to_be_visible(timeout=20_000)
    html = page.request.get(page.url).text()
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)"', html))
    until(lambda: named <= set(came_to(page)))
    page.wait_for_timeout(500)  # and nothing comes that should not
    came = came_to(page)
    ours = {name: size for name, size in came.items() if not name.startswith("/media/")}
    assert (15_000 if path in FIRST else 5_000) < sum(ours.values()) < MOST_BYTES
    later = {f"/static/{name}.js" for name in (*modules_of("alerts"), "uplot/uPlot.iife.min")}
    found_late = {name for name in came if name.endswith(".js") and f'src="{name}"' not in html} - named
    assert found_late <= later
    page.context.close()


@pytest.mark.parametrize("width", [1_280, 390])
def test_a_first_visit_of_who_is_signed_in_is_as_light(browser: Browser, served: Served, width: int) -> None:
    entered = opened(browser, f"{served.address}/moderate/conf", width)
    kept = signed_in(entered, ANN.secret).context.storage_state()
    entered.context.close()
    for path, there in SIGNED_IN.items():
        size = {"width": width, "height": 800}
        page = browser.new_context(storage_state=kept, viewport=size).new_page()  # type: ignore[arg-type]
        page.goto(served.address + path)
        expect(page.locator(there).first).to_be_visible()
        page.wait_for_timeout(500)
        assert 5_000 < sum(came_to(page).values()) < MOST_BYTES, path
        page.context.close()


PAINTED = """() => new Promise((done) => {
    const told = (all) => {
        const { element, startTime, size } = all.getEntries().at(-1);
        done([startTime, size, element?.outerHTML.slice(0, 200)]);
    };
    new PerformanceObserver(told).observe({ type: "largest-contentful-paint", buffered: true });
})"""
LARGEST = {  # of a phone's first view; and what is there once scripts have drawn the page
    "/": (".headline .why", ".headline h2 a"),
    "/screen": ("td .reason", "caption .live"),
    "/?topic=%23lumiere": ("article.topic .lead", "article.drawn .chart"),
    "/events/fete": ("#numbers h2", "#trends polygon"),
    "/events/fete/wall": ("#main .said", "#posts .post >> nth=11"),
    "/screen/fete": ("#main .said", "#posts .post"),
    "/alerts": ("#alerts p", "#alerts li a"),
    "/voice": (".voice h1", ".voice .mark circle"),
}


@pytest.mark.parametrize(("path", "largest", "taken_over"), [(path, *told) for path, told in LARGEST.items()])
def test_on_a_phone_the_largest_paint_waits_for_no_script_and_nothing_moves_when_they_come(
    browser: Browser, served: Served, path: str, largest: str, taken_over: str
) -> None:
    page = browser.new_context(viewport={"width": 360, "height": 740}, locale="fr-FR").new_page()
    page.add_init_script(SHIFTS)
    held: list[Route] = []
    going: list[bool] = []
    page.route(re.compile(r"/static/.*\.js"), lambda route: route.continue_() if going else held.append(route))
    page.goto(served.address + path, wait_until="commit")
    expect(page.locator(largest).first).to_be_visible()
    expect(page.locator(taken_over)).to_have_count(0)
    page.wait_for_timeout(700)  # a picture may come yet, and be larger
    painted = page.evaluate(PAINTED)
    texts = page.locator(largest).first.inner_text()
    going.append(True)
    while held:
        held.pop().continue_()
    expect(page.locator(taken_over).first).to_be_attached(timeout=20_000)
    assert page.locator(largest).first.inner_text() == texts
    page.wait_for_timeout(500)
    assert page.evaluate(PAINTED)[:2] == painted[:2], (painted, page.evaluate(PAINTED))  # nothing larger came
    assert sum(page.evaluate("window.shifts ?? []")) <= 0.05
    page.context.close()


@pytest.mark.parametrize("asks", ["scrolls", "for its picture"])
def test_a_phone_loads_what_draws_a_chart_once_somebody_looks_at_it(
    browser: Browser, served: Served, asks: str
) -> None:
    page = opened(browser, f"{served.address}/?topic=%23lumiere", 390, 664)
    came = """() => performance.getEntriesByType("resource").map((one) => [one.name, one.transferSize])"""
    expect(page.locator("article.drawn .chart")).to_be_attached()
    page.wait_for_timeout(500)
    assert not [name for name, _ in page.evaluate(came) if "uPlot" in name]
    assert sum(size for _, size in page.evaluate(came)) < 40_000
    if asks == "scrolls":
        page.locator(".chart").scroll_into_view_if_needed()
        expect(page.locator(".chart canvas")).to_be_visible()
    else:
        with page.expect_download() as download:
            page.get_by_role("button", name="Image").click()
        assert download.value.suggested_filename == "lumiere.png"
    page.context.close()


@pytest.mark.parametrize("path", ["/events/fete/wall", "/screen/fete"])
def test_a_picture_that_came_with_the_page_stays_when_scripts_draw_the_posts(browser: Browser, path: str) -> None:
    with serving() as served:
        served.take(post("sea", "la mer #fete", media=[Media("https://a.example/sea.jpg")]))
        until(lambda: 'class="photo"' in httpx.get(served.address + path).text)
        page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
        held: list[Route] = []
        going: list[bool] = []
        page.route(re.compile(r"/static/.*\.js"), lambda route: route.continue_() if going else held.append(route))
        page.goto(served.address + path, wait_until="commit")
        expect(page.locator(".served img.photo")).to_have_count(1)
        page.evaluate("window.first = document.querySelector('.served img.photo')")
        going.append(True)
        while held:
            held.pop().continue_()
        expect(page.locator("#posts img.photo")).to_have_count(1)
        assert page.evaluate("window.first === document.querySelector('#posts img.photo')")
        page.context.close()


@pytest.mark.parametrize(
    ("path", "has", "has_not"),
    [
        ("/", {"page", "why", "alert", "also"}, {"wall", "room", "setup", "source", "tour", "report"}),
        ("/events/fete/wall", {"page", "wall", "moment"}, {"room", "setup", "source", "tour", "report"}),
    ],
)
def test_a_page_is_given_the_texts_that_its_scripts_say(
    served: Served, path: str, has: set[str], has_not: set[str]
) -> None:
    html = httpx.get(served.address + path).text
    given = set(json.loads(html.split('id="texts">')[1].split("</script>")[0]))
    assert has <= given
    assert not has_not & given
    scripts = [file for file in STATIC.rglob("*.js") if "wall" in given or file.parent.name != "wall"]
    said = {name for file in scripts if file.stem != "room" for name in SAID.findall(file.read_text("utf-8"))}
    assert said <= given


@pytest.mark.parametrize("lang", languages())
def test_on_the_narrowest_phone_nothing_is_cut_and_the_place_where_one_is_stands_on_the_page(
    browser: Browser, served: Served, lang: str
) -> None:
    page = opened(browser, served.address, 320, 640, locale=lang)
    for path, there in FIRST.items():
        page.goto(served.address + path)
        if "topic" in path:
            page.locator("article.drawn .chart").scroll_into_view_if_needed()
        expect(page.locator(there).first).to_be_visible(timeout=20_000)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert (
            page.locator("nav.places").evaluate_all("them => them.filter(it => it.scrollWidth > it.offsetWidth)") == []
        )
    page.goto(served.address)
    for select in page.locator(".picks select").all():
        expect(select).to_be_visible()
    page.context.close()
    page = opened(browser, f"{served.address}/moderate/conf", 320, 640, locale=lang)
    signed_in(page, ANN.secret)
    assert page.locator("nav.places [aria-current]").evaluate("it => it.getBoundingClientRect().right <= innerWidth")
    page.context.close()


def colour_of(page: Page, selector: str, pseudo: str = "") -> str:
    told: str = page.locator(selector).first.evaluate(
        "(it, pseudo) => getComputedStyle(it, pseudo || null).backgroundColor", pseudo
    )
    return told


def test_where_the_system_forces_colours_what_is_chosen_and_live_and_the_bars_are_still_seen(
    browser: Browser, served: Served
) -> None:
    page = opened(browser, served.address, forced_colors="active")
    expect(page.locator(".headline .bars i").first).to_be_visible()
    ground = colour_of(page, "body")
    for place in ("nav.places", "nav.scopes", "nav.segments"):
        assert colour_of(page, f"{place} [aria-current]") not in (
            ground,
            colour_of(page, f"{place} a:not([aria-current])"),
        )
    assert colour_of(page, ".headline .bars i") != ground
    assert colour_of(page, ".live", "::before") != ground
    page.goto(f"{served.address}/moderate/conf")
    signed_in(page)
    assert colour_of(page, '#tabs [aria-pressed="true"]') != colour_of(page, '#tabs [aria-pressed="false"]')
    page.context.close()
