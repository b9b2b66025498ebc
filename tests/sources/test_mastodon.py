"""Mastodon's API, spoken by local servers as Mastodon's own code speaks it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pipeline.sources.live.mastodon import Mastodon
from pipeline.sources.live.mastodon_api import timeline_of
from pipeline.sources.live.model import AccessError, Item, SourceError, Withdrawal
from pipeline.wording import language
from schemas import Post
from tests.sources.harness import Log, running
from tests.sources.mastodon_server import BASE, Server, frame, source, status, with_server
from tests.sources.servers import Request, cut, forever, http_server, socket_server


def test_without_a_token_it_polls_each_post_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        log = Log()
        server.statuses = [status(number) for number in range(3)]
        async with running(tmp_path, source(server), log) as run:
            await run.until(lambda: len(log.posts) == 3)
            server.statuses += [status(number) for number in range(3, 130)]
            await run.until(lambda: len(log.posts) == 130)
        server.statuses += [status(200)]
        async with running(tmp_path, source(server), log) as run:
            await run.until(lambda: len(log.posts) == 131)
        assert log.ids == [f"https://a.example/{number}" for number in [*range(130), 200]]
        one = log.posts[0]
        assert (one.author, one.text, one.source, one.tags) == ("ann@a.example", "post 0 #tag", "mastodon", ["#tag"])
        assert all("authorization" not in request.headers for request in server.http.requests)

    with_server(body)


def test_one_status_that_is_wrong_holds_up_no_other(tmp_path: Path) -> None:
    """Other software that speaks the API leaves out, or nulls, what Mastodon always has."""

    async def body(server: Server) -> None:
        log = Log()
        wrong = [status(2, account=None), status(3, visibility=None), status(4, reblog={"uri": 5})]
        page = [{"no": "id"}, 5, status(1), *wrong, status(5, id=BASE + 5), status(6, "half \ud83d")]
        server.page = lambda _: page[::-1]  # type: ignore[method-assign]
        async with running(tmp_path, source(server, every_s=1_000), log) as run:
            await run.until(lambda: log.ids == [f"https://a.example/{number}" for number in (1, 5, 6)])
            await run.until(lambda: run.outcome("dead") == 5)
            assert run.said == []
            assert log.posts[-1].text == "half \ufffd #tag"

    with_server(body)
    for nothing in (b'{"error":"x"}', b'[{"no":"id"}]', b"\xff"):
        with pytest.raises(SourceError):
            timeline_of(nothing, "a.example")


def test_five_hashtags_are_one_request() -> None:
    async def body(server: Server) -> None:
        server.statuses = [status(1)]
        adapter = Mastodon("it", server.http.url, [f"#t{number}" for number in range(6)], every_s=0.05)
        seen = [item.content async for item in _first(adapter, 2)]
        assert len(seen) == 2
        asked = [request for request in server.http.requests if "timelines" in request.path]
        assert [request.path[-2:] for request in asked] == ["t0", "t5"]
        assert asked[0].query["any[]"] == ["t1", "t2", "t3", "t4"]

    with_server(body)


async def _first(adapter: Mastodon, most: int, cursor: dict[str, Any] | None = None) -> Any:
    count = 0
    async for item in adapter.read(cursor):
        if item.content is not None:
            count += 1
            yield item
            if count == most:
                return


def test_a_server_that_does_not_know_min_id_is_not_asked_without_end() -> None:
    async def body(server: Server) -> None:
        server.statuses = [status(number) for number in range(60)]
        server.page = lambda request: server.statuses[-40:][::-1]  # type: ignore[method-assign]
        cursor = {"newest": {"tag": str(BASE + 200_000_000_000_000)}}
        items = [item async for item in _first(source(server), 40, cursor)]
        assert len(items) == 40
        assert len([path for path in server.http.paths() if "timelines" in path]) == 1

    with_server(body)


def test_a_websocket_streams_posts_edits_and_deletions_after_what_was_missed(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        async def on_socket(connection: ServerConnection) -> None:
            for one in (
                frame("update", status(2)),
                frame("update", status(2)),
                frame("filters_changed", ""),
                frame("an.event.of.tomorrow", "{}"),
                json.dumps({"stream": ["user"], "event": "notification", "payload": "{"}),
                frame("update", {"id": "7"}),
                "no JSON",
                json.dumps({"event": "filters_changed", "payload": None}),
                frame("update", status(3, visibility="private")),
                frame("delete", str(BASE + 2)),
                frame("update", status(4)),
            ):
                await connection.send(one)
            await forever()

        server.on_socket = on_socket
        server.statuses = [status(1)]
        log = Log()
        async with running(tmp_path, source(server, "secret"), log) as run:
            await run.until(lambda: run.outcome("sent") == 3)
            await run.until(lambda: run.outcome("withdrawn") == 1)
            assert run.outcome("dead") == 2
        # what is withdrawn before it was sent is never sent
        assert sorted(set(log.posted) | {"https://a.example/2"}) == [
            f"https://a.example/{number}" for number in (1, 2, 4)
        ]
        assert len(log.posted) == len(set(log.posted))
        assert server.subscribed == ["tag"]
        assert server.socket.handshakes[0].headers["Authorization"] == "Bearer secret"
        assert "secret" not in server.socket.handshakes[0].path

    with_server(body)


def test_a_dead_stream_misses_nothing_what_came_meanwhile_is_polled(tmp_path: Path) -> None:
    """A cut in the middle of a frame, then 1006, then a silent stall: each time the timeline knows."""

    async def body(server: Server) -> None:
        lives = 0

        async def on_socket(connection: ServerConnection) -> None:
            nonlocal lives
            lives += 1
            number = lives
            server.statuses += [status(number * 10), status(number * 10 + 1)]
            await connection.send(frame("update", status(number * 10)))
            if lives == 1:
                connection.transport.write(b"\x81\x7e\x10\x00" + b"{" * 100)  # 100 bytes of 4,096
                await asyncio.sleep(0.05)
                cut(connection)
            elif lives == 2:
                cut(connection)
            else:
                await forever()  # open, and silent

        server.on_socket = on_socket
        log = Log()
        async with running(tmp_path, source(server, "secret", catch_up_every_s=0.1), log) as run:
            await run.until(lambda: len(log.posts) == 6)
            assert run.value("faults_total", name="it", kind="broken") == 2
        assert sorted(log.ids) == [f"https://a.example/{number}" for number in (10, 11, 20, 21, 30, 31)]

    with_server(body)


def test_a_stream_over_sse_with_its_heartbeats_and_a_cut(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        lives = 0

        async def events(request: Request) -> None:
            nonlocal lives
            lives += 1
            assert request.query["tag"] == ["tag"]
            await request.begin()
            await request.chunk(b":)\n")
            await request.chunk(b":thump\n")
            text = json.dumps(status(lives))
            await request.chunk(f"event: update\ndata: {text[:50]}".encode())
            await request.chunk(f"{text[50:]}\n\n:thump\n".encode())
            if lives == 1:
                await request.chunk(b"event: update\ndata: {")  # and it is cut
            else:
                await request.chunk(f"event: delete\ndata: {BASE + 1}\n\n".encode())
                await forever()

        server.events, server.refuse = events, lambda _: (404, {}, b"")
        log = Log()
        server.socket.url = server.http.url.replace("http", "ws")  # one address for both
        async with running(tmp_path, source(server, "secret"), log) as run:
            await run.until(lambda: run.outcome("sent") == 2 and run.outcome("withdrawn") == 1)
        assert sorted(log.posted) == ["https://a.example/1", "https://a.example/2"]

    with_server(body)


def test_a_server_without_any_stream_is_polled_and_says_so(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        said: list[str] = []
        server.refuse = lambda _: (404, {}, b"")
        server.statuses = [status(1)]
        log = Log()
        server.socket.url = server.http.url.replace("http", "ws")
        async with running(tmp_path, source(server, "secret", say=said.append), log) as run:
            await run.until(lambda: log.posts)
            server.statuses.append(status(2))
            await run.until(lambda: len(log.posts) == 2)
        assert said == ["it: a.example has no streaming (404); polling every 0 s instead"]

    with_server(body)


def test_a_revoked_token_is_told_and_not_tried_in_a_loop(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        async def on_socket(connection: ServerConnection) -> None:
            server.refuse = lambda _: (401, {"X-Error-Message": "Invalid access token"}, b"")
            await connection.close()  # as Mastodon's `kill`: without a word

        server.on_socket = on_socket
        async with running(tmp_path, source(server, "secret"), Log()) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind="refused") == 1)
            assert "refuses (401): look at the token" in run.said[-1]
            assert "secret" not in " ".join(run.said)
        assert len(server.socket.handshakes) == 2

    with_server(body)


def test_an_error_inside_the_socket_is_the_same_refusal(tmp_path: Path) -> None:
    async def body(server: Server) -> None:
        async def on_socket(connection: ServerConnection) -> None:
            await connection.send(json.dumps({"error": "Missing access token", "status": 401}))
            await forever()

        server.on_socket = on_socket
        async with running(tmp_path, source(server, "secret"), Log()) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind="refused") == 1)
            assert "a.example: Missing access token" in run.said[-1]

    with_server(body)


@pytest.mark.parametrize(
    ("code", "headers", "kind", "wait_s"),
    [
        (429, {"Retry_After": "40"}, "throttled", 40.0),
        (429, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "2999-01-01T00:00:00Z"}, "throttled", 3_600.0),
        (503, {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, "throttled", 0.0),
        (500, {}, "broken", None),
        (403, {}, "refused", 300.0),
        (422, {}, "refused", 300.0),
        (410, {}, "gone", None),
    ],
)
def test_what_a_server_refuses_is_obeyed(code: int, headers: dict[str, str], kind: str, wait_s: float | None) -> None:
    async def body(server: Server) -> None:
        server.fail = lambda request: request.answer(b"{}", code, **headers)
        with pytest.raises(Exception, match=r"127\.0\.0\.1") as caught:
            async for _ in _first(source(server), 1):
                pass
        fault: Any = caught.value
        assert (fault.kind, fault.retry_after_s) == (kind, wait_s)

    with_server(body)


def test_a_stream_goes_on_while_the_polls_beside_it_are_asked_for_patience(tmp_path: Path) -> None:
    """What was missed before the stream comes with the first poll that is answered."""

    async def body(server: Server) -> None:
        server.statuses = [status(1)]
        failed: list[Request] = []

        async def fail(request: Request) -> None:
            failed.append(request)
            server.fail = None if len(failed) == 2 else fail
            await request.answer(b"{}", 429, Retry_After="0")

        async def on_socket(connection: ServerConnection) -> None:
            await connection.send(frame("update", status(2)))
            await forever()

        server.fail, server.on_socket = fail, on_socket
        async with running(tmp_path, source(server, "secret", catch_up_every_s=0.05), Log()) as run:
            await run.until(lambda: len(run.log.posts) == 2)
            assert len(failed) == 2
            assert len(server.socket.handshakes) == 1

    with_server(body)


@pytest.mark.parametrize(
    ("access", "token", "said"),
    [
        ({"local": "disabled", "remote": "disabled"}, "secret", "a stream gives deletions only"),
        ({"local": "authenticated", "remote": "authenticated"}, "", "a token is needed"),
        ({"local": "authenticated", "remote": "disabled"}, "", "a token is needed"),
    ],
)
def test_a_server_that_gives_nothing_is_told_in_one_sentence(access: dict[str, str], token: str, said: str) -> None:
    async def body(server: Server) -> None:
        with pytest.raises(AccessError, match=said):
            async for _ in _first(source(server, token), 1):
                pass

    with_server(body, Server(**access))


def test_what_a_server_leaves_out_is_told_by_a_look_at_it() -> None:
    async def found(server: Server) -> list[str]:
        return [fact.said(language("en")) for fact in await source(server).probe()]

    async def body(server: Server) -> None:
        assert "a.example runs 4.5.1" in await found(server)
        server.access = {"local": "public", "remote": "disabled"}
        assert "posts of other servers' users are not shown" in await found(server)

    with_server(body)


def test_a_look_tells_that_the_owner_of_the_token_has_chosen_a_language() -> None:
    async def found(server: Server, token: str = "secret") -> list[str]:
        return [fact.said(language("en")) for fact in await source(server, token).probe()]

    async def body(server: Server) -> None:
        server.statuses = [status(number, language="fr" if number % 4 else "de") for number in range(60)]
        assert "the account of the token is shown all that anybody is" in await found(server)
        server.chosen = "fr"
        hides = "10 of 40 recent posts are hidden from the account of the token: a language is chosen there"
        assert [one for one in await found(server) if one.startswith(hides)]
        assert not [one for one in await found(server, "") if "account" in one]

        async def for_users(request: Request) -> None:
            known = "authorization" in request.headers
            await request.answer(json.dumps(server.page(request)) if known else "{}", 200 if known else 401)

        server.fail = for_users
        assert [one for one in await found(server) if one.startswith("whether the account of the token hides posts")]

    with_server(body)


def test_several_servers_give_a_post_once_and_any_of_them_may_withdraw_it(tmp_path: Path) -> None:
    async def body(first: Server) -> None:
        second = Server()

        async def on_socket(connection: ServerConnection) -> None:
            await connection.send(frame("update", status(77, uri="https://a.example/1", acct="ann@a.example")))
            await connection.send(frame("delete", str(BASE + 77)))
            await forever()

        second.on_socket = on_socket
        first.statuses = [status(1)]
        async with socket_server(second.connected) as second.socket, http_server(second.handle) as second.http:
            log = Log()
            adapters = [source(first), Mastodon("other", second.http.url, ["tag"], token="secret")]
            async with running(tmp_path, adapters, log) as run:
                await run.until(lambda: run.outcome("withdrawn", "other") == 1)
            assert {*log.ids} <= {"https://a.example/1"}
            assert len(log.ids) <= 1

    with_server(body)


def test_a_token_does_not_follow_a_redirect_to_another_host() -> None:
    async def body(server: Server) -> None:
        async def elsewhere(request: Request) -> None:
            await request.answer(json.dumps([status(1)]))

        async with http_server(elsewhere) as other:
            url = other.url.replace("127.0.0.1", "localhost")
            server.fail = lambda request: request.answer(status=302, Location=f"{url}/stolen")
            items = [item async for item in _first(source(server, "secret", transport="poll"), 1)]
            assert len(items) == 1
            assert "authorization" not in other.requests[0].headers

    with_server(body)


def test_numbers_of_a_status_become_the_same_post_on_every_server() -> None:
    from pipeline.sources.live.mastodon_api import item_of

    here = item_of("a.example", "update", json.dumps(status(5)).encode(), 0)
    remote = status(9, uri="https://a.example/5", acct="ann@a.example")
    there = item_of("b.example", "update", json.dumps(remote).encode(), 0)
    assert isinstance(here.content, Post)
    assert isinstance(there.content, Post)
    assert (here.content.id, here.content.author) == (there.content.id, "ann@a.example")
    assert here.content.author == there.content.author
    assert here.alias != there.alias
    deleted = item_of("b.example", "delete", f" {BASE + 9} ".encode(), 7)
    assert deleted == Item(Withdrawal(7), None, there.alias)
