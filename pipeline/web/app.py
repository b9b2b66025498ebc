"""The web application: page, API, health and metrics, with whatever other parts bring their routes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler, Message, Scope
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from pipeline.alerts.recent import RecentAlerts
from pipeline.source_status import SourceStatus
from pipeline.web.answers import HEADERS, NOSNIFF, Readiness, problem
from pipeline.web.api import HEARTBEAT_S, Web, api_router
from pipeline.web.assets import asset_route
from pipeline.web.course import course_routes
from pipeline.web.feed import Feed
from pipeline.web.frame import CLOCK, FIRING, INVITES, TOUR, Clock, page
from pipeline.web.history import History
from pipeline.web.mastodon import mastodon_routes
from pipeline.web.orders import OrderDesk, order_routes
from pipeline.web.packing import LEAST_PACKED, Brotli
from pipeline.web.page import page_router
from pipeline.web.posting import PostDesk, post_routes
from pipeline.web.search import Find, FindPast, PostsOf, none_of, nothing, search_routes
from pipeline.web.syndication import syndication_routes
from pipeline.web.tour import Step
from pipeline.web.wall.recent import Example
from schemas.definitions import Definitions
from schemas.events import Event
from schemas.watchlists import Watchlist

_WEB = "web"  # of the application's state


def create_app(
    feed: Feed,
    history: History | None = None,
    *,
    events: Sequence[Event] = (),
    registry: CollectorRegistry | None = None,
    watchlists: Sequence[Watchlist] = (),
    alerts: RecentAlerts | None = None,
    orders: OrderDesk | None = None,
    posts: PostDesk | None = None,
    examples: Callable[[Sequence[str], str], list[Example]] | None = None,
    find: Find = nothing,
    posts_of: PostsOf = none_of,
    find_past: FindPast | None = None,
    status: SourceStatus | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    public_url: str = "",
    tour: Sequence[Step] = (),
    clock: Callable[[], Clock] | None = None,
    routers: Iterable[ControllerRouterHandler] = (),
    on_startup: Sequence[Callable[[], Any]] = (),
    on_shutdown: Sequence[Callable[[], Any]] = (),
) -> Litestar:
    """The application over a feed. `registry`: what /metrics tells; `alerts`: those of late; `orders`: where what
    people say about them goes (none: nobody may); `posts`: where those that are pushed go (none: they are refused);
    `examples`: the posts of these ids that are known and may be shown in a scope; `find`: those with certain words,
    `posts_of`: those of a topic, `find_past`: those that only the log holds (none: there is no log); `status`: how
    it stands with the source of lists (none: they come from this process); `heartbeat_s`: after how long a silence
    a stream shows that it lives; `public_url`: where browsers reach the server; `tour`: a guided look around, over
    the pages; `clock`: of posts whose evening is played (none: theirs is everybody's); `routers`: routes of other
    parts (wall, moderation), served with the same headers and errors."""
    web = Web(feed, history, heartbeat_s=heartbeat_s, public_url=public_url)
    _define(web, events, watchlists)
    if alerts is not None:
        web.alerts = alerts
    if examples is not None:
        web.examples = examples
    app = Litestar(
        route_handlers=[
            api_router(web),
            order_routes(web, orders or OrderDesk()),
            post_routes(posts or PostDesk()),
            page_router(web),
            course_routes(web),
            search_routes(web, find, posts_of, find_past),
            mastodon_routes(web),
            syndication_routes(web),
            _service(feed, registry, status),
            asset_route(),
            *routers,
        ],
        exception_handlers={Exception: _fault},
        before_send=[_headers],
        compression_config=CompressionConfig(
            "br",
            compression_facade=Brotli,
            minimum_size=LEAST_PACKED,
            gzip_compress_level=6,
            exclude=["/stream$", "^/media/", "^/static/"],
        ),
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        openapi_config=OpenAPIConfig(
            title="upswell", version="1", path="/api/v1/schema", render_plugins=[JsonRenderPlugin()]
        ),
        logging_config=None,
    )
    invites = "" if posts is None or posts.gateway is None else "code" if public_url else "link"
    app.state.update({_WEB: web, TOUR: tour, CLOCK: clock, INVITES: invites, FIRING: web.firing})
    web.alerts.on_change = lambda: feed.tell_firing(web.firing(0))
    return app


def set_defined(app: Litestar, events: Sequence[Event], watchlists: Sequence[Watchlist]) -> None:
    """These are the events and watchlists that there are, with their titles, from now on."""
    _define(app.state[_WEB], events, watchlists)


def _define(web: Web, events: Sequence[Event], watchlists: Sequence[Watchlist]) -> None:
    told = Definitions(events=tuple(events), watchlists=tuple(watchlists)).titles
    web.defined = frozenset(told)
    web.titles = {scope: title for scope, title in told.items() if title}


def _fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """What went wrong: a page for people, where a browser asks for one, problem JSON for programs."""
    told = problem(request, error)
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith(("/api/", "/xrpc/")):
        return told
    status = told.status_code or 500
    kind = str(status) if status in (401, 403, 404, 405) else "broken" if status >= 500 else "request"
    said = error.detail if isinstance(error, HTTPException) and status == 404 else ""
    detail = "" if said == HTTPStatus.NOT_FOUND.phrase else said  # which the page says in the reader's language
    shown = page(request, "error", here="error", status=status, kind=kind, number=status, detail=detail)
    shown.headers.update(told.headers)
    return shown


async def _headers(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        is_file = scope["path"].startswith("/static/")  # of many that a page needs: nothing is said that they do not
        clock: Callable[[], Clock] | None = None if is_file else scope["litestar_app"].state.get(CLOCK)
        if clock is not None:
            headers.append((b"x-upswell-clock", clock().told().encode()))
        known = {name.lower() for name, _ in headers}
        if b"content-security-policy" in known:
            known.add(b"x-frame-options")  # which says the same, and cannot name sites
        headers += [(name, value) for name, value in ((NOSNIFF,) if is_file else HEADERS) if name not in known]
        if b"cache-control" not in known:
            headers.append((b"cache-control", b"no-cache"))
        message["headers"] = headers


def _service(feed: Feed, registry: CollectorRegistry | None, status: SourceStatus | None) -> Router:
    @get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False)
    def healthz() -> str:
        """The process answers."""
        return "ok\n"

    @get("/readyz", responses={503: ResponseSpec(Readiness, description="not ready")}, sync_to_thread=False)
    def readyz() -> Response[Readiness]:
        """Whether the server has read the lists that there are and follows their source. That nobody posts is no
        fault: `silent_s` tells it."""
        silent_s, fault = feed.silent_s(), status.fault if status else ""
        told = Readiness(not fault, fault, None if silent_s is None else round(silent_s, 1))
        return Response(told, status_code=503 if fault else 200)

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        """For Prometheus."""
        told: bytes = generate_latest(registry or CollectorRegistry())  # type: ignore[no-untyped-call]
        return Response(told, headers={"content-type": CONTENT_TYPE_LATEST})

    return Router("/", route_handlers=[healthz, readyz, metrics])
