"""Which trending topics are shown as one: tags of the same people, words of the same posts, a tag and its phrase."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.text import is_unspaced
from pipeline.trends._compiled import samples
from pipeline.trends.arrays import U64
from pipeline.trends.names import TAG, kind_of
from pipeline.trends.people import Support
from pipeline.trends.standing import ROWS, Key, Standing

SUSPECTS = 10  # rows of suspect topics, below all others
JOIN_WITHIN_MS = 15 * 60_000
JOIN_SHARE = 0.8
SAID_TOGETHER, FEW_WRITERS = 0.5, 0.5
MOST = 200  # tags that are looked at, and as many words and phrases
MOST_ALSO = 10  # of them, in a row
_TWO_64 = float(1 << 64)
_ODD = np.uint64(0x9E3779B97F4A7C15)


def foremost(trending: Iterable[Standing], key: Key) -> list[Standing]:
    """Those of what trends that a list looks at: the MOST tags and the MOST words of most weight, in their order. With
    little past nearly everything trends that people speak of."""
    left = {True: MOST, False: MOST}
    found = []
    for one in sorted(trending, key=lambda standing: (-standing.weight, key(standing.slot))):
        is_tag = kind_of(key(one.slot)) == TAG
        if left[is_tag]:
            left[is_tag] -= 1
            found.append(one)
    return found


def by_weight(trending: Iterable[Standing], key: Key, writers: float = 0.0) -> list[Standing]:
    """What trends in its order, topics that are shown as one under the first of them, no more than a list holds.

    Tags come before words: these stand under a tag of the same letters, under words of which they are a part or that
    are a part of them, or under what most who say them say in the same post, or nearly all of them say. A tag of most
    of the `writers` of words (their number) tells nobody apart: under that stands only what most of these say. Of
    words that stand together the longest is shown that nearly as many people say."""
    tags: list[Standing] = []
    words: list[Standing] = []
    for one in sorted(trending, key=lambda standing: (-standing.weight, key(standing.slot))):
        (tags if kind_of(key(one.slot)) == TAG else words).append(one)
    rows = _join_tags(tags)
    if words:
        rows += _join_words(rows, words, key, writers)
        rows.sort(key=lambda standing: (-standing.weight, key(standing.slot)))
    return rows[:ROWS]


def judge_together(standings: Sequence[Standing], key: Key) -> None:
    """Judges topics of one list, that are judged, beside those of them that are suspect: what a ring says besides, and
    the phrases of its words, trend with it, each of a few of its people."""
    suspects = [(one, one.judged) for one in standings if one.suspect and one.judged is not None]
    for one in standings:
        alone = one.judged
        if alone is None or one.suspect:
            continue
        for other, theirs in suspects:
            one.judged = alone.beside(theirs, _is_part(key(one.slot), key(other.slot)))
            if one.suspect:
                one.suspect_with = other
                break


def apart(suspects: Iterable[Standing], key: Key, writers: float = 0.0) -> list[Standing]:
    """Suspect topics as a list tells them, below all others: none trends, whether it lives or not. Those of which most
    people have withdrawn all they said are not told of, nor what is suspect with them alone."""
    left = (
        one for one in suspects if not _is_gone(one) and (one.suspect_with is None or not _is_gone(one.suspect_with))
    )
    found = by_weight(left, key, writers)[:SUSPECTS]
    for standing in found:
        standing.trending = False
    return found


def _is_gone(suspect: Standing) -> bool:
    """Whether more of its people have withdrawn all they said than are left."""
    long = suspect.support[1]
    return long.withdrawn_by > long.people


def _join_tags(tags: Sequence[Standing]) -> list[Standing]:
    """Topics that began together and share their people stand as one, under the first."""
    kept: list[Standing] = []
    for one in tags:
        leader = next((other for other in kept if _same_people(one, other)), None)
        if leader is not None:
            leader.joined += (one.slot,)
            leader.same_people = True
        elif len(kept) < ROWS:  # who comes later is not shown, and leads nobody who is
            kept.append(one)
    return kept


def _join_words(tags: Sequence[Standing], words: Sequence[Standing], key: Key, writers: float) -> list[Standing]:
    """Takes words into rows of tags; returns the rows of the others."""
    leaders = [*tags]
    letters: dict[str, int] = {}
    for place, leader in enumerate(leaders):
        letters.setdefault(_letters(key(leader.slot)), place)
    said = [_Said(one.support[1]) for one in leaders]
    under: dict[int, list[Standing]] = {}
    for one in words:
        mine = _Said(one.support[1])
        known = letters.get(_letters(key(one.slot)))
        if known is None:
            known = next(
                (n for n, it in enumerate(leaders) if _is_part_of(key(one.slot), mine, key(it.slot), said[n])), None
            )
        if known is None:
            known = next(
                (n for n, theirs in enumerate(said) if mine.goes_with(theirs, writers if n < len(tags) else None)), None
            )
        if known is not None:
            under.setdefault(known, []).append(one)
        elif len(leaders) < len(tags) + ROWS:
            letters.setdefault(_letters(key(one.slot)), len(leaders))
            leaders.append(one)
            said.append(mine)
    rows = []
    for place, leader in enumerate(leaders):
        others = under.get(place, [])
        shown = leader if place < len(tags) else _longest(leader, others, key)
        shown.joined += tuple(one.slot for one in _also(shown, [leader, *others], key))
        if place >= len(tags):
            rows.append(shown)
    return rows


def _also(shown: Standing, there: Sequence[Standing], key: Key) -> list[Standing]:
    """What a row tells beside what is shown: what most people said of late, no parts of that, nor of each other."""
    told: list[Standing] = []
    left = [one for one in there if not _is_told(key(one.slot), key(shown.slot))]
    left.sort(key=lambda one: -one.support[0].n)
    while left and len(told) < MOST_ALSO:
        first = left[0]
        one = _longest(first, [other for other in left if _is_told(key(first.slot), key(other.slot))], key)
        told.append(one)
        left = [other for other in left if not _is_told(key(one.slot), key(other.slot))]
    return told


def _longest(leader: Standing, others: Sequence[Standing], key: Key) -> Standing:
    enough = JOIN_SHARE * leader.support[1].people
    many = [one for one in (leader, *others) if one.support[1].people >= enough]
    return max(many, key=lambda one: len(key(one.slot)))


def _letters(key: str) -> str:
    """By which a tag and its phrase are the same: `#paris20`, `paris 2.0`."""
    return "".join(filter(str.isalnum, key))


def _is_part(one: str, other: str) -> bool:
    """Whether one of the two is some of the words of the other, in their order."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


