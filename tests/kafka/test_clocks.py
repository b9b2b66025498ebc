"""Partitions that fall idle, posts that come from the past or the future: lists go on, and counters tell."""

from __future__ import annotations

import dataclasses
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.partitions import split_by_author
from pipeline.trends.panes import Grid
from schemas import Post, TrendList, decode_post
from tests.agents.test_clocks import RIGHT, WRONG, rows_of_the_right, said, wrong_clocks

from .apache import free_port
from .commands import Command, counters
from .fixtures import begun
from .reference import Expected, complete_panes, expected, found_lists, found_panes, read

PANE_MS, MAX_OUT_OF_ORDERNESS_MS = 1_000, 500
SMALL_PANES = {"UPSWELL_PANE_MS": str(PANE_MS), "UPSWELL_MAX_OUT_OF_ORDERNESS_MS": str(MAX_OUT_OF_ORDERNESS_MS)}
SMALL_GRID = Grid(PANE_MS, MAX_OUT_OF_ORDERNESS_MS)
HOUR_MS = 3_600_000
HEALTHY, IDLE, SLOW, WAKING = range(4)  # partitions
IN_2099 = 4_070_908_800_000


def now_ms() -> int:
    return int(time.time() * 1_000)


class Posting:
    """Posts of many people, each partition by a source of its own (one that has a scope: pipeline.text.networks)."""

    def __init__(self, producer: PostProducer) -> None:
        self.producer = producer
        self.said = 0
        names = [Post(f"{n}", f"author{n}", "", 0) for n in range(400)]
        self.authors = [[post.author for post in part] for part in split_by_author(names, 4)]

    def post(self, partition: int, time_ms: int, source: str) -> None:
        self.said += 1
        authors = self.authors[partition]
        author, word = authors[self.said % len(authors)], "".join(chr(97 + int(d)) for d in str(self.said))
        self.producer.push([Post(f"p{self.said}", author, f"say {word} #{source}", time_ms, source=source)])


def has_final(kafka: str, prefix: str, topic: str, after_ms: int) -> Callable[[], bool]:
    """Whether a final list of the hour that ends after this time has the topic."""

    def has() -> bool:
        for value in found_lists(read(kafka, f"{prefix}trends")).lists.get("all/1h", []):
            trends = msgspec.json.decode(value, type=TrendList)
            if trends.at > after_ms and any(row.topic == topic for row in trends.trends):
                return True
        return False

    return has


def as_the_log_says(kafka: str, prefix: str, grid: Grid = SMALL_GRID) -> None:
    """Lists that came are those that lead from the log, and as many as the watermark lets be."""
    have = found_lists(read(kafka, f"{prefix}trends")).lists
    want = expected(read(kafka, f"{prefix}posts"), grid)
    assert have
    for key, lists in have.items():
        assert lists == want.lists[key][: len(lists)], key
    assert {record.key for record in read(kafka, f"{prefix}posts-dead")} == want.dead


