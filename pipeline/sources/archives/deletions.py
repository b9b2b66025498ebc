"""Posts that networks say are gone: their notices name a post and say no text, so the archive's own post tells it.

at rest   all notices are read before the first post is given   each post that is gone has its retraction behind it
a pipe    notices come when they come                           the retraction follows of what came not long before
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeVar

from xxhash import xxh64_intdigest

from pipeline.sources.archives.block import Block, newest_ms
from pipeline.sources.archives.formats.base import Alias, Deletion
from schemas import Post
from schemas.posts import retraction

MAX_NAMES = 2_000_000  # aliases, and deletions, that are remembered; beyond that the oldest told are forgotten
MAX_POSTS = 65_536  # of a pipe that are remembered, so that a deletion finds them
MAX_VERSIONS = 64  # of one name that are remembered, and people who say that it is gone
MAX_ENDS = 64  # of one account that are remembered: the earliest
SOURCES = frozenset({"bluesky", "mastodon", "misskey", "nostr", "twitter"})  # whose records tell of deletions
BY_ALIAS = frozenset({"mastodon", "misskey", "nostr"})  # whose deletions may name a post otherwise than it does

Value = TypeVar("Value", int, list[int], tuple[str, ...], dict[str, int])


class _Aliases:
    """What deletions of a file call its posts: one name may be that of several versions."""

    def __init__(self) -> None:
        self._ids: dict[int, tuple[str, ...]] = {}  # by file, source and name

    def note(self, file: str, alias: Alias) -> None:
        key = _key(file, alias.source, alias.name)
        _put(self._ids, key, (*self._ids.get(key, ()), alias.id)[-MAX_VERSIONS:])

    def ids_of(self, file: str, source: str, name: str) -> tuple[str, ...]:
        """The posts' own ids; what names no alias is one."""
        return self._ids.get(_key(file, source, name), (name,))


class Deletions:
    """Hears of every block of archives at rest before any post is given, and then tells which are gone."""

    def __init__(self) -> None:
        self._aliases = _Aliases()
        self._gone: dict[int, int] = {}  # by source and id, and author where only that one may: when first, ms
        self._accounts: dict[int, list[int]] = {}  # by source and author: when, in order
        self._by_name: dict[int, dict[str, int]] = {}  # by file, source and name: whose word it is, and when first
        self._newest: dict[str, int] = {}  # by file: its newest post so far, ms
        self._told = 0
        self._met: set[int] = set()

    def noted(self, block: Block) -> None:
        """Takes what the block tells of posts."""
        for notice in block.notices:
            if isinstance(notice, Alias):
                self._aliases.note(block.file, notice)
                for whose, first in self._by_name.get(_key(block.file, notice.source, notice.name), {}).items():
                    self._withdraw(notice.source, notice.id, first, whose)
                continue
            self._told += 1
            at = notice.at if notice.at is not None else self._newest.get(block.file)
            if at is None:
                continue  # nothing came before it
            if notice.id is not None:
                author = notice.author or ""
                for meant in self._aliases.ids_of(block.file, notice.source, notice.id):
                    self._withdraw(notice.source, meant, at, author)
                if notice.source in BY_ALIAS:  # the post may stand behind it
                    name = _key(block.file, notice.source, notice.id)
                    told = self._by_name.get(name, {})
                    if author in told or len(told) < MAX_VERSIONS:
                        _put(self._by_name, name, {**told, author: min(at, told.get(author, at))})
            elif notice.author is not None:
                key = _key(notice.source, notice.author)
                _put(self._accounts, key, _with(self._accounts.get(key, []), at))
        if block.posts:
            newest = newest_ms(block.posts)
            self._newest[block.file] = max(self._newest.get(block.file, 0), newest)

    def _withdraw(self, source: str, id: str, at: int, author: str) -> None:  # noqa: A002 - the field's name
        key = _key(source, id, author)
        _put(self._gone, key, min(at, self._gone.get(key, at)))

    def with_retractions(self, posts: list[Post]) -> list[Post]:
        """The posts, each that is gone with its retraction behind it."""
        if not (self._gone or self._accounts):
            return posts
        found = []
        for post in posts:
            found.append(post)
            if post.deleted is None and (at := self._gone_at(post)) is not None:
                found.append(retraction(post, max(at, int(post.time))))
        return found

    def _gone_at(self, post: Post) -> int | None:
        found = []
        for author in ("", post.author):
            key = _key(post.source or "", post.id, author)
            if (at := self._gone.get(key)) is not None:
                self._met.add(key)
                found.append(at)
        key = _key(post.source or "", post.author)
        ends = self._accounts.get(key, ())
        if (first := bisect_left(ends, int(post.time))) < len(ends):
            self._met.add(key)
            found.append(ends[first])
        return min(found, default=None)

    @property
    def unmet(self) -> int:
        """How many notices found no post."""
        return self._told - len(self._met)


class PassedPosts:
    """What came through a pipe not long ago, by its name."""

    def __init__(self) -> None:
        self._posts: dict[tuple[str, str], Post] = {}
        self._aliases = _Aliases()
        self._newest_ms = 0

    def answer(self, block: Block) -> tuple[list[Post], int]:
        """The retractions of what the block says is gone, and how many of its notices found no post."""
        self._remember(block.posts)
        found: list[Post] = []
        unmet = 0
        for notice in block.notices:
            if isinstance(notice, Alias):
                self._aliases.note(block.file, notice)
                continue
            at = notice.at if notice.at is not None else self._newest_ms
            gone = list(self._meant(block.file, notice, at))
            unmet += not gone
            for post in gone:
                del self._posts[post.source or "", post.id]
                found.append(retraction(post, max(at, int(post.time))))
        return found, unmet

    def _meant(self, file: str, notice: Deletion, at: int) -> Iterable[Post]:
        if notice.id is not None:
            ids = self._aliases.ids_of(file, notice.source, notice.id)
            posts = [self._posts.get((notice.source, each)) for each in ids]
            return [post for post in posts if post is not None and notice.author in (None, post.author)]
        account = notice.source, notice.author
        return [post for post in self._posts.values() if (post.source, post.author) == account and int(post.time) <= at]

    def _remember(self, posts: list[Post]) -> None:
        for post in posts:
            if post.source in SOURCES and post.deleted is None:
                self._posts.pop((post.source, post.id), None)
                self._posts[post.source, post.id] = post
                self._newest_ms = max(self._newest_ms, int(post.time))
        while len(self._posts) > MAX_POSTS:
            del self._posts[next(iter(self._posts))]


def _with(ends: list[int], at: int) -> list[int]:
    """The earliest of these times and one more, each once, in order."""
    return sorted({*ends, at})[:MAX_ENDS]


def _key(*parts: str) -> int:
    return xxh64_intdigest("\0".join(parts).encode(errors="surrogatepass"))


def _put(known: dict[int, Value], key: int, value: Value) -> None:
    known[key] = value
    if len(known) > MAX_NAMES:
        del known[next(iter(known))]
