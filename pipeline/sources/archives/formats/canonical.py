"""upswell's own posts, one JSON object a line: the messages of the `posts` topic in a file."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Format, Given
from pipeline.sources.archives.mend import read
from schemas import Post, PostError, decode_all_posts, decode_post
from schemas.posts import checked

_decoder = msgspec.json.Decoder(Post)


def _parse(record: bytes) -> Post:
    try:
        return decode_post(record)
    except PostError as error:
        if error.reason != "invalid":
            raise
    return checked(read(_decoder, record))


def _parse_rows(rows: list[bytes], _: Given) -> list[Post] | None:
    return decode_all_posts(rows)


def _knows(value: dict[str, Any]) -> bool:
    return {"id", "author", "time", "text"} <= value.keys()


FORMATS = (Format("post", _parse, _knows, _parse_rows, rank=10),)