@pytest.mark.timeout(180)
def test_told_the_time_lists_go_on_beside_idle_waking_and_slow_partitions(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """With `worker --live`: every partition gets the clock's time, but by posts of now."""
    settings, port = begun(kafka, prefix), free_port()
    with (
        Command(settings, tmp_path / "w.log", "worker", "--live", UPSWELL_METRICS_PORT=str(port), **SMALL_PANES) as it,
        PostProducer(settings) as producer,
    ):
        it.ready()
        posting = Posting(producer)
        began = now_ms()
        posting.post(HEALTHY, IN_2099, "rss")
        posting.post(WAKING, began, "sms")
        posting.post(SLOW, began - 2 * HOUR_MS, "mail")
        has = has_final(kafka, prefix, "#web", began)

        def woken() -> bool:
            return any(record.partition == WAKING and record.headers for record in read(kafka, f"{prefix}posts"))

        def posts_go_on() -> bool:
            posting.post(HEALTHY, now_ms(), "web")
            posting.post(SLOW, now_ms() - 2 * HOUR_MS, "mail")
            producer.flush()
            return woken()

        it.wait_for(posts_go_on)
        for age_ms in (60_000, 600_000, HOUR_MS):  # after a marker of now
            posting.post(WAKING, now_ms() - age_ms, "sms")
        it.wait_for(lambda: posts_go_on() and has(), 120)
        told = counters(port)
        lags = [told[f"upswell_watermark_lag_seconds{{{partition}}}"] for partition in range(4)]
        assert max(lags) < 20, lags
        assert told["upswell_posts_late_total{sms}"] == 3
        assert told["upswell_posts_late_total{mail}"] > 3
        assert told["upswell_posts_clock_ahead_total{rss}"] == 1
        assert "upswell_posts_late_total{web}" not in told
    as_the_log_says(kafka, prefix)


def with_right_clocks(posts: list[Any]) -> list[Any]:
    """The log as it would be if those whose clocks are wrong had dated their posts when Kafka took them."""

    def mended(record: Any) -> Any:
        post = decode_post(record.value) if record.value else None
        if post is None or post.source != WRONG:
            return record
        post.time = record.timestamp
        return dataclasses.replace(record, value=msgspec.json.encode(post))

    return [mended(record) for record in posts]


def lists_of(told: Expected) -> list[TrendList]:
    return [msgspec.json.decode(value, type=TrendList) for some in told.lists.values() for value in some]


def honest(counts: list[Any]) -> int:
    """Posts by people with right clocks in the panes that workers have told."""
    return sum(
        int(pane.cell_posts[number])
        for _, pane in complete_panes(counts).values()
        for number, cell in enumerate(pane.cells)
        if cell.source == RIGHT
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("seconds", "panes"), [(4, SMALL_PANES), pytest.param(600, {}, marks=pytest.mark.long)], ids=["short", "10 minutes"]
)
def test_one_in_twenty_with_a_clock_up_to_an_hour_wrong_makes_nobody_else_late(
    kafka: str, prefix: str, tmp_path: Path, seconds: int, panes: dict[str, str]
) -> None:
    """50 posts a second, as workers are deployed; what they told is what the log says when it is read again."""
    settings, wrong, rng = begun(kafka, prefix), wrong_clocks(), random.Random(7)
    grid = Grid(PANE_MS, MAX_OUT_OF_ORDERNESS_MS) if panes else Grid()
    with (
        Command(settings, tmp_path / "w.log", "worker", "--live", **panes) as it,
        PostProducer(settings) as producer,
    ):
        it.ready()
        began, dated_wrong = now_ms(), 0
        for number in range(50 * seconds):
            time.sleep(max(0.0, (began + 20 * number - now_ms()) / 1_000))
            post = said(rng, number, now_ms(), wrong)
            dated_wrong += post.source == WRONG
            producer.push([post])
        producer.flush()
        last_minute = now_ms() // 60_000 * 60_000

        def whole() -> bool:
            for ahead_ms in (HOUR_MS, 0):  # a clock that is fast, and one that is right
                producer.mark(now_ms() + ahead_ms)
            producer.flush()
            log, counts = (read(kafka, f"{prefix}{topic}") for topic in ("posts", "topic-counts"))
            return honest(counts) == 50 * seconds - dated_wrong and found_panes(counts) == expected(log, grid).panes

        it.wait_for(whole)
        if seconds > 60:
            it.wait_for(has_final(kafka, prefix, "#rain", last_minute - 60_000))
    panes_told = complete_panes(read(kafka, f"{prefix}topic-counts")).values()
    late = sum((Counter(pane.late()) for _, pane in panes_told), Counter[str]())
    print(f"{50 * seconds} posts, {dated_wrong} of wrong clocks, late: {dict(late)}")
    assert set(late) == {WRONG}
    if seconds > 60:
        as_the_log_says(kafka, prefix, grid)
        log = read(kafka, f"{prefix}posts")
        told, right = (rows_of_the_right(lists_of(expected(it, grid))) for it in (log, with_right_clocks(log)))
        assert {place: rows for place, rows in told.items() if place in right} == right
        assert len(right) > 20


@pytest.mark.timeout(180)
def test_nobody_tells_the_time_and_lists_go_on_all_the_same(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Without `--live`, event time of days ago: the rank agent nudges partitions that hold the lists back."""
    settings, port = begun(kafka, prefix), free_port()
    base = now_ms() // HOUR_MS * HOUR_MS - 48 * HOUR_MS
    with (
        Command(settings, tmp_path / "w.log", "worker", UPSWELL_METRICS_PORT=str(port), **SMALL_PANES) as it,
        PostProducer(settings) as producer,
    ):
        it.ready()
        posting = Posting(producer)
        posting.post(WAKING, base, "sms")
        event_ms = base

        def posts_go_on() -> bool:
            nonlocal event_ms
            event_ms += 2_000
            posting.post(HEALTHY, event_ms, "web")
            posting.post(SLOW, event_ms - 2 * HOUR_MS, "mail")
            producer.flush()
            return has_final(kafka, prefix, "#web", base + 60_000)()

        it.wait_for(posts_go_on, 90)
        assert "upswell_posts_late_total{sms}" not in counters(port)
        for number in range(3):
            posting.post(WAKING, base + number, "sms")
        producer.flush()
        it.wait_for(lambda: counters(port).get("upswell_posts_late_total{sms}") == 3)
        posting.post(SLOW, event_ms - 2 * HOUR_MS, "mail")
        producer.flush()
        it.wait_for(lambda: counters(port).get("upswell_posts_late_total{mail}", 0) > 0)
        reached = event_ms
        it.wait_for(lambda: posts_go_on() and has_final(kafka, prefix, "#web", reached + 60_000)(), 90)
    nudged = {record.partition for record in read(kafka, f"{prefix}posts") if record.headers}
    assert nudged == {IDLE, SLOW, WAKING}
    as_the_log_says(kafka, prefix)
