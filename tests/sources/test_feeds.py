"""Feeds: each entry once, and servers asked as they wish."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.sources.live.feed_entries import MOST_ENTRIES, entries_of
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.model import SourceError
from tests.sources.harness import Log, running
from tests.sources.servers import HttpServer, Request, http_server

NOW = time.time()


def rss(*numbers: int) -> str:
    items = "".join(
        f"<item><guid>{number}</guid><title>Title {number}</title><description>&lt;p&gt;Text &amp;amp; more"
        f"&lt;/p&gt;</description><link>https://a.example/{number}</link><category>Fête</category>"
        f"<pubDate>{email.utils.formatdate(NOW - 100 + number)}</pubDate></item>"
        for number in numbers
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>
<author><name>Ann</name></author><entry><id>tag:a.example,2026:1</id><title>One</title>
<updated>2026-11-28T10:00:00Z</updated><content type="html">&lt;b&gt;bold&lt;/b&gt; words</content>
<link href="https://a.example/one"/></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Json",
        "language": "fr",
        "items": [
            {"id": 7, "content_html": "<p>Un <b>texte</b></p>", "date_published": "2026-11-28T10:00:00+01:00"},
            {"url": "https://a.example/8", "title": "Only a title", "tags": ["été"], "authors": [{"name": "Bob"}]},
            {"id": "empty"},
        ],
    }
)


def feed(server: HttpServer, **more: Any) -> Feed:
    return Feed("it", f"{server.url}/feed", **({"every_s": 0.05} | more))


def serve(handle: Callable[[Request], Awaitable[None]], body: Callable[[HttpServer], Awaitable[None]]) -> None:
    async def run() -> None:
        async with http_server(handle) as server:
            await body(server)

    asyncio.run(run())


def test_the_three_kinds_of_feeds_are_posts() -> None:
    (one,) = entries_of(rss(1).encode(), "text/xml", "https://a.example/feed").posts
    assert (one.id, one.text, one.tags, one.url) == (
        "a.example/1",
        "Title 1\n\nText & more",
        ["#Fête"],
        "https://a.example/1",
    )
    assert (one.author, one.author_name, one.source) == ("News@a.example", "News", "feed")
    (two,) = entries_of(ATOM.encode(), "application/atom+xml", "https://a.example/feed").posts
    assert (two.id, two.author_name, two.text, two.time) == (
        "tag:a.example,2026:1",
        "Ann",
        "One\n\nbold words",
        1_795_860_000_000,
    )
    first, second = entries_of(
        JSON.encode(), "application/feed+json", "https://a.example/feed", now_ms=2 * 10**12
    ).posts
    assert (first.id, first.text, first.lang, first.author_name) == ("a.example/7", "Un texte", "fr", "Json")
    assert (second.id, second.text, second.tags, second.author_name) == (
        "https://a.example/8",
        "Only a title",
        ["#été"],
        "Bob",
    )


@pytest.mark.parametrize("body", [b"", b"<html><p>no", b"{", b'{"version": 1}', b"\xff\xfe\x00", b"<rss"])
def test_what_is_no_feed_is_a_fault(body: bytes) -> None:
    with pytest.raises(SourceError, match="feed"):
        entries_of(body, "text/xml", "https://a.example/feed")


@pytest.mark.parametrize(
    ("wrong", "texts", "faults"),
    [
        ("1", [], 1),
        ("null", [], 1),
        ('{"id":"y\\u0000","title":"y"}', [], 1),
        ('{"id":"y","content_text":7}', [], 0),
        ('{"id":"y","tags":[1],"title":"y"}', ["y"], 0),
        ('{"id":{},"title":"y","authors":[7],"date_published":"9999-99-99"}', ["y"], 0),
        ('{"id":"y","title":"half \\ud83d, whole \\ud83d\\ude00"}', ["half \ufffd, whole \U0001f600"], 0),
        ('{"id":"y","title":"y"}],"hubs":7,"title":null,"authors":[7],"x":[{}', ["y"], 0),
    ],
)
def test_what_is_wrong_in_a_json_feed_costs_itself_and_is_counted(wrong: str, texts: list[str], faults: int) -> None:
    """The BOM that some editors write costs nothing."""
    items = f'[{{"id":"x","content_text":"ok"}},{wrong}]'
    body = f'\ufeff{{"version":"https://jsonfeed.org/version/1.1","items":{items}}}'
    found = entries_of(body.encode(), "application/feed+json", "https://a.example/feed", now_ms=1)
    assert [post.text for post in found.posts] == ["ok", *texts]
    assert len(found.faults) == faults


def test_what_is_wrong_in_an_xml_feed_costs_itself_and_is_counted(tmp_path: Path) -> None:
    """A year that no calendar has, and an id with a control character; however often the feed is asked."""
    dated = "<item><guid>7</guid><title>dated</title><pubDate>Mon, 99 Foo 99999999 99:99:99 +9999</pubDate></item>"
    broken = "<item><guid>a&#1;b:</guid><title>broken</title></item>"

    async def handle(request: Request) -> None:
        await request.answer(rss(1).replace("<item>", f"{dated}{broken}<item>", 1), Content_Type="text/xml")

    async def body(server: HttpServer) -> None:
        log = Log()
        async with running(tmp_path, feed(server), log) as run:
            await run.until(lambda: len(server.requests) > 3)
            await run.until(lambda: run.outcome("dead"))
            assert sorted(post.text.partition("\n")[0] for post in log.posts) == ["Title 1", "dated"]
            assert run.outcome("dead") == 1

    serve(handle, body)


def test_a_bomb_of_entities_is_text_and_no_file_of_ours_is_read() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    doctype = f'<!DOCTYPE r [{entities}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    item = "<item><guid>1</guid><title>so &l11; &f;</title></item>"
    feed_of = f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel><title>T</title>{item}</channel></rss>'
    (one,) = entries_of(feed_of.encode(), "text/xml", "https://a.example/feed").posts
    assert one.text.startswith("so")
    assert len(one.text) < 20
    assert "root" not in one.text


def test_of_a_feed_without_measure_the_newest_entries_are_read_in_whatever_order_it_is() -> None:
    items = [
        f"<item><guid>{n}</guid><title>{n}</title><pubDate>{email.utils.formatdate(1_700_000_000 + n)}</pubDate></item>"
        for n in range(MOST_ENTRIES + 100)
    ]
    for one in items, items[::-1]:
        body = f'<rss version="2.0"><channel><title>t</title>{"".join(one)}</channel></rss>'.encode()
        posts = entries_of(body, "text/xml", "https://a.example/").posts
        assert (len(posts), posts[-1].text) == (MOST_ENTRIES, str(MOST_ENTRIES + 99))


def test_the_feeds_of_two_sites_may_number_their_entries_alike() -> None:
    (one,) = entries_of(rss(1).encode(), "text/xml", "https://a.example/feed").posts
    (two,) = entries_of(rss(1).encode(), "text/xml", "https://b.example/feed").posts
    assert one.id != two.id


def test_each_entry_comes_once_and_the_server_is_told_what_we_have(tmp_path: Path) -> None:
    numbers = [1, 2]

    async def handle(request: Request) -> None:
        tag = f'W/"{len(numbers)}"'
        if request.headers.get("if-none-match") == tag:
            await request.answer(status=304)
        else:
            await request.answer(rss(*numbers[::-1]), ETag=tag, Last_Modified="yesterday, or so")

    async def body(server: HttpServer) -> None:
        log = Log()
        async with running(tmp_path, feed(server, contact="me@a.example"), log) as run:
            await run.until(lambda: len(server.requests) >= 4)
            numbers.append(3)
            await run.until(lambda: len(log.posts) == 3)
        asked = len(server.requests)
        numbers.append(4)
        async with running(tmp_path, feed(server), log) as run:  # a restart
            await run.until(lambda: len(log.posts) == 4)
        assert log.ids == [f"127.0.0.1/{number}" for number in (1, 2, 3, 4)]
        first, second = server.requests[0].headers, server.requests[1].headers
        assert "if-none-match" not in first
        assert (second["if-none-match"], second["if-modified-since"]) == ('W/"2"', "yesterday, or so")
        assert first["user-agent"].startswith("upswell/")
        assert first["user-agent"].endswith(" (+me@a.example)")
        assert server.requests[asked].headers["if-none-match"] == 'W/"3"'

    serve(handle, body)


def test_what_has_moved_for_good_is_asked_there_and_what_has_not_is_not(tmp_path: Path) -> None:
    ways = {"/feed": (301, "/moved"), "/moved": (302, "/now")}

    async def handle(request: Request) -> None:
        if request.path in ways:
            status, there = ways[request.path]
            await request.answer(status=status, Location=there)
        else:
            await request.answer(rss(1))

    async def body(server: HttpServer) -> None:
        log = Log()
        async with running(tmp_path, feed(server), log) as run:
            await run.until(lambda: len(server.requests) >= 7)
        assert server.paths()[:7] == ["/feed", "/moved", "/now", "/moved", "/now", "/moved", "/now"]
        before = len(server.requests)
        async with running(tmp_path, feed(server), log) as run:
            await run.until(lambda: len(server.requests) > before)
        assert server.paths()[before] == "/moved"
        assert len(log.ids) == 1

    serve(handle, body)


def test_a_feed_that_redirects_in_a_circle_is_a_fault_and_one_that_is_gone_is_left(tmp_path: Path) -> None:
    async def handle(request: Request) -> None:
        if request.path == "/feed":
            await request.answer(status=302, Location="/feed")
        else:
            await request.answer(status=410)

    async def body(server: HttpServer) -> None:
        async with running(tmp_path, [feed(server), Feed("gone", f"{server.url}/gone")], Log()) as run:
            await run.until(lambda: any("redirects without end" in line for line in run.said))
            await run.until(lambda: run.value("faults_total", name="gone", kind="gone") == 1)
        assert server.paths().count("/gone") == 1

    serve(handle, body)


def test_retry_after_is_obeyed_and_a_feed_without_end_is_not_read(tmp_path: Path) -> None:
    async def handle(request: Request) -> None:
        if request.path == "/feed":
            await request.answer(status=429, Retry_After="1000")
            return
        await request.begin("text/xml")
        while True:
            await request.chunk(b"x" * 65_536)

    async def body(server: HttpServer) -> None:
        async with running(tmp_path, [feed(server), Feed("endless", f"{server.url}/endless")], Log()) as run:
            await run.until(lambda: any("sends more than 4 MiB" in line for line in run.said))
            await run.until(lambda: run.value("faults_total", name="it", kind="throttled") == 1)
        assert server.paths().count("/feed") == 1

    serve(handle, body)


def test_a_feed_that_drips_for_ever_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sources.live.feeds.WHOLE_WITHIN_S", 0.3)

    async def handle(request: Request) -> None:
        await request.begin("text/xml")
        while True:
            await request.chunk(b" ")
            await asyncio.sleep(0.05)

    async def body(server: HttpServer) -> None:
        async with running(tmp_path, feed(server), Log()) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind="silent") >= 2)

    serve(handle, body)
