"""Whatever a post's text is, it is read in time that grows with its length: 64 KiB in a blink, never in its square."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import pytest
import regex
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.moderation.words import BlockedWords
from pipeline.text import DIALECTS, EventMatcher, extract, fold, fold_text, printable, text_key, words_of
from pipeline.text.normal import MAX_MARKS, normalized
from pipeline.text.topics import full_spellings_of, spellings_of
from schemas import Post
from schemas.events import Event

LENGTH = 16_384  # a quarter of the longest text
WITHIN_S = 1.0  # of CPU, all dialects together; where one is quadratic it is several
ALPHABETS = (
    "\u0345\u0315\u0301\u0323\u05b0\u0334\u0f71\u0f72\u0f74\u0344\uff9e\uff9f",
    "#＃﹟$@＠&a1é漢 .-_/:?!()'\"\xb7\u30fb\n",
    "\u200b\u200c\u200d\u202e\u034f\ufe0f\u20e3\x00\x7f\ufdfa\ufdfb\u3300",
    "क्ष\u09c7\u09be\u1100\u1161\u11a8İßſﬃΩ½👩🏽🇫\U0001f3f4\U000e0067\U000e007f",
)
UNITS = (
    *(
        "\u0f71\u0f72\u0f74",
        "\u0345\u0315\u0301\u0323\u05b0\u0334",
        "\u0301\uff9e",
        "\u0344\u0334",
        "\ufdfa",
        "\ufdfaa",
    ),
    *(
        "a.",
        ".",
        "@a",
        "#a",
        "＃é ",
        "$A ",
        "http://a.co/(",
        "http://a.co/?a",
        "#a-",
        "@a.a",
        "xn--.",
        "a.com ",
        "RT @a: ",
    ),
    *(
        "a\u200c",
        "\u200b\u0301",
        "#\ufe0f\u20e3",
        "🇫",
        "aA1",
        "m.",
        "\u202e",
        "\x00",
        "क्ष",
        "漢",
        "a\xb7",
        "@a@é",
        "@a/",
    ),
)
MATCHER = EventMatcher([Event("gala", hashtags=("gala",), words=("soirée", "a b", "漢", "é é é"), accounts=("ann",))])
BLOCKED = BlockedWords(["merde", "漢字", "a b c", "soirée"])


def readings(dialect: str) -> dict[str, Callable[[str], object]]:
    """All that is done with a text, by name."""
    source = "sms" if dialect == "unicode" else dialect
    return {
        "fold": fold,
        "fold_text": fold_text,
        "text_key": text_key,
        "printable": printable,
        "blocked": BLOCKED.found_in,
        "words": words_of,
        "spellings": lambda text: spellings_of(text, dialect),  # type: ignore[arg-type]
        "full spellings": lambda text: full_spellings_of(text, dialect),  # type: ignore[arg-type]
        "extract": lambda text: extract(text, dialect),  # type: ignore[arg-type]
        "match": lambda text: MATCHER.match(Post("1", "a", text, 0, source=source), ()),
    }


def assert_quick(text: str) -> None:
    for dialect in DIALECTS:
        for name, read in readings(dialect).items():
            began = time.thread_time()
            read(text)
            took = time.thread_time() - began
            assert took < WITHIN_S, f"{name} of {text[:12]!r}…, {dialect}: {took:.2f} s"


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_a_text_of_one_thing_over_and_over_is_read_at_once(unit: str) -> None:
    assert_quick(f"a{unit * LENGTH}"[:LENGTH])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of([st.text(alphabet, min_size=1, max_size=7) for alphabet in ALPHABETS]), st.sampled_from(("", "a", "#"))
)
@example("\u0315\u0334", "")
def test_a_text_of_anything_over_and_over_is_read_at_once(unit: str, begin: str) -> None:
    assert_quick((begin + unit * LENGTH)[:LENGTH])


def test_only_marks_beyond_any_language_are_cut() -> None:
    few, many = "e" + "\u0301\u0316" * (MAX_MARKS // 2), "e" + "\u0301\u0316" * MAX_MARKS
    assert normalized("NFD", few) == unicodedata.normalize("NFD", few)
    assert normalized("NFD", many) == normalized("NFD", few)
    assert normalized("NFKC", f"{many} {many}") == normalized("NFKC", f"{few} {few}")


def test_no_other_letter_becomes_a_mark() -> None:
    """What is sorted when a text is brought into a normal form: marks, and two letters that become some."""
    mark = regex.compile(r"[\p{M}\uff9e\uff9f]")
    letters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert not [
        it for it in letters if unicodedata.combining(unicodedata.normalize("NFKD", it)[0]) and not mark.match(it)
    ]
