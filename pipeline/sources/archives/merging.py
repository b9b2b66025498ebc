"""One order for all posts of an archive: by time, then by what the posts themselves say, whatever held them.

What withdraws a post stands where it was withdrawn, as it did live, not where its post stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count, islice
from operator import and_, attrgetter, eq, ge

import msgspec
import numpy as np

from pipeline.sources.archives.tweet_ids import given_out_ms
from schemas import Post

Key = tuple[int, str]  # moment (ms) and id
_id = attrgetter("id")
_author = attrgetter("author")
_LAST_ID = "\U0010ffff" * 2
_encode = msgspec.msgpack.Encoder().encode


class Timed(msgspec.Struct, gc=False):
    """What of a post its order in time follows from."""

    time: int
    deleted: int | None = None


def moment_of(post: Post) -> int:
    """When it was said, or withdrawn (ms)."""
    return post.time if post.deleted is None else post.deleted  # type: ignore[return-value]  # archives carry ints only


def moments(posts: Sequence[Post] | Sequence[Timed]) -> list[int]:
    """`moment_of` each of them."""
    return [post.time if (gone := post.deleted) is None else gone for post in posts]  # type: ignore[misc]


def key_of(post: Post) -> Key:
    """What posts are ordered by; posts that share it are copies or versions of one, ordered by all they say."""
    return moment_of(post), post.id


def sort_by_time(posts: list[Post]) -> None:
    """Sorts posts in place. Those of one time stay as they stand, unless two of them have one id: then all they say
    decides."""
    times = np.array(moments(posts), np.int64)
    order = np.argsort(times, kind="stable")
    times = times[order]
    same, beside = times[1:] == times[:-1], np.zeros(len(times), np.bool_)
    beside[1:] |= same
    beside[:-1] |= same
    together = order[beside].tolist()
    several = len({posts[number].id for number in together}) < len(together)
    if several and len({key_of(posts[number]) for number in together}) < len(together):
        put_in_order(posts)
    elif (order[1:] < order[:-1]).any():
        posts[:] = [posts[number] for number in order.tolist()]


def put_in_order(posts: list[Post]) -> None:
    """Sorts posts by time, id, source and all the rest, in place."""
    posts.sort(key=moment_of)
    settle(posts)


def settle(posts: list[Post]) -> None:
    """Puts posts that are in order of time in the one order that those of one time have."""
    times, ids = moments(posts), [post.id for post in posts]
    same_time = map(eq, times, islice(times, 1, None))
    unsettled = map(and_, same_time, map(ge, ids, islice(ids, 1, None)))
    end = 0
    for place in compress(count(), unsettled):
        if place < end:
            continue
        time, start, end = times[place], place, place + 2
        while start and times[start - 1] == time:
            start -= 1
        while end < len(times) and times[end] == time:
            end += 1
        posts[start:end] = _by_what_they_say(posts[start:end])


def _by_what_they_say(posts: list[Post]) -> list[Post]:
    posts.sort(key=_id)
    ids = list(map(_id, posts))
    same_id = map(eq, ids, islice(ids, 1, None))
    end = 0
    for place in compress(count(), same_id):
        if place >= end:
            end = bisect_right(ids, ids[place], place)
            posts[place:end] = _copies(posts[place:end])
    return posts


def _copies(posts: list[Post]) -> list[Post]:
    """What is told of one post, the fullest first; posts are counted with their author's others, so copies that name
    one person by number and by name, or in letters of another case, get one author: a name before a number. So do
    tweets of one id, by whatever name."""
    if len(set(map(_author, posts))) > 1:
        for source in {post.source for post in posts} - {None, "csv"}:  # in tables of no known network ids mean little
            of_one = [post for post in posts if post.source == source]
            names = {author for post in of_one if not (author := post.author).isdigit()}
            numbers = {author for post in of_one if (author := post.author).isdigit()}
            is_one = source == "twitter" and given_out_ms(posts[0].id) is not None  # somebody has another name by now
            if is_one or (len(set(map(str.casefold, names))) <= 1 and len(numbers) <= 1):
                for post in of_one:
                    post.author = min(names or numbers)
    return sorted(posts, key=_all_it_says)


def _all_it_says(post: Post) -> tuple[str, bool, int, bytes]:
    return post.source or "", post.repost_of is None, -len(post.text), _encode(post)


@dataclass(slots=True)
class Run:
    """Posts in order, in blocks of which none is empty and none ends between two posts of the same key.

    One that is not `settled` is in order of time alone (see `sort_by_time`), and no block of it ends within a time:
    what that saves is lost only where other runs have posts of the same stretch.
    """

    first: Key  # of its first post, or any key before it
    blocks: Iterator[list[Post]]
    settled: bool = True


class _Open:
    __slots__ = ("_rest", "_settled", "_unsettled", "head", "last")

    def __init__(self, run: Run) -> None:
        self._rest = run.blocks
        self._settled = run.settled
        self._unsettled = False
        self.head: list[Post] = []
        self.last: Key = (-1, "")

    def fill(self) -> bool:
        """Whether there are posts left."""
        if not self.head:
            self.head = next(self._rest, [])
            if self.head:
                self._unsettled = not self._settled
                self.last = (moment_of(self.head[-1]), _LAST_ID) if self._unsettled else key_of(self.head[-1])
        return bool(self.head)

    def settle(self) -> None:
        if self._unsettled:
            self._unsettled = False
            settle(self.head)
            self.last = key_of(self.head[-1])

    def take(self, limit: Key) -> list[Post]:
        cut = len(self.head) if self.last <= limit else bisect_right(self.head, limit, key=key_of)
        taken = self.head[:cut]
        del self.head[:cut]
        return taken


def merged(runs: Iterable[Run]) -> Iterator[list[Post]]:
    """All posts of the runs in order. A run is begun when its first post is due, and holds one block at a time."""
    waiting = deque(sorted(runs, key=attrgetter("first")))
    begun: list[_Open] = []
    while True:
        begun = [run for run in begun if run.fill()]
        limit = min((run.last for run in begun), default=None)
        while waiting and (limit is None or waiting[0].first <= limit):
            run = _Open(waiting.popleft())
            if run.fill():
                begun.append(run)
                limit = run.last if limit is None else min(limit, run.last)
        if limit is None:
            return
        if len(begun) > 1:
            for run in begun:
                run.settle()
            limit = min(run.last for run in begun)
        parts = [part for run in begun if (part := run.take(limit))]
        posts = parts[0]
        if len(parts) > 1:
            for part in parts[1:]:
                posts += part
            put_in_order(posts)
        yield posts
