"""`upswell up --data DIR`: an event on one laptop goes on where it was, after a kill too."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.definitions import entry_key
from pipeline.kafka.broker import embedded_broker
from pipeline.kafka.connection import Connection
from pipeline.kafka.log import LogReader, Place, Record
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import TopicsError, init_topics
from pipeline.settings import Settings, load_settings
from pipeline.sources.keeping import EVERY_S, MOST, KeptLog
from pipeline.sources.kept import FolderError
from schemas import Post, TrendList, decode_post
from schemas.topics import DEFINITIONS, POSTS, TRENDS
from tests.kafka.apache import free_port
from tests.kafka.commands import Command

RULE = '[[rule]]\nname = "big"\nkind = "volume"\nwindow = "5m"\ntopics = ["#harbour"]\npeople = 20\nflags = "mark"\n'


def records(settings: Settings, *topics: str) -> list[Record]:
    with closing(LogReader(Connection.of(settings), topics)) as reader:
        return reader.read_to_end()


def finals(settings: Settings) -> dict[tuple[bytes | None, int], bytes]:
    """The final lists there are, by their key and moment."""
    return {
        (record.key, msgspec.json.decode(record.value or b"", type=TrendList).at): record.value or b""
        for record in records(settings, TRENDS.name)
    }


def people(number: int, name: str) -> list[Post]:
    """A post of each of so many people, of now: before older ones `up` may have told the time."""
    now = int(time.time() * 1_000)
    return [Post(f"{name}{who}", f"{name}-{who}", f"text {who} of {name} #harbour", now) for who in range(number)]


@pytest.mark.timeout(320)
def test_killed_and_started_again_it_has_the_same_lists_and_goes_on(tmp_path: Path) -> None:
    port = free_port()
    settings = load_settings(kafka_brokers=f"127.0.0.1:{port}")
    (tmp_path / "upswell.toml").write_text(RULE)
    arguments = ("up", "--port", str(port), "--data", "kept")
    with Command(settings, tmp_path / "first", *arguments, UPSWELL_METRICS_PORT="0") as up:
        up.wait_for(lambda: "Ctrl-C ends it" in up.said)
        with PostProducer(settings) as producer:
            producer.push(people(200, "early"))
        # a minute's lists come half a minute after it, when the time is told: after 10 s, or 30 s of a busy broker
        up.wait_for(lambda: "#harbour" in up.said.partition("Ctrl-C")[2] and finals(settings), 200.0)
        time.sleep(1.0)
        before = finals(settings)
    with Command(settings, tmp_path / "second", *arguments, UPSWELL_METRICS_PORT="0") as up:
        up.wait_for(lambda: "Ctrl-C ends it" in up.said)
        up.wait_for(lambda: before.keys() <= finals(settings).keys())
        assert {key: found for key, found in finals(settings).items() if key in before} == before
        with PostProducer(settings) as producer:
            producer.push(people(100, "late"))
        posts = records(settings, POSTS.name)
        assert up.end(within_s=30)[0] == 0
        assert "Traceback" not in up.said
        told = up.said.partition("Ctrl-C")[2].count("#harbour")
    assert sum(decoded(record) for record in posts) == 300
    assert told == 0, "an alert that was told is not told again"
    with sqlite3.connect(tmp_path / "kept" / "kept.db") as database:
        kept = database.execute("SELECT count(*) FROM records WHERE topic = 'posts'").fetchone()[0]
    database.close()
    assert kept >= len(posts), "at a clean end all is kept"


def decoded(record: Record) -> bool:
    """Whether it is a post, no marker and no control record."""
    try:
        return not record.headers and bool(decode_post(record.value or b"").author)
    except ValueError:
        return False


def kept_record(database: sqlite3.Connection, topic: str, offset: int, key: bytes) -> None:
    row = (topic, 0, offset, 1_700_000_000_000 + offset, key, b"v", b"\x90")
    database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def test_what_comes_faster_is_kept_without_a_pause(tmp_path: Path) -> None:
    kept, waits, left = KeptLog(tmp_path, 1), list[float](), MOST * 2 + 1
    place = Place(POSTS.name, 0)

    class Reader:
        def poll(self, _wait_s: float, most: int) -> list[Record]:
            nonlocal left
            begin, left = left, left - min(most, left)
            return [Record(place, offset, 0, b"", b"", ()) for offset in range(left, begin)]

    class Ended:
        def wait(self, wait_s: float) -> bool:
            waits.append(wait_s)
            return not left

    kept._keep(Reader(), "", print, Ended())  # type: ignore[arg-type]
    assert len(kept) == MOST * 2 + 1
    assert waits == [EVERY_S, 0.0, 0.0, EVERY_S]
    kept.close()


def test_what_was_said_about_posts_that_a_kill_has_cost_is_not_given_back(tmp_path: Path) -> None:
    kept = KeptLog(tmp_path, 1)
    for offset in range(3):
        kept_record(kept._db, POSTS.name, offset, b"author")
    for offset, about in enumerate((entry_key(0, 2), entry_key(0, 3), b"requested")):
        kept_record(kept._db, DEFINITIONS.name, offset, about)
    with embedded_broker() as address:
        settings = load_settings(kafka_brokers=address, partitions=1)
        init_topics(settings)
        kept.give_back(settings)
        given = records(settings, POSTS.name, DEFINITIONS.name)
    kept.close()
    assert [(it.place.topic, it.offset, it.time_ms % 1_000) for it in given if it.place.topic == POSTS.name] == [
        (POSTS.name, offset, offset) for offset in range(3)
    ]
    assert [(it.offset, it.key) for it in given if it.place.topic != POSTS.name] == [
        (0, entry_key(0, 2)),
        (1, b"requested"),
    ]


def test_a_folder_is_for_one_at_a_time_and_for_one_number_of_partitions(tmp_path: Path) -> None:
    kept = KeptLog(tmp_path, 4)
    with pytest.raises(FolderError, match="another `upswell up` uses this folder"):
        KeptLog(tmp_path, 4)
    kept.close()
    with pytest.raises(FolderError, match="lie in 4 partitions, not in 2; start with --partitions 4"):
        KeptLog(tmp_path, 2)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "kept.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(FolderError, match="cannot be used"):
        KeptLog(tmp_path / "broken", 4)


def test_a_topic_that_a_client_had_made_before_us_is_made_anew() -> None:
    with embedded_broker() as address:
        settings = load_settings(kafka_brokers=address)
        Producer({"bootstrap.servers": address}).list_topics(POSTS.name, 5)  # as clients do that come back
        with pytest.raises(TopicsError, match="CreateTime where LogAppendTime"):
            init_topics(settings)
        init_topics(settings, just_begun=True)
        assert init_topics(settings).made == []


def test_posts_that_come_in_between_end_it_with_a_sentence(tmp_path: Path) -> None:
    kept = KeptLog(tmp_path, 1)
    kept_record(kept._db, POSTS.name, 0, b"author")
    with embedded_broker() as address:
        settings = load_settings(kafka_brokers=address, partitions=1)
        init_topics(settings)
        with PostProducer(settings) as producer:
            producer.push(people(1, "eager"))
        with pytest.raises(FolderError, match="somebody else pushed posts while"):
            kept.give_back(settings)
    kept.close()
