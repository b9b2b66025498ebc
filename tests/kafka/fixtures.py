"""Brokers for the tests: a real Apache Kafka for the session, an embedded one where a test asks for it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.kafka.broker import embedded_broker
from tests.kafka.apache import Apache, ApacheError, missing


@pytest.fixture(scope="session")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apache]:
    """A broker of our own that tests may ask for a password; skips where it cannot be had."""
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason} (or name a broker in UPSWELL_TEST_KAFKA)")
    try:
        broker = Apache(tmp_path_factory.mktemp("kafka"))
    except ApacheError as error:
        pytest.skip(f"no Apache Kafka: {error}")
    with broker:
        yield broker


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The address of a Kafka broker: UPSWELL_TEST_KAFKA where that is set, else one started for this session."""
    named = os.environ.get("UPSWELL_TEST_KAFKA")
    if named:
        return named
    broker: Apache = request.getfixturevalue("apache")
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


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Apache]:
    """A broker for one test, which may kill it."""
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    with Apache(tmp_path / "kafka", heap_mb=320) as broker:
        yield broker
