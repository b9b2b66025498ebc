"""Posts of 4chan and boards like it, as their API gives them in threads, pages and catalogues."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Format, Parsed, Word, build, nested
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post


class _Said(msgspec.Struct):
    no: int
    time: int | float | str
    resto: int = 0  # the thread that it answers in; 0 for its first post
    sub: str | None = None
    com: str | None = None
    id: Word | None = None  # one of a person within a thread, on some boards
    trip: Word | None = None
    name: str | None = None


class _Thread(msgspec.Struct):
    last_replies: list[msgspec.Raw] | None = None


_decoder = msgspec.json.Decoder(_Said)
_thread = msgspec.json.Decoder(_Thread)


def parse(record: bytes) -> Parsed:
    """The post in one of a thread, and in its last answers; None for a picture without a word. Raises PostError.

    Who has no name is one person a thread: nobody can tell more, and topics stand by their people. The number of a post
    is one of its board, which is not named; with its time it names it.
    """
    return nested(record, _post, _answers)


def _answers(record: bytes) -> list[msgspec.Raw]:
    return (read(_thread, record).last_replies or []) if b'"last_replies"' in record else []


def _post(record: bytes) -> Post | None:
    said = read(_decoder, record)
    text = text_of("<br><br>".join(part for part in (said.sub, said.com) if part))
    if not text:
        return None
    time_ms = moment_ms(said.time, "$.time")
    thread = said.resto or said.no
    return build(
        f"{said.no}-{time_ms // 1_000}",
        said.trip or f"{said.id or 'anonymous'} in {thread}",
        text,
        time_ms,
        source="4chan",
        author_name=said.name[:1_024] if said.name else None,
    )


class _Row(msgspec.Struct):
    id: Word | int
    thread_id: Word | int
    unix_timestamp: int | float | str
    body: str = ""
    subject: str = ""
    author: str | None = None
    author_trip: str | None = None
    author_type_id: str | None = None


_row = msgspec.json.Decoder(_Row)


def parse_row(record: bytes) -> Parsed:
    """The post in a row of a table by 4CAT, named as `parse` does. Raises PostError."""
    row = read(_row, record)
    time_ms = moment_ms(row.unix_timestamp, "$.unix_timestamp")
    return build(
        f"{row.id}-{time_ms // 1_000}",
        row.author_trip or f"{row.author_type_id or 'anonymous'} in {row.thread_id}",
        "\n\n".join(part for part in (row.subject, row.body) if part),
        time_ms,
        source="4chan",
        author_name=row.author,
    )


def _knows(value: dict[str, Any]) -> bool:
    return {"no", "time"} <= value.keys() and ("resto" in value or "com" in value)


FORMATS = (Format("4chan", parse, _knows, rank=33),)
