"""The texts of recent posts, so that a topic's view can show what people write: those that lists name as examples."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import msgspec

from pipeline.moderation.state import means, post_ref
from pipeline.text import MAX_SHOWN, fold_text, printable, shown_account, source_name
from pipeline.web.wall.entries import Link, Picture, no_pictures, pictures_of, web_address
from schemas import Post, TrendList

PASSING = 20_000  # posts of late, one of which the next lists may name
SEARCH_S = 1.0  # of one search: a text takes some 50 µs, and none when it was read before
FOLDED = 50_000  # texts that are kept as searches read them: some 20 MB
GIVEN = 5_000  # posts that pages were given and may still show
LOOKED_AT_ONCE = 50  # of them; some 5 ms
MOST_FITTING = 200  # posts of a search of which it is asked whether they may be shown
NAMED = 10_000  # posts that lists have named


class Example(msgspec.Struct):
    """A post as a topic's view shows it: texts without control characters."""

    id: str
    author: str
    name: str
    text: str
    source: str
    time: int  # ms
    url: str  # http(s), or empty
    avatar: str = ""  # a path of ours
    pictures: list[Picture] = []


class FoundPosts(NamedTuple):
    """Posts that fit, and since when (ms) all posts were looked at; None: there is none."""

    posts: list[Example]
    since: int | None


class PastPosts(NamedTuple):
    """Posts of the log that fit; since when (ms) all of it was looked at (None: none was); whether it holds no more."""

    posts: list[Example]
    since: int | None
    whole: bool


def has_words(words: Sequence[str]) -> Callable[[Post], bool]:
    """Whether a post holds all these words (folded) in name, account, text or tags."""

    plain = [word for word in words if word.isascii()]

    def has(post: Post) -> bool:
        text = "\n".join(_texts(post))
        if plain and not text.isascii():
            letters = letters_of(text)
            if not all(word in letters for word in plain):
                return False  # which takes a tenth of the time
        said = fold_text(text)
        return all(word in said for word in words)

    return has


class _Folds(dict[int, str]):
    """What of ASCII each character folds to by itself, once it has come."""

    def __missing__(self, code: int) -> str:
        self[code] = fold_text(chr(code)).encode("ascii", "ignore").decode()
        return self[code]


_FOLDS = _Folds()


def letters_of(text: str) -> str:
    """The ASCII of a text folded character by character: what of it the text folded as a whole holds, this does."""
    return text.translate(_FOLDS)


