"""A post belongs to an event by hashtag, word, account or its own word, and only while the event lasts."""

from __future__ import annotations

import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import EventMatcher, topics_of
from schemas import Post
from schemas.events import Event
from schemas.watchlists import Watchlist


def events_of(text: str, *events: Event, author: str = "somebody", time: int = 0, **fields: object) -> tuple[str, ...]:
    post = Post("1", author, text, time, **fields)
    return EventMatcher(events).match(post, topics_of(post))


def test_hashtags_are_compared_by_key() -> None:
    event = Event("vote", hashtags=("présidentielle2022", "#LeDébat", "$FB"))
    assert events_of("#PRESIDENTIELLE2022", event) == ("vote",)
    assert events_of("ce soir #ledebat", event) == ("vote",)
    assert events_of("$fb", event) == ("vote",)
    assert events_of("présidentielle2022 #fb", event) == ()


def test_words_are_found_folded_and_whole() -> None:
    event = Event("tour", words=("Tour de France", "l'été", "東京"))
    assert events_of("le TOUR  de\nFrancé!", event) == ("tour",)
    assert events_of("#tour de france", event) == ("tour",)
    assert events_of("détour de france, tour de francesca", event) == ()
    assert events_of("L’E\u0301TÉ", event) == ("tour",)
    assert events_of("明日は東京都で", event) == ("tour",)


def test_a_word_does_not_end_before_a_vowel_sign() -> None:
    assert events_of("हिन्दी", Event("a", words=("हिन्द",))) == ()


def test_accounts_match_as_author_and_as_mentioned() -> None:
    event = Event("expo", accounts=("@Expo", "ann@example.org"))
    assert events_of("hello", event, author="EXPO") == ("expo",)
    assert events_of("hello @expo!", event, source="twitter") == ("expo",)
    assert events_of("hello @expo/team", event, source="twitter") == ("expo",)
    assert events_of("hello @Ann@example.org", event, source="mastodon") == ("expo",)
    assert events_of("hello me@expo expo @expos", event) == ()


def test_with_only_accounts_nobody_else_writes_to_the_event() -> None:
    both = Event("a", hashtags=("#x",), words=("y z",), accounts=("@Ann", "bob@example.org"), only_accounts=True)
    assert events_of("#x", both, author="ann") == events_of("y z", both, author="Bob@Example.org") == ("a",)
    assert events_of("something else", both, author="ann") == ()
    assert events_of("#x @ann", both, author="eve", source="twitter") == ()
    assert events_of("#x", both, author="eve", events=["a"]) == ("a",)
    assert events_of("#x", both, author="ann", events=[]) == ("a",)
    alone = Event("a", accounts=("ann",), only_accounts=True)
    assert events_of("anything", alone, author="ANN") == ("a",)
    assert events_of("hello @ann", alone, author="eve", source="twitter") == ()


def test_a_post_may_name_its_event_if_there_is_one() -> None:
    assert events_of("hello", Event("a"), events=["a", "b"]) == ("a",)


def test_an_event_has_the_posts_of_its_half_open_time() -> None:
    event = Event("a", words=("x",), start=10, end=20)
    assert [events_of("x", event, time=time) for time in (9, 10, 19, 20)] == [(), ("a",), ("a",), ()]


def test_names_come_sorted_and_once() -> None:
    events = [Event(name, hashtags=("x",), words=("y", "z")) for name in ("b", "c", "a")]
    assert events_of("#x y z y", *events) == ("a", "b", "c")


def test_without_events_nothing_matches() -> None:
    assert events_of("#x @y z", events=["a"]) == ()


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ([Event("a", hashtags=("#",))], "'#' has no letters"),
        ([Event("a", words=(" \u200b",))], "has no letters"),
        ([Event("a", hashtags=("#x",), accounts=("@",), only_accounts=True)], "'@' has no letters"),
        ([Event("a"), Event("b"), Event("a")], "two events are named 'a'"),
    ],
)
def test_an_event_that_cannot_be_watched_is_told(events: list[Event], what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(what)):
        EventMatcher(events)


