"""One server of the page and the API: what it is made of, what it reads, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from litestar import Litestar
from prometheus_client import CollectorRegistry

from pipeline.alerts.recent import RecentAlerts
from pipeline.alerts.run import give_order, try_receivers
from pipeline.cancelling import cancel_and_wait
from pipeline.cli.common import tell_link
from pipeline.cli.errors import CommandError, complain
from pipeline.gc_tuning import collect_rarely
from pipeline.kafka.connection import Connection, KafkaUseError, control_keys
from pipeline.kafka.decisions import KafkaLog
from pipeline.kafka.definitions import asked_last, defined_by
from pipeline.kafka.results import (
    follow_alerts,
    follow_definitions,
    follow_given_up,
    follow_orders,
    follow_trends,
)
from pipeline.moderation.log import LogError
from pipeline.settings import Settings, SettingsError
from pipeline.sinks.metrics import TrendsCollector
from pipeline.source_status import SourceStatus
from pipeline.sources.kept import FolderError
from pipeline.web.app import create_app, set_defined
from pipeline.web.feed import Feed
from pipeline.web.history import History, HistoryError
from pipeline.web.incoming import Incoming
from pipeline.web.links import Links, LinksError
from pipeline.web.orders import OrderDesk
from pipeline.web.pictures import Pictures
from pipeline.web.room_pictures import ROOM_FOLDER, RoomPictures
from pipeline.web.run import WebError, address_of, bound, server_of
from pipeline.web.sessions import SessionFile
from pipeline.web.setup.channels import Channels
from pipeline.web.setup.desk import KafkaDesk
from pipeline.web.setup.nearby import Nearby
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.wall.metrics import WallCollector
from pipeline.web.wall_service import WallService
from schemas import TrendList
from schemas.alerts import Receiver
from schemas.topics import Topics

if TYPE_CHECKING:
    from pipeline.sinks.redis_sink import RedisSink

LAST_ALERTS = 1_000
LAST_LISTS = 20_000  # read from Kafka at the start, so that the history has a past


class Asked(NamedTuple):
    """What the flags of `upswell serve` say. Without `kafka` lists come from Redis."""

    host: str
    port: int
    history: Path | None
    walls: Path | None
    keep_days: int
    kafka: bool


async def run(settings: Settings, asked: Asked) -> None:
    """Serves until it is told to stop. Raises CommandError."""
    try:
        parts = _Parts(settings, asked)
    except (HistoryError, FolderError, KafkaUseError, LinksError, LogError, SettingsError, WebError) as error:
        raise CommandError(str(error)) from None
    app = parts.app()
    server, address = server_of(app), address_of(parts.held)
    print(f"upswell serves at {address}", flush=True)
    tell_link(parts.walls.gate, settings.public_url or address)
    reading = asyncio.create_task(parts.read_lists())
    reading.add_done_callback(lambda _: setattr(server, "should_exit", True))
    others = (parts.read_alerts(), parts.read_given_up(), parts.follow_definitions(app)) if asked.kafka else ()
    tasks = [reading, *map(asyncio.create_task, others)]
    collect_rarely()
    try:
        await server.serve(sockets=[parts.held])
    finally:
        parts.stop.set()
        await cancel_and_wait(*tasks)
        fault = None if reading.cancelled() else reading.exception()
        await asyncio.to_thread(parts.kept.close)
        parts.held.close()
    if isinstance(fault, Exception):
        raise CommandError(str(fault)) from None


class _Parts:
    """What the server is made of. `definitions` are those that pages and orders go by, replaced as a whole."""

    def __init__(self, settings: Settings, asked: Asked) -> None:
        """Raises what the parts raise that cannot be used."""
        self.settings, self.kafka, folder = settings, asked.kafka, Path(settings.state_dir)
        self.feed, self.alerts, self.status = Feed(), RecentAlerts(), SourceStatus()
        self.registry, self.stop = CollectorRegistry(), asyncio.Event()
        self.kept = History(asked.history, asked.keep_days)
        decisions = KafkaLog(settings) if self.kafka else None
        self.definitions = asked_last(settings, complain) if self.kafka else defined_by(settings)
        room = RoomPictures(folder / ROOM_FOLDER) if settings.pictures else None
        self.walls = WallService(
            self.feed,
            self.definitions.events,
            settings.tokens,
            asked.walls,
            https=settings.public_url.startswith("https://"),
            log=decisions,
            pictures=Pictures(kept=room.read) if room else None,
            links=Links(folder / "links.json"),
            sessions=SessionFile(folder / "sessions.json"),
            embed_sites=settings.embed_sites,
        )
        self.incoming = Incoming(
            settings, self.walls, complain, kafka=self.kafka, pictures=room, registry=self.registry
        )
        self.held = bound(asked.host, asked.port)
        if self.kafka:
            connection, topic = Connection.of(settings), Topics(settings.kafka_prefix).posts
            self.walls.read_kafka(connection, topic, control_keys(settings))

    def app(self) -> Litestar:
        """The application over these parts."""
        settings, walls, incoming = self.settings, self.walls, self.incoming
        collector = TrendsCollector(visible=walls.walls.visible)
        self.registry.register(collector)
        self.registry.register(WallCollector(walls.walls))
        self.feed.on_list(self.kept.add)
        self.feed.on_list(collector.take)
        desk = KafkaDesk(settings) if self.kafka else None
        setup = Setup(
            walls.door,
            desk,
            self.kept,
            settings.receivers,
            self._try_receiver,
            settings.public_url,
            Channels(settings),
            Nearby(self.feed, walls.recent),
        )
        give = functools.partial(give_order, settings) if self.kafka else None
        return create_app(
            self.feed,
            self.kept,
            events=self.definitions.events,
            watchlists=self.definitions.watchlists,
            alerts=self.alerts,
            registry=self.registry,
            orders=OrderDesk(walls.gate, give, lambda: self.definitions.rules),
            posts=incoming.desk,
            status=self.status,
            examples=walls.examples,
            find=walls.find,
            posts_of=walls.posts_of,
            find_past=walls.find_past if self.kafka else None,
            public_url=settings.public_url,
            routers=[*walls.routers, *incoming.routers, setup_routes(setup)],
            on_startup=[walls.start, incoming.start],
            on_shutdown=[walls.stop, incoming.stop, *([desk.stop] if desk else [])],
        )

    async def _try_receiver(self, receiver: Receiver, lang: str) -> str:
        told = await try_receivers(self.settings, [receiver], lang)
        return told[0][1]

    async def read_lists(self) -> None:
        """Lists come to the pages, and to Redis where that keeps them for others."""
        sink = self._sink()
        async with sink or contextlib.nullcontext():
            async for trends in self._lists():
                self.feed.publish(trends)
                if sink is not None:
                    await sink.take(trends)

    def _lists(self) -> AsyncIterator[TrendList]:
        if self.kafka:
            return follow_trends(self.settings, self.stop, last=LAST_LISTS, live=True, status=self.status, waits=True)
        from pipeline.sinks.redis_sink import follow_redis

        return follow_redis(self.settings.redis_url, self.stop, status=self.status)

    def _sink(self) -> RedisSink | None:
        """Where other programs find the current lists, after moderation; None: nowhere."""
        if not self.kafka or not self.settings.redis_url:
            return None
        from pipeline.sinks.redis_sink import RedisSink

        sink = RedisSink(self.settings.redis_url, visible=self.walls.walls.visible)
        self.walls.walls.on_decision(sink.refresh)
        return sink

    async def follow_definitions(self, app: Litestar) -> None:
        """What `upswell reload` asks for comes to the pages, too."""
        with _doing_without("the pages do not follow `upswell reload`"):
            async for definitions in follow_definitions(self.settings, self.definitions, self.stop):
                try:
                    await self.walls.redefine(definitions.events)
                    set_defined(app, definitions.events, definitions.watchlists)
                except (ValueError, LogError) as error:
                    complain(f"the pages stay as they were: {error}")
                else:
                    self.definitions = definitions

    async def read_alerts(self) -> None:
        """What workers raise, and what people say about it."""

        async def orders() -> None:
            async for order in follow_orders(self.settings, self.stop):
                self.alerts.order(order)

        async def raised() -> None:
            async for alert in follow_alerts(self.settings, self.stop, last=LAST_ALERTS):
                self.alerts.add(alert)

        with _doing_without("the page shows no alerts"):
            await asyncio.gather(orders(), raised())

    async def read_given_up(self) -> None:
        """What receivers did not get."""
        with _doing_without("the page does not show which alerts could not be delivered"):
            async for given_up in follow_given_up(self.settings, self.stop, last=LAST_ALERTS):
                self.alerts.give_up(given_up)


@contextlib.contextmanager
def _doing_without(what: str) -> Iterator[None]:
    """A part that Kafka refuses is told, and the others go on."""
    try:
        yield
    except KafkaUseError as error:
        complain(f"{what}: {error}")
