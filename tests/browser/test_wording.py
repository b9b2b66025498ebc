"""The page's scripts make the same sentences of the same facts as Python does."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from pipeline.trends.alerting import Alerting
from pipeline.wording import language, languages, why_of
from schemas.alerts import Rule
from schemas.trends import Why
from tests.browser.shown import Shown, listed
from tests.wording.test_wording import whys


def test_the_scripts_and_python_say_the_same(browser: Browser, shown: Shown) -> None:
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


def test_alerts_of_every_kind_are_said_in_french(opened: Callable[..., Page]) -> None:
    fete = "event:fete"
    rules = [
        Rule("t"),
        Rule("s", kind="surge", score=3.0),
        Rule("n", kind="new"),
        Rule("p", kind="volume", posts=1),
        Rule("v", kind="volume", people=1),
        Rule("w", kind="volume", on=fete, posts=1),
        Rule("q", kind="silence", on=fete, silent_s=60),
    ]
    alerting = Alerting(rules)
    hour = msgspec.structs.replace(listed(1, "#Lyon", scope=fete), posts=9, authors=5)
    told = [listed(1, "#Lyon", state="new"), hour, msgspec.structs.replace(hour, window="5m")]
    told += [listed(minute, "#Lyon") for minute in range(2, 9)]
    raised = [one for trends in told for one in alerting.take(trends) if one.status == "firing"]
    assert {one.rule for one in raised} == {rule.name for rule in rules}
    page = opened(lang="fr-FR")
    for one in raised:
        said = page.evaluate(
            "async (alert) => (await import('/static/texts.js')).alertText(alert)", msgspec.to_builtins(one)
        )
        english = r"\b(people|posts?|in|reached|has|was|about|since|where|expected|words|number|all|1h)\b"
        assert not re.search(english, said), said


def test_the_first_of_a_month_is_written_as_the_language_writes_it(browser: Browser, shown: Shown) -> None:
    at = 1_798_804_800_000  # 2027-01-01T12:00Z
    for lang, first, second in (("fr", "1er janv.", "2 janv."), ("en", "1 Jan", "2 Jan"), ("es", "1 ene", "2 ene")):
        context = browser.new_context(locale="en-GB" if lang == "en" else lang, timezone_id="Europe/Paris")
        page = context.new_page()
        page.goto(f"{shown.address}?lang={lang}")
        said = page.evaluate(
            "async (ats) => { const texts = await import('/static/texts.js'); return ats.map(texts.clock); }",
            [at, at + 86_400_000],
        )
        assert (first in said[0], second in said[1], "1er" in said[1]) == (True, True, False), said
        context.close()


AGO = {  # minutes -> in each language
    59: ("59 minutes ago", "il y a 59 minutes", "hace 59 minutos"),
    60: ("1 hour ago", "il y a 1 heure", "hace 1 hora"),
    65: ("1 h 5 min ago", "il y a 1 h 05", "hace 1 h 5 min"),
    115: ("1 h 55 min ago", "il y a 1 h 55", "hace 1 h 55 min"),
    120: ("2 hours ago", "il y a 2 heures", "hace 2 horas"),
    359: ("5 h 59 min ago", "il y a 5 h 59", "hace 5 h 59 min"),
    400: ("7 hours ago", "il y a 7 heures", "hace 7 horas"),
    3_000: ("2 days ago", "avant-hier", "anteayer"),
}


def test_from_an_hour_on_how_long_ago_it_was_and_how_long_it_took_is_told_in_hours(
    browser: Browser, shown: Shown
) -> None:
    for number, lang in enumerate(("en", "fr", "es")):
        page = browser.new_page()
        page.goto(f"{shown.address}?lang={lang}")
        said = page.evaluate(
            """async (all) => { const { ago } = await import('/static/texts.js');
            return all.map((minutes) => ago(Date.now() - minutes * 60000)); }""",
            list(AGO),
        )
        assert [text.replace("\xa0", " ") for text in said] == [texts[number] for texts in AGO.values()]
        spans = [0, 59, 900, 3_599, 3_600, 3_900, 6_900, 7_200, 90_000, 90_060]
        told = page.evaluate(
            "async (all) => { const { say } = await import('/static/messages.js');"
            " return all.map((span) => say('page.ago', { span })); }",
            spans,
        )
        assert told == [language(lang).say("page.ago", span=span) for span in spans]
        page.close()
