"""The people sample: who talks about a topic and with how many different texts, in a bounded, mergeable form.

A sample holds, for each of the K + 1 people with the smallest author hashes, the text that stands for them. Samples of
panes, cells and partitions are united by `group`; `support` reads people and support n off any number of samples at
once. All results depend on the set of (author, text) alone, never on order or grouping (docs/trending.md).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from pipeline.trends._compiled import plain, samples
from pipeline.trends.arrays import I32, I64, U64, Integers, distinct, run_lengths, starts_of
from pipeline.trends.reducing import Runs, reduced, summed

K = 512  # people counted exactly; beyond, K are sampled
FEW = 64  # numbers that Python sorts faster than numpy
_SMALL = 24  # entries up to which plain Python is faster than numpy's calls
_TWO_64 = float(1 << 64)
_NO_HASH = np.zeros(0, np.uint64)

_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(p)
    for p in (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)
)


def hash64(name: str) -> int:
    """The 64 bits that stand for a person or a topic key: XXH64 of the UTF-8 bytes."""
    return xxhash.xxh64_intdigest(name.encode())


def hashes64(names: list[str]) -> U64:
    """`hash64` of each."""
    if plain is not None:
        return np.frombuffer(plain.hashes(names), np.uint64)
    return np.array([hash64(name) for name in names], np.uint64)


def text_hash(key: str, repost_of: str | None) -> int:
    """The 64 bits that stand for a text: lowest bit 1 for a repost, else 0. `key` is the post's text key."""
    if repost_of:
        return xxhash.xxh64_intdigest(b"repost:" + repost_of.encode()) | 1
    return xxhash.xxh64_intdigest(key.encode()) & ~1


def _rotate(x: U64, bits: int) -> U64:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


def text_priority(author: U64, text: U64) -> U64:
    """The order in which a person's texts compete to stand for them: own words before reposts, then xxh64 of both.

    The hash is XXH64 of the 16 bytes (author, text), little endian, without a seed, computed for whole arrays.
    """
    h = np.full(len(author), _P5 + np.uint64(16), np.uint64)
    for lane in (author, text):
        h ^= _rotate(lane * _P2, 31) * _P1
        h = _rotate(h, 27) * _P1 + _P4
    h ^= h >> np.uint64(33)
    h *= _P2
    h ^= h >> np.uint64(29)
    h *= _P3
    h ^= h >> np.uint64(32)
    return (h >> np.uint64(1)) | (text << np.uint64(63))


def text_priority_of_one(author: int, text: int) -> int:
    """`text_priority` for one person and text."""
    return xxhash.xxh64_intdigest(struct.pack("<QQ", author, text)) >> 1 | (text & 1) << 63


def unite(group: Integers, author: U64, text: U64, posts: I32, groups: int) -> tuple[I64, U64, U64, I32]:
    """One entry per (group, author), sorted: the text of smallest priority and the sum of posts."""
    group, author, (text, posts) = reduced(group, author, (text, posts), (least_text, summed), groups)
    return group, author, text, posts


def least_text(text: U64, runs: Runs) -> U64:
    """Of each run (a person's entries) the text of smallest priority."""
    several = runs.several
    run = np.repeat(np.arange(len(runs.starts)), runs.lengths)[several]
    priority = text_priority(runs.key[several], text[several])
    run_starts = starts_of(run[1:] != run[:-1])
    smallest = np.minimum.reduceat(priority, run_starts)
    wins = priority == np.repeat(smallest, run_lengths(run_starts, len(run)))
    chosen = text[runs.starts]
    chosen[run[wins]] = text[several[wins]]
    return chosen


def sample_of(names: list[str]) -> U64:
    """The K + 1 smallest different hashes of names, sorted: it tells how many there were."""
    if len(names) < FEW:
        return np.array(sorted({hash64(name) for name in names}), np.uint64)
    return smallest(hashes64(names))


