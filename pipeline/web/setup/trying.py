"""What a rule would have done: the alerts of the last days' lists, by the code that raises them."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.trends.alerting import Alerting
from pipeline.web.history import DAY_MS, History
from schemas.alerts import Alert, Rule

DAYS = 7


class Tried(NamedTuple):
    """The alerts that would have fired, the last first, by the lists from `begin` to `end` (ms; 0: there were none)."""

    fired: list[Alert]
    begin: int
    end: int


def would_fire(rule: Rule, history: History) -> Tried:
    """Plays the lists of the last DAYS that the history has. Takes a while; raises HistoryError."""
    window = "5m" if rule.kind == "silence" else rule.window
    span = history.spans([(rule.on, window)])[0]
    if span is None:
        return Tried([], 0, 0)
    begin, end = max(span[0], span[1] - DAYS * DAY_MS), span[1]
    alerting, fired = Alerting([rule]), list[Alert]()
    for one in history.since(rule.on, window, begin):
        fired += (alert for alert in alerting.take(one) if alert.status == "firing")
    return Tried(fired[::-1], begin, end)
