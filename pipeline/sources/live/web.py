"""What adapters share on the web: who we are, what a refusal means, server-sent events, two streams read as one."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from importlib.metadata import version

import httpx
import websockets

from pipeline.sources.live.model import AccessError, Fact, GoneError, Item, SourceError, ThrottledError

ANSWERS_WITHIN_S = 20.0
WHOLE_WITHIN_S = 60.0  # an answer to its end, however slowly it drips
PING_EVERY_S = 20.0
MOST_BYTES = 4 << 20  # of a frame, a line or an answer's page
FRAMES_WAITING = 16
LONGEST_WAIT_S = 3_600.0


def user_agent(contact: str) -> str:
    """Our name, and where an administrator reaches who runs it."""
    return f"upswell/{version('upswell')}" + (f" (+{contact})" if contact else "")


def http_client(contact: str, token: str = "", read_timeout_s: float = ANSWERS_WITHIN_S) -> httpx.AsyncClient:
    """A client that follows redirects; httpx takes the token off where one leads to another host."""
    headers = {"User-Agent": user_agent(contact)} | ({"Authorization": f"Bearer {token}"} if token else {})
    timeout = httpx.Timeout(ANSWERS_WITHIN_S, read=read_timeout_s)
    return httpx.AsyncClient(headers=headers, timeout=timeout, follow_redirects=True, max_redirects=5)


def socket(url: str, contact: str, token: str = "", **more: object) -> websockets.connect:
    """A WebSocket to be opened with `async with`; a redirect to another host is followed without the token. Frames that
    nobody reads stay in the network."""
    return websockets.connect(
        url,
        additional_headers={"Authorization": f"Bearer {token}"} if token else None,
        user_agent_header=user_agent(contact),
        open_timeout=ANSWERS_WITHIN_S,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_EVERY_S,
        close_timeout=2.0,
        max_size=MOST_BYTES,
        max_queue=FRAMES_WAITING,
        **more,  # type: ignore[arg-type]
    )


def text_of_frame(frame: str | bytes) -> bytes:
    """A frame as bytes of JSON."""
    return frame.encode() if isinstance(frame, str) else frame


def refusal(status: int, headers: Mapping[str, str], host: str) -> SourceError:
    """What an answer other than 2xx means for us."""
    wait_s, answer = retry_after_s(headers), {"host": host, "status": status}
    if status in (401, 403, 422):  # 422: Mastodon, where only users may read
        return AccessError(Fact("fault.refuses", {**answer}))
    if status == 410:
        return GoneError(Fact("fault.gone", {"host": host}))
    if status in (429, 503):
        return ThrottledError(Fact("fault.patience", {**answer}), 30.0 if wait_s is None else wait_s)
    return SourceError(Fact("fault.answers", {**answer}), wait_s)


def handshake_refusal(error: websockets.InvalidStatus, host: str) -> SourceError:
    """What a refused WebSocket means for us."""
    return refusal(error.response.status_code, error.response.headers, host)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by Retry-After (a number or a date) or the time at which a limit is reset; None: nothing is said.

    >>> retry_after_s({"Retry-After": "7"})
    7.0
    """
    told = headers.get("Retry-After", "").strip()
    reset = headers.get("X-RateLimit-Reset", "").strip() if headers.get("X-RateLimit-Remaining") == "0" else ""
    reset = reset or headers.get("x-rate-limit-reset", "").strip()
    wait_s: float | None = None
    try:
        if told.isdigit():
            wait_s = float(told)
        elif told:
            wait_s = email.utils.parsedate_to_datetime(told).timestamp() - time.time()
        elif reset.isdigit():
            wait_s = float(reset) - time.time()
        elif reset:
            wait_s = dt.datetime.fromisoformat(reset).timestamp() - time.time()
    except ValueError:
        return None
    return None if wait_s is None else min(max(wait_s, 0.0), LONGEST_WAIT_S)


async def get_json(client: httpx.AsyncClient, url: str, params: object = None) -> bytes:
    """The body of a 2xx answer. Raises SourceError, TimeoutError, httpx.HTTPError."""
    async with asyncio.timeout(WHOLE_WITHIN_S), client.stream("GET", url, params=params) as response:  # type: ignore[arg-type]
        if not response.is_success:
            raise refusal(response.status_code, response.headers, response.url.host)
        return await body_of(response)


async def body_of(response: httpx.Response) -> bytes:
    """The body, at most MOST_BYTES of it. Raises SourceError, httpx.HTTPError."""
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > MOST_BYTES:
            raise SourceError(Fact("fault.large", {"host": response.url.host, "mib": MOST_BYTES >> 20}))
    return bytes(parts)


async def lines_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """Lines of a stream, ended by LF or CR LF, each at most MOST_BYTES. Raises SourceError, httpx.HTTPError."""
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > MOST_BYTES:
            raise SourceError(Fact("fault.line", {"mib": MOST_BYTES >> 20}))


async def sse_events(response: httpx.Response) -> AsyncIterator[tuple[str, bytes]]:
    """Server-sent events as (event, data); ("", b"") for a comment, which is a sign of life."""
    event, data = "", list[bytes]()
    async for line in lines_of(response):
        if not line:
            if data:
                yield event or "message", b"\n".join(data)
            event, data = "", []
        elif line.startswith(b":"):
            yield "", b""
        else:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                event = value.decode(errors="replace")
            elif field == b"data":
                data.append(value)
                if sum(map(len, data)) > MOST_BYTES:
                    raise SourceError(Fact("fault.event", {"mib": MOST_BYTES >> 20}))


async def merged(*streams: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """What several streams yield, as it comes; ends with the first that ends, and raises what one raises."""
    queue: asyncio.Queue[Item | Exception | None] = asyncio.Queue(1)

    async def pump(stream: AsyncGenerator[Item, None]) -> None:
        end: Exception | None = None
        try:
            async with aclosing(stream):
                async for item in stream:
                    await queue.put(item)
        except Exception as error:
            end = error
        await queue.put(end)

    tasks = [asyncio.create_task(pump(stream)) for stream in streams]
    try:
        while isinstance(item := await queue.get(), Item):
            yield item
        if item is not None:
            raise item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
