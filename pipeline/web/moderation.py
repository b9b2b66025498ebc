"""Behind the walls: queues and decisions, for those who have a token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, URLEncodedBody

from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.lookback import LookedBack
from pipeline.moderation.log import LogError
from pipeline.moderation.state import ConflictError, Mode, Queue
from pipeline.web.allowed import CSRF_HEADER, require_right
from pipeline.web.door import Door, Login
from pipeline.web.events import Snapshots, event_page, wall_of
from pipeline.web.frame import AnyRequest, firing_at, page
from pipeline.web.streams import EventStream
from pipeline.web.tokens import COOKIE
from pipeline.web.wall.entries import Decided, Shown, Wanted
from pipeline.web.wall.recent import RecentPosts
from pipeline.web.wall.walls import FillingError, Walls
from pipeline.web.wall.whereabouts import Whereabouts, in_the_past, may_be_of, names_of, names_of_post, whereabouts
from schemas import Post
from schemas.access import same
from schemas.events import Event
from schemas.moderation import EVERYWHERE, Decision, Kind

MAX_BLOCKS = 1_000  # of one answer
Asked = Annotated[str, QueryParameter(max_length=200)]


class ModerationView(msgspec.Struct):
    """What a moderator sees of one queue."""

    event: str
    mode: Mode
    frozen: bool
    shown: int  # of the last minute, on the screen
    came: int  # of the last minute, that could have been on it
    queue: Queue
    posts: list[Shown]
    counts: dict[Queue, int]
    decisions: list[Decision]  # the last ones of anybody, newest first
    blocks: list[Decision]  # in force
    decided: dict[str, Decided]  # what is known of posts and accounts of these decisions, by their target
    trusted: list[Decision]  # accounts whose posts wait for nobody, newest first
    found: int  # posts of the queue that are looked for; `posts` are the first of them
    sources: dict[str, int]  # of the whole queue
    whys: dict[str, int]  # for what posts of the whole queue are held
    filling: bool  # posts of before the server's start are still read back: more may come


class Blocks(msgspec.Struct):
    """What is decided for the whole installation, in every scope and for every event: what is blocked, and which topics
    are suspect or not whatever the rule found."""

    blocks: list[Decision]  # in force, newest first; at most 1,000
    decisions: list[Decision]  # the last ones of anybody about everything, newest first
    decided: dict[str, Decided]  # what is known of posts and accounts of these, by the target of the decision


class BlockWish(msgspec.Struct, forbid_unknown_fields=True):
    """Something to block everywhere, or with the verdict "" not any more. A blocked topic never trends. Of the kind
    `suspicion`, a topic is `cleared` of being suspect, or called `suspect`."""

    target: Annotated[str, msgspec.Meta(max_length=600)]
    kind: Literal["topic", "word", "account", "suspicion"] = "topic"
    verdict: Literal["blocked", "cleared", "suspect", ""] = "blocked"


class DecisionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A decision as a moderator asks for it."""

    kind: Kind
    verdict: Annotated[str, msgspec.Meta(max_length=16)]
    target: Annotated[str, msgspec.Meta(max_length=600)] = ""
    everywhere: bool = False
    content: Annotated[str, msgspec.Meta(max_length=64)] = ""  # of the post as it was seen; another one is no more


class Undo(msgspec.Struct, forbid_unknown_fields=True):
    """Which decision to take back."""

    id: Annotated[str, msgspec.Meta(max_length=64)]


LookBack = Callable[[Callable[[bytes], bool], Callable[[Post], bool]], LookedBack]  # blocks its thread


