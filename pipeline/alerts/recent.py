"""The alerts of late, for those who show them."""

from __future__ import annotations

import threading

from schemas.alerts import Alert

MOST = 500


class RecentAlerts:
    """The newest message about each of the last `most` alerts. From any thread; messages may come twice."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._alerts: dict[str, Alert] = {}  # by key, in the order in which they fired

    def add(self, alert: Alert) -> None:
        """The alert fired, or is over."""
        with self._lock:
            known = self._alerts.get(alert.key)
            if known is None or known.status == "firing":
                self._alerts[alert.key] = alert
            while len(self._alerts) > self._most:
                del self._alerts[next(iter(self._alerts))]

    def of(self, topic: str | None = None) -> list[Alert]:
        """The alerts of a topic, or all; what fires before what is over, the newest first."""
        with self._lock:
            found = [one for one in self._alerts.values() if topic is None or one.topic == topic]
        return sorted(found, key=lambda one: (one.status == "firing", one.at), reverse=True)
