"""To which events a post belongs: by its hashtags, its words, its author and whom it mentions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import ahocorasick
import regex

from pipeline.text.cells import dialect_of, source_name
from pipeline.text.keys import fold, fold_text
from pipeline.text.topics import RULES
from schemas import Post
from schemas.events import Event

_WORD_CHARACTER = regex.compile(r"[\w\p{M}]")
# scripts that write without spaces: there a word begins and ends wherever it stands
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")


class EventMatcher:
    """Finds the events of posts. The cost of a post grows with its length, not with the number of words watched."""

    def __init__(self, events: Sequence[Event]) -> None:
        """Raises ValueError where two events have one name, or a word or hashtag holds nothing to compare."""
        self._spans = {event.name: (event.start, event.end) for event in events}
        self._channels = {event.name: frozenset(map(source_name, event.channels)) for event in events}
        if len(self._spans) < len(events):
            (twice, _), *_ = Counter(event.name for event in events).most_common(1)
            raise ValueError(f"two events are named {twice!r}")
        hashtags: dict[str, set[str]] = defaultdict(set)
        accounts: dict[str, set[str]] = defaultdict(set)
        words: dict[str, set[str]] = defaultdict(set)
        for event in events:
            for hashtag in event.hashtags:
                hashtags[_hashtag_key(hashtag, event)].add(event.name)
            for account in event.accounts:
                accounts[_account_key(account)].add(event.name)
            for word in event.words:
                words[_word_key(word, event)].add(event.name)
        self._hashtags = dict(hashtags)
        self._accounts = dict(accounts)
        self._words = _automaton(words) if words else None

    def match(self, post: Post, spellings: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the post's events, sorted; `spellings` are its topics as `topics_of` gives them."""
        if not self._spans:
            return ()
        found: set[str] = set()
        if self._hashtags:
            for spelling in spellings:
                found.update(self._hashtags.get(fold(spelling), ()))
        if self._accounts:
            found.update(self._accounts.get(_account_key(post.author), ()))
            if "@" in post.text or "＠" in post.text:
                for mention in RULES[dialect_of(source_name(post.source))].mentions(post.text):
                    found.update(self._accounts.get(_account_key(mention.text), ()))
        if self._words is not None:
            self._find_words(post.text, found)
        if post.events:
            found.update(name for name in post.events if name in self._spans)
        return tuple(sorted(name for name in found if self._is_on(name, post))) if found else ()

    def _find_words(self, text: str, found: set[str]) -> None:
        assert self._words is not None
        text = _comparable(text)
        for last, (length, names) in self._words.iter(text):
            if not names <= found and _stands_alone(text, last + 1 - length, last + 1):
                found |= names

    def _is_on(self, name: str, post: Post) -> bool:
        start, end = self._spans[name]
        assert isinstance(post.time, int), "a decoded post's time is in ms"
        channels = self._channels[name]
        if channels and source_name(post.source) not in channels:
            return False
        return (start is None or start <= post.time) and (end is None or post.time < end)


def _hashtag_key(hashtag: str, event: Event) -> str:
    words = " ".join(hashtag.split())
    key = fold(words if words.startswith("$") else "#" + words.lstrip("#＃﹟ "))
    if len(key) < 2:
        raise ValueError(f"event {event.name!r}: hashtag {hashtag!r} has no letters")
    return key


def _account_key(account: str) -> str:
    name = account[1:] if account[:1] in ("@", "＠") else account
    return name.partition("/")[0].casefold()  # a mentioned list is its owner's


def _word_key(word: str, event: Event) -> str:
    key = _comparable(word).strip()
    if not key:
        raise ValueError(f"event {event.name!r}: word {word!r} has no letters")
    return key


def _comparable(text: str) -> str:
    return " ".join(fold_text(text.replace("’", "'")).split())


def _automaton(words: dict[str, set[str]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for word, names in words.items():
        automaton.add_word(word, (len(word), frozenset(names)))
    automaton.make_automaton()
    return automaton


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] begins and ends at the bounds of words."""
    begins = start == 0 or not _joined(text[start - 1], text[start])
    return begins and (end == len(text) or not _joined(text[end - 1], text[end]))


def _joined(before: str, after: str) -> bool:
    return before != " " != after and bool(
        _WORD_CHARACTER.match(before)
        and _WORD_CHARACTER.match(after)
        and not (_UNSPACED.match(before) or _UNSPACED.match(after))
    )
