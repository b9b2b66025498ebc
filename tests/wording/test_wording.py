"""Facts become sentences: the same in Python and on the page, in every language that there is a catalogue of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import fold
from pipeline.wording import (
    Language,
    alert_text,
    beside_of,
    catalogue,
    fault_text,
    language,
    languages,
    row_text,
    why_of,
)
from pipeline.wording.language import Place
from pipeline.wording.messages import MessageError, parse
from schemas.alerts import About, Alert, AlertWhy, Fault, FaultCode
from schemas.trends import WINDOWS, Note, Origins, Peak, Signs, Why
from tests.conftest import ROOT
from tests.facts import SAID, WHY
from tests.sinks.lists import trend

numbers = st.floats(-5_000, 5_000_000).map(lambda value: round(value, 4))
whys = st.builds(
    Why,
    people=st.integers(0, 3_000_000),
    window_s=st.sampled_from((60, 300, 900, 3_600, 5_400, 21_600, 86_400)),
    repeated=st.booleans(),
    support=numbers.map(abs),
    expected=numbers.map(abs) | st.sampled_from((0.0, 0.25, 0.4999, 0.5, 9.5, 10.0, 99.5)),
    spread=numbers.map(abs),
    score=numbers | st.sampled_from((-0.04, 0.05, -0.05, 11.25)),
    own_words=st.floats(0, 1).map(lambda value: round(value, 4)) | st.sampled_from((0.005, 0.125)),
    note=st.sampled_from(msgspec.inspect.type_info(Note).values),  # type: ignore[attr-defined]
)


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from texts_of(one, f"{path}.{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from texts_of(one, f"{path}.{number}")


def alert(kind: str, topic: str = "#a", **why: Any) -> Alert:
    return Alert(
        f"r/{topic}/1", "firing", "r", kind, "info", "event:fete", "1h", topic, "#A" if topic else "event:fete",
        1_795_000_000_000, 1_795_000_000_000, 1_795_000_000_000, 1_234.0, 1.0, [], [], AlertWhy(**why),
    )  # type: ignore[arg-type]  # fmt: skip


def alerts() -> Iterator[Alert]:
    for kind in ("trending", "surge", "new"):
        yield alert(kind, trend=WHY)
    for counted in ("posts", "people"):
        yield alert("volume", trend=WHY, counted=counted)
        yield alert("volume", "", counted=counted, about=[About("#b", "#B"), About("#c", "#C")])
    yield alert("volume", "", counted="posts")
    yield alert("silence", "")
    yield alert("trending", note="test")
    yield msgspec.structs.replace(alert("digest", "", alerts=[alert("surge", trend=WHY)]), value=3.0)


def test_the_facts_of_a_row_are_one_sentence() -> None:
    words = language("en")
    assert why_of(WHY, words) == SAID
    many = msgspec.structs.replace(WHY, people=1_412, repeated=True, support=12.4)
    assert why_of(many, words).startswith(
        "1,412 people in the last 15 min, many of them repeating the same texts, where about 5"
    )
    first = msgspec.structs.replace(many, people=1, note="no_past", window_s=3_600)
    assert why_of(first, words) == (
        "1 person in the last hour, many of them repeating the same texts; no past to compare with yet"
    )
    assert why_of(msgspec.structs.replace(WHY, note="faded"), words) == f"{SAID}; interest has faded"
    usual = msgspec.structs.replace(WHY, note="usual", window_s=86_400)
    assert why_of(usual, words) == "50 people in the last day; nothing unusual"
    unheard = [msgspec.structs.replace(WHY, window_s=60, expected=expected) for expected in (0.499, 0.5)]
    assert [why_of(one, words) for one in unheard] == [
        "50 people in the last minute, where usually nobody speaks of it",
        "50 people in the last minute, where about 1 would be usual",
    ]


def test_a_row_says_when_it_began_and_how_it_goes_on() -> None:
    at = 1_795_022_700_000  # 17:25
    began, strongest = at - 20 * 60_000, at - 12 * 60_000
    row = msgspec.structs.replace(trend(1, "#a"), since=began, peak=Peak(9.0, strongest), state="fading", why=WHY)
    words = language("en")
    assert row_text(row, at, words) == f"{SAID}; began at 17:05, strongest at 17:13, slowing"
    at_once = msgspec.structs.replace(row, peak=Peak(9.0, began), state="new")
    assert row_text(at_once, at, words) == f"{SAID}; began at 17:05"
    long_ago = msgspec.structs.replace(at_once, since=at - 2 * 86_400_000, state="steady")
    assert "; began on 2026-11-16 at 17:25 UTC, strongest at 17:05, steady" in row_text(long_ago, at, words)
    two_days = msgspec.structs.replace(row, since=at - 3 * 86_400_000, peak=Peak(9.0, at - 2 * 86_400_000))
    for lang, course in (
        ("fr", "; depuis le 15/11/2026 à 17:25 UTC, au plus fort le 16/11/2026 à 17:25 UTC, en recul"),
        ("es", "; desde el 15/11/2026 a las 17:25 UTC, máximo el 16/11/2026 a las 17:25 UTC, bajando"),
    ):
        assert row_text(two_days, at, language(lang)).endswith(course)
    at_one = msgspec.structs.replace(row, since=at - 16 * 3_600_000, peak=None)
    assert row_text(at_one, at, language("es")).endswith("; desde la 01:25, bajando")
    assert row_text(msgspec.structs.replace(row, since=None), at, words) == SAID
    assert row_text(row, at, language("fr")).endswith("\u202f; depuis 17:05, au plus fort à 17:13, en recul")


@pytest.mark.parametrize("lang", languages())
def test_people_are_told_no_numbers_of_the_score(lang: str) -> None:
    words = language(lang)
    strange = msgspec.structs.replace(WHY, support=123_456.0, spread=234_567.0, score=345_678.0, own_words=0.456789)
    row = msgspec.structs.replace(trend(1, "#a"), why=strange, score=345_678.0, peak=Peak(456_789.0, 1_795_000_000_000))
    surge = msgspec.structs.replace(alert("surge", trend=strange), value=345_678.0)
    told = row_text(row, 1_795_000_000_000, words) + alert_text(surge, words)
    digits = "".join(re.findall(r"\d", told))
    assert not [number for number in ("123456", "234567", "345678", "46", "456789") if number in digits]
    assert "sigma" not in str(catalogue(lang)).lower()


@pytest.mark.parametrize("lang", languages())
def test_every_language_says_all_that_english_says(lang: str) -> None:
    ours, english = (dict(texts_of(catalogue(one))) for one in (lang, "en"))
    differ = {path for path in ours.keys() ^ english.keys() if not re.match(r"\.language\.(space_|units)", path)}
    assert not differ
    places = re.compile(r"\{(\w+),|\{(n|display|value|why|detail|at|rule|what|height|of|shown|came|name|count)\}")

    def names_in(text: str) -> set[str]:
        return {typed or bare for typed, bare in places.findall(text)}  # a number has two forms in some languages only

    for path, text in ours.items():
        found = names_in(text)
        if path.startswith(".moment."):  # an hour is one or many in some languages only
            found.discard("one")
        assert found == names_in(english.get(path, text)), path


@pytest.mark.parametrize("lang", languages())
def test_one_is_never_told_as_many(lang: str) -> None:
    """A number stands before a word only where the word is chosen by it."""
    many = "posts|people|accounts|messages|personnes|comptes|autres|semblables|mensajes|personas|cuentas|veces|fois"
    told = {path: text for path, text in texts_of(catalogue(lang)) if re.search(rf"[}}] (?:{many})\b", text)}
    bare = {path for path, text in told.items() if re.search(rf"\{{\w+(?:, number)?\}} (?:{many})\b", text)}
    assert bare <= {".arithmetic.verdict.few", ".wall.copies"}  # at least two people; times, which do not change
    words = language(lang)
    one = [words.say(f"{kind}.{what}", n=1) for kind in ("count", "figure") for what in ("posts", "people")]
    assert not [text for text in one if text.endswith("s") or "people" in text]
    fired = msgspec.structs.replace(alert("volume", "", counted="people"), value=1.0)
    assert words.say("count.people", n=1) in alert_text(fired, words)


@pytest.mark.parametrize("lang", languages())
def test_a_row_beside_its_number_of_people_does_not_say_it_again(lang: str) -> None:
    words = language(lang)
    row = msgspec.structs.replace(trend(1, "#a"), why=msgspec.structs.replace(WHY, people=731, expected=12.0))
    row.authors = 731
    assert "731" not in beside_of(row, words)
    assert "12" in beside_of(row, words)
    row.authors = 800  # of another span
    assert beside_of(row, words) == why_of(row.why, words)


def test_networks_are_called_as_they_call_themselves() -> None:
    for lang in languages():
        told = [language(lang).of_type("network", name, "") for name in ("mastodon", "twitter", "x", "sms", "ours")]
        assert told == ["Mastodon", "X", "X", "SMS", "Ours"]


def test_nobody_is_addressed_in_two_ways() -> None:
    """Politely in both languages that have two: vous, usted."""
    familiar = {
        "es": r"tú|tus?|tuy[oa]s?|te|ti|contigo|quieres|puedes|tienes|das|revisa|escanea",
        "fr": r"tu|toi|ton|tes|te|tien(ne)?s?",
    }
    for lang, words in familiar.items():
        for path, text in texts_of(catalogue(lang)):
            assert not re.search(rf"\b({words})\b", text, re.IGNORECASE), (lang, path, text)


@pytest.mark.parametrize("lang", languages())
def test_every_sentence_is_said_whole_in_every_language(lang: str) -> None:
    words = language(lang)
    said = [alert_text(one, words) for one in alerts()]
    said += [fault_text(Fault(code, "503"), words) for code in msgspec.inspect.type_info(FaultCode).values]  # type: ignore[attr-defined]
    assert len(set(said)) == len(said)
    for text in said:
        assert not re.search(r"[{}#](?![A-Z])|select,|plural,", text), text
    if lang != "en":
        assert not set(said) & {alert_text(one, language("en")) for one in alerts()}


@pytest.mark.parametrize("lang", languages())
def test_no_text_of_a_page_speaks_of_the_tables_of_the_file(lang: str) -> None:
    """Who sets up an event in the browser has never seen one."""
    assert [path for path, text in texts_of(catalogue(lang)) if "[[" in text] == []


def test_french_sets_marks_off_with_spaces_that_do_not_break() -> None:
    words = language("fr")
    said = [
        *(text for path, text in texts_of(catalogue("fr")) if path != ".language.day"),
        *(alert_text(one, words) for one in alerts()),
    ]
    for text in said:
        assert not re.search(r" [;:!?%]", text), text
        assert not re.search(r"(?<=\w)[;!?%](?!/)", re.sub(r"https?://\S+|\[\[.*?\]\]", "", text)), text
    assert why_of(WHY, words) == ("50 personnes dans les dernières 15\u00a0min, contre environ 5 d’habitude")
    assert words.number(1_234.56, 1) == "1\u202f234,6"
    assert [language("es").number(value) for value in (1_234, 12_345)] == ["1234", "12.345"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "}",
        "a {n",
        "{n} }",
        "{n, select}",
        "{n, plural, one {#}}",
        "{n, select, a {b} other {c}",
        "{n, number, {}}",
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse(text)


@given(numbers, st.sampled_from((0, 1)))
def test_numbers_are_rounded_to_the_nearest_and_read_back_as_such(value: float, digits: int) -> None:
    for lang in languages():
        words: Language = language(lang)
        told = words.number(value, digits)
        how = catalogue(lang)["language"]
        back = float(told.replace(how["group"], "").replace(how["decimal"], "."))
        assert abs(back - value) <= 0.5 / 10**digits + 1e-6
        assert told not in ("-0", "-0.0", "-0,0")


def test_a_scope_says_what_it_is() -> None:
    words = language("en")
    told = [words.of_type("place", scope, "") for scope in ("all", "lang:fr", "source:mastodon", "event:a", "watch:b")]
    assert told == ["all posts", "language fr", "source Mastodon", "event a", "watchlist b"]
    assert words.of_type("place", Place("event:a", "The fair: day one"), "") == "The fair: day one"
    assert set(WINDOWS) == {"5m", "1h", "24h"}  # as the page's scripts know them


@pytest.mark.parametrize("lang", languages())
def test_a_row_says_where_its_people_are_from_only_if_that_is_remarkable(lang: str) -> None:
    words = language(lang)
    row = msgspec.structs.replace(trend(1, "#a"), origins=Origins(people=40, one_server=0.93, usual=0.12, bots=0.6))
    plain = row_text(row, 0, words)
    row.flags = ["one_server", "bots"]
    told = row_text(row, 0, words)
    assert told.startswith(plain)
    assert [number for number in ("93", "12", "60", "40") if number in told[len(plain) :]] == ["93", "12", "60"]
    if lang == "en":
        assert told[len(plain) :] == (
            "; 93% of the people are on one server (12% is usual); 60% of the accounts are bots"
        )
    unknown = msgspec.structs.replace(row, flags=["bots"], origins=Origins(40, 0.0, None, 0.6))
    assert row_text(unknown, 0, words)[len(plain) :] in told


def test_a_row_says_what_its_people_say_too() -> None:
    also = ["Balcon", "ciel\u202e<b>rosé", *"abcdef"]
    row = msgspec.structs.replace(trend(1, "aurore"), joined=list(map(fold, also)), also=also, since=None)
    told = {lang: row_text(row, 0, language(lang))[len(why_of(row.why, language(lang))) :] for lang in languages()}
    assert told["en"] == "; people also say: Balcon, ciel<b>rosé, a, b, c"  # as text: who shows it escapes it
    assert told["fr"].replace("\u202f", " ").replace("\xa0", " ") == " ; on dit aussi : Balcon, ciel<b>rosé, a, b, c"
    assert told["es"] == "; también se dice: Balcon, ciel<b>rosé, a, b, c"


@pytest.mark.parametrize("lang", languages())
def test_a_suspect_topic_says_what_speaks_against_it(lang: str) -> None:
    row = trend(1, "#a")
    words = language(lang)
    row = msgspec.structs.replace(row, since=None)
    assert row_text(row, 0, words) == why_of(row.why, words)
    organised = Signs(people=675, sudden=0.98, newcomers=0.907, usual=0.12, again=0.0, suspect=True)
    told = row_text(msgspec.structs.replace(row, signs=organised), 0, words)
    assert all(number in told for number in ("675", "91", "12", "98"))
    more = row_text(msgspec.structs.replace(row, signs=msgspec.structs.replace(organised, again=0.5)), 0, words)
    assert len(more) > len(told)
    assert "540" not in more
    assert "540" in row_text(msgspec.structs.replace(row, signs=organised, withdrawn=540), 0, words)
    of_bots = row_text(msgspec.structs.replace(row, signs=msgspec.structs.replace(organised, bots=True)), 0, words)
    assert "675 bots" in of_bots
    assert "bots" not in told
    if lang == "en":
        assert told.startswith(
            "looks organised: 91% of 675 first voices never heard before (12% is usual), 98% of the rush"
        )


def test_every_fault_of_a_source_has_its_sentence_and_every_sentence_its_fault() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "pipeline/sources/live").glob("*.py"))
    assert set(re.findall(r'Fact\(\s*"fault\.(\w+)"', code)) == set(catalogue("en")["source"]["fault"])


def test_the_page_joins_a_word_and_what_it_is_about_by_the_colon_of_the_language() -> None:
    scripts = [path for path in (ROOT / "pipeline" / "web" / "static").rglob("*.js") if path.parent.name != "uplot"]
    joined = re.compile(r"\}: \$\{")
    assert scripts
    assert not [str(path) for path in scripts if joined.search(path.read_text("utf-8"))]


@pytest.mark.parametrize(
    ("lang", "loose"),
    [
        ("fr", r" [;:!?%»]|« |n° |[\d}#] (min|h|s|ms|[kMG]io|jours?|heures?)\b"),
        ("es", r" %|n\.º |[\d}#] (min|h|s|ms|[kMG]iB|días?|horas?)\b"),
    ],
)
def test_no_line_of_the_catalogue_ends_between_a_number_and_its_unit_or_before_a_mark(lang: str, loose: str) -> None:
    texts = [(path, text) for path, text in texts_of(catalogue(lang)) if not path.startswith(".language.")]
    assert [it for it in texts if re.search(loose, it[1])] == []
    words = language(lang)
    assert (words.say("unit.minutes", n=15), words.say("unit.hours", n=2)) == ("15\u00a0min", "2\u00a0h")
