"""`upswell alerts follow` on a real Kafka: killed and started again, every alert is delivered and on the topic."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer

from pipeline.alerts import RecentAlerts
from pipeline.kafka.results import follow_alerts
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas import TrendList
from schemas.alerts import Alert
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row
from tests.sinks.servers import until

NOW = int(time.time()) // 60


def publish(broker: str, topic: str, *lists: TrendList) -> None:
    producer = Producer({"bootstrap.servers": broker})
    for one in lists:
        producer.produce(topic, msgspec.json.encode(one), f"{one.scope}/{one.window}")
    assert producer.flush(20) == 0


def read(broker: str, topic: str) -> list[Alert]:
    group = f"g{time.monotonic_ns()}"
    consumer = Consumer({"bootstrap.servers": broker, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    alerts, end = list[Alert](), time.monotonic() + 20
    while time.monotonic() < end:
        record = consumer.poll(0.2)
        if record is not None and not record.error():
            alerts.append(msgspec.json.decode(record.value() or b"", type=Alert))
        elif alerts:
            break
    consumer.close()
    return alerts


@contextmanager
def following(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", "follow"],
            cwd=folder, env=os.environ | environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()


async def shown(settings: Settings) -> list[tuple[str, str]]:
    """What a page would show."""
    recent, stop = RecentAlerts(), asyncio.Event()
    async for alert in follow_alerts(settings, stop):
        recent.add(alert)
        if len(recent.of()) == 3:
            stop.set()
    return [(one.topic, one.status) for one in recent.of()]


@pytest.mark.timeout(120)
def test_alerts_are_delivered_and_on_their_topic_through_a_kill(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    init_topics(load_settings(None, kafka_brokers=kafka, kafka_prefix=prefix), wait_s=30)
    trends = f"{prefix}trends"
    with Hook() as hook:
        (tmp_path / "upswell.toml").write_text(
            '[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n'
            f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}"\n'
        )
        with following(tmp_path, environment):
            publish(kafka, trends, at(NOW - 9, row("#a")), at(NOW - 8, row("#a"), row("#b", 2)))
            until(lambda: len(hook.told()) == 2, 40, "two alerts")
        publish(kafka, trends, at(NOW - 7, row("#b")))  # while nobody follows
        with following(tmp_path, environment) as child:
            publish(kafka, trends, at(NOW - 6, row("#b"), row("#c", 2)))
            until(lambda: len(hook.told()) == 4, 40, "all alerts")
            child.send_signal(signal.SIGTERM)
            assert child.wait(10) == 0
        assert hook.told() == [("firing", "#a"), ("firing", "#b"), ("resolved", "#a"), ("firing", "#c")]
        settings = load_settings(None, kafka_brokers=kafka, kafka_prefix=prefix)
        with following(tmp_path, environment):  # what the topic had not got when it was told to stop comes now
            assert asyncio.run(shown(settings)) == [("#c", "firing"), ("#b", "firing"), ("#a", "resolved")]
    on_topic = {(one.key, one.status): one.topic for one in read(kafka, f"{prefix}alerts")}
    assert [(status, topic) for (_, status), topic in on_topic.items()] == hook.told()
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) >= 4
    assert not [line for line in lines if "Traceback" in line or "Error" in line]


@pytest.mark.timeout(120)
def test_an_order_given_on_the_command_line_is_obeyed_by_who_follows(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    environment = {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    init_topics(load_settings(None, kafka_brokers=kafka, kafka_prefix=prefix), wait_s=30)
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n')

    def give(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", *words],
            cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    wrong = give("mute", "nobody")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    with following(tmp_path, environment):
        publish(kafka, f"{prefix}trends", at(NOW - 1, row("#a")))
        until(lambda: len(read(kafka, f"{prefix}alerts")) == 1, 40, "an alert")
        done = give("mute", "r", "--for", "2h", "--by", "Ann\x1b[31m")
        assert (done.returncode, done.stdout[:15]) == (0, "mute: r until 2"), done.stderr
        until(lambda: "Ann" in (tmp_path / "log").read_text(), 20, "the order in the log")
        assert "\x1b" not in (tmp_path / "log").read_text()
        publish(kafka, f"{prefix}trends", at(NOW + 5, row("#a"), row("#b", 2)))
        until(lambda: len(read(kafka, f"{prefix}alerts")) == 2, 40, "the end of the alert")
    assert [(one.status, one.topic) for one in read(kafka, f"{prefix}alerts")] == [("firing", "#a"), ("resolved", "#a")]
