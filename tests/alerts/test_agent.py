"""The alert agent on a real Kafka: killed at every point, what it has said is what `alerts dry-run` tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from schemas import Post, PostError, decode_post
from schemas.alerts import Alert
from tests.alerts.killed import POINTS
from tests.kafka.fixtures import begun
from tests.kafka.reference import read
from tests.kafka.test_pipeline import Worker, wait_for

HERE = os.fspath(Path(__file__).parents[2])
MINUTES = 12
SCENARIO = mixed_scenario(duration_ms=MINUTES * 60_000, rate=4.0, people=1_000)
RULES = """
max_out_of_orderness_ms = 60000
[[rule]]
name = "many"
kind = "volume"
people = 8
window = "5m"
resolve_s = 60
cooldown_s = 0
[[rule]]
name = "quiet"
on = "lang:en"
kind = "silence"
silent_s = 60
[[rule]]
name = "first"
top = 3
"""


def posts(seed: int) -> list[Post]:
    """In order of time, without what comes from broken clocks."""
    made = []
    for line in simulate(SCENARIO, seed):
        try:
            made.append(decode_post(line))
        except PostError:
            continue
    end = SCENARIO.start_ms + MINUTES * 60_000
    return sorted((it for it in made if SCENARIO.start_ms <= int(it.time) < end), key=lambda it: int(it.time))


def dry_run(folder: Path, some: list[Post]) -> list[bytes]:
    archive = folder / "posts.ndjson"
    archive.write_bytes(b"".join(msgspec.json.encode(post) + b"\n" for post in some))
    command = [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", "dry-run", archive, "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return done.stdout.splitlines()


def said(kafka: str, prefix: str) -> tuple[list[bytes], int]:
    """The first of each key and status on the topic, and how many records there are."""
    records = read(kafka, f"{prefix}alerts")
    first: dict[tuple[str, str], bytes] = {}
    for record in records:
        alert = msgspec.json.decode(record.value, type=Alert)
        assert record.key.decode() == f"{alert.rule}/{alert.topic}"
        assert first.setdefault((alert.key, alert.status), record.value) == record.value
    return list(first.values()), len(records)


@pytest.mark.timeout(420)
def test_killed_at_every_point_it_says_what_a_dry_run_tells(kafka: str, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "upswell.toml").write_text(RULES)
    some = posts(3)
    want = dry_run(tmp_path, some)
    assert len(want) > 20
    settings = begun(kafka, prefix, tmp_path / "upswell.toml")
    with PostProducer(settings) as producer:
        producer.push(some)
        producer.finish()
    hit = []
    for number, point in enumerate(POINTS):
        log = tmp_path / f"worker-{number}.log"
        with Worker(settings, log, ("tests.alerts.killed", point), PYTHONPATH=HERE) as worker:
            assert worker.process.wait(120) == -9, log.read_text()
        hit += [line for line in log.read_text().splitlines() if line.startswith("killed: ")]
        if number == 0:
            assert said(kafka, prefix) == ([], 0)
    assert hit == [f"killed: {point}" for point in POINTS]
    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: len(said(kafka, prefix)[0]) >= len(want), worker, 120)
    found, records = said(kafka, prefix)
    assert found == want
    assert records > len(want)  # some were said again
