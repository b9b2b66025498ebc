"""Brokers for the tests: a real Apache Kafka for the session, an embedded one where a test asks for it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.kafka.broker import embedded_broker
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from tests.kafka.apache import Apache, ApacheError, missing

SHARED = "shared-kafka.json"  # in the folder of the run: where its broker is


class Shared(NamedTuple):
    """The broker of a run. Others use it at the same time: a test that stops it asks for `own`."""

    address: str
    sasl_address: str
    pid: int


def _of_the_run(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this run have in common."""
    ours = factory.getbasetemp()
    return ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours


@pytest.fixture(scope="session")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """The one broker of the run, which may be asked with a password; skips where it cannot be had. An idle broker takes
    a thirtieth of a core and a new one is slow for a minute: the processes of a run share it."""
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason} (or name a broker in UPSWELL_TEST_KAFKA)")
    place = _of_the_run(tmp_path_factory) / SHARED
    with place.open("a+") as told:
        fcntl.flock(told, fcntl.LOCK_EX)
        told.seek(0)
        if known := told.read():
            return Shared(**json.loads(known))
        try:
            broker = Apache(tmp_path_factory.mktemp("kafka")).start()
        except ApacheError as error:
            pytest.skip(f"no Apache Kafka: {error}")
        broker.leave()
        shared = Shared(broker.address, broker.sasl_address, broker.pid)
        told.write(json.dumps(shared._asdict()))
    return shared


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The broker ends with the run, not with the process that began it: of many, the first may be done early."""
    if hasattr(session.config, "workerinput"):
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    with suppress(OSError, ValueError):
        os.kill(json.loads((factory.getbasetemp() / SHARED).read_text())["pid"], signal.SIGKILL)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The address of a Kafka broker: UPSWELL_TEST_KAFKA where that is set, else one started for this session."""
    named = os.environ.get("UPSWELL_TEST_KAFKA")
    if named:
        return named
    broker: Shared = request.getfixturevalue("apache")
    return broker.address


@pytest.fixture(scope="session")
def embedded() -> Iterator[str]:
    """The address of an embedded broker."""
    with embedded_broker() as address:
        yield address


@pytest.fixture
def prefix() -> str:
    """A prefix of topics and groups that no other test uses."""
    return f"t{uuid.uuid4().hex[:8]}-"


def begun(brokers: str, prefix: str, file: Path | None = None, **settings: int) -> Settings:
    """Settings for this broker and prefix; the topics are made."""
    made = load_settings(file, kafka_brokers=brokers, kafka_prefix=prefix, **settings)
    init_topics(made)
    return made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Apache]:
    """A broker for one test, which may kill it."""
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    with Apache(tmp_path / "kafka", heap_mb=320) as broker:
        yield broker
