"""Moderators' decisions on Kafka: heard by every server, kept through restarts, obeyed by alerts."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from pipeline.alerts.run import give_order
from pipeline.kafka import decisions
from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.decisions import KafkaLog
from pipeline.kafka.log import LogReader, Record
from pipeline.kafka.results import follow_orders
from pipeline.kafka.topics import TopicsError, init_topics
from pipeline.moderation.log import DecisionLog
from pipeline.moderation.state import Moderation
from pipeline.settings import Settings, load_settings
from schemas.alerts import Order
from schemas.moderation import Decision, Kind
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import NOW, following, publish, read
from tests.kafka.test_edge import log_of
from tests.kafka.test_pipeline import Worker, wait_for
from tests.sinks.servers import until


@pytest.fixture
def settings(kafka: str, prefix: str) -> Settings:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    init_topics(settings, wait_s=30)
    return settings


def decision(number: int, verdict: str, target: str = "#a", kind: Kind = "topic") -> Decision:
    return Decision(f"d{number}", "", kind, target, verdict, "ann", number)


def test_every_log_hears_what_any_of_them_keeps_and_a_new_one_hears_all(settings: Settings) -> None:
    one: DecisionLog = KafkaLog(settings)
    other: DecisionLog = KafkaLog(settings)
    assert list(one.fresh()) == list(other.fresh()) == []
    made = [decision(1, "blocked"), decision(2, "blocked", "ö", "word"), decision(3, "")]
    for each in made:
        one.append(each)
    heard: list[Decision] = []
    until(lambda: heard.extend(other.fresh()) or len(heard) == 3, 10, "three decisions")
    assert heard == made
    late: DecisionLog = KafkaLog(settings)
    assert list(late.fresh()) == made
    assert Moderation(made).held().keys() == {"/topic/#a", "/word/ö"}
    assert [record.key.decode() for record in log_of(settings, "decisions")[0]] == [each.key for each in made]
    for log in (one, other, late):
        log.close()


def test_a_broker_that_is_slow_to_answer_is_waited_for_before_anything_is_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = KafkaLog(settings)
    log.append(decision(1, "blocked"))
    log.close()
    poll, began, silent = LogReader.poll, time.monotonic(), [0]

    def slow(self: LogReader, wait_s: float, most: int = 1_000) -> list[Record]:
        if time.monotonic() - began < 2:
            silent[0] += 1
            time.sleep(0.1)
            return []
        return poll(self, wait_s, most)

    monkeypatch.setattr(LogReader, "poll", slow)
    late = KafkaLog(settings)
    monkeypatch.setattr(LogReader, "poll", lambda *_: [])
    assert silent[0] > 10
    assert list(late.fresh()) == [decision(1, "blocked")]
    late.close()


def test_decisions_without_an_end_in_time_are_a_fault_in_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "READ_WITHIN_S", 0.3)
    monkeypatch.setattr(LogReader, "at_end", False)  # more comes all the time
    with pytest.raises(KafkaUseError, match=r"decisions could not be read to the end"):
        KafkaLog(settings)


def test_a_missing_topic_is_told_in_a_sentence(kafka: str, prefix: str) -> None:
    with pytest.raises(TopicsError, match="topics init"):
        KafkaLog(load_settings(kafka_brokers=kafka, kafka_prefix=prefix))


@pytest.mark.timeout(120)
def test_what_is_blocked_is_raised_and_told_nobody_but_its_end_to_those_who_heard_it_fires(
    kafka: str, prefix: str, settings: Settings, tmp_path: Path
) -> None:
    log = KafkaLog(settings)
    log.append(decision(1, "blocked", "#b"))
    environment = {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    with Hook() as hook:
        (tmp_path / "upswell.toml").write_text(
            '[[rule]]\nname = "r"\nresolve_s = 0\ncooldown_s = 0\n'
            f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}"\n'
        )
        with Worker(settings, tmp_path / "worker.log") as worker, following(tmp_path, environment):
            publish(kafka, f"{prefix}trends", at(NOW - 3, row("#a"), row("#b", 2)))
            wait_for(lambda: hook.told() == [("firing", "#a")], worker)
            log.append(decision(2, "blocked", "#a"))
            publish(kafka, f"{prefix}trends", at(NOW - 2, row("#c")))
            wait_for(lambda: len(hook.told()) == 3, worker)
    log.close()
    assert hook.told() == [("firing", "#a"), ("firing", "#c"), ("resolved", "#a")]
    raised = [(one.status, one.topic) for one in read(kafka, f"{prefix}alerts")]
    assert sorted(raised) == [
        ("firing", "#a"),
        ("firing", "#b"),
        ("firing", "#c"),
        ("resolved", "#a"),
        ("resolved", "#b"),
    ]
    assert "an alert of rule r is not sent: a moderator has blocked" in (tmp_path / "log").read_text()


def test_orders_and_decisions_share_a_topic_and_are_told_apart(settings: Settings) -> None:
    log = KafkaLog(settings)
    log.append(decision(1, "blocked"))
    order = Order("mute", "r", "#a", "ann", 1, 2)
    asyncio.run(give_order(settings, order))
    log.append(decision(2, ""))

    async def first() -> list[Order]:
        stop, found = asyncio.Event(), []
        async for one in follow_orders(settings, stop):
            found.append(one)
            stop.set()
        return found

    assert asyncio.run(asyncio.wait_for(first(), 20)) == [order]
    heard: list[Decision] = []
    until(lambda: heard.extend(log.fresh()) or len(heard) == 2, 10, "two decisions")
    log.close()
