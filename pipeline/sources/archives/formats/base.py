"""What every archive format shares: how a record answers, limits that fit a post, addresses that are safe to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from schemas import MAX_RECORD_BYTES, Post, PostError
from schemas.posts import Media, checked

PAGE_BYTES = 16 << 20  # a line may be a page of many posts

Address = Annotated[str, msgspec.Meta(max_length=4_096)]
ShortText = Annotated[str, msgspec.Meta(max_length=1_024)]
Word = Annotated[str, msgspec.Meta(max_length=256)]


@dataclass(slots=True)
class Fault:
    """One post of a page that cannot be used."""

    error: PostError
    raw: bytes


# a post, a sound record that holds none (None), or all that a page holds
Parsed = Post | None | list[Post | Fault | None]


@dataclass(frozen=True, slots=True)
class Format:
    """How records of one format are read."""

    name: str
    parse: Callable[[bytes], Parsed]  # raises PostError
    # the posts of lines without a fault, times unchecked: the fast way; any error of decoding: go line by line
    parse_rows: Callable[[list[bytes]], list[Post]] | None = None
    limit: int = MAX_RECORD_BYTES  # bytes of a line


def each(records: Iterable[msgspec.Raw], parse: Callable[[bytes], Post | None]) -> list[Post | Fault | None]:
    """What the records of a page hold, one by one."""
    found: list[Post | Fault | None] = []
    for record in records:
        raw = bytes(record)
        try:
            found.append(parse(raw))
        except PostError as error:
            found.append(Fault(error, raw))
    return found


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
