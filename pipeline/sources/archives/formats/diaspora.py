"""Posts and comments of Diaspora, as its API and its pages give them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, Word, build, short
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post


class _Author(msgspec.Struct):
    diaspora_id: Word
    name: str | None = None


class _Original(msgspec.Struct):
    guid: Word
    body: str | None = None
    text: str | None = None


class _Said(_Original, kw_only=True):
    created_at: str
    author: _Author
    public: Any = True
    root: _Original | None = None


_decoder = msgspec.json.Decoder(_Said)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one status, comment or reshare; HIDDEN where it was for some alone, None where it has no text. Raises
    PostError."""
    said = read(_decoder, record)
    if said.public not in (True, 1, "true"):
        return HIDDEN
    shown = said.root or said
    text = shown.body or shown.text
    if not text:
        return None
    return build(
        said.guid,
        said.author.diaspora_id,
        text,
        moment_ms(said.created_at, "$.created_at"),
        source="diaspora",
        repost_of=said.root.guid if said.root is not None else None,
        author_name=short(said.author.name),
    )


def _knows(value: dict[str, Any]) -> bool:
    author = value.get("author")
    return {"guid", "created_at"} <= value.keys() and isinstance(author, dict) and "diaspora_id" in author


FORMATS = (Format("diaspora", parse, _knows),)
