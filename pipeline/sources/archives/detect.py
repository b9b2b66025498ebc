"""Which format an archive is in, told from its content."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

from pipeline.sources.archives.formats import activities, canonical, jetstream, mastodon, tweets1, tweets2
from pipeline.sources.archives.formats.base import Format

JSON_FORMATS: dict[str, Format] = {
    shape.name: shape
    for shape in (canonical.FORMAT, tweets1.FORMAT, tweets2.FORMAT, tweets2.TWARC, mastodon.FORMAT, activities.FORMAT,
                  jetstream.FORMAT)
}
_ACTIVITIES = frozenset({
    "Create", "Announce", "Note", "Article", "Question", "Delete", "Update", "Like", "Follow", "Undo", "Accept", "Add",
    "OrderedCollection", "OrderedCollectionPage",
})


def recognise(record: bytes) -> str | None:
    """The name of the format that one JSON record is in; None when it is in none that is known."""
    try:
        value = orjson.loads(record)
    except orjson.JSONDecodeError:
        return None
    return _of(value) if isinstance(value, dict) else None


def _of(value: dict[str, Any]) -> str | None:
    if "did" in value and "time_us" in value:
        return "jetstream"
    if "author" in value and "time" in value and "text" in value:
        return "post"
    if "orderedItems" in value or (value.get("type") in _ACTIVITIES and (
            "actor" in value or "attributedTo" in value or "object" in value)):
        return "activitystreams"
    if "account" in value and "content" in value:
        return "mastodon"
    if ("created_at" in value and isinstance(value.get("user"), dict)) or isinstance(value.get("tweet"), dict):
        return "tweet-v1"
    if "data" in value and ("includes" in value or "meta" in value or _is_tweet2(value["data"])):
        return "tweet-v2"
    if _is_tweet2(value):
        return "tweet-v2"
    if len(value) <= 3 and not tweets1.NOTICES.isdisjoint(value):
        return "tweet-v1"
    return None


def _is_tweet2(value: Any) -> bool:
    if isinstance(value, list):
        value = value[0] if value else None
    return isinstance(value, dict) and "id" in value and "text" in value and (
        "author_id" in value or "edit_history_tweet_ids" in value or "__twarc" in value)


def most_common(records: list[bytes]) -> str | None:
    """The format most of the records are in; None when none is recognised."""
    found = Counter(name for record in records if (name := recognise(record)))
    return found.most_common(1)[0][0] if found else None
