"""To which events and watchlists a post belongs: by its hashtags, its words, its author and whom it mentions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick
import regex

from pipeline.text.cells import dialect_of, language, source_name
from pipeline.text.keys import fold, fold_text, topic_key
from pipeline.text.topics import rules_of
from schemas import Post, PostError
from schemas.definitions import Definitions, Words
from schemas.events import Event
from schemas.watchlists import Watchlist

_Names = dict[str, set[str]]
_WORD_CHARACTER = regex.compile(r"[\w\p{M}]")
# scripts that write without spaces: there a word begins and ends wherever it stands
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")

_EXCLUDED = "-"  # before the name of a watchlist: the post is none of it
_REMEMBERED = 1 << 16  # spellings
_NOTHING: set[str] = set()


@dataclass(frozen=True)
class _Limits:
    """Which posts the name of an event or a watchlist is open to, whatever they say. Times in ms."""

    start: int | None
    end: int | None
    sources: frozenset[str]
    langs: frozenset[str]
    writers: frozenset[str] | None = None  # account keys; None: anybody

    def hold(self, name: str, post: Post) -> bool:
        assert isinstance(post.time, int), "a decoded post's time is in ms"
        if self.sources and source_name(post.source) not in self.sources:
            return False
        if self.langs and language(post.lang) not in self.langs:
            return False
        if (
            self.writers is not None
            and name not in (post.events or ())
            and _account_key(post.author) not in self.writers
        ):
            return False
        return (self.start is None or self.start <= post.time) and (self.end is None or post.time < self.end)


class EventMatcher:
    """Finds the events of posts by name, and their watchlists as `watch:NAME`. The cost of a post grows with its
    length, not with the number of words watched."""

    def __init__(
        self,
        events: Sequence[Event],
        watchlists: Sequence[Watchlist] = (),
        networks: Sequence[str] = (),
        counted_words: Words = "off",
    ) -> None:
        """`networks`: sources that count by themselves, beside the known ones and those that events and watchlists
        name; `counted_words`: of which posts words and phrases are topics. Raises ValueError where two events (or
        watchlists) have one name, or a word or hashtag holds nothing to compare."""
        _refuse_twice("events", [event.name for event in events])
        _refuse_twice("watchlists", [watched.name for watched in watchlists])
        self.counted_words: Words = counted_words
        self._events = frozenset(event.name for event in events)
        self._limits = {
            event.name: _Limits(
                event.start, event.end, frozenset(map(source_name, event.channels)), frozenset(), _writers(event)
            )
            for event in events
        } | {
            watched.scope: _Limits(None, None, frozenset(map(source_name, watched.sources)), frozenset(watched.langs))
            for watched in watchlists
        }
        limited = (name for limits in self._limits.values() for name in limits.sources)
        self.networks = frozenset((*map(source_name, networks), *limited))
        hashtags: _Names = defaultdict(set)
        accounts: _Names = defaultdict(set)
        words: _Names = defaultdict(set)
        for event in events:
            told = f"event {event.name!r}"
            for term in _terms(event):
                _enter(term, event.name, told, hashtags, accounts, words)
        for watched in watchlists:
            told = f"watchlist {watched.name!r}"
            for term in _terms(watched):
                _enter(term, watched.scope, told, hashtags, accounts, words)
            for excluded in watched.exclude:
                _enter(_kind_of(excluded), _EXCLUDED + watched.scope, told, hashtags, accounts, words)
        self._hashtags = dict(hashtags)
        self._by_spelling: dict[str, set[str]] = {}  # what was looked up lately
        self._accounts = dict(accounts)
        self._words = _automaton(words) if words else None
        self.has_names = bool(events or watchlists)  # else it finds nothing
        self._needs_topics = not (accounts or words)  # to find anything by itself, in a post that names no event

    @property
    def names_by_spelling(self) -> dict[str, set[str]] | None:
        """Of spellings that were met, the names that each stands for; a post of which all stand for none, and that
        names none itself, has none. None where more than topics decides."""
        return self._by_spelling if self._needs_topics else None

    def match(self, post: Post, spellings: tuple[str, ...]) -> tuple[str, ...]:
        """The names of the post's events, sorted; `spellings` are its topics as `topics_of` gives them."""
        if not spellings and self._needs_topics and not post.events:
            return ()
        found: set[str] = set()
        if self._hashtags:
            known = self._by_spelling
            for spelling in spellings:
                names = known.get(spelling)
                if names is None:
                    names = self._look_up(spelling)
                if names:
                    found |= names
        if self._accounts:
            found.update(self._accounts.get(_account_key(post.author), ()))
            if "@" in post.text or "＠" in post.text:
                for mention in rules_of(dialect_of(source_name(post.source))).mentions(post.text):
                    found.update(self._accounts.get(_account_key(mention.text), ()))
        if self._words is not None:
            self._find_words(post.text, found)
        if post.events:
            found.update(name for name in post.events if name in self._events)
        return tuple(sorted(name for name in found if self._is_in(name, post, found))) if found else ()

    def _look_up(self, spelling: str) -> set[str]:
        if len(self._by_spelling) >= _REMEMBERED:
            self._by_spelling.clear()
        names = self._by_spelling[spelling] = self._hashtags.get(fold(spelling), _NOTHING)
        return names

    def _find_words(self, text: str, found: set[str]) -> None:
        assert self._words is not None
        text = _comparable(text)
        for last, (length, names) in self._words.iter(text):
            if not names <= found and _stands_alone(text, last + 1 - length, last + 1):
                found |= names

    def _is_in(self, name: str, post: Post, found: set[str]) -> bool:
        limits = self._limits.get(name)  # what excludes has none
        return limits is not None and _EXCLUDED + name not in found and limits.hold(name, post)


