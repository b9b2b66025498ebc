"""Asks what stands on a page that a script may draw anew at any moment: in one step, and again until it is so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

WITHIN_S = 20.0


def asked(what: Locator, script: str, so: Callable[[Any], bool]) -> Any:
    """What `script` answers, called with all of these elements, once there are any and `so` says that it is right; a
    test that waits in vain fails with the last answer."""
    until = time.monotonic() + WITHIN_S
    of_any = f"them => them.length ? ({script})(them) : null"
    while (answer := what.evaluate_all(of_any)) is None or not so(answer):
        assert time.monotonic() < until, answer
        what.page.wait_for_timeout(50)
    return answer


def boxes(what: Locator) -> list[dict[str, float]]:
    """Where each of them stands on its page, of one moment."""
    expect(what.first).to_be_visible()
    found: list[dict[str, float]] = asked(
        what,
        "them => them.map(it => it.getBoundingClientRect().toJSON())",
        lambda answer: all(box["width"] and box["height"] for box in answer),
    )
    return found
