"""`/hooks/NAME`: providers of SMS and mail bring what people send, and get the status that says "again" or "never"."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from litestar import MediaType, Request, Response, Router, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from prometheus_client import CollectorRegistry, Counter

from pipeline.settings import Settings, SettingsError
from pipeline.settings.secrets import secret_of
from pipeline.sources.journal import key_of, key_of_post
from pipeline.sources.senders import Senders
from pipeline.sources.webhooks import signatures
from pipeline.sources.webhooks.came import Came, UnreadableError, came_of
from pipeline.sources.webhooks.messages import Brought, NoPostError, brought, joined
from pipeline.web.allowed import slow_down
from pipeline.web.bodies import body_of, later, length_told
from pipeline.web.posting import PostDesk
from schemas import Post
from schemas.access import same
from schemas.webhooks import Webhook

MOST_SMS, MOST_MAIL = 1 << 20, 16 << 20  # bytes of a request; pictures of an SMS are not in it
MOST_HELD = 128 << 20  # bytes of all requests that are read at a time
PARTS_WITHIN_S = 4.0  # pieces of a long SMS wait so long for each other; no provider waits less for its answer
MOST_LONG = 1_000  # long SMS of which pieces are missing
MAIL = ("mailgun", "sendgrid", "postmark")
NEVER_AGAIN = {"twilio": 200, "vonage": 200, "mailgun": 406, "sendgrid": 200, "postmark": 403}
AnyRequest = Request[Any, Any, Any]


class Hook(NamedTuple):
    """A webhook with its secrets as they are."""

    told: Webhook
    secret: str
    keys: Mapping[str, str]


def hooks_of(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, Hook]:
    """The webhooks that the settings describe. Raises SettingsError."""
    hooks = {}
    for told in settings.webhooks:
        place = f"webhook ({told.name})"
        if told.kind == "twilio" and not settings.public_url:
            raise SettingsError(f"{place}: Twilio signs the address that it calls; set public_url")
        if told.kind == "custom" and not {"author", "text"} <= told.fields.keys():
            raise SettingsError(
                f"{place}: fields must say where author and text lie; write it like"
                ' fields = { author = "from", text = "message" }'
            )
        keys = {name: secret_of(secret, environ, place) for name, secret in told.keys.items()}
        hooks[told.name] = Hook(told, secret_of(told.secret, environ, place), keys)
    return hooks


@dataclass
class _Long:
    """A long SMS of which pieces are awaited."""

    pieces: dict[int, Post] = field(default_factory=dict)
    whole: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WebhookDesk:
    """What the routes of the webhooks work with. `now_s` is the clock that signatures are held against."""

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        posts: PostDesk,
        senders: Senders,
        public_url: str = "",
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.hooks, self.posts, self.senders, self.public_url = hooks, posts, senders, public_url.rstrip("/")
        self.now_s = time.time
        self._held = 0
        self._long: dict[tuple[str, str, str], _Long] = {}
        self._count = Counter(
            "upswell_webhook_requests",
            "Requests of providers, by what became of them.",
            ["name", "outcome"],
            registry=registry or CollectorRegistry(),
        )

    async def answer(self, request: AnyRequest, name: str, path_secret: str = "") -> Response[str]:
        """Takes the post of a request; the answer is the provider's."""
        hook = self.hooks.get(name)
        if hook is None:
            raise NotFoundException("there is no such webhook")
        try:
            outcome = await self._take(hook, request, path_secret)
        except (NoPostError, UnreadableError):
            return self._answered(hook, "refused")
        except HTTPException as error:
            if error.status_code == 413:
                return self._answered(hook, "refused")
            self._count.labels(name, "unsigned" if error.status_code == 401 else "later").inc()
            if error.status_code == 429:
                raise later(503, error.detail) from None
            raise
        return self._answered(hook, outcome)

    def _answered(self, hook: Hook, outcome: str) -> Response[str]:
        self._count.labels(hook.told.name, outcome).inc()
        status = 200
        if outcome == "refused":
            status = NEVER_AGAIN.get(hook.told.kind, hook.told.refused)
        if hook.told.kind == "twilio":
            return Response("<Response/>", status_code=status, media_type="text/xml")
        return Response("", status_code=status, media_type=MediaType.TEXT)

    async def _take(self, hook: Hook, request: AnyRequest, path_secret: str) -> str:
        told = hook.told
        headers = {key.lower(): value for key, value in request.headers.items()}
        if not self._may(hook, headers, path_secret):
            await self._unsigned(request)
        query = request.scope["query_string"].decode("latin-1")
        url = f"{self.public_url}{request.url.path}" + (f"?{query}" if query else "")
        most = MOST_MAIL if told.kind in MAIL else MOST_SMS
        with self._room(headers, most):
            came = await asyncio.to_thread(came_of, url, headers, await body_of(request, most))
            if not self._signed(hook, came):
                await self._unsigned(request)
            now_ms = int(self.now_s() * 1_000)
            found = await asyncio.to_thread(brought, told, came, self.senders, now_ms)
        if found.part is not None:
            return await self._piece(hook, found)
        also: tuple[bytes, ...] = ()
        if told.kind == "mailgun":
            token = key_of("token", told.name, came.text("token"))
            also = (token,)
            gateway = self.posts.gateway
            if gateway is not None and await gateway.seen(token) and not await gateway.seen(key_of_post(found.post)):
                raise NoPostError("the token was used for another mail")
        return await self._sent(hook, [found.post], also)

    async def _sent(self, hook: Hook, posts: list[Post], also: tuple[bytes, ...] = ()) -> str:
        taken = await self.posts.take(f"hook {hook.told.name}", posts, also)
        return "taken" if taken.accepted else "duplicate"

    async def _piece(self, hook: Hook, found: Brought) -> str:
        """Of a long SMS; its whole where all pieces come within PARTS_WITHIN_S, else the piece by itself. None is
        answered before Kafka has what it is part of."""
        assert found.part is not None
        key = hook.told.name, found.post.author, found.part.of
        if key not in self._long and len(self._long) < MOST_LONG:
            self._long[key] = _Long()
        long = self._long.get(key)
        if long is not None:
            long.pieces[found.part.number] = found.post
            if len(long.pieces) == found.part.total:
                del self._long[key]
                also = tuple(key_of_post(piece) for piece in long.pieces.values())
                try:
                    outcome = await self._sent(hook, [joined(long.pieces, found.part.of, self.senders)], also)
                except BaseException as error:
                    if not long.whole.done():
                        long.whole.set_exception(error if isinstance(error, HTTPException) else _stopped())
                        long.whole.exception()
                    raise
                if not long.whole.done():
                    long.whole.set_result(None)
                return outcome
            try:
                await asyncio.wait_for(asyncio.shield(long.whole), PARTS_WITHIN_S)
            except TimeoutError:
                if self._long.get(key) is long:
                    del self._long[key]
            else:
                return "taken"
        found.post.text = f"{found.post.text.strip()} ({found.part.number}/{found.part.total})"
        return await self._sent(hook, [found.post])

    def _may(self, hook: Hook, headers: Mapping[str, str], path_secret: str) -> bool:
        """What can be told before the body is read."""
        kind, came = hook.told.kind, Came("", headers)
        if kind == "postmark":
            return signatures.basic(came, hook.secret)
        if kind == "custom" and hook.told.header:
            return same(hook.secret, headers.get(hook.told.header.lower(), ""))
        return kind not in ("sendgrid", "custom") or same(hook.secret, path_secret)

    def _signed(self, hook: Hook, came: Came) -> bool:
        if hook.told.kind == "twilio":
            return signatures.twilio(came, hook.secret, hook.keys)
        if hook.told.kind == "vonage":
            return signatures.vonage(came, hook.secret, hook.told.algorithm, self.now_s())
        return hook.told.kind != "mailgun" or signatures.mailgun(came, hook.secret, self.now_s())

    async def _unsigned(self, request: AnyRequest) -> None:
        """401 for all: no provider takes it for "never again", should the secret here be the wrong one."""
        await slow_down(self.posts.gate, request)
        raise HTTPException(status_code=401, detail="not signed as this webhook's provider signs")

    @contextmanager
    def _room(self, headers: Mapping[str, str], most: int) -> Iterator[None]:
        length = length_told(headers)
        size = most if length is None else min(length, most)
        if self._held + size > MOST_HELD:
            raise later(503, "too much comes at once")
        self._held += size
        try:
            yield
        finally:
            self._held -= size


def _stopped() -> HTTPException:
    return HTTPException(status_code=503, detail="the rest of the message was not taken; send it again")


def webhook_routes(desk: WebhookDesk) -> Router:
    """The addresses that are told to providers."""

    @route("/hooks/{name:str}", http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
    async def signed(request: AnyRequest, name: FromPath[str]) -> Response[str]:
        """For a provider that signs, or has a password."""
        return await desk.answer(request, name)

    @route("/hooks/{name:str}/{secret:str}", http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
    async def secret_in_address(request: AnyRequest, name: FromPath[str], secret: FromPath[str]) -> Response[str]:
        """For a provider that signs nothing."""
        return await desk.answer(request, name, secret)

    return Router(
        "/",
        route_handlers=[signed, secret_in_address],
        include_in_schema=False,
        request_max_body_size=MOST_MAIL + 1,
    )
