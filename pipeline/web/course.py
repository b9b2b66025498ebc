"""The course of a topic as a file for spreadsheets and notebooks."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Annotated
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, QueryParameter

from pipeline.web.answers import rfc3339
from pipeline.web.api import FAULTS, LAST_MS, ScopeName, Web, WindowName, when
from pipeline.web.history import DAY_MS, Point

COLUMNS = ("at", "rank", "trending", "people", "posts", "support", "expected", "score")


def course_routes(web: Web) -> Router:
    """The routes of courses as files."""

    @get("/api/v1/topics.csv", media_type="text/csv", responses=FAULTS)
    async def course(
        key: Annotated[str, QueryParameter(max_length=1_000, description="the topic's key with its sigil: %23lyon")],
        named: ScopeName = "all",
        window: FromQuery[WindowName] = "1h",
        since: Annotated[str | None, QueryParameter(name="from", max_length=40, description="default: a day")] = None,
        until: Annotated[str | None, QueryParameter(name="to", max_length=40)] = None,
    ) -> Response[bytes]:
        """A topic's places in the final lists of a scope and window, the oldest first; times are RFC 3339 UTC."""
        end = when(until) if until else LAST_MS
        change = web.feed.current(named, window)
        start = when(since) if since else min(end, change.list.at if change else end) - DAY_MS
        points: list[Point] = []
        if web.history is not None and web.feed.shows.may_show(key, key, named):
            points = await asyncio.to_thread(web.history.timeline, key, named, window, start, end)
        if not points:
            raise NotFoundException(detail="no list has this topic in that time")
        name = quote(f"upswell {key} {window}.csv", safe="")
        disposition = f"attachment; filename*=UTF-8''{name}"
        return Response(as_csv(points).encode(), media_type="text/csv", headers={"content-disposition": disposition})

    return Router("/", route_handlers=[course])


def as_csv(points: list[Point]) -> str:
    """A line for each point, below the names of the columns. Nothing in it comes from a post."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")  # as RFC 4180 wants it
    lines.writerow(COLUMNS)
    for it in points:
        shown = (it.rank, int(it.trending), it.authors, it.posts, *(f"{x:.3f}" for x in (it.support, it.expected)))
        lines.writerow((rfc3339(it.at), *shown, f"{it.score:.2f}"))
    return out.getvalue()
