"""How posts reach the walls and the views of topics: in process, from another thread, or from Kafka's `posts`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from pipeline.text import printable
from pipeline.web.recent import RecentPosts
from pipeline.web.wall.walls import Walls
from schemas import Post, PostError, decode_post
from schemas.definitions import DEFINITIONS_HEADER

AGAIN_S = 5.0  # after a fault of the connection
_log = logging.getLogger(__name__)


class Intake:
    """Takes posts for the walls and for `recent`. Make it on the event loop that the walls belong to."""

    def __init__(self, walls: Walls, recent: RecentPosts) -> None:
        self._walls, self._recent = walls, recent
        self._loop = asyncio.get_running_loop()

    async def take(self, posts: Sequence[Post]) -> int:
        """Puts posts (times in ms) on the walls of their events, letting others work in between; how many places."""
        taken = 0
        for start in range(0, len(posts), 100):
            some = posts[start : start + 100]
            taken += self._walls.take(some)
            self._recent.take(some)
            await asyncio.sleep(0)
        return taken

    def take_soon(self, posts: Sequence[Post]) -> None:
        """The same from any thread, without waiting."""
        asyncio.run_coroutine_threadsafe(self.take(posts), self._loop)

    async def read_kafka(self, client: dict[str, Any], topic: str) -> None:
        """Reads posts that come to the topic from now on, until it is cancelled; `client` is Connection.aiokafka().

        Only what comes: a wall shows the present, and what was there before is kept by the store. Markers, control
        records and records that are no posts are passed over. A lost connection is logged and tried again.
        """
        from aiokafka import AIOKafkaConsumer
        from aiokafka.errors import KafkaError

        while True:
            change = self._walls.next_change()
            if not self._walls.walls:  # nothing is fetched for nobody
                await change.wait()
                continue
            consumer = AIOKafkaConsumer(topic, auto_offset_reset="latest", enable_auto_commit=False, **client)
            try:
                await consumer.start()
                while self._walls.walls:
                    for records in (await consumer.getmany(timeout_ms=200, max_records=1_000)).values():
                        await self.take(_posts(records))
            except KafkaError as error:
                _log.warning("posts for the walls cannot be read (%s); trying again", printable(str(error)))
                await asyncio.sleep(AGAIN_S)
            finally:
                await consumer.stop()


def _posts(records: Sequence[Any]) -> list[Post]:
    posts = []
    for record in records:
        if record.value and not any(key in ("marker", DEFINITIONS_HEADER) for key, _ in record.headers):
            try:
                posts.append(decode_post(record.value))
            except PostError:
                continue  # the count stage makes a dead letter of it
    return posts