def moderation_routes(walls: Walls, recent: RecentPosts, door: Door, look_back: LookBack) -> Router:
    """Pages and API of the moderators; `recent` are the posts of late, whichever event they are of; `look_back` finds
    older ones."""
    gate = door.gate
    looking = asyncio.Lock()  # back: one moderator after the other

    @get("/moderate/{name:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def moderate_page(request: AnyRequest, name: FromPath[str]) -> Response[str]:
        event = wall_of(walls, name).event
        return page_of(request, event, lambda data: event_page(request, event, "moderate", data))

    @get("/moderate", media_type=MediaType.HTML, include_in_schema=False)
    async def everywhere_page(request: AnyRequest) -> Response[str]:
        events = [wall.event for wall in walls.walls.values()]

        def everywhere(data: dict[str, str]) -> Response[str]:
            told = {"view": "everywhere"} | data
            return page(request, "everywhere", here="moderate", script="wall/everywhere", data=told, events=events)

        return page_of(request, None, everywhere)

    def page_of(
        request: AnyRequest, event: Event | None, signed: Callable[[dict[str, str]], Response[str]]
    ) -> Response[str]:
        session = door.session(request)
        if session is None:
            return door.form(request, *_place(event))
        return signed({"csrf": session.csrf, "token": session.token.name, "rights": session.token.rights})

    @post("/moderate/{name:str}/login", include_in_schema=False, status_code=303)
    async def log_in(request: AnyRequest, name: FromPath[str], data: URLEncodedBody[Login]) -> Response[str]:
        return await door.enter(request, data, *_place(wall_of(walls, name).event))

    @post("/moderate/login", include_in_schema=False, status_code=303)
    async def log_in_everywhere(request: AnyRequest, data: URLEncodedBody[Login]) -> Response[str]:
        return await door.enter(request, data, *_place(None))

    @post("/api/v1/moderation/logout", status_code=204, include_in_schema=False)
    async def log_out(request: AnyRequest) -> None:
        session = door.session(request)
        if session and same(session.csrf, request.headers.get(CSRF_HEADER, "")):
            gate.end(request.cookies[COOKIE])

    def look(name: str, queue: Queue, wanted: Wanted) -> ModerationView:
        wall, moderation = wall_of(walls, name), walls.moderation
        decisions, in_force = walls.decisions_of(name), moderation.in_force(name)[:200]
        trusted, found = moderation.in_force(name, ["trust"])[:200], wall.found(queue, wanted)
        return ModerationView(
            name,
            moderation.mode(name, wall.event.moderation),
            moderation.frozen(name),
            *wall.screen.sample(),
            queue,
            found.posts,
            wall.counts(),
            decisions,
            in_force,
            walls.decided([*decisions, *in_force, *trusted]),
            trusted,
            found.number,
            found.sources,
            found.whys,
            walls.filling,
        )

    @get("/api/v1/moderation/{name:str}")
    async def queues(
        request: AnyRequest,
        name: FromPath[str],
        queue: FromQuery[Queue] = "waiting",
        source: Asked = "",
        why: Asked = "",
        q: Asked = "",
    ) -> Response[ModerationView]:
        """A queue of an event's wall, with what was decided (read right): its posts of a `source`, held for a reason
        (`why`), with the words of `q` in name, account or text."""
        await require_right(gate, request, "read")
        return Response(look(name, queue, Wanted(source, why, q)), headers={"Cache-Control": "no-store"})

    @get("/api/v1/moderation/{name:str}/stream", include_in_schema=False)
    async def stream(
        request: AnyRequest,
        name: FromPath[str],
        queue: FromQuery[Queue] = "waiting",
        source: Asked = "",
        why: Asked = "",
        q: Asked = "",
    ) -> EventStream:
        await require_right(gate, request, "read")
        wall_of(walls, name)
        snapshots = Snapshots(walls, lambda: look(name, queue, Wanted(source, why, q)), 0.25)
        return EventStream(snapshots.read(lambda: firing_at(request)))

    @get("/api/v1/moderation/{name:str}/whereabouts")
    async def where_is(
        request: AnyRequest,
        name: FromPath[str],
        post: Annotated[str, QueryParameter(name="post", min_length=1, max_length=1_024)],
    ) -> Response[Whereabouts]:
        """What became of the post of this address or id, for an event's wall (read right): `where` it is, why it is
        held or of no event, and how long after it was written it came."""
        await require_right(gate, request, "read")
        wall_of(walls, name)
        found = whereabouts(walls, recent, name, post)
        if found.where == "never" and (names := names_of(post)):
            with suppress(KafkaUseError):  # then what is remembered is all that can be looked at
                async with looking:
                    told = await asyncio.to_thread(
                        look_back, may_be_of(names), lambda it: bool(names & names_of_post(it))
                    )
                found = in_the_past(walls, name, told)
        return Response(found, headers={"Cache-Control": "no-store"})

    @post("/api/v1/moderation/{name:str}/decisions", status_code=200)
    async def decide(request: AnyRequest, name: FromPath[str], data: JSONBody[DecisionRequest]) -> Decision:
        """Decides about a post, an account, a word, a topic, a pin, the screen or the mode (write right)."""
        token = await require_right(gate, request, "write")
        wall_of(walls, name)
        return _kept(
            lambda: walls.decide(
                EVERYWHERE if data.everywhere else name, data.kind, data.target, data.verdict, token.name, data.content
            )
        )

    @post("/api/v1/moderation/{name:str}/undo", status_code=200)
    async def undo(request: AnyRequest, name: FromPath[str], data: JSONBody[Undo]) -> Decision:
        """Takes a decision back, if nobody has decided about the same thing since (write right)."""
        token = await require_right(gate, request, "write")
        wall_of(walls, name)
        return _kept(lambda: walls.undo(data.id, token.name))

    @get("/api/v1/blocks")
    async def blocks(request: AnyRequest) -> Response[Blocks]:
        """What is decided everywhere, with or without events (read right)."""
        await require_right(gate, request, "read")
        kinds: tuple[Kind, ...] = ("account", "word", "topic", "suspicion")
        found = [it for it in walls.moderation.in_force(EVERYWHERE, kinds) if it.event == EVERYWHERE]
        made = [it for it in walls.decisions_of(EVERYWHERE) if it.event == EVERYWHERE]
        return Response(Blocks(found[:MAX_BLOCKS], made, walls.decided(made)), headers={"Cache-Control": "no-store"})

    @post("/api/v1/blocks", status_code=200)
    async def block(request: AnyRequest, data: JSONBody[BlockWish]) -> Decision:
        """Blocks a topic (it never trends), a word or an account everywhere, overrules whether a topic is suspect, or
        takes that back (write right)."""
        token = await require_right(gate, request, "write")
        return _kept(lambda: walls.decide(EVERYWHERE, data.kind, data.target, data.verdict, token.name))

    @post("/api/v1/blocks/undo", status_code=200)
    async def undo_block(request: AnyRequest, data: JSONBody[Undo]) -> Decision:
        """Takes a decision back, if nobody has decided about the same thing since (write right)."""
        token = await require_right(gate, request, "write")
        return _kept(lambda: walls.undo(data.id, token.name))

    return Router(
        "/",
        route_handlers=[
            moderate_page,
            everywhere_page,
            log_in,
            log_in_everywhere,
            log_out,
            queues,
            stream,
            where_is,
            decide,
            undo,
            blocks,
            block,
            undo_block,
        ],
        tags=["moderation"],
    )


def _place(event: Event | None) -> tuple[str, str, str]:
    """Which page of the site, its address and what it is about, for who signs in there."""
    if event is None:
        return "moderate", "/moderate", ""
    return "moderate", f"/moderate/{event.name}", event.title or event.name


def _kept(make: Any) -> Decision:
    try:
        decision: Decision = make()
    except ConflictError as error:
        raise HTTPException(status_code=409, detail=str(error)) from None
    except (FillingError, LogError) as error:
        raise HTTPException(status_code=503, detail=str(error)) from None
    return decision
