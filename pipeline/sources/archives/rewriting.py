"""Records as programs rewrote them, turned into what their network wrote: MongoDB's values, times in any form."""

from __future__ import annotations

import base64
import datetime as dt
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson

from pipeline.sources.archives.formats.base import PAGE_BYTES, Fault, One, Parsed
from pipeline.sources.archives.streams import beginning
from pipeline.sources.archives.times import Clock
from pipeline.sources.archives.unread import is_unclear
from schemas import PostError

# {"$oid": "..."}, {"$numberLong": "17"}, {"$date": {"$numberLong": "1714559400000"}}; within a string of sound JSON the
# quotes of such a thing are escaped, so that it is never taken for one
_WRAPPED = re.compile(
    rb'\{\s*"\$(oid|uuid|symbol|date|number\w{3,8})"\s*:\s*'
    rb'("[^"\\]{0,64}"|-?\d{1,19}|\{\s*"\$numberLong"\s*:\s*"-?\d{1,19}"\s*\})\s*\}'
)
# `{`, and what base64 makes of `{"`, `{` and white space, and of gzip
_TEXT_BEGINS = ("{", "eyJ", "ewo", "eyA", "eyc", "ewk", "ew0", "H4sI")
_IS_WRAPPED = re.compile(rb"\$(?:oid|uuid|symbol|date|number)")
_NUMBER = re.compile(rb"-?\d{1,19}(?:\.\d{1,19})?(?:E[+-]?\d{1,3})?")
_TIME_KEYS = frozenset(
    (
        *("created_at", "createdAt", "created_utc", "created", "edited_at", "time", "timestamp", "date", "published"),
        *("publishedAt", "indexedAt", "updated", "date_published"),
    )
)
_AT_TIME = re.compile(rf"\b(?:{'|'.join(_TIME_KEYS)})`")


def unwrapped(record: bytes) -> bytes:
    """The record, taken out of the string that a second encoding made of it, and with the values laid bare that
    MongoDB's extended JSON wraps in objects, canonical or relaxed.

    >>> unwrapped(b'{"_id": {"$oid": "65"}, "n": {"$numberLong": "17"}, "t": {"$date": {"$numberLong": "1000"}}}')
    b'{"_id": "65", "n": 17, "t": "1970-01-01T00:00:01.000Z"}'
    """
    if record.startswith(b'"{""'):
        record = record.strip()[1:-1].replace(b'""', b'"')  # as the only cell of a table
    elif record.startswith(b'"{'):
        with suppress(orjson.JSONDecodeError):
            record = orjson.loads(record).encode()
    return _WRAPPED.sub(_bare, record) if _IS_WRAPPED.search(record) else record


def is_quoted(head: bytes) -> bool:
    """Whether a document begins as the list that a second encoding made a string of."""
    return head.startswith(b'"[{\\"')


def unquoted(content: Iterator[bytes]) -> Iterator[bytes]:
    """Such a document, taken out of its string; as it is where it cannot be held, or is no such string."""
    held, content = beginning(content, PAGE_BYTES + 1)
    with suppress(orjson.JSONDecodeError):
        if len(held) <= PAGE_BYTES:
            content = iter([str(orjson.loads(held)).encode()])
    yield from content


def kept_as_text(value: Any) -> Any:
    """The object that a text holds, as the value of a message does that was kept with its topic; also in base64, and
    packed with gzip. Anything else is given back.

    >>> kept_as_text("eyJhIjogMX0="), kept_as_text("[]")
    ({'a': 1}, '[]')
    """
    if not isinstance(value, str) or not value.startswith(_TEXT_BEGINS):
        return value
    text: str | bytes = value
    with suppress(orjson.JSONDecodeError, ValueError, zlib.error):
        if not value.startswith("{"):
            text = base64.b64decode(value, validate=True)
            if text.startswith(b"\x1f\x8b"):
                text = zlib.decompressobj(wbits=31).decompress(text, PAGE_BYTES)
        found = orjson.loads(text)
        return found if isinstance(found, (dict, list)) else value
    return value


def may_be_wrapped(record: bytes) -> bool:
    """Whether `unwrapped` could change the record."""
    return record.startswith(b'"{') or _IS_WRAPPED.search(record) is not None


def _bare(found: re.Match[bytes]) -> bytes:
    kind, value = found[1], found[2]
    if kind == b"date":
        number = _NUMBER.search(value) if value[:1] != b'"' else None
        return value if number is None else _rfc3339(int(number[0]))
    if kind.startswith(b"number"):
        bare = value.strip(b'"')
        return bare if _NUMBER.fullmatch(bare) else b"null"  # NaN, Infinity
    return value if value[:1] == b'"' else found[0]


def _rfc3339(time_ms: int) -> bytes:
    return orjson.dumps(_moment(time_ms)) if 0 <= time_ms < 253_402_300_800_000 else b"null"


def _moment(time_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(time_ms // 1_000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03}Z"


def retimed(parse: Callable[[bytes], Parsed], clock: Clock) -> Callable[[bytes], Parsed]:
    """Reads a record whose times are not as its network writes them by the clock, as the cells of a table are read."""

    def again(record: bytes) -> Parsed:
        first: PostError | None = None
        try:
            parsed = parse(record)
        except PostError as error:
            if not is_of_time(error):
                raise
            first = error
        else:
            if not isinstance(parsed, list) or not has_fault_of_time(parsed):
                return parsed
        value, unclear = _rewritten(record, clock)
        if first is None:
            return parsed if value is None else parse(value)
        try:
            return parse(value or record)
        except PostError as error:
            raise unclear or error from None

    return again


def is_of_time(error: PostError) -> bool:
    """Whether it was a time that could not be read."""
    return error.reason == "time" or (error.reason == "invalid" and _AT_TIME.search(error.detail) is not None)


def has_fault_of_time(parsed: list[One | Fault]) -> bool:
    """The same of what a page holds."""
    return any(isinstance(item, Fault) and is_of_time(item.error) for item in parsed)


def _rewritten(record: bytes, clock: Clock) -> tuple[bytes | None, PostError | None]:
    """The record with its times as RFC 3339; and what is wrong with the first that is ambiguous."""
    try:
        value = orjson.loads(record)
    except orjson.JSONDecodeError:
        return None, None
    unclear: PostError | None = None
    waiting: list[Any] = [value]
    while waiting:
        each = waiting.pop()
        for key, inner in each.items() if isinstance(each, dict) else enumerate(each):
            if isinstance(inner, (dict, list)):
                waiting.append(inner)
            elif key in _TIME_KEYS and isinstance(inner, (str, int, float)):
                try:
                    each[key] = _moment(clock.ms(str(inner), f"$.{key}"))
                except PostError as error:
                    if is_unclear(error) or clock.pattern is not None:
                        unclear = unclear or error
    return orjson.dumps(value), unclear
