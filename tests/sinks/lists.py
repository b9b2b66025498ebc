"""Small lists of trends for the tests of sinks."""

from __future__ import annotations

from schemas import Trend, TrendList, Window
from schemas.trends import WINDOWS, Peak
from tests.facts import WHY


def trend(rank: int, topic: str, people: int = 50, trending: bool = True) -> Trend:
    return Trend(
        rank=rank,
        topic=topic,
        trending=trending,
        display=topic,
        variants=[],
        posts=people * 2,
        authors=people,
        support=float(people),
        expected=5.0,
        spread=4.0,
        score=9.5 if trending else 1.0,
        weight=100.0 / rank,
        score_window_s=900,
        state="rising",
        since=1 if trending else None,
        peak=Peak(12.0, 1) if trending else None,
        flags=[],
        joined=[],
        examples=["1"],
        spark=[0.0, 1.0],
        why=WHY,
    )


def trend_list(
    *topics: str, scope: str = "all", window: Window = "1h", at: int = 60_000, final: bool = True
) -> TrendList:
    """A list of these topics in this order."""
    rows = [trend(rank, topic) for rank, topic in enumerate(topics, 1)]
    return TrendList(scope, window, WINDOWS[window], at, final, "", rows)
