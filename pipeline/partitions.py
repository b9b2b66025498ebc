"""Which partition a post belongs to: Kafka's own rule, murmur2 of the author, for many posts at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from schemas import Post
from schemas.stale import require_fitting

try:
    from pipeline import _split as compiled

    require_fitting(compiled)
except ImportError:  # numpy does it, in four times the time
    compiled = None  # type: ignore[assignment]

_M = np.uint32(0x5BD1E995)


def split_by_author(posts: Sequence[Post], partitions: int) -> list[list[Post]]:
    """The posts of each partition, in their order, as Kafka's default partitioner has them (murmur2, no sign bit)."""
    if partitions == 1:
        return [list(posts)]
    authors = [post.author for post in posts]
    if compiled is not None:
        return compiled.split(list(posts), authors, partitions)
    parts: list[list[Post]] = [[] for _ in range(partitions)]
    append = [part.append for part in parts]
    for post, number in zip(posts, _numbers(authors, partitions), strict=True):
        append[number](post)
    return parts


@lru_cache(maxsize=1 << 18)
def partition_of(author: str, partitions: int) -> int:
    """The same for one post at a time: for many at once it is dearer than to hash them all."""
    return _numbers([author], partitions)[0]


def _numbers(authors: Sequence[str], partitions: int) -> list[int]:
    hashes = murmur2([author.encode() for author in authors])
    numbers: list[int] = ((hashes & 0x7FFFFFFF) % partitions).tolist()
    return numbers


def murmur2(keys: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """Kafka's murmur2 (seed 0x9747b28c) of each key.

    >>> [int(h) for h in murmur2([b"21", b"foobar"]).view(np.int32)]
    [-973932308, -790332482]
    """
    length = np.array([len(key) for key in keys], np.int64)
    width = (int(length.max(initial=0)) + 4) // 4 * 4
    padded = np.frombuffer(b"".join(key.ljust(width, b"\0") for key in keys), np.uint8).reshape(len(keys), width)
    words = padded.view("<u4").astype(np.uint32)
    h = np.uint32(0x9747B28C) ^ length.astype(np.uint32)
    for i in range(width // 4):
        whole = length >= (i + 1) * 4
        k = words[:, i] * _M
        k ^= k >> np.uint32(24)
        k *= _M
        h = np.where(whole, (h * _M) ^ k, h)
    rest = length % 4
    tail = words[np.arange(len(keys)), length // 4]  # zero beyond the key's end
    h = np.where(rest > 0, (h ^ tail) * _M, h)
    h ^= h >> np.uint32(13)
    h *= _M
    h ^= h >> np.uint32(15)
    return np.asarray(h)
