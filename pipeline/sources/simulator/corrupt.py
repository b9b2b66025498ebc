"""Lines that are no posts, of every kind that archives and producers have been seen to hold, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from schemas import MAX_RECORD_BYTES


class Kind(NamedTuple):
    """One way to be corrupt: `reason` is what `schemas.decode_post` says; `make` spoils a good line (no line end)."""

    name: str
    reason: str
    make: Callable[[bytes], bytes]


def _with(fields: bytes) -> Callable[[bytes], bytes]:
    return lambda _line: b'{"id":"1","author":"a","text":"t",' + fields + b"}"


CORRUPT = (
    Kind("cut in the middle", "not-json", lambda line: line[: len(line) // 2]),
    Kind("time is a word", "time", _with(b'"time":"hier soir"')),
    Kind("bytes that are not UTF-8", "not-utf8", lambda line: line.replace(b'"text":"', b'"text":"caf\xe9 ', 1)),
    Kind("no time", "invalid", lambda line: line.replace(b'"time":', b'"when":', 1)),
    Kind("two objects on one line", "not-json", lambda line: line + line),
    Kind("an empty author", "invalid", _with(b'"time":1,"author":""')),
    Kind("year 9999", "time", _with(b'"time":"9999-06-01T00:00:00Z"')),
    Kind("half a surrogate pair", "not-json", lambda line: line.replace(b'"text":"', b'"text":"\\ud83d ', 1)),
    Kind("a raw NUL", "not-json", lambda line: line.replace(b'"text":"', b'"text":"\x00', 1)),
    Kind("a negative time", "time", _with(b'"time":-1')),
    Kind("deep nesting", "not-json", _with(b'"time":1,"x":' + b"[" * 20_000 + b"]" * 20_000)),
    Kind("an id that is a number", "invalid", _with(b'"time":1,"id":12345')),
    Kind("a page of HTML", "not-json", lambda _line: b"<html><body>502 Bad Gateway</body></html>"),
    Kind("a list", "invalid", lambda line: b"[" + line + b"]"),
    Kind("30 February", "time", _with(b'"time":"2022-02-30T12:00:00Z"')),
    Kind("a terminal's escape in the author", "invalid", _with(b'"time":1,"author":"\\u001b[2Jbot"')),
    Kind("time is not a number", "not-json", _with(b'"time":NaN')),
    Kind("an id beyond its limit", "invalid", _with(b'"time":1,"id":"' + b"9" * 257 + b'"')),
    Kind("seconds and a fraction", "invalid", _with(b'"time":1650211200.5')),
    Kind("another surrogate, as bytes", "not-utf8", lambda line: line.replace(b'"text":"', b'"text":"\xed\xa0\x80', 1)),
)

OVERSIZED = Kind(
    "more than 1 MiB", "too-large", lambda line: line.replace(b'"text":"', b'"text":"' + b"x" * MAX_RECORD_BYTES, 1)
)
