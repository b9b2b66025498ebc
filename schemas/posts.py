"""A post: what producers push onto the `posts` topic, and what is wrong with one that cannot be read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Annotated, TypeVar, cast

import msgspec

from schemas._compiled import compiled, plain_fields

MAX_RECORD_BYTES = 1 << 20
ROOM_PICTURE = "room:"  # how the address of a picture begins that `upswell serve` itself keeps
MARKER_HEADER = "marker"  # of an empty post on `posts`; its value: the time that event time has come to, ms in ASCII
MAX_TIME_MS = 253_370_764_800_000  # 9999-01-01T00:00:00Z: later years do not fit every reader's calendar

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
ShortText = Annotated[str, msgspec.Meta(max_length=1_024)]
T = TypeVar("T")


class Media(msgspec.Struct, omit_defaults=True, gc=False):
    """A picture or film that goes with a post."""

    url: ShortText
    kind: Annotated[str, msgspec.Meta(max_length=64)] = "image"
    description: ShortText | None = None


class Post(msgspec.Struct, omit_defaults=True, gc=False):
    """A short text that somebody published, as it travels on the `posts` topic (key: the author).

    After `decode_post`, `time` is an `int`: milliseconds since 1970 UTC, the clock the post counts by. A post with
    `deleted` is a *retraction*: the post as it was, withdrawn at that time. It may lack `text` where that is not known,
    and `id` where all posts of the author and source are withdrawn; decoded, they are empty then.
    Fields that are not named here are ignored, so producers may add their own.
    """

    id: Name
    author: Name
    text: Annotated[str, msgspec.Meta(max_length=65_536)]
    time: int | str
    source: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    lang: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    repost_of: Name | None = None
    tags: Annotated[list[Annotated[str, msgspec.Meta(max_length=512)]], msgspec.Meta(max_length=64)] | None = None
    url: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None
    created: int | str | None = None
    author_name: ShortText | None = None
    avatar: Annotated[str, msgspec.Meta(max_length=4_096)] | None = None
    media: Annotated[list[Media], msgspec.Meta(max_length=32)] | None = None
    events: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=64)] | None = None
    bot: bool = False  # what the network says of the author's account
    server: Annotated[str, msgspec.Meta(max_length=256)] | None = None  # the host on which it lives, where hosts differ
    deleted: int | str | None = None  # when it was withdrawn: the record is a retraction of the post, no post


class _Retraction(msgspec.Struct):
    """A retraction that does not say the whole post. Without `id` it withdraws all posts of the author and source."""

    author: Name
    time: int | str
    deleted: int | str
    id: Annotated[str, msgspec.Meta(max_length=256)] = ""
    text: Annotated[str, msgspec.Meta(max_length=65_536)] = ""
    source: Annotated[str, msgspec.Meta(max_length=256)] | None = None


class PostError(ValueError):
    """A record that is not a post. `reason` is one of a few fixed words (`definitions`: it should have been a control
    record; `poison`: workers died of it; `unsigned`: a retraction that is not ours), `detail` names the place of the
    fault."""

    REASONS = (
        "too-large",
        "not-utf8",
        "not-json",
        "invalid",
        "time",
        "future",
        "truncated",
        "definitions",
        "poison",
        "unsigned",
    )

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def as_value(self) -> PostError:
        """Itself, to be kept as a result. What was raised holds the functions it came through with all that is in
        them, and they the results: the records of a batch, until the cycle collector comes for them."""
        self.__context__ = None
        return self.with_traceback(None)


if compiled is not None:
    compiled.learn(Post, plain_fields(Post), MAX_TIME_MS, MAX_RECORD_BYTES)
_decoder = msgspec.json.Decoder(Post)
_retraction_decoder = msgspec.json.Decoder(_Retraction)
_line_decoder = msgspec.json.Decoder(Post | int)
_BETWEEN = b"\n0 0\n"
_NO_TIME = {None}
_time, _created, _deleted, _id, _author = map(attrgetter, ("time", "created", "deleted", "id", "author"))


def decode_post(record: bytes) -> Post:
    """The post in one JSON record of at most 1 MiB, its times as ms.

    Raises PostError with reason `too-large`, `not-utf8`, `not-json`, `invalid` (a field is missing, of the wrong
    type, or beyond its limit) or `time` (not within years 1970 to 9998); the detail names the field's path.
    """
    if len(record) > MAX_RECORD_BYTES:
        raise PostError("too-large", f"record of {len(record)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        post = decoded(_decoder, record)
    except PostError as fault:
        if fault.reason != "invalid" or b'"deleted"' not in record:
            raise
        post = _partly_known(record, fault)
    post = _timed(post)
    # in JSON control characters are escaped, all but DEL: mostly there is nothing to look for
    return post if b"\\" not in record and b"\x7f" not in record else _legible(post)


def _partly_known(record: bytes, fault: PostError) -> Post:
    """The retraction in a record that is no whole post. Raises `fault` for one that is none either."""
    try:
        told = decoded(_retraction_decoder, record)
    except PostError:
        raise fault from None
    return Post(told.id, told.author, told.text, told.time, told.source, deleted=told.deleted)


def retraction(post: Post, at: int) -> Post:
    """The record that withdraws the post, at that time (ms): all that its counting depended on, as it was."""
    return Post(
        post.id,
        post.author,
        post.text,
        post.time,
        source=post.source,
        lang=post.lang,
        repost_of=post.repost_of,
        tags=post.tags,
        deleted=at,
    )


def decode_posts(records: list[bytes]) -> list[Post | PostError]:
    """`decode_post` of each record, its fault in the place of a post that cannot be read."""
    return _completed(records, _decode_in_parts) or []


def decode_all_posts(records: list[bytes]) -> list[Post] | None:
    """`decode_post` of each record; None where one of them may be no whole post: then each is to be looked at."""
    posts = _completed(records, _decode_joined) if records else []
    return None if posts is None or PostError in map(type, posts) else cast(list[Post], posts)


def _completed(
    records: list[bytes], decode: Callable[[list[bytes]], list[Post | PostError] | None]
) -> list[Post | PostError] | None:
    """What `decode` says of the records; it is asked of those alone that the compiled part is not sure of."""
    if compiled is None:
        return decode(records)
    posts, count = compiled.decode(records)
    if count:
        unsure = [number for number, post in enumerate(posts) if post is None]
        found = decode([records[number] for number in unsure])
        if found is None:
            return None
        for number, post in zip(unsure, found, strict=True):
            posts[number] = post  # type: ignore[assignment]
    return cast(list[Post | PostError], posts)


def _decode_in_parts(records: list[bytes]) -> list[Post | PostError]:
    """Where records cannot be decoded in one go, the halves are tried: a bad one costs its neighbours little."""
    if len(records) > 1:
        posts = _decode_joined(records)
        if posts is not None:
            return posts
        half = len(records) // 2
        return _decode_in_parts(records[:half]) + _decode_in_parts(records[half:])
    return [_decode_or_fault(record) for record in records]


def _decode_joined(records: Sequence[bytes]) -> list[Post | PostError] | None:
    """None: the records are not one post each.

    Two numbers without a comma stand between records: that is valid nowhere inside a value, nor is a line feed inside a
    string. So no value reaches over into the next record, and none can stand for two."""
    joined = _BETWEEN.join(records)
    if max(map(len, records)) > MAX_RECORD_BYTES:
        return None
    try:
        values = _line_decoder.decode_lines(joined)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    posts = values[::3]
    if len(values) != 3 * len(records) - 2 or int in map(type, posts):
        return None
    if Post in map(type, values[1::3]) or Post in map(type, values[2::3]):
        return None
    escapes = b"\\" in joined or b"\x7f" in joined
    found: list[Post | PostError] = []
    for post in posts:
        try:
            plain = post.created is None and post.deleted is None
            if not plain or type(post.time) is not int or not 0 <= post.time < MAX_TIME_MS:
                _timed(post)
            found.append(_legible(post) if escapes else post)
        except PostError as fault:
            found.append(fault.as_value())
    return found


def _decode_or_fault(record: bytes) -> Post | PostError:
    try:
        return decode_post(record)
    except PostError as fault:
        return fault.as_value()


def decoded(decoder: msgspec.json.Decoder[T], record: bytes) -> T:
    """The record as the decoder's type; raises PostError with reason `not-utf8`, `not-json` or `invalid`."""
    try:
        return decoder.decode(record)
    except msgspec.ValidationError as error:
        raise PostError("invalid", str(error)) from None
    except UnicodeDecodeError as error:
        raise PostError("not-utf8", f"byte {error.start}: {error.reason}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise PostError("not-json", str(error)) from None


def checked(post: Post) -> Post:
    """The same post with its times as ms; raises PostError where a value cannot be used.

    For posts that were built, not decoded, the field limits are the builder's duty.
    """
    return _legible(_timed(post))


def checked_all(posts: list[Post]) -> list[Post]:
    """`checked` of each."""
    return posts if _are_sound(posts) else list(map(checked, posts))


def _are_sound(posts: list[Post]) -> bool:
    """Whether `checked` would neither change nor refuse any of the posts: asked of all at once at half the cost."""
    times = list(map(_time, posts))
    names = "".join([*map(_id, posts), *map(_author, posts)])
    return (
        set(map(type, times)) <= {int}
        and min(times, default=0) >= 0
        and max(times, default=0) < MAX_TIME_MS
        and set(map(_created, posts)) <= _NO_TIME
        and set(map(_deleted, posts)) <= _NO_TIME
        and (names.isprintable() or not _CONTROL.search(names))
    )


def _timed(post: Post) -> Post:
    time = post.time
    if type(time) is not int:
        time = post.time = parse_time(time, "$.time")
    if not 0 <= time < MAX_TIME_MS:
        raise PostError("time", f"{time} is not within 1970 to 9998 - at `$.time`")
    if post.created is not None:
        post.created = parse_time(post.created, "$.created")
    if post.deleted is not None:
        post.deleted = parse_time(post.deleted, "$.deleted")
    return post


def _legible(post: Post) -> Post:
    if not post.id.isprintable() and _CONTROL.search(post.id):
        raise PostError("invalid", "control character - at `$.id`")
    if not post.author.isprintable() and _CONTROL.search(post.author):
        raise PostError("invalid", "control character - at `$.author`")
    return post


def parse_time(value: int | str, path: str = "$.time") -> int:
    """Milliseconds since 1970 UTC from ms or RFC 3339; raises PostError with reason `time`.

    >>> parse_time("2010-02-03T09:30:00+01:00")
    1265185800000
    """
    if isinstance(value, str):
        found = _RFC3339.fullmatch(value)
        if not found:
            raise PostError("time", f"{value[:40]!r} is neither ms nor RFC 3339 - at `{path}`")
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        try:
            # a leap second (:60) counts as the last second before it
            moment = dt.datetime(
                int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=dt.UTC
            )
            if int(second) > 60:
                raise ValueError
            offset_ms = 0
            if zone not in "Zz":
                if int(zone[1:3]) > 23 or int(zone[4:]) > 59:
                    raise ValueError
                offset_ms = (int(zone[1:3]) * 60 + int(zone[4:])) * 60_000 * (-1 if zone[0] == "-" else 1)
        except ValueError:
            raise PostError("time", f"{value[:40]!r} is not a date - at `{path}`") from None
        since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        value = (since.days * 86_400 + since.seconds) * 1_000 + int((fraction or "0").ljust(3, "0")[:3]) - offset_ms
    if not 0 <= value < MAX_TIME_MS:
        raise PostError("time", f"{value} is not within 1970 to 9998 - at `{path}`")
    return value
