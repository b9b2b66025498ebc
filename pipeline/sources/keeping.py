"""What came in on a broker that keeps nothing, kept in a folder: posts, decisions and definitions, record by record.

`upswell up --data DIR` begins with what the folder holds and goes on keeping. All else on Kafka follows from these
topics, so lists and alerts are the same after a restart, a kill or a power cut; what was acknowledged less than about
`EVERY_S` before a kill may be missing. The folder holds what Kafka would hold: posts with their texts, for its owner
alone.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pipeline.definitions import entry_place
from pipeline.kafka.connection import Connection, KafkaUseError, silent_logger
from pipeline.kafka.log import LogReader, Place, Record
from pipeline.settings import Settings
from pipeline.sources.kept import FolderError, lock_folder, open_database
from schemas import Post, PostError, decode_post
from schemas.topics import DECISIONS, DEFINITIONS, POSTS

EVERY_S = 0.1  # how often what has come is brought to the disk
MOST = 5_000  # records at a time; where there were so many, the next follow at once
AGAIN_S = 5.0  # after the disk refused
GIVEN_WITHIN_S = 120.0  # without an acknowledgement
QUEUED = 50_000  # records on their way to the broker
KEPT = (DEFINITIONS.name, DECISIONS.name, POSTS.name)
FILE = "kept.db"
_SCHEMA = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS records (
    topic TEXT, partition INTEGER, "offset" INTEGER, time INTEGER, key BLOB, value BLOB, headers BLOB,
    PRIMARY KEY (topic, partition, "offset")
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partitions (number INTEGER);
"""


