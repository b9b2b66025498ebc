"""Where hubs of feeds reach `upswell sources` (WebSub): a small server of its own, beside the one of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.params import FromPath

from pipeline.sources.live.websub import MOST_BYTES, Subscriber
from pipeline.web.bodies import AGAIN_S, body_of
from pipeline.web.run import beside, bound, server_of

AnyRequest = Request[Any, Any, Any]


def hub_app(subscriber: Subscriber) -> Litestar:
    """An address ends with a feed's key, behind any path, so that a proxy may hand it on as it stands. What we did not
    ask for is not confirmed (404); a key that no feed has any more is gone (410), by which a hub ends it, too."""

    @get("/{path:path}", include_in_schema=False)
    async def confirmed(request: AnyRequest, path: FromPath[Path]) -> Response[str]:
        """A hub asks whether we meant it."""
        challenge = subscriber.confirmed(path.name, dict(request.query_params))
        return _answer(404 if challenge is None else 200, challenge or "")

    @post("/{path:path}", include_in_schema=False)
    async def brought(request: AnyRequest, path: FromPath[Path]) -> Response[str]:
        """A hub brings what is new."""
        if not subscriber.wants(path.name):
            return _answer(410)
        body, headers = await body_of(request, MOST_BYTES), request.headers
        taken = subscriber.brought(path.name, body, headers.get("content-type", ""), headers.get("x-hub-signature", ""))
        return _answer(202) if taken else _answer(503, headers={"Retry-After": str(AGAIN_S)})

    return Litestar(
        [confirmed, brought], openapi_config=None, logging_config=None, request_max_body_size=MOST_BYTES + 1
    )


def _answer(status: int, text: str = "", headers: dict[str, str] | None = None) -> Response[str]:
    safe = {"X-Content-Type-Options": "nosniff"}  # a challenge is the asker's own text
    return Response(text, status_code=status, media_type=MediaType.TEXT, headers=safe | (headers or {}))


@asynccontextmanager
async def hubs_heard(url: str, host: str, port: int) -> AsyncIterator[Subscriber]:
    """What hubs bring to `url` arrives at host and port for as long as the block runs. Raises WebError."""
    held = bound(host, port, "set UPSWELL_WEBSUB_PORT")
    subscriber = Subscriber(url)
    try:
        async with beside(server_of(hub_app(subscriber)), held):
            yield subscriber
    finally:
        held.close()
