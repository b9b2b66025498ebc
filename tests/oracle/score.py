"""What a topic is at a step of a list, and from which score it trends."""

from __future__ import annotations

import math
from typing import NamedTuple

from .baseline import Pair


class Life(NamedTuple):
    """A topic that trends: since when, below OFF since when, its largest score and when that was."""

    since: int
    low: int | None
    peak: tuple[float, int]


class Score(NamedTuple):
    """A topic at a step."""

    topic: str
    score: float
    weight: float  # R
    window: int  # 0 short, 1 long
    n: Pair
    e: float
    v: float


def minimum_of(scope: str) -> int:
    """The support in the long window from which a topic is scored."""
    return 3 if scope.startswith("event:") else 5


def on(scope: str, active: float) -> float:
    """The score from which a topic trends."""
    base = 3 if scope.startswith("event:") else 5
    return base + (math.log(active / 3_000) / math.log(20) if active > 3_000 else 0.0)
