"""The programs of examples/ do what they say, as they stand there."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from examples import in_process, produce_aiokafka, produce_confluent, produce_upswell, read_lists
from pipeline.kafka.connection import Connection
from pipeline.partitions import partition_of
from pipeline.settings import Settings
from schemas import decode_post
from tests.conftest import ROOT
from tests.kafka.apache import fetch
from tests.kafka.fixtures import begun

EXAMPLES = ROOT / "examples"
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


def found_where(settings: Settings, authors: int) -> dict[str, int]:
    """In which partition the posts of so many authors lie."""
    from confluent_kafka import Consumer, TopicPartition

    prefix = settings.kafka_prefix
    consumer = Consumer({**Connection.of(settings).confluent(), "group.id": f"{prefix}reader"})
    consumer.assign([TopicPartition(f"{prefix}posts", partition, 0) for partition in range(settings.partitions)])
    found: dict[str, int] = {}
    while len(found) < authors:
        record = consumer.poll(20)
        assert record is not None
        assert record.error() is None
        if record.key():
            assert decode_post(record.value()).author == record.key().decode()
            found[record.key().decode()] = record.partition()
    consumer.close()
    return found


def test_three_clients_push_posts_that_lie_where_upswell_looks_for_them(
    kafka: str, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = begun(kafka, prefix)
    topic = f"{prefix}posts"
    produce_confluent.main(kafka, topic)
    asyncio.run(produce_aiokafka.main(kafka, topic))
    produce_upswell.main(kafka, prefix)
    assert found_where(settings, 3) == {
        author: partition_of(author, settings.partitions) for author in ("ana", "bo", "cy")
    }
    asyncio.run(read_lists.main(kafka, prefix))  # nobody ranks here: it ends all the same
    assert capsys.readouterr().out == ""


def test_every_example_is_run_here() -> None:
    run = {in_process, produce_aiokafka, produce_confluent, produce_upswell, read_lists}
    files = {path.name for path in (ROOT / "examples").glob("*.py")} - {"__init__.py"}
    assert {Path(str(example.__file__)).name for example in run} == files


def java(_folder: Path) -> list[str]:
    return ["java", *fetch(), str(EXAMPLES / "java/Produce.java")]


def kcat(_folder: Path) -> list[str]:
    return ["sh", str(EXAMPLES / "produce_kcat.sh")]


def node(folder: Path) -> list[str]:
    shutil.copytree(EXAMPLES / "node", folder / "node", ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--silent"], cwd=folder / "node", check=True)
    return ["node", str(folder / "node/produce.js")]


def go(folder: Path) -> list[str]:
    subprocess.run(["go", "build", "-o", folder / "produce", "."], cwd=EXAMPLES / "go", check=True)
    return [str(folder / "produce")]


@pytest.mark.parametrize(
    ("program", "author", "make"),
    [
        pytest.param("javac", "dee", java, id="java"),
        pytest.param("kcat", "gus", kcat, id="kcat"),
        pytest.param("npm", "eli", node, id="node", marks=pytest.mark.long),
        pytest.param("go", "flo", go, id="go", marks=pytest.mark.long),
    ],
)
def test_so_do_clients_in_other_languages(
    kafka: str, prefix: str, tmp_path: Path, program: str, author: str, make: Callable[[Path], list[str]]
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}")
    settings = begun(kafka, prefix)
    subprocess.run([*make(tmp_path), kafka, f"{prefix}posts"], check=True, timeout=120)
    assert found_where(settings, 1) == {author: partition_of(author, settings.partitions)}
