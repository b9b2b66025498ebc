"""Posts and comments of Lemmy, as its API gives them in lists, searches and threads."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.activities import account, server_of
from pipeline.sources.archives.formats.base import HIDDEN, Format, Hidden, Word, build, edited, short, web_address
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import Post, PostError

_CLOSED = frozenset({"localonly", "localonlypublic", "localonlyprivate", "private"})  # since version 1 with bars


class _Said(msgspec.Struct):
    id: Word
    ap_id: Word | None = None
    published: str | None = None
    published_at: str | None = None  # since version 1
    updated: str | None = None
    updated_at: str | None = None
    name: str | None = None  # of a post: its title
    body: str | None = None
    content: str | None = None  # of a comment
    url: str | None = None
    removed: bool | None = None
    deleted: bool | None = None


class _Creator(msgspec.Struct):
    name: Word
    actor_id: Word | None = None
    ap_id: Word | None = None  # since version 1
    display_name: str | None = None
    avatar: str | None = None
    bot_account: bool | None = None


class _Community(msgspec.Struct):
    visibility: Any = None


class _View(msgspec.Struct):
    creator: _Creator
    post: _Said | None = None
    comment: _Said | None = None
    community: _Community | None = None


_decoder = msgspec.json.Decoder(_View)


def parse(record: bytes) -> Post | Hidden | None:
    """The post in the view of a post or a comment; None where its text was taken away, HIDDEN where its community is
    not for everybody. Raises PostError."""
    view = read(_decoder, record)
    said = view.comment or view.post
    if said is None:
        raise PostError("invalid", "neither a post nor a comment")
    if view.community is not None and str(view.community.visibility).replace("_", "").lower() in _CLOSED:
        return HIDDEN
    text = "\n\n".join(part for part in (said.name, said.body, said.content) if part)
    if said.removed or said.deleted or not text:
        return None
    person = account(view.creator.ap_id or view.creator.actor_id or view.creator.name)
    when = said.published_at or said.published
    if when is None:
        raise PostError("time", "no time - at `$.published`")
    post = build(
        said.ap_id or said.id,
        person,
        text,
        moment_ms(when, "$.published"),
        source="lemmy",
        url=web_address(said.ap_id) or web_address(said.url),
        author_name=short(view.creator.display_name),
        avatar=web_address(view.creator.avatar),
        bot=bool(view.creator.bot_account),
        server=server_of(person),
    )
    return edited(post, said.updated_at or said.updated)


def _knows(value: dict[str, Any]) -> bool:
    creator = value.get("creator")
    if not isinstance(creator, dict) or not ("actor_id" in creator or "ap_id" in creator):
        return False
    said = value.get("comment") or value.get("post")
    return isinstance(said, dict) and ("published" in said or "published_at" in said)


FORMATS = (Format("lemmy", parse, _knows, rank=21),)
