"""What is written differently and is the same: topic keys and text keys."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_samples import HOSTILE, TEXTS

from pipeline.text import fold, text_key
from pipeline.text.keys import readable

SAME = [
    ("#ın", "#in"),
    ("#BonsVœux", "#BonsVoeux"),
    ("#Łódź", "#Lodz"),
    ("#Diyarbakır", "#DIYARBAKIR"),
    ("#ĐàNẵng", "#DaNang"),
    ("#TØNDER", "#Tonder"),
    ("#Ǿre", "#ore"),
    ("#Ħalŧ", "#halt"),
    ("#الـــحب", "#الحب"),
    ("#عَلَم", "#علم"),
    ("#مُحَمَّد", "#محمد"),
    ("#هٰذا", "#هذا"),
    ("#أَمَل", "#أمل"),  # its hamza stands behind the vowel, in one form of Unicode
    ("#آن\u064b", "#آن"),
    ("#ﹷب", "#ب"),
    ("#שָׁלוֹם", "#שלום"),
    ("#\ufb2aלום", "#שלום"),
    ("#Présidentielle2022", "#presidentielle2022"),
    ("#PRE\u0301SIDENTIELLE2022", "#présidentielle2022"),
    ("#Straße", "#STRASSE"),
    ("#ΟΔΟΣ", "#οδός"),
    ("#Йогурт", "#иогурт"),
    ("#Ёлка", "#елка"),
    ("#İzmir", "#izmir"),
    ("#Việtnam", "#vietnam"),
    ("＃ｆｕｌｌ", "#full"),
    ("#ｶﾞﾝﾀﾞﾑ", "#ガンダム"),
    ("#ca\u00adfé", "#cafe"),
    ("#tru\u200bmp", "#trump"),
    ("#می\u200cخواهم", "#میخواهم"),
    ("#❤\ufe0f", "#❤"),
    ("#ﬁn", "#fin"),
    ("$aapl", "$AAPL"),
    ("#a\x07b", "#ab"),
    ("#ﷺ", "#صلىاللهعليهوسلم"),  # its full form has spaces
    ("#🏴" + "\U000e0041" * 7 + "\U000e007f", "#🏴"),  # no nation's flag, but a message
]
DIFFERENT = [
    ("#ガンダム", "#カンタム"),
    ("#हिन्दी", "#हन्द"),
    ("#นำ", "#น้ำ"),
    ("#आम", "#अम"),
    ("#கடல்", "#கடல"),
    ("#আমরা", "#অমর"),
    ("#أمل", "#امل"),  # hamza and madda make letters
    ("#آن", "#ان"),
    ("#ބަސް", "#ބސ"),  # Maldivian is not written without
    ("#été", "$été"),
    ("#🇫🇷", "#🇩🇪"),
    ("#🏴\U000e0065\U000e006e\U000e0067\U000e007f", "#🏴\U000e0073\U000e0063\U000e0074\U000e007f"),  # two nations
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_topic_have_one_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_topics_have_different_keys(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.one_of(st.text(max_size=30), TEXTS))
def test_folding_a_key_gives_the_key(spelling: str) -> None:
    assert fold(fold(spelling)) == fold(spelling)


@given(st.text(alphabet=st.characters(whitelist_categories=("L", "M", "N")), max_size=20))
def test_composed_and_decomposed_spellings_have_one_key(spelling: str) -> None:
    for form in ("NFC", "NFD", "NFKD"):
        assert fold(unicodedata.normalize(form, spelling)) == fold(spelling)


@given(st.one_of(st.text(max_size=30), TEXTS))
def test_a_readable_spelling_has_the_key_it_had(spelling: str) -> None:
    assert fold("#" + readable(spelling)) == fold("#" + spelling)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
def test_the_cheap_path_of_ascii_is_the_rule(spelling: str) -> None:
    assert fold("#" + spelling) == fold(f"#{spelling}é")[:-1]


def slow_text_key(text: str) -> str:
    """The rule as docs/trending.md states it, one step after the other."""
    text = re.sub(r"^RT @\w+:? ?", "", text)
    text = re.sub(r"https?://\S+|@\w+", " ", text)
    return re.sub(r"[\W\d_]+", " ", text).strip().lower()[:60]


@given(
    st.one_of(
        TEXTS,
        st.text(alphabet="abcÀéœŸµ²½ªΣσİ1_ .@\n’", max_size=150),
        st.tuples(st.sampled_from(["", "RT @ann: ", "RT @ann", "RT @"]), TEXTS, TEXTS).map("".join),
    )
)
def test_the_text_key_is_the_rule_of_the_docs(text: str) -> None:
    assert text_key(text) == slow_text_key(text)


def test_texts_that_say_the_same_have_one_key() -> None:
    texts = [
        "RT @ann: Encore 2 trains EN retard http://t.co/x",
        "Encore 12 trains en retard! @sncf",
        "encore_trains en  retard",
    ]
    assert {text_key(text) for text in texts} == {"encore trains en retard"}


@pytest.mark.timeout(30)
def test_hostile_texts_are_keyed_in_linear_time() -> None:
    for text in HOSTILE:
        text_key(text)
        fold(text)
