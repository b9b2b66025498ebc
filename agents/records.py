"""What a record of the posts topic is: a post, a marker, a control record, or none of them and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from faust.types import TP

from agents.context import Context
from agents.publish import Outgoing
from agents.runtime.runs import Headers, Run
from pipeline.kafka.producer import marker_headers
from schemas import MARKER_HEADER, MAX_TIME_MS, Post, PostError, decode_post
from schemas.control import header_of
from schemas.definitions import DEFINITIONS_HEADER, Definitions, decode_definitions

DEAD_BYTES = 900_000  # a dead letter holds the beginning of what is larger
ASKED_AHEAD_MS = 600_000  # a control record may have been asked for by a clock that is so fast
_DETAIL_CHARACTERS = 500


def run_of_posts(
    context: Context, records: Sequence[Any], values: Sequence[bytes], read: list[Post | PostError]
) -> tuple[list[Post], list[int]] | None:
    """What was read of records, and when the log took each, where all are posts and none is missing between them; None:
    look at each."""
    headers: Mapping[int, Headers] = {}
    if isinstance(records, Run):
        times, headers = records.times, records.headers
        if any(_version(of, records.keys[number]) is not None for number, of in headers.items()):
            return None
    else:
        times = [record.timestamp for record in records]
        if records[-1].offset - records[0].offset != len(records) - 1 or None in times:
            return None
    if PostError in map(type, read) or min(times) < 0:
        return None
    posts = cast(list[Post], read)
    if context.control.secrets:
        try:
            for number in [number for number, post in enumerate(posts) if post.deleted is not None]:
                context.control.require(context.topics.posts, posts[number], values[number], headers.get(number, ()))
        except PostError:
            return None
    return posts, times


def marker(context: Context, partition: int, time_ms: int) -> Outgoing:
    """An empty post that says that event time has come to `time_ms`."""
    topic = context.topics.posts
    return Outgoing(topic, partition, None, b"", tuple(marker_headers(context.control, topic, time_ms)))


def marked_time(context: Context, record: Any) -> int | None:
    """The time that a marker of ours says; None for any other record."""
    told = header_of(record.headers, MARKER_HEADER)
    if record.value or record.key is not None or not told or not told.isdigit() or int(told) >= MAX_TIME_MS:
        return None
    return int(told) if context.control.accept(context.topics.posts, MARKER_HEADER, told, record.headers) else None


def _version(headers: Headers, key: bytes | None) -> bytes | None:
    """What a record's header names as the version of definitions; None where it does not look like a control record."""
    return header_of(headers, DEFINITIONS_HEADER) if key is None else None


def control_record(context: Context, record: Any) -> Definitions | str:
    """What a control record of ours defines; of any other record why it is none, "" where it does not look like one."""
    version = _version(record.headers, record.key)
    if version is None:
        return ""
    value = record.value or b""
    if not context.control.accept(context.topics.posts, DEFINITIONS_HEADER, value, record.headers):
        return "a control record that is not signed by a key of ours (UPSWELL_CONTROL_KEY)"
    try:
        definitions = decode_definitions(value)
    except PostError as fault:
        return fault.detail
    if version != definitions.version.encode():
        return "a control record whose header does not name the version of what it defines"
    if definitions.at > (record.timestamp or 0) + ASKED_AHEAD_MS:
        return f"a control record of {definitions.at}, far beyond the record's own time"
    return definitions


def post_of(record: Any, no_control_record: str | None) -> Post:
    """The post in a record. Raises PostError; of what looks like a control record and is none of ours, why."""
    try:
        return decode_post(record.value or b"")
    except PostError:
        if no_control_record:
            raise PostError("definitions", no_control_record) from None
        raise


def dead_letter(topic: str, tp: TP, record: Any, fault: PostError) -> Outgoing:
    """The same key however often the record is read, so that compaction leaves one. (No value would be a tombstone.)"""
    position = f"{tp.partition}:{record.offset}"
    headers: tuple[tuple[str, bytes], ...] = (
        ("reason", fault.reason.encode()),
        ("detail", fault.detail[:_DETAIL_CHARACTERS].encode(errors="replace")),
        ("topic", tp.topic.encode()),
        ("partition", str(tp.partition).encode()),
        ("offset", str(record.offset).encode()),
    )
    raw = record.value or b""
    if len(raw) > DEAD_BYTES:  # it came compressed: as it is it would not pass
        headers += (("bytes", str(len(raw)).encode()),)
    return Outgoing(topic, None, position.encode(), raw[:DEAD_BYTES], headers)
