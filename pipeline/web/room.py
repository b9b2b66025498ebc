"""`/post/EVENT`: people in the room write to the wall, without an account, from their phones."""

from __future__ import annotations

import io
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Annotated

import msgspec
import segno
from litestar import MediaType, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from pipeline.sources.senders import Senders
from pipeline.text import printable
from pipeline.web.bodies import body_of, content_type, later, length_told
from pipeline.web.events import wall_of
from pipeline.web.frame import AnyRequest, page
from pipeline.web.pictures import PictureError
from pipeline.web.posting import PostDesk
from pipeline.web.room_pictures import MOST_SENT_BYTES, WAITING, RoomPictures
from pipeline.web.wall.walls import Walls
from schemas import Post, PostError
from schemas.access import same
from schemas.posts import Media, checked, decoded

COOKIE = "upswell_person"
COOKIE_S = 30 * 86_400
MOST_TEXT, MOST_NAME, MOST_BYTES = 500, 40, 8_192
SOURCE = "web"
EACH_S, AT_ONCE = 5.0, 4  # a person may post every so often, after so many at once
OF_A_PLACE_S, OF_A_PLACE = 0.05, 200  # all who come from one address: a room behind one access point
PEOPLE_OF_A_PLACE_S, PEOPLE_OF_A_PLACE = 2.0, 600  # new people from one address
MOST_KNOWN = 50_000
_log = logging.getLogger(__name__)
_EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What the page sends. `id` is the page's own, the same when it sends again."""

    id: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    text: Annotated[str, msgspec.Meta(max_length=4_000)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    picture: Annotated[bytes, msgspec.Meta(max_length=MOST_SENT_BYTES)] = b""  # as base64


class Heard(msgspec.Struct):
    """It is in Kafka; `waits`: it is shown once a moderator approves."""

    waits: bool


class Pace:
    """So many at once, then one every `every_s`, of each of many; in memory alone, by keys that tell no address."""

    def __init__(self, every_s: float, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._at_once, self._clock = every_s, at_once, clock
        self._full_s: OrderedDict[str, float] = OrderedDict()  # when all are free again

    def wait_s(self, who: str) -> float:
        """0 and one is used, or how long until there is one."""
        now_s = self._clock()
        full_s = max(self._full_s.pop(who, now_s), now_s)
        wait_s = full_s - now_s - (self._at_once - 1) * self._every_s
        self._full_s[who] = full_s + self._every_s if wait_s <= 0 else full_s
        if len(self._full_s) > MOST_KNOWN:
            self._full_s.popitem(last=False)
        return max(wait_s, 0.0)


class Room:
    """What the routes work with. `senders` gives the key, by which people are known and nothing else of them is."""

    def __init__(
        self,
        walls: Walls,
        posts: PostDesk,
        senders: Callable[[], Senders],
        *,
        https: bool,
        public_url: str,
        pictures: RoomPictures | None = None,
    ) -> None:
        self._pictures, self._coming = pictures, 0
        self.walls, self.posts, self.https, self.public_url = walls, posts, https, public_url.rstrip("/")
        self._senders = cache(senders)
        self._person, self._place = Pace(EACH_S, AT_ONCE), Pace(OF_A_PLACE_S, OF_A_PLACE)
        self._people = Pace(PEOPLE_OF_A_PLACE_S, PEOPLE_OF_A_PLACE)

    def open(self, name: str) -> bool:
        """Whether people may write to the event's wall. Raises NotFoundException where there is no such event."""
        return wall_of(self.walls, name).event.posting and self.posts.gateway is not None

    def takes_pictures(self, name: str) -> bool:
        """Whether they may send pictures, too."""
        return self.open(name) and wall_of(self.walls, name).event.posting_pictures and self._pictures is not None

    @contextmanager
    def turn(self, request: AnyRequest, name: str) -> Iterator[int]:
        """How long the body may be, while it is read and dealt with: one that may hold a picture is of people whom we
        know, WAITING at a time. Raises HTTPException."""
        length = length_told(request.headers)
        if not self.takes_pictures(name) or (length is not None and length <= MOST_BYTES):
            yield MOST_BYTES
            return
        if not self.person(request):
            raise _unknown()
        if self._coming >= WAITING:
            self._slow(1.0)
        self._coming += 1
        try:
            yield MOST_BYTES + MOST_SENT_BYTES * 4 // 3
        finally:
            self._coming -= 1

    def cookie_of(self, request: AnyRequest) -> Cookie | None:
        """A new person's, where the request is of nobody known. Raises HTTPException (429)."""
        if self.person(request):
            return None
        self._slow(self._people.wait_s(self._place_of(request)))
        nonce = secrets.token_urlsafe(18)
        value = f"{nonce}.{self._signed(nonce)}"
        return Cookie(
            COOKIE, value=value, max_age=COOKIE_S, httponly=True, samesite="strict", secure=self.https, path="/"
        )

    def person(self, request: AnyRequest) -> str:
        """Whom the request is of, by the cookie that we gave; '' where it has none of ours."""
        nonce, _, signature = request.cookies.get(COOKIE, "").partition(".")
        return nonce if nonce and same(self._signed(nonce), signature) else ""

    async def take(self, request: AnyRequest, name: str, said: Said) -> Heard:
        """Raises HTTPException."""
        gateway = self.posts.gateway
        if gateway is None or not self.open(name):
            raise HTTPException(status_code=403, detail="people cannot write to this wall")
        person = self.person(request)
        if not person:
            raise _unknown()
        text, shown = said.text.strip(), " ".join(said.name.split())
        if not text or len(text) > MOST_TEXT or len(shown) > MOST_NAME:
            raise HTTPException(
                status_code=422, detail=f"1 to {MOST_TEXT} characters, and {MOST_NAME} at most of a name, are taken"
            )
        if said.picture and not self.takes_pictures(name):
            raise HTTPException(status_code=403, detail="no pictures can be sent to this wall")
        self._slow(self._place.wait_s(self._place_of(request)))
        self._slow(self._person.wait_s(person))
        senders = self._senders()
        author = senders.person(f"{name}\n{person}")
        made = Post(
            senders.reference(f"{author}\n{said.id}"),
            author,
            text,
            gateway.now_ms(),
            SOURCE,
            author_name=printable(shown) or None,
            events=[name],
            media=[Media(await self._kept(author, said.picture))] if said.picture else None,
        )
        await self.posts.take(f"room {name}", [checked(made)])
        wall = wall_of(self.walls, name)
        return Heard(self.walls.moderation.queue(name, made, wall.event.moderation) == "waiting")

    async def _kept(self, author: str, picture: bytes) -> str:
        assert self._pictures is not None
        try:
            return await self._pictures.keep(author, picture)
        except PictureError as error:
            raise HTTPException(status_code=422, detail=str(error)) from None
        except OSError as error:
            _log.warning("pictures from the room cannot be kept: %s", error)
            raise later(503, "pictures cannot be kept now") from None

    def _signed(self, nonce: str) -> str:
        return self._senders().person(f"cookie\n{nonce}")

    def _place_of(self, request: AnyRequest) -> str:
        return self._senders().person(f"place\n{request.client.host if request.client else ''}")

    def _slow(self, wait_s: float) -> None:
        if wait_s > 0:
            raise later(429, "more than one may write at a time", int(wait_s) + 1)


def _unknown() -> HTTPException:
    return HTTPException(status_code=401, detail="load the page again, and allow its cookie")


@cache
def qr_code(address: str) -> str:
    """The address as a picture (SVG), dark on light whatever the page's colours."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", scale=8, border=4, light="#fff", xmldecl=False, svgns=True, omitsize=True
    )
    return drawn.getvalue().decode()


def room_routes(room: Room) -> Router:
    """The page, its code for the big screen, and where the page sends posts."""

    @get("/post/{name:str}", media_type=MediaType.HTML, include_in_schema=False)
    async def write_page(request: AnyRequest, name: FromPath[str]) -> Response[str]:
        event = wall_of(room.walls, name).event
        is_open = room.open(name)
        data = {"event": name} if is_open else {}
        script = "room" if is_open else ""
        answer = page(
            request,
            "room",
            script=script,
            data=data,
            event=event,
            open=is_open,
            most=(MOST_TEXT, MOST_NAME),
            pictures=room.takes_pictures(name),
        )
        if is_open and (cookie := room.cookie_of(request)):
            answer.cookies.append(cookie)
        return answer

    @get("/post/{name:str}/qr.svg", include_in_schema=False)
    async def code(name: FromPath[str]) -> Response[str]:
        shown = room.public_url and room.open(name)
        drawn = qr_code(f"{room.public_url}/post/{name}") if shown else _EMPTY
        return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "max-age=60"})

    @post("/api/v1/events/{name:str}/posts", status_code=200, include_in_schema=False)
    async def write(request: AnyRequest, name: FromPath[str]) -> Heard:
        if content_type(request) != "application/json":
            raise HTTPException(status_code=415, detail="the page sends application/json")
        with room.turn(request, name) as most:
            try:
                said = decoded(_decoder, await body_of(request, most))
            except PostError as error:
                raise HTTPException(status_code=422, detail=str(error)) from None
            return await room.take(request, name, said)

    return Router("/", route_handlers=[write_page, code, write])


_decoder = msgspec.json.Decoder(Said)
