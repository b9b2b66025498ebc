"""Posts for those who show them: from the topic of posts those of late first, then each as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import Follower, Record
from schemas import Post, PostError, decode_post
from schemas.control import UNSIGNED, ControlKeys

BACK = 20_000  # records of late, over all partitions; walls and views of topics remember as many posts
BACK_MS = 24 * 3_600_000  # and none from before that: the longest window of a list
BACK_WITHIN_S = 10.0  # what is not read by then counts among what comes
ROUND_BYTES = 32 << 20  # that wait to be put in order


class PostBatch(NamedTuple):
    """Posts in the order in which they came, and when (ms by their records, 0 where a broker does not say); `old` ones
    were there before anybody asked."""

    posts: list[Post]
    times: list[int]
    old: bool


class PostFollower:
    """Reads the topic of posts, in no group."""

    def __init__(
        self,
        connection: Connection,
        topic: str,
        control: ControlKeys = UNSIGNED,
        *,
        back: int = BACK,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`control` tells which retractions hold."""
        self._follower = Follower(connection, {topic: back})
        self._control = control
        self._clock = clock
        self._old = True

    async def read(self) -> AsyncGenerator[PostBatch, None]:
        """Posts, without end. First what the topic held: of each partition the newest of its share of BACK
        records, none older than BACK_MS by the record's time, all of them in the order of these times. Read once more
        after an end or a fault it goes on where it was, with the same bound, and nothing is old.

        Markers, control records and records that are no posts are passed over. Raises KafkaUseError.
        """
        old, self._old = self._old, False
        since_ms = int(self._clock() * 1_000) - BACK_MS
        waiting: list[Record] | None = []
        deadline = time.monotonic() + BACK_WITHIN_S
        self._follower.at_end = False
        async with aclosing(self._follower.batches()) as batches:
            async for records in batches:
                if waiting is None:
                    yield _came(posts_of(records, self._control), False)
                    continue
                waiting += [it for it in records if (it.time_ms or since_ms) >= since_ms]
                done = self._follower.at_end or time.monotonic() > deadline
                if done or sum(len(it.value or b"") for it in waiting) > ROUND_BYTES:
                    yield _came(sorted(posts_of(waiting, self._control), key=lambda it: it[0]), old)
                    waiting = None if done else []


def posts_of(records: Sequence[Record], control: ControlKeys) -> list[tuple[int, Post]]:
    """The posts among records, each with the record's time in ms (0 where a broker gives none)."""
    posts = []
    for record in records:
        if record.value:
            try:
                post = decode_post(record.value)
                control.require(record.place.topic, post, record.value, record.headers)
            except PostError:
                continue  # a control record, or what the count stage makes a dead letter of
            posts.append((record.time_ms, post))
    return posts


def _came(found: list[tuple[int, Post]], old: bool) -> PostBatch:
    return PostBatch([post for _, post in found], [time_ms for time_ms, _ in found], old)
