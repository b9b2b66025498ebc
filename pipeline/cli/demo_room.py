"""People in the room write to the demo's walls, too: what they post is of the evening, and counts with its posts."""

from __future__ import annotations

import queue
import secrets
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from litestar import Router

from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.sources.senders import KEY_BYTES, Senders
from pipeline.web.posting import PostDesk
from pipeline.web.room import Room, room_routes
from pipeline.web.wall_service import WallService
from schemas import Post


class DemoRoom:
    """`/post/EVENT` for as long as the demo lasts. What is posted has the time of `now_ms` (the evening's), is on the
    wall at once, and waits until `taken` is asked for what is to be counted."""

    def __init__(self, walls: WallService, now_ms: Callable[[], int], folder: Path) -> None:
        self._walls = walls
        self._posted: queue.SimpleQueue[Post] = queue.SimpleQueue()
        self._gateway = Gateway(lambda: Journal(folder), lambda: self, now_ms=now_ms)
        senders = Senders(secrets.token_bytes(KEY_BYTES))
        self.desk = PostDesk(walls.gate, self._gateway)
        self.routes: Router = room_routes(Room(walls.walls, self.desk, lambda: senders, https=False, public_url=""))
        self.start, self.stop = self._gateway.start, self._gateway.stop  # on the event loop of the server

    def taken(self) -> list[Post]:
        """What was posted since this was last asked."""
        posts = []
        while not self._posted.empty():
            posts.append(self._posted.get())
        return posts

    # -- the gateway's sink -------------------------------------------------------------------------------------------

    def send(self, posts: Sequence[Post]) -> None:
        """In the gateway's thread."""
        self._walls.take_soon(posts)
        for post in posts:
            self._posted.put(post)

    def found(self, _posts: Collection[Post]) -> set[tuple[str | None, str]]:
        """None: the demo forgets when it ends."""
        return set()

    def close(self) -> None:
        """Nothing is left to do."""
