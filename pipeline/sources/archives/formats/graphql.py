"""Tweets as Twitter's own pages fetch them, and as programs that look on there keep them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import orjson

from pipeline.sources.archives.formats import tweets1
from pipeline.sources.archives.formats.base import PAGE_BYTES, Format, Parsed, each, hearing
from pipeline.sources.archives.mend import strictly
from pipeline.sources.archives.numbered import People
from schemas import PostError

_DEPTH = 8  # keys under which the timeline of an answer may stand


def parse(record: bytes, people: People | None = None) -> Parsed:
    """The post in one tweet, or those in the timeline that a page was answered with; None where there is none any
    more. `people` hear who wrote them. Raises PostError."""
    value = strictly(record)
    if not _is_tweet(value) and (timeline := _timeline(value)) is not None:
        return each(map(msgspec.Raw, map(orjson.dumps, _shown(timeline))), partial(parse, people=people))
    return tweets1.parse(orjson.dumps(_plain(value)), people)


def _timeline(value: dict[str, Any]) -> list[Any] | None:
    data = _object(value, "data")
    if _is_tweet(single := _object(data, "tweetResult", "result")):
        return [{"tweet_results": {"result": single}}]
    level = [data]
    for _ in range(_DEPTH):
        for holder in level:
            if isinstance(holder.get("instructions"), list):
                return list(holder["instructions"])
        level = [inner for holder in level for inner in holder.values() if isinstance(inner, dict)]
    return None


def _shown(value: Any) -> Iterator[dict[str, Any]]:
    """The tweets that a timeline shows, not those that they answer or quote."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        result = _object(holder, "tweet_results", "result")
        if _is_tweet(result):
            if not _object(holder, "promotedMetadata"):  # who looks on did not ask for what is advertised
                yield result
        elif isinstance(holder, (dict, list)):
            waiting += holder.values() if isinstance(holder, dict) else holder


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
    if _object(tweet, "trusted_friends_info_result"):
        plain["limited_actions"] = "limit_trusted_friends_tweet"
    if exclusive := _object(tweet, "exclusive_tweet_info"):
        plain["exclusive_tweet_control"] = exclusive
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


def _is_tweet(value: dict[str, Any]) -> bool:
    tweet = _object(value, "tweet") or value
    return "full_text" in _object(tweet, "legacy") and bool(_object(tweet, "core", "user_results"))


def _knows(value: dict[str, Any]) -> bool:
    return _is_tweet(value) or _timeline(value) is not None


FORMATS = (Format("twitter-page", parse, _knows, limit=PAGE_BYTES, rank=29, given=hearing(parse)),)
