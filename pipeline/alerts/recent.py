"""The alerts of late, the mutes in force and what receivers did not get, for those who show them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from schemas.alerts import Alert, GivenUp, Order

MOST = 500


class RecentAlerts:
    """The newest message about each of the last MOST alerts. From any thread; messages may come twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}  # by key
        self._alerts: dict[str, Alert] = {}  # by key, in the order in which they fired
        self._given_up: dict[str, GivenUp] = {}  # by key of its record, in the order in which they were told
        self.on_change: Callable[[], None] = lambda: None  # called in the thread that brought something new

    def add(self, alert: Alert) -> None:
        """The alert fired, or is over."""
        with self._lock:
            known = self._alerts.get(alert.key)
            if known is None or known.status == "firing":
                self._alerts[alert.key] = self._marked(alert)
            while len(self._alerts) > MOST:
                del self._alerts[next(iter(self._alerts))]
        self.on_change()

    def order(self, order: Order) -> None:
        """Somebody mutes a rule, or looks after alerts: those that fired before it are shown as such. An order older
        than one of the same key that is known changes nothing."""
        with self._lock:
            known = self._orders.get(order.key)
            if known is not None and known.at > order.at:
                return
            self._orders[order.key] = order
            for key, alert in self._alerts.items():
                self._alerts[key] = self._marked(alert)
        self.on_change()

    def give_up(self, given_up: GivenUp) -> None:
        """A receiver did not get a message, and will not."""
        with self._lock:
            self._given_up.setdefault(given_up.record_key, given_up)
            while len(self._given_up) > MOST:
                del self._given_up[next(iter(self._given_up))]
        self.on_change()

    def given_up(self, since_ms: int) -> list[GivenUp]:
        """What was given up since then, the newest first."""
        with self._lock:
            found = [one for one in self._given_up.values() if one.at >= since_ms]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def mutes(self, now_ms: int) -> list[Order]:
        """The mutes in force, the one that ends first first."""
        with self._lock:
            found = [order for order in self._orders.values() if order.action == "mute" and order.until > now_ms]
        return sorted(found, key=lambda order: (order.until, order.key))

    def _marked(self, alert: Alert) -> Alert:
        for topic in ("", alert.topic):
            order = self._orders.get(f"alert-acknowledge/{alert.rule}/{topic}")
            if order is not None and alert.fired <= order.at:
                return msgspec.structs.replace(alert, acknowledged=order.by)
        return alert

    def of(self, topic: str | None = None) -> list[Alert]:
        """The alerts of a topic, or all; what fires before what is over, the newest first."""
        with self._lock:
            found = [one for one in self._alerts.values() if topic is None or one.topic == topic]
        return sorted(found, key=lambda one: (one.status == "firing", one.at), reverse=True)
