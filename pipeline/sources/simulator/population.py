"""Who posts: a population of which few are very active and most seldom, each with a language, a source and a name."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.sources.simulator.words import LANGUAGES

IntOrArray = TypeVar("IntOrArray", int, npt.NDArray[np.int64])

SOURCES = ("twitter", "mastodon", "bluesky", "rss", "sms", "mail")
_SOURCE_SHARES = (0.52, 0.2, 0.17, 0.04, 0.04, 0.03)
REPOSTING = 3  # the first three sources know reposts
RSS = SOURCES.index("rss")
MASTODON = SOURCES.index("mastodon")

# activity of person i: (i + 50) ** -0.9. Of 20,000 people the busiest then writes 0.3 % of all posts, and the
# busiest tenth about half of them.
_EXPONENT, _OFFSET = 0.1, 50.0
_CACHED = 1 << 16

_HANDLES = (
    "{first}_{last}{n}",
    "{first}.{last}{n}@toot.example",
    "{first}{last}{n}.sky.example",
    "https://{last}{n}.example/feed",
    "sms-{n:07d}",
    "{first}.{last}{n}@mail.example",
)

# how a network names a post, so that ids look like home: (before, after) the number
ID_FORMS = (
    ("", ""),
    ("", ""),
    ("at://app.bsky.feed.post/3l", ""),
    ("https://presse.example/?p=", ""),
    ("sm", ""),
    ("<", "@mail.example>"),
)
_ID_EPOCH_MS = 1_288_834_974_657  # where Twitter's own numbers begin
_ID_SPAN_MS = 1 << 41  # ids fit 63 bits
_SERIALS = 1 << 22
PLANTED_SERIALS = 4_000_000  # numbers from here on are for planted posts, below for the background


class Person(NamedTuple):
    """An account as its posts show it; `number` is its place in the population, None for one from outside."""

    author: str
    author_name: str
    source: str
    lang: str
    number: int | None = None


def post_id(source: int, time_ms: int, serial: int) -> str:
    """The id of a post: unique while no two posts of one ms share a serial number (below 2**22)."""
    before, after = ID_FORMS[source]
    return f"{before}{id_base(time_ms) + serial}{after}"


def id_base(time_ms: IntOrArray) -> IntOrArray:
    """What the ids of a ms begin with; a serial number below 2**22 is added to it."""
    return (time_ms - _ID_EPOCH_MS) % _ID_SPAN_MS * _SERIALS


class Population:
    """`size` people, numbered from the busiest on; the same for every scenario of the same seed, size and languages."""

    def __init__(self, size: int, languages: tuple[tuple[str, float], ...], seed: int) -> None:
        self.size = size
        self.languages = tuple(lang for lang, _ in languages)
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        self.lang: npt.NDArray[np.uint8] = _drawn(rng, size, [share for _, share in languages])
        self.source: npt.NDArray[np.uint8] = _drawn(rng, size, _SOURCE_SHARES)
        self._fragments: list[str | None] = [None] * min(size, _CACHED)

    def draw(self, uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """People by activity, one for each number in [0, 1)."""
        low, high = _OFFSET**_EXPONENT, (self.size + _OFFSET) ** _EXPONENT
        drawn: npt.NDArray[np.int64] = ((low + uniform * (high - low)) ** (1 / _EXPONENT) - _OFFSET).astype(np.int64)
        return np.minimum(drawn, self.size - 1)

    def some(self, rng: np.random.Generator, lang: str, count: int) -> list[int]:
        """`count` different people of a language, whoever they are; ValueError where there are not so many."""
        speakers = np.flatnonzero(self.lang == self.languages.index(lang)) if lang in self.languages else np.empty(0)
        if len(speakers) < count:
            raise ValueError(f"{count} people who speak {lang} are needed, the population has {len(speakers)}")
        return [int(person) for person in speakers[np.argsort(rng.random(len(speakers)), kind="stable")[:count]]]

    def person(self, number: int) -> Person:
        """The account of a person."""
        lang, source = self.languages[self.lang[number]], int(self.source[number])
        words = LANGUAGES[lang]
        firsts, lasts = words.first_names, words.last_names
        first, last = firsts[number % len(firsts)], lasts[number // len(firsts) % len(lasts)]
        author = _HANDLES[source].format(first=first, last=last, n=number)
        return Person(author, f"{first.title()} {last.title()}", SOURCES[source], lang, number)

    def fragment(self, number: int) -> str:
        """The person's part of a JSON line: author, name, source and language."""
        if number < _CACHED:
            known = self._fragments[number]
            if known is not None:
                return known
        person = self.person(number)
        fragment = (
            f'"author":"{person.author}","author_name":"{person.author_name}",'
            f'"source":"{person.source}","lang":"{person.lang}"'
        )
        if number < _CACHED:
            self._fragments[number] = fragment
        return fragment


def _drawn(rng: np.random.Generator, size: int, shares: list[float] | tuple[float, ...]) -> npt.NDArray[np.uint8]:
    bounds = np.cumsum(shares) / sum(shares)
    drawn = np.searchsorted(bounds, rng.random(size), side="right")
    return np.minimum(drawn, len(shares) - 1).astype(np.uint8)
