"""The people sample: who talks about a topic and with how many different texts, in a bounded, mergeable form.

A sample holds, for each of the K + 1 people with the smallest author hashes, the text that stands for them. Samples of
panes, cells and partitions are united by `group`; `support` reads people and support n off any number of samples at
once. All results depend on the set of (author, text) alone, never on order or grouping (docs/trending.md).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from pipeline.trends.arrays import I32, I64, U64, Integers, Mask, order_by, run_lengths, starts_of

K = 512  # people counted exactly; beyond, K are sampled
_SMALL = 24  # entries up to which plain Python is faster than numpy's calls
_TWO_64 = float(1 << 64)

_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(p)
    for p in (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)
)


def hash64(name: str) -> int:
    """The 64 bits that stand for a person or a topic key: XXH64 of the UTF-8 bytes."""
    return xxhash.xxh64_intdigest(name.encode())


def text_hash(key: str, repost_of: str | None) -> int:
    """The 64 bits that stand for a text: lowest bit 1 for a repost, else 0. `key` is the post's text key."""
    if repost_of:
        return xxhash.xxh64_intdigest(b"repost:" + repost_of.encode()) | 1
    return xxhash.xxh64_intdigest(key.encode()) & ~1


def _rotate(x: U64, bits: int) -> U64:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


def mix(author: U64, text: U64) -> U64:
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


def mix_of_one(author: int, text: int) -> int:
    """`mix` for one person and text."""
    return xxhash.xxh64_intdigest(struct.pack("<QQ", author, text)) >> 1 | (text & 1) << 63


def unite(
    group: Integers, author: U64, text: U64, posts: I32, groups: int
) -> tuple[I64, U64, U64, I32]:
    """One entry per (group, author), sorted: the text of smallest mix and the sum of posts."""
    if len(group) == 0:
        return np.asarray(group, np.int64), author, text, posts
    order = order_by(group, author, groups)
    rows, author, text, posts = np.asarray(group[order], np.int64), author[order], text[order], posts[order]
    starts = starts_of((rows[1:] != rows[:-1]) | (author[1:] != author[:-1]))
    if len(starts) == len(rows):
        return rows, author, text, posts
    lengths = run_lengths(starts, len(rows))
    several = np.flatnonzero(np.repeat(lengths > 1, lengths))
    run = np.repeat(np.arange(len(starts)), lengths)[several]
    mixed = mix(author[several], text[several])
    run_starts = starts_of(run[1:] != run[:-1])
    smallest = np.minimum.reduceat(mixed, run_starts)
    wins = mixed == np.repeat(smallest, run_lengths(run_starts, len(run)))
    chosen = text[starts]
    chosen[run[wins]] = text[several[wins]]
    return rows[starts], author[starts], chosen, np.add.reduceat(posts, starts, dtype=np.int32)


def capped(group: I64) -> Mask | None:
    """Which entries, sorted by (group, author), a sample keeps: the K + 1 first of each group; None: all."""
    if len(group) <= K + 1:
        return None
    starts = starts_of(group[1:] != group[:-1])
    lengths = run_lengths(starts, len(group))
    if lengths.max() <= K + 1:
        return None
    return np.asarray(np.arange(len(group)) - np.repeat(starts, lengths) <= K)


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
    theta: float = 1.0


NOBODY = Support(0.0, 0.0)


def support(author: U64, text: U64, posts: I32) -> Support:
    """Unites entries of one topic, in any order and with repetitions, and reads them.

    theta is the sampled fraction, 1 up to K people; people = m / theta; n = u / theta + 2 r, where u texts are held by
    one sampled person and r by several.
    """
    if len(author) <= min(_SMALL, K):
        return _support_of_few(author, text, posts)
    return support_of_united(*united(author, text, posts))


def united(author: U64, text: U64, posts: I32) -> tuple[U64, U64, I32]:
    """One entry a person, sorted by author, of the K + 1 first: a sample that entries can still be added to."""
    _, author, text, posts = unite(np.zeros(len(author), np.uint8), author, text, posts, 1)
    return author[: K + 1], text[: K + 1], posts[: K + 1]


def support_of_united(author: U64, text: U64, posts: I32) -> Support:
    """`support` of what `united` gives."""
    if len(author) == 0:
        return NOBODY
    theta = 1.0
    if len(author) > K:
        theta = float(author[K]) / _TWO_64
        author, text, posts = author[:K], text[:K], posts[:K]
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
        theta,
    )


def _support_of_few(author: U64, text: U64, posts: I32) -> Support:
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
        if before != t and mix_of_one(a, t) < mix_of_one(a, before):
            stands[a] = t
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
        np.array(sorted(stands), np.uint64),
    )
