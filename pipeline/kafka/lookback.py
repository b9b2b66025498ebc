"""A look back through the topic of posts, from its newest record towards its oldest, for as long as one may wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import LogReader, Place, Record
from pipeline.kafka.posts import posts_of
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
    deadline = time.monotonic() + within_s
    reader = LogReader(connection, [topic])
    try:
        reader.skip_to_newest({topic: first}, within_s)
        begins, ends, step = dict(reader.next), dict[Place, int](), first
        since_ms = oldest_ms = None
        while begins:
            found, firsts, done = _step(reader, begins, ends, may_be, deadline)
            fitting = [(time_ms, post) for time_ms, post in posts_of(found, control) if is_it(post)]
            if fitting or not done:
                newest = max(fitting, key=lambda it: it[0])[1] if fitting else None
                return LookedBack(newest, since_ms, False)
            oldest_ms = min((*firsts.values(), *([] if oldest_ms is None else [oldest_ms])), default=None)
            ends = {
                place: begin for place, begin in begins.items() if begin and place in firsts
            }  # these go further back
            since_ms = max((firsts[place] for place in ends), default=None)
            step = min(step * 2, MOST_RECORDS)
            begins = {place: max(0, end - step // len(ends)) for place, end in ends.items()}
        return LookedBack(None, oldest_ms, True)
    finally:
        reader.close()


def _step(
    reader: LogReader,
    begins: dict[Place, int],
    ends: dict[Place, int],
    may_be: Callable[[bytes], bool],
    deadline: float,
) -> tuple[list[Record], dict[Place, int], bool]:
    """Of the records from `begins` to `ends` (none: to the end of each) those that may be it, the time of the first of
    each partition, and whether all of them were read in time."""
    found: list[Record] = []
    first_ms: dict[Place, int] = {}
    reader.next = dict(begins)
    reader.assign()
    try:
        while not (reader.at_end or (ends and all(reader.next[place] >= end for place, end in ends.items()))):
            if time.monotonic() > deadline:
                return found, first_ms, False
            for record in reader.poll(_POLL_S):
                if not ends or record.offset < ends[record.place]:
                    first_ms.setdefault(record.place, record.time_ms)
                    if record.value and may_be(record.value):
                        found.append(record)
    finally:
        reader.unassign()
    return found, first_ms, True
