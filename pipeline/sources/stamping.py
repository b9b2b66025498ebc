"""A record of a post that says no time is of the moment at which it was received."""

from __future__ import annotations

import msgspec

from schemas import Post, PostError, decode_post


def stamp(record: bytes, now_ms: int) -> tuple[bytes, Post] | None:
    """The same post with the time it was received, where it has none; None for what is no post even so.

    >>> stamp(b'{"id":"1","author":"a","text":"hi"}', 5)[0]
    b'{"id":"1","author":"a","text":"hi","time":5}'
    """
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if "time" in fields:
        return None
    fields["time"] = msgspec.Raw(b"%d" % now_ms)
    stamped = msgspec.json.encode(fields)
    try:
        return stamped, decode_post(stamped)
    except PostError:
        return None
