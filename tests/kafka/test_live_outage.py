"""What is proven is what is deployed: a broker that goes away and comes back while workers tell idle partitions the
time, and producers hold what was posted meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import load_settings
from schemas import Post
from schemas.topics import Topics

from .apache import Apache, free_port
from .commands import Command, counters, ready_says
from .fixtures import begun

AWAY_S = 14.0


@pytest.mark.timeout(240)
def test_nothing_that_producers_held_while_the_broker_was_away_is_late(own: Apache, tmp_path: Path) -> None:
    settings, port = load_settings(kafka_brokers=own.address), free_port()
    init_topics(settings)
    said = 0
    with (
        Command(settings, tmp_path / "w.log", "worker", "--live", UPSWELL_METRICS_PORT=str(port)) as worker,
        PostProducer(settings) as producer,
    ):
        worker.ready()

        def post_for(seconds: float) -> None:
            nonlocal said
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                now = int(time.time() * 1_000)
                some = [Post(f"p{said + n}", f"a{said + n}", f"say {said + n} #now", now) for n in range(4)]
                said += len(some)
                producer.push(some)
                time.sleep(0.1)

        post_for(8)
        worker.wait_for(lambda: counters(port).get("upswell_posts_read_total", 0) > 100)
        own.kill9()
        post_for(AWAY_S)
        own.start()
        post_for(20)
        producer.flush()
        worker.wait_for(lambda: counters(port)["upswell_posts_read_total"] >= said)
        late = sum(value for name, value in counters(port).items() if name.startswith("upswell_posts_late_total"))
        assert late == 0, f"{late:.0f} of {said} posts were late"


@pytest.mark.timeout(180)
def test_more_partitions_than_are_set_end_the_workers_with_one_sentence(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings, port = begun(kafka, prefix, partitions=2), free_port()
    with Command(settings, tmp_path / "w.log", "worker", "--live", UPSWELL_METRICS_PORT=str(port)) as worker:
        worker.ready()
        assert ready_says(port) == (200, "ready")
        client = AdminClient({"bootstrap.servers": kafka})
        (made,) = client.create_partitions([NewPartitions(Topics(prefix).posts, 3)]).values()
        made.result(20)
        more = load_settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=3)
        with PostProducer(more, wait_s=10) as producer:
            producer.push([Post(f"p{n}", f"a{n}", "say #now", int(time.time() * 1_000)) for n in range(60)])
        assert worker.process.wait(60) == 1
        said = [line for line in worker.lines if "upswell: " in line and "ready" not in line]
        assert len(said) == 1, worker.said
        assert "set UPSWELL_PARTITIONS to what it has" in said[0]
