"""What every archive format shares: how a record answers, limits that fit a post, addresses that are safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Annotated, Any

import msgspec

from pipeline.sources.archives.account import Note
from pipeline.sources.archives.numbered import People
from pipeline.sources.archives.rounded import RoundedIds
from pipeline.sources.archives.times import Clock
from schemas import MAX_RECORD_BYTES, Post, PostError
from schemas.posts import Media, checked

MAX_NESTED = 100
PAGE_BYTES = 16 << 20  # a line may be a page of many posts

Address = Annotated[str, msgspec.Meta(max_length=4_096)]
ShortText = Annotated[str, msgspec.Meta(max_length=1_024)]
Word = Annotated[str, msgspec.Meta(max_length=256)]


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever reads an archive knows, and its files do not say."""

    columns: Mapping[str, str] | None = None  # fields of a post to columns of a table
    clock: Clock = field(default_factory=Clock)
    source: str | None = None  # that all posts count under
    author: str | None = None  # of posts that name none
    encoding: str | None = None  # of texts that are no Unicode
    rounded: RoundedIds = field(default_factory=RoundedIds)  # what its tables tell of their ids
    people: People = field(default_factory=People)  # whose number is whose
    notes: tuple[Note, ...] = ()  # the whole texts of what Twitter cuts


@dataclass(slots=True)
class Fault:
    """One post of a page that cannot be used."""

    error: PostError
    raw: bytes


class Hidden(Enum):
    """What a parser answers for a post that was not for everybody: it is counted nowhere and sent nowhere."""

    HIDDEN = "hidden"


HIDDEN = Hidden.HIDDEN


_NO = (None, False, 0, "", "0", "false", "False", "FALSE", "no")