ALPHABET = "abéÉ _.-'’\u0301\n1ß"


WORDS = st.text(ALPHABET, min_size=1, max_size=5).filter(lambda word: bool(word.strip()))


@given(st.lists(WORDS, min_size=1, max_size=6), st.text(ALPHABET, max_size=30))
def test_the_automaton_finds_what_looking_at_every_place_finds(words: list[str], text: str) -> None:
    def comparable(written: str) -> str:
        marked = unicodedata.normalize("NFD", written.replace("’", "'").casefold())
        return " ".join("".join(re.sub("(?<=[a-z])\u0301+", "", marked)).split())

    def is_word(character: str) -> bool:
        return character.isalnum() or character in "_\u0301"

    within = comparable(text)
    expected = set()
    for index, word in enumerate(words):
        key = comparable(word)
        for start in range(len(within) - len(key) + 1):
            end = start + len(key)
            begins = start == 0 or not (is_word(within[start - 1]) and is_word(within[start]))
            ends = end == len(within) or not (is_word(within[end - 1]) and is_word(within[end]))
            if within[start:end] == key and begins and ends:
                expected.add(f"e{index}")
    assert set(events_of(text, *(Event(f"e{i}", words=(word,)) for i, word in enumerate(words)))) == expected


def test_a_watchlist_is_matched_as_events_are_but_for_what_it_excludes() -> None:
    watched = Watchlist("apple", hashtags=("$AAPL",), words=("apple",), exclude=("apple pie", "#recipe", "@cook"))
    assert watched_by("buy $aapl now", watched) == ("watch:apple",)
    assert watched_by("an APPLE a day", watched) == ("watch:apple",)
    assert watched_by("grandma's Apple  pie", watched) == ()
    assert watched_by("apple #Recipe", watched) == ()
    assert watched_by("apple, says @cook", watched, source="twitter") == ()
    assert watched_by("apple", watched, author="Cook") == ()
    assert watched_by("#recipe", watched) == ()


def test_a_watchlist_may_be_of_some_languages_and_sources() -> None:
    watched = Watchlist("a", words=("x",), langs=("fr",), sources=("mastodon",))
    assert watched_by("x", watched, lang="fr-CA", source="mastodon") == ("watch:a",)
    assert watched_by("x", watched, lang="en", source="mastodon") == ()
    assert watched_by("x", watched, source="mastodon") == ()
    assert watched_by("x", watched, lang="fr", source="sms") == ()


def test_no_post_can_name_itself_into_a_watchlist() -> None:
    assert watched_by("x", Watchlist("a", words=("y",)), events=["watch:a", "a", "-watch:a"]) == ()


def watched_by(text: str, *watchlists: Watchlist, **fields: Any) -> tuple[str, ...]:
    post = Post(**({"id": "1", "time": 15, "author": "ann", "text": text} | fields))
    return EventMatcher((), watchlists).match(post, topics_of(post))


def test_a_thousand_watchlists_cost_less_than_twice_what_ten_cost() -> None:
    texts = [f"word{n} of {'some more text here ' * 5} #tag{n}" for n in range(300)]
    posts = [Post(id=str(n), time=15, author="ann", text=text) for n, text in enumerate(texts)]
    read = [(post, topics_of(post)) for post in posts]

    def cost_s(number: int) -> float:
        named = [Watchlist(f"w{n}", hashtags=(f"#other{n}",), words=(f"brand {n} name",)) for n in range(number)]
        matcher, best = EventMatcher((), named), 9.0
        for _ in range(15):
            began = time.perf_counter()
            for post, spellings in read:
                matcher.match(post, spellings)
            best = min(best, time.perf_counter() - began)
        return best

    assert cost_s(1_000) < 2 * cost_s(10)
