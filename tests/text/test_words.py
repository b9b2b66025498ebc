"""Words and phrases of texts: what they are, in every script, and how few of a post."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.text import fold, words, words_of
from pipeline.text._compiled import phrases
from pipeline.text.words import LOOKED_AT, MAX_LETTERS, MAX_WORDS, MOST
from tests.oracle.words import words_of as slow_words_of
from tests.text.text_samples import HOSTILE, TEXTS

PLAIN = st.lists(
    st.sampled_from(
        [
            *"aXé1-.,:!'’ \n",
            "Rain",
            "PARIS",
            "l'été",
            "to",
            "JO",
            "RT",
            "14",
            "2.0",
            "18:30",
            " - ",
            "#Paris",
            "$AAPL",
            "@me ",
            "www.",
            "://",
        ]
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Goal!! What a goal", ["Goal", "What", "What a goal"]),
        ("paris 2.0 at 18:30", ["paris", "paris 2.0", "paris 2.0 at 18:30"]),
        ("14 juillet", ["14 juillet", "juillet"]),
        ("Jean-Luc - fin", ["Jean", "Jean-Luc", "Luc", "fin"]),
        ("fête  de\tl’Île", ["fête", "fête de l’Île", "Île"]),
        ("one. two\nthree", ["one", "two", "three"]),
        ("ann@mail.example saw https://a.example/b?c=harbour @bob #Tag $AAPL www.a.example", ["saw"]),
        ("to be or 12", []),
        ("RT @ann L'IA aux JO", ["IA", "IA aux", "IA aux JO", "aux", "aux JO", "JO"]),
        ("la 5G, le G7, A380 et Co", ["5G", "G7", "A380"]),
        ("X est en panne, la C: a x É Я 5", ["X", "est", "est en panne", "panne", "C"]),
        ("L'IA d’X, T-shirt: - X", ["IA", "shirt", "X"]),
        (
            "E\u0301 n’est pas un mot, ÉA oui",
            ["est", "est pas", "est pas un mot", "pas", "pas un mot", "mot", "ÉA", "ÉA oui", "oui"],
        ),
        ("x" * (MAX_LETTERS + 1), []),
        ("हिन्दी में", ["हिन्दी", "हिन्दी में", "में"]),
        ("서울 축제", ["서울", "서울 축제", "축제"]),
        ("كأس العالم", ["كأس", "كأس العالم", "العالم"]),
        ("🎉party🎉time", ["party", "time"]),
    ],
)
def test_words_are_parted_by_what_people_write_between_them(text: str, found: list[str]) -> None:
    assert words_of(text) == found


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("東京都で大きな地震がありました", ["東京", "地震", "大きな地震"], ["で", "都"]),
        ("流星群の夜、夜空", ["流星群", "流星群の夜", "夜空"], ["夜", "の夜"]),
        ("北京今天下雨", ["北京", "今天", "北京今天"], []),
        ("美丽的城市", ["美丽", "城市", "美丽的城市"], ["美丽的", "的城市"]),
        ("ประเทศไทยสวัสดีครับ", ["ประเทศไทย", "สวัสดี"], []),
        ("ភាសាខ្មែរ", ["ភាសាខ្មែរ"], []),
        ("ພາສາລາວ", ["ພາສາ", "ລາວ"], []),
        ("မြန်မာနိုင်ငံ", ["မြန်မာနိုင်ငံ"], []),
        ("𠮷野家の牛丼 Tokyo", ["Tokyo"], ["の"]),
    ],
)
def test_words_of_scripts_without_spaces_are_icus(text: str, some: list[str], none: list[str]) -> None:
    found = words_of(text)
    assert set(some) <= set(found)
    assert not set(none) & set(found)
    assert all(spelling in text for spelling in found)


def test_a_word_that_is_a_tag_of_the_post_is_no_topic_again() -> None:
    assert words_of("Paris in the rain #paris", ["#paris"]) == [
        "Paris in the",
        "Paris in the rain",
        "the",
        "the rain",
        "rain",
    ]


@given(PLAIN)
def test_words_are_those_of_the_slow_reference(text: str) -> None:
    found = [(spelling, fold(spelling)) for spelling in words_of(text, ["#rain"])]
    assert found == slow_words_of(text, ["rain"])


@given(st.one_of(TEXTS, PLAIN, st.text(max_size=60)))
def test_each_key_comes_once_and_is_that_of_its_spelling(text: str) -> None:
    keys = [fold(spelling) for spelling in words_of(text)]
    assert len(set(keys)) == len(keys) <= MOST
    assert [fold(key) for key in keys] == keys
    assert not any(key.startswith(("#", "$")) or not key or "  " in key for key in keys)


@given(st.one_of(TEXTS, PLAIN, st.text(max_size=60)))
@example('a\u202ered\x1b[31m fire\r\nfire:\x00{}*? "fire" fire,fire ＜b＞fire\u2066 fire')
def test_nothing_in_words_means_anything_to_terminals_logs_or_databases(text: str) -> None:
    joiners = str.maketrans("", "", "\u200c\u200d")  # of Persian and of scripts of India
    for spelling in words_of(text):
        for shown in (spelling, fold(spelling)):
            assert shown.translate(joiners).isprintable()
            assert not set(shown) & set('{}[]*?"\\<>/#$%;=|&`')


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:8]))
def test_whatever_the_text_few_and_short_words_come_of_it(text: str) -> None:
    found = words_of(text + " and then the harbour festival" * 3_000)
    assert len(found) <= MOST
    assert all(len(spelling) <= LOOKED_AT for spelling in found)


def test_a_long_text_is_looked_at_up_to_so_many_words() -> None:
    text = " ".join(f"word{n}." for n in range(100))
    assert words_of(text) == [f"word{n}" for n in range(MAX_WORDS)]


# of each class that the rules tell apart, at the ends of links, addresses and numbers
PIECES = [
    *"aZé1-.,:!'’·_+@#$/ \t\n\r\xa0ªº²¼×ß\xad\x85\x1f\u0149\u02bc\u0301\u200d\u2010\u2011\u2014\u2026\u2028",
    *"\u3000ſαж中😀\ufe0f\x00＃＠", *"\u0376\u0375\u0378ΣςЁё\u0483ש\u05b7־كُ،؟۔۵\u0640\u06ddनि।๑ทีกุ",
    *"\u200c서ー々〇のア・ｱ夜、。！１Ａ𠮷",
    "كأس العالم", "Праздник в городе", "में हिन्दी", "서울 축제 ",
    "大きな地震がありました", "2026年Tokyo東京", "สวัสดีครับ", "流星群の夜", "Rain", "PARIS",
    "l'été", "Straße", "of the", "14", "2.0", "18:30", " - ", " -- ", "\n- ", "#Paris", "$AAPL", "@me ",
    "www.", "WwW.", "://", "http://", "a.b@c", "https://x.y/z?q ", "x" * 39, "y" * 41, " und " * 20, "word " * 15,
]  # fmt: skip


def _slowly(text: str, tags: list[str]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "phrases", None)
        return words_of(text, tags)


@given(
    TEXTS | st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.lists(st.sampled_from(["#rain", "#Été"]))
)
@example("x.www.a@b of", [])
@example("a " + "x" * 39 + " " + "y" * 90 + " " + "z" * 39, [])
@example("a " + "x" * 39 + " -#c", [])
@example("longword" * 4 + " -", [])
@example(("word " * 199 + "paris")[: LOOKED_AT + 2], [])
@example("ß" * 900 + " in paris", [])
@example("rain in paris 5x", [f"#{n}x" for n in range(400)])
@example("東京都 and 京都で東京 を", ["#東京"])
def test_what_is_compiled_says_what_the_rules_say(text: str, tags: list[str]) -> None:
    assert words_of(text, tags) == _slowly(text, tags)


def test_what_is_compiled_knows_ideographs_and_kana_as_the_rules_do() -> None:
    for first in (*range(0x3005, 0x3100), *range(0x3400, 0xA000, 61), 0x4DBF, 0x4E00, 0x9FFF, 0xAC00):
        for text in (f"{chr(first)} rain", f"{chr(first)}の rain"):
            assert words_of(text) == _slowly(text, []), hex(first)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_compiled_says_what_the_rules_say_of_hostile_texts(text: str) -> None:
    assert words_of(text) == _slowly(text, [])


def test_other_things_than_texts_are_refused_by_what_is_compiled() -> None:
    if phrases is None:
        assert shutil.which("cc") is None, "install again: the compiled part is missing"
        return
    for call in (
        lambda: phrases.phrases(b"x", set(), print, print),
        lambda: phrases.phrases("x", {}, print, print),
        lambda: phrases.phrases("été", set(), len, print),
        lambda: phrases.phrases("東京", set(), print, len),
        lambda: phrases.phrases("東京", set(), print, lambda _run: ("x",)),
        lambda: phrases.phrases("東京", set(), print, lambda _run: (1, 2)),
    ):
        with pytest.raises(TypeError):
            call()