def says_yes(value: object) -> bool:
    """Whether a field that keeps a post from the public says so, however it is written: what is not a plain no does.

    >>> [says_yes(value) for value in (True, "true", 1, None, False, "false", 0)]
    [True, True, True, False, False, False, False]
    """
    return value not in _NO


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a network tells of a post that is gone, or of an account with all it posted: a name, and no text."""

    source: str
    id: str | None  # of the post, or what an Alias of the same file names; None: all posts of `author` up to then
    at: int | None  # ms; None: it does not say when, so as late as the newest post before it in its file
    author: str | None = None  # whose post it may mean; None: the network itself says so


@dataclass(frozen=True, slots=True)
class Alias:
    """What deletions of the same file call the post of this source and id."""

    name: str
    source: str
    id: str


Notice = Deletion | Alias
One = Post | Notice | Hidden | None  # a post, what is told of one, one that was not public, or a sound record of none
Parsed = One | list[One | Fault]  # also all that a page holds


class Edition(Post, gc=False):
    """A post of which there may be earlier and later versions in the archive: the last one counts, once."""

    version: int = 0  # rises with each edit
    versions: tuple[str, ...] = ()  # the ids that its versions have


def edition(post: Post, version: int, versions: Iterable[str] = ()) -> Edition:
    """The post as one version of those with these ids, its own among them."""
    fields = {name: getattr(post, name) for name in Post.__struct_fields__}
    return Edition(**fields, version=version, versions=tuple(versions) or (post.id,))


def edited(post: Post, when: str | float | bool | None) -> Post:
    """The post as the version of that time, if it says one at which it was edited; True: at some time."""
    if not when:
        return post
    try:
        return edition(post, 1 if isinstance(when, bool) else Clock().ms(str(when)))
    except PostError:
        return post


@dataclass(frozen=True, slots=True)
class Format:
    """How records of one format are read, and how they are known among others."""

    name: str
    parse: Callable[[bytes], Parsed]  # raises PostError
    knows: Callable[[dict[str, Any]], bool]  # whether a JSON object looks like a record of this format
    # the posts of lines without a fault, all at once: the fast way; None: go line by line
    parse_rows: Callable[[list[bytes], Given], list[Post] | None] | None = None
    limit: int = MAX_RECORD_BYTES  # bytes of a record
    rank: int = 50  # of formats that know a record, the one of the lowest rank has it
    may_be_inside: bool = True  # whether records of it that others hold are looked for there
    may_skip_others: bool = False  # whether `parse` may take posts of other formats for records without one
    given: Callable[[Given], Callable[[bytes], Parsed]] | None = None  # `parse` for those that need to be told more
    # of records in the list of a page too large to be held, which began so: what reads them
    around: Callable[[bytes], Callable[[bytes], Parsed]] | None = None

    def reader(self, given: Given) -> Callable[[bytes], Parsed]:
        """What reads a record, knowing what was given."""
        return self.given(given) if self.given is not None else self.parse


def hearing(parse: Callable[..., Parsed]) -> Callable[[Given], Callable[[bytes], Parsed]]:
    """What a `Format` is `given` whose `parse` takes `people`, who hear whose number is whose."""
    return lambda given: partial(parse, people=given.people)


def each(records: Iterable[msgspec.Raw], parse: Callable[[bytes], Parsed]) -> list[One | Fault]:
    """What the records of a page hold, one by one."""
    found: list[One | Fault] = []
    for record in records:
        raw = bytes(record)
        if raw == b"null":  # as Twitter answers for each id that it does not know
            continue
        try:
            parsed = parse(raw)
        except PostError as error:
            found.append(Fault(error.as_value(), raw))
        else:
            found += parsed if isinstance(parsed, list) else [parsed]
    return found


def nested(record: bytes, one: Callable[[bytes], One], inner: Callable[[bytes], Iterable[msgspec.Raw]]) -> Parsed:
    """The post in a record, and those in the records that it holds, and these: answers to answers, at most MAX_NESTED
    deep."""

    def gone_into(depth: int, part: bytes) -> Parsed:
        within = [each for each in inner(part) if bytes(each).startswith(b"{")]
        if not within:
            return one(part)
        if depth == MAX_NESTED:
            raise PostError("too-large", f"posts in each other more than {MAX_NESTED} deep")
        return each([msgspec.Raw(part)], one) + each(within, partial(gone_into, depth + 1))

    return gone_into(0, record)


def build(
    id: str,  # noqa: A002 - the field's name
    author: str,
    text: str,
    time: int | str,
    *,
    source: str,
    **more: Any,
) -> Post:
    """A post within the limits; raises PostError where what must be there is missing or cannot be used."""
    if not id or len(id) > 256:
        raise PostError("invalid", f"{len(id)} characters, 1 to 256 are allowed - at `$.id`")
    if not author or len(author) > 256:
        raise PostError("invalid", f"{len(author)} characters, 1 to 256 are allowed - at `$.author`")
    if len(text) > 65_536:
        raise PostError("invalid", f"{len(text)} characters, at most 65536 are allowed - at `$.text`")
    return checked(Post(id=id, author=author, text=text, time=time, source=source, **more))


def declared(tags: Iterable[str]) -> list[str] | None:
    """Tags (sigil included) as `Post.tags` wants them: each once, at most 64, none overlong."""
    kept = [tag for tag in dict.fromkeys(tags) if 1 < len(tag) <= 512]
    return kept[:64] or None


def media_of(items: Iterable[tuple[str | None, str, str | None]]) -> list[Media] | None:
    """Pictures and films from (address, kind, description), those without a web address left out, at most 32."""
    kept = [
        Media(url=url, kind=kind[:64], description=(description or "")[:1_024] or None)
        for url, kind, description in items
        if url and len(url) <= 1_024 and url.startswith(("https://", "http://"))
    ]
    return kept[:32] or None


def web_address(url: str | None, limit: int = 4_096) -> str | None:
    """The address when it is one of the web and of a fair length, else nothing."""
    return url if url and len(url) <= limit and url.startswith(("https://", "http://")) else None


def short(text: str | None, limit: int = 1_024) -> str | None:
    """The text cut to a limit in characters; nothing for nothing."""
    return text[:limit] if text else None
