"""A local server that speaks Mastodon's API as Mastodon's own code speaks it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from websockets.asyncio.server import ServerConnection

from pipeline.sources.live.mastodon import Mastodon
from tests.sources.servers import HttpServer, Request, SocketServer, forever, http_server, socket_server

BASE = 115_600_000_000_000_000


def status(number: int, text: str = "", *, uri: str = "", acct: str = "ann", **more: Any) -> dict[str, Any]:
    return {
        "id": str(BASE + number),
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "account": {"acct": acct, "display_name": "Ann", "avatar": "https://a.example/a.png"},
        "content": f"<p>{text or f'post {number}'} #tag</p>",
        "uri": uri or f"https://a.example/{number}",
        "url": f"https://a.example/@ann/{number}",
        "visibility": "public",
        "tags": [{"name": "tag"}],
        "media_attachments": [],
        "reblog": None,
        **more,
    }


class Server:
    """A server with timelines, and a stream at another address."""

    def __init__(self, **access: str) -> None:
        self.statuses: list[dict[str, Any]] = []
        self.access = {"local": "public", "remote": "public"} | access
        self.fail: Callable[[Request], Awaitable[None]] | None = None
        self.events: Callable[[Request], Awaitable[None]] | None = None
        self.http = HttpServer()
        self.socket = SocketServer()
        self.on_socket: Callable[[ServerConnection], Awaitable[None]] = forever
        self.refuse: Callable[[Any], tuple[int, dict[str, str], bytes] | None] = lambda _: None
        self.subscribed: list[str] = []
        self.chosen = ""  # the language that the token's owner has chosen; "": none

    async def handle(self, request: Request) -> None:
        if request.path == "/api/v2/instance":
            told = {
                "domain": "a.example",
                "version": "4.5.1",
                "configuration": {
                    "urls": {"streaming": self.socket.url},
                    "timelines_access": {"hashtag_feeds": self.access},
                },
            }
            await request.answer(json.dumps(told))
        elif request.path.startswith("/api/v1/streaming/hashtag") and self.events:
            await self.events(request)
        elif request.path.startswith("/api/v1/timelines/tag/"):
            if self.fail:
                await self.fail(request)
            else:
                await request.answer(json.dumps(self.page(request)))
        else:
            await request.answer(status=404)

    def page(self, request: Request) -> list[dict[str, Any]]:
        if "disabled" in self.access.values():
            return []
        limit = int(request.query["limit"][0])
        held = sorted(self.statuses, key=lambda one: int(one["id"]))
        if self.chosen and "authorization" in request.headers:
            held = [one for one in held if one.get("language", self.chosen) == self.chosen]
        if least := request.query.get("min_id"):
            return [one for one in held if int(one["id"]) > int(least[0])][:limit][::-1]
        return held[-limit:][::-1]

    async def connected(self, connection: ServerConnection) -> None:
        self.subscribed.append(json.loads(await connection.recv())["tag"])
        await self.on_socket(connection)


def frame(event: str, payload: object) -> str:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return json.dumps({"stream": ["hashtag", "tag"], "event": event, "payload": text})


def with_server(body: Callable[[Server], Coroutine[Any, Any, None]], server: Server | None = None) -> None:
    async def run() -> None:
        one = server or Server()
        async with (
            socket_server(one.connected, lambda handshake: one.refuse(handshake)) as one.socket,
            http_server(one.handle) as one.http,
        ):
            await body(one)

    asyncio.run(run())


def source(server: Server, token: str = "", **more: Any) -> Mastodon:
    return Mastodon("it", server.http.url, ["#tag"], token=token, **({"every_s": 0.05} | more))
