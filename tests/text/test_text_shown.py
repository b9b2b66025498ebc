"""A post's text on a terminal: one line, no control character, no wider than asked."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from text_samples import HOSTILE, TEXTS

from pipeline.text import printable

HARMLESS_FORMAT = "\u200c\u200d" + "".join(map(chr, range(0xE0020, 0xE0080)))
CURIOUS = st.text(alphabet=st.characters(whitelist_categories=("C", "M", "Z", "So")))
ANY = st.one_of(TEXTS, CURIOUS, st.text(max_size=60))


@given(ANY)
def test_nothing_that_a_terminal_obeys_remains(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp")]
    assert not [c for c in shown if unicodedata.category(c) == "Cf" and c not in HARMLESS_FORMAT]
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(ANY)
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@given(st.text(max_size=60), st.integers(0, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    shown = printable(text, width)
    assert cell_len(shown) <= width
    assert printable(text).startswith(shown.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("a\x1b[31mred\x07", "a�[31mred�"),
        ("one\r\ntwo\u2028three\x85four\tfive", "one two three four five"),
        ("abc\u202etxt.exe\u2066x\u2069", "abctxt.exex"),
        ("\ud800x\ue000", "�x�"),
        ("pass\u200bword \u2060 \ufeff", "password"),
        ("👩\u200d🚀 ❤\ufe0f 🇫🇷 👍🏽", "👩\u200d🚀 ❤\ufe0f 🇫🇷 👍🏽"),
        ("a\u200db\u200c", "ab"),
        ("ශ්\u200dරී می\u200cخواهم", "ශ්\u200dරී می\u200cخواهم"),
        ("z" + "\u0300" * 50 + "!", "z" + "\u0300" * 4 + "!"),
        ("\u0301x", "x"),
        ("עַל־יְדֵי น้ำท่วม हिन्दी", "עַל־יְדֵי น้ำท่วม हिन्दी"),
    ],
)
def test_texts_are_shown_so(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_text_is_cut_between_characters_as_people_see_them() -> None:
    assert printable("こんにちは", 7) == "こんに…"
    assert printable("こんにちは", 10) == "こんにちは"
    assert printable("ab👩\u200d🚀cd", 5) == "ab…"
    assert printable("e\u0301e\u0301e\u0301", 2) == "e\u0301…"
    assert printable("abc", 1) == "…"
    assert printable("abc", 0) == ""


@pytest.mark.timeout(30)
def test_hostile_texts_are_shown_in_linear_time() -> None:
    for text in HOSTILE:
        printable(text)
        printable(text, 80)
