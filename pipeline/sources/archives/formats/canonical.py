"""upswell's own posts, one JSON object a line: the messages of the `posts` topic in a file."""

from __future__ import annotations

import msgspec

from pipeline.sources.archives.formats.base import Format
from schemas import Post, decode_post

_decode = msgspec.json.Decoder(Post).decode


def _parse_rows(rows: list[bytes]) -> list[Post]:
    return list(map(_decode, rows))


FORMAT = Format("post", decode_post, _parse_rows)
