"""A server of the live page for tests, and the lists and alerts that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page

from pipeline.alerts.recent import RecentAlerts
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.run import Handle, start_web
from schemas import Trend, TrendList
from schemas.alerts import Alert
from schemas.events import Event
from tests.facts import OF_TOPIC
from tests.sinks.lists import trend, trend_list

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
MINUTE = 60_000
BEGIN = 1_795_000_000_000 // MINUTE * MINUTE


def row(rank: int, topic: str, **fields: Any) -> Trend:
    made = trend(rank, topic.lower())
    return msgspec.structs.replace(made, display=topic, spark=[float(n % 7) for n in range(20)], **fields)


def listed(minute: int, *topics: str, scope: str = "all", **fields: Any) -> TrendList:
    made = trend_list(scope=scope, at=BEGIN + minute * MINUTE)
    made.trends.extend(row(rank, topic, **fields) for rank, topic in enumerate(topics, 1))
    return made


def alert(n: int, status: str = "firing", display: str = "#Lyon") -> Alert:
    return Alert(
        f"r/#lyon/{n}",
        status,
        "rule",
        "trending",
        "critical",
        "all",
        "1h",
        "#lyon",
        display,
        BEGIN,
        BEGIN,  # type: ignore[arg-type]
        BEGIN + n,
        1,
        10,
        [],
        [],
        OF_TOPIC,
    )


class Shown:
    """A running server, its feed and the page's address."""

    def __init__(self) -> None:
        self.feed, self.history = Feed(), History()
        self.feed.on_list(self.history.add)
        self.alerts = RecentAlerts()
        self.events = (Event("fete", title="Fête <b>de</b> la ville"),)
        self.handle: Handle = start_web(self.feed, self.history, port=0, events=self.events, alerts=self.alerts)
        self.address = self.handle.address

    def restart(self) -> None:
        port = int(self.address.rstrip("/").rpartition(":")[2])
        self.handle.stop()
        self.handle = start_web(self.feed, self.history, port=port, events=self.events, alerts=self.alerts)

    def publish(self, *lists: TrendList) -> None:
        for one in lists:
            self.feed.publish(one)
        self.history.flush()


def topics(page: Page) -> list[str]:
    return page.locator("section.list th.topic a bdi").all_inner_texts()
