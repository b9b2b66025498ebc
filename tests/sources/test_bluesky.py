"""Jetstream, spoken by local servers in both protocols, with the faults that its users have met."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pipeline.settings import Settings
from pipeline.sources.live import jetstream_frames
from pipeline.sources.live.bluesky import Bluesky
from pipeline.sources.live.build import adapters_of
from pipeline.sources.live.runner import Tuning
from pipeline.sources.senders import Senders
from schemas.events import Event
from schemas.sources import BlueskySource
from tests.sources.harness import Log, running
from tests.sources.servers import SocketServer, cut, forever, socket_server

DID = "did:plc:ann"
NOW_US = time.time_ns() // 1_000
Answer = Callable[[ServerConnection], Awaitable[None]]


def uri(rkey: str) -> str:
    return f"at://{DID}/app.bsky.feed.post/{rkey}"


def record(text: str) -> dict[str, Any]:
    created = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": created, "langs": ["fr"]}


def v1(rkey: str, at: int = 0, text: str = "", operation: str = "create") -> str:
    commit: dict[str, Any] = {"rev": "r", "operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey}
    if operation != "delete":
        commit |= {"record": record(text or f"post {rkey}"), "cid": "c"}
    return json.dumps({"did": DID, "time_us": NOW_US + at, "kind": "commit", "commit": commit})


def v2(rkey: str, seq: int, text: str = "", operation: str = "create") -> str:
    payload: dict[str, Any] = {
        "$type": "network.bsky.jetstream.subscribeEvents#commit",
        "seq": seq,
        "did": DID,
        "time": dt.datetime.fromtimestamp(NOW_US / 1e6, dt.UTC).isoformat().replace("+00:00", "Z"),
        "rev": "r",
        "operation": operation,
        "collection": "app.bsky.feed.post",
        "rkey": rkey,
    }
    if operation != "delete":
        payload |= {"record": record(text or f"post {rkey}"), "cid": "c"}
    return json.dumps({"$type": "message", "payload": payload})


def other(kind: str, **more: Any) -> str:
    return json.dumps({"did": DID, "time_us": NOW_US + 1, "kind": kind, kind: {"did": DID, "seq": 1} | more})


def source(*servers: SocketServer, **more: Any) -> Bluesky:
    return Bluesky("it", hosts=[one.url for one in servers], **({"wanted": lambda _: True} | more))


def frames(*texts: str) -> Answer:
    async def answer(connection: ServerConnection) -> None:
        for text in texts:
            await connection.send(text)
        await forever()

    return answer


def lives(*answers: Answer) -> Answer:
    """A connection after the other; the last answer holds for all further ones."""
    left = list(answers)

    async def answer(connection: ServerConnection) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(connection)

    return answer


def then_cut(*texts: str) -> Answer:
    async def answer(connection: ServerConnection) -> None:
        for text in texts:
            await connection.send(text)
        await asyncio.sleep(0.02)
        cut(connection)

    return answer


def test_posts_edits_deletions_and_accounts_that_are_gone(tmp_path: Path) -> None:
    async def body() -> None:
        told = (
            v1("1", 1, "bonjour #été"),
            other("identity", handle="ann.example"),
            other("account", active=True),
            v1("2", 2),
            v1("1", 3, operation="delete"),
            v1("2", 4, "edited", operation="update"),
            json.dumps({"did": DID, "time_us": NOW_US, "kind": "commit", "commit": {"operation": "create"}}),
            "not json",
            json.dumps({"did": DID, "time_us": NOW_US, "kind": "a kind of tomorrow"}),
            v1("3", 5),
            other("account", active=False, status="takendown"),
        )
        log = Log()
        async with socket_server(frames(*told)) as server, running(tmp_path, source(server), log) as run:
            await run.until(lambda: run.outcome("withdrawn") >= 3)
            assert run.outcome("dead") == 2
            assert run.outcome("edited") == 1
            assert server.queries()[0] == {"wantedCollections": ["app.bsky.feed.post"]}
            assert run.store.get("bluesky", uri("3")) is not None

    asyncio.run(body())


def test_an_edit_that_takes_out_what_was_looked_for_withdraws_the_post(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        told = (v1("1", text="one #tag"), v1("2", text="two #tag"), v1("1", 5, "none", "update"), v1("3", text="no"))
        async with socket_server(frames(*told)) as server:
            adapter = source(server, wanted=lambda post: "#tag" in post.text)
            async with running(tmp_path, adapter, log) as run:
                await run.until(lambda: run.outcome("withdrawn") == 1 and uri("2") in log.posted)
        there = {post.id for post in log.posts if post.deleted is None} - {
            post.id for post in log.posts if post.deleted is not None
        }
        assert there == {uri("2")}

    asyncio.run(body())


def test_an_event_of_v2_is_the_same_post(tmp_path: Path) -> None:
    async def body() -> None:
        logs = []
        for protocol, text in ("v1", v1("1", text="a #tag")), ("v2", v2("1", 7, "a #tag")):
            log = Log()
            spoken = ["xrpc.v1.json"] if protocol == "v2" else None
            async with (
                socket_server(frames(text), subprotocols=spoken) as server,
                running(tmp_path / protocol, source(server, protocol=protocol), log) as run,
            ):
                await run.until(lambda: log.posts)  # noqa: B023
                if protocol == "v2":
                    query = server.queries()[0]
                    assert (query["kinds"], query["collections"]) == (["commit", "account"], ["app.bsky.feed.post"])
                    assert server.handshakes[0].path.startswith("/xrpc/network.bsky.jetstream.subscribeEvents?")
            logs.append(log.posts[0])
        first, second = logs
        assert (first.id, first.author, first.text, first.lang) == (second.id, second.author, second.text, second.lang)
        assert first.id == uri("1")

    asyncio.run(body())


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_after_1006_it_goes_on_with_what_was_missed_and_counts_nothing_twice(tmp_path: Path, protocol: str) -> None:
    async def body() -> None:
        if protocol == "v1":  # caught up, and cut; then the past again, out of order
            first, again = [v1("1", 1), v1("2", 2)], [v1("2", 2), v1("1", 1), v1("4", 4), v1("3", 3)]
        else:
            first, again = [v2("1", 1), v2("2", 2)], [v2("2", 2), v2("3", 3), v2("4", 4)]
        log = Log()
        async with socket_server(lives(then_cut(*first), frames(*again))) as server:
            async with running(tmp_path, source(server, protocol=protocol), log) as run:
                await run.until(lambda: len(log.posts) == 4)
            assert sorted(log.ids) == [uri(rkey) for rkey in "1234"]
            asked = int(server.queries()[1]["cursor"][0])
            assert asked == 2 if protocol == "v2" else asked == NOW_US + 2 - 10_000_000

    asyncio.run(body())


def test_on_another_host_it_goes_on_by_time(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with socket_server(then_cut(v2("1", 900))) as one, socket_server(frames(v2("1", 3), v2("2", 4))) as two:
            async with running(tmp_path, source(one, two, protocol="v2"), log) as run:
                await run.until(lambda: len(log.posts) == 2)
            (asked,) = two.queries()[0]["cursor"]
            assert abs(int(asked) - (NOW_US - 10_000_000)) < 1_000
            async with running(tmp_path, source(two, protocol="v2"), log) as run:  # a restart, on the same host
                await run.until(lambda: len(two.handshakes) == 2)
            assert two.queries()[1]["cursor"] == ["4"]
            async with running(tmp_path, source(two), log) as run:  # the other protocol, on the same host
                await run.until(lambda: len(two.handshakes) == 3)
            assert int(two.queries()[2]["cursor"][0]) > 10**15
        assert log.ids == [uri("1"), uri("2")]

    asyncio.run(body())


def test_an_event_from_the_future_does_not_lead_there() -> None:
    """From a cursor in the future a server gives what comes from now on: all that was missed would be left out."""
    place = jetstream_frames.Place("wss://a.example", "v1", None)
    place.passed(jetstream_frames.Event(DID, 2 * NOW_US))
    assert NOW_US - jetstream_frames.REWIND_US <= (place.resume() or 0) <= time.time_ns() // 1_000


def test_a_sequence_that_is_too_old_is_told_and_passed(tmp_path: Path) -> None:
    async def body() -> None:
        said: list[str] = []

        def refuse(handshake: Any) -> tuple[int, dict[str, str], bytes] | None:
            return (400, {}, b'{"error":"CursorTooOld"}') if "cursor=5" in handshake.path else None

        info = json.dumps(
            {"$type": "message", "payload": {"$type": "x#info", "name": "OutdatedCursor", "message": "gone"}}
        )
        log = Log()
        async with socket_server(frames(info, v2("9", 99)), refuse) as server:
            adapter = source(server, protocol="v2", say=said.append)
            old = {"host": server.url, "protocol": "v2", "seq": 5, "time_us": NOW_US - 3_600_000_000}
            async with running(tmp_path, adapter, log) as run:
                await run.until(lambda: log.posts)
            items = adapter.read(old)
            while (await anext(items)).content is None:
                pass
            await items.aclose()
        assert len(said) == 3
        assert any("no longer has what was missed" in line for line in said)

    asyncio.run(body())


def test_a_silent_stall_is_a_fault_but_a_quiet_list_of_accounts_is_none(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        async with socket_server(lives(frames(v1("1", 1)), frames(v1("2", 2)))) as server:
            assert source(server, dids=["did:plc:x"], silence_s=0.2).silence_s is None
            async with running(tmp_path, source(server, silence_s=0.2), log) as run:
                await run.until(lambda: len(log.posts) == 2)
                assert run.value("faults_total", name="it", kind="silent") >= 1

    asyncio.run(body())


def test_a_reader_that_was_too_slow_connects_again(tmp_path: Path) -> None:
    async def body() -> None:
        async def slow(connection: ServerConnection) -> None:
            await connection.send(v2("1", 1))
            await connection.send(json.dumps({"$type": "error", "error": "ConsumerTooSlow", "message": "x"}))
            await connection.close()

        log = Log()
        async with (
            socket_server(lives(slow, frames(v2("1", 1), v2("2", 2)))) as server,
            running(tmp_path, source(server, protocol="v2"), log) as run,
        ):
            await run.until(lambda: len(log.posts) == 2)
            assert run.value("faults_total", name="it", kind="broken") == 1

    asyncio.run(body())


def test_frames_wait_in_the_network_while_kafka_is_away(tmp_path: Path) -> None:
    async def body() -> None:
        sent = 0

        async def flood(connection: ServerConnection) -> None:
            nonlocal sent
            for number in range(100_000):
                await connection.send(v1(str(number), number, secrets.token_hex(1_000)))
                await asyncio.sleep(0)
                sent = number + 1

        log = Log()
        log.here.clear()
        tuning = Tuning(buffered=100, batch=50, linger_s=0.0, drained_within_s=0.1)
        async with socket_server(flood) as server, running(tmp_path, source(server), log, tuning) as run:
            await run.until(lambda: log.waiting)
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.2)
            assert run.runner._buffer.qsize() <= 100
            assert 150 < sent < 20_000  # the rest of it stays there: some lies in the system's buffers

    asyncio.run(body())


def test_what_events_look_for_is_taken_unless_the_source_says_otherwise() -> None:
    def takes(text: str, *events: Event, **more: Any) -> bool:
        from schemas import Post

        settings = Settings(sources=(BlueskySource(name="it", kind="bluesky", **more),), events=events)
        (adapter,) = adapters_of(settings, Senders(b"k"))
        return bool(adapter._wanted(Post("1", "a", text, 5, "bluesky")))  # type: ignore[attr-defined]

    event = Event(name="e", hashtags=("#CapCom",), words=("conseil municipal",))
    assert takes("anything at all")
    assert takes("le #capcom ici", event)
    assert takes("au Conseil Municipal", event)
    assert not takes("rien", event)
    assert takes("rien du tout", event, words=("du tout",))
    assert not takes("le #capcom ici", event, hashtags=("#other",))
