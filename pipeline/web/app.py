"""The web application: page, API, health and metrics, with whatever other parts bring their routes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Message, Scope
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from pipeline.alerts.recent import RecentAlerts
from pipeline.web.answers import HEADERS, problem
from pipeline.web.api import STALE_S, Web, api_router
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk, order_routes
from pipeline.web.page import page_router
from schemas.events import Event
from schemas.watchlists import Watchlist

STATIC = Path(__file__).with_name("static")


def create_app(
    feed: Feed,
    history: History | None = None,
    *,
    events: Sequence[Event] = (),
    registry: CollectorRegistry | None = None,
    watchlists: Sequence[Watchlist] = (),
    alerts: RecentAlerts | None = None,
    orders: OrderDesk | None = None,
    routers: Iterable[ControllerRouterHandler] = (),
    on_startup: Sequence[Callable[[], Any]] = (),
    on_shutdown: Sequence[Callable[[], Any]] = (),
) -> Litestar:
    """The application over a feed. `registry`: what /metrics tells; `alerts`: those of late;
    `orders`: where what people say about them goes (none: nobody may); `routers`: routes of other parts (wall,
    moderation), served with the same headers and errors."""
    titles = {f"event:{event.name}": event.title for event in events if event.title}
    titles |= {watched.scope: watched.title for watched in watchlists if watched.title}
    web = Web(feed, history, titles)
    if alerts is not None:
        web.alerts = alerts
    return Litestar(
        route_handlers=[
            api_router(web),
            order_routes(web, orders or OrderDesk()),
            page_router(web),
            _service(feed, registry),
            create_static_files_router("/static", [STATIC], name="static", cache_control=None),
            *routers,
        ],
        exception_handlers={Exception: problem},
        before_send=[_headers],
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        openapi_config=OpenAPIConfig(
            title="upswell", version="1", path="/api/v1/schema", render_plugins=[JsonRenderPlugin()]
        ),
        logging_config=None,
    )


async def _headers(message: Message, _scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        known = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in HEADERS if name not in known]
        if b"cache-control" not in known:
            headers.append((b"cache-control", b"no-cache"))
        message["headers"] = headers


def _service(feed: Feed, registry: CollectorRegistry | None) -> Router:
    @get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False)
    def healthz() -> str:
        """The process answers."""
        return "ok\n"

    @get("/readyz", media_type=MediaType.TEXT, sync_to_thread=False)
    def readyz() -> Response[str]:
        """Whether there is something fresh to show."""
        fed = feed.fed_monotonic
        if fed is None:
            return Response("nothing has come from the pipeline yet\n", status_code=503, media_type=MediaType.TEXT)
        if time.monotonic() - fed > STALE_S:
            return Response(f"nothing came for {STALE_S:.0f} s\n", status_code=503, media_type=MediaType.TEXT)
        return Response("ready\n", media_type=MediaType.TEXT)

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        """For Prometheus."""
        told: bytes = generate_latest(registry or CollectorRegistry())  # type: ignore[no-untyped-call]
        return Response(told, headers={"content-type": CONTENT_TYPE_LATEST})

    return Router("/", route_handlers=[healthz, readyz, metrics])
