"""The daily digest: what fired in a day, in one message, for those who want no message for each."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

from pipeline.text import printable
from schemas.alerts import Alert, Receiver

MOST = 30  # alerts told one by one


def last_due(receiver: Receiver, now_s: float) -> dt.datetime:
    """The newest moment not after `now_s` (seconds since 1970) at which the receiver's digest was due."""
    now = dt.datetime.fromtimestamp(now_s, zoneinfo.ZoneInfo(receiver.time_zone))
    due = dt.datetime.combine(now.date(), dt.time.fromisoformat(receiver.digest), now.tzinfo)
    return due if due <= now else dt.datetime.combine(now.date() - dt.timedelta(days=1), due.time(), now.tzinfo)


def digest_of(receiver: Receiver, due: dt.datetime, since: dt.datetime, messages: Sequence[Alert]) -> Alert:
    """One alert, at least, made of those that fired or ended between two digests; its key is that of its moment."""
    newest = {alert.key: alert for alert in messages}
    told = [_line(alert) for alert in sorted(newest.values(), key=lambda alert: alert.fired)]
    more = f" · and {len(told) - MOST} more" if len(told) > MOST else ""
    count = f"{len(told)} alert{'s' * (len(told) != 1)}"
    at = int(due.timestamp() * 1_000)
    return Alert(
        key=f"digest/{receiver.name}/{due:%Y-%m-%dT%H:%M}", status="firing", rule="digest", kind="digest",
        severity="info",
        scope="all", window="24h", topic="", display=f"{count} since {since:%Y-%m-%d %H:%M}",
        since=int(since.timestamp() * 1_000), fired=at, at=at, value=len(told), threshold=0, flags=[], examples=[],
        why=f"{count} since {since:%Y-%m-%d %H:%M} {receiver.time_zone}: {' · '.join(told[:MOST])}{more}",
    )  # fmt: skip


def _line(alert: Alert) -> str:
    fired = dt.datetime.fromtimestamp(alert.fired / 1_000, dt.UTC)
    lasted = f"over after {(alert.at - alert.fired) // 60_000} min" if alert.status == "resolved" else "still firing"
    return f"{fired:%H:%M} UTC {alert.rule}: {printable(alert.why, 160)} ({lasted})"
