"""Which partition a post belongs to: Kafka's own rule, murmur2 of the author, for many posts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from schemas import Post

_M = np.uint32(0x5BD1E995)


class Partitioner:
    """Splits posts among partitions by author, as Kafka's default partitioner does (murmur2, sign bit dropped)."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def split(self, posts: Sequence[Post]) -> list[list[Post]]:
        """The posts of each partition, in their order."""
        if self.partitions == 1:
            return [list(posts)]
        hashes = murmur2([post.author.encode() for post in posts])
        parts: list[list[Post]] = [[] for _ in range(self.partitions)]
        append = [part.append for part in parts]
        for post, number in zip(posts, ((hashes & 0x7FFFFFFF) % self.partitions).tolist(), strict=True):
            append[number](post)
        return parts


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
