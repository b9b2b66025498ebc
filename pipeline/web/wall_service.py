"""Walls as one part of a web server: its routes, its start and stop, and where posts go in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from litestar import Router

from pipeline.cancelling import cancel_and_wait
from pipeline.kafka.connection import Connection
from pipeline.kafka.lookback import LookedBack, look_back, look_through
from pipeline.moderation.log import DecisionLog, MemoryLog, SqliteLog
from pipeline.text import fold, topics_of
from pipeline.web.door import Door
from pipeline.web.events import event_routes
from pipeline.web.feed import Feed
from pipeline.web.links import Links
from pipeline.web.moderation import moderation_routes
from pipeline.web.pictures import Pictures, picture_routes
from pipeline.web.schedule import Schedules
from pipeline.web.sessions import SessionFile
from pipeline.web.tokens import Gate
from pipeline.web.wall.entries import no_pictures
from pipeline.web.wall.intake import Intake
from pipeline.web.wall.recent import Example, FoundPosts, PastPosts, RecentPosts, has_words
from pipeline.web.wall.store import PostStore
from pipeline.web.wall.walls import Walls
from schemas import Post, TrendList, Window
from schemas.access import Token
from schemas.control import ControlKeys
from schemas.events import Event
from schemas.moderation import EVERYWHERE

OF_TOPIC_S = 0.2  # of looking for posts of a topic, which pages do every few seconds


class WallService:
    """What `create_app` takes: `routers`, `examples`, `gate` for orders about alerts, `door` for pages of those who
    sign in, `start` for on_startup, `stop` for on_shutdown. From then on the feed shows nothing that is blocked. `file`
    keeps posts, and decisions unless `log` does (neither: until the process ends)."""

    def __init__(
        self,
        feed: Feed,
        events: Sequence[Event],
        tokens: Sequence[Token] = (),
        file: Path | None = None,
        *,
        https: bool = False,
        log: DecisionLog | None = None,
        pictures: Pictures | None = None,
        links: Links | None = None,
        sessions: SessionFile | None = None,
        embed_sites: Sequence[str] = (),
        schedules: Schedules | None = None,
    ) -> None:
        """`links` sign people in, besides tokens; `sessions` keeps who is signed in over a restart; `pictures`: those
        of posts are shown; `embed_sites` may show walls within their pages. Raises LogError when the file
        cannot be used."""
        link = pictures.link if pictures else no_pictures
        log = log or (SqliteLog(file) if file else MemoryLog())
        self.walls = Walls(events, log, PostStore(file) if file else None, link=link)
        self._feed = feed
        self._recent = RecentPosts(link=link)
        feed.on_list(self._recent.name)
        self.intake: Intake | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._decided = asyncio.Event()
        self._kafka: tuple[Connection, str, ControlKeys] | None = None
        feed.shows = self.walls
        self.walls.on_decision(feed.refresh)
        self.walls.on_decision(self._decided.set)
        self.gate = Gate(tokens, links=links, file=sessions)
        self.door = Door(self.gate, https=https)
        self.routers: list[Router] = [
            event_routes(self.walls, self._current, embed_sites, schedules),
            moderation_routes(self.walls, self._recent, self.door, self._look_back),
        ]
        if pictures:
            self.routers.append(picture_routes(pictures))

    def read_kafka(self, connection: Connection, topic: str, control: ControlKeys) -> None:
        """From its start on, the service reads posts from there (see Intake.read_kafka)."""
        self._kafka = connection, topic, control
        self.walls.filling = True

    async def start(self) -> None:
        """To be awaited on the event loop of the server."""
        self.intake = Intake(self.walls, self._recent, self._feed.tell_gone)
        self._tasks = [asyncio.create_task(self.walls.run()), asyncio.create_task(self._tell_hidden())]
        if self._kafka:
            self._tasks.append(asyncio.create_task(self.intake.read_kafka(*self._kafka)))

    async def redefine(self, events: Sequence[Event]) -> None:
        """These are the events from now on (see Walls.redefine); a new one begins with its posts of late."""
        new = self.walls.redefine(events)
        self._decided.set()
        if new and self.intake is not None:
            await self.intake.fill(new)

    async def _tell_hidden(self) -> None:
        """Until it is cancelled, tells readers of the posts that pages were given and may show no longer, as they are
        told of those that are withdrawn. Decisions that come meanwhile are one more look together."""
        seen: object = None
        while True:
            await self._decided.wait()
            self._decided.clear()
            # withdrawals come here, too, many a second, and are told where they come in
            now = self.walls.moderation.version, [(name, wall.event) for name, wall in self.walls.walls.items()]
            if now == seen:
                continue
            seen = now
            if gone := await self._recent.take_back(lambda post: self.walls.shows(post, EVERYWHERE)):
                self._feed.tell_gone(gone)

    async def stop(self) -> None:
        """Keeps what is not kept yet and lets go of the file."""
        await cancel_and_wait(*self._tasks)
        self.walls.close()

    def take_soon(self, posts: Sequence[Post]) -> None:
        """Posts (times in ms) for the walls, from any thread; dropped while the server has not started."""
        if self.intake is not None:
            self.intake.take_soon(posts)

    def examples(self, ids: Sequence[str], scope: str) -> list[Example]:
        """Those of these posts that are known and may be seen in the scope."""
        return self._recent.shown(ids, lambda post: self.walls.shows(post, scope))

    async def find(self, words: str, scope: str, limit: int) -> FoundPosts:
        """The newest posts with all these words (folded) in name, account, text or tags that may be seen in the scope,
        of those of late and those on walls."""
        on_walls = [entry.post for wall in self.walls.walls.values() for entry in wall.entries()]
        return await self._recent.find(words.split(), lambda post: self.walls.shows(post, scope), limit, on_walls)

    async def find_past(self, words: str, scope: str, limit: int) -> PastPosts | None:
        """The same of all posts that the log holds, as far back as there is time to look; None where there is no log.
        Raises KafkaUseError."""
        if self._kafka is None:
            return None
        connection, topic, control = self._kafka
        fits = has_words(words.split())
        found = await asyncio.to_thread(look_through, connection, topic, fits, 2 * limit, control)
        shown = self._recent.given(found.posts, lambda post: self.walls.shows(post, scope), limit)
        return PastPosts(shown, found.since_ms, found.whole)

    async def posts_of(self, topic: str, scope: str, limit: int) -> list[Example]:
        """The newest posts of a topic (its key) that belong to the scope and may be seen in it, of those of late; those
        of a watchlist are not told from others."""

        def fits(post: Post) -> bool:
            tagged = not topic.startswith(("#", "$")) or topic in map(fold, topics_of(post))
            return tagged and self.walls.belongs(post, scope) and self.walls.shows(post, scope)

        return (await self._recent.find(topic.lstrip("#$").split(), fits, limit, within_s=OF_TOPIC_S)).posts

    def recent(self) -> list[Post]:
        """The posts of late that are known, in the order of their times."""
        return self._recent.posts()

    def _look_back(self, may_be: Callable[[bytes], bool], is_it: Callable[[Post], bool]) -> LookedBack:
        if self._kafka is None:
            return LookedBack(None, self._recent.since(), False)
        connection, topic, control = self._kafka
        return look_back(connection, topic, may_be, is_it, control)

    def _current(self, scope: str, window: Window) -> TrendList | None:
        change = self._feed.current(scope, window)
        return change.list if change else None
