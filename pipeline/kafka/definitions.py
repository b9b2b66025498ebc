"""Definitions on Kafka: what the topic `definitions` holds, and changes told to every partition of `posts`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import closing

import msgspec

from pipeline.clock import utc_ms
from pipeline.definitions import REQUESTED, DefinitionsHistory, changes, initial_key
from pipeline.kafka.acknowledged import AcknowledgedProducer, Put
from pipeline.kafka.connection import Connection, KafkaUseError, control_keys, wait_for_broker
from pipeline.kafka.log import GlobalTable, Record
from pipeline.kafka.topics import TopicsError
from pipeline.settings import Settings
from pipeline.text import printable
from schemas.definitions import DEFINITIONS_HEADER, MAX_DEFINITIONS_BYTES, Definitions
from schemas.topics import Topics

WAITS_FOR_BROKER_S = 5.0
ANSWERS_WITHIN_S = 10.0

_encode = msgspec.json.Encoder().encode


class ChangedError(Exception):
    """Somebody else has put other definitions in force meanwhile: those of `newest`."""

    def __init__(self, newest: Definitions) -> None:
        super().__init__(f"{newest.by or 'somebody'} has changed what is defined meanwhile")
        self.newest = newest


class DefinitionsLog:
    """The topic `definitions`, read as far as `refresh` last came."""

    def __init__(self, settings: Settings, wait_s: float = WAITS_FOR_BROKER_S) -> None:
        """Raises KafkaUseError when no broker is there within `wait_s`, it refuses us, or the topic is missing."""
        self._connection = Connection.of(settings)
        self._control = control_keys(settings)
        topics = Topics(settings.kafka_prefix)
        self._topic, self._posts = topics.definitions, topics.posts
        there = wait_for_broker(self._connection, wait_s)
        if self._topic not in there:
            raise TopicsError(f"there is no topic {self._topic}; make it with `upswell topics init`")
        self.partitions = there.get(self._posts, 0)  # 0: not to be seen, as for who may only read definitions
        self.history = DefinitionsHistory()
        self._table = GlobalTable(self._connection, self._topic, self.history, self._take)
        self._producer = AcknowledgedProducer(self._connection)

    def refresh(self) -> DefinitionsHistory:
        """Reads on to the end: all that was acknowledged before the call is in the history. For any thread. Raises
        KafkaUseError."""
        return self._table.refresh(ANSWERS_WITHIN_S)

    def _take(self, record: Record) -> None:
        self.history.take(record.key, record.value, record.headers)

    def begin_with(self, definitions: Definitions) -> Definitions:
        """What holds from the beginning of every partition: `definitions`, unless somebody was first. It is older than
        any control record, also of a log that was there before. Raises KafkaUseError."""
        if self.refresh().initial is None:
            self._put(Put(self._topic, initial_key(), _encode(msgspec.structs.replace(definitions, at=0))))
            self.refresh()
        assert self.history.initial is not None
        return self.history.initial

    def change(self, definitions: Definitions, since: str | None = None) -> tuple[Definitions, list[str]]:
        """Puts the content of these in force. Returns what holds from then on, and what changes by it, a line each; a
        partition that has not come to what was asked for before is told of it again. `since` is the version that they
        are a change of (None: of whatever holds). Raises ChangedError where another holds, KafkaUseError."""
        if not self.partitions:
            raise TopicsError(f"there is no topic {self._posts}; make it with `upswell topics init`")
        self.begin_with(definitions)
        newest = self.history.newest
        assert newest is not None
        if since not in (None, newest.version):
            raise ChangedError(newest)
        told = changes(newest, definitions)
        if definitions.content != newest.content:
            newest = msgspec.structs.replace(definitions, at=max(definitions.at, newest.at + 1))
            self.ask(newest)
        elif self.behind(newest):
            self.ask(newest)
        return newest, told

    def behind(self, definitions: Definitions) -> list[int]:
        """The partitions of `posts` in which these are not in force yet."""
        return [one for one in range(self.partitions) if self.history.at(one).order != definitions.order]

    def ask(self, definitions: Definitions) -> None:
        """Puts them in force, by a control record in every partition of `posts`; returns when the broker has
        acknowledged all. Asking again for what is in force changes nothing. Raises KafkaUseError."""
        value = _encode(definitions)
        if (size := len(value)) > MAX_DEFINITIONS_BYTES:
            raise KafkaUseError(
                f"the definitions take {size:,} bytes, and a record {MAX_DEFINITIONS_BYTES:,}; define less"
            )
        self._put(Put(self._topic, REQUESTED, value))
        signed = self._control.signed(self._posts, DEFINITIONS_HEADER, value)
        headers = [(DEFINITIONS_HEADER, definitions.version.encode()), *signed]
        self._put(*(Put(self._posts, None, value, partition, headers) for partition in range(self.partitions)))

    def close(self) -> None:
        """Lets go of the connection."""
        self._table.close()

    def _put(self, *records: Put) -> None:
        if fault := self._producer.put(*records):
            raise KafkaUseError(f"Kafka at {self._connection.shown} did not take the definitions ({fault}); ask again")


def defined_by(settings: Settings, by: str = "") -> Definitions:
    """What the settings file defines, as of now."""
    parts = settings.events, settings.watchlists, settings.rules, settings.networks, settings.words
    return Definitions(utc_ms(), by, *parts)


def asked_last(settings: Settings, say: Callable[[str], None]) -> Definitions:
    """What was asked for last, for whoever shows and alerts; the file's where nothing was. `say` is told where the file
    differs. Raises KafkaUseError."""
    with closing(DefinitionsLog(settings)) as log:
        newest = log.refresh().newest
    if complaint := stale(settings, newest):
        say(complaint)
    return newest or msgspec.structs.replace(defined_by(settings), at=0)


def stale(settings: Settings, newest: Definitions | None) -> str:
    """One sentence where the settings file defines something else than was asked for last; "" where it does not, or
    defines nothing."""
    ours = defined_by(settings)
    if newest is None or not any(ours.content) or ours.content == newest.content:
        return ""
    asked = dt.datetime.fromtimestamp(newest.at / 1_000, dt.UTC)
    since = f"of {asked:%Y-%m-%d %H:%M} UTC" if newest.at else "from the beginning"
    return (
        f"the events, watchlists and rules of the settings file are not those in force ({since}, by"
        f" {printable(newest.by) or 'the first worker'}), which hold; put the file's in force with `upswell reload`"
    )
