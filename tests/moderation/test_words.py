"""A blocked word is found in every disguise, and only where it stands as a word."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.moderation import BlockedWords
from pipeline.moderation.lookalikes import _ALIKE

BLOCKED = BlockedWords(["Merde", "connard", "idiot", "нет", "バカ", "va te faire"])
UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u180e", "\U000e0061", "\ufe0f", "\u034f"]


@pytest.mark.parametrize(
    "text",
    [
        "MERDE!",
        "oh, merde.",
        "mérdé",
        "m\u200be\u00adr\u2060d\u200de",
        "мerdе",
        "ＭＥＲＤＥ",
        "ⓜⓔⓡⓓⓔ",
        "🇲🇪🇷🇩🇪",
        "🅼🅴🆁🅳🅴",
        "ᴍᴇʀᴅᴇ",
        "m̶e̶r̶d̶e̶",
        "m.e.r.d.e",
        "m e r d e",
        "m-e-r-d-e",
        "_merde_",
        "#merde",
        "#MerdeAlors",
        "@merde",
        "𝓶𝓮𝓻𝓭𝓮",
        "rnerde",
        "ldiot",
        "1diot",
        "c0nnard",
        "НЕТ",
        "こいつバカだ",
        "VA   te\nfaire",
        "merde_alors",
        "mǝrde",
        "ꮇerde",
        "merde2026",
    ],
)
def test_a_blocked_word_is_found_in_this_disguise(text: str) -> None:
    assert BLOCKED.found_in(text)


@pytest.mark.parametrize(
    "text", ["emmerder", "le concert", "merdeux", "идиотский", "va te le faire", "", "m e r", "😀"]
)
def test_a_text_without_the_word_is_let_through(text: str) -> None:
    assert not BLOCKED.found_in(text)


@given(st.data())
def test_no_mixture_of_lookalikes_marks_and_unseen_characters_hides_a_word(data: st.DataObject) -> None:
    disguised = ""
    for letter in "connard":
        disguised += data.draw(st.sampled_from([letter, letter.upper(), *_ALIKE[letter]]))
        disguised += "".join(data.draw(st.lists(st.sampled_from([*UNSEEN, "\u0301", "\u0336"]), max_size=3)))
    before, after = data.draw(st.tuples(st.sampled_from(["", "oh ", "#", "«"]), st.sampled_from(["", " !", ".", "»"])))
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    assert BLOCKED.found_in(unicodedata.normalize(form, before + disguised + after))


def test_no_word_at_all_blocks_nothing() -> None:
    assert not BlockedWords(["", " ", "...", "\u200b"])
    assert not BlockedWords([]).found_in("merde")
