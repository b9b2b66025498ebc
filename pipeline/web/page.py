"""The page as the server writes it: a plain table that needs no JavaScript; the scripts take it over where they run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Annotated, Any
from urllib.parse import quote

from litestar import MediaType, Request, Response, Router, get
from litestar.params import QueryParameter

from pipeline.text import printable
from pipeline.text.french import french_why
from pipeline.web.api import Web
from pipeline.web.feed import Change
from pipeline.web.frame import head, language, top
from pipeline.web.voice import voices_of
from schemas import WINDOWS, Trend, TrendList

_BODY = """<body data-view="{view}">{top}
<div id="controls"></div>
<main id="main" tabindex="-1">{table}</main>
<aside id="alerts"></aside>
<p id="status" role="status" aria-live="polite"></p>
</body>
</html>
"""

MAX_LISTS = 4  # side by side
FILL = " class='fill'"  # a row that does not trend, and only fills the list up
FRENCH_STATES = {"new": "nouveau", "rising": "monte", "steady": "stable", "fading": "retombe"}


def page_router(web: Web) -> Router:
    """`/` and `/screen`."""

    made: dict[tuple[str, str, bool], tuple[int, str]] = {}  # by scope, window, language: the change and its rows

    def rows_of(change: Change | None, french: bool) -> str:
        if change is None:
            return ""
        place = change.list.scope, change.list.window, french
        number, rows = made.get(place, (-1, ""))
        if number != change.number:
            rows = _rows(change.list.trends, french)
            made[place] = change.number, rows
        return rows

    def html(request: Request[Any, Any, Any], view: str, scopes: Sequence[str], window: str) -> Response[str]:
        french = language(request) == "fr"
        tables = []
        for scope in list(dict.fromkeys(scopes))[:MAX_LISTS] or ["all"]:
            change = web.feed.current(scope, window)
            table = table_of(change.list if change else None, web, scope, window, french, rows_of(change, french))
            tables.append(f"<div class='served'>{table}</div>")
        return whole(request, view, "trends", "app", "".join(tables))

    def whole(request: Request[Any, Any, Any], view: str, place: str, script: str, table: str) -> Response[str]:
        body = _BODY.format(view=view, top=top(request, place), table=table)
        page = head("upswell", language(request), ("app",), script) + body
        return Response(page, media_type=MediaType.HTML, headers={"vary": "accept-language"})

    @get("/", include_in_schema=False)
    async def page(
        request: Request[Any, Any, Any],
        named: Annotated[list[str] | None, QueryParameter(name="scope", max_items=50)] = None,
        window: Annotated[str, QueryParameter(max_length=3)] = "1h",
    ) -> Response[str]:
        """The live page."""
        return html(request, "page", named or (), window)

    @get("/screen", include_in_schema=False)
    async def screen(
        request: Request[Any, Any, Any],
        named: Annotated[list[str] | None, QueryParameter(name="scope", max_items=50)] = None,
        window: Annotated[str, QueryParameter(max_length=3)] = "1h",
    ) -> Response[str]:
        """The same for a projector."""
        return html(request, "screen", named or (), window)

    @get("/voice", include_in_schema=False)
    async def voice(
        request: Request[Any, Any, Any],
        named: Annotated[list[str] | None, QueryParameter(name="scope", max_items=50)] = None,
        window: Annotated[str, QueryParameter(max_length=3)] = "1h",
    ) -> Response[str]:
        """Share of voice of watchlists and events, side by side."""
        table = _voices(web, named, window, language(request) == "fr")
        return whole(request, "voice", "voice", "voice", f"<div class='served'>{table}</div>")

    return Router("/", route_handlers=[page, screen, voice])


def _voices(web: Web, named: Sequence[str] | None, window: str, french: bool) -> str:
    """The newest figures as a table, for browsers without scripts."""
    shown = [change.list for change in web.feed.all() if change.list.window == window]
    named = named or voices_of(web.feed)
    voices = [one for one in shown if one.scope in named]
    total = sum(one.posts for one in voices) or 1
    rows = "".join(
        f"<tr><th scope='row'><bdi>{_safe(web.titles.get(one.scope, one.scope))}</bdi></th>"
        f"<td>{one.posts / total:.0%}</td><td>{one.posts}</td><td>{one.authors}</td></tr>"
        for one in voices
    )
    heads = ("", "Part", "Messages", "Personnes") if french else ("", "Share", "Posts", "People")
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return f"<table class='plain'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _spark(support: Sequence[float]) -> str:
    """The support of the last steps as a line. For eyes alone: the other columns tell where it stands."""
    most, step = max(*support, 1.0), 76 / max(len(support) - 1, 1)
    points = " ".join(f"{2 + n * step:.1f},{18 - 16 * at / most:.1f}" for n, at in enumerate(support))
    return f"<svg class='spark' viewBox='0 0 80 20' aria-hidden='true'><polyline points='{points}'/></svg>"


def _rows(trends: Sequence[Trend], french: bool) -> str:
    """The rows of a list; every text of a post escaped."""
    return "".join(
        f"<tr{'' if row.trending else FILL}><td>{row.rank}</td><th scope='row'><bdi>{_safe(row.display)}</bdi></th>"
        f"<td>{_spark(row.spark)}</td><td>{row.authors}</td><td>{row.posts}</td>"
        f"<td>{_state(row, french)}</td>"
        f"<td><bdi>{_why(row, french)}</bdi></td></tr>"
        for row in trends
    )


def table_of(trends: TrendList | None, web: Web, scope: str, window: str, french: bool, rows: str) -> str:
    """The list as a table, with links to the other lists."""
    heads = ("Sujet", "Évolution", "Personnes", "Messages", "État", "Pourquoi") if french else (
        "Topic", "Course", "People", "Posts", "State", "Why"
    )  # fmt: skip
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("#", *heads))
    scopes = dict.fromkeys(change.list.scope for change in web.feed.all())
    links = [_link(name, name, window, name == scope) for name in scopes]
    links += [_link(name, scope, name, name == window) for name in WINDOWS]
    nothing = "Rien pour l’instant." if french else "Nothing yet."
    moment = ""
    if trends:
        moment = dt.datetime.fromtimestamp(trends.at / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
        if not trends.final:
            moment += " (en cours)" if french else " (so far)"
    return (
        f"<nav class='plain'>{' '.join(links)}</nav><table class='plain'><caption>{_safe(scope)} · {_safe(window)} · "
        f"{moment or nothing}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _state(row: Trend, french: bool) -> str:
    if not row.trending:
        return "habituel" if french else "as usual"
    return FRENCH_STATES[row.state] if french else row.state


def _why(row: Trend, french: bool) -> str:
    why = printable(row.why)
    return escape(french_why(why) if french else why)


def _link(text: str, scope: str, window: str, current: bool) -> str:
    here = " aria-current='page'" if current else ""
    return f"<a href='/?scope={quote(scope)}&amp;window={quote(window)}'{here}>{_safe(text)}</a>"


def _safe(text: str) -> str:
    return escape(printable(text))
