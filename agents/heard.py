"""What others say about alerts, for the agent that raises them.

Orders of people on the topic `decisions`, and on `alerts` what any worker has said. Each is the state of a
GlobalTable."""

from __future__ import annotations

import msgspec

from pipeline.kafka.log import Record
from pipeline.moderation.overruling import Overruling
from schemas.alerts import Alert, Order
from schemas.moderation import Decision

_LAST_MS = 253_402_300_800_000  # the year 10000

_order = msgspec.json.Decoder(Order).decode
_decision = msgspec.json.Decoder(Decision).decode
_alert = msgspec.json.Decoder(Alert).decode


class Orders:
    """All orders that hold, and each as it comes; of what moderators decide, what they say of suspect topics."""

    def __init__(self) -> None:
        self.given: list[Order] = []  # in the order in which they were heard; never one older than another of its key
        self.overruling = Overruling()
        self._newest: dict[str, int] = {}  # key -> when the newest order about it was given

    def take(self, record: Record) -> None:
        """A record of the topic `decisions`."""
        try:
            order = _order(record.value or b"")
        except msgspec.DecodeError:
            self._take_decision(record)
            return
        if 0 <= order.at < _LAST_MS and 0 <= order.until < _LAST_MS and order.at >= self._newest.get(order.key, 0):
            self._newest[order.key] = order.at
            self.given.append(order)

    def _take_decision(self, record: Record) -> None:
        try:
            self.overruling.take(_decision(record.value or b""))
        except msgspec.DecodeError:
            return


class PublishedAlerts:
    """The alerts that were said to fire and not to be over, whoever said so."""

    def __init__(self) -> None:
        self.firing: dict[str, Alert] = {}  # by key

    def take(self, record: Record) -> None:
        """A record of the topic `alerts`."""
        try:
            self.note(_alert(record.value or b""))
        except msgspec.DecodeError:
            return

    def note(self, alert: Alert) -> None:
        """It was said."""
        if alert.status == "firing":
            self.firing[alert.key] = alert
        else:
            self.firing.pop(alert.key, None)
