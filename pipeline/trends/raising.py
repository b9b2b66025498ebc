"""What an alert says: of a row of a list, or of a scope as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from schemas.alerts import Alert, AlertWhy, Peak, Rule
from schemas.trends import Trend, TrendList


def alert_of_row(rule: Rule, trends: TrendList, row: Trend, topic: str, since: int) -> Alert:
    """The alert that a rule fires about a row of its list, as the one of its topics that it is known by."""
    value, threshold = measured(rule, row)
    volume: Literal["posts", "people"] = "posts" if rule.people is None else "people"
    of_scope = alert_of_scope(
        rule,
        trends.at,
        since=row.since or since,
        value=value,
        threshold=threshold,
        examples=row.examples,
        why=AlertWhy(trend=row.why, counted=volume if rule.kind == "volume" else ""),
        peak=height_of(trends, row),
    )
    key, display = f"{rule.name}/{topic}/{trends.at}", _display(row, topic)
    return msgspec.structs.replace(of_scope, key=key, topic=topic, display=display, flags=row.flags)


def _display(row: Trend, topic: str) -> str:
    """As the topic is written, where that is known."""
    spellings = dict(zip(row.joined, row.also, strict=False))
    return row.display if topic == row.topic else spellings.get(topic, topic)


def alert_of_scope(
    rule: Rule,
    now: int,
    *,
    since: int,
    value: float,
    threshold: float,
    examples: Sequence[str] = (),
    why: AlertWhy | None = None,
    peak: Peak | None = None,
) -> Alert:
    """The alert that a rule fires at `now` about its whole scope."""
    return Alert(
        key=f"{rule.name}//{now}",
        status="firing",
        rule=rule.name,
        kind=rule.kind,
        severity=rule.severity,
        scope=rule.on,
        window=rule.window,
        topic="",
        display=rule.on,
        since=since,
        fired=now,
        at=now,
        value=value,
        threshold=threshold,
        flags=[],
        examples=list(examples),
        why=why or AlertWhy(),
        peak=peak,
    )


def ended(alert: Alert, now: int) -> Alert:
    return msgspec.structs.replace(alert, status="resolved", at=now)


def measured(rule: Rule, row: Trend) -> tuple[float, float]:
    """(value, threshold); floats, so that an alert is the same bytes before and after it was kept."""
    if rule.kind == "volume" and rule.people is not None:
        return float(row.authors), float(rule.people)
    if rule.kind == "volume":
        return float(row.posts), float(rule.posts or 1)
    return (row.score, rule.score) if rule.kind == "surge" else (float(row.rank), float(rule.top))


def height_of(trends: TrendList, row: Trend) -> Peak:
    return Peak(trends.at, row.authors, row.posts, row.score)


def higher(alert: Alert, height: Peak) -> Alert:
    """The alert with this as its peak, where it is one; of equal ones the earlier holds."""
    known = alert.peak
    if alert.kind == "surge":
        higher = known is None or (height.score or 0.0) > (known.score or 0.0)
    else:
        higher = known is None or height.people > known.people
    return msgspec.structs.replace(alert, peak=height) if higher else alert
