"""Who spoke and with how many different texts: the people sample and the support, from a list of mentions."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from xxhash import xxh64_intdigest as xxh64

from .posts import Said, cell_of, full_text, origin_of, scopes_of
from .words import words_of

ALL_WORDS = ""  # the topic of all posts with words
K = 512  # people up to which a sample is exact
HASHES = 1 << 64


class Mention(NamedTuple):
    """One post on one of its topics."""

    time: int
    topic: str
    written: str
    author: int
    text: int
    mix: int
    cell: tuple[str, str, frozenset[str]]
    scopes: frozenset[str]
    name: str = ""  # of the author
    origin: int = 0
    gone: int = HASHES  # the pane from which the post is withdrawn


class Sample(NamedTuple):
    """The people of some mentions: those sampled (author -> text), all hashes below `limit` would be."""

    texts: dict[int, int]
    limit: int

    @property
    def theta(self) -> float:
        return self.limit / HASHES

    @property
    def people(self) -> float:
        return len(self.texts) / self.theta

    @property
    def support(self) -> float:
        held = Counter(self.texts.values())
        alone = sum(1 for holders in held.values() if holders == 1)
        shared = sum(1 for holders in held.values() if holders > 1)
        return alone / self.theta + 2 * shared


def text_key(text: str) -> str:
    """The words of a text: no leading `RT @name:`, status, mention, sign, digit, case; 60 characters.

    >>> text_key("RT @me: Hello,  WORLD 24 https://a.b/c @you !")
    'hello world'
    """
    words = text.split()
    if len(words) > 1 and words[0] == "RT" and words[1].startswith("@"):
        words = words[2:]
    kept = []
    for word in words:
        for start in ("http://", "https://"):
            word = word.split(start, 1)[0]
        before, *mentions = word.split("@")
        kept.append(before)
        for mention in mentions:
            name = 0
            while name < len(mention) and (mention[name].isalnum() or mention[name] == "_"):
                name += 1
            kept.append(mention[name:])
    letters = "".join(c if c.isalpha() else " " for c in " ".join(kept))
    return " ".join(letters.lower().split())[:60]


def mentions_of(said: Said) -> list[Mention]:
    """One mention for each topic key of the post, under the first spelling written; where its words are topics, one for
    each of these, and one of ALL_WORDS. Those of `events` count in their scopes alone."""
    author = xxh64(said.author.encode())
    if said.repost_of is not None:
        text = xxh64(f"repost:{said.repost_of}".encode()) | 1
    else:
        text = xxh64(text_key(full_text(said)).encode()) & ~1
    mix = (text & 1) << 63 | xxh64(struct.pack("<QQ", author, text)) >> 1
    first: dict[str, str] = {}
    for written, key in said.spellings:
        first.setdefault(key, written)
    cell, scopes = cell_of(said), scopes_of(said)
    origin = origin_of(said)
    found = [
        Mention(said.time, key, written, author, text, mix, cell, scopes, said.author, origin)
        for key, written in first.items()
    ]
    if said.words == "all" or (said.words == "events" and said.events):
        if said.words == "events":
            cell = f"~{cell[0]}", cell[1], cell[2]
            scopes = frozenset(scope for scope in scopes if scope.startswith("event:"))
        words = words_of(full_text(said), {key[1:] for key in first})
        found += [
            Mention(said.time, key, written, author, text, mix, cell, scopes, said.author, origin)
            for written, key in (*words, *([(ALL_WORDS, ALL_WORDS)] if words else []))
        ]
    return found


def is_tag(topic: str) -> bool:
    return topic[:1] in ("#", "$")


def left(mentions: Iterable[Mention], at: int) -> list[Mention]:
    """Those that are not withdrawn at a moment."""
    return [mention for mention in mentions if mention.gone >= at]


def sample(mentions: Iterable[Mention], at: int = 0) -> Sample:
    """Of the K smallest author hashes those with posts left at the moment `at`, each with the text of its smallest mix,
    withdrawn or not."""
    mentions = list(mentions)
    authors = sorted({mention.author for mention in mentions})
    return sample_below(mentions, authors[K] if len(authors) > K else HASHES, at)


def sample_below(mentions: Iterable[Mention], limit: int, at: int = 0) -> Sample:
    """All author hashes below the limit with posts left at the moment `at`, as in `sample`."""
    mentions = list(mentions)
    there = {mention.author for mention in left(mentions, at)}
    smallest: dict[int, tuple[int, int]] = {}
    for mention in mentions:
        if mention.author < limit and mention.author in there:
            mine = (mention.mix, mention.text)
            smallest[mention.author] = min(smallest.get(mention.author, mine), mine)
    return Sample({author: text for author, (_, text) in smallest.items()}, limit)


def kept(mentions: Iterable[Mention]) -> list[int]:
    """The author hashes that the samples of the cells keep: in each K, and the one that tells the sampled fraction."""
    by_cell: dict[object, set[int]] = {}
    for mention in mentions:
        by_cell.setdefault(mention.cell, set()).add(mention.author)
    return sorted({author for authors in by_cell.values() for author in sorted(authors)[: K + 1]})


def shown(people: float, posts: int) -> int:
    """People as lists tell them: never more than their posts."""
    return min(round(people), posts)


def estimated_number(hashes: Iterable[int]) -> float:
    """How many different hashes there are: exact up to K, from the K smallest beyond."""
    ordered = sorted(set(hashes))
    return K / (ordered[K] / HASHES) if len(ordered) > K else float(len(ordered))


def authors_left(authors: set[str], there: set[str]) -> float:
    """How many of the authors are there, from the K smallest of all."""
    ordered = sorted(xxh64(one.encode()) for one in authors)
    theta = ordered[K] / HASHES if len(ordered) > K else 1.0
    return len({xxh64(one.encode()) for one in there} & set(ordered[:K])) / theta
