"""Two series of lists, told apart: exact in what people read, to four decimals in the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

EXACT = (
    "topic",
    "trending",
    "display",
    "variants",
    "posts",
    "authors",
    "score_window_s",
    "state",
    "since",
    "flags",
    "origins",
    "joined",
    "also",
    "spark",
    "withdrawn",
    "withdrawn_by",
)
CLOSE = ("support", "expected", "spread", "score", "weight", "usual")


def near(a: float, b: float) -> bool:
    """Equal but for the rounding to four decimals that lists travel with."""
    return abs(a - b) <= 0.51e-4 + 1e-9 * abs(b)


def differences(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for each thing in which two series of issued lists differ; empty when they say the same.

    Both are lists as dicts (a TrendList through `msgspec.to_builtins`). Their order counts within a scope and window.
    """
    found: list[str] = []
    left, right = _by_key(ours), _by_key(theirs)
    for key in sorted(left.keys() | right.keys()):
        mine, yours = left.get(key, {}), right.get(key, {})
        name = "/".join(key)
        for at in sorted(mine.keys() | yours.keys()):
            if at not in mine or at not in yours:
                found.append(f"{name}@{at}: issued only by the {'second' if at not in mine else 'first'}")
            else:
                found += [f"{name}@{at}: {what}" for what in _in_list(mine[at], yours[at])]
    return found


def _by_key(lists: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], dict[int, Mapping[str, Any]]]:
    found: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
    for each in lists:
        series = found.setdefault((each["scope"], each["window"]), {})
        assert not series or each["at"] > max(series), "lists of a scope and window come in order, each once"
        series[each["at"]] = each
    return found


def _in_list(mine: Mapping[str, Any], yours: Mapping[str, Any]) -> list[str]:
    found = [
        f"{field} {mine[field]!r}, not {yours[field]!r}"
        for field in ("window_s", "flag", "past", "posts", "authors")
        if mine[field] != yours[field]
    ]
    topics = [row["topic"] for row in mine["trends"]], [row["topic"] for row in yours["trends"]]
    if topics[0] != topics[1]:
        return [*found, f"topics {topics[0]}, not {topics[1]}"]
    for a, b in zip(mine["trends"], yours["trends"], strict=True):
        found += [f"{a['topic']} {field} {a[field]!r}, not {b[field]!r}" for field in EXACT if a[field] != b[field]]
        found += [
            f"{a['topic']} {field} {a[field]!r}, not {b[field]!r}" for field in CLOSE if not near(a[field], b[field])
        ]
        peaks = a["peak"], b["peak"]
        same_peak = peaks[0] == peaks[1] or (
            None not in peaks and near(peaks[0]["score"], peaks[1]["score"]) and peaks[0]["at"] == peaks[1]["at"]
        )
        if not same_peak:
            found.append(f"{a['topic']} peak {peaks[0]}, not {peaks[1]}")
    return found
