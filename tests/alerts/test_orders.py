"""What people say about alerts is obeyed before the first list is taken, whenever it was said."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from pipeline.alerts import run as alerts_run
from pipeline.alerts.run import give_order, raise_and_deliver
from pipeline.cli import run as cli
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas import TrendList
from schemas.alerts import Order
from schemas.moderation import Decision
from tests.alerts.test_alerting import at, row, rule
from tests.alerts.test_follow import following, publish, read
from tests.sinks.servers import until

NOW = int(time.time()) // 60
MUTE_A = Order("mute", "r", "#a", "ann", 0, (NOW + 60) * 60_000)


def raised(state: Path, orders: AsyncIterator[Order], ended: asyncio.Event, said: list[str]) -> list[str]:
    """Topics of the alerts that one list raises."""
    told: list[str] = []

    async def lists() -> AsyncIterator[TrendList]:
        yield at(NOW, row("#a"), row("#b", 2))

    async def whole() -> None:
        await raise_and_deliver(
            lists(), Settings(rules=(rule(),)), state, lambda alert: told.append(alert.topic), said.append,
            CollectorRegistry(), orders=orders, orders_ended=ended,
        )  # fmt: skip

    asyncio.run(asyncio.wait_for(whole(), 20))
    return told


def test_the_first_list_waits_for_the_orders_of_before(tmp_path: Path) -> None:
    ended, said = asyncio.Event(), list[str]()

    async def orders() -> AsyncIterator[Order]:
        for _ in range(50):  # a broker that answers by and by
            await asyncio.sleep(0)
        yield MUTE_A
        ended.set()
        await asyncio.Event().wait()

    assert raised(tmp_path / "alerts.db", orders(), ended, said) == ["#b"]
    assert [line.partition(" until ")[0] for line in said] == ["ann: mute r #a"]


def test_orders_that_do_not_come_to_an_end_hold_nothing_up_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts_run, "ORDERS_WITHIN_S", 0.05)
    said: list[str] = []

    async def orders() -> AsyncIterator[Order]:
        await asyncio.Event().wait()
        yield MUTE_A

    assert raised(tmp_path / "alerts.db", orders(), asyncio.Event(), said) == ["#a", "#b"]
    (line,) = said
    assert line.startswith("orders were not read to their end within 0.05 s; ")


@pytest.mark.timeout(120)
def test_an_order_given_while_nobody_followed_is_heard_behind_thousands_of_decisions(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = load_settings(None, kafka_brokers=kafka, kafka_prefix=prefix)
    init_topics(settings, wait_s=30)
    (tmp_path / "upswell.toml").write_text('[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n')
    producer = Producer({"bootstrap.servers": kafka, "queue.buffering.max.messages": 200_000})
    for number in range(50_000):
        other = Decision(f"d{number}", "", "post", f"m/{number}", "approved", "bob", 1)
        producer.produce(f"{prefix}decisions", msgspec.json.encode(other), other.key)
    assert producer.flush(30) == 0
    asyncio.run(give_order(settings, MUTE_A))
    publish(kafka, f"{prefix}trends", at(NOW, row("#a"), row("#b", 2)))
    with following(tmp_path, {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}):
        until(lambda: read(kafka, f"{prefix}alerts"), 60, "an alert")
    assert [one.topic for one in read(kafka, f"{prefix}alerts")] == ["#b"]
    assert "ann: mute r #a" in (tmp_path / "log").read_text()


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


def test_an_order_outside_all_times_is_passed_over(tmp_path: Path) -> None:
    ended, said = asyncio.Event(), list[str]()

    async def orders() -> AsyncIterator[Order]:
        yield Order("mute", "r", "", "ann", 0, 10**18)
        ended.set()
        await asyncio.Event().wait()

    assert raised(tmp_path / "alerts.db", orders(), ended, said) == ["#a", "#b"]
    assert said == ["an order about rule r lies outside all times and is passed over"]