@lru_cache(maxsize=8)  # a worker's partitions share one: it may hold thousands of words
def matcher_of(definitions: Definitions) -> EventMatcher | None:
    """What finds these events, watchlists and networks; None where there are none, nor words to count.
    Raises PostError, reason `definitions`, where they cannot be looked for: a function of the definitions alone, so all
    workers agree."""
    defined = definitions.events, definitions.watchlists, definitions.networks
    if not any(defined) and definitions.words != "all":
        return None
    try:
        return EventMatcher(*defined, definitions.words)
    except ValueError as error:
        raise PostError("definitions", str(error)) from None


_Term = tuple[str, str]  # "hashtag", "account" or "word", and as it was written


def _terms(watched: Event | Watchlist) -> Iterable[_Term]:
    yield from (("hashtag", one) for one in watched.hashtags)
    if not (isinstance(watched, Event) and watched.only_accounts and (watched.hashtags or watched.words)):
        yield from (("account", one) for one in watched.accounts)
    yield from (("word", one) for one in watched.words)


def _writers(event: Event) -> frozenset[str] | None:
    """Who alone may write to the event. Raises ValueError for what is no account."""
    if not event.only_accounts:
        return None
    accounts: _Names = defaultdict(set)
    for account in event.accounts:
        _enter(("account", account), event.name, f"event {event.name!r}", {}, accounts, {})
    return frozenset(accounts)


def _kind_of(term: str) -> _Term:
    kinds = {"#": "hashtag", "＃": "hashtag", "$": "hashtag", "@": "account", "＠": "account"}
    return kinds.get(term.strip()[:1], "word"), term


def _enter(term: _Term, name: str, told: str, hashtags: _Names, accounts: _Names, words: _Names) -> None:
    kind, written = term
    key = {"hashtag": topic_key, "account": _account_key, "word": _word_key}[kind](written)
    if not key:
        raise ValueError(f"{told}: {kind} {written!r} has no letters")
    {"hashtag": hashtags, "account": accounts, "word": words}[kind][key].add(name)


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"two {what} are named {name!r}")


def _account_key(account: str) -> str:
    name = account[1:] if account[:1] in ("@", "＠") else account
    return name.partition("/")[0].casefold()  # a mentioned list is its owner's


def _word_key(word: str) -> str:
    return _comparable(word).strip()


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


@lru_cache(1 << 12)
def _joined(before: str, after: str) -> bool:
    return before != " " != after and bool(
        _WORD_CHARACTER.match(before)
        and _WORD_CHARACTER.match(after)
        and not (_UNSPACED.match(before) or _UNSPACED.match(after))
    )
