"""The API under /api/v1: current and past lists, topics, scopes, the stream of changes, tags as Mastodon tells them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromQuery, PathParameter, QueryParameter

from pipeline.alerts.blocking import redact
from pipeline.alerts.recent import RecentAlerts
from pipeline.clock import utc_ms
from pipeline.web.answers import Place, Scope, TopicView, fault, json, not_modified, truncate
from pipeline.web.ended import Ended
from pipeline.web.feed import Change, Feed, Wanted
from pipeline.web.history import DAY_MS, History, Point
from pipeline.web.streams import FIRING_EVENT, EventStream
from pipeline.web.voice import MAX_VOICES, Voice, voice_of, voices_of
from pipeline.web.wall.recent import Example
from pipeline.wording import alert_text, language, languages, row_text, waits_for
from schemas import WINDOWS, PostError, TrendList, parse_time
from schemas.alerts import Alert, GivenUp

HEARTBEAT_S = 15.0
FIRING_S = 1.0  # how old the number of alerts that fire may be
MAX_LIMIT = 20
MAX_EXAMPLES = 12  # posts of a topic's view
LAST_MS = 253_402_300_800_000  # the year 10000

WindowName = Literal["5m", "1h", "24h"]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="rows at most")]
ScopeName = Annotated[
    str,
    QueryParameter(name="scope", max_length=200, description="all, lang:fr, source:NAME, event:NAME or watch:NAME"),
]
Texts = Annotated[
    str | None,
    QueryParameter(
        pattern=f"^({'|'.join(languages())})$", description="adds `text` to each: `why` as a sentence in this language"
    ),
]
TopicName = Annotated[str, QueryParameter(max_length=1_000, description="the topic's key with its sigil: %23lyon")]
From = Annotated[str | None, QueryParameter(name="from", max_length=40, description="default: a day")]
Until = Annotated[str | None, QueryParameter(name="to", max_length=40)]
Moment = Annotated[str | None, QueryParameter(max_length=40, description="RFC 3339, or ms since 1970")]
FAULTS = {
    400: fault("a parameter does not fit"),
    404: fault("there is nothing of that name"),
}


@dataclass
class Web:
    """What the answers are made of."""

    feed: Feed
    history: History | None = None
    titles: dict[str, str] = field(default_factory=dict)  # of scopes
    defined: frozenset[str] = frozenset()  # the scopes of events and watchlists
    alerts: RecentAlerts = field(default_factory=RecentAlerts)
    examples: Callable[[Sequence[str], str], list[Example]] = lambda _ids, _scope: []  # of post ids, for a scope
    heartbeat_s: float = HEARTBEAT_S
    public_url: str = ""  # where browsers reach the server; what they send as Host is told to nobody
    _fired: tuple[float, int] = (-math.inf, 0)  # when it was looked at, and how many fired

    async def knows(self, scope: str) -> bool:
        """Whether there may be lists of this scope, or have been some."""
        kind, _, name = scope.partition(":")
        if kind not in ("event", "watch"):
            return scope == "all" or (kind in ("lang", "source") and bool(name))
        if scope in self.defined or any(change.list.scope == scope for change in self.feed.all()):
            return True
        places = [(scope, window) for window in WINDOWS]
        return self.history is not None and any(await asyncio.to_thread(self.history.spans, places))

    def row_of(self, topic: str) -> list[Place]:
        """Where the topic is listed now."""
        return [
            Place(change.list.scope, change.list.window, change.list.at, row)
            for change in self.feed.all()
            for row in change.list.trends
            if row.topic == topic
        ]

    async def past(self, scope: str, window: str, at_ms: int) -> TrendList | None:
        """The list of then, without what may not be shown now."""
        if self.history is None:
            return None
        found = await asyncio.to_thread(self.history.at, scope, window, at_ms)
        return None if found is None else self.feed.shows.visible(found)

    async def course(
        self, topic: str, scope: str, window: WindowName, since: str | None, until: str | None
    ) -> list[Point]:
        """The topic's places in the final lists between two moments as an asker writes them; default: the last day.
        None of what may not be shown. Raises HTTPException (400)."""
        end = when(until) if until else LAST_MS
        change = self.feed.current(scope, window)
        start = when(since) if since else min(end, change.list.at if change else end) - DAY_MS
        if self.history is None or not self.feed.shows.may_show(topic, topic, scope):
            return []
        return await asyncio.to_thread(self.history.timeline, topic, scope, window, start, end)

    def alerts_of(self, topic: str | None = None) -> list[Alert]:
        """The alerts of a topic, or all, as moderation lets them be seen."""
        told = (redact(alert, self.feed.shows) for alert in self.alerts.of(topic))
        return [alert for alert in told if alert is not None]

    def firing(self, within_s: float = FIRING_S) -> int:
        """How many alerts fire that nobody looks after, as it was so long ago at most: each reader of a wall asks."""
        now_s = time.monotonic()
        if now_s - self._fired[0] >= within_s:
            found = sum(alert.status == "firing" and not alert.acknowledged for alert in self.alerts_of())
            self._fired = now_s, found
        return self._fired[1]

    def given_up(self, since_ms: int) -> list[GivenUp]:
        """What receivers did not get since then, as moderation lets it be seen."""
        found = self.alerts.given_up(since_ms)
        return [one for one in found if not one.topic or self.feed.shows.may_show(one.topic, one.topic, one.scope)]

    async def topic(
        self, key: str, scope: str, window: WindowName, since: str | None = None, until: str | None = None
    ) -> TopicView:
        """All about one topic, with its course between two moments as an asker writes them (see `course`). Raises
        HTTPException: 400, or 404 where no list has it, now or in that time."""
        now = self.row_of(key)
        points = await self.course(key, scope, window, since, until)
        if not now and not points:
            raise NotFoundException(detail="no list has this topic, now or in that time")
        if not now and (past := await self.past(scope, window, points[-1].at)):
            now_or_then = [row for row in past.trends if row.topic == key]
        else:
            now_or_then = [place.trend for place in now]
        if not now_or_then:
            raise NotFoundException(detail="no list has this topic, now or in that time")
        variants = list(dict.fromkeys(spelling for row in now_or_then for spelling in row.variants))
        examples = list(dict.fromkeys(post for row in now_or_then for post in row.examples))
        posts = self.examples(examples[:MAX_EXAMPLES], scope)
        return TopicView(key, now_or_then[0].display, variants, examples, posts, now, points, self.alerts_of(key))


def when(text: str) -> int:
    """ms of a moment as an asker writes it. Raises HTTPException (400)."""
    text = text.strip().replace(" ", "+")  # a plus sign in an address comes as a space
    try:
        at_ms = int(text) if text.isascii() and text.isdigit() else parse_time(text if len(text) > 17 else _full(text))
    except (PostError, ValueError):
        raise HTTPException(status_code=400, detail="not a time; write it like 2026-11-17T20:00Z") from None
    if not 0 <= at_ms < LAST_MS:
        raise HTTPException(status_code=400, detail="a time between 1970 and 9999 is needed")
    return at_ms


def _full(text: str) -> str:
    return f"{text[:-1]}:00Z" if len(text) == 17 and text.endswith("Z") else text


def api_router(web: Web) -> Router:
    """The routes of /api/v1."""
    feed = web.feed

    @get("/trends", responses=FAULTS)
    async def trends(
        request: Request[Any, Any, Any],
        named: ScopeName = "all",
        window: FromQuery[WindowName] = "1h",
        limit: Limit = MAX_LIMIT,
        lang: Annotated[str | None, QueryParameter(pattern="^[a-z]{2,3}$", description="for scope=lang:..")] = None,
        at: Moment = None,
        text: Texts = None,
    ) -> Response[TrendList]:
        """The current list of a scope and window, or with `at` the one that was shown then."""
        scope = named
        if lang is not None:
            if scope not in ("all", f"lang:{lang}"):
                raise HTTPException(status_code=400, detail="lang is short for scope=lang:..; name one of both")
            scope = f"lang:{lang}"
        if at is not None:
            past = await web.past(scope, window, when(at))
            if past is None:
                raise NotFoundException(detail="no list of this scope and window was kept at or before that time")
            return json(_encoded(truncate(past, limit), text), cache="max-age=10")  # type: ignore[return-value]
        change = feed.current(scope, window)
        if change is None:
            raise NotFoundException(detail="there is no list of this scope and window (yet); see /api/v1/scopes")
        tag = f'"{feed.id_of(change)}-{limit}{text or ""}"'
        if not_modified(request, tag):
            return Response(None, status_code=304, headers={"etag": tag, "cache-control": "no-cache"})  # type: ignore[arg-type]
        shown = truncate(change.list, limit)
        whole = shown is change.list and text is None
        return json(change.json if whole else _encoded(shown, text), tag=tag)  # type: ignore[return-value]

    @get("/trends/ended", responses={400: FAULTS[400]})
    async def ended(named: ScopeName = "all", window: FromQuery[WindowName] = "1h") -> list[Ended]:
        """Topics that left the list of a scope and window within the last hour, the newest first."""
        return [one for one in feed.ended.of(named, window) if feed.shows.may_show(one.topic, one.display, named)]

    @get("/topics/{key:str}", responses=FAULTS)
    async def topics(
        key: Annotated[str, PathParameter(max_length=1_000, description="the topic's key with its sigil: %23lyon")],
        named: ScopeName = "all",
        window: FromQuery[WindowName] = "1h",
        since: From = None,
        until: Until = None,
    ) -> TopicView:
        """One topic: where it is listed now, its time line in a scope and window, variants, examples, alerts."""
        return await web.topic(key, named, window, since, until)

    @get("/topics", responses=FAULTS)
    async def topic_by_key(
        key: TopicName,
        named: ScopeName = "all",
        window: FromQuery[WindowName] = "1h",
        since: From = None,
        until: Until = None,
    ) -> TopicView:
        """The same for a key that may hold a slash, which no path can carry."""
        return await web.topic(key, named, window, since, until)

    @get("/alerts", responses={400: FAULTS[400]})
    async def alerts(
        limit: Annotated[int, QueryParameter(ge=1, le=100, description="alerts at most")] = MAX_LIMIT,
        text: Texts = None,
    ) -> Response[list[Alert]]:
        """The last alerts: those that fire first, then what is over, the newest first."""
        shown = web.alerts_of()[:limit]
        if text is None:
            return json(msgspec.json.encode(shown))  # type: ignore[return-value]
        words = language(text)
        told = [
            msgspec.to_builtins(alert)
            | {"text": alert_text(alert, words, web.titles), "title": web.titles.get(alert.scope, "")}
            for alert in shown
        ]
        return json(msgspec.json.encode(told))  # type: ignore[return-value]

    @get("/alerts/given-up", responses={400: FAULTS[400]})
    async def given_up(
        limit: Annotated[int, QueryParameter(ge=1, le=100, description="messages at most")] = MAX_LIMIT,
    ) -> list[GivenUp]:
        """Messages about alerts that receivers did not get and will not, of the last day; the newest first."""
        return web.given_up(utc_ms() - DAY_MS)[:limit]

    @get("/voice", responses=FAULTS)
    async def voice(
        named: Annotated[
            list[str] | None, QueryParameter(name="scope", max_items=MAX_VOICES, description="events or watchlists")
        ] = None,
        window: FromQuery[WindowName] = "1h",
        since: From = None,
        until: Until = None,
    ) -> Voice:
        """Share of voice: how the posts about these scopes divide among them, over time (default: all
        watchlists; where there is none, all events)."""
        found = named or voices_of(feed)
        wrong = [scope for scope in found if not scope.startswith(("event:", "watch:"))]
        if wrong:
            raise HTTPException(status_code=400, detail="voices are of event:NAME and watch:NAME scopes")
        begin, end = when(since) if since else None, when(until) if until else None
        return await voice_of(feed, web.history, web.titles, found, window, begin, end)

    @get("/scopes")
    async def scopes() -> list[Scope]:
        """Every scope and window that there is a list of, with the time its history spans."""
        lists = [change.list for change in feed.all()]
        spans: list[tuple[int, int] | None] = [None] * len(lists)
        if web.history is not None:
            spans = await asyncio.to_thread(web.history.spans, [(shown.scope, shown.window) for shown in lists])
        found = []
        for shown, span in zip(lists, spans, strict=True):
            title = web.titles.get(shown.scope, "")
            found.append(Scope(shown.scope, shown.window, shown.at, len(shown.trends), title, *(span or ())))
        return found

    @get(
        "/stream",
        media_type="text/event-stream",
        response_headers=[ResponseHeader(name="cache-control", value="no-store")],
        responses={400: FAULTS[400]},
    )
    async def stream(
        request: Request[Any, Any, Any],
        named: Annotated[list[str] | None, QueryParameter(name="scope", max_items=50, description="only these")] = None,
        window: Annotated[list[WindowName] | None, QueryParameter(max_items=3, description="only these")] = None,
    ) -> EventStream:
        """Server-sent events: `list` with each list as it changes (first the current ones, or with `Last-Event-ID`
        those that changed since), `gone` with posts that were told and are withdrawn (`source/id`), `firing` with how
        many alerts fire that nobody looks after (first where there is one, then with each change about alerts), `beat`
        every 15 s, `dropped` and the end for a reader that is too slow."""
        wanted = Wanted(frozenset(named or ()), frozenset(window or ()))
        return EventStream(
            events(feed, wanted, request.headers.get("last-event-id", ""), web.heartbeat_s, web.firing())
        )

    handlers = [trends, ended, topics, topic_by_key, alerts, given_up, voice, scopes, stream]
    return Router("/api/v1", route_handlers=handlers)


def _encoded(trends: TrendList, text: str | None) -> bytes:
    """The list as JSON; with a language each row has its `why` as a sentence too, and the list what it waits for."""
    told = msgspec.to_builtins(trends)
    if text is not None:
        told["text"] = waits_for(trends, language(text))
        for row, trend in zip(told["trends"], trends.trends, strict=True):
            row["text"] = row_text(trend, trends.at, language(text))
    return msgspec.json.encode(told)


async def events(
    feed: Feed, wanted: Wanted, last_id: str, heartbeat_s: float, firing: int = 0
) -> AsyncGenerator[bytes, None]:
    """What a reader of the stream is sent. `firing`: so many alerts fire at its beginning."""
    reader = feed.subscribe(wanted, last_id)
    try:
        yield b"retry: 1500\n\n"
        if firing:
            yield FIRING_EVENT % firing
        while True:
            changes = await reader.next(heartbeat_s)
            if changes:
                yield b"".join(
                    b"event: %s\nid: %s\ndata: %s\n\n"
                    % (
                        b"list" if isinstance(change, Change) else change.kind.encode(),
                        feed.id_of(change).encode(),
                        change.json,
                    )
                    for change in changes
                )
            elif not reader.dropped:
                yield b"event: beat\ndata: %d\n\n" % utc_ms()
            if reader.dropped:
                yield b'event: dropped\ndata: {"reason":"this reader is too slow; connect again"}\n\n'
                return
    finally:
        feed.unsubscribe(reader)
