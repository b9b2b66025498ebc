"""What the API answers: its messages, its errors, and what every answer's header says."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from pipeline.web.history import HistoryError, Point
from pipeline.web.wall.recent import Example
from schemas import Trend, TrendList
from schemas.alerts import Alert

_log = logging.getLogger(__name__)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NOSNIFF = (b"x-content-type-options", b"nosniff")
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    NOSNIFF,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def framed_by(sites: Sequence[str]) -> dict[str, str]:
    """The header of a page that these sites, and no others, may show within theirs."""
    return {"Content-Security-Policy": CSP.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(sites)}")}


def rfc3339(ms: int) -> str:
    """A moment as programs read it, UTC."""
    return dt.datetime.fromtimestamp(ms / 1_000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Scope(msgspec.Struct):
    """A scope and window that there is a list of. Times in ms; `first` and `last` of its history."""

    scope: str
    window: str
    at: int
    trends: int
    title: str
    first: int | None = None
    last: int | None = None


class Place(msgspec.Struct):
    """A topic's row in a current list."""

    scope: str
    window: str
    at: int
    trend: Trend


class TopicView(msgspec.Struct):
    """All about one topic: where it is listed now, its variants, the ids of example posts and those of them that the
    server knows and may show, its time line, its alerts."""

    topic: str
    display: str
    variants: list[str]
    examples: list[str]
    posts: list[Example]
    now: list[Place]
    history: list[Point]
    alerts: list[Alert]


class Readiness(msgspec.Struct):
    """Whether the server follows the source of lists; if not, `reason` is a sentence. `silent_s` since the last list
    came (null: none has)."""

    ready: bool
    reason: str = ""
    silent_s: float | None = None


class Problem(msgspec.Struct):
    """RFC 9457: what went wrong."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"


def fault(description: str) -> ResponseSpec:
    """What OpenAPI tells of an answer that is a Problem."""
    return ResponseSpec(Problem, description=description, media_type="application/problem+json")


def truncate(trends: TrendList, limit: int) -> TrendList:
    """The first rows of the list."""
    return msgspec.structs.replace(trends, trends=trends.trends[:limit]) if limit < len(trends.trends) else trends


def problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The error as problem JSON. What was not expected is logged and says nothing of our insides."""
    if isinstance(error, HTTPException):
        extra = error.extra
        reasons = [f"{e.get('key', '')}: {e.get('message', '')}" for e in extra] if isinstance(extra, list) else []
        said = _problem(error.status_code, "; ".join([error.detail, *reasons]))
        headers = error.headers
    elif isinstance(error, RecursionError):
        said, headers = _problem(400, "what was sent is nested too deep"), None
    elif "\0" in request.scope["path"]:  # no file can be called so
        said, headers = _problem(404, "Not Found"), None
    elif isinstance(error, HistoryError):
        _log.error("%s", error)
        said = _problem(503, "the history cannot be read; the server's log says why")
        headers = None
    else:
        _log.error("a request failed", exc_info=error)
        said, headers = _problem(500, "the server failed; its log says how"), None
    return Response(
        msgspec.json.encode(said), status_code=said.status, media_type="application/problem+json", headers=headers
    )


def _problem(status: int, detail: str) -> Problem:
    return Problem(HTTPStatus(status).phrase, status, detail)  # as RFC 9457 has the title of `about:blank`


def not_modified(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether the asker has what this ETag names."""
    return tag in [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]


def json(body: bytes, *, tag: str = "", cache: str = "no-cache") -> Response[bytes]:
    """Encoded JSON with its ETag."""
    headers = {"cache-control": cache} | ({"etag": tag} if tag else {})
    return Response(body, media_type=MediaType.JSON, headers=headers)
