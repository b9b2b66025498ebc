"""The page's scripts make the same sentences of the same facts as Python does."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from pipeline.wording import language, languages, why_of
from schemas.trends import Why
from tests.browser.test_page import Shown, browser, shown  # noqa: F401
from tests.wording.test_wording import whys


def test_the_scripts_and_python_say_the_same(browser: Browser, shown: Shown) -> None:  # noqa: F811
    pages = {lang: browser.new_page() for lang in languages()}
    for lang, page in pages.items():
        page.goto(f"{shown.address}?lang={lang}")

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(languages()), st.lists(whys, min_size=60, max_size=60))
    def alike(lang: str, facts: list[Why]) -> None:
        said = pages[lang].evaluate(
            "async (facts) => { const texts = await import('/static/texts.js'); return facts.map(texts.why); }",
            [msgspec.to_builtins(one) for one in facts],
        )
        assert said == [why_of(one, language(lang)) for one in facts]

    alike()
    for page in pages.values():
        page.close()
