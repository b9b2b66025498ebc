"""Tweets of the archive that Twitter gives its users: those of one account, which they do not name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from pipeline.sources.archives.formats import tweets1
from pipeline.sources.archives.formats.base import Format, Given, Parsed
from schemas import PostError


def _with_author(author: str | None) -> Callable[[bytes], Parsed]:
    def parse(record: bytes) -> Parsed:
        try:
            value = orjson.loads(record)
        except orjson.JSONDecodeError as error:
            raise PostError("not-json", str(error)) from None
        if not isinstance(value, dict) or not _knows(value):
            raise PostError("invalid", "no tweet of an account's archive")
        tweet = value.get("tweet", value)
        if author is None:
            raise PostError("invalid", "whose tweets these are is not said: name the account with --author")
        return tweets1.parse(msgspec.json.encode({**tweet, "user": {"screen_name": author.removeprefix("@")}}))

    return parse


def _given(given: Given) -> Callable[[bytes], Parsed]:
    return _with_author(given.author)


def _knows(value: dict[str, Any]) -> bool:
    tweet = value.get("tweet", value)
    return (
        isinstance(tweet, dict)
        and "user" not in tweet
        and "created_at" in tweet
        and ("id_str" in tweet or "id" in tweet)
        and ("full_text" in tweet or ("text" in tweet and ("retweeted" in tweet or "entities" in tweet)))
        and "author_id" not in tweet
        and "author" not in tweet
    )


FORMATS = (Format("twitter-archive", _with_author(None), _knows, rank=35, given=_given),)
