"""Alerts that a receiver did not get and will not: known by topic, metric and page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.kafka.results import follow_given_up
from pipeline.settings import Settings
from schemas.alerts import Fault, GivenUp
from tests.alerts.outgoing import raised_by
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row, rule
from tests.alerts.test_follow import NOW
from tests.kafka.apache import free_port
from tests.kafka.commands import Command, counters
from tests.kafka.fixtures import begun


async def first(settings: Settings) -> GivenUp:
    async with asyncio.timeout(30):
        async for given_up in follow_given_up(settings):
            return given_up
    raise AssertionError("the topic ended")


@pytest.mark.timeout(120)
def test_what_a_receiver_refuses_is_on_topic_metric_and_page(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = begun(kafka, prefix)
    (alert,) = raised_by([rule()], [at(NOW, row("#a"))])
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    producer.produce(f"{prefix}alerts", msgspec.json.encode(alert), alert.record_key)
    assert producer.flush(20) == 0
    metrics, port = free_port(), free_port()

    def shown() -> list[dict[str, Any]]:
        try:
            return list(httpx.get(f"http://127.0.0.1:{port}/api/v1/alerts/given-up", timeout=10).json())
        except httpx.ConnectError:
            return []

    with Hook(lambda _: 410) as refusing:
        receiver = f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{refusing.url}"\n'
        (tmp_path / "upswell.toml").write_text(receiver)
        with (
            Command(settings, tmp_path / "s.log", "serve", "--port", str(port)) as serve,
            Command(settings, tmp_path / "a.log", "alerts", "follow", UPSWELL_METRICS_PORT=str(metrics)) as follow,
        ):
            follow.wait_for(lambda: counters(metrics).get("upswell_alerts_given_up_total{ops}") == 1)
            serve.wait_for(shown)
            (told,) = shown()
            assert refusing.requests
            assert str(refusing.url) not in follow.said
    expected = GivenUp(
        "ops", told["at"], Fault("refused", "410"), alert.key, "firing", "r", "all", "1h", "#a", alert.fired
    )
    assert msgspec.convert(told, GivenUp) == expected == asyncio.run(first(settings))
