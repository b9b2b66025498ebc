"""The public side of events: boards, walls and screens as pages, as JSON and as streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from pipeline.text import printable
from pipeline.web.answers import framed_by
from pipeline.web.frame import INVITES, firing_at, page
from pipeline.web.programme import Session
from pipeline.web.schedule import Schedules
from pipeline.web.streams import FIRING_EVENT, EventStream
from pipeline.web.wall.entries import Shown
from pipeline.web.wall.tally import MINUTE_MS, Minute, Phase, Resonance, own_topics, resonance
from pipeline.web.wall.wall import Wall
from pipeline.web.wall.walls import Walls
from schemas import Trend, TrendList, Window
from schemas.events import Event, Stage

HEARTBEAT_S = 10.0
TOLD_A_SECOND = 2_000  # readers of one view
TRENDS = 6  # beside a wall
FIRST = 12  # posts of a wall that come within its page, the others by its stream
DRAWN = 4  # of these are in its HTML: a phone shows no more at once, and need not wait for scripts
Current = Callable[[str, Window], TrendList | None]  # the last list of (scope, window), already made visible
View = Literal["board", "wall", "screen"]
Part = Literal["wall", "list", "chart"]  # of an event, within another site's page


class WallView(msgspec.Struct):
    """A wall as everybody may see it."""

    event: str
    title: str
    mode: str
    frozen: bool
    pinned: list[Shown]
    posts: list[Shown]  # newest first
    taken_away: list[str]  # the last that were shown and may not be any more: a page may show older posts than `posts`
    counted: int  # posts of the event so far
    people: int  # who wrote them
    at: int  # ms: how far lists have come, which is now by the posts' own clock
    minutes: list[Minute]  # the last two hours that had posts
    shown: int  # of the last minute, on the screen
    came: int  # of the last minute, that could have been on it
    stage: Stage  # without the address of the schedule
    trends: list[Trend]  # what the event talks about now besides its own hashtags, at most TRENDS
    schedule: list[Session]  # of the screen: what runs and what comes next


class Board(msgspec.Struct):
    """An event's board: numbers so far, trends, what is repeated, what it shares with other events, its phases."""

    event: str
    title: str
    time_zone: str
    posts: int
    people: int
    at: int  # ms: how far lists have come, which is now by the posts' own clock
    minutes: list[Minute]  # the last four hours that had posts
    trends: list[Trend]  # without the event's own hashtags
    topics: list[tuple[str, int]]  # (spelling, posts) of the whole event
    repeated: list[Shown]
    resonance: list[Resonance]
    phases: list[Phase]


def wall_view(
    walls: Walls, wall: Wall, current: Current, schedules: Schedules | None = None, *, limit: int = 60
) -> WallView:
    """What a page of the wall shows now, or with `schedules` the screen."""
    screen = schedules is not None
    shown, came = wall.screen.sample()
    event = wall.event
    return WallView(
        event.name,
        printable(event.title or event.name),
        walls.moderation.mode(event.name, event.moderation),
        walls.moderation.frozen(event.name),
        wall.pinned(),
        wall.on_screen() if screen else wall.page("shown", limit),
        list(wall.taken_away),
        wall.tally.posts,
        len(wall.tally.people),
        _moment(walls, wall, current),
        wall.tally.minutes(120),
        shown,
        came,
        msgspec.structs.replace(event.stage, schedule=""),
        trends_of(walls, wall, current)[:TRENDS],
        schedules.of(event, walls.clock()) if schedules is not None else [],
    )


def trends_of(walls: Walls, wall: Wall, current: Current) -> list[Trend]:
    """The event's trends now, without its own hashtags."""
    found = current(f"event:{wall.event.name}", "1h")
    own = own_topics(wall.event)
    return [row for row in walls.visible(found).trends if row.topic not in own] if found else []


def _moment(walls: Walls, wall: Wall, current: Current) -> int:
    found = current(f"event:{wall.event.name}", "5m")
    return found.at if found else walls.clock()


