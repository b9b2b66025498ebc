"""The last step of a list, over the topics of all shards: what is shown as one, what fills up, where it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from pipeline.trends.arrays import U64

ROWS = 20
JOIN_WITHIN_MS = 15 * 60_000
JOIN_SHARE = 0.8


class Arranged(Protocol):
    """A topic with its place in a list still open."""

    joined: tuple[Any, ...]  # the marks of topics shown as one with this

    @property
    def mark(self) -> Any:
        """What `joined` of another calls this."""

    @property
    def since(self) -> int | None:
        """When it began to trend, ms; None: it does not."""

    @property
    def sample(self) -> tuple[U64 | None, float]:
        """Its people in the long window, sorted, and which fraction of them the sample holds."""

    @property
    def n(self) -> float:
        """Support in the long window."""


A = TypeVar("A", bound=Arranged)


def join(trending: Sequence[A]) -> list[A]:
    """Topics that began together and share their people stand as one, under the first; no more than a list holds."""
    kept: list[A] = []
    known: list[tuple[int | None, U64 | None, float]] = []  # of those kept: since, and the sample
    for one in trending:
        mine = one.since, *one.sample
        leader = next((other for other, theirs in zip(kept, known, strict=True) if _same_people(mine, theirs)), None)
        if leader is not None:
            leader.joined += (one.mark,)
        elif len(kept) < ROWS:  # who comes later is not shown, and leads nobody who is
            kept.append(one)
            known.append(mine)
    return kept


def fill(trending: Sequence[A], others: Sequence[A], least: float) -> list[A]:
    """The list: what trends, filled up from `others` (by support); with those whose support is below `least` only where
    there is nothing else."""
    many = [one for one in others if one.n >= least]
    return [*trending, *(many if many or trending else others)[: ROWS - len(trending)]]


def _same_people(one: tuple[int | None, U64 | None, float], other: tuple[int | None, U64 | None, float]) -> bool:
    (since, mine, my_theta), (their_since, theirs, their_theta) = one, other
    if since is None or their_since is None or abs(since - their_since) > JOIN_WITHIN_MS:
        return False
    if mine is None or theirs is None:
        return False
    if min(my_theta, their_theta) < 1:
        limit = min(my_theta, their_theta) * float(1 << 64)
        mine, theirs = mine[mine.astype(np.float64) < limit], theirs[theirs.astype(np.float64) < limit]
    enough = JOIN_SHARE * max(len(mine), len(theirs))
    if min(len(mine), len(theirs)) <= enough:
        return False
    return len(np.intersect1d(mine, theirs, assume_unique=True)) > enough
