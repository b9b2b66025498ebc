"""Comments on a video, as yt-dlp keeps them with it (`--write-comments`)."""

from __future__ import annotations

from typing import Any

import orjson

from pipeline.sources.archives.formats.base import HIDDEN, PAGE_BYTES, Fault, Format, One, Parsed, build, short
from pipeline.sources.archives.mend import strictly
from pipeline.sources.archives.times import moment_ms
from schemas import PostError

_SHOWN = (None, "public", "unlisted")


def parse(record: bytes) -> Parsed:
    """The comments on a video; HIDDEN for one that not everybody may see. Raises PostError."""
    video = strictly(record)
    if not isinstance(video, dict) or not _knows(video):
        raise PostError("invalid", "no video with comments")
    if video.get("availability") not in _SHOWN:
        return HIDDEN
    source = str(video.get("extractor_key") or "youtube").lower()[:64]
    found: list[One | Fault] = []
    for comment in video["comments"]:
        try:
            found.append(_comment(comment, source))
        except PostError as error:
            found.append(Fault(error, orjson.dumps(comment)))
    return found


def _comment(comment: Any, source: str) -> One:
    if not isinstance(comment, dict) or not comment.get("timestamp"):
        raise PostError("time", "no time - at `$.comments[...].timestamp`")
    return build(
        _word(comment.get("id")),
        _word(comment.get("author_id") or comment.get("author")),
        str(comment.get("text") or ""),
        moment_ms(comment["timestamp"], "$.comments[...].timestamp"),
        source=source,
        author_name=short(_word(comment.get("author"))),
    )


def _word(value: Any) -> str:
    return str(value or "")


def _knows(value: dict[str, Any]) -> bool:
    return (
        isinstance(value.get("comments"), list) and "id" in value and {"uploader", "extractor"} & value.keys() != set()
    )


FORMATS = (Format("yt-dlp", parse, _knows, limit=PAGE_BYTES, rank=17),)
