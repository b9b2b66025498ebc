"""`upswell record`: each post in one archive, wherever the process ends, and `upswell replay` reads them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import zstandard

from pipeline.kafka.log import Place, Record
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings
from pipeline.sources.kept import FolderError
from pipeline.sources.recording import MANIFEST, Manifest, Recording
from schemas import Post
from schemas.control import RETRACTION, ControlKeys
from tests.sinks.servers import until


def record(offset: int, value: bytes | None = None, partition: int = 0) -> Record:
    told = b'{"id":"%d","author":"a","text":"x","time":%d}' % (offset, 1_000 + offset)
    return Record(Place("posts", partition), offset, 0, b"a", told if value is None else value, ())


def ids_in(folder: Path) -> list[str]:
    lines: list[bytes] = []
    for path in sorted(folder.glob("posts-*.ndjson.zst")):
        with zstandard.open(path, "rb") as file:
            lines += file.read().splitlines()
    return [json.loads(line)["id"] for line in lines]


def test_posts_are_kept_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    recording = Recording(tmp_path, "posts")
    pretty = b'{\n "id": "2",\r\n "author": "a", "text": "two\\nlines", "time": 5}'
    recording.take([record(0), record(1, b""), record(2, pretty), record(3, b"[1"), record(4, partition=1)])
    recording.finish()
    assert recording.posts == 3
    recording.close()
    assert ids_in(tmp_path) == ["0", "2", "4"]
    manifest = msgspec.json.decode((tmp_path / MANIFEST).read_bytes(), type=Manifest)
    assert manifest.next == {"0": 4, "1": 5}
    (one,) = manifest.files
    packed = (tmp_path / one.name).read_bytes()
    assert (one.posts, one.first, one.last, one.bytes) == (3, 5, 1_004, len(packed))
    assert one.sha256 == hashlib.sha256(packed).hexdigest()


def test_where_a_key_is_set_retractions_that_nobody_signed_are_not_kept(tmp_path: Path) -> None:
    keys = ControlKeys.of("a-secret-of-16-characters")
    recording = Recording(tmp_path, "posts", keys)
    gone = [b'{"id":"g%d","author":"a","time":5,"deleted":6}' % number for number in range(2)]
    signed = record(2, gone[1])._replace(headers=keys.signed("posts", RETRACTION, gone[1]))
    recording.take([record(0), record(1, gone[0]), signed])
    recording.finish()
    recording.close()
    assert ids_in(tmp_path) == ["0", "g1"]


def test_a_new_file_begins_when_its_time_has_come(tmp_path: Path) -> None:
    now = [0.0]
    recording = Recording(tmp_path, "posts", rotate_s=10, clock=lambda: now[0])
    for offset in range(4):
        recording.take([record(offset)])
        now[0] += 6
        recording.rotate_if_due()
    recording.close()
    assert [it.posts for it in recording.manifest.files] == [2, 2]


class KilledError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("point", ["taken", "whole", "named", "told"])
def test_killed_at_any_point_each_post_is_kept_once(tmp_path: Path, point: str) -> None:
    armed = [False]

    def reached(at: str) -> None:
        if armed[0] and at == point:
            raise KilledError

    log = [record(offset) for offset in range(6)]
    recording = Recording(tmp_path, "posts", reached=reached)
    recording.take(log[:2])
    recording.finish()
    armed[0] = True
    recording.take(log[2:4])
    if point != "taken":
        with pytest.raises(KilledError):
            recording.finish()
    recording.close()

    again = Recording(tmp_path, "posts")
    again.take(log[again.next[0] :])
    again.finish()
    again.close()
    assert ids_in(tmp_path) == [str(offset) for offset in range(6)]


def test_a_folder_is_one_recordings_and_of_one_topic(tmp_path: Path) -> None:
    recording = Recording(tmp_path, "posts")
    with pytest.raises(FolderError, match="another `upswell record`"):
        Recording(tmp_path, "posts")
    recording.close()
    with pytest.raises(FolderError, match="a recording of posts"):
        Recording(tmp_path, "other-posts")
    (tmp_path / MANIFEST).unlink()
    (tmp_path / "posts-000001.ndjson.zst").touch()
    with pytest.raises(FolderError, match="no manifest"):
        Recording(tmp_path, "posts")


@pytest.mark.timeout(120)
def test_what_was_live_is_replayed_and_a_second_run_goes_on(embedded: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings(kafka_brokers=embedded, kafka_prefix=prefix, partitions=3)
    init_topics(settings)

    def push(begin: int, end: int) -> None:
        with PostProducer(settings) as producer:
            producer.push(
                [Post(str(it), f"a{it}", f"word{it} #gala", 1_650_000_000_000 + it) for it in range(begin, end)]
            )
            producer.mark(1_650_000_100_000)

    def run(*args: str) -> str:
        environment = os.environ | {"UPSWELL_KAFKA_PREFIX": prefix, "UPSWELL_KAFKA_BROKERS": embedded}
        command = [sys.executable, "-m", "pipeline.cli", *args]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    push(0, 40)
    assert "kept 40 posts" in run("record", "archive", "--once")
    push(40, 50)
    command = [sys.executable, "-m", "pipeline.cli", "record", "archive", "--every", "1s", "--brokers", embedded]
    live = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"UPSWELL_KAFKA_PREFIX": prefix})
    manifest = tmp_path / "archive" / MANIFEST
    until(lambda: len(json.loads(manifest.read_bytes())["files"]) == 2, within_s=60)
    live.send_signal(signal.SIGTERM)
    assert live.wait(30) == 0
    assert sorted(ids_in(tmp_path / "archive"), key=int) == [str(it) for it in range(50)]
    assert re.search(r"counted +50\n", run("replay", "archive"))
