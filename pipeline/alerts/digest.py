"""The daily digest: what fired in a day, in one message, for those who want no message for each."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from schemas.alerts import Alert, AlertWhy, Receiver

MOST = 30  # alerts told one by one


def last_due(receiver: Receiver, now_s: float) -> dt.datetime:
    """The newest moment (UTC) not after `now_s` (seconds since 1970) at which the receiver's digest was due. A time of
    the day that a clock change leaves out is as much later; of one that comes twice it is the first."""
    zone, now = zoneinfo.ZoneInfo(receiver.time_zone), dt.datetime.fromtimestamp(now_s, dt.UTC)
    today, at = now.astimezone(zone).date(), dt.time.fromisoformat(receiver.digest)
    dues = (dt.datetime.combine(today - dt.timedelta(days=days), at, zone).astimezone(dt.UTC) for days in (0, 1, 2))
    return next(due for due in dues if due <= now)  # compared in UTC: clocks of one zone compare what they show


def newest_of(receiver: Receiver, messages: Sequence[Alert]) -> list[Alert]:
    """The newest message about each alert that the receiver hears of: what fired in these messages, and what ended,
    where the receiver wants to know that of itself. In the order in which they fired."""
    newest = {alert.key: alert for alert in messages}
    fired = {alert.key for alert in messages if alert.status == "firing"}
    told = [alert for key, alert in newest.items() if receiver.resolved or key in fired]
    return sorted(told, key=lambda alert: alert.fired)


def digest_of(receiver: Receiver, due: dt.datetime, since: dt.datetime, alerts: Sequence[Alert]) -> Alert:
    """One alert made of those (one at least, see `newest_of`) that fired or ended between two digests; its key is that
    of its moment."""
    zone = zoneinfo.ZoneInfo(receiver.time_zone)
    at = int(due.timestamp() * 1_000)
    return Alert(
        key=f"digest/{receiver.name}/{due.astimezone(zone):%Y-%m-%dT%H:%M}",
        status="firing",
        rule="digest",
        kind="digest",
        severity="info",
        scope="all",
        window="24h",
        topic="",
        display="",
        since=int(since.timestamp() * 1_000),
        fired=at,
        at=at,
        value=float(len(alerts)),
        threshold=0.0,
        flags=[],
        examples=[],
        why=AlertWhy(alerts=list(alerts[:MOST])),
    )
