"""How the networks of the demo tell a post, and that it is gone, each in its own form."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import html
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from pipeline.sources.archives.formats.jetstream import POST
from pipeline.sources.archives.formats.nostr import DELETION, NOTE, Event
from pipeline.sources.live.nostr import id_of
from schemas import Post

_encode = msgspec.json.encode


def status(post: Post) -> bytes:
    """A status of Mastodon."""
    pictures = [{"type": "image", "url": it.url, "description": it.description} for it in post.media or ()]
    return _encode(
        {
            "id": post.id,
            "uri": post.id,
            "created_at": _rfc3339(post),
            "account": {"acct": post.author, "display_name": post.author_name, "avatar": post.avatar},
            "content": f"<p>{html.escape(post.text)}</p>",
            "visibility": "public",
            "language": post.lang,
            "tags": [{"name": tag} for tag in post.tags or ()],
            "media_attachments": pictures,
            "reblog": None,
        }
    )


def commit(post: Post, now_ms: int) -> tuple[str, bytes]:
    """A frame of Jetstream, and the address of the record that it is of."""
    did, rkey = f"did:web:{post.author}", post.id.rpartition("/")[2]
    told: dict[str, Any] = {"operation": "delete", "collection": POST, "rkey": rkey}
    if post.deleted is None:
        record = {"$type": POST, "text": post.text, "createdAt": _rfc3339(post), "langs": [post.lang or "en"]}
        told |= {"operation": "create", "record": record}
    frame = {"did": did, "time_us": now_ms * 1_000, "kind": "commit", "commit": told}
    return f"at://{did}/{POST}/{rkey}", _encode(frame)


def note(post: Post, tags: Sequence[str], now_ms: int) -> tuple[Event, Event]:
    """The event of Nostr that a post is there, and what is told now: itself, or its deletion (kind 5)."""
    key = hashlib.sha256(post.author.encode()).hexdigest()
    said = Event("", key, int(post.time) // 1_000, NOTE, post.text, [["t", tag] for tag in tags])
    said.id = id_of(said)
    if post.deleted is None:
        return said, said
    gone = Event("", key, now_ms // 1_000, DELETION, "", [["e", said.id]])
    gone.id = id_of(gone)
    return said, gone


def message(event: Event, subscription: str) -> bytes:
    """What a relay sends of an event."""
    return _encode(["EVENT", subscription, msgspec.structs.asdict(event) | {"sig": "0" * 128}])


def tweet(post: Post, rule: dict[str, str]) -> bytes:
    """A line of X's filtered stream."""
    entities = {"hashtags": [{"tag": tag.lstrip("#")} for tag in post.tags or ()]}
    data: dict[str, Any] = {
        "id": post.id,
        "text": post.text,
        "created_at": _rfc3339(post),
        "author_id": "1",
        "lang": post.lang,
    }
    user = {"id": "1", "username": post.author, "name": post.author_name, "profile_image_url": post.avatar}
    media = [
        {"media_key": f"3_{n}", "type": "photo", "url": it.url, "alt_text": it.description}
        for n, it in enumerate(post.media or ())
    ]
    data |= {"entities": entities, "attachments": {"media_keys": [it["media_key"] for it in media]}}
    return _encode({"data": data, "includes": {"users": [user], "media": media}, "matching_rules": [rule]}) + b"\r\n"


def rss(posts: Collection[Post]) -> str:
    """A newsroom's feed."""
    items = "".join(
        f'<item><guid isPermaLink="false">{html.escape(post.id)}</guid><description>{html.escape(post.text)}'
        f"</description><pubDate>{email.utils.format_datetime(_moment(post))}</pubDate></item>"
        for post in posts
    )
    title = "La rédaction"
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'


def _rfc3339(post: Post) -> str:
    return _moment(post).isoformat(timespec="milliseconds")


def _moment(post: Post) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(post.time) / 1_000, dt.UTC)