class RecentPosts:
    """Posts by id: the newest PASSING that came, and the NAMED that lists named last. Of ids that two sources share,
    the last. `take` and `name` may be called from any two threads; a post that comes later than the list that names it
    is found as well."""

    def __init__(self, link: Link = no_pictures) -> None:
        self._link = link
        self._passing: OrderedDict[str, Post] = OrderedDict()
        self._named: OrderedDict[str, Post | None] = OrderedDict()  # None: named, and not come
        self._given: OrderedDict[str, Post] = OrderedDict()  # by what pages call them

    def take(self, posts: Iterable[Post]) -> list[str]:
        """Remembers posts for a while. Returns those that were given to pages and are withdrawn, as `source/id`."""
        gone: list[str] = []
        for post in posts:
            if post.deleted is not None:
                gone += self._withdraw(post)
                continue
            if len(post.text) > 2 * MAX_SHOWN:
                post = msgspec.structs.replace(post, text=post.text[: 2 * MAX_SHOWN])
            if post.id in self._named:
                self._named[post.id] = post
            else:
                self._passing[post.id] = post
        while len(self._passing) > PASSING:
            self._passing.popitem(last=False)
        return gone

    def _withdraw(self, retraction: Post) -> list[str]:
        """Forgets the post, or all of its author's; those of them that were given."""
        ids = [retraction.id] if retraction.id else [*self._passing, *self._named]
        for post_id in ids:
            post = self.of_id(post_id)
            if post is not None and means(retraction, post):
                self._passing.pop(post_id, None)
                if post_id in self._named:
                    self._named[post_id] = None
        called = [post_ref(retraction)] if retraction.id else list(self._given)
        gone = [name for name in called if name in self._given and means(retraction, self._given[name])]
        for name in gone:
            del self._given[name]
        return gone

    async def take_back(self, visible: Callable[[Post], bool]) -> list[str]:
        """Posts that were given to pages and may not be seen any more, as `source/id`; others work in between."""
        gone: list[str] = []
        for number, (name, post) in enumerate(list(self._given.items())):
            if not visible(post) and self._given.pop(name, None) is not None:
                gone.append(name)
            if number % LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return gone

    def name(self, trends: TrendList) -> None:
        """Keeps what the list names as examples."""
        for row in trends.trends:
            for post_id in row.examples:
                if self._named.get(post_id) is None:
                    self._named[post_id] = self._passing.pop(post_id, None)
                self._named.move_to_end(post_id)
        while len(self._named) > NAMED:
            self._named.popitem(last=False)

    def posts(self) -> list[Post]:
        """All that are remembered, in the order of their times."""
        named = [post for post in list(self._named.values()) if post is not None]
        return sorted([*list(self._passing.values()), *named], key=lambda post: int(post.time))

    def since(self) -> int | None:
        """About the time (ms) from which on all posts are remembered; some of those that came first were late."""
        times = sorted(int(post.time) for post in islice(list(self._passing.values()), 100))
        return times[len(times) // 2] if times else None

    async def find(
        self,
        words: Sequence[str],
        visible: Callable[[Post], bool],
        limit: int,
        more: Sequence[Post] = (),
        within_s: float | None = None,
    ) -> FoundPosts:
        """The newest posts that hold all the words (folded) in name, account, text or tags, and may be shown; of those
        remembered here, and `more` that somebody else holds. Texts are read in a thread, for so long (SEARCH_S)."""
        known = {(post.source, post.id): post for post in (*more, *self.posts())}
        posts = sorted(known.values(), key=lambda post: -int(post.time))
        fitting, reached = await asyncio.to_thread(_fitting, posts, words, SEARCH_S if within_s is None else within_s)
        since = self.since()
        if since is not None and reached is not None:
            since = max(since, reached)
        return FoundPosts(self.given(fitting, visible, limit), since)

    def of_id(self, post_id: str) -> Post | None:
        """The post, where it is known."""
        return self._named.get(post_id) or self._passing.get(post_id)

    def shown(self, ids: Sequence[str], visible: Callable[[Post], bool]) -> list[Example]:
        """Those of these posts that are known and may be shown."""
        found = (self.of_id(post_id) for post_id in ids)
        return [self._give(post) for post in found if post is not None and visible(post)]

    def given(self, posts: Iterable[Post], visible: Callable[[Post], bool], limit: int) -> list[Example]:
        """The first of these posts that may be shown."""
        return [self._give(post) for post in islice(filter(visible, posts), limit)]

    def _give(self, post: Post) -> Example:
        name = post_ref(post)
        self._given[name] = post
        self._given.move_to_end(name)
        while len(self._given) > GIVEN:
            self._given.popitem(last=False)
        return _example(post, self._link)


def _fitting(posts: Sequence[Post], words: Sequence[str], within_s: float) -> tuple[list[Post], int | None]:
    """Of posts, the newest first, those with all the words, MOST_FITTING at most; and to which time they were looked at
    where that took longer than it may."""
    found: list[Post] = []
    deadline = time.monotonic() + within_s
    for post in posts:
        said = _said(*_texts(post))
        if all(word in said for word in words):
            found.append(post)
            if len(found) == MOST_FITTING:
                break
        if time.monotonic() > deadline:
            return found, int(post.time)
    return found, None


def _texts(post: Post) -> tuple[str, ...]:
    return (post.author_name or "", post.author, post.text, *(post.tags or ()))


@lru_cache(FOLDED)
def _said(*texts: str) -> str:
    return fold_text("\n".join(texts))


def _example(post: Post, link: Link) -> Example:
    source = source_name(post.source)
    author, name = (shown_account(it, source)[:256] for it in (post.author, post.author_name or post.author))
    return Example(
        post.id,
        author,
        name,
        printable(post.text)[:MAX_SHOWN],
        source,
        int(post.time),
        web_address(post.url),
        link(post.avatar),
        pictures_of(post, link),
    )
