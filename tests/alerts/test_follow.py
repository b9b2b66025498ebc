"""Alerts on a real Kafka: workers, followers and receivers killed and started again, each alert is taken once."""

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

from pipeline.alerts.recent import RecentAlerts
from pipeline.kafka.results import follow_alerts
from pipeline.settings import Settings
from schemas import TrendList
from schemas.alerts import Alert
from tests.alerts.receiver import Receiving
from tests.alerts.test_alerting import at, row
from tests.kafka.fixtures import begun
from tests.kafka.test_pipeline import Worker, wait_for
from tests.sinks.servers import until

NOW = int(time.time()) // 60


def publish(broker: str, topic: str, *lists: TrendList) -> None:
    producer = Producer({"bootstrap.servers": broker, "enable.idempotence": True})
    for one in lists:
        producer.produce(topic, msgspec.json.encode(one), f"{one.scope}/{one.window}")
    assert producer.flush(20) == 0


def read(broker: str, topic: str) -> list[Alert]:
    """The first of each key and status."""
    group = f"g{time.monotonic_ns()}"
    consumer = Consumer({"bootstrap.servers": broker, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    alerts, end = dict[tuple[str, str], Alert](), time.monotonic() + 20
    while time.monotonic() < end:
        record = consumer.poll(0.2)
        if record is not None and not record.error():
            alert = msgspec.json.decode(record.value() or b"", type=Alert)
            alerts.setdefault((alert.key, alert.status), alert)
        elif alerts:
            break
    consumer.close()
    return list(alerts.values())


@contextmanager
def following(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", "follow"],
            cwd=folder,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


async def shown(settings: Settings) -> list[tuple[str, str]]:
    """What a page would show."""
    recent, stop = RecentAlerts(), asyncio.Event()
    seen: set[tuple[str, str]] = set()
    async for alert in follow_alerts(settings, stop):
        recent.add(alert)
        seen.add((alert.key, alert.status))
        if len(seen) == 6:
            stop.set()
    return [(one.topic, one.status) for one in recent.of()]


@pytest.mark.timeout(420)
def test_alerts_are_delivered_once_and_on_their_topic_through_kills(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    settings = begun(kafka, prefix)
    trends, workers = f"{prefix}trends", tmp_path / "workers"
    taken = tmp_path / "taken"
    with Receiving(taken) as receiver:
        (tmp_path / "upswell.toml").write_text(
            '[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n'
            f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{receiver.url}"\n'
        )
        with Worker(settings, workers), following(tmp_path, environment):
            publish(kafka, trends, at(NOW - 9, row("#a")), at(NOW - 8, row("#a"), row("#b", 2)))
            until(lambda: len(receiver.told()) == 2, 120, "two alerts")
        publish(kafka, trends, at(NOW - 7, row("#b")))  # while nobody is there
        with Worker(settings, workers) as worker:  # raised while nobody follows
            wait_for(lambda: len(read(kafka, f"{prefix}alerts")) >= 3, worker, 120)
        with following(tmp_path, environment) as child:
            until(lambda: len(receiver.told()) == 3, 120, "three alerts")
            child.send_signal(signal.SIGTERM)
            assert child.wait(10) == 0
        receiver.restart("heard")
        with Worker(settings, workers), following(tmp_path, environment):
            publish(kafka, trends, at(NOW - 3, row("#b"), row("#heard", 2)))
            assert receiver.ended(120) == -9
            assert len(receiver.told()) == 3
            receiver.restart("taken")
            assert receiver.ended(120) == -9
            assert len(receiver.told()) == 4
            receiver.restart()
            publish(kafka, trends, at(NOW - 2, row("#b"), row("#c", 2)))
            until(lambda: len(receiver.told()) == 6, 120, "the rest")
        assert receiver.told() == [
            ("firing", "#a"),
            ("firing", "#b"),
            ("resolved", "#a"),
            ("firing", "#heard"),
            ("firing", "#c"),
            ("resolved", "#heard"),
        ]
        assert len(receiver.heard()) > len(receiver.told())  # some were sent again
        assert asyncio.run(shown(settings)) == [
            ("#c", "firing"),
            ("#b", "firing"),
            ("#heard", "resolved"),
            ("#a", "resolved"),
        ]
    assert [(one.status, one.topic) for one in read(kafka, f"{prefix}alerts")] == receiver.told()
    for log in (tmp_path / "log", workers):
        assert "Traceback" not in log.read_text()


@pytest.mark.timeout(120)
def test_an_order_given_on_the_command_line_is_obeyed_by_the_worker(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    settings, log = begun(kafka, prefix), tmp_path / "log"
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n')

    def give(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", *words],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    wrong = give("mute", "nobody")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    with Worker(settings, log) as worker:
        publish(kafka, f"{prefix}trends", at(NOW - 1, row("#a")))
        wait_for(lambda: len(read(kafka, f"{prefix}alerts")) == 1, worker, 120)
        done = give("mute", "r", "--for", "2h", "--by", "Ann\x1b[31m")
        assert (done.returncode, done.stdout[:15]) == (0, "mute: r until 2"), done.stderr
        wait_for(lambda: "Ann" in log.read_text(), worker, 20)
        assert "\x1b" not in log.read_text()
        soon = int(time.time()) // 60 + 2
        publish(kafka, f"{prefix}trends", at(soon, row("#a"), row("#b", 2)))
        wait_for(lambda: len(read(kafka, f"{prefix}alerts")) == 2, worker, 120)
    assert [(one.status, one.topic) for one in read(kafka, f"{prefix}alerts")] == [("firing", "#a"), ("resolved", "#a")]
