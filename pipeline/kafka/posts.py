"""Posts for those who show them: from the topic of posts those of late first, then each as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from schemas import MARKER_HEADER, Post, PostError, decode_post
from schemas.definitions import DEFINITIONS_HEADER

BACK = 20_000  # records of late, over all partitions; walls and views of topics remember as many posts
BACK_MS = 24 * 3_600_000  # and none from before that: the longest window of a list
BACK_WITHIN_S = 10.0  # what is not read by then counts among what comes
ROUND_BYTES = 32 << 20  # that wait to be put in order
POLL_MS = 200
_AT_ONCE = 1_000


class Came(NamedTuple):
    """Posts in the order in which they came, and when (ms by their records, 0 where a broker does not say); `old` ones
    were there before anybody asked."""

    posts: list[Post]
    times: list[int]
    old: bool


class PostFollower:
    """Reads a topic of posts, in no group. `client` is Connection.aiokafka().

    An embedded broker answers wrongly where a partition ends: the end of what is there is taken from what is fetched.
    """

    def __init__(
        self, client: dict[str, Any], topic: str, *, back: int = BACK, clock: Callable[[], float] = time.time
    ) -> None:
        self._client, self._topic, self._back, self._clock = client, topic, back, clock
        self._next: dict[Any, int] = {}  # by partition

    async def read(self) -> AsyncGenerator[Came, None]:
        """Posts, without end. First what the topic held: of each partition the newest of its share of BACK
        records, none older than BACK_MS by the record's time, all of them in the order of these times. Read once more
        after an end or a fault it goes on where it was, with the same bound, and nothing is old.

        Markers, control records and records that are no posts are passed over. Raises aiokafka's KafkaError.
        """
        from aiokafka import AIOKafkaConsumer

        from pipeline.kafka.lenient import read_leniently

        read_leniently()
        old = not self._next
        consumer = AIOKafkaConsumer(
            self._topic, auto_offset_reset="earliest", enable_auto_commit=False, **self._client
        )
        try:
            await consumer.start()
            async for found in self._of_late(consumer):
                yield _came(sorted(found, key=lambda it: it[0]), old)
            while True:
                polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=_AT_ONCE)
                for place, records in polled.items():
                    self._next[place] = records[-1].offset + 1
                    yield _came(_posts(records), False)
        finally:
            await consumer.stop()

    async def _of_late(self, consumer: Any) -> AsyncIterator[list[tuple[int, Post]]]:
        places = consumer.assignment()
        share = -(-self._back // max(len(places), 1))
        since_ms = int(self._clock() * 1_000) - BACK_MS
        begins: dict[Any, int] = {}
        ends: dict[Any, int] = {}
        found: list[tuple[int, Post]] = []
        size = 0
        deadline = time.monotonic() + BACK_WITHIN_S
        while any([place not in ends or await consumer.position(place) < ends[place] for place in places]):
            if time.monotonic() > deadline:
                break
            polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=_AT_ONCE)
            for place in places - ends.keys():
                if (end := consumer.highwater(place)) is not None:
                    gone_on = self._next.get(place, 0)
                    ends[place], begins[place] = end, max(end - share, gone_on if gone_on <= end else 0)
                    if await consumer.position(place) < begins[place]:
                        consumer.seek(place, begins[place])
            for place, records in polled.items():
                self._next[place] = max(records[-1].offset + 1, begins[place])
                some = [it for it in records if it.offset >= begins[place] and (it.timestamp or since_ms) >= since_ms]
                found += _posts(some)
                size += sum(len(record.value or b"") for record in some)
            if size > ROUND_BYTES:
                yield found
                found, size = [], 0
        yield found


def _posts(records: Sequence[Any]) -> list[tuple[int, Post]]:
    """The posts among records, each with the record's time in ms (0 where a broker gives none)."""
    posts = []
    for record in records:
        if record.value and not any(key in (MARKER_HEADER, DEFINITIONS_HEADER) for key, _ in record.headers):
            try:
                posts.append((record.timestamp or 0, decode_post(record.value)))
            except PostError:
                continue  # the count stage makes a dead letter of it
    return posts


def _came(found: list[tuple[int, Post]], old: bool) -> Came:
    return Came([post for _, post in found], [time_ms for time_ms, _ in found], old)
