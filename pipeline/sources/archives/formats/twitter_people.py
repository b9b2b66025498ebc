"""People of Twitter as files keep them apart from their tweets: they say who is who, and hold no post."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.sources.archives.formats.base import PAGE_BYTES, Format, Parsed, hearing
from pipeline.sources.archives.mend import strictly
from pipeline.sources.archives.numbered import People
from schemas import PostError

_OF_POSTS = frozenset({"text", "full_text", "tweet", "content", "message", "body", "caption", "user", "author"})
_OF_THE_FIRST = frozenset({"followers_count", "friends_count", "profile_image_url_https"})
_OF_THE_SECOND = frozenset(
    {
        *("id", "username", "name", "created_at", "description", "entities", "location", "pinned_tweet_id"),
        *("profile_image_url", "protected", "public_metrics", "url", "verified", "verified_type", "withheld"),
        *("most_recent_tweet_id", "profile_banner_url", "subscription_type", "pinned_tweet", "affiliation", "__twarc"),
        *("is_identity_verified", "parody", "receives_your_dm", "connection_status"),
    }
)


def parse(record: bytes, people: People | None = None) -> Parsed:
    """None: `people` hear whom the record names. Raises PostError."""
    value = strictly(record)
    if not isinstance(value, dict) or not _knows(value):
        raise PostError("invalid", "nobody of Twitter")
    if people is not None:
        people.heard("twitter", map(_pair, _people_in(value)))
    return None


def _people_in(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in (value.get("data"), value.get("users"), [value]):
        yield from filter(_is_person, each if isinstance(each, list) else [each])


def _pair(person: dict[str, Any]) -> tuple[str, str]:
    return str(person.get("id_str") or person.get("id")), str(person.get("username") or person.get("screen_name"))


def _is_person(value: Any) -> bool:
    """An object of either version of the interface, which says nothing that a post could."""
    if not isinstance(value, dict) or not str(value.get("id_str") or value.get("id")).isdigit():
        return False
    if "screen_name" in value:
        return value.keys().isdisjoint(_OF_POSTS) and not value.keys().isdisjoint(_OF_THE_FIRST)
    return "username" in value and value.keys() <= _OF_THE_SECOND


def _knows(value: dict[str, Any]) -> bool:
    return value.keys().isdisjoint(_OF_POSTS) and next(_people_in(value), None) is not None


FORMATS = (
    Format("twitter-people", parse, _knows, limit=PAGE_BYTES, rank=28, may_be_inside=False, given=hearing(parse)),
)
