"""An organiser sets up an event from nothing in a browser, in two languages, by keyboard and without scripts."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.run import start_web
from pipeline.web.setup.nearby import Nearby
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.tokens import Gate
from schemas import Post
from schemas.definitions import Definitions
from schemas.events import Event
from tests.browser.asking import asked
from tests.browser.axe import faults_of
from tests.web.desk import Desk, FixedChannels

SMALL = """them => them.map(it => it.type === 'checkbox' ? it.parentElement : it)
    .filter(it => it.getBoundingClientRect().height < 44).map(it => it.outerHTML)"""
CONTROLS = "#main :is(button:not([hidden]), input:not([type=hidden]), select, textarea, a.button)"


class Served:
    """A server where nothing is defined yet, and the link that its terminal tells."""

    def __init__(self) -> None:
        self.desk, gate = Desk(Definitions()), Gate(())
        self.link = f"/setup?link={gate.link()}"
        nearby = Nearby(Feed(), lambda: [Post(str(n), f"p{n}", "#Fête2026 #neige", n, source="sms") for n in range(3)])
        setup = Setup(Door(gate), self.desk, channels=FixedChannels(), nearby=nearby)
        self.handle = start_web(Feed(), port=0, routers=[setup_routes(setup)])
        self.address = self.handle.address.rstrip("/")


@pytest.fixture
def served(browser: Browser) -> Iterator[Served]:
    made = Served()
    yield made
    for context in browser.contexts:
        context.close()
    made.handle.stop()


def clean(page: Page) -> None:
    """Once it is there: nothing that axe finds, no control that a thumb misses, nothing wider than the page."""
    page.wait_for_load_state()
    assert not faults_of(page)
    asked(page.locator(CONTROLS), SMALL, lambda small: not small)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


ENGLISH = "Log in;New event;Title;Hashtags;Begins;Time zone;Review the change;Put it in force"
FRENCH = "Se connecter;Nouvel événement;Titre;Hashtags;Début;Fuseau horaire;Vérifier la modification;Mettre en vigueur"


@pytest.mark.parametrize(("locale", "scripts", "words"), [("en-GB", True, ENGLISH), ("fr-FR", False, FRENCH)])
def test_an_organiser_sets_up_an_event_from_nothing(
    browser: Browser, served: Served, locale: str, scripts: bool, words: str
) -> None:
    log_in, new, title, hashtags, begins, zone, review, apply = words.split(";")
    size = {"width": 390, "height": 844} if scripts else {"width": 1280, "height": 800}
    context = browser.new_context(
        locale=locale, java_script_enabled=scripts, timezone_id="Europe/Paris", viewport=size, color_scheme="dark"
    )
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(served.address + served.link)
    page.get_by_role("button", name=log_in).click()
    expect(page.get_by_role("link", name=new)).to_be_visible()
    if scripts:
        clean(page)
    page.get_by_role("link", name=new).click()
    expect(page.get_by_label(zone)).to_have_value("Europe/Paris" if scripts else "UTC")
    page.get_by_label(zone).fill("Europe/Paris")
    page.get_by_label(title, exact=True).fill("Fête <b>de</b> la ville")
    page.get_by_label(hashtags).fill("fete")
    if not scripts:
        page.locator("#suggest").click()
    page.get_by_role("button", name="#Fête2026").click()
    expect(page.get_by_label(hashtags)).to_have_value("fete #Fête2026")
    expect(page.get_by_role("button", name="#neige")).to_be_visible()
    page.get_by_label(begins).fill("2026-12-05T18:00")
    page.locator("#check").click()
    expect(page.locator("#found")).to_contain_text("Refused. one <b> why <i>")
    expect(page.get_by_label(hashtags)).to_have_value("fete #Fête2026")
    if scripts:
        clean(page)
    page.get_by_label(hashtags).press("Enter")
    expect(page.get_by_role("button", name=apply)).to_be_visible()
    if scripts:
        clean(page)
    assert served.desk.written == []
    page.get_by_role("button", name=apply).click()
    expect(page.get_by_role("status")).to_be_visible()
    event = Event(
        "fete-b-de-b-la-ville",
        "Fête <b>de</b> la ville",
        ("#fete", "#Fête2026"),
        start=1_796_490_000_000,
        time_zone="Europe/Paris",
    )
    assert served.desk.now.events == (event,)
    page.go_back()  # of a form that was sent the browser has the answer yet
    expect(page.get_by_role("button", name=apply)).to_be_visible()
    page.go_back()
    expect(page.get_by_label(hashtags)).to_be_visible()
    page.goto(f"{served.address}/setup")
    page.get_by_role("link", name="Fête <b>de</b> la ville").click()
    page.get_by_label(begins).fill("")
    page.get_by_label(zone).fill("Nowhere")
    page.get_by_role("button", name=review).click()
    expect(page.get_by_role("alert")).to_contain_text(zone)
    if scripts:
        clean(page)
    assert [fault for fault in faults if "422" not in fault] == []  # the browser tells the status of the refusal
    context.close()


def test_who_is_signed_out_meanwhile_loses_nothing_of_what_is_filled_in(browser: Browser, served: Served) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(served.address + served.link)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="New event").click()
    page.get_by_label("Title", exact=True).fill("La fête")
    signed = context.cookies()
    context.clear_cookies()
    page.get_by_label("Hashtags").fill("fete")
    page.locator("#check").click()
    expect(page.locator("#gone")).to_contain_text("no longer signed in")
    page.wait_for_timeout(600)  # hashtags are asked for meanwhile
    expect(page.locator("#near h1")).to_have_count(0)
    page.get_by_role("button", name="Review the change").click()
    clean(page)
    context.add_cookies(signed)  # signed in once more, in another tab
    page.get_by_role("button", name="Review the change").click()
    expect(page.get_by_role("button", name="Put it in force")).to_be_visible()
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("La fête")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_look_of_the_big_screen_is_seen_while_it_is_chosen(browser: Browser, served: Served, scheme: str) -> None:
    page = browser.new_context(locale="en-GB", color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(served.address + served.link)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="New event").click()
    stage, tag = page.locator("#look .stage"), page.locator("#look em")
    page.get_by_label("Title", exact=True).fill("La fête")
    page.get_by_label("Hashtags").fill("fete nuit")
    page.get_by_label("Background colour").fill("#1b1036")
    page.get_by_label("Accent colour").fill("#ffb84d")
    page.get_by_label("Layout").select_option("single")
    expect(stage).to_contain_text("La fête#fete")
    expect(stage).to_have_css("background-color", "rgb(27, 16, 54)")
    expect(tag).to_have_css("color", "rgb(255, 184, 77)")
    expect(page.locator("#look span:visible")).to_have_count(1)
    clean(page)
    page.get_by_label("Accent colour").fill("#201540")  # nobody could read it there
    expect(tag).not_to_have_css("color", "rgb(32, 21, 64)")
    page.get_by_label("Typeface").select_option("serif")
    expect(stage).to_have_css("font-family", re.compile("Charter.* serif$"))
    page.context.close()


def test_a_logo_is_chosen_as_a_file_and_made_as_small_as_it_has_to_be(browser: Browser, served: Served) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(served.address + served.link)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="New event").click()
    page.get_by_label("Title", exact=True).fill("La fête")
    page.get_by_label("Hashtags").fill("fete")
    page.get_by_label("Logo").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.get_by_text("cannot be read as a picture")).to_be_visible()
    noise = io.BytesIO()
    Image.effect_noise((1200, 600), 90).save(noise, "PNG")
    page.get_by_label("Logo").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": noise.getvalue()})
    expect(page.locator("img.logo")).to_be_visible()
    expect(page.get_by_text("cannot be read as a picture")).to_be_hidden()
    clean(page)
    page.get_by_role("button", name="Review the change").click()
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("status")).to_be_visible()
    logo = served.desk.now.events[-1].stage.logo
    made = Image.open(io.BytesIO(base64.b64decode(logo.partition(",")[2])))
    assert 2 * made.height == pytest.approx(made.width, abs=2)
    assert len(logo) <= 40_000
    page.get_by_role("link", name="La fête").click()
    page.get_by_role("button", name="Without a logo").click()
    expect(page.locator("img.logo")).to_be_hidden()
    page.get_by_role("button", name="Review the change").click()
    expect(page.locator(".diff")).to_contain_text("logo")
    page.context.close()
