"""Clocks that are wrong cost their owners' posts, not the others': posts of ten minutes through the count and rank
stages' own functions, without a broker.

    taken by Kafka      12:00:00      12:00:01      12:00:02
    dated               12:00:00      12:30:01      12:00:02
    counts at           12:00:00      12:00:01      12:00:02     the one in the middle at the time of its record
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context, Topics
from agents.count import CountedPartition
from agents.position import Position
from pipeline.health import Health
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid
from pipeline.trends.ranker import Ranker
from schemas import MARKER_HEADER, Post, TrendList
from schemas.definitions import Definitions
from tests.model.product import OnKafka
from tests.oracle.posts import partition_of

PARTITIONS = 4
START = 1_400_000_040_000  # ms, a full minute
MINUTE = 60_000
RIGHT, WRONG = "sms", "mastodon"  # the sources of people with such clocks
GRID = Grid()


class Dated(NamedTuple):
    """A post and when Kafka took it (ms)."""

    post: Post
    taken: int


class Outcome(NamedTuple):
    lists: list[TrendList]
    late: Counter[str]  # by source
    ahead: Counter[str]
    closed: list[list[Counts]]  # by partition


def wrong_clocks() -> dict[int, int]:
    """Of 30 people (by number) how many ms their clocks are ahead, or behind: between a second and an hour."""
    rng = random.Random(3)
    signs = [sign for sign in (1, -1) for _ in range(15)]
    return {who: sign * rng.randrange(1_000, 60 * MINUTE) for who, sign in enumerate(signs)}


def said(rng: random.Random, number: int, written: int, wrong: Mapping[int, int], people: int = 600) -> Post:
    """A post that one of these people writes at a moment (ms), dated by their clock."""
    who = rng.randrange(people)
    ahead = wrong.get(who, 0)
    text = " ".join(rng.sample(("alpha", "bravo", "delta", "echo", "golf", "hotel", "india"), 4))
    topic = "#odd" if ahead else rng.choice(("#harbour", "#market", "#rain"))
    source = WRONG if ahead else RIGHT
    return Post(f"p{number}", f"author{who}", f"{text} {topic}", max(0, written + ahead), source=source)


def stream(minutes: int, wrong: Mapping[int, int], rate: int = 50, people: int = 600) -> Iterator[Dated]:
    """Posts a second by people of whom some (number -> ms ahead) have wrong clocks. Half a second to two until a post
    is taken."""
    rng = random.Random(7)
    posts = []
    for number in range(minutes * 60 * rate):
        written = START + number * 1_000 // rate
        posts.append(Dated(said(rng, number, written, wrong, people), written + rng.randrange(500, 2_000)))
    return iter(sorted(posts, key=lambda it: it.taken))


def counted(dated: Sequence[Dated], batch: int, until: int, marked: int | None = None) -> Outcome:
    """What comes of them, read in batches, with a marker in each partition at the end; and one by a clock that is five
    minutes fast, where it is taken first of all that is taken at `marked`."""
    context = Context(GRID, PARTITIONS, Topics(), Health(CollectorRegistry()))
    logs: list[list[OnKafka]] = [[] for _ in range(PARTITIONS)]
    for post, taken in dated:
        log = logs[partition_of(post.author, PARTITIONS)]
        if taken == marked and (not log or log[-1].timestamp < marked):
            log.append(OnKafka(len(log), taken, b"", ((MARKER_HEADER, b"%d" % (taken + 5 * MINUTE)),)))
        log.append(OnKafka(len(log), taken, msgspec.json.encode(post)))
    late: Counter[str] = Counter()
    ahead: Counter[str] = Counter()
    closed: list[list[Counts]] = []
    for number, log in enumerate(logs):
        log.append(OnKafka(len(log), until, b"", ((MARKER_HEADER, b"%d" % until),)))
        partition = CountedPartition(Position(TP("posts", number), 0, 0), context, Definitions())
        closed.append([])
        for first in range(0, len(log), batch):
            closed[-1] += partition.take(log[first : first + batch])
        late.update(partition.counter.late_by_source)
        ahead.update(partition.counter.ahead_by_source)
        assert partition.counter.newest == until
    ranker = Ranker(GRID)
    for pane in sorted((pane for some in closed for pane in some), key=lambda pane: pane.start):
        ranker.add(pane)
    frontier = min(some[-1].frontier for some in closed)
    return Outcome([one for step in ranker.advance(frontier) for one in step.lists], late, ahead, closed)


def rows_of_the_right(lists: Sequence[TrendList]) -> dict[tuple[str, str, int], dict[str, tuple[int, float]]]:
    """By scope, window and moment: what was counted of topics that people with right clocks named."""
    return {
        (one.scope, one.window, one.at): {
            row.topic: (row.posts, row.authors) for row in one.trends if row.topic != "#odd"
        }
        for one in lists
        if one.scope != f"source:{WRONG}"
    }


def test_one_in_twenty_with_a_clock_up_to_an_hour_wrong_makes_nobody_else_late() -> None:
    wrong, minutes = wrong_clocks(), 10
    until = START + (minutes + 1) * MINUTE
    dated = list(stream(minutes, wrong))
    found = counted(dated, 500, until)
    right = counted([Dated(it.post, it.taken) for it in stream(minutes, dict.fromkeys(wrong, 1))], 500, until)
    assert set(found.late) == {WRONG}
    assert set(found.ahead) == {WRONG}
    assert found.ahead[WRONG] == sum(it.post.time > it.taken for it in dated) > 500
    assert not right.late
    expected = rows_of_the_right(right.lists)
    got = rows_of_the_right(found.lists)
    assert len(expected) > 20
    assert {place: rows for place, rows in got.items() if place in expected} == expected
    again = counted(dated, 37, until)
    assert msgspec.json.encode(again.lists) == msgspec.json.encode(found.lists), "the log read again, cut otherwise"


@pytest.mark.parametrize("away_ms", [14_000, 34_000, 4 * MINUTE])
def test_what_producers_held_while_the_broker_was_away_is_not_late_by_a_fast_clock_among_it(away_ms: int) -> None:
    """The fast ones count at the moment at which the broker is back; the others were written long before. (What was
    held longer than its clock is fast is dated before that moment, and looks as if it were right.)"""
    away, back = START + MINUTE, START + MINUTE + away_ms
    wrong = {who: ahead for who, ahead in wrong_clocks().items() if not 0 < ahead < away_ms}
    dated = [it._replace(taken=back) if away <= it.taken < back else it for it in stream(6, wrong)]
    found = counted(dated, 500, START + 7 * MINUTE, marked=back)
    assert set(found.late) == {WRONG}
    assert sum(it.taken == back and it.post.source == RIGHT for it in dated) > away_ms / 25
    assert found.lists


@pytest.mark.parametrize("ahead", [10_000, 30_000, 8 * MINUTE, 100 * 365 * 24 * 60 * MINUTE])
def test_one_fast_clock_makes_nobody_late(ahead: int) -> None:
    until = START + 6 * MINUTE
    dated = list(stream(5, {0: ahead}, rate=4))
    found = counted(dated, 50, until)
    assert not found.late
    assert found.ahead[WRONG] > 0
    end = START + 5 * MINUTE
    (last,) = [one for one in found.lists if (one.scope, one.window, one.at) == ("all", "5m", end)]
    assert sum(row.posts for row in last.trends) == sum(it.post.source == RIGHT for it in dated) > 1_190
