"""The course of a topic as a file for spreadsheets and notebooks."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery

from pipeline.web.answers import rfc3339
from pipeline.web.api import FAULTS, From, ScopeName, TopicName, Until, Web, WindowName
from pipeline.web.history import Point

COLUMNS = ("at", "rank", "trending", "people", "posts", "support", "expected", "score")


def course_routes(web: Web) -> Router:
    """The routes of courses as files."""

    @get("/api/v1/topics.csv", media_type="text/csv", responses=FAULTS)
    async def course(
        key: TopicName,
        named: ScopeName = "all",
        window: FromQuery[WindowName] = "1h",
        since: From = None,
        until: Until = None,
    ) -> Response[bytes]:
        """A topic's places in the final lists of a scope and window, the oldest first; times are RFC 3339 UTC."""
        points = await web.course(key, named, window, since, until)
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
