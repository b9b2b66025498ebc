"""A server with walls for tests: a real one on a free port, so that streams and browsers work as they do for people."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pipeline.alerts.recent import RecentAlerts
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk
from pipeline.web.pictures import PictureError, Pictures
from pipeline.web.posting import PostDesk
from pipeline.web.run import start_web
from pipeline.web.schedule import Schedules
from pipeline.web.setup.nearby import Nearby
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.tour import Step
from pipeline.web.wall_service import WallService
from schemas import Post
from schemas.access import Token
from schemas.alerts import Order, Rule
from schemas.definitions import Definitions
from schemas.events import Event
from schemas.moderation import Kind
from tests.web.desk import Desk
from tests.web.photos import picture

ANN = Token("ann", "a-secret-for-ann-0", "write")
BOB = Token("bob", "a-secret-for-bob-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")
EVENTS = (
    Event(name="fete", title="Fête <b>de</b> la ville", hashtags=("#fete",)),
    Event(name="conf", title="Conf", hashtags=("#conf",), moderation="manual"),
)


async def photographed(url: str) -> bytes:
    """What every address of a picture leads to, but those with `missing` in them."""
    if "missing" in url:
        raise PictureError("answered 404")
    return picture()


async def programmed(_url: str) -> bytes:
    """A programme of which one session runs, within days that are one, at every address."""
    first, last = (time.strftime("%Y%m%d", time.gmtime(time.time() + days * 86_400)) for days in (-1, 2))
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{last}"]
    lines += ["SUMMARY:Le salon", "END:VEVENT"]
    for from_now_s, title in ((-600, "Parler clair"), (3_600, "Le <b>bal</b>")):
        begins = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + from_now_s))
        lines += ["BEGIN:VEVENT", f"DTSTART:{begins}", f"SUMMARY:{title}", "LOCATION:Salle <1>", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR"]).encode()


class Served:
    """The server's address, and a way to put posts on its walls and to look at them."""

    def __init__(
        self,
        tokens: Sequence[Token],
        events: Sequence[Event],
        file: Path | None = None,
        tour: Sequence[Step] = (),
        fetch: Callable[[str], Awaitable[bytes]] = photographed,
        embed_sites: Sequence[str] = (),
        posts: PostDesk | None = None,
    ) -> None:
        self.feed, self.history, self.alerts = Feed(), History(), RecentAlerts()
        self.feed.on_list(self.history.add)
        self.service = WallService(
            self.feed,
            events,
            tokens,
            file,
            pictures=Pictures(fetch),
            schedules=Schedules(programmed),
            embed_sites=embed_sites,
        )
        self.walls = self.service.walls
        self.loop: asyncio.AbstractEventLoop
        desk = OrderDesk(self.service.gate, self._give, lambda: (Rule("rule"),))
        setup = Setup(
            self.service.door,
            Desk(Definitions(events=tuple(events))),
            history=self.history,
            nearby=Nearby(self.feed, self.service.recent),
        )
        self._handle = start_web(
            self.feed,
            self.history,
            port=0,
            events=events,
            alerts=self.alerts,
            orders=desk,
            tour=tour,
            posts=posts,
            public_url="https://wall.example" if posts else "",
            examples=self.service.examples,
            find=self.service.find,
            posts_of=self.service.posts_of,
            routers=[*self.service.routers, setup_routes(setup)],
            on_startup=[self._begin, self.service.start],
            on_shutdown=[self.service.stop],
        )
        self.address = self._handle.address.rstrip("/")

    async def _begin(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def _give(self, _order: Order) -> None:
        """Orders are taken, and need no Kafka here."""

    def take(self, *posts: Post) -> int:
        intake = self.service.intake
        assert intake is not None
        taking: Awaitable[int] = intake.take(posts)
        return asyncio.run_coroutine_threadsafe(taking, self.loop).result(10)  # type: ignore[arg-type]

    def decide(self, event: str, kind: Kind, target: str, verdict: str) -> None:
        """What a moderator decides."""
        deciding = partial(self.walls.decide, event, kind, target, verdict, "ann")
        self.loop.call_soon_threadsafe(deciding)

    def stop(self) -> None:
        self._handle.stop()
        self.history.close()


@contextlib.contextmanager
def serving(
    tokens: Sequence[Token] = (ANN, BOB, EVE),
    events: Sequence[Event] = EVENTS,
    tour: Sequence[Step] = (),
    posts: PostDesk | None = None,
    embed_sites: Sequence[str] = (),
) -> Iterator[Served]:
    """`posts`: where what people write would go; where it is given the walls invite them to."""
    served = Served(tokens, events, tour=tour, posts=posts, embed_sites=embed_sites)
    try:
        yield served
    finally:
        served.stop()
