"""Tweets of the archive that Twitter gives its users: those of one account, which they do not name."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from pipeline.sources.archives.account import Note
from pipeline.sources.archives.formats import tweets1
from pipeline.sources.archives.formats.base import Format, Given, Parsed
from pipeline.sources.archives.mend import strictly
from schemas import PostError

_BEGINNING = 64  # characters by which whole texts are looked up; what was cut has more
_NEAR_MS = 60_000  # between a tweet and its whole text
_ELLIPSIS = re.compile(r"\s*…?(?:\s*https://t\.co/\w+)?$")
_ANSWERED = re.compile(r"^(?:@\w{1,20}\s+)+")


def _reader(author: str | None, notes: tuple[Note, ...]) -> Callable[[bytes], Parsed]:
    texts: dict[str, list[tuple[int, str]]] = {}  # whole ones by how they begin
    for note in notes:
        with suppress(PostError):
            text = _said(note.text)
            texts.setdefault(text[:_BEGINNING], []).append((tweets1.created_ms(note.created_at), text))

    def whole(tweet: dict[str, Any]) -> str | None:
        """The text of which a tweet holds the beginning: of several alike the one of its time."""
        cut = _said(str(tweet.get("full_text") or tweet.get("text") or ""))
        begins = _ELLIPSIS.sub("", cut)
        time_ms = tweets1.created_ms(str(tweet["created_at"]))
        near = [
            (abs(at - time_ms), text)
            for at, text in texts.get(begins[:_BEGINNING], ())
            if abs(at - time_ms) <= _NEAR_MS and text.startswith(begins) and len(text) > len(cut)
        ]
        return min(near)[1] if near else None

    def parse(record: bytes) -> Parsed:
        value = strictly(record)
        if not isinstance(value, dict) or not _knows(value):
            raise PostError("invalid", "no tweet of an account's archive")
        tweet = value.get("tweet", value)
        if author is None:
            raise PostError("invalid", "whose tweets these are is not said: name the account with --author")
        if texts and (text := whole(tweet)) is not None:
            tweet = {**tweet, "full_text": text}
        return tweets1.parse(msgspec.json.encode({**tweet, "user": {"screen_name": author.removeprefix("@")}}))

    return parse


def _said(text: str) -> str:
    """What somebody says, without whom they answer: the whole texts do not hold these names."""
    return _ANSWERED.sub("", tweets1.unescaped(text).strip())


def _given(given: Given) -> Callable[[bytes], Parsed]:
    return _reader(given.author, given.notes)


def _knows(value: dict[str, Any]) -> bool:
    tweet = value.get("tweet", value)
    return (
        isinstance(tweet, dict)
        and "user" not in tweet
        and "created_at" in tweet
        and ("id_str" in tweet or "id" in tweet)
        and ("full_text" in tweet or ("text" in tweet and ("retweeted" in tweet or "entities" in tweet)))
        and tweet.keys().isdisjoint(("author_id", "author", "user_name", "username", "screen_name", "user_screen_name"))
    )


FORMATS = (Format("twitter-archive", _reader(None, ()), _knows, rank=35, given=_given),)
