"""`upswell serve`: the live page and the API, fed from Kafka or Redis."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, need, settings_in_force, tell_link
from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.settings import Settings, SettingsError
from schemas import TrendList
from schemas.alerts import Receiver
from schemas.control import UNSIGNED
from schemas.definitions import Definitions
from schemas.topics import Topics

if TYPE_CHECKING:
    from pipeline.alerts.recent import RecentAlerts
    from pipeline.sinks.redis_sink import RedisSink
    from pipeline.source_status import SourceStatus
    from pipeline.web.feed import Feed
    from pipeline.web.wall.walls import Walls

LAST_ALERTS = 1_000
LAST_LISTS = 20_000  # read from Kafka at the start, so that the history has a past


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Where to listen; 0: any free port")] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen at")] = "127.0.0.1",
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="Keep every final list in this SQLite file")
    ] = None,
    walls: Annotated[
        Path | None,
        typer.Option("--walls", metavar="FILE", help="Keep posts of walls (from Redis: decisions too) in this file"),
    ] = None,
    keep_days: Annotated[int, typer.Option("--keep-days", min=1, max=36_500, help="How long lists are kept")] = 90,
    source: Annotated[Literal["kafka", "redis"], typer.Option("--from", help="Where lists come from")] = "kafka",
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Serve the live page and the API, until Ctrl-C.

    Lists come from the topic of results on Kafka, or from Redis. Where the setting redis_url names a server, lists that
    come from Kafka are also kept there, for other programs and other servers. Several servers may run side by side;
    each keeps a history file of its own.

    \b
    Examples:
      upswell serve
      upswell serve --history trends.db --port 8000
      upswell serve --from redis --host 0.0.0.0
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    if source == "redis" and not settings.redis_url:
        raise WrongUseError("--from redis: the setting redis_url is not set; write it like redis://127.0.0.1:6379/0")
    if settings.redis_url:
        need("redis", "the setting redis_url")
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):  # told to stop, and stopped cleanly
        asyncio.run(_serve(settings, host, port, history, walls, keep_days, source))


async def _serve(
    settings: Settings, host: str, port: int, file: Path | None, walls_file: Path | None, keep_days: int, source: str
) -> None:
    from prometheus_client import CollectorRegistry

    from pipeline.alerts.recent import RecentAlerts
    from pipeline.alerts.run import give_order, try_receivers
    from pipeline.cancelling import cancel_and_wait
    from pipeline.gc_tuning import collect_rarely
    from pipeline.kafka.connection import Connection, KafkaUseError, control_keys
    from pipeline.kafka.decisions import KafkaLog
    from pipeline.kafka.definitions import asked_last, defined_by
    from pipeline.moderation.log import LogError
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

    feed, registry, alerts, status = Feed(), CollectorRegistry(), RecentAlerts(), SourceStatus()
    try:
        kept = History(file, keep_days)
        decisions = KafkaLog(settings) if source == "kafka" else None
        in_force = _InForce(asked_last(settings, complain) if source == "kafka" else defined_by(settings))
        events, watchlists = in_force.definitions.events, in_force.definitions.watchlists
        room_pictures = RoomPictures(Path(settings.state_dir) / ROOM_FOLDER) if settings.pictures else None
        pictures = Pictures(kept=room_pictures.read) if room_pictures else None
        https = settings.public_url.startswith("https://")
        links = Links(Path(settings.state_dir) / "links.json")
        walls = WallService(
            feed,
            events,
            settings.tokens,
            walls_file,
            https=https,
            log=decisions,
            pictures=pictures,
            links=links,
            sessions=SessionFile(Path(settings.state_dir) / "sessions.json"),
            embed_sites=settings.embed_sites,
        )
        control = control_keys(settings) if source == "kafka" else UNSIGNED
        incoming = Incoming(
            settings, walls, complain, kafka=source == "kafka", pictures=room_pictures, registry=registry
        )
        held = bound(host, port)
    except (HistoryError, FolderError, KafkaUseError, LinksError, LogError, SettingsError, WebError) as error:
        raise CommandError(str(error)) from None
    if source == "kafka":
        walls.read_kafka(Connection.of(settings), Topics(settings.kafka_prefix).posts, control)
    collector = TrendsCollector(visible=walls.walls.visible)
    registry.register(collector)
    registry.register(WallCollector(walls.walls))
    feed.on_list(kept.add)
    feed.on_list(collector.take)
    give = functools.partial(give_order, settings) if source == "kafka" else None
    definitions = KafkaDesk(settings) if source == "kafka" else None
    desk = OrderDesk(walls.gate, give, lambda: in_force.definitions.rules)

    async def try_receiver(receiver: Receiver, lang: str) -> str:
        told = await try_receivers(settings, [receiver], lang)
        return told[0][1]

    channels = Channels(settings)
    setup = Setup(
        walls.door,
        definitions,
        kept,
        settings.receivers,
        try_receiver,
        settings.public_url,
        channels,
        Nearby(feed, walls.recent),
    )
    app = create_app(
        feed,
        kept,
        events=events,
        watchlists=watchlists,
        alerts=alerts,
        registry=registry,
        orders=desk,
        posts=incoming.desk,
        status=status,
        examples=walls.examples,
        find=walls.find,
        posts_of=walls.posts_of,
        public_url=settings.public_url,
        routers=[*walls.routers, *incoming.routers, setup_routes(setup)],
        on_startup=[walls.start, incoming.start],
        on_shutdown=[walls.stop, incoming.stop, *([definitions.stop] if definitions else [])],
    )
    server = server_of(app)

    async def redefine(definitions: Definitions) -> None:
        await walls.redefine(definitions.events)
        set_defined(app, definitions.events, definitions.watchlists)

    print(f"upswell serves at {address_of(held)}", flush=True)
    tell_link(walls.gate, settings.public_url or address_of(held))
    stop = asyncio.Event()
    sink = _sink(settings, source, walls.walls)
    reading = asyncio.create_task(_read(feed, sink, _lists(settings, source, stop, status)))
    reading.add_done_callback(lambda _: setattr(server, "should_exit", True))
    helpers = []
    if source == "kafka":
        following = _follow_definitions(settings, in_force, redefine, stop)
        helpers = [
            asyncio.create_task(work)
            for work in (_read_alerts(settings, alerts, stop), _read_given_up(settings, alerts, stop), following)
        ]
    collect_rarely()
    try:
        await server.serve(sockets=[held])
    finally:
        stop.set()
        await cancel_and_wait(reading, *helpers)
        fault = None if reading.cancelled() else reading.exception()
        await asyncio.to_thread(kept.close)
        held.close()
    if isinstance(fault, Exception):
        raise CommandError(str(fault)) from None


@dataclass
class _InForce:
    """What pages and orders go by; replaced as a whole."""

    definitions: Definitions


async def _follow_definitions(
    settings: Settings, in_force: _InForce, redefine: Callable[[Definitions], Awaitable[None]], stop: asyncio.Event
) -> None:
    """What `upswell reload` asks for comes to the pages, too."""
    from pipeline.kafka.connection import KafkaUseError
    from pipeline.kafka.results import follow_definitions
    from pipeline.moderation.log import LogError

    try:
        async for definitions in follow_definitions(settings, in_force.definitions, stop):
            try:
                await redefine(definitions)
            except (ValueError, LogError) as error:
                complain(f"the pages stay as they were: {error}")
            else:
                in_force.definitions = definitions
    except KafkaUseError as error:
        complain(f"the pages do not follow `upswell reload`: {error}")


async def _read_alerts(settings: Settings, alerts: RecentAlerts, stop: asyncio.Event) -> None:
    """What workers raise, and what people say about it. The page does without, where a topic is missing."""
    from pipeline.kafka.connection import KafkaUseError
    from pipeline.kafka.results import follow_alerts, follow_orders

    async def orders() -> None:
        async for order in follow_orders(settings, stop):
            alerts.order(order)

    async def raised() -> None:
        async for alert in follow_alerts(settings, stop, last=LAST_ALERTS):
            alerts.add(alert)

    try:
        await asyncio.gather(orders(), raised())
    except KafkaUseError as error:
        complain(f"the page shows no alerts: {error}")


async def _read_given_up(settings: Settings, alerts: RecentAlerts, stop: asyncio.Event) -> None:
    """What receivers did not get; alerts are shown without, too."""
    from pipeline.kafka.connection import KafkaUseError
    from pipeline.kafka.results import follow_given_up

    try:
        async for given_up in follow_given_up(settings, stop, last=LAST_ALERTS):
            alerts.give_up(given_up)
    except KafkaUseError as error:
        complain(f"the page does not show which alerts could not be delivered: {error}")


def _lists(settings: Settings, source: str, stop: asyncio.Event, status: SourceStatus) -> AsyncIterator[TrendList]:
    if source == "redis":
        from pipeline.sinks.redis_sink import follow_redis

        return follow_redis(settings.redis_url, stop, status=status)
    from pipeline.kafka.results import follow_trends

    return follow_trends(settings, stop, last=LAST_LISTS, live=True, status=status, waits=True)


def _sink(settings: Settings, source: str, walls: Walls) -> RedisSink | None:
    """Where other programs find the current lists, after moderation; None: nowhere."""
    url = settings.redis_url
    if source == "redis" or not url:
        return None
    from pipeline.sinks.redis_sink import RedisSink

    sink = RedisSink(url, visible=walls.visible)
    walls.on_decision(sink.refresh)
    return sink


async def _read(feed: Feed, sink: RedisSink | None, lists: AsyncIterator[TrendList]) -> None:
    async with sink or contextlib.nullcontext():
        async for trends in lists:
            feed.publish(trends)
            if sink is not None:
                await sink.take(trends)
