"""A post's topics: its tags once each, by the dialect of its source, with those its network declares."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from text_samples import TEXTS

from pipeline.text import DIALECTS, Dialect, dialect_of, extract, fold, language, source_name, topics_of
from pipeline.text.topics import MAX_SPELLING, full_spellings_of, spellings_of
from schemas import Post

PLAIN_PIECES = st.sampled_from(
    [
        " #foo",
        " #été",
        " $AAPL",
        "\n#x_1",
        "#foo",
        "$FB",
        "#",
        "$",
        " ",
        "  ",
        "\t",
        "\xa0",
        "\u3000",
        "\x1c",
        ".",
        ",",
        ":",
        "://",
        ")",
        "(",
        "'",
        '"',
        "…",
        "-",
        "_",
        "1",
        "a",
        "É",
        "·",
        "é",
        "\u0301",
        "\u200d",
        "🎉",
        "&",
        "word",
        "http://a.fr/",
        "x.com",
        "＃",
        "$$",
        "$1",
        "U$",
        " #1",
        "a#",
    ]
)


UNFIT = regex.compile(r"[\p{Cc}\p{Cf}\p{White_Space}]")
FLAG = regex.compile(r"\N{WAVING BLACK FLAG}[\U000E0020-\U000E007F]{2,7}")
ENGLAND = "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbeng") + "\U000e007f"
JOINER_IN_A_WORD = regex.compile(r"(?<=.)[\u200c\u200d](?=.)", regex.DOTALL)


def topics(text: str, **fields: object) -> tuple[str, ...]:
    return topics_of(Post("1", "ann", text, 0, **fields))


@settings(max_examples=1_000)
@given(st.one_of(st.lists(PLAIN_PIECES, max_size=12).map("".join), TEXTS), st.sampled_from(DIALECTS))
def test_the_cheap_path_finds_what_the_rules_find(text: str, dialect: Dialect) -> None:
    assert spellings_of(text, dialect) == full_spellings_of(text, dialect)


@given(TEXTS, st.sampled_from(["twitter", "mastodon", "bluesky", None]))
def test_every_topic_comes_once_and_is_a_tag_of_the_text(text: str, source: str | None) -> None:
    found = topics(text, source=source)
    keys = [fold(spelling) for spelling in found]
    assert len(set(keys)) == len(keys)
    entities = extract(text, dialect_of(source_name(source)))
    tags = {"#" + item.text[1:] for item in entities.hashtags} | {item.text for item in entities.cashtags}
    assert set(keys) == {fold(tag) for tag in tags} - {"#", "$"}
    assert all(spelling[0] in "#$" for spelling in found)


def test_topics_come_in_order_under_their_first_spelling() -> None:
    text = "$AAPL #Présidentielle2022 ＃TOKYO #presidentielle2022 $aapl #b"
    assert topics(text) == ("$AAPL", "#Présidentielle2022", "#TOKYO", "#b")


def test_declared_tags_follow_those_of_the_text() -> None:
    assert topics("#un deux", tags=["deux", "#UN", "＃trois", "$FB", "", "#", "$", " deux mots "]) == (
        "#un",
        "#deux",
        "#trois",
        "$FB",
        "#deuxmots",
    )
    assert topics("nothing", tags=["a"]) == ("#a",)
    assert topics("nothing") == ()


@pytest.mark.parametrize(
    ("tag", "spelling"),
    [
        ("deux\nmots", "#deuxmots"),
        ("\x1b[31mred\x07", "#[31mred"),
        ("\u202etrela\u2066", "#trela"),
        ("tru\u200bmp\ufeff", "#trump"),
        ("می\u200cخواهم", "#می\u200cخواهم"),
        ("👩\u200d🚀", "#👩\u200d🚀"),
        ("\u200dfoo\u200c", "#foo"),
        (ENGLAND, "#" + ENGLAND),
        ("x\U000e0067\U000e0062", "#x"),
    ],
)
def test_a_declared_tag_loses_what_has_no_place_in_a_tag(tag: str, spelling: str) -> None:
    assert topics("", tags=[tag]) == (spelling,)


def test_a_tag_of_which_nothing_can_be_seen_is_no_topic() -> None:
    assert topics("", tags=["\u202e", "\x00\n", "#\u200b", "\u3164", "$\u2066", "\ufe0f"]) == ()
    assert topics("#\u034f #\u3164", source="twitter") == ()  # a mark, and a letter: tags to Twitter, but invisible
    assert topics("#\x07", source="bluesky") == ()


def test_tags_that_look_the_same_are_one_topic() -> None:
    assert topics("#paris", tags=["par\u200bis", "PARIS\x00", "p aris"]) == ("#paris",)


@settings(max_examples=500)
@given(
    st.one_of(st.lists(PLAIN_PIECES, max_size=8).map("".join), TEXTS),
    st.lists(st.one_of(TEXTS, st.text(max_size=8)), max_size=4),
    st.sampled_from(["twitter", "mastodon", "bluesky", None]),
)
def test_no_spelling_and_no_key_holds_control_format_or_white_space_characters(
    text: str, tags: list[str], source: str | None
) -> None:
    for spelling in topics(text, tags=tags, source=source):
        key = fold(spelling)
        assert len(key) > 1
        assert not UNFIT.search(FLAG.sub("", key))
        assert not UNFIT.search(JOINER_IN_A_WORD.sub("", FLAG.sub("", spelling)))


def test_the_source_decides_the_dialect() -> None:
    text = "(#one) #two's"
    assert topics(text, source="Twitter") == ("#one", "#two")
    assert topics(text, source="https://mastodon.social/@ann") == ("#two",)
    assert topics(text, source="bluesky") == ("#two's",)
    assert topics("#a-b", source="sms") == ("#a-b",)


def test_a_tag_longer_than_any_network_has_is_no_topic() -> None:
    fits, too_long = "#" + "a" * (MAX_SPELLING - 1), "#" + "b" * MAX_SPELLING
    assert topics(f"{fits} {too_long}", tags=["c" * MAX_SPELLING]) == (fits,)


def test_a_source_is_named_by_its_host_and_nothing_else() -> None:
    assert source_name("https://User:pw@Example.COM:8080/feed?x#y") == "example.com"
    assert source_name("Le Fil\n") == "lefil"
    assert source_name(None) == source_name("") == source_name("東京") == ""
    assert len(source_name("a" * 256)) == 64


def test_a_language_is_its_primary_subtag() -> None:
    tags = {"fr": "fr", "FR-ca": "fr", "zh_Hant": "zh", "fil": "fil", "und": "", "UND": "", "french": "", "f1": ""}
    assert {tag: language(tag) for tag in tags} == tags
    assert language(None) == language("") == ""


def test_servers_of_a_network_speak_its_dialect() -> None:
    names = ["x", "twitter", "x.com", "mastodon.social", "pixelfed", "bsky.app", "bluesky", "rss", "mail", ""]
    assert [dialect_of(name) for name in names] == [
        "twitter",
        "twitter",
        "twitter",
        "mastodon",
        "mastodon",
        "bluesky",
        "bluesky",
        "unicode",
        "unicode",
        "unicode",
    ]
