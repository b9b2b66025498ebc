"""Jetstream's frames in both protocols as one kind of event, and where reading goes on after a break."""

from __future__ import annotations

import time

import msgspec

from pipeline.sources.lenient import read_json
from pipeline.sources.live.model import Cursor, Fact, SourceError
from schemas import parse_time

REWIND_US = 10_000_000  # servers reorder some seconds, and no two agree


class Commit(msgspec.Struct):
    """What happened to a record."""

    operation: str
    collection: str
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")


class Account(msgspec.Struct):
    """What became of an account: `active` is false when it is deleted, taken down, suspended or deactivated."""

    active: bool = True


class Event(msgspec.Struct):
    """An event as v1 writes it; `seq` and `info` are v2's."""

    did: str = ""
    time_us: int = 0
    kind: str = ""
    commit: Commit | None = None
    account: Account | None = None
    seq: int = 0
    info: str = ""


class _Payload(msgspec.Struct):
    """What v1 wraps lies open here."""

    type: str = msgspec.field(name="$type", default="")
    did: str = ""
    seq: int = 0
    time: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")
    active: bool = True
    name: str = ""


class _Frame(msgspec.Struct):
    payload: _Payload = msgspec.field(default_factory=_Payload)
    error: str = ""


_event = msgspec.json.Decoder(Event)
_frame = msgspec.json.Decoder(_Frame)


def event_of_v1(raw: bytes) -> Event:
    """Raises PostError."""
    event = read_json(_event, raw)
    event.seq = 0
    return event


def event_of_v2(raw: bytes) -> Event:
    """Raises PostError, and SourceError where the server ends it."""
    frame = read_json(_frame, raw)
    if frame.error:
        raise SourceError(Fact("fault.server_ended", {"text": frame.error[:100]}))
    told = frame.payload
    kind = told.type.rpartition("#")[2]
    event = Event(told.did, kind=kind, seq=told.seq, info=told.name if kind == "info" else "")
    if told.time:
        event.time_us = parse_time(told.time) * 1_000
    if kind == "commit":
        event.commit = Commit(told.operation, told.collection, told.rkey, told.record)
    elif kind == "account":
        event.account = Account(told.active)
    return event


class Place:
    """Where reading has come to, and where a connection to this host goes on.

    A sequence number means nothing on another host or in the other protocol: there it goes on by time.
    """

    def __init__(self, host: str, protocol: str, cursor: Cursor | None) -> None:
        self._host, self._protocol = host, protocol
        told = cursor or {}
        here = (told.get("host"), told.get("protocol")) == (host, protocol)
        self._seq = int(told.get("seq", 0)) if here else 0
        self._time_us = int(told.get("time_us", 0))

    def passed(self, event: Event) -> None:
        """The event is taken. Servers send the past after the present at times: the place moves forward only, and never
        into the future, from which a server would give what comes from now on."""
        self._seq = max(self._seq, event.seq)
        self._time_us = max(self._time_us, min(event.time_us, time.time_ns() // 1_000))

    def resume(self) -> int | None:
        """The `cursor` to ask with: a sequence number, else a time; None: from now on."""
        return self._seq or self.by_time()

    def by_time(self) -> int | None:
        """The time (us), some seconds back; None: from now on."""
        return self._time_us - REWIND_US if self._time_us else None

    def cursor(self) -> Cursor:
        """What is stored."""
        return {"host": self._host, "protocol": self._protocol, "seq": self._seq, "time_us": self._time_us}
