"""Mastodon statuses as its API gives them, one a line or in a JSON array."""

from __future__ import annotations

import msgspec

from pipeline.sources.archives.formats.base import (
    Format,
    Word,
    build,
    declared,
    media_of,
    short,
    web_address,
)
from pipeline.sources.archives.formats.markup import text_of
from schemas import Post
from schemas.posts import decoded


class _Account(msgspec.Struct):
    acct: Word
    display_name: str | None = None
    avatar: str | None = None


class _Tag(msgspec.Struct):
    name: str


class _Medium(msgspec.Struct):
    type: str = "image"
    url: str | None = None
    description: str | None = None


class _Original(msgspec.Struct):
    id: Word
    content: str
    tags: list[_Tag] | None = None
    media_attachments: list[_Medium] | None = None
    language: Word | None = None
    uri: str | None = None


class _Status(_Original, kw_only=True):
    created_at: str
    account: _Account
    url: str | None = None
    reblog: _Original | None = None


_decoder = msgspec.json.Decoder(_Status)


def parse(record: bytes) -> Post:
    """The post in one status; of a boost the text, tags and language of what is boosted. Raises PostError."""
    status = decoded(_decoder, record)
    shown = status.reblog or status
    return build(
        status.id,
        status.account.acct,
        text_of(shown.content),
        status.created_at,
        source="mastodon",
        lang=short(shown.language, 64),
        repost_of=status.reblog.id or None if status.reblog is not None else None,
        tags=declared(f"#{tag.name.removeprefix('#')}" for tag in shown.tags or ()),
        url=web_address(status.url) or web_address(status.uri),
        author_name=short(status.account.display_name),
        avatar=web_address(status.account.avatar),
        media=media_of((medium.url, medium.type, medium.description) for medium in shown.media_attachments or ()),
    )


FORMAT = Format("mastodon", parse)
