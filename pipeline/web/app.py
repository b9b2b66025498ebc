"""The web application: page, API, health and metrics, with whatever other parts bring their routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Message, Scope
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from pipeline.alerts.recent import RecentAlerts
from pipeline.web.answers import HEADERS, Readiness, problem
from pipeline.web.api import HEARTBEAT_S, Web, api_router
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk, order_routes
from pipeline.web.page import page_router
from schemas.events import Event
from schemas.watchlists import Watchlist

SILENT_S = 120.0  # without any list, provisional or final: the server is not ready any more
_WEB = "web"  # of the application's state
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
    heartbeat_s: float = HEARTBEAT_S,
    routers: Iterable[ControllerRouterHandler] = (),
    on_startup: Sequence[Callable[[], Any]] = (),
    on_shutdown: Sequence[Callable[[], Any]] = (),
) -> Litestar:
    """The application over a feed. `registry`: what /metrics tells; `alerts`: those of late;
    `orders`: where what people say about them goes (none: nobody may); `heartbeat_s`: after how long a silence a
    stream shows that it lives; `routers`: routes of other parts (wall, moderation), served with the same headers and
    errors."""
    web = Web(feed, history, _titles_of(events, watchlists), heartbeat_s=heartbeat_s)
    if alerts is not None:
        web.alerts = alerts
    app = Litestar(
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
    app.state[_WEB] = web
    return app


def entitle(app: Litestar, events: Sequence[Event], watchlists: Sequence[Watchlist]) -> None:
    """These events and watchlists give their scopes titles from now on."""
    app.state[_WEB].titles = _titles_of(events, watchlists)


def _titles_of(events: Sequence[Event], watchlists: Sequence[Watchlist]) -> dict[str, str]:
    titles = {f"event:{event.name}": event.title for event in events if event.title}
    return titles | {watched.scope: watched.title for watched in watchlists if watched.title}


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

    @get("/readyz", responses={503: ResponseSpec(Readiness, description="no list comes")}, sync_to_thread=False)
    def readyz() -> Response[Readiness]:
        """Whether lists come from the pipeline: 503 until the first one, and after SILENT_S without any."""
        silent_s = feed.silent_s()
        if silent_s is None:
            return Response(Readiness(False, "no list has come from the pipeline yet"), status_code=503)
        told = Readiness(silent_s < SILENT_S, silent_s=round(silent_s, 1))
        if not told.ready:
            told.reason = f"no list has come from the pipeline for {SILENT_S:.0f} s: look at its workers and its broker"
        return Response(told, status_code=200 if told.ready else 503)

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        """For Prometheus."""
        told: bytes = generate_latest(registry or CollectorRegistry())  # type: ignore[no-untyped-call]
        return Response(told, headers={"content-type": CONTENT_TYPE_LATEST})

    return Router("/", route_handlers=[healthz, readyz, metrics])
