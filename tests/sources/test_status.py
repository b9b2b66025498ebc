"""What `upswell doctor` tells of sources: as their process says it, and nothing where it cannot know."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.settings import Settings
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import AccessError
from pipeline.sources.live.status import StatusFile, source_checks
from schemas.sources import FeedSource
from tests.sources.harness import Log, Script, item, running

FEED = FeedSource(name="news", kind="feed", urls=("https://example.org/feed",))
NOON = 1_795_867_200_000


def settings(folder: Path) -> Settings:
    return Settings(sources=(FEED,), state_dir=str(folder))


def test_each_source_says_how_it_fares(tmp_path: Path) -> None:
    now = [NOON]
    metrics = SourceMetrics(CollectorRegistry())
    file = StatusFile(tmp_path, metrics.status, lambda: now[0])
    metrics.fares("quiet")
    file.write()
    for _ in range(90):
        now[0] += 1_000
        metrics.outcome("news", "sent", now[0], now[0] - 3_000)
        file.write()
    metrics.connected("news")
    metrics.fault("news", "broken", now[0], "the connection was closed (1006)")
    metrics.connected("news")
    metrics.fault("mail", "refused", now[0], "imap.example refuses the password")
    file.write()
    mail, news, quiet = source_checks(settings(tmp_path), now[0] + 5_000)
    assert (mail.name, mail.ok, mail.remedy) == ("source mail", False, "try it out with `upswell sources check mail`")
    assert "imap.example refuses the password" in mail.found
    assert news.ok
    assert news.found == (
        "connected, 60 posts in the last minute, the last post at 2026-11-28 12:01:30 UTC, 3 s after it was published,"
        " 1 reconnects, the last error at 2026-11-28 12:01:30 UTC: the connection was closed (1006)"
    )
    assert (quiet.ok, quiet.found) == (True, "not connected, 0 posts in the last minute, 0 reconnects")


def test_sources_that_stopped_are_told_and_those_of_another_machine_are_no_fault(tmp_path: Path) -> None:
    assert list(source_checks(Settings(), NOON)) == []
    (elsewhere,) = source_checks(settings(tmp_path), NOON)
    assert elsewhere.ok
    StatusFile(tmp_path, SourceMetrics(CollectorRegistry()).status, lambda: NOON).write()
    (stopped,) = source_checks(settings(tmp_path), NOON + 61_000)
    assert (stopped.ok, stopped.remedy) == (False, "start them with `upswell sources`")


def test_the_runner_tells_the_sentence_of_a_fault(tmp_path: Path) -> None:
    async def body() -> None:
        async with running(tmp_path, Script([item(1), AccessError("the token is revoked")]), Log()) as run:
            await run.until(lambda: run.metrics.fares("it").fault == "the token is revoked")
            one = run.metrics.fares("it")
            assert (one.connected, one.connections) == (False, 1)

    asyncio.run(body())
