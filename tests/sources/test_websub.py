"""WebSub: what a hub brings is a post at once, once, and only when it is signed; a hub that fails costs nothing."""

from __future__ import annotations

import asyncio
import email.utils
import hmac
import json
import time
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from pipeline.settings import Settings
from pipeline.sources.live.build import adapters_of
from pipeline.sources.live.feed_entries import entries_of
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.model import SourceError
from pipeline.sources.live.websub import AGAIN_S, LEASE_S, MOST_WAITING, Subscriber
from pipeline.sources.senders import Senders
from pipeline.web.hubs import hub_app
from pipeline.web.run import address_of, beside, bound, server_of
from schemas.sources import FeedSource
from tests.sources.harness import Log, Running, running
from tests.sources.servers import HttpServer, Request, http_server


def rss(*numbers: int, hub: str = "") -> str:
    moment = email.utils.formatdate(time.time() - 60)
    items = "".join(
        f"<item><guid>urn:{number}</guid><title>Title {number}</title><pubDate>{moment}</pubDate></item>"
        for number in numbers
    )
    links = f'<atom:link rel="hub" href="{hub}"/><atom:link rel="self" href="https://a.example/feed"/>' if hub else ""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>News</title>{links}{items}</channel></rss>"
    )


class Hub:
    """A publisher and its hub on one host. It confirms what it is asked for, as `lease_s` and `status` say."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.numbers, self.named, self.status, self.lease_s = [1], "", 202, LEASE_S
        self.server: HttpServer | None = None
        self.confirming: list[asyncio.Task[httpx.Response]] = []

    async def answer(self, request: Request) -> None:
        assert self.server
        if request.path == "/feed":
            hub = self.named or f"{self.server.url}/hub"
            await request.answer(rss(*self.numbers, hub=hub), Content_Type="application/rss+xml")
            return
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        self.asked.append(form)
        await request.answer(status=self.status)
        if self.status == 202:
            self.confirming.append(asyncio.create_task(self.confirm(form)))

    async def confirm(self, form: dict[str, str], **other: str) -> httpx.Response:
        told = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": "ch<a>llenge",
            "hub.lease_seconds": str(int(self.lease_s)),
        } | {name.replace("_", "."): value for name, value in other.items()}
        async with httpx.AsyncClient() as client:
            return await client.get(form["hub.callback"], params=told)

    async def bring(self, body: str, form: dict[str, str], secret: str = "", method: str = "sha256") -> int:
        digest = hmac.new((secret or form["hub.secret"]).encode(), body.encode(), method).hexdigest()
        headers = {"Content-Type": "application/rss+xml", "X-Hub-Signature": f"{method}={digest}"}
        async with httpx.AsyncClient() as client:
            return (await client.post(form["hub.callback"], content=body.encode(), headers=headers)).status_code


@asynccontextmanager
async def heard(now_s: Callable[[], float] = time.time) -> AsyncIterator[Subscriber]:
    held = bound("127.0.0.1", 0)
    subscriber = Subscriber(f"{address_of(held)}behind/a/proxy", now_s)
    async with beside(server_of(hub_app(subscriber)), held):
        yield subscriber
    held.close()


def with_hub(body: Callable[[Hub, HttpServer], Awaitable[None]]) -> None:
    async def run() -> None:
        hub = Hub()
        async with http_server(hub.answer) as server:
            hub.server = server
            await body(hub, server)
            for task in hub.confirming:
                task.cancel()

    asyncio.run(run())


async def subscribed(hub: Hub, run: Running, log: Log) -> dict[str, str]:
    """What the hub was asked for, once it has confirmed that and the feed was read."""
    await run.until(lambda: hub.confirming and hub.confirming[0].done() and log.posts)
    (form,) = hub.asked
    return form


def test_what_the_hub_brings_is_a_post_at_once_and_once_through_a_restart(tmp_path: Path) -> None:
    async def body(hub: Hub, server: HttpServer) -> None:
        log = Log()
        async with heard() as subscriber:
            feed = Feed("it", f"{server.url}/feed", every_s=3_600, subscriber=subscriber)
            async with running(tmp_path, feed, log) as run:
                form = await subscribed(hub, run, log)
                assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", "https://a.example/feed")
                answer = hub.confirming[0].result()
                assert (answer.status_code, answer.text) == (200, "ch<a>llenge")
                assert answer.headers["content-type"].startswith("text/plain")
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert await hub.bring(rss(2, 1), form) == 202
                await run.until(lambda: len(log.posts) == 2)
                assert await hub.bring(rss(3, 2), form, method="sha1") == 202
                await run.until(lambda: len(log.posts) == 3)
            async with running(tmp_path, feed, log) as run:  # a restart: the hub knows us still
                await run.until(lambda: len(server.paths()) == 3)
                assert await hub.bring(rss(4, 3, 2, 1), form) == 202
                await run.until(lambda: len(log.posts) == 4)
        assert log.ids == ["urn:1", "urn:2", "urn:3", "urn:4"]
        assert server.paths() == ["/feed", "/hub", "/feed"]

    with_hub(body)


def test_what_is_not_signed_or_not_asked_for_is_left_out(tmp_path: Path) -> None:
    async def body(hub: Hub, server: HttpServer) -> None:
        log = Log()
        async with heard() as subscriber:
            feed = Feed("it", f"{server.url}/feed", every_s=3_600, subscriber=subscriber)
            async with running(tmp_path, feed, log) as run:
                form = await subscribed(hub, run, log)
                other = form | {"hub.callback": form["hub.callback"][:-1]}
                assert await hub.bring(rss(5), form, secret="guessed") == 202
                assert await hub.bring("no feed", form) == 202
                assert await hub.bring(rss(5), other) == 410
                assert (await hub.confirm(other)).status_code == 404
                assert (await hub.confirm(form, hub_topic="https://b.example/")).status_code == 404
                assert (await hub.confirm(form, hub_mode="unsubscribe")).status_code == 404
                assert await hub.bring("x" * (4 << 20) + "x", form) == 413
                assert await hub.bring(rss(6), form) == 202
                await run.until(lambda: len(log.posts) == 2)
        assert log.ids == ["urn:1", "urn:6"]

    with_hub(body)


def test_a_lease_is_renewed_halfway_and_one_that_is_denied_or_never_confirmed_is_asked_for_again() -> None:
    async def body(hub: Hub, server: HttpServer) -> None:
        now, address = [1_000_000.0], f"{server.url}/hub"
        subscriber = Subscriber("http://127.0.0.1:1/", lambda: now[0])
        one = subscriber.subscription(None)

        async def asked_at(moment: float) -> int:
            now[0] = 1_000_000.0 + moment
            async with httpx.AsyncClient() as client:
                await one.keep(client, f"{server.url}/feed", address, "https://a.example/feed")
            return len(hub.asked)

        def confirmed(mode: str = "subscribe") -> str | None:
            assert one.lease
            told = {"hub.mode": mode, "hub.topic": one.lease.topic, "hub.lease_seconds": "7200", "hub.challenge": "c"}
            return subscriber.confirmed(one.lease.key, told)

        hub.status = 204
        assert [await asked_at(at) for at in (0, 300, AGAIN_S)] == [1, 1, 2]
        assert confirmed() == "c"
        assert [await asked_at(AGAIN_S + at) for at in (3_599, 3_601)] == [2, 3]
        assert confirmed() == "c"
        assert confirmed("denied") == ""
        assert [await asked_at(AGAIN_S + 3_601 + at) for at in (300, AGAIN_S)] == [3, 4]
        key = one.lease.key if one.lease else ""
        assert key
        assert subscriber.wants(key)
        one.end()
        assert not subscriber.wants(key)

    with_hub(body)


def test_a_short_lease_is_renewed_before_it_ends_however_seldom_the_feed_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.live.websub.LEAST_RENEW_S", 0.05)

    async def body(hub: Hub, server: HttpServer) -> None:
        hub.lease_s, log = 0, Log()
        async with heard() as subscriber:
            feed = Feed("it", f"{server.url}/feed", every_s=3_600, subscriber=subscriber)
            async with running(tmp_path, feed, log) as run:
                await run.until(lambda: len(hub.asked) >= 3)
                assert await hub.bring(rss(2), hub.asked[0]) == 202
                await run.until(lambda: len(log.posts) == 2)
        assert server.paths().count("/feed") == 1
        assert len({form["hub.callback"] for form in hub.asked}) == 1

    with_hub(body)


def test_a_hub_may_lead_to_another_but_not_into_our_network() -> None:
    async def run() -> None:
        async def handle(request: Request) -> None:
            where = {"/one": "/two", "/inside": "http://localhost:1/"}.get(request.path)
            await (request.answer(status=307, Location=where) if where else request.answer(status=202))

        async with http_server(handle) as server, httpx.AsyncClient() as client:
            for path, asked in (("/one", ["/one", "/two"]), ("/inside", ["/inside"])):
                server.requests.clear()
                one = Subscriber("https://wall.example/hubs").subscription(None)
                with suppress(SourceError):
                    await one.keep(client, f"{server.url}/feed", f"{server.url}{path}", "https://a.example/")
                assert server.paths() == asked

    asyncio.run(run())


def test_a_hub_that_asks_for_patience_is_not_asked_before() -> None:
    async def run() -> None:
        now = [1_000_000.0]

        async def handle(request: Request) -> None:
            await request.answer(status=429, Retry_After="3000")

        async with http_server(handle) as server, httpx.AsyncClient() as client:
            subscription = Subscriber("https://wall.example/hubs", lambda: now[0]).subscription(None)
            for after_s, asked in ((0, 1), (2_999, 1), (3_000, 2)):
                now[0] = 1_000_000.0 + after_s
                with suppress(SourceError):
                    await subscription.keep(client, f"{server.url}/feed", f"{server.url}/hub", "https://a.example/")
                assert len(server.requests) == asked, after_s

    asyncio.run(run())


@pytest.mark.parametrize(
    ("named", "status", "said"), [("", 403, "refuses (403)"), ("http://localhost:1/", 202, "neither public")]
)
def test_a_hub_that_does_not_take_us_or_lies_in_our_network_is_told_and_the_feed_is_asked(
    tmp_path: Path, named: str, status: int, said: str
) -> None:
    async def body(hub: Hub, server: HttpServer) -> None:
        hub.named, hub.status, lines, log = named, status, list[str](), Log()
        async with heard() as subscriber:
            feed = Feed("it", f"{server.url}/feed", every_s=0.05, say=lines.append, subscriber=subscriber)
            async with running(tmp_path, feed, log) as run:
                await run.until(lambda: server.paths().count("/feed") >= 4)
                hub.numbers = [1, 2]
                await run.until(lambda: len(log.posts) == 2)
        assert len(lines) == 1
        assert said in lines[0]
        assert "asked as before" in lines[0]
        assert len(hub.asked) == (not named)

    with_hub(body)


def test_more_than_there_is_room_for_comes_again() -> None:
    async def body(hub: Hub, server: HttpServer) -> None:
        async with heard() as subscriber, httpx.AsyncClient() as client:
            one = subscriber.subscription(None)
            await one.keep(client, f"{server.url}/feed", f"{server.url}/hub", "https://a.example/feed")
            codes = [await hub.bring(rss(number), hub.asked[0]) for number in range(MOST_WAITING + 1)]
            assert codes == [202] * MOST_WAITING + [503]
            assert await one.next(1.0) is not None
            assert await hub.bring(rss(9), hub.asked[0]) == 202

    with_hub(body)


def test_a_hub_is_named_by_a_header_by_a_link_or_by_a_json_feed(tmp_path: Path) -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><link rel="hub" href="https://one.example/"/>'
        '<link rel="hub" href="https://two.example/"/><link rel="self" href="https://a.example/it"/></feed>'
    )
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "feed_url": "https://a.example/json",
        "hubs": [{"type": "rssCloud", "url": "https://no.example/"}, {"type": "WebSub", "url": "https://hub.example/"}],
    }
    found = entries_of(atom.encode(), "application/atom+xml", "https://a.example/")
    assert (found.hub, found.topic) == ("https://one.example/", "https://a.example/it")
    found = entries_of(json.dumps(told).encode(), "application/feed+json", "https://a.example/")
    assert (found.hub, found.topic) == ("https://hub.example/", "https://a.example/json")
    assert entries_of(rss(1, hub="/hub").encode(), "text/xml", "https://a.example/f").hub == "https://a.example/hub"
    found = entries_of(rss(1, hub="javascript:alert(1)").encode(), "text/xml", "https://a.example/")
    assert found.hub is None

    async def answer(request: Request) -> None:
        await request.answer(rss(1), Link='<//hub.example/>; rel="hub", </x>; rel="self"')

    async def probe() -> None:
        async with http_server(answer) as server:
            facts = await Feed("it", f"{server.url}/feed").probe()
            assert facts[-1] == ("hub", {"hub": "hub.example", "used": False})
            source = FeedSource(name="it", kind="feed", urls=(f"{server.url}/feed",))
            told = Settings(sources=(source,), websub_url="https://a.example/hubs")
            (adapter,) = adapters_of(told, Senders(b"only for a look"))
            assert (await adapter.probe())[-1] == ("hub", {"hub": "hub.example", "used": True})

    asyncio.run(probe())
