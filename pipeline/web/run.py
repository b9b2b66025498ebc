"""Runs the web application: in this thread until told to stop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, cast

import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.streams import Client, ending_of

STARTS_WITHIN_S = 20.0
REQUEST_WITHIN_S = 10.0  # a request must have come whole; who has not sent it by then is cut off
HEAD_MAX = 65_536  # bytes of a request's first line and headers: of more that do not end, no more is kept
STREAMS_END_WITHIN_S = 1.0  # when the server stops; who has not read the end by then is cut off


class WebError(Exception):
    """The server cannot start; one sentence with the address and what to do."""


class Handle:
    """A server that runs in a thread, until the end of its block. `address` is what a browser opens."""

    def __init__(self, server: uvicorn.Server, held: socket.socket, address: str) -> None:
        self.address = address
        self._server, self._socket = server, held
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, name="web", daemon=True)
        self._thread.start()

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends all connections and returns when the port is free."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def wait_started(self) -> None:
        """Raises WebError when it does not come up."""
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise WebError(f"the web server at {self.address} did not start; see what is logged above")
            time.sleep(0.01)


def bound(host: str, port: int, remedy: str = "choose another --port") -> socket.socket:
    """A socket that listens at the address (port 0: any free one). Raises WebError, which tells the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # told so, asyncio sends without delay
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
        held.listen()  # until then another may bind there, too
    except OSError as error:
        held.close()
        raise WebError(f"{host}:{port}: cannot listen there ({error.strerror}); {remedy}") from None
    return held


class _Protocol(HttpToolsProtocol):
    """Ends requests whose headers do not end: uvicorn would keep them all."""

    _head: int | None = 0  # bytes of the headers so far; None once they have ended

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is None:
            return
        self._head += len(data)
        if self._head > HEAD_MAX and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()


class _Server(uvicorn.Server):
    """Tells streams that it stops, instead of waiting for them and then cancelling them with a traceback each. Ends
    connections that do not send their request: uvicorn has no limit for that."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._waits: dict[Any, tuple[Any, float]] = {}  # connection -> its last request, since when it sends the next

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            self._end_waits(time.monotonic())
        return await super().on_tick(counter)

    def _end_waits(self, now_s: float) -> None:
        waits: dict[Any, tuple[Any, float]] = {}
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete and not cycle.more_body:
                continue  # it is answered
            before, since_s = self._waits.get(connection, (None, now_s))
            waits[connection] = cycle, since_s if before is cycle else now_s
            if now_s - waits[connection][1] > REQUEST_WITHIN_S:
                cast(Any, connection).transport.abort()
        self._waits = waits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        ending_of(cast(Litestar, self.config.app)).cut = self._cut_one
        await super().startup(sockets)

    def _cut_one(self, client: Client) -> None:
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                connection.transport.abort()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending_of(cast(Litestar, self.config.app)).begin()
        cutting = asyncio.get_running_loop().call_later(STREAMS_END_WITHIN_S, self._cut)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def server_of(app: Litestar) -> uvicorn.Server:
    """uvicorn as we run it: quiet, and ending all streams when it ends."""
    quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    grace_s = 2 * math.ceil(STREAMS_END_WITHIN_S)  # for requests that are still answered
    return _Server(
        uvicorn.Config(app, http=_Protocol, timeout_graceful_shutdown=grace_s, lifespan="on", ws="none", **quiet)
    )


@asynccontextmanager
async def beside(server: uvicorn.Server, held: socket.socket) -> AsyncIterator[None]:
    """The server answers on this event loop for as long as the block runs; signals are whose they were. Raises
    WebError."""
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve([held]))
    try:
        while not server.started:
            if task.done():
                raise WebError(f"the web server at {address_of(held)} did not start; see what is logged above")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task


def address_of(held: socket.socket) -> str:
    host, port = held.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else shown}:{port}/"  # noqa: S104


def start_web(
    feed: Feed, history: History | None = None, host: str = "127.0.0.1", port: int = 8080, **parts: Any
) -> Handle:
    """Page and API over `feed`, in a thread; `parts` are those of `create_app`. Returns when it answers. Raises
    WebError. `Feed.publish` may be called from any thread."""
    held = bound(host, port)
    handle = Handle(server_of(create_app(feed, history, **parts)), held, address_of(held))
    try:
        handle.wait_started()
    except WebError:
        handle.stop()
        raise
    return handle
