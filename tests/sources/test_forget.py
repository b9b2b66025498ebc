"""`upswell forget`: what somebody wrote is withdrawn on the log, and is in no archive and no memory of ours."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import zstandard

from pipeline.cli import run
from pipeline.kafka.connection import Connection
from pipeline.kafka.log import newest_records
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings
from pipeline.sources.keeping import KeptLog
from pipeline.sources.live.store import Store
from pipeline.sources.recording import MANIFEST, Manifest, Recording
from pipeline.sources.senders import Senders
from pipeline.web.pictures import PictureError
from pipeline.web.room_pictures import ROOM_FOLDER, RoomPictures
from pipeline.web.wall.store import PostStore
from schemas import Post, PostError, decode_post
from tests.sources.harness import post
from tests.sources.test_recording import ids_in, record
from tests.web.photos import picture


def of(offset: int, author: str, source: str = "test") -> bytes:
    return msgspec.json.encode(Post(str(offset), author, f"said by {author}", 1_000 + offset, source))


def test_an_author_leaves_the_archives_and_the_manifest_is_right_again(tmp_path: Path) -> None:
    recording = Recording(tmp_path, "posts")
    for begin in (0, 3):
        authors = ("ann", "bob", "ann") if begin else ("bob", "bob", "eve")
        recording.take([record(begin + it, of(begin + it, author)) for it, author in enumerate(authors)])
        recording.finish()
    recording.take([record(6, of(6, "ann", "other"))])
    recording.finish()
    assert recording.forget("test", "ann") == 2
    assert recording.forget("test", "ann") == 0
    recording.close()
    assert ids_in(tmp_path) == ["0", "1", "2", "4", "6"]
    manifest = msgspec.json.decode((tmp_path / MANIFEST).read_bytes(), type=Manifest)
    assert [(it.posts, it.first, it.last) for it in manifest.files] == [
        (3, 1_000, 1_002),
        (1, 1_004, 1_004),
        (1, 1_006, 1_006),
    ]
    for one in manifest.files:
        packed = (tmp_path / one.name).read_bytes()
        assert (one.bytes, one.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())
    text = b""
    for path in tmp_path.glob("*.zst"):
        with zstandard.open(path) as file:
            text += file.read()
    assert text.count(b"said by ann") == 1


def test_an_author_leaves_the_log_of_one_laptop_and_all_else_stays_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "event"
    kept = KeptLog(folder, 2)
    authors = ("ann", "bob", "ann", "eve")
    rows = [record(offset, of(offset, author)) for offset, author in enumerate(authors)]
    kept._write([*rows, record(4, of(4, "ann", "other")), record(5, b"no post"), record(6, b"")], "")
    kept.close()
    walls = tmp_path / "walls.db"
    store = PostStore(walls)
    store.add([("gala", 5, decode_post(of(it, author))) for it, author in enumerate(authors)])
    store.close()
    command = ["forget", "ann", "--source", "test", "--data", str(folder), "--walls", str(walls)]
    for number in (2, 0):
        assert run(command) == 0
        told = f"cleared: {number} posts in {folder}\ncleared: {number} posts in {walls}\n"
        assert capsys.readouterr().out == told
    assert [post.author for _, post in PostStore(walls).of("gala")] == ["bob", "eve"]
    assert b"said by ann" not in b"".join(path.read_bytes() for path in tmp_path.glob("walls.db*"))
    with sqlite3.connect(folder / "kept.db") as database:
        left = database.execute('SELECT "offset", key, value FROM records ORDER BY "offset"').fetchall()
    assert [(offset, value) for offset, _, value in left if offset in (1, 3, 4, 5, 6)] == [
        (1, of(1, "bob")),
        (3, of(3, "eve")),
        (4, of(4, "ann", "other")),
        (5, b"no post"),
        (6, b""),
    ]
    for offset in (0, 2):
        cleared = decode_post(left[offset][2])
        assert (cleared.time, cleared.text, cleared.author) == (1_000 + offset, "", f"forgotten-0-{offset}")
        assert left[offset][1] == cleared.author.encode()
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    assert held.count(b"said by ann") == 1  # on another network
    assert run(["forget", "ann", "--source", "test", "--data", str(tmp_path / "nowhere")]) == 1
    assert "no folder of `upswell up --data`" in capsys.readouterr().err
    assert run([*command[:-1], str(tmp_path / "nowhere.db")]) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "nowhere.db").exists()


def test_what_sources_remember_of_an_author_is_cleared(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.transaction():
        store.add([post("1", "a text to find", author="ann"), post("2", author="bob")])
    assert store.forget("test", "ann") == 1
    known = store.get("test", "1")
    assert known is not None
    assert known.post is None  # a network that gives it again brings nothing
    assert store.by_author("test", "ann") == []
    store.close()
    assert b"a text to find" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.timeout(120)
def test_the_command_withdraws_a_sender_by_their_number(embedded: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings(kafka_brokers=embedded, kafka_prefix=prefix, partitions=2)
    init_topics(settings)
    author, _ = Senders.of_folder(tmp_path / "upswell-state").phone("+33612345642")
    with PostProducer(settings) as producer:
        producer.push([Post("1", author, "allo", 1_000, "sms")])
    environment = os.environ | {"UPSWELL_KAFKA_PREFIX": prefix, "UPSWELL_PARTITIONS": "2"}
    command = ["forget", "+33 6 12 34 56 42", "--source", "sms", "--brokers", embedded]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *command], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "345642" not in done.stdout
    found = []
    for one in newest_records(Connection.of(settings), f"{prefix}posts", 10):
        try:
            found.append(decode_post(one.value or b""))
        except PostError:
            continue
    assert [(it.id, it.author, it.source, it.deleted is not None) for it in found] == [
        ("1", author, "sms", False),
        ("", author, "sms", True),
    ]


def test_the_command_removes_pictures_sent_from_the_room(embedded: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings(kafka_brokers=embedded, kafka_prefix=prefix, partitions=2, state_dir=str(tmp_path))
    init_topics(settings)
    pictures, author = RoomPictures(tmp_path / "upswell-state" / ROOM_FOLDER), "web-" + "a" * 32
    address = asyncio.run(pictures.keep(author, picture()))
    environment = os.environ | {"UPSWELL_KAFKA_PREFIX": prefix, "UPSWELL_PARTITIONS": "2"}
    command = ["forget", author, "--source", "web", "--brokers", embedded]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *command], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "removed: 1 pictures" in done.stdout, done.stderr
    with pytest.raises(PictureError):
        pictures.read(address)
