"""Local servers whose every answer is a test's: raw HTTP, so that frames can be cut, and WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as Refusal


@dataclass
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes
    writer: asyncio.StreamWriter = field(repr=False)

    async def answer(self, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """A whole answer; `Retry_After` is the header Retry-After."""
        raw = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(raw)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
        await self.writer.drain()

    async def begin(self, kind: str = "text/event-stream") -> None:
        """A stream in chunks."""
        self.writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        await self.writer.drain()

    async def chunk(self, part: bytes) -> None:
        self.writer.write(b"%x\r\n" % len(part) + part + b"\r\n")
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


class HttpServer:
    """`handle` answers each request; what it does not answer is cut."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.url = ""

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@asynccontextmanager
async def http_server(handle: Callable[[Request], Awaitable[None]]) -> AsyncIterator[HttpServer]:
    server = HttpServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            method, target, _ = first.split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            url = urllib.parse.urlsplit(target)
            request = Request(method, url.path, urllib.parse.parse_qs(url.query), headers, body, writer)
            server.requests.append(request)
            await handle(request)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    listening = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class SocketServer:
    """What came to it: the handshakes and the open connections."""

    def __init__(self) -> None:
        self.handshakes: list[Handshake] = []
        self.url = ""

    def queries(self) -> list[dict[str, list[str]]]:
        return [urllib.parse.parse_qs(urllib.parse.urlsplit(one.path).query) for one in self.handshakes]


@asynccontextmanager
async def socket_server(
    handle: Callable[[ServerConnection], Awaitable[None]],
    refuse: Callable[[Handshake], tuple[int, dict[str, str], bytes] | None] = lambda _: None,
    **more: Any,
) -> AsyncIterator[SocketServer]:
    """`refuse` may answer a handshake with (status, headers, body)."""
    server = SocketServer()

    def answer(_connection: ServerConnection, request: Handshake) -> Refusal | None:
        server.handshakes.append(request)
        if (refusal := refuse(request)) is None:
            return None
        status, headers, body = refusal
        return Refusal(status, HTTPStatus(status).phrase, Headers(headers | {"Content-Length": str(len(body))}), body)

    async def serve_one(connection: ServerConnection) -> None:
        task = asyncio.create_task(handle(connection))  # type: ignore[arg-type]
        closed = asyncio.create_task(connection.wait_closed())
        await asyncio.wait([task, closed], return_when=asyncio.FIRST_COMPLETED)
        for one in task, closed:
            one.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await task

    async with serve(serve_one, "127.0.0.1", 0, process_request=answer, close_timeout=0.2, **more) as listening:
        server.url = f"ws://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}"
        yield server


async def forever(_: object = None) -> None:
    """A connection that stays open."""
    await asyncio.Event().wait()


def cut(connection: ServerConnection) -> None:
    """Ends the TCP connection without a closing frame: 1006 for whoever reads."""
    connection.transport.abort()
