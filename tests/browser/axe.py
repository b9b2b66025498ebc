"""What axe-core finds on a page: faults of accessibility."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

CONTRAST = "color-contrast"  # takes most of the time
COLOURS = (CONTRAST, "link-in-text-block")  # all that may differ between two themes
THEMES: dict[Literal["light", "dark"], Collection[str]] = {"light": (), "dark": COLOURS}  # and the rules: () for all
FOUND = """async ([where, options]) => (await axe.run(where ?? document, options)).violations
    .map((one) => [one.id, one.nodes[0].html])"""


def faults_of(
    page: Page, where: str | None = None, only: Collection[str] = (), without: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Rule and first element of each, on the page or in a part of it: by all rules, by these only, or without some."""
    if page.evaluate("typeof axe") == "undefined":  # half a megabyte: once a page
        page.evaluate(AXE_SCRIPT)
    some = {"runOnly": {"type": "rule", "values": list(only)}} if only else {}
    rules = {rule: {"enabled": False} for rule in without}
    found = page.evaluate(FOUND, [where, {"resultTypes": ["violations"], "rules": rules, **some}])
    return [(rule, element) for rule, element in found]
