"""Lists in a real Redis: what other programs find there, and that it may die at any time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio
from redis.exceptions import RedisError

from pipeline.sinks.redis_sink import RedisSink, follow_redis
from schemas import TrendList
from tests.sinks.lists import trend_list
from tests.sinks.servers import Server, redis_server

RIGHT_AGAIN_WITHIN_S = 5.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = redis_server(tmp_path)
    one.start()
    yield one
    one.kill()


def url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


async def until(holds: Callable[[], Awaitable[object]], within_s: float = 10.0) -> float:
    """Seconds until it held."""
    began = time.monotonic()
    while True:
        try:
            if await holds():
                return time.monotonic() - began
        except (RedisError, OSError):
            pass
        assert time.monotonic() - began < within_s
        await asyncio.sleep(0.02)


async def document(client: Any, name: str) -> TrendList | None:
    raw = await client.get(f"upswell:list:{name}")
    return None if raw is None else msgspec.json.decode(raw, type=TrendList)


async def with_sink(server: Server, work: Callable[[RedisSink, Any], Awaitable[None]], **options: Any) -> None:
    async with redis.asyncio.Redis(port=server.port) as client, RedisSink(url(server), **options) as sink:
        await work(sink, client)


def test_a_list_is_a_document_a_ranking_and_a_line_of_the_index_which_all_expire(server: Server) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        trends = trend_list("#b", "#a", "#é")
        await sink.take(trends)
        await until(lambda: client.exists("upswell:list:all/1h"))
        assert await document(client, "all/1h") == trends
        assert await client.zrange("upswell:top:all/1h", 0, -1, withscores=True) == [
            (b"#b", 1.0),
            (b"#a", 2.0),
            ("#é".encode(), 3.0),
        ]
        assert await client.zrange("upswell:lists", 0, -1, withscores=True) == [(b"all/1h", 60_000.0)]
        for key in ("upswell:list:all/1h", "upswell:top:all/1h", "upswell:lists", "upswell:writer"):
            assert 0 < await client.ttl(key) <= 600, key

    asyncio.run(with_sink(server, work))


def test_a_topic_that_ends_leaves_the_ranking_and_an_empty_list_leaves_none(server: Server) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#a", "#b"))
        await until(lambda: client.exists("upswell:top:all/1h"))
        await sink.take(trend_list("#b", at=120_000))

        async def only_b() -> bool:
            return bool(await client.zrange("upswell:top:all/1h", 0, -1) == [b"#b"])

        await until(only_b)
        await sink.take(trend_list(at=180_000))

        async def gone() -> bool:
            return not await client.exists("upswell:top:all/1h")

        await until(gone)
        known = await document(client, "all/1h")
        assert known is not None
        assert known.trends == []

    asyncio.run(with_sink(server, work))


@pytest.mark.parametrize("emptied", [True, False])
def test_a_server_killed_and_started_again_has_the_right_lists_within_five_seconds(
    server: Server, emptied: bool
) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#before"))
        await sink.take(trend_list("#still", scope="event:a"))
        await until(lambda: client.exists("upswell:list:event:a/1h"))
        if not emptied:
            await client.save()
        await asyncio.to_thread(server.kill)
        with pytest.raises(RedisError):
            await client.ping()
        await sink.take(trend_list("#after", at=120_000))  # while nobody is there
        await asyncio.sleep(0)
        await asyncio.to_thread(server.start)

        async def right() -> bool:
            lists = [await document(client, "all/1h"), await document(client, "event:a/1h")]
            return [one and [row.topic for row in one.trends] for one in lists] == [["#after"], ["#still"]]

        assert await until(right) < RIGHT_AGAIN_WITHIN_S

    asyncio.run(with_sink(server, work))


def test_a_server_that_was_emptied_is_filled_again(server: Server) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#a"))
        await until(lambda: client.exists("upswell:list:all/1h"))
        await client.flushall()
        assert await until(lambda: client.exists("upswell:list:all/1h")) < RIGHT_AGAIN_WITHIN_S

    asyncio.run(with_sink(server, work))


def test_lists_that_do_not_change_are_renewed_before_they_expire(server: Server) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#a"))
        await until(lambda: client.exists("upswell:list:all/1h"))
        once = sink.written

        async def renewed() -> bool:
            return sink.written > once + 1

        await until(renewed)
        assert await client.exists("upswell:list:all/1h", "upswell:top:all/1h", "upswell:lists") == 3

    asyncio.run(with_sink(server, work, expiry_s=3, renew_s=0.5))


def test_what_may_not_be_shown_is_not_written_also_when_that_is_decided_later(server: Server) -> None:
    blocked: set[str] = {"#x"}

    def visible(trends: TrendList) -> TrendList:
        return msgspec.structs.replace(trends, trends=[row for row in trends.trends if row.topic not in blocked])

    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#x", "#a", "#b"))
        await until(lambda: client.exists("upswell:top:all/1h"))
        assert await client.zrange("upswell:top:all/1h", 0, -1) == [b"#a", b"#b"]
        blocked.add("#a")
        sink.refresh()

        async def only_b() -> bool:
            return bool(await client.zrange("upswell:top:all/1h", 0, -1) == [b"#b"])

        await until(only_b)
        assert b"#x" not in await client.get("upswell:list:all/1h")

    asyncio.run(with_sink(server, work, visible=visible))


def test_a_reader_has_current_lists_then_changes_and_outlives_the_server(server: Server) -> None:
    async def work(sink: RedisSink, client: Any) -> None:
        await sink.take(trend_list("#first"))
        await until(lambda: client.exists("upswell:list:all/1h"))
        await client.set("upswell:list:bad/1h", b"{")
        await client.zadd("upswell:lists", {"bad/1h": 1, "expired/1h": 1})
        seen: list[TrendList] = []
        stop = asyncio.Event()

        async def follow() -> None:
            async for one in follow_redis(url(server), stop):
                seen.append(one)

        async def has(topic: str) -> bool:
            return any(row.topic == topic for one in seen for row in one.trends)

        reader = asyncio.create_task(follow())
        await until(lambda: has("#first"))
        await sink.take(trend_list("#second", scope="event:a"))
        await until(lambda: has("#second"))
        await asyncio.to_thread(server.kill)
        await sink.take(trend_list("#third", at=120_000))
        await asyncio.to_thread(server.start)
        assert await until(lambda: has("#third")) < RIGHT_AGAIN_WITHIN_S
        stop.set()
        await asyncio.wait_for(reader, 5)

    asyncio.run(with_sink(server, work))


def test_taking_does_not_wait_for_a_server_that_is_not_there() -> None:
    async def work() -> None:
        async with RedisSink("redis://127.0.0.1:1/0") as sink:
            began = time.monotonic()
            for at in range(1_000):
                await sink.take(trend_list("#a", at=at))
            assert time.monotonic() - began < 1
            assert sink.written == 0

    asyncio.run(work())
