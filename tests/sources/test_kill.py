"""The whole command against a broker, killed -9 again and again: each post of the network is in the log once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import newest_records
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings
from pipeline.sources.live.sink import KafkaSink
from schemas import Post, PostError, decode_post
from tests.sources.servers import socket_server

POSTS, KILLS, A_SECOND = 900, 6, 100


def ids_in(settings: Settings) -> Counter[str]:
    topic = f"{settings.kafka_prefix}posts"
    found: Counter[str] = Counter()
    for record in newest_records(Connection.of(settings), topic, 100_000, within_s=20.0):
        try:
            found[decode_post(record.value or b"").id] += 1
        except PostError:
            continue  # a marker
    return found


def event(number: int, at_us: int) -> str:
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_us / 1e6))
    record = {"$type": "app.bsky.feed.post", "text": f"post {number}", "createdAt": created}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": f"r{number}", "record": record}
    return json.dumps({"did": f"did:plc:a{number % 50}", "time_us": at_us, "kind": "commit", "commit": commit})


@pytest.mark.timeout(240)
def test_killed_again_and_again_each_post_is_in_kafka_once(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=3)
    init_topics(settings)
    dice = random.Random(7)
    published: list[tuple[int, str]] = []  # (us, event)

    async def network(connection: ServerConnection) -> None:
        query = connection.request.path.partition("cursor=")[2] if connection.request else ""
        since = int(query.split("&")[0]) if query else 0
        told = next((number for number, (at, _) in enumerate(published) if at >= since), len(published))
        while True:
            while told < len(published):
                await connection.send(published[told][1])
                told += 1
            await asyncio.sleep(0.01)

    async def publish() -> None:
        for number in range(POSTS):
            at = time.time_ns() // 1_000
            published.append((at, event(number, at)))
            await asyncio.sleep(1 / A_SECOND)

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pipeline.cli", "sources", "--brokers", kafka, "--partitions", "3"),
            cwd=tmp_path,
            env=os.environ | {"UPSWELL_KAFKA_PREFIX": prefix},
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def body() -> None:
        async with socket_server(network) as server:
            (tmp_path / "upswell.toml").write_text(
                f'[[source]]\nname = "it"\nkind = "bluesky"\nhosts = ["{server.url}"]\n'
            )
            process = await start()
            while not server.handshakes:
                await asyncio.sleep(0.05)
            publishing = asyncio.create_task(publish())
            kills = 0
            while kills < KILLS or not publishing.done():
                before = len(server.handshakes)
                await asyncio.sleep(dice.uniform(0.2, 1.5))
                if kills < KILLS:
                    process.send_signal(signal.SIGKILL)
                    assert await process.wait() == -signal.SIGKILL
                    kills += 1
                    process = await start()
                    while len(server.handshakes) == before:
                        await asyncio.sleep(0.05)
            found: Counter[str] = Counter()
            deadline = time.monotonic() + 60
            while len(found) < POSTS and time.monotonic() < deadline:
                await asyncio.sleep(0.5)
                found = await asyncio.to_thread(ids_in, settings)
            process.terminate()
            assert await process.wait() == 0
            found = await asyncio.to_thread(ids_in, settings)
            assert len(found) == POSTS
            assert {rkey: times for rkey, times in found.items() if times != 1} == {}

    asyncio.run(body())


@pytest.mark.parametrize("broker", ["embedded", "kafka"])
def test_what_lies_in_the_log_is_found_where_its_time_is(
    broker: str, prefix: str, request: pytest.FixtureRequest
) -> None:
    settings = Settings(kafka_brokers=request.getfixturevalue(broker), kafka_prefix=prefix, partitions=3)
    init_topics(settings)
    sink = KafkaSink(settings, lambda _: None)
    now = time.time_ns() // 1_000_000
    posts = [Post(str(number), f"a{number}", "x", now, "test") for number in range(40)]
    assert sink.found(posts) == set()
    sink.send(posts[:25])
    assert sink.found(posts) == {("test", str(number)) for number in range(25)}
    assert sink.found(posts[:5]) == {("test", str(number)) for number in range(5)}
    long_ago: Any = Post("0", "a0", "x", now - 3_600_000, "test")
    assert sink.found([long_ago]) == set()
    sink.close()
