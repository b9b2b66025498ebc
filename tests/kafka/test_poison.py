"""A record that four workers in a row died of is one dead letter, and all others count."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.trends.panes import Grid
from schemas import Post

from .apache import free_port
from .commands import Command, counters
from .dying import DEADLY
from .fixtures import begun
from .reference import expected, found_lists, found_panes, read

START_MS = 1_700_000_040_000
POSTS = 600


@pytest.mark.timeout(240)
def test_what_four_workers_died_of_is_set_aside_and_the_others_count(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = begun(kafka, prefix, partitions=1)
    with PostProducer(settings) as producer:
        for number in range(POSTS):
            text = DEADLY if number == 400 else f"say word{number} #talk"
            producer.push([Post(f"p{number}", f"a{number % 90}", text, START_MS + number * 400, source="sms")])
        producer.finish()
    deaths = 0
    while True:
        port = free_port()
        program = ("tests.kafka.dying",)
        with Command(
            settings, tmp_path / f"{deaths}.log", "worker", program=program, UPSWELL_METRICS_PORT=str(port)
        ) as worker:
            deadline = time.monotonic() + 60
            while worker.process.poll() is None and not counters(port).get("upswell_posts_dead_total{poison}"):
                assert time.monotonic() < deadline, worker.said
                time.sleep(0.3)
            if worker.process.poll() is None:
                worker.wait_for(lambda port=port: counters(port).get("upswell_posts_dead_total{poison}") == 1)
                assert counters(port)["upswell_poison_timestamp_seconds"] > 0
                want = expected([it for it in read(kafka, f"{prefix}posts") if it.offset != 400], Grid())
                worker.wait_for(lambda want=want: found_panes(read(kafka, f"{prefix}topic-counts")) == want.panes)
                worker.wait_for(lambda want=want: found_lists(read(kafka, f"{prefix}trends")).lists == want.lists)
                break
        deaths += 1
        assert deaths <= 5
    assert deaths >= 4
    (letter,) = {(it.key, dict(it.headers)["reason"], it.value) for it in read(kafka, f"{prefix}posts-dead")}
    assert letter[0] == b"0:400"
    assert letter[1] == b"poison"
    assert DEADLY.encode() in letter[2]