def _is_inside(one: str, other: str) -> bool:
    """Whether one of the two stands anywhere in the other, in a script without spaces."""
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    return shorter in longer and is_unspaced(shorter)


def _is_told(one: str, other: str) -> bool:
    """Whether a row that tells one of the two need not tell the other."""
    return _is_part(one, other) or _is_inside(one, other)


def _is_part_of(one: str, mine: _Said, other: str, theirs: _Said) -> bool:
    """Whether one of the two is words of the other. Without spaces that is as people say: 京都 stands in 東京都 too."""
    return _is_part(one, other) or (_is_inside(one, other) and mine.goes_into(theirs))


class _Said:
    """Who says it, and each with the text that stands for them, as far as the sample tells."""

    __slots__ = ("pairs", "people", "support")

    def __init__(self, support: Support, theta: float = 1.0) -> None:
        self.support = support
        authors, texts = support.authors, support.texts
        if authors is None or texts is None:
            authors = texts = np.zeros(0, np.uint64)
        elif theta < support.theta:
            below = len(_below(authors, theta))
            authors, texts = authors[:below], texts[:below]
        self.people = frozenset(authors.tolist())
        self.pairs = frozenset((authors * _ODD ^ texts).tolist())

    def within(self, other: _Said) -> tuple[_Said, _Said]:
        """Both, as far as both samples tell."""
        theta = min(self.support.theta, other.support.theta)
        if theta == max(self.support.theta, other.support.theta):
            return self, other
        return _Said(self.support, theta), _Said(other.support, theta)

    def goes_into(self, other: _Said) -> bool:
        """Whether most people of the smaller topic say both."""
        mine, theirs = self.within(other)
        return len(mine.people & theirs.people) > SAID_TOGETHER * min(len(mine.people), len(theirs.people))

    def goes_with(self, other: _Said, writers: float | None) -> bool:
        """Whether most people of the smaller topic say both in one post, or nearly all of them say both at all; of the
        larger one where that is most of all writers (None: never)."""
        mine, other = self.within(other)
        few = writers is None or max(self.support.people, other.support.people) <= FEW_WRITERS * writers
        people = (min if few else max)(len(mine.people), len(other.people))
        return (
            len(mine.pairs & other.pairs) > SAID_TOGETHER * people
            or len(mine.people & other.people) > JOIN_SHARE * people
        )


def _same_people(one: Standing, other: Standing) -> bool:
    since, their_since = one.since, other.since
    if since is None or their_since is None or abs(since - their_since) > JOIN_WITHIN_MS:
        return False
    mine, theirs = one.support[1], other.support[1]
    if mine.authors is None or theirs.authors is None:
        return False
    theta = min(mine.theta, theirs.theta)
    if theta == 1 and min(mine.people, theirs.people) <= JOIN_SHARE * max(mine.people, theirs.people):
        return False  # whoever they are
    shared, *people = common(mine.authors, theirs.authors, theta)
    return shared > JOIN_SHARE * max(people)


def common(one: U64, other: U64, theta: float) -> tuple[int, int, int]:
    """How many hashes two ascending samples share within theta, and how many each has there."""
    if samples is not None:
        return samples.common(one, other, theta * _TWO_64 if theta < 1 else math.inf)
    if theta < 1:
        one, other = _below(one, theta), _below(other, theta)
    return len(np.intersect1d(one, other, assume_unique=True)), len(one), len(other)


def _below(hashes: U64, theta: float) -> U64:
    return hashes[hashes.astype(np.float64) < theta * _TWO_64]
