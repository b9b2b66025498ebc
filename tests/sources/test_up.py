"""`upswell up` with a source in its file, and the service of compose: posts come in, and it stops cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.kafka.connection import Connection
from pipeline.kafka.log import newest_records
from pipeline.settings import Settings
from schemas import PostError, decode_post
from tests.kafka.apache import free_port
from tests.sources.servers import Request, http_server
from tests.sources.test_feeds import rss

WITHIN_S = 120.0


def texts_in(settings: Settings) -> list[str]:
    found = []
    for record in newest_records(Connection.of(settings), "posts", 100):
        try:
            found.append(decode_post(record.value or b"").text)
        except PostError:
            continue  # a marker
    return found


@pytest.mark.timeout(300)
def test_up_brings_in_the_posts_of_the_sources_of_its_file(tmp_path: Path) -> None:
    async def handle(request: Request) -> None:
        await request.answer(rss(1, 2))

    async def body() -> None:
        port, said = free_port(), tmp_path / "said"
        settings = Settings(kafka_brokers=f"127.0.0.1:{port}")
        async with http_server(handle) as server:
            (tmp_path / "upswell.toml").write_text(
                f'[[source]]\nname = "news"\nkind = "feed"\nurls = ["{server.url}/feed"]\nevery_s = 1\n'
            )
            with said.open("wb") as out:
                up = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "pipeline.cli", "up", "--port", str(port)),
                    cwd=tmp_path,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            try:
                async with asyncio.timeout(WITHIN_S):
                    while "1 sources run" not in said.read_text():
                        assert up.returncode is None, said.read_text()
                        await asyncio.sleep(0.1)
                    while len(await asyncio.to_thread(texts_in, settings)) < 2:
                        await asyncio.sleep(0.2)
                up.send_signal(signal.SIGTERM)
                assert await up.wait() == 0
            finally:
                if up.returncode is None:
                    up.kill()
                    await up.wait()
        assert "posts come in from the sources that your file describes" in said.read_text()
        assert "Traceback" not in said.read_text()

    asyncio.run(body())


@pytest.mark.timeout(120)
def test_without_a_source_the_service_waits_and_ends_when_it_is_told(tmp_path: Path) -> None:
    port, said = free_port(), tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "sources"],
            cwd=tmp_path,
            env=os.environ | {"UPSWELL_METRICS_PORT": str(port)},
            stdout=out,
            stderr=out,
        )

    async def healthy() -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return

    try:
        asyncio.run(healthy())
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert "there is no source" in said.read_text()
    assert "Traceback" not in said.read_text()
