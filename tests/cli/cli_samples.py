"""Posts, rows and lists made by hand for the tests of the command."""

from __future__ import annotations

from typing import Any

from schemas import Trend, TrendList
from schemas.trends import Why

START_MS = 1_700_000_040_000  # a full minute


def post(number: int, time_ms: int, text: str, author: str | None = None) -> dict[str, Any]:
    return {"id": str(number), "author": author or f"a{number}", "text": text, "time": time_ms, "source": "twitter"}


def trend(rank: int, topic: str, **fields: Any) -> Trend:
    values: dict[str, Any] = {
        "rank": rank,
        "topic": topic,
        "trending": True,
        "display": topic,
        "variants": [],
        "posts": 1_234,
        "authors": 412,
        "support": 412.0,
        "expected": 35.0,
        "spread": 8.0,
        "score": 11.6,
        "weight": 900.0,
        "score_window_s": 900,
        "state": "new",
        "since": START_MS,
        "peak": None,
        "flags": [],
        "joined": [],
        "examples": [],
        "spark": [0.0, 1.0, 4.0, 9.0, 412.0],
        "why": Why(412, 900, False, 412.0, 35.0, 8.0, 11.6, 0.96),
    }
    return Trend(**(values | fields))


def trend_list(*rows: Trend, at: int = START_MS, scope: str = "all", window: Any = "1h", flag: Any = "") -> TrendList:
    return TrendList(scope, window, 3_600, at, True, flag, list(rows))
