"""Comments and videos of YouTube, as its API gives them."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import HIDDEN, Fault, Format, One, Parsed, Word, build, each, edited, short
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import PostError


class _Channel(msgspec.Struct):
    value: Word = ""


class _Snippet(msgspec.Struct):
    publishedAt: str  # noqa: N815 - the field's name
    textOriginal: str | None = None  # noqa: N815 - the field's name
    textDisplay: str | None = None  # noqa: N815 - the field's name
    title: str | None = None
    description: str | None = None
    authorChannelId: _Channel | None = None  # noqa: N815 - the field's name
    authorDisplayName: str | None = None  # noqa: N815 - the field's name
    channelId: Word | None = None  # noqa: N815 - the field's name
    channelTitle: str | None = None  # noqa: N815 - the field's name
    updatedAt: str | None = None  # noqa: N815 - the field's name
    defaultLanguage: str | None = None  # noqa: N815 - the field's name
    moderationStatus: str = "published"  # noqa: N815 - the field's name


class _Status(msgspec.Struct):
    privacyStatus: str = "public"  # noqa: N815 - the field's name


class _Thing(msgspec.Struct):
    kind: str
    id: Any
    snippet: _Snippet
    status: _Status | None = None


class _Thread(msgspec.Struct):
    topLevelComment: msgspec.Raw  # noqa: N815 - the field's name
    isPublic: bool = True  # noqa: N815 - the field's name


class _Replies(msgspec.Struct):
    comments: list[msgspec.Raw]


class _Comments(msgspec.Struct):
    snippet: _Thread
    replies: _Replies | None = None


_comments = msgspec.json.Decoder(_Comments)
_thing = msgspec.json.Decoder(_Thing)


def parse(record: bytes) -> Parsed:
    """A video, a comment, or a comment and those that answer it; HIDDEN for what not everybody may see. Raises
    PostError."""
    if b'"topLevelComment"' not in record:
        return _post(record)
    thread = read(_comments, record)
    answers = thread.replies.comments if thread.replies is not None else ()
    found: list[One | Fault] = each([thread.snippet.topLevelComment, *answers], _post)
    return found if thread.snippet.isPublic else [HIDDEN for _ in found]


def _post(record: bytes) -> One:
    thing = read(_thing, record)
    snippet = thing.snippet
    is_private = thing.status is not None and thing.status.privacyStatus == "private"
    if is_private or snippet.moderationStatus != "published":
        return HIDDEN
    video = thing.id.get("videoId") if isinstance(thing.id, dict) else None  # of a search
    text = snippet.textOriginal or (text_of(snippet.textDisplay) if snippet.textDisplay else None)
    person = snippet.authorChannelId.value if snippet.authorChannelId is not None else ""
    if text is None:
        text = "\n\n".join(part for part in (snippet.title, snippet.description) if part)
        person = snippet.channelId or ""
        video = video or thing.id
    name = video or thing.id
    if not isinstance(name, str):
        raise PostError("invalid", "it is named nowhere - at `$.id`")
    shown = snippet.authorDisplayName or snippet.channelTitle
    post = build(
        name,
        (person or shown or "")[:256],
        text,
        moment_ms(snippet.publishedAt, "$.snippet.publishedAt"),
        source="youtube",
        lang=short(snippet.defaultLanguage, 64),
        url=f"https://www.youtube.com/watch?v={video}" if isinstance(video, str) and len(video) <= 64 else None,
        author_name=short(shown),
    )
    return edited(post, snippet.updatedAt if snippet.updatedAt != snippet.publishedAt else None)


def _knows(value: dict[str, Any]) -> bool:
    return value.get("kind") in _KINDS and isinstance(value.get("snippet"), dict)


_KINDS = ("youtube#commentThread", "youtube#comment", "youtube#video", "youtube#searchResult")
FORMATS = (Format("youtube", parse, _knows, rank=15),)
