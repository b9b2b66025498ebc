"""Tweets as Twitter's own pages fetch them, and as programs that look on there keep them."""

from __future__ import annotations

from typing import Any

import orjson

from pipeline.sources.archives.formats import tweets1
from pipeline.sources.archives.formats.base import Format, One
from schemas import PostError


def parse(record: bytes) -> One:
    """The post in one tweet; None where the page shows that there is none any more. Raises PostError."""
    try:
        value = orjson.loads(record)
    except orjson.JSONDecodeError as error:
        raise PostError("not-json", str(error)) from None
    return tweets1.parse(orjson.dumps(_plain(value)))


def _plain(value: Any) -> dict[str, Any]:
    """The tweet as the first version of the interface has it."""
    tweet = _object(value, "tweet") or _object(value)
    legacy = _object(tweet, "legacy")
    if not legacy:
        raise PostError("invalid", "Object missing required field `legacy`")
    person = _object(tweet, "core", "user_results", "result")
    plain = {
        **legacy,
        "id_str": legacy.get("id_str") or tweet.get("rest_id"),
        "user": {
            "id_str": person.get("rest_id"),
            **_object(person, "legacy"),
            **_object(person, "core"),
            **_object(person, "privacy"),
        },
    }
    note = _object(tweet, "note_tweet", "note_tweet_results", "result")
    if "text" in note:
        plain["extended_tweet"] = {"full_text": note["text"], "entities": note.get("entity_set")}
    if original := _object(legacy, "retweeted_status_result", "result"):
        plain["retweeted_status"] = _plain(original)
    return plain


def _object(value: Any, *path: str) -> dict[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _knows(value: dict[str, Any]) -> bool:
    tweet = _object(value, "tweet") or value
    return "full_text" in _object(tweet, "legacy") and bool(_object(tweet, "core", "user_results"))


FORMATS = (Format("twitter-page", parse, _knows, rank=29),)
