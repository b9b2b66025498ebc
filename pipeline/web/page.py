"""The page as the server writes it: a plain table that needs no JavaScript; the scripts take it over where they run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter
from litestar.response import Redirect

from pipeline.text import printable, topic_key
from pipeline.web.answers import TopicView
from pipeline.web.api import ScopeName, TopicName, Web
from pipeline.web.frame import AnyRequest, page, words_of
from pipeline.web.preview import drawn
from pipeline.web.voice import FEW, voices_of
from pipeline.wording import Language
from schemas import WINDOWS, Trend, TrendList
from schemas.alerts import Severity

MAX_LISTS = 4  # side by side
FIRST_ALERTS = 8  # that come within their page
Scopes = Annotated[list[str] | None, QueryParameter(name="scope", max_items=50)]
WindowName = Annotated[str, QueryParameter(max_length=3)]


def page_router(web: Web) -> Router:
    """`/`, `/screen`, `/voice` and `/alerts`."""

    drawing = asyncio.Lock()

    async def lists(
        request: AnyRequest, view: str, named: list[str] | None, window: str, topic: str | None = None
    ) -> Response[str]:
        for scope in named or ():
            if not await web.knows(scope):
                raise NotFoundException(f"there are no lists of {printable(scope, 80)}")
        now = {change.list.scope: change for change in web.feed.all() if change.list.window == window}
        changes = {scope: change.list for scope, change in now.items()}
        wanted = list(dict.fromkeys(named or ()))[:MAX_LISTS] or ["all"]
        shown: list[Any] = [changes.get(scope, {"scope": scope, "at": 0, "trends": ()}) for scope in wanted]
        preview = _preview([changes[scope] for scope in wanted if scope in changes], topic)
        query = f"?{request.url.query}" if request.url.query else ""
        address = f"{web.public_url.rstrip('/')}{request.url.path}{query}" if web.public_url else ""
        image = ""
        if address and preview:
            leads = {"scope": preview[0].scope, "window": window, "topic": preview[1].topic}
            image = f"{web.public_url.rstrip('/')}/preview.png?{urlencode(leads)}"
        links = {"preview": preview, "address": address, "image": image}
        values = {"lists": shown, "topic": topic, "window": window, "windows": WINDOWS, **links}
        scopes = dict.fromkeys(change.list.scope for change in web.feed.all())
        soon = "topic" if topic else "lists"
        first = [("list", now[scope].json) for scope in wanted if scope in now and not topic]
        found = None
        if topic and "at" not in request.query_params and window in WINDOWS:
            with suppress(NotFoundException):
                found = await web.topic(topic, wanted[0], window)
                first = [("topic", _as_drawn(found, wanted[0], window))]
        alone = view == "page" and len(wanted) == 1 and not topic and "at" not in request.query_params
        lead = next((row for row in shown[0].trends if row.trending), None) if alone and first else None
        words = words_of(request)
        names = {scope: web.titles.get(scope) or _name(scope, words) for scope in (*scopes, *wanted)}
        told = {"scopes": scopes, "names": names, "lead": lead, "found": found, "soon": soon, "first": first}
        return _page(request, "trends", view, "app", "trends", **values, **told)

    @get("/", include_in_schema=False)
    async def live(
        request: AnyRequest,
        named: Scopes = None,
        window: WindowName = "1h",
        topic: Annotated[str | None, QueryParameter(max_length=1_000)] = None,
    ) -> Response[str] | Redirect:
        """The live page; a link to it, or to one of its topics, says what is there where it is shared. A topic is found
        by any of its spellings."""
        key = topic_key(topic if topic[0] in "#$" else f'"{topic}"') if topic else ""
        if topic and key and key != topic and not web.row_of(topic):
            query = [(name, key if name == "topic" else value) for name, value in request.query_params.multi_items()]
            return Redirect(f"/?{urlencode(query)}")
        return await lists(request, "page", named, window, topic)

    @get("/preview.png", include_in_schema=False)
    async def picture(named: ScopeName, window: WindowName, topic: TopicName) -> Response[bytes]:
        """What a shared link to a topic that is listed shows elsewhere."""
        change = web.feed.current(named, window)
        preview = _preview([change.list], topic) if change is not None else None
        if preview is None:
            raise NotFoundException("this topic is not listed there now")
        async with drawing:
            data = await asyncio.to_thread(drawn, printable(preview[1].display, 80), tuple(preview[1].spark))
        return Response(data, media_type="image/png", headers={"cache-control": "max-age=60"})

    @get("/screen", include_in_schema=False)
    async def screen(request: AnyRequest, named: Scopes = None, window: WindowName = "1h") -> Response[str]:
        """The same for a projector."""
        return await lists(request, "screen", named, window)

    @get("/voice", include_in_schema=False)
    async def voice(request: AnyRequest, named: Scopes = None, window: WindowName = "1h") -> Response[str]:
        """Share of voice of watchlists and events, side by side."""
        wanted = named or voices_of(web.feed)
        shown = [change.list for change in web.feed.all() if change.list.window == window]
        words = words_of(request)
        voices = [(web.titles.get(one.scope) or _name(one.scope, words), one) for one in shown if one.scope in wanted]
        total = sum(one.posts for _, one in voices)
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "window"]
        windows = [(name, f"/voice?{urlencode([*asked, ('window', name)])}") for name in WINDOWS]
        values = {"voices": voices, "total": total, "few": FEW, "window": window, "windows": windows}
        return _page(request, "voice", "voice", "voice", "voice", **values)

    @get("/alerts", include_in_schema=False)
    async def alerts(request: AnyRequest) -> Response[str]:
        """The alerts of late, for those who look after them."""
        words = words_of(request)
        severities = [(name, words[f"page.severities.{name}"]) for name in get_args(Severity)]
        chosen = {"severity", "state", "q"}.intersection(request.query_params)  # by scripts
        shown = None if chosen else web.alerts_of()[:FIRST_ALERTS]
        values: dict[str, Any] = {"severities": severities, "titles": web.titles, "alerts": shown}
        return _page(request, "alerts", "alerts", "console", "alerts", **values)

    return Router("/", route_handlers=[live, picture, screen, voice, alerts])


def _name(scope: str, words: Language) -> str:
    """What a list is called that has no title, as far as the server can tell: a browser knows names of languages."""
    kind, _, name = scope.partition(":")
    said = words["page.all"] if kind == "all" else words.of_type("network", name, "") if kind == "source" else name
    return said[:1].upper() + said[1:] if kind in ("all", "source") else said


def _as_drawn(found: TopicView, scope: str, window: str) -> bytes:
    """A topic as its page draws it first, without the ids and figures that this does not tell."""
    told = msgspec.to_builtins(found)
    told["examples"] = []
    here = [place for place in told["now"] if (place["scope"], place["window"]) == (scope, window)] or told["now"]
    for place in told["now"]:
        if place is not here[0]:
            place["trend"] = {"rank": place["trend"]["rank"]}
    for point in told["history"]:
        for name in ("trending", "support", "score"):
            del point[name]
        point["expected"] = round(point["expected"], 1)  # as it is told
    return msgspec.json.encode(told)


def _preview(lists: Sequence[TrendList], topic: str | None) -> tuple[TrendList, Trend] | None:
    """What a shared link tells: the topic that it leads to, else what trends first."""
    rows = [(found, row) for found in lists for row in found.trends]
    wanted = (place for place in rows if (place[1].topic == topic if topic else place[1].trending))
    return next(wanted, None)


def _page(request: AnyRequest, template: str, view: str, script: str, here: str, **values: Any) -> Response[str]:
    data = {"view": view}
    return page(request, template, here=here, script=script, data=data, cache_control="no-cache", **values)
