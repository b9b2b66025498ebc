"""RSS, Atom and JSON feeds: asked now and then, politely; and told at once what is new, where a hub does that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import httpx
import msgspec

from pipeline.sources.live.feed_entries import Entries, entries_of, seen_from
from pipeline.sources.live.model import Cursor, Fact, Item, SourceError
from pipeline.sources.live.web import ANSWERS_WITHIN_S, WHOLE_WITHIN_S, body_of, refusal, user_agent
from pipeline.sources.live.websub import Brought, Subscriber, Subscription
from schemas import Post, PostError

MOST_REDIRECTS = 5
SEEN_KEPT = 2_000
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, */*;q=0.5"
_MOVED = {301, 308}
_ELSEWHERE = {302, 303, 307}
_Fresh = tuple[Cursor, list[Post | PostError]]


class Feed:
    """One feed. Its cursor: where it has moved to, ETag and Last-Modified as they were told, and the entries seen."""

    source = "feed"
    silence_s = None  # it is asked, and answers or not

    def __init__(
        self,
        name: str,
        url: str,
        *,
        every_s: float = 300.0,
        max_age_s: float = 86_400.0,
        contact: str = "",
        say: Callable[[str], None] = lambda _: None,
        subscriber: Subscriber | None = None,
    ) -> None:
        """`subscriber`: by which hubs reach us; None: they do not."""
        self.name, self.max_age_s = name, max_age_s
        self._url, self._every_s, self._contact, self._say = url, every_s, contact, say
        self._subscriber, self._said = subscriber, ""

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Entries that were not there the last time, oldest first, without end."""
        state = cursor if cursor and cursor.get("of") == self._url else self._begin()
        hub = self._subscriber.subscription(state.get("lease")) if self._subscriber else None
        async with self._client() as client:
            while True:
                async with asyncio.timeout(WHOLE_WITHIN_S):
                    state, fresh = await self._ask(client, state)
                for entry in fresh:
                    yield Item(entry)
                if hub is not None:
                    state = await self._subscribed(client, hub, state)
                yield Item(None, state)
                again_s = time.monotonic() + self._every_s
                while (wait_s := again_s - time.monotonic()) > 0:
                    if hub is None:
                        await asyncio.sleep(wait_s)
                    elif (due_s := hub.due_in_s()) <= 0:
                        state = await self._subscribed(client, hub, state)
                        yield Item(None, state)
                    elif (brought := await hub.next(min(wait_s, due_s))) is not None:
                        state, fresh = await asyncio.to_thread(self._brought, brought, state)
                        for entry in fresh:
                            yield Item(entry)
                        yield Item(None, state)

    async def probe(self) -> list[Fact]:
        """What the feed is."""
        async with self._client() as client:
            state, fresh = await self._ask(client, self._begin())
        news = bool(state.get("etag") or state.get("modified"))
        moved = [Fact("moved", {"address": _shown(state["url"])})] if state["url"] != self._url else []
        hub = state["hub"] and Fact("hub", {"hub": httpx.URL(state["hub"]).host, "used": self._subscriber is not None})
        return [
            Fact("entries", {"n": sum(isinstance(it, Post) for it in fresh), "news": news}),
            *moved,
            *([hub] if hub else []),
        ]

    def _begin(self) -> Cursor:
        return {"of": self._url, "url": self._url, "seen": []}

    async def _subscribed(self, client: httpx.AsyncClient, hub: Subscription, state: Cursor) -> Cursor:
        """With the lease of the hub that the feed names. A hub that will not have us costs a line, and the feed goes on
        being asked."""
        address, topic = state.get("hub"), state.get("topic") or state["url"]
        if not address:
            hub.end()
            return state | {"lease": None}
        try:
            await hub.keep(client, state["url"], address, topic)
        except (SourceError, OSError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            why = str(error) if isinstance(error, SourceError) else type(error).__name__
            line = str(SourceError(Fact("fault.hub", {"hub": httpx.URL(address).host, "why": why})))
            if line != self._said:
                self._say(f"{self.name}: {line}")
            self._said = line
        return state | {"lease": msgspec.to_builtins(hub.lease)}

    def _brought(self, brought: Brought, state: Cursor) -> _Fresh:
        """What a hub brought; of what is no feed nothing."""
        try:
            found = entries_of(brought.body, brought.content_type, state["url"])
        except SourceError:
            return state, []
        return self._fresh(found, state)

    def _fresh(self, found: Entries, state: Cursor) -> _Fresh:
        """The entries that were not there before, which are known from now on."""
        seen = dict.fromkeys(state["seen"])
        entries: list[tuple[str, Post | PostError]] = [(post.id, post) for post in found.posts]
        fresh = [(id, entry) for id, entry in [*entries, *found.faults.items()] if id not in seen]  # noqa: A001
        most = max(SEEN_KEPT, len(found.posts) + len(found.faults))
        return state | {"seen": [*seen, *(id for id, _ in fresh)][-most:]}, [entry for _, entry in fresh]  # noqa: A001

    def _client(self) -> httpx.AsyncClient:
        headers = {"User-Agent": user_agent(self._contact), "Accept": _ACCEPT}
        return httpx.AsyncClient(headers=headers, timeout=ANSWERS_WITHIN_S)

    async def _ask(self, client: httpx.AsyncClient, state: Cursor) -> _Fresh:
        response, body, home = await self._fetch(client, state)
        if response.status_code == 304:
            return state | {"url": home}, []
        if not response.is_success:
            raise refusal(response.status_code, response.headers, response.url.host)
        found = await asyncio.to_thread(entries_of, body, response.headers.get("Content-Type", ""), str(response.url))
        told = {
            "url": home,
            "etag": response.headers.get("ETag"),
            "modified": response.headers.get("Last-Modified"),
            "hub": _linked(response, "hub") or found.hub,
            "topic": _linked(response, "self") or found.topic,
        }
        return self._fresh(found, state | told)

    async def _fetch(self, client: httpx.AsyncClient, state: Cursor) -> tuple[httpx.Response, bytes, str]:
        """The answer, its body, and the address to ask from now on. Only what is moved for good moves that."""
        headers = {}
        if state.get("etag"):
            headers["If-None-Match"] = state["etag"]
        if state.get("modified"):
            headers["If-Modified-Since"] = state["modified"]
        url = home = state["url"]
        for _ in range(MOST_REDIRECTS):
            async with client.stream("GET", url, headers=headers) as response:
                status = response.status_code
                if status in _MOVED | _ELSEWHERE and "Location" in response.headers:
                    url = str(response.url.join(response.headers["Location"]))
                    if status in _MOVED and home == str(response.request.url):
                        home = url
                    continue
                return response, await body_of(response), home
        raise SourceError(Fact("fault.redirects", {"host": httpx.URL(url).host}))


def _linked(response: httpx.Response, what: str) -> str | None:
    """What a header of the answer links to."""
    return seen_from(str(response.url), response.links.get(what, {}).get("url"))


def _shown(address: str) -> str:
    """The address without what may be secret in it."""
    url = httpx.URL(address)
    return f"{url.scheme}://{url.host}{url.path}"
