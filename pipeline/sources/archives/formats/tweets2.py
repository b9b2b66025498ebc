"""Twitter's v2 JSON: pages of `data` and `includes`, one tweet a line, and what twarc made of either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.sources.archives.formats import tweets1
from pipeline.sources.archives.formats.base import (
    HIDDEN,
    PAGE_BYTES,
    Format,
    One,
    Parsed,
    Word,
    build,
    declared,
    each,
    edition,
    hearing,
    media_of,
    says_yes,
    short,
    web_address,
)
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.numbered import People
from schemas import PostError


class _Tag(msgspec.Struct):
    tag: str


class _Entities(msgspec.Struct):
    hashtags: list[_Tag] | None = None
    cashtags: list[_Tag] | None = None


class _Note(msgspec.Struct):
    """The whole of a text that is longer than 280 characters."""

    text: str
    entities: _Entities | None = None


class _User(msgspec.Struct):
    id: Word | None = None
    username: Word | None = None
    name: str | None = None
    profile_image_url: str | None = None
    protected: Any = None


class _Medium(msgspec.Struct):
    media_key: str | None = None
    type: str = "photo"
    url: str | None = None
    preview_image_url: str | None = None
    alt_text: str | None = None


class _Attachments(msgspec.Struct):
    media_keys: list[str] | None = None
    media: list[_Medium] | None = None  # twarc puts them in place


class _Original(msgspec.Struct):
    text: str
    id: Word
    entities: _Entities | None = None
    note_tweet: _Note | None = None
    attachments: _Attachments | None = None


class _Reference(msgspec.Struct):
    type: str
    id: Word
    text: str | None = None  # twarc puts the tweet itself in place
    entities: _Entities | None = None
    note_tweet: _Note | None = None


class _Tweet(_Original, kw_only=True):
    created_at: str
    author_id: Word | None = None
    author: _User | None = None  # twarc puts it in place
    lang: Word | None = None
    referenced_tweets: list[_Reference] | None = None
    edit_history_tweet_ids: list[Word] | None = None


class _Includes(msgspec.Struct):
    users: list[_User] | None = None
    tweets: list[msgspec.Raw] | None = None
    media: list[_Medium] | None = None


class _Page(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    includes: _Includes | None = None
    meta: msgspec.Raw = msgspec.Raw()
    errors: msgspec.Raw = msgspec.Raw()


_page = msgspec.json.Decoder(_Page)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_tweet = msgspec.json.Decoder(_Tweet)
_original = msgspec.json.Decoder(_Original)


class _Known(msgspec.Struct):
    """What a page includes, by id."""

    users: Mapping[str, _User]
    tweets: Mapping[str, _Original]
    media: Mapping[str, _Medium]


_NOTHING = _Known({}, {}, {})


def parse(record: bytes, people: People | None = None) -> Parsed:
    """The posts of one page, or the post of one line; None where a page holds none. `people` hear whom it names.
    Raises PostError."""
    page = read(_page, record)
    data = bytes(page.data).strip()
    if data[:1] not in (b"[", b"{"):
        if not data and (bytes(page.meta) or bytes(page.errors)):
            return None
        return _post(record, _NOTHING, people)
    known = _known(page.includes) if page.includes is not None else _NOTHING
    if people is not None:
        people.heard("twitter", ((number, user.username) for number, user in known.users.items()))
    if data[:1] == b"{":
        return _post(data, known)
    return each(_list.decode(data), lambda record: _post(record, known))


def _known(includes: _Includes) -> _Known:
    tweets = {}
    for raw in includes.tweets or ():
        try:
            tweet = _original.decode(raw)
        except msgspec.ValidationError:
            continue  # only a repost of it would miss it, and keeps its own text then
        tweets[tweet.id] = tweet
    return _Known(
        users={user.id: user for user in includes.users or () if user.id},
        tweets=tweets,
        media={medium.media_key: medium for medium in includes.media or () if medium.media_key},
    )


def _post(record: bytes, known: _Known, people: People | None = None) -> One:
    tweet = read(_tweet, record)
    user = tweet.author or (known.users.get(tweet.author_id) if tweet.author_id else None) or _User()
    if people is not None:
        people.heard("twitter", [(tweet.author_id or user.id, user.username)])
    author = user.username or tweet.author_id or user.id
    if not author:
        raise PostError("invalid", "Object missing required field `author_id`")
    if says_yes(user.protected):
        return HIDDEN
    repost_of = None
    shown: _Original | _Reference = tweet
    for reference in tweet.referenced_tweets or ():
        if reference.type == "retweeted":
            repost_of = reference.id
            shown = reference if reference.text is not None else known.tweets.get(reference.id, tweet)
            break
    text, entities = shown.text or "", shown.entities
    if shown.note_tweet is not None:
        text, entities = shown.note_tweet.text, shown.note_tweet.entities or entities
    attachments = tweet.attachments
    if isinstance(shown, _Original):
        attachments = shown.attachments or attachments
    tags: list[str] = []
    if entities is not None:
        tags += [f"#{tag.tag}" for tag in entities.hashtags or ()]
        tags += [f"${tag.tag}" for tag in entities.cashtags or ()]
    post = build(
        tweet.id,
        author,
        tweets1.unescaped(text),
        tweet.created_at,
        source="twitter",
        lang=tweet.lang,
        repost_of=repost_of or None,
        tags=declared(tags),
        url=f"https://twitter.com/i/status/{tweet.id}" if tweet.id.isascii() and tweet.id.isdigit() else None,
        author_name=short(user.name),
        avatar=web_address(user.profile_image_url),
        media=media_of(_media(attachments, known)) if attachments is not None else None,
    )
    history = tweet.edit_history_tweet_ids or ()
    return edition(post, history.index(post.id), history) if len(history) > 1 and post.id in history else post


def _media(attachments: _Attachments, known: _Known) -> list[tuple[str | None, str, str | None]]:
    media = list(attachments.media or ())
    media += [known.media[key] for key in attachments.media_keys or () if key in known.media and not media]
    return [
        (medium.url or medium.preview_image_url, "image" if medium.type == "photo" else "video", medium.alt_text)
        for medium in media
    ]


def parse_twarc(record: bytes, people: People | None = None) -> Parsed:
    """The posts of one line of twarc, either generation."""
    if b'"__twarc"' in record:
        return parse(record, people)
    try:
        return tweets1.parse(record, people)
    except PostError as error:
        if error.reason != "invalid":
            raise
        try:
            return parse(record, people)
        except PostError:
            raise error from None


def _knows(value: dict[str, Any]) -> bool:
    if "data" in value and ("includes" in value or _is_tweet(value["data"]) or _is_empty(value)):
        return True
    return _is_tweet(value)


def _is_empty(value: dict[str, Any]) -> bool:
    return "meta" in value and isinstance(value["data"], list) and not value["data"]


_TIMES_OF_OTHERS = ("created_time", "createdAt", "date", "timestamp", "published_at")


def _is_tweet(value: Any) -> bool:
    if isinstance(value, list):
        value = value[0] if value else None
    return (
        isinstance(value, dict)
        and (isinstance(identity := value.get("id"), float) or str(identity).isdigit())
        and "text" in value
        and ("author_id" in value or "edit_history_tweet_ids" in value or "__twarc" in value)
        and ("created_at" in value or value.keys().isdisjoint(_TIMES_OF_OTHERS))
    )


FORMATS = (
    Format("tweet-v2", parse, _knows, limit=PAGE_BYTES, rank=31, given=hearing(parse)),
    # by its name only: the two above read it
    Format("twarc", parse_twarc, lambda _: False, limit=PAGE_BYTES, rank=32, given=hearing(parse_twarc)),
)
