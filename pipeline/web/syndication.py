"""Lists for programs that others wrote: Atom, JSON Feed, and what clients of Bluesky ask for."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, QueryParameter

from pipeline.text import printable
from pipeline.web.answers import rfc3339
from pipeline.web.api import ScopeName, Web, WindowName
from pipeline.web.frame import render, words_of
from pipeline.wording import Language, row_text
from schemas import Trend, TrendList

ATOM, JSON_FEED = "application/atom+xml", "application/feed+json"
AnyRequest = Request[Any, Any, Any]


class Item(msgspec.Struct, omit_defaults=True):
    """A topic that trends, as an entry of a feed. The same stretch of trending has the same id in every list."""

    id: str
    url: str
    title: str
    content_text: str
    date_published: str
    date_modified: str


class BlueskyTrend(msgspec.Struct, rename="camel"):
    """app.bsky.unspecced.defs#trendView. Who wrote is told of no topic here: `actors` is empty."""

    topic: str
    display_name: str
    link: str
    started_at: str
    post_count: int
    actors: list[str]
    status: str | msgspec.UnsetType = msgspec.UNSET


class BlueskyTrends(msgspec.Struct):
    """The answer of app.bsky.unspecced.getTrends."""

    trends: list[BlueskyTrend]


def syndication_routes(web: Web) -> Router:
    """Feeds below /feeds; Bluesky's address where its clients look for it."""
    base = web.public_url.rstrip("/")

    def link(row: Trend, scope: str, window: str) -> str:
        return f"{base}/?{urlencode({'scope': scope, 'window': window, 'topic': row.topic})}"

    def items_of(found: TrendList, words: Language) -> list[Item]:
        return [
            Item(
                f"urn:upswell:{quote(found.scope, safe='')}:{quote(row.topic, safe='')}:{row.since or 0}",
                link(row, found.scope, found.window),
                printable(row.display),
                row_text(row, found.at, words),
                rfc3339(row.since or found.at),
                rfc3339(found.at),
            )
            for row in found.trends
            if row.trending
        ]

    def told(request: AnyRequest, scope: str, window: WindowName, path: str) -> tuple[dict[str, Any], Language]:
        change = web.feed.current(scope, window)
        if change is None:
            raise NotFoundException(detail="there is no list of this scope and window (yet); see /api/v1/scopes")
        words = words_of(request)
        query = urlencode({"scope": scope, "window": window})
        name = web.titles.get(scope) or words.of_type("place", scope, "")
        values = {
            "title": words.say("feed.title", name=printable(name), window=change.list.window_s),
            "id": f"urn:upswell:{quote(scope, safe='')}:{window}",
            "updated": rfc3339(change.list.at),
            "page": f"{base}/?{query}",
            "here": f"{base}{path}?{query}",
            "items": items_of(change.list, words),
        }
        return values, words

    @get("/feeds/trends.atom", include_in_schema=False)
    async def atom(
        request: AnyRequest, named: ScopeName = "all", window: FromQuery[WindowName] = "1h"
    ) -> Response[str]:
        """What trends in a scope, as Atom."""
        values, words = told(request, named, window, "/feeds/trends.atom")
        return Response(render("trends.atom", words=words, **values), media_type=ATOM)

    @get("/feeds/trends.json", include_in_schema=False)
    async def json_feed(
        request: AnyRequest, named: ScopeName = "all", window: FromQuery[WindowName] = "1h"
    ) -> Response[bytes]:
        """The same as JSON Feed 1.1."""
        values, words = told(request, named, window, "/feeds/trends.json")
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": values["title"],
            "home_page_url": values["page"],
            "feed_url": values["here"],
            "language": words.lang,
            "items": values["items"],
        }
        return Response(msgspec.json.encode(feed), media_type=JSON_FEED)

    @get("/xrpc/app.bsky.unspecced.getTrends", include_in_schema=False)
    async def get_trends(limit: Annotated[int, QueryParameter(ge=1, le=25)] = 10) -> BlueskyTrends:
        """What trends over 1 h, as Bluesky's clients read it."""
        change = web.feed.current("all", "1h")
        rows = [row for row in change.list.trends if row.trending][:limit] if change else []
        return BlueskyTrends([_bluesky(row, link(row, "all", "1h")) for row in rows])

    return Router("/", route_handlers=[atom, json_feed, get_trends])


def _bluesky(row: Trend, link: str) -> BlueskyTrend:
    name = printable(row.display)
    hot = "hot" if row.state in ("new", "rising") else msgspec.UNSET
    return BlueskyTrend(name, name.lstrip("#\uff03"), link, rfc3339(row.since or 0), row.posts, [], hot)