class KeptLog:
    """The folder, for one process at a time. Raises FolderError."""

    def __init__(self, folder: Path, partitions: int | None = None) -> None:
        """`partitions`: of the posts, in as many as those that are kept; None: a folder that holds some."""
        if partitions is None and not (folder / FILE).exists():
            raise FolderError(f"{folder}: no folder of `upswell up --data` ({FILE} is not there)")
        self.folder = folder
        busy = "another `upswell up` uses this folder; give each its own"
        self._lock = lock_folder(folder, "kept.lock", busy=busy, unusable="cannot be used ({why})")
        try:
            self._db = open_database(folder / FILE, _SCHEMA)
            with self._db:
                found = self._db.execute("SELECT number FROM partitions").fetchone()
                if found is None and partitions is not None:
                    self._db.execute("INSERT INTO partitions VALUES (?)", (partitions,))
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise FolderError(f"{folder}: {FILE} cannot be used ({error})") from None
        if found is not None and partitions not in (None, found[0]):
            self.close()
            raise FolderError(
                f"{folder}: its posts lie in {found[0]} partitions, not in {partitions}; start with"
                f" --partitions {found[0]}, or with another folder"
            )

    def close(self) -> None:
        """Lets another process use the folder."""
        self._db.close()
        os.close(self._lock)

    def __len__(self) -> int:
        """Records that are kept."""
        return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    def forget(self, source: str, author: str) -> int:
        """Clears the posts of an author, each but its time: what follows in the log stays where it is, and event time
        goes on as it did. How many they were."""
        found = 0
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            rows = self._db.execute('SELECT partition, "offset", value FROM records WHERE topic = ?', (POSTS.name,))
            for partition, offset, value in rows.fetchall():
                post = _post(value)
                if post is None or (post.author, post.source or "") != (author, source):
                    continue
                name = f"forgotten-{partition}-{offset}"
                cleared = msgspec.json.encode(Post(name, name, "", post.time, source))
                self._db.execute(
                    "UPDATE records SET key = ?, value = ?, headers = ?"
                    ' WHERE topic = ? AND partition = ? AND "offset" = ?',
                    (name.encode(), cleared, msgspec.msgpack.encode([]), POSTS.name, partition, offset),
                )
                found += 1
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return found

    def give_back(self, settings: Settings) -> None:
        """Writes what is kept into the topics, which nobody has written into yet: each record where it was, with its
        time. Raises KafkaUseError."""
        from confluent_kafka import Producer

        connection, moved = Connection.of(settings), list[str]()
        producer: Any = Producer(
            connection.confluent() | {"enable.idempotence": True, "compression.type": "lz4", "logger": silent_logger()}
        )
        self._leave_out_what_is_about_lost_posts()
        for topic, partition, offset, time, key, value, headers in self._db.execute(
            'SELECT * FROM records ORDER BY topic, partition, "offset"'
        ):
            while len(producer) >= QUEUED:
                producer.poll(0.1)
            producer.produce(
                settings.kafka_prefix + topic,
                value,
                key,
                partition,
                headers=msgspec.msgpack.decode(headers, type=list[tuple[str, bytes | None]]),
                timestamp=time,
                on_delivery=_check_place(offset, moved),
            )
            producer.poll(0)
        if producer.flush(GIVEN_WITHIN_S):
            raise FolderError(f"{self.folder}: the broker does not take back what is kept there")
        if moved:
            raise FolderError(
                f"{self.folder}: {moved[0]} while what is kept there was given back; stop whoever writes to this"
                " broker until it is ready, and start again"
            )

    @contextmanager
    def keeping(self, settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
        """Keeps what comes in while the block runs, and at its end all that was acknowledged before. `say` is told when
        the disk refuses, once until it takes again. Raises KafkaUseError."""
        reader = LogReader(Connection.of(settings), [settings.kafka_prefix + name for name in KEPT])
        ended = threading.Event()
        thread = threading.Thread(target=self._keep, args=(reader, settings.kafka_prefix, say, ended), daemon=True)
        with closing(reader):
            for (topic, partition), last in self._ends().items():
                reader.next[Place(settings.kafka_prefix + topic, partition)] = last + 1
            reader.assign()
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()
                try:
                    self._write(reader.read_to_end(), settings.kafka_prefix)
                except (KafkaUseError, sqlite3.Error) as error:
                    say(f"{self.folder}: the last moments are not kept ({error})")

    def _keep(self, reader: LogReader, prefix: str, say: Callable[[str], None], ended: threading.Event) -> None:
        waiting, told, pause_s = list[Record](), False, EVERY_S
        while not ended.wait(AGAIN_S if told else pause_s):
            try:
                waiting = waiting or reader.poll(EVERY_S, MOST)
                self._write(waiting, prefix)
            except (KafkaUseError, sqlite3.Error) as error:
                if not told:
                    say(f"{self.folder}: what comes in is not kept ({error}); it is tried again")
                told = True
            else:
                pause_s = EVERY_S if len(waiting) < MOST else 0.0
                waiting, told = [], False
        if waiting:
            reader.next |= {record.place: record.offset for record in reversed(waiting)}

    def _write(self, records: Sequence[Record], prefix: str) -> None:
        if not records:
            return
        rows = (
            (
                record.place.topic.removeprefix(prefix),
                record.place.partition,
                record.offset,
                record.time_ms,
                record.key,
                record.value,
                msgspec.msgpack.encode(record.headers),
            )
            for record in records
        )
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _ends(self) -> dict[tuple[str, int], int]:
        """The last offset that is kept of each partition of a topic."""
        rows = self._db.execute('SELECT topic, partition, max("offset") FROM records GROUP BY 1, 2')
        return {(topic, partition): last for topic, partition, last in rows}

    def _leave_out_what_is_about_lost_posts(self) -> None:
        """A kill may have cost the last posts, and not what is said about them in `definitions`: other posts will lie
        in their place. The others move up, as they will lie on Kafka."""
        ends, of = self._ends(), (DEFINITIONS.name,)
        rows = self._db.execute('SELECT * FROM records WHERE topic = ? ORDER BY "offset"', of).fetchall()
        true = [
            row for row in rows if (at := entry_place(row[4])) is None or at[1] <= ends.get((POSTS.name, at[0]), -1)
        ]
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM records WHERE topic = ?", of)
            moved_up = [(*row[:2], place, *row[3:]) for place, row in enumerate(true)]
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", moved_up)


def _post(value: bytes | None) -> Post | None:
    try:
        return decode_post(value or b"")
    except PostError:
        return None


def _check_place(offset: int, moved: list[str]) -> Callable[[Any, Any], None]:
    def delivered(error: Any, message: Any) -> None:
        if error is not None:
            moved.append(f"the broker refused a record ({error.str()})")
        elif message.offset() != offset:
            moved.append("somebody else pushed posts")

    return delivered
