"""Pages of the live page, in a real browser, that must not complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.shown import SHOTS, Shown, listed


@pytest.fixture
def shown() -> Iterator[Shown]:
    SHOTS.mkdir(parents=True, exist_ok=True)
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
