"""What the rank stage's shards tell of their own topics, to be made one list of (topic `trend-parts`)."""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.trends import Trend, Window


class PartRow(msgspec.Struct, omit_defaults=True):
    """A topic that may come into the list, whole but for its rank and for what is shown as one with it."""

    trend: Trend
    weight: float  # R, held, not rounded: the order of those that trend
    n: float  # support in the long window, not rounded: the order of the others
    people: bytes = b""  # of one that trends: sorted author hashes, 8 bytes each, little endian
    theta: float = 1.0  # which fraction of its people they are


class ListPart(msgspec.Struct, tag_field="kind", tag="part"):
    """One shard's share of the list of a scope and window at a moment. One that has nothing to show tells none."""

    shard: int
    scope: str
    window: Window
    at: int  # end of the window, ms
    final: bool
    flag: Literal["", "counting", "provisional"]
    posts: int  # of the scope as a whole, the same in every part
    authors: int
    trending: list[PartRow]  # all that trend
    others: list[PartRow]  # the first that could fill the list up


class PartsDone(msgspec.Struct, tag_field="kind", tag="done"):
    """A shard has told its parts of all final lists up to this time (ms)."""

    shard: int
    at: int
