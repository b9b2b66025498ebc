"""What moderators let be told of an alert, asked in the moment it leaves or is shown."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pipeline.moderation import DecisionLog, Moderation
from pipeline.text import topic_key
from schemas import Trend, TrendList
from schemas.alerts import Alert

_ABOUT = ", about "  # what the sentence of an alert about a whole scope ends with: topics, commas between


def allowed(alert: Alert, visible: Callable[[TrendList], TrendList]) -> Alert | None:
    """The alert as it may be told, given what `visible` leaves of a list: without blocked examples, and one about a
    scope without blocked topics. None where it may not be told at all: its topic, or the spelling, is blocked."""
    if alert.kind == "digest":
        return alert
    sentence, about, names = alert.why.partition(_ABOUT) if not alert.topic else (alert.why, "", "")
    topics = [(topic_key(name), name) for name in names.split(", ") if name]
    asked = TrendList(alert.scope, alert.window, 0, alert.at, True, "", [
        _row(alert.topic, alert.display if alert.topic else "", alert.examples),
        *(_row(topic, name, []) for topic, name in topics),
    ])  # fmt: skip
    shown = visible(asked)
    if shown is asked:
        return alert
    if not shown.trends or shown.trends[0].topic != alert.topic:
        return None
    left = ", ".join(row.display for row in shown.trends[1:])
    why = sentence + (about + left if left else "")
    return msgspec.structs.replace(alert, examples=shown.trends[0].examples, why=why)


class Blocking:
    """Knows the decisions of a log by now. Not thread-safe."""

    def __init__(self, decisions: DecisionLog) -> None:
        self._decisions, self._moderation = decisions, Moderation()

    def allowed(self, alert: Alert) -> Alert | None:
        """What may be told of the alert now."""
        for decision in self._decisions.fresh():
            self._moderation.apply(decision)
        return allowed(alert, self._moderation.visible)


def _row(topic: str, display: str, examples: list[str]) -> Trend:
    return Trend(
        rank=1, topic=topic, trending=True, display=display, variants=[], posts=0, authors=0, support=0, expected=0,
        spread=0, score=0, weight=0, score_window_s=0, state="steady", since=None, peak=None, flags=[], joined=[],
        examples=examples, spark=[], why="",
    )  # fmt: skip
