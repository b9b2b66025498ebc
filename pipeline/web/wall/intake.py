"""How posts reach the walls and the views of topics: in process, from another thread, or from Kafka's `posts`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import aclosing

from pipeline.kafka.connection import Connection, KafkaUseError
from pipeline.kafka.posts import PostFollower
from pipeline.text import printable
from pipeline.web.wall.recent import RecentPosts
from pipeline.web.wall.walls import Walls
from schemas import Post
from schemas.control import ControlKeys

AGAIN_S = 5.0  # after a fault of the connection
AT_ONCE = 20  # posts: a turn of some 10 ms, then pages and lists have theirs
CHARACTERS_AT_ONCE = 8_192  # of their texts
_log = logging.getLogger(__name__)


class Intake:
    """Takes posts for the walls and for `recent`; `tell_gone` hears of posts that pages were given and are withdrawn
    (`source/id`). Make it on the event loop that the walls belong to."""

    def __init__(self, walls: Walls, recent: RecentPosts, tell_gone: Callable[[list[str]], None]) -> None:
        self._walls, self._recent, self._tell_gone = walls, recent, tell_gone
        self._loop = asyncio.get_running_loop()

    async def take(self, posts: Sequence[Post], came_ms: Sequence[int] | None = None) -> int:
        """Puts posts (times in ms) on the walls of their events, letting others work in between; how many places.
        `came_ms` is told of those from before the server started (see Walls.take)."""
        taken = 0
        for turn in _turns(posts):
            taken += self._walls.take(posts[turn], came_ms[turn] if came_ms is not None else None)
            if gone := self._recent.take(posts[turn]):
                self._tell_gone(gone)
            await asyncio.sleep(0)
        return taken

    async def fill(self, events: Collection[str]) -> None:
        """Puts the posts of late on the walls of these events, which are new."""
        posts = self._recent.posts()
        for turn in _turns(posts):
            self._walls.take(posts[turn], [int(post.time) for post in posts[turn]], events)
            await asyncio.sleep(0)

    def take_soon(self, posts: Sequence[Post]) -> None:
        """The same from any thread, without waiting."""
        asyncio.run_coroutine_threadsafe(self.take(posts), self._loop)

    async def read_kafka(self, connection: Connection, topic: str, control: ControlKeys) -> None:
        """Reads the posts of late and those that come to the topic, until it is cancelled (see PostFollower). A
        fault is logged and tried again.
        """
        follower = PostFollower(connection, topic, control)
        while True:
            try:
                async with aclosing(follower.read()) as coming:
                    async for posts, times, old in coming:
                        await self.take(posts, times if old else None)
                        if self._walls.filling and not old:
                            self._walls.filled()
            except KafkaUseError as error:
                _log.warning("posts cannot be read for the page (%s); trying again", printable(str(error)))
                await asyncio.sleep(AGAIN_S)


def _turns(posts: Sequence[Post]) -> Iterator[slice]:
    """One after the other, each of AT_ONCE posts and about as many characters at most; a post is never parted."""
    start, characters = 0, 0
    for place, post in enumerate(posts):
        if place - start >= AT_ONCE or (place > start and characters + len(post.text) > CHARACTERS_AT_ONCE):
            yield slice(start, place)
            start, characters = place, 0
        characters += len(post.text)
    if start < len(posts):
        yield slice(start, len(posts))
