"""Posts that are posted now stand in a list within seconds, before the minute is over."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.results import follow_trends
from pipeline.settings import Settings
from schemas import Post, TrendList
from tests.kafka.fixtures import begun
from tests.kafka.test_pipeline import Worker

SMALL_PANES = {"UPSWELL_PANE_MS": "1000", "UPSWELL_MAX_OUT_OF_ORDERNESS_MS": "500"}  # the first one closes soon


async def first_live(settings: Settings, posts: int, within_s: float) -> TrendList:
    """The first provisional list of everything that counts so many posts about #now."""
    async with asyncio.timeout(within_s):
        async for trends in follow_trends(settings, live=True):
            if (trends.scope, trends.window, trends.final) == ("all", "1h", False):
                assert all(row.posts <= posts for row in trends.trends)
                if any(row.posts == posts for row in trends.trends):
                    return trends
    raise AssertionError("the lists ended")


@pytest.mark.alone
def test_a_post_is_counted_in_a_provisional_list_within_seconds(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = begun(kafka, prefix)

    def said(number: int) -> Post:
        own = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        return Post(f"p{number}", f"author{number}", f"I say {own} #Now", int(time.time() * 1_000), source="sms")

    with Worker(settings, tmp_path / "worker.log", **SMALL_PANES) as worker, PostProducer(settings) as producer:
        number = 0
        deadline = time.monotonic() + 60
        shown: TrendList | None = None
        while shown is None:
            assert time.monotonic() < deadline, worker.log.read_text()
            producer.push([said(n) for n in range(number, number + 20)])
            producer.flush()
            number += 20
            try:
                shown = asyncio.run(first_live(settings, number, 3.0))
            except TimeoutError:
                continue
        (row,) = shown.trends
        assert (row.topic, row.display, row.authors, row.trending) == ("#now", "#Now", number, True)
        assert row.examples
        assert sum(row.spark) == number
        assert shown.at % 60_000 == 0
        assert shown.at > time.time() * 1_000 - 5_000
        producer.push([said(number)])
        producer.flush()
        asyncio.run(first_live(settings, number + 1, 5.0))