def board_of(walls: Walls, wall: Wall, current: Current) -> Board:
    """The event's board now, without topics that may not be shown."""
    event, tally = wall.event, wall.tally
    own = own_topics(event)

    def may(topic: str) -> bool:
        return walls.may_show(topic, tally.display(topic), f"event:{event.name}")

    topics: list[tuple[str, int]] = []
    for topic, posts in sorted(tally.topics.items(), key=lambda it: (-it[1], it[0]))[:60]:
        if topic not in own and len(topics) < 12 and may(topic):
            topics.append((printable(tally.display(topic)), posts))
    shared = [
        resonance(other.event.name, tally, other.tally, own) for other in walls.walls.values() if other is not wall
    ]
    for it in shared:
        other = walls.walls[it.event].event
        it.title = printable(other.title or other.name)
        it.topics = [printable(tally.display(topic)) for topic in it.topics if may(topic)][:5]
    phases = tally.phases(own)
    for phase in phases:
        phase.topics = [printable(tally.display(topic)) for topic in phase.topics if may(topic)]
    return Board(
        event.name,
        printable(event.title or event.name),
        event.time_zone,
        tally.posts,
        len(tally.people),
        _moment(walls, wall, current),
        tally.minutes(240),
        trends_of(walls, wall, current),
        topics,
        wall.repeated(),
        sorted((it for it in shared if it.people or it.topics), key=lambda it: -it.people),
        phases,
    )


