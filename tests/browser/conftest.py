"""A real browser, and pages of the live page that must not complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.shown import SHOTS, Shown, listed

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium (apt-get install chromium)")
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
