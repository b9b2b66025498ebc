"""The page as the server writes it: a plain table that needs no JavaScript; the scripts take it over where they run."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter

from pipeline.text import printable
from pipeline.web.api import Web
from pipeline.web.frame import AnyRequest, page
from pipeline.web.voice import voices_of
from schemas import WINDOWS

MAX_LISTS = 4  # side by side
Scopes = Annotated[list[str] | None, QueryParameter(name="scope", max_items=50)]
WindowName = Annotated[str, QueryParameter(max_length=3)]


def page_router(web: Web) -> Router:
    """`/`, `/screen`, `/voice` and `/alerts`."""

    async def lists(request: AnyRequest, view: str, named: list[str] | None, window: str) -> Response[str]:
        for scope in named or ():
            if not await web.knows(scope):
                raise NotFoundException(f"there are no lists of {printable(scope, 80)}")
        changes = {change.list.scope: change.list for change in web.feed.all() if change.list.window == window}
        wanted = list(dict.fromkeys(named or ()))[:MAX_LISTS] or ["all"]
        shown: list[Any] = [changes.get(scope, {"scope": scope, "at": 0, "trends": ()}) for scope in wanted]
        values = {"lists": shown, "window": window, "windows": WINDOWS}
        scopes = dict.fromkeys(change.list.scope for change in web.feed.all())
        return _page(request, "trends", view, "app", "trends", **values, scopes=scopes)

    @get("/", include_in_schema=False)
    async def live(request: AnyRequest, named: Scopes = None, window: WindowName = "1h") -> Response[str]:
        """The live page."""
        return await lists(request, "page", named, window)

    @get("/screen", include_in_schema=False)
    async def screen(request: AnyRequest, named: Scopes = None, window: WindowName = "1h") -> Response[str]:
        """The same for a projector."""
        return await lists(request, "screen", named, window)

    @get("/voice", include_in_schema=False)
    async def voice(request: AnyRequest, named: Scopes = None, window: WindowName = "1h") -> Response[str]:
        """Share of voice of watchlists and events, side by side."""
        wanted = named or voices_of(web.feed)
        shown = [change.list for change in web.feed.all() if change.list.window == window]
        voices = [(web.titles.get(one.scope, one.scope), one) for one in shown if one.scope in wanted]
        total = sum(one.posts for _, one in voices) or 1
        return _page(request, "voice", "voice", "voice", "voice", voices=voices, total=total)

    @get("/alerts", include_in_schema=False)
    async def alerts(request: AnyRequest) -> Response[str]:
        """The alerts of late, for those who look after them."""
        return _page(request, "alerts", "alerts", "console", "alerts")

    return Router("/", route_handlers=[live, screen, voice, alerts])


def _page(request: AnyRequest, template: str, view: str, script: str, here: str, **values: Any) -> Response[str]:
    data = {"view": view}
    return page(request, template, here=here, script=script, data=data, cache_control="no-cache", **values)
