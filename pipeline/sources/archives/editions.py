"""Posts that were edited: of all versions in an archive the last one counts."""

from __future__ import annotations

import msgspec
from xxhash import xxh64_intdigest

from pipeline.sources.archives.formats.base import Edition
from schemas import Post

_encode = msgspec.msgpack.Encoder().encode
_SAYS = [name for name in Post.__struct_fields__ if name != "author"]
_PLAIN = {Post}
_Version = tuple[int, str, int]  # its rank, its id, what it says


class Editions:
    """Hears of every post before any is given, and then lets through what no later version replaces."""

    def __init__(self) -> None:
        self._last: dict[tuple[str | None, str], _Version] = {}  # by source and the id of any version
        self._first: dict[tuple[str | None, str], str] = {}  # of versions: the id of the first one

    def noted(self, posts: list[Post]) -> list[Post]:
        """The same posts, without what only tells their versions apart."""
        if set(map(type, posts)) <= _PLAIN:
            return posts
        return [self._plain(post) if isinstance(post, Edition) else post for post in posts]

    def _plain(self, edition: Edition) -> Post:
        post = Post(*(getattr(edition, name) for name in Post.__struct_fields__))
        version = (edition.version, post.id, _digest(post))
        if edition.versions[0] != post.id:
            self._first[post.source, post.id] = edition.versions[0]
        for identity in edition.versions:
            known = self._last.get((post.source, identity))
            if known is None or known < version:
                self._last[post.source, identity] = version
        return post

    def last_versions(self, posts: list[Post]) -> list[Post]:
        """Those of the posts of which no later version was noted."""
        return [post for post in posts if self._is_last(post)] if self._last else posts

    def _is_last(self, post: Post) -> bool:
        # its own id may be that of a version which no later one names
        last = self._last.get((post.source, self._first.get((post.source, post.id), post.id)))
        return last is None or last[1:] == (post.id, _digest(post))


def _digest(post: Post) -> int:
    """Of all it says but its author, whom copies may name otherwise."""
    return xxh64_intdigest(_encode([getattr(post, name) for name in _SAYS]))
