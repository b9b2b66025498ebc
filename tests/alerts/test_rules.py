"""Rules that change while posts flow hold from a list on that the log of posts decides, whoever is killed when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from pipeline.trends.alerting import Alerting
from schemas import Post, TrendList, decode_post
from schemas.alerts import Alert
from schemas.definitions import Definitions, decode_definitions
from tests.alerts.test_agent import HERE, posts, said
from tests.alerts.test_agent import RULES as OF_THE_AGENT
from tests.kafka.fixtures import begun
from tests.kafka.reference import read
from tests.kafka.test_definitions import ledger_of, reload
from tests.kafka.test_pipeline import Worker, wait_for

MAX_OUT_OF_ORDERNESS_MS, PANE_MS = 60_000, 10_000
RULES = OF_THE_AGENT.replace("top = 3", 'kind = "volume"\nposts = 12\nwindow = "1h"')
SECOND = RULES.replace("people = 8", "people = 5").replace('name = "first"', 'name = "else"')
THIRD = RULES.replace("posts = 12", "posts = 8").replace("silent_s = 60", "silent_s = 120")


def frontiers(records: list[Any]) -> dict[Definitions, int]:
    """For each change of definitions on a posts topic: the least that any partition had closed (ms) when it came."""
    found: dict[Definitions, int] = {}
    newest: dict[int, int] = {}
    for record in records:
        headers = dict(record.headers)
        if "definitions" in headers:
            told = decode_definitions(record.value)
            closed = max((newest.get(record.partition, 0) - MAX_OUT_OF_ORDERNESS_MS) // PANE_MS * PANE_MS, 0)
            found[told] = min(closed, found.get(told, closed))
        else:
            time = int(headers["marker"]) if headers else int(decode_post(record.value).time)
            newest[record.partition] = max(time, newest.get(record.partition, 0))
    return found


def expected(kafka: str, prefix: str, first: Definitions) -> list[bytes]:
    """The alerts of the lists on `trends`, in the order of their moments."""
    since = frontiers(read(kafka, f"{prefix}posts"))
    assert sorted(since, key=lambda one: one.at) == sorted(since, key=lambda one: since[one])
    alerting, holds, raised = Alerting(first.rules), first, list[Alert]()
    for record in read(kafka, f"{prefix}trends"):
        trends = msgspec.json.decode(record.value, type=TrendList)
        if trends.at > alerting.clock:
            newest = max([first, *(one for one, at in since.items() if at < trends.at)], key=lambda one: one.order)
            if newest is not holds:
                holds = newest
                raised += alerting.set_rules(holds.rules)
        raised += alerting.take(trends)
    return [msgspec.json.encode(alert) for alert in raised]


def copy(kafka: str, from_topic: str, to_topic: str) -> None:
    """The same log once more."""
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    for record in read(kafka, from_topic):
        producer.produce(
            to_topic,
            record.value,
            record.key,
            record.partition,
            headers=list(record.headers),
            timestamp=record.timestamp,
        )
    assert producer.flush(30) == 0


def push(settings: Settings, some: list[Post], ended: bool = False) -> None:
    with PostProducer(settings) as producer:
        producer.push(some)
        if ended:
            producer.finish()


@pytest.mark.timeout(420)
def test_changed_twice_the_alerts_are_those_of_the_log_killed_or_not_live_or_replayed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "upswell.toml"
    file.write_text(RULES)
    settings = begun(kafka, prefix, file)
    some = posts(5)
    third = len(some) // 3
    push(settings, some[:third])
    log = tmp_path / "live.log"
    with Worker(settings, log) as worker:
        wait_for(lambda: said(kafka, prefix)[1], worker)
        file.write_text(SECOND)
        assert reload(settings, file).returncode == 0
        push(settings, some[third : 2 * third])
        worker.process.kill()
        worker.process.wait()
    file.write_text(THIRD)
    assert reload(settings, file, "--wait", "0").returncode == 0  # nobody is there
    push(settings, some[2 * third :], ended=True)
    for number, point in enumerate(("raised", "half", "said")):
        log = tmp_path / f"killed-{number}.log"
        with Worker(settings, log, ("tests.alerts.killed", point), PYTHONPATH=HERE) as worker:
            assert worker.process.wait(120) == -9, log.read_text()
    first = ledger_of(settings).initial
    assert first is not None
    with Worker(settings, tmp_path / "last.log") as worker:
        wait_for(lambda: is_final(kafka, prefix, int(some[-1].time), first), worker)
    want = expected(kafka, prefix, first)
    assert {msgspec.json.decode(one, type=Alert).rule for one in want} >= {"many", "first", "else"}
    file.write_text(RULES)
    again = load_settings(file, kafka_brokers=kafka, kafka_prefix=f"{prefix}again-")
    init_topics(again)
    copy(kafka, f"{prefix}posts", f"{again.kafka_prefix}posts")
    with Worker(again, tmp_path / "again.log") as worker:
        wait_for(lambda: is_final(kafka, again.kafka_prefix, int(some[-1].time), first), worker)
    assert expected(kafka, again.kafka_prefix, first) == want


def is_final(kafka: str, prefix: str, end: int, first: Definitions) -> bool:
    """Whether the lists of that moment (ms) are there, and the alerts are as they have to be."""
    trends = read(kafka, f"{prefix}trends")
    if not trends or msgspec.json.decode(trends[-1].value, type=TrendList).at < end:
        return False
    return said(kafka, prefix)[0] == expected(kafka, prefix, first)
