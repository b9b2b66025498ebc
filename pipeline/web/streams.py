"""Streams that end whole when the server does, cut off who does not read them, and go compressed to who takes that."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from functools import lru_cache
from typing import Any

from anyio import CancelScope, move_on_after
from litestar import Litestar, Request
from litestar.datastructures import Address
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse, Stream
from litestar.types import Send

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # stored nowhere and held back nowhere on its way
READS_WITHIN_S = 30.0  # something of what waits for it, or its reader is cut off; some 64 KiB may wait besides
_PLACE = "ending"

# gzip (RFC 1952): what a stream begins with, and the empty last block before its checksum and length
_GZIP_BEGIN, _GZIP_LAST = b"\x1f\x8b\x08" + bytes(6) + b"\xff", b"\x03\x00"
_LEVEL = 6

FIRING_EVENT = b"event: firing\ndata: %d\n\n"  # how many alerts fire that nobody looks after

Client = tuple[str, int]  # address and port


class Ending:
    """Tells the streams of one application that its server stops. Belongs to one event loop."""

    def __init__(self) -> None:
        self._over = False
        self._told: dict[int, Callable[[], None]] = {}
        self.cut: Callable[[Client], None] = lambda _client: None  # ends a connection at once, without a word

    def begin(self) -> None:
        """Ends every stream that runs, and each that is asked for from now on."""
        self._over = True
        for tell in list(self._told.values()):
            tell()

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Within it, `tell` is called when the server stops (at once, if it does already)."""
        self._told[id(tell)] = tell
        try:
            if self._over:
                tell()
            yield
        finally:
            del self._told[id(tell)]


def ending_of(app: Litestar) -> Ending:
    """The one of this application."""
    if _PLACE not in app.state:
        app.state[_PLACE] = Ending()
    ending: Ending = app.state[_PLACE]
    return ending


class EventStream(Stream):
    """Server-sent events, already encoded, that end with their server."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=HEADERS)

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002 - Litestar's signature
        request: Request[Any, Any, Any],
        *,
        headers: dict[str, str] | None = None,
        encoded_headers: Iterable[tuple[bytes, bytes]] | None = None,
        is_head_response: bool = False,
        **_: Any,
    ) -> ASGIResponse:
        """What Litestar asks a response for."""
        return _Response(
            events=self.iterator,  # type: ignore[arg-type]
            ending=ending_of(request.app),
            client=request.client,
            gzip="gzip" in request.headers.get("accept-encoding", ""),
            encoded_headers=encoded_headers,
            headers={**(headers or {}), **self.headers, "vary": "accept-encoding"},
            is_head_response=is_head_response,
            media_type=str(self.media_type),
            status_code=self.status_code or 200,
        )


class _Response(ASGIStreamingResponse):
    __slots__ = ("_client", "_ending", "_events", "_gzip")

    def __init__(
        self, *, events: AsyncGenerator[bytes, None], ending: Ending, client: Address | None, gzip: bool, **parts: Any
    ) -> None:
        if gzip:
            parts["headers"] |= {"content-encoding": "gzip"}
        super().__init__(iterator=events, content_length=0, **parts)
        self._events, self._ending, self._client, self._gzip = events, ending, client, gzip

    async def _stream(self, send: Send) -> None:
        with CancelScope() as going:
            async with aclosing(gzipped(self._events) if self._gzip else self._events) as events:
                with self._ending.telling(going.cancel):
                    async for event in events:
                        with move_on_after(READS_WITHIN_S if self._client else None) as patience:
                            await send({"type": "http.response.body", "body": event, "more_body": True})
                        if patience.cancelled_caught and self._client:  # all buffers are full, and stay so
                            self._ending.cut((self._client.host, self._client.port))
                            break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def gzipped(events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same as one gzip stream, of which each event can be read as soon as it has come. Each is compressed without
    a look at those before: so it is done once for all readers. Without the end where the stream is cut off."""
    checksum = length = 0
    begin = _GZIP_BEGIN
    async with aclosing(events):
        async for event in events:
            checksum, length = zlib.crc32(event, checksum), length + len(event)
            yield begin + _deflated(event)
            begin = b""
    yield begin + _GZIP_LAST + checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")


@lru_cache(maxsize=64)
def _deflated(event: bytes) -> bytes:
    """Whole blocks of deflate, none of them the last of a stream."""
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return press.compress(event) + press.flush(zlib.Z_SYNC_FLUSH)
