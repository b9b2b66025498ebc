"""A look back through the topic of posts, from its newest record towards its oldest, for as long as one may wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import NamedTuple

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import LogReader, Place
from pipeline.kafka.posts import posts_of
from pipeline.moderation.state import means
from schemas import Post
from schemas.control import UNSIGNED, ControlKeys

WITHIN_S = 5.0
FIRST_RECORDS, MOST_RECORDS = 20_000, 160_000  # of one step back, over all partitions; each is twice the one before
_POLL_S = 0.1


class LookedBack(NamedTuple):
    """What a look back found. Every record since `since_ms` was looked at (None: none was; ms by the records' times);
    `whole`: that is all that the topic holds."""

    post: Post | None
    since_ms: int | None
    whole: bool


class LookedThrough(NamedTuple):
    """The same of a look for several posts: the newest first."""

    posts: list[Post]
    since_ms: int | None
    whole: bool


class _Step(NamedTuple):
    """A step back: what fits, with the times of its records; since when all records of this and the steps before were
    looked at; and whether it was done in time."""

    found: list[tuple[int, Post]]
    since_ms: int | None
    done: bool


def look_back(
    connection: Connection,
    topic: str,
    may_be: Callable[[bytes], bool],
    is_it: Callable[[Post], bool],
    control: ControlKeys = UNSIGNED,
    *,
    within_s: float = WITHIN_S,
    first: int = FIRST_RECORDS,
) -> LookedBack:
    """The newest post (or retraction that holds) of which `is_it` is true; of a value of which `may_be` is not, it is
    not asked. Blocks its thread, about `within_s` at most, and holds one step's fitting posts at a time. Raises
    KafkaUseError."""
    since_ms = None
    for step in _steps(connection, topic, may_be, is_it, control, within_s, first):
        if step.found or not step.done:
            newest = max(step.found, key=lambda it: it[0])[1] if step.found else None
            return LookedBack(newest, since_ms, False)
        since_ms = step.since_ms
    return LookedBack(None, since_ms, True)


def look_through(
    connection: Connection,
    topic: str,
    is_it: Callable[[Post], bool],
    most: int,
    control: ControlKeys = UNSIGNED,
    *,
    within_s: float = WITHIN_S,
    first: int = FIRST_RECORDS,
) -> LookedThrough:
    """The newest posts, `most` of them, of which `is_it` is true and that nobody has withdrawn since. Blocks its thread
    and raises as `look_back` does."""
    posts: list[tuple[int, Post]] = []
    withdrawals: list[Post] = []
    since_ms = None

    def standing(from_ms: int) -> list[Post]:
        """Those since when every record was looked at: what withdraws one of them came later than it."""
        newest = sorted(posts, key=lambda it: -it[0])
        known = (post for time_ms, post in newest if time_ms >= from_ms)
        return list(islice((it for it in known if not any(means(one, it) for one in withdrawals)), most))

    def wanted(post: Post) -> bool:
        return post.deleted is not None or is_it(post)

    for step in _steps(connection, topic, bool, wanted, control, within_s, first):
        if not step.done:
            break
        posts += [it for it in step.found if it[1].deleted is None]
        withdrawals += [post for _, post in step.found if post.deleted is not None]
        since_ms = step.since_ms
        if since_ms is not None and len(found := standing(since_ms)) == most:
            return LookedThrough(found, since_ms, False)
    else:
        return LookedThrough(standing(0), since_ms, True)
    return LookedThrough([] if since_ms is None else standing(since_ms), since_ms, False)


def _steps(
    connection: Connection,
    topic: str,
    may_be: Callable[[bytes], bool],
    is_it: Callable[[Post], bool],
    control: ControlKeys,
    within_s: float,
    first: int,
) -> Iterator[_Step]:
    """Back to the topic's first record, or to the first step that was not done in time."""
    deadline = time.monotonic() + within_s
    with closing(LogReader(connection, [topic])) as reader:
        reader.skip_to_newest({topic: first}, within_s)
        begins, ends, step = dict(reader.next), dict[Place, int](), first
        oldest_ms = None
        while begins:
            found, firsts, done = _step(reader, begins, ends, may_be, is_it, control, deadline)
            oldest_ms = min((*firsts.values(), *([] if oldest_ms is None else [oldest_ms])), default=None)
            ends = {
                place: begin for place, begin in begins.items() if begin and place in firsts
            }  # these go further back
            yield _Step(found, max((firsts[place] for place in ends), default=oldest_ms), done)
            if not done:
                return
            step = min(step * 2, MOST_RECORDS)
            begins = {place: max(0, end - step // len(ends)) for place, end in ends.items()}


def _step(
    reader: LogReader,
    begins: dict[Place, int],
    ends: dict[Place, int],
    may_be: Callable[[bytes], bool],
    is_it: Callable[[Post], bool],
    control: ControlKeys,
    deadline: float,
) -> tuple[list[tuple[int, Post]], dict[Place, int], bool]:
    """Of the records from `begins` to `ends` (none: to the end of each) the posts that are it, the time of the first of
    each partition, and whether all of them were read in time."""
    found: list[tuple[int, Post]] = []
    first_ms: dict[Place, int] = {}
    reader.next = dict(begins)
    reader.assign()
    try:
        while not (reader.at_end or (ends and all(reader.next[place] >= end for place, end in ends.items()))):
            if time.monotonic() > deadline:
                return found, first_ms, False
            records = [it for it in reader.poll(_POLL_S) if not ends or it.offset < ends[it.place]]
            for record in records:
                first_ms.setdefault(record.place, record.time_ms)
            may = [record for record in records if record.value and may_be(record.value)]
            found += [(time_ms, post) for time_ms, post in posts_of(may, control) if is_it(post)]
    finally:
        reader.unassign()
    return found, first_ms, True
