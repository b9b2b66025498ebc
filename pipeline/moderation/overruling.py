"""What moderators say against the rule that finds topics suspect, and lists as they have it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

import msgspec

from schemas import Trend, TrendList
from schemas.moderation import Decision

REMEMBERED = 32  # decisions about one topic, the last ones
Verdicts = Callable[[str], str]  # of a topic key: cleared, suspect, or nothing


def overruled(trends: TrendList, verdict_of: Verdicts) -> TrendList:
    """The list with cleared topics where they would stand if the rule had found them neither suspect nor undecided, and
    with those called suspect below all others, as if it had; the same object where nothing changes."""
    rows = [_as_said(row, verdict_of(row.topic)) for row in trends.trends]
    if all(new is old for new, old in zip(rows, trends.trends, strict=True)):
        return trends
    rows = [
        row if row.rank == rank else msgspec.structs.replace(row, rank=rank)
        for rank, row in enumerate(sorted(rows, key=_order), 1)
    ]
    return msgspec.structs.replace(trends, trends=rows)


class Overruling:
    """All that moderators said of topics, with the moments from which it holds."""

    def __init__(self) -> None:
        self._said: dict[str, deque[Decision]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def take(self, decision: Decision) -> None:
        """The next decision of the log."""
        if decision.kind == "suspicion":
            self._said[decision.target].append(decision)

    def obeyed(self, trends: TrendList) -> TrendList:
        """The list as the decisions have it that were made before its end."""
        return overruled(trends, lambda topic: self._verdict(topic, trends.at)) if self._said else trends

    def _verdict(self, topic: str, at: int) -> str:
        said = self._said.get(topic, ())
        return next((one.verdict for one in reversed(said) if one.at <= at), "")


def _as_said(row: Trend, verdict: str) -> Trend:
    found = "suspect" in row.flags
    if verdict == "cleared" and row.signs and row.signs.undecided:
        return msgspec.structs.replace(row, signs=msgspec.structs.replace(row.signs, undecided=False))
    if verdict == "cleared" and found:
        signs = msgspec.structs.replace(row.signs, suspect=False) if row.signs else None
        flags = [flag for flag in row.flags if flag != "suspect"]
        return msgspec.structs.replace(row, flags=flags, trending=row.since is not None, signs=signs)
    if verdict == "suspect" and not found:
        return msgspec.structs.replace(row, flags=[*row.flags, "suspect"], trending=False)
    return row


def _order(row: Trend) -> tuple[int, float, str]:
    """What trends by weight, what fills the list up as it stands, then what is suspect, by weight."""
    suspect = "suspect" in row.flags
    if not row.trending and not suspect:
        return 1, 0.0, ""
    return 2 if suspect else 0, -row.weight, row.topic
