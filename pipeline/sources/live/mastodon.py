"""Hashtags of one server with the Mastodon API: streamed with a token (WebSocket, else SSE), polled without."""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import msgspec
import websockets

from pipeline.clock import utc_ms
from pipeline.sources.lenient import read_json
from pipeline.sources.live.mastodon_api import (
    AT_ONCE,
    LIMIT,
    Instance,
    Message,
    hidden_from_owner,
    instance_of,
    item_of,
    later,
    rewound,
    timeline_of,
)
from pipeline.sources.live.model import AccessError, Cursor, Fact, Item, SourceError, ThrottledError
from pipeline.sources.live.web import (
    get_json,
    handshake_refusal,
    http_client,
    merged,
    refusal,
    socket,
    sse_events,
    text_of_frame,
)
from schemas import PostError

CATCH_UP_EVERY_S = 300.0  # while it streams: what a stalled stream, or a late federation, has left out
SSE_SILENCE_S = 45.0  # the server sends a comment every 15 s
MOST_PAGES = 10
_NO_STREAM = (400, 404, 405, 426, 501)  # what servers and proxies without this stream answer
_message = msgspec.json.Decoder(Message)


class Mastodon:
    """One server. Its cursor: of each group of hashtags the newest status that came."""

    source = "mastodon"
    silence_s = None  # a quiet hashtag is no fault: pings, comments and the polls beside the stream tell a dead one

    def __init__(
        self,
        name: str,
        server: str,
        hashtags: Sequence[str],
        *,
        token: str = "",
        transport: str = "auto",
        every_s: float = 30.0,
        max_age_s: float = 3_600.0,
        contact: str = "",
        say: Callable[[str], None] = lambda _: None,
        catch_up_every_s: float = CATCH_UP_EVERY_S,
    ) -> None:
        self.name, self.max_age_s = name, max_age_s
        self._url = (server if "://" in server else f"https://{server}").rstrip("/")
        self._tags = [tag.strip().lstrip("#＃") for tag in hashtags]
        self._groups = [self._tags[at : at + AT_ONCE] for at in range(0, len(self._tags), AT_ONCE)]
        self._token, self._contact, self._say = token, contact, say
        self._transport = transport if token else "poll"
        self._every_s, self._catch_up_every_s = every_s, catch_up_every_s
        self._newest: dict[str, str] = {}

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Statuses, edits and deletions; after a break first what was missed."""
        self._newest = dict((cursor or {}).get("newest", {}))
        async with http_client(self._contact, self._token, SSE_SILENCE_S) as client:
            instance = await instance_of(client, self._url)
            if complaint := instance.complaint(bool(self._token)):
                raise AccessError(Fact("fault.of", {"server": instance.domain, "what": complaint}))
            async with aclosing(self._whole(client, instance)) as items:
                async for item in items:
                    yield item

    async def _whole(self, client: httpx.AsyncClient, instance: Instance) -> AsyncGenerator[Item, None]:
        """The stream, and beside it polls for what it leaves out; polls alone where there is no stream."""
        stream = self._stream(client, instance)
        every_s = self._every_s
        if stream is not None:
            try:
                yield await anext(stream)  # it is open: nothing is lost between the poll and it
                every_s = self._catch_up_every_s
            except _NoStreamError as error:
                self._say(f"{self.name}: {error}; polling every {self._every_s:.0f} s instead")
                stream = None
        polls = self._poll(client, instance, every_s, is_beside=stream is not None)
        async with aclosing(merged(polls, stream) if stream is not None else polls) as items:
            async for item in items:
                yield item

    async def probe(self) -> list[Fact]:
        """What the server is, allows and leaves out."""
        async with http_client(self._contact, self._token) as client:
            instance = await instance_of(client, self._url)
            runs = {"server": instance.domain, "version": instance.version}
            facts = [Fact("runs", runs), *instance.restrictions(bool(self._token))]
            response = await client.get(f"{self._url}/api/v1/timelines/tag/{self._tags[0]}", params={"limit": 1})
            if not response.is_success:
                raise refusal(response.status_code, response.headers, instance.domain)
            if left := response.headers.get("X-RateLimit-Remaining"):
                limit = response.headers.get("X-RateLimit-Limit", "?")
                facts.append(Fact("left", {"left": left, "limit": limit}))
            if self._token:
                facts.append(await self._owner_filters(client, instance))
            return facts

    async def _owner_filters(self, client: httpx.AsyncClient, instance: Instance) -> Fact:
        """What the token's owner is not shown of that which anybody is: the server tells of no language chosen."""
        url = f"{self._url}/api/v1/timelines/tag/{urllib.parse.quote(self._tags[0])}"
        try:
            async with http_client(self._contact) as stranger:
                public = timeline_of(await get_json(stranger, url, {"limit": LIMIT}), instance.domain)
        except SourceError:
            return Fact("untold")
        return hidden_from_owner(public, timeline_of(await get_json(client, url, {"limit": LIMIT}), instance.domain))

    def _stream(self, client: httpx.AsyncClient, instance: Instance) -> AsyncGenerator[Item, None] | None:
        if self._transport == "poll":
            return None
        if self._transport == "sse":
            return merged(*[self._events(client, instance, tag) for tag in self._tags])
        return self._socket(client, instance)

    async def _socket(self, client: httpx.AsyncClient, instance: Instance) -> AsyncGenerator[Item, None]:
        address = instance.streaming.replace("http", "ws", 1) if instance.streaming.startswith("http") else ""
        url = f"{address or instance.streaming}/api/v1/streaming"
        try:
            async with socket(url, self._contact, self._token) as connection:
                for tag in self._tags:
                    await connection.send(
                        msgspec.json.encode({"type": "subscribe", "stream": "hashtag", "tag": tag}).decode()
                    )
                yield Item()
                async for frame in connection:
                    yield self._item(instance, text_of_frame(frame))
        except websockets.InvalidStatus as error:
            if error.response.status_code not in _NO_STREAM:
                raise handshake_refusal(error, instance.domain) from None
        else:
            return
        async with aclosing(merged(*[self._events(client, instance, tag) for tag in self._tags])) as events:
            async for item in events:
                yield item

    async def _events(self, client: httpx.AsyncClient, instance: Instance, tag: str) -> AsyncGenerator[Item, None]:
        address = instance.streaming.replace("ws", "http", 1) if instance.streaming.startswith("ws") else ""
        url = f"{address or instance.streaming}/api/v1/streaming/hashtag"
        async with client.stream("GET", url, params={"tag": tag}) as response:
            if response.status_code in _NO_STREAM:
                raise _NoStreamError(Fact("fault.no_stream", {"host": instance.domain, "status": response.status_code}))
            if not response.is_success:
                raise refusal(response.status_code, response.headers, instance.domain)
            yield Item()
            async for event, data in sse_events(response):
                yield item_of(instance.domain, event, data, utc_ms())

    def _item(self, instance: Instance, frame: bytes) -> Item:
        try:
            message = read_json(_message, frame)
        except PostError as error:
            return Item(error)
        if message.error:
            if message.status in (401, 403):
                raise AccessError(Fact("fault.of", {"server": instance.domain, "what": message.error[:200]}))
            raise SourceError(Fact("fault.of", {"server": instance.domain, "what": message.error[:200]}))
        return item_of(instance.domain, message.event, str(message.payload or "").encode(), utc_ms())

    async def _poll(
        self, client: httpx.AsyncClient, instance: Instance, every_s: float, *, is_beside: bool
    ) -> AsyncGenerator[Item, None]:
        """Polls without end; `is_beside` a stream, which goes on while the server asks for patience."""
        while True:
            wait_s = every_s
            try:
                for group in self._groups:
                    async for item in self._pages(client, instance, group):
                        yield item
            except ThrottledError as fault:
                if not is_beside:
                    raise
                wait_s = max(every_s, fault.retry_after_s or 0.0)
            yield Item()
            await asyncio.sleep(wait_s)

    async def _pages(
        self, client: httpx.AsyncClient, instance: Instance, group: Sequence[str]
    ) -> AsyncGenerator[Item, None]:
        key = " ".join(group)
        at = self._newest.get(key)
        after = rewound(at) if at else None
        for _ in range(MOST_PAGES):
            params: list[tuple[str, Any]] = [("limit", LIMIT), *[("any[]", tag) for tag in group[1:]]]
            if after is not None:
                params.append(("min_id", after))
            url = f"{self._url}/api/v1/timelines/tag/{urllib.parse.quote(group[0])}"
            page = timeline_of(await get_json(client, url, params), instance.domain)
            for id, raw in page:  # noqa: A001 - the field's name
                if id:
                    at = self._newest[key] = later(at, id)
                yield item_of(instance.domain, "update", raw, 0, {"newest": dict(self._newest)})
            if after is None or len(page) < LIMIT or later(after, page[-1][0]) == after:
                return  # the newest page; or the server does not know min_id
            after = page[-1][0]


class _NoStreamError(SourceError):
    """The server streams nothing: it is polled."""
