"""What people say about alerts is obeyed before the next list is taken, whenever it was said."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.alerts import run as alerts_run
from pipeline.alerts.run import give_order
from pipeline.cli import run as cli
from pipeline.settings import Settings
from schemas.alerts import Order
from schemas.moderation import Decision
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import publish, read
from tests.kafka.fixtures import begun
from tests.kafka.test_pipeline import Worker, wait_for

NOW = int(time.time()) // 60
MUTE_A = Order("mute", "r", "#a", "ann", NOW * 60_000, (NOW + 60) * 60_000)


@pytest.mark.timeout(180)
def test_an_order_given_while_nobody_was_there_is_heard_behind_thousands_of_decisions_and_kept(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix)
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n')
    producer = Producer(
        {"bootstrap.servers": kafka, "enable.idempotence": True, "queue.buffering.max.messages": 200_000}
    )
    for number in range(50_000):
        other = Decision(f"d{number}", "", "post", f"m/{number}", "approved", "bob", 1)
        producer.produce(f"{prefix}decisions", msgspec.json.encode(other), other.key)
    assert producer.flush(30) == 0
    outside_all_times = Order("mute", "r", "", "eve", 0, 10**18)
    asyncio.run(give_order(settings, outside_all_times))
    asyncio.run(give_order(settings, MUTE_A))
    trends, log = f"{prefix}trends", tmp_path / "worker.log"
    publish(kafka, trends, at(NOW, row("#a"), row("#b", 2)))
    with Worker(settings, log) as worker:
        wait_for(lambda: read(kafka, f"{prefix}alerts"), worker)
        publish(kafka, trends, at(NOW + 1, row("#a")))
        wait_for(lambda: len(read(kafka, f"{prefix}alerts")) == 2, worker)
    assert log.read_text().count("ann: mute r #a until ") == 1
    assert "eve" not in log.read_text()
    with Worker(settings, log) as worker:
        publish(kafka, trends, at(NOW + 2, row("#a"), row("#c", 2)))
        wait_for(lambda: len(read(kafka, f"{prefix}alerts")) >= 3, worker)
    told = [(one.status, one.topic) for one in read(kafka, f"{prefix}alerts")]
    assert told == [("firing", "#b"), ("resolved", "#b"), ("firing", "#c")]


@pytest.mark.timeout(120)
def test_what_a_worker_said_that_was_replaced_meanwhile_is_ended_by_its_successor(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix)
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n')
    topic, trends = f"{prefix}alerts", f"{prefix}trends"
    with Worker(settings, tmp_path / "worker.log") as worker:
        publish(kafka, trends, at(NOW - 9, row("#a")))
        wait_for(lambda: read(kafka, topic), worker)
        (known,) = read(kafka, topic)
        stray = msgspec.structs.replace(known, key=f"r/#z/{known.fired}", topic="#z", display="#z")
        ours = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
        ours.produce(topic, msgspec.json.encode(stray), stray.record_key)
        assert ours.flush(20) == 0
        minutes = iter(range(NOW - 8, NOW + 1_000))

        def is_over() -> bool:
            publish(kafka, trends, at(next(minutes), row("#a")))
            return len(read(kafka, topic)) > 2

        wait_for(is_over, worker)
    told = [(one.status, one.topic, one.key == stray.key) for one in read(kafka, topic)]
    assert told == [("firing", "#a", False), ("firing", "#z", True), ("resolved", "#z", True)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--until", "tomorrow"], "--until: 'tomorrow' is no time"),
        (["--until", "2020-01-01T00:00Z"], "--until: a time to come"),
        (["--until", "2099-01-01T00:00:00Z"], "--until: a time to come, within a year"),
        (["--until", "2099-01-01T00:00Z", "--for", "2h"], "name one of both"),
        (["##"], "'##' has no letters"),
    ],
)
def test_a_mute_that_does_not_fit_is_wrong_use(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("upswell.toml").write_text('[[rule]]\nname = "r"\n')
    assert cli(["alerts", "mute", "r", *words]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("until", ["{:%Y-%m-%dT%H:%MZ}", "{:%Y-%m-%dT%H:%M:00+00:00}"])
def test_a_mute_may_last_until_a_time(until: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("upswell.toml").write_text('[[rule]]\nname = "r"\n')
    given: list[Order] = []

    async def give(_settings: Settings, order: Order) -> None:
        given.append(order)

    monkeypatch.setattr(alerts_run, "give_order", give)
    ends = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0) + dt.timedelta(days=3)
    assert cli(["alerts", "mute", "r", "--until", until.format(ends)]) == 0
    assert [order.until for order in given] == [int(ends.timestamp()) * 1_000]
