"""Alerts that lists raise, and their delivery without a Kafka."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from pipeline.alerts.outbox import Allowed, Outbox, as_it_is
from pipeline.alerts.run import take_and_deliver
from pipeline.trends.alerting import Alerting
from schemas import TrendList
from schemas.alerts import Alert, Fault, Receiver, Rule


def raised_by(rules: Sequence[Rule], lists: Iterable[TrendList]) -> list[Alert]:
    alerting = Alerting(rules)
    return [alert for one in lists for alert in alerting.take(one)]


def deliver_all(
    alerts: Sequence[Alert], receivers: Sequence[Receiver], state: Path, said: list[str], allowed: Allowed = as_it_is
) -> CollectorRegistry:
    """Returns once nothing waits for any receiver."""
    registry = CollectorRegistry()

    async def given() -> AsyncIterator[tuple[Alert, int]]:
        for number, alert in enumerate(alerts, 1):
            yield alert, number

    async def whole() -> None:
        outbox = Outbox(state, receivers, allowed=allowed)
        await take_and_deliver(given(), outbox, receivers, lambda _: None, said.append, registry, allowed=allowed)

    asyncio.run(asyncio.wait_for(whole(), 20))
    return registry


def undelivered(state: Path) -> list[tuple[str, str, Fault]]:
    """(receiver, topic, fault) of what was given up or suppressed."""
    with closing(sqlite3.connect(state)) as file:
        rows = file.execute(
            "SELECT receiver, alert, fault FROM delivery WHERE ended IS NOT NULL AND fault != '' ORDER BY id"
        )
        return [
            (receiver, msgspec.json.decode(alert, type=Alert).topic, msgspec.json.decode(fault, type=Fault))
            for receiver, alert, fault in rows
        ]
