"""Posts of LinkedIn, as its API gives them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, build
from pipeline.sources.archives.mend import read
from schemas import Post, PostError

_HASHTAG = re.compile(r"\{hashtag\|\\?#\|([^}|]*)\}")
_MENTION = re.compile(r"@\[([^\]]*)\]\(urn:li:[^)]*\)")
_ESCAPED = re.compile(r"\\([|{}@\[\]()<>#\\*_~])")


class _Share(msgspec.Struct):
    id: str
    author: str
    commentary: str
    visibility: str
    lifecycleState: str = "PUBLISHED"  # noqa: N815 - the field's name
    publishedAt: int | None = None  # noqa: N815 - the field's name
    createdAt: int | None = None  # noqa: N815 - the field's name


_decoder = msgspec.json.Decoder(_Share)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in one share; HIDDEN where not everybody may see it, None where it has no text. Raises PostError."""
    share = read(_decoder, record)
    if share.visibility != "PUBLIC" or share.lifecycleState != "PUBLISHED":
        return HIDDEN
    if not share.commentary:
        return None
    when = share.publishedAt or share.createdAt
    if when is None:
        raise PostError("time", "neither publishedAt nor createdAt")
    return build(share.id, share.author, _text(share.commentary), when, source="linkedin")


def _text(commentary: str) -> str:
    r"""What its reader sees.

    >>> _text(r"we are {hashtag|\#|hiring} with @[Ana S](urn:li:person:a) \(soon\)")
    'we are #hiring with Ana S (soon)'
    """
    return _ESCAPED.sub(r"\1", _MENTION.sub(r"\1", _HASHTAG.sub(r"#\1", commentary)))


def _knows(value: dict[str, Any]) -> bool:
    author = value.get("author")
    return "commentary" in value and "visibility" in value and isinstance(author, str) and author.startswith("urn:li:")


FORMATS = (Format("linkedin", parse, _knows),)