class Snapshots:
    """What `look` gives, made once for all who read it, at most once in `pace_s`; many readers are told less often."""

    def __init__(self, walls: Walls, look: Callable[[], Any], pace_s: float) -> None:
        self._walls, self._look, self._least_s = walls, look, pace_s
        self._readers, self._due_s = 0, 0.0
        self._change, self._told = asyncio.Event(), b""
        self._seen: tuple[Any, bytes] = None, b""

    def seen(self) -> tuple[Any, bytes]:
        """The newest, and as JSON."""
        self._newest()
        return self._seen

    @property
    def _pace_s(self) -> float:
        return max(self._least_s, self._readers / TOLD_A_SECOND)

    def _newest(self) -> tuple[asyncio.Event, bytes]:
        """The newest snapshot, and what is set once there is something that it does not hold."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            change = self._walls.next_change()
            seen = self._look()
            self._seen = seen, msgspec.json.encode(seen)
            self._told = b"event: now\ndata: %s\n\n" % self._seen[1]
            self._change, self._due_s = change, now_s + self._pace_s
        return self._change, self._told

    async def read(self, firing: Callable[[], int] = int) -> AsyncGenerator[bytes, None]:
        """Each snapshot that differs from the last, and how many alerts fire where that does; a comment in between
        keeps the line open. Ends when there is nothing more to look at: the event is gone."""
        last, fired = b"", 0
        self._readers += 1
        try:
            while True:
                try:
                    change, told = self._newest()
                except NotFoundException:
                    return
                yield told if told != last else b": still here\n\n"
                last = told
                if (now := firing()) != fired:
                    yield FIRING_EVENT % now
                    fired = now
                with suppress(TimeoutError):
                    await asyncio.wait_for(change.wait(), HEARTBEAT_S)
                await asyncio.sleep(max(self._pace_s, self._due_s - time.monotonic()))
        finally:
            self._readers -= 1


def wall_of(walls: Walls, name: str) -> Wall:
    """The wall of an event; 404 where there is none."""
    wall = walls.walls.get(name)
    if wall is None:
        raise NotFoundException(f"there is no event {printable(name, 64)}")
    return wall


def event_page(
    request: Request[Any, Any, Any],
    event: Event,
    view: str,
    data: Mapping[str, str] | None = None,
    *,
    first: bytes = b"",
    posts: Sequence[Shown] = (),
    board: Board | None = None,
    alone: str = "",
) -> Response[str]:
    """The page of one view of an event, which the browser fills: `board`, `wall`, `screen` or `moderate`. `first`: what
    it sees first, as JSON; `posts` and `board`: what of it is in the HTML; `alone`: the part that is shown, without
    ways to other pages."""
    title = printable(event.title or event.name)
    told = {"view": view, "event": event.name, "title": title, "zone": event.time_zone, **(data or {})}
    told["alone"] = alone
    here = "" if alone or view == "screen" else "moderate" if view == "moderate" else "events"
    script = {"screen": "wall/stage"}.get(view, f"wall/{view}")
    seen = [("now", first)] if first else ()
    pace = last_minute(board) if board else ()
    invites = request.app.state.get(INVITES, "") if event.posting else ""
    if view not in {"link": ("wall",), "code": ("wall", "screen")}.get(invites, ()):
        invites = ""
    return page(
        request,
        "event",
        here=here,
        script=script,
        data=told,
        event=event,
        invites=invites,
        first=seen,
        posts=posts,
        board=board,
        pace=pace,
    )


def last_minute(board: Board) -> tuple[int, int]:
    """Posts and people of the last minute that is whole: none, when nothing came for two (as figures.js)."""
    whole = [minute for minute in board.minutes if minute.at + MINUTE_MS <= board.at]
    return (whole[-1].posts, whole[-1].people) if whole and board.at - whole[-1].at <= 2 * MINUTE_MS else (0, 0)


def event_routes(
    walls: Walls,
    current: Current = lambda _scope, _window: None,
    embed_sites: Sequence[str] = (),
    schedules: Schedules | None = None,
) -> Router:
    """Pages and API of the events; `current` gives the lists that the boards show; `embed_sites` may show walls within
    their own pages; `schedules` fetches programmes (unless told, from the network)."""
    programmes = schedules or Schedules()
    read: dict[tuple[str, str], Snapshots] = {}  # by event and view

    def snapshots(name: str, view: View) -> Snapshots:
        wall_of(walls, name)

        def seen() -> object:
            wall = wall_of(walls, name)
            if view == "board":
                return board_of(walls, wall, current)
            return wall_view(walls, wall, current, programmes if view == "screen" else None)

        if (name, view) not in read:
            read[name, view] = Snapshots(walls, seen, 2.0 if view == "board" else 0.25)
        return read[name, view]

    def viewed(request: Request[Any, Any, Any], name: str, view: View, *, alone: str = "") -> Response[str]:
        wall = wall_of(walls, name)
        if view != "wall":
            now, told = snapshots(name, view).seen()
            html = {"board": now} if view == "board" else {"posts": now.posts[:DRAWN]}
            return event_page(request, wall.event, view, first=told, alone=alone, **html)
        seen = wall_view(walls, wall, current, limit=FIRST)
        posts = list({post.ref: post for post in (*seen.pinned, *seen.posts)}.values())[:DRAWN]
        return event_page(request, wall.event, view, first=msgspec.json.encode(seen), posts=posts, alone=alone)

    @get("/events", media_type=MediaType.HTML, include_in_schema=False)
    async def events_page(request: Request[Any, Any, Any]) -> Response[str]:
        return page(request, "events", here="events", events=[wall.event for wall in walls.walls.values()])

    @get("/events/{name:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def board_page(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        return viewed(request, name, "board")

    @get("/events/{name:str}/wall", media_type=MediaType.HTML, include_in_schema=False)
    async def wall_page(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        return viewed(request, name, "wall")

    @get("/embed/{name:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def embed_page(
        request: Request[Any, Any, Any], name: FromPath[str], show: FromQuery[Part] = "wall"
    ) -> Response[str]:
        if not embed_sites:
            raise NotFoundException("no site may show walls: the setting embed_sites names none")
        shown = viewed(request, name, "board" if show == "chart" else "wall", alone=show)
        shown.headers.update(framed_by(embed_sites))
        return shown

    @get("/screen/{name:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def screen_page(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        return viewed(request, name, "screen")

    @get("/api/v1/events/{name:str}", sync_to_thread=False)
    def board(name: FromPath[str]) -> Board:
        """An event's board."""
        return board_of(walls, wall_of(walls, name), current)

    @get("/api/v1/events/{name:str}/wall", sync_to_thread=False)
    def wall(name: FromPath[str], limit: Annotated[int, QueryParameter(ge=1, le=500)] = 60) -> WallView:
        """The newest posts of an event's wall."""
        return wall_view(walls, wall_of(walls, name), current, limit=limit)

    @get("/api/v1/events/{name:str}/stream", include_in_schema=False)
    async def stream(
        request: Request[Any, Any, Any], name: FromPath[str], view: FromQuery[View] = "wall"
    ) -> EventStream:
        return EventStream(snapshots(name, view).read(int if view == "screen" else lambda: firing_at(request)))

    return Router(
        "/",
        route_handlers=[events_page, board_page, wall_page, embed_page, screen_page, board, wall, stream],
        tags=["events"],
    )
