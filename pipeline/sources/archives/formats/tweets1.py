"""Twitter's v1.1 JSON, one tweet a line: streams, archives and twarc's first generation."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import Any

import msgspec
import orjson

from pipeline.sources.archives.formats.base import (
    HIDDEN,
    Deletion,
    Format,
    Given,
    One,
    Word,
    declared,
    edition,
    hearing,
    media_of,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.numbered import People
from schemas import Post, PostError
from schemas.posts import Media, checked, checked_all, parse_time

# what a stream says beside tweets
NOTICES = frozenset(
    {
        "delete",
        "limit",
        "scrub_geo",
        "status_withheld",
        "user_withheld",
        "disconnect",
        "warning",
        "friends",
        "event",
        "control",
        "for_user",
    }
)
_CREATED = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d\d) (\d\d):([0-5]\d):([0-6]\d) \+0000 (\d{4})", re.ASCII)


class _Tag(msgspec.Struct, gc=False):
    text: str


class _Medium(msgspec.Struct, gc=False):
    media_url_https: str | None = None
    type: str = "photo"
    ext_alt_text: str | None = None


class _Entities(msgspec.Struct, gc=False):
    hashtags: list[_Tag] | None = None
    symbols: list[_Tag] | None = None
    media: list[_Medium] | None = None


class _Extended(msgspec.Struct, gc=False):
    full_text: str
    entities: _Entities | None = None
    extended_entities: _Entities | None = None


class _User(msgspec.Struct, gc=False):
    screen_name: Word | None = None
    id_str: Word | None = None
    id: int | None = None
    name: str | None = None
    profile_image_url_https: str | None = None
    protected: Any = None


class _Status(msgspec.Struct, gc=False):
    id_str: Word | None = None
    id: int | None = None
    text: str | None = None
    full_text: str | None = None
    extended_tweet: _Extended | None = None
    entities: _Entities | None = None
    extended_entities: _Entities | None = None


class _EditHistory(msgspec.Struct, gc=False):
    initial_tweet_id: Word | None = None


class _EditControl(msgspec.Struct, gc=False):
    edit_tweet_ids: list[Word] | None = None


class _Original(_Status, gc=False):
    user: _User | None = None


class _Tweet(_Status, kw_only=True, gc=False):
    created_at: str
    user: _User
    lang: Word | None = None
    retweeted_status: _Original | None = None
    edit_history: _EditHistory | None = None
    edit_control: _EditControl | None = None
    limited_actions: Any = None  # what tells tweets to a circle
    exclusive_tweet_control: Any = None  # of those to who pays for them
    friendica_private: Any = None  # Friendica speaks as Twitter did


_decoder = msgspec.json.Decoder(_Tweet)


def parse(record: bytes, people: People | None = None) -> One:
    """The post in one tweet, bare or within `{"tweet": ...}`; a Deletion, or None for another notice of the stream;
    HIDDEN for a tweet of a protected account. `people` hear who wrote it. Raises PostError.
    """
    try:
        tweet = read(_decoder, record)
    except PostError as error:
        if error.reason != "invalid":
            raise
        try:
            fields = orjson.loads(record)
        except orjson.JSONDecodeError:
            raise error from None
        if not isinstance(fields, dict):
            raise
        if isinstance(fields.get("tweet"), dict):
            tweet = _convert(fields["tweet"])
        elif _is_notice(fields):
            return _deletion(fields)
        else:
            raise
    if people is not None:
        people.heard("twitter", [(tweet.user.id_str or str(tweet.user.id or ""), tweet.user.screen_name)])
    return HIDDEN if _is_protected(tweet) else checked(_post(tweet))


def _is_protected(tweet: _Tweet) -> bool:
    if tweet.limited_actions is not None and "trusted_friends" in str(tweet.limited_actions):
        return True
    if (
        tweet.exclusive_tweet_control is not None
        or says_yes(tweet.friendica_private)
        or (tweet.user.protected and says_yes(tweet.user.protected))
    ):
        return True
    original = tweet.retweeted_status
    return original is not None and original.user is not None and says_yes(original.user.protected)


def _convert(fields: dict[str, Any]) -> _Tweet:
    try:
        return msgspec.convert(fields, _Tweet)
    except msgspec.ValidationError as error:
        raise PostError("invalid", str(error).replace("`$", "`$.tweet")) from None


def _parse_rows(rows: list[bytes], given: Given) -> list[Post] | None:
    try:
        tweets = list(map(_decoder.decode, rows))
        if any(map(_is_protected, tweets)):
            return None
        posts = checked_all(list(map(_post, tweets)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, PostError):
        return None
    given.people.heard("twitter", [(tweet.user.id_str, tweet.user.screen_name) for tweet in tweets])
    return posts


def _post(tweet: _Tweet) -> Post:
    user = tweet.user
    name = user.screen_name
    author = name or user.id_str or str(user.id or "")
    if not author:
        raise PostError("invalid", "neither screen_name nor id_str - at `$.user`")
    original = tweet.retweeted_status
    shown = tweet if original is None or not _says(original) else original
    text, entities, pictures = _content(shown)
    id_str = tweet.id_str or _number(tweet.id, "$.id_str")
    post = Post(
        id=id_str,
        author=author,
        text=text,
        time=created_ms(tweet.created_at),
        source="twitter",
        lang=tweet.lang,
        repost_of=None if shown is tweet else shown.id_str or _number(shown.id, "$.retweeted_status.id_str"),
        tags=_tags(entities) if entities is not None else None,
        url=f"https://twitter.com/{name}/status/{id_str}" if name and _plain(name) and _plain(id_str) else None,
        author_name=short(user.name),
        avatar=web_address(user.profile_image_url_https),
        media=_media(pictures) if pictures else None,
    )
    versions = _versions(tweet, id_str)
    return edition(post, int(id_str), versions) if len(versions) > 1 and id_str.isdigit() else post


def _versions(tweet: _Tweet, id_str: str) -> list[str]:
    """The ids of what is known to be the same tweet, the first one first: an edit has an id of its own."""
    versions = list(tweet.edit_control.edit_tweet_ids or ()) if tweet.edit_control is not None else []
    if tweet.edit_history is not None and tweet.edit_history.initial_tweet_id:
        versions.insert(0, tweet.edit_history.initial_tweet_id)
    return list(dict.fromkeys([*versions, id_str]))


def _says(status: _Status) -> bool:
    """Whether it is a tweet: some programs write an empty one for none."""
    return status.extended_tweet is not None or status.full_text is not None or status.text is not None


def _content(status: _Status) -> tuple[str, _Entities | None, list[_Medium] | None]:
    """Text, entities and pictures, of the longest form there is."""
    long = status.extended_tweet
    text: str | None
    if long is not None:
        text, entities, extended = long.full_text, long.entities, long.extended_entities
    else:
        text, entities, extended = status.full_text or status.text, status.entities, status.extended_entities
    if text is None:
        raise PostError("invalid", "Object missing required field `text`")
    if len(text) > 65_536:
        raise PostError("invalid", f"{len(text)} characters, at most 65536 are allowed - at `$.text`")
    pictures = None
    if extended is not None and extended.media:
        pictures = extended.media
    elif entities is not None:
        pictures = entities.media
    return unescaped(text), entities, pictures


def unescaped(text: str) -> str:
    """The text without the three HTML entities Twitter writes into it.

    >>> unescaped("R&amp;D &lt;3 &amp;lt;")
    'R&D <3 &lt;'
    """
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _tags(entities: _Entities) -> list[str] | None:
    if not entities.hashtags and not entities.symbols:
        return None
    return declared(
        [f"#{tag.text}" for tag in entities.hashtags or ()] + [f"${tag.text}" for tag in entities.symbols or ()]
    )


def _media(pictures: list[_Medium]) -> list[Media] | None:
    return media_of(
        (medium.media_url_https, "image" if medium.type == "photo" else "video", medium.ext_alt_text)
        for medium in pictures
    )


def _plain(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum()


def _number(value: int | None, path: str) -> str:
    if value is None or not 0 <= value < 1 << 64:
        raise PostError("invalid", f"neither id_str nor a sound id - at `{path}`")
    return str(value)


def created_ms(created_at: str) -> int:
    """Milliseconds of Twitter's `created_at`, or of RFC 3339; raises PostError with reason `time`.

    >>> created_ms("Thu May 01 00:02:47 +0000 2014")
    1398902567000
    """
    found = _CREATED.fullmatch(created_at)
    if found is None:
        return parse_time(created_at, "$.created_at")
    day, hour, minute, second, year = found.groups()
    start_ms = _day_ms(day, year)
    if start_ms is None or hour > "23":
        raise PostError("time", f"{created_at[:40]!r} is not a date - at `$.created_at`")
    return start_ms + (int(hour) * 3_600 + int(minute) * 60 + min(int(second), 59)) * 1_000


_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}


@functools.lru_cache(maxsize=1_024)
def _day_ms(day: str, year: str) -> int | None:
    try:
        moment = dt.datetime(int(year), _MONTHS[day[:3]], int(day[4:]), tzinfo=dt.UTC)
    except (ValueError, KeyError):
        return None
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).days * 86_400_000


def _knows(value: dict[str, Any]) -> bool:
    if "created_at" in value and isinstance(user := value.get("user"), dict):
        if not user or user.keys() & {"screen_name", "id_str"}:
            return True
        is_of_another = not user.keys().isdisjoint(("username", "login"))
        return "id" in user and not is_of_another and not value.keys().isdisjoint(("text", "full_text"))
    inner = value.get("tweet")
    return (isinstance(inner, dict) and "user" in inner) or _is_notice(value)


def _deletion(notice: dict[str, Any]) -> Deletion | None:
    told = notice.get("delete")
    status = told.get("status") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(status, dict):
        return None
    name, at = status.get("id_str") or status.get("id"), str(told.get("timestamp_ms", ""))
    if not isinstance(name, (str, int)):
        return None
    return Deletion("twitter", str(name)[:256], int(at) if at.isascii() and at.isdigit() and len(at) < 15 else None)


def _is_notice(fields: dict[str, Any]) -> bool:
    if "event" in fields:  # or else of another network, with a record in it
        return {"source", "target"} <= fields.keys()
    return len(fields) <= 3 and not NOTICES.isdisjoint(fields) and "payload" not in fields and "data" not in fields


FORMATS = (Format("tweet-v1", parse, _knows, _parse_rows, rank=30, given=hearing(parse)),)
