"""The programs of examples/ do what they say, as they stand there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from examples import in_process, produce_aiokafka, produce_confluent, produce_upswell, read_lists
from pipeline.kafka.connection import Connection
from pipeline.kafka.topics import init_topics
from pipeline.partitions import partition_of
from pipeline.settings import load_settings
from tests.conftest import ROOT

START_MS = 1_650_211_200_000


def test_archives_are_played_in_process(tmp_path: Path) -> None:
    posts = [{"id": f"q{n}", "author": f"q{n % 7}", "text": f"{n} #quiet", "time": n * 30_000} for n in range(60)]
    words = [f"{first}{last}" for first in "abcdefgh" for last in "klmno"]
    posts += [
        {"id": word, "author": word, "text": f"{word} words #Boom", "time": 1_200_000 + n * 15_000}
        for n, word in enumerate(words)
    ]
    posts.sort(key=lambda post: post["time"])
    file = tmp_path / "posts.ndjson"
    file.write_text("".join(json.dumps(post | {"time": START_MS + post["time"]}) + "\n" for post in posts))
    best = in_process.trending([str(file)])
    assert max(best, key=lambda topic: best[topic]) == "#Boom"


def test_three_clients_push_posts_that_lie_where_upswell_looks_for_them(
    kafka: str, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from confluent_kafka import Consumer, TopicPartition

    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    init_topics(settings)
    topic = f"{prefix}posts"
    produce_confluent.main(kafka, topic)
    asyncio.run(produce_aiokafka.main(kafka, topic))
    produce_upswell.main(kafka, prefix)
    consumer = Consumer({**Connection.of(settings).confluent(), "group.id": f"{prefix}reader"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(settings.partitions)])
    found: dict[str, int] = {}
    while len(found) < 3:
        record = consumer.poll(20)
        assert record is not None
        assert record.error() is None
        if record.key():
            found[record.key().decode()] = record.partition()
    consumer.close()
    assert found == {author: partition_of(author, settings.partitions) for author in ("ana", "bo", "cy")}
    asyncio.run(read_lists.main(kafka, prefix))  # nobody ranks here: it ends all the same
    assert capsys.readouterr().out == ""


def test_every_example_is_run_here() -> None:
    run = {in_process, produce_aiokafka, produce_confluent, produce_upswell, read_lists}
    files = {path.name for path in (ROOT / "examples").glob("*.py")} - {"__init__.py"}
    assert {Path(str(example.__file__)).name for example in run} == files
