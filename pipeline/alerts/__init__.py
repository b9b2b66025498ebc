"""Alerts leave the house: kept until delivered, sent to each receiver in order, never lost, never twice by key."""

from pipeline.alerts.delivery import Delivery
from pipeline.alerts.outbox import Outbox, OutboxError
from pipeline.alerts.receivers import Undelivered, deliver
from pipeline.alerts.recent import RecentAlerts

__all__ = ["Delivery", "Outbox", "OutboxError", "RecentAlerts", "Undelivered", "deliver"]
