"""Posts of a transaction count when it is committed; its marks are neither gaps nor a reason to read again."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from schemas import Post
from schemas.topics import Topics

from .apache import free_port
from .commands import Command, counters
from .fixtures import begun


@pytest.mark.timeout(180)
def test_aborted_posts_are_not_counted_and_marks_of_transactions_are_no_gaps(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings, port = begun(kafka, prefix, partitions=1), free_port()
    topic, now = Topics(prefix).posts, int(time.time() * 1_000)
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": f"{prefix}one"})
    producer.init_transactions(20)
    plain = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    said = 0

    def say(by: Producer, count: int) -> None:
        nonlocal said
        for _ in range(count):
            said += 1
            post = Post(f"p{said}", f"a{said}", f"say {said} #now", now + said)
            by.produce(topic, msgspec.json.encode(post), partition=0)
        assert by.flush(20) == 0

    def transaction(count: int, *, commit: bool) -> None:
        producer.begin_transaction()
        say(producer, count)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)

    with Command(settings, tmp_path / "w.log", "worker", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.ready()
        transaction(2, commit=False)  # the log begins with what is no record
        transaction(3, commit=True)
        say(plain, 4)
        worker.wait_for(lambda: counters(port).get("upswell_posts_counted_total") == 7)
        for _ in range(5):  # fetches that bring nothing but marks, and what was aborted
            transaction(1, commit=False)
            time.sleep(0.3)
        say(plain, 5)
        worker.wait_for(lambda: counters(port).get("upswell_posts_counted_total") == 12)
        assert counters(port)["upswell_posts_read_total"] == 12
        assert worker.lines == ["upswell: ready"], "no warning of a gap"