def sample_of_posts(hashes: Sequence[int]) -> tuple[U64, I32]:
    """The K + 1 smallest different hashes of the authors of posts, sorted, and how many posts each has."""
    if len(hashes) < FEW:
        counts = sorted(Counter(hashes).items())
        return np.array([one for one, _ in counts], np.uint64), np.array([posts for _, posts in counts], np.int32)
    people, posts = np.unique(np.array(hashes, np.uint64), return_counts=True)
    return people[: K + 1], posts[: K + 1].astype(np.int32)


def united_sample(samples: Sequence[U64]) -> U64:
    """What `smallest` gives of several of its own (one at least)."""
    if sum(map(len, samples)) < FEW:
        return np.array(sorted(set().union(*[sample.tolist() for sample in samples])), np.uint64)
    return smallest(np.concatenate(samples))


def smallest(hashes: U64) -> U64:
    """The K + 1 smallest different hashes, sorted."""
    return distinct(hashes)[: K + 1]


def most_support(posts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """The largest support so many posts can have: no person without a post. Beyond K people support is an estimate with
    a standard error of 1/sqrt(K), of which six are allowed for."""
    return np.where(posts > K, posts * (1 + 6 / K**0.5), posts)


def shown(people: float, posts: int) -> int:
    """People as they are shown: beyond K an estimate, which is not to exceed their posts."""
    return min(round(people), posts)


@dataclass(slots=True)
class Support:
    """What the united samples of a topic say. Shares are of the sampled people or posts, 0 to 1."""

    n: float  # support: people, but a text that several repeat counts two
    people: float
    own_words: float = 0.0  # share of the people whose text nobody else holds
    one_text: float = 0.0  # share of the people who hold the most repeated text
    one_author: float = 0.0  # share of the posts that are by the busiest person
    authors: U64 | None = None  # the sampled people, sorted
    texts: U64 | None = None  # and the text that stands for each
    theta: float = 1.0
    gone: U64 | None = None  # the authors of posts that count no more, a post each
    _gone_people: int | None = None  # what `withdrawn_by` gives

    @property
    def withdrawn(self) -> int:
        """How many posts count no more."""
        return 0 if self.gone is None else len(self.gone)

    @property
    def withdrawn_by(self) -> int:
        """How many people's posts these are."""
        if self._gone_people is None:
            ordered = np.sort(self.gone) if self.gone is not None else _NO_HASH
            self._gone_people = len(ordered) and 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
        return self._gone_people


NOBODY = Support(0.0, 0.0)


def support(author: U64, text: U64, posts: I32, withdrawn: U64 | None = None) -> Support:
    """Unites entries of one topic, in any order and with repetitions, and reads them. `withdrawn`: the authors of posts
    among them that were withdrawn, a post each; who has none left is none of the people.

    theta is the sampled fraction, 1 up to K people; people = m / theta; n = u / theta + 2 r, where u texts are held by
    one sampled person and r by several.
    """
    if samples is not None:
        columns = np.ascontiguousarray(author, np.uint64), np.ascontiguousarray(text, np.uint64)
        gone = b"" if withdrawn is None else withdrawn.tobytes()
        found = samples.support(*columns, np.ascontiguousarray(posts, np.int32), gone, K)
        return support_as_told(found, None if withdrawn is None else gone)
    if len(author) <= min(_SMALL, K):
        return told_of(_support_of_few(author, text, posts, withdrawn), withdrawn)
    return told_of(support_of_united(*united(author, text, posts), withdrawn), withdrawn)


def told_of(found: Support, withdrawn: U64 | None) -> Support:
    """What was found, with whose posts were withdrawn."""
    if withdrawn is not None:
        found = Support(0.0, 0.0) if found is NOBODY else found
        found.gone = withdrawn
    return found


def united(author: U64, text: U64, posts: I32) -> tuple[U64, U64, I32]:
    """One entry a person, sorted by author, of the K + 1 first: a sample that entries can still be added to."""
    if samples is not None:
        columns = (np.ascontiguousarray(author, np.uint64), np.ascontiguousarray(text, np.uint64))
        told = samples.united(*columns, np.ascontiguousarray(posts, np.int32), K + 1)
        return np.frombuffer(told[0], np.uint64), np.frombuffer(told[1], np.uint64), np.frombuffer(told[2], np.int32)
    _, author, text, posts = unite(np.zeros(len(author), np.uint8), author, text, posts, 1)
    return author[: K + 1], text[: K + 1], posts[: K + 1]


def support_as_told(
    found: tuple[bytes, bytes, int | None, int, int, int, int, int] | None, gone: bytes | None
) -> Support:
    """What `samples.support` found, less the posts of `gone` (authors; None: of none)."""
    withdrawn = None if gone is None else np.frombuffer(gone, np.uint64)
    if found is None:
        return told_of(NOBODY, withdrawn)
    authors, texts, following, single, held, most, busiest, all_posts = found
    theta = 1.0 if following is None else following / _TWO_64
    m = len(authors) // 8
    return Support(
        single / theta + 2 * (held - single),
        m / theta,
        single / m,
        most / m,
        busiest / all_posts,
        np.frombuffer(authors, np.uint64),
        np.frombuffer(texts, np.uint64),
        theta,
        withdrawn,
    )


def posts_left(author: U64, posts: I32, withdrawn: U64) -> I32:
    """How many posts each of these people (one at least, once each, sorted) has left, at least 0."""
    withdrawn = withdrawn[withdrawn <= author[-1]]  # a sample holds few of many people
    place = author.searchsorted(withdrawn)
    gone = np.bincount(place[author[place] == withdrawn], minlength=len(author))
    return np.maximum(posts - gone.astype(np.int32), 0)


def people_left(author: U64, posts: I32, withdrawn: U64) -> float:
    """How many people have posts left, of samples with their posts."""
    author, _, posts = united(author, np.zeros_like(author), posts)
    if len(author) == 0:
        return 0.0
    theta = float(author[K]) / _TWO_64 if len(author) > K else 1.0
    return int(np.count_nonzero(posts_left(author, posts, withdrawn)[:K])) / theta


def support_of_united(author: U64, text: U64, posts: I32, withdrawn: U64 | None = None) -> Support:
    """`support` of what `united` gives."""
    theta = 1.0
    if len(author) > K:
        theta = float(author[K]) / _TWO_64
        author, text, posts = author[:K], text[:K], posts[:K]
    if withdrawn is not None and len(author):
        posts = posts_left(author, posts, withdrawn)
        there = posts > 0
        author, text, posts = author[there], text[there], posts[there]
    if len(author) == 0:
        return NOBODY
    ordered = np.sort(text)
    held = run_lengths(starts_of(ordered[1:] != ordered[:-1]), len(ordered))
    single, m = int(np.count_nonzero(held == 1)), len(author)
    return Support(
        single / theta + 2 * (len(held) - single),
        m / theta,
        single / m,
        int(held.max()) / m,
        int(posts.max()) / int(posts.sum()),
        author,
        text,
        theta,
    )


def _support_of_few(author: U64, text: U64, posts: I32, withdrawn: U64 | None) -> Support:
    """`support` of a handful of entries, at most K."""
    if len(author) == 0:
        return NOBODY
    stands: dict[int, int] = {}
    counts: dict[int, int] = {}
    for a, t, c in zip(author.tolist(), text.tolist(), posts.tolist(), strict=True):
        before = stands.get(a)
        if before is None:
            stands[a], counts[a] = t, c
            continue
        counts[a] += c
        if before != t and text_priority_of_one(a, t) < text_priority_of_one(a, before):
            stands[a] = t
    if withdrawn is not None:
        for a in withdrawn.tolist():
            if a in counts:
                counts[a] -= 1
                if counts[a] == 0:
                    del counts[a], stands[a]
        if not stands:
            return NOBODY
    held: dict[int, int] = {}
    for t in stands.values():
        held[t] = held.get(t, 0) + 1
    m = len(stands)
    single = sum(1 for c in held.values() if c == 1)
    return Support(
        float(single + 2 * (len(held) - single)),
        float(m),
        single / m,
        max(held.values()) / m,
        max(counts.values()) / sum(counts.values()),
        np.array(people := sorted(stands), np.uint64),
        np.array([stands[a] for a in people], np.uint64),
    )
