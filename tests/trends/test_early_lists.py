"""Provisional lists: what the next final lists hold so far, and no trace of them in what is final."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.local import Local, Options
from pipeline.trends.counts import Counts
from pipeline.trends.early_panes import EarlyPaneStore
from pipeline.trends.names import Names
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker
from pipeline.trends.wire import to_messages
from schemas import Post, TrendList
from schemas.definitions import Words
from schemas.events import Event
from tests.oracle import streams
from tests.oracle.posts import Said, as_post
from tests.trends.product import run

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]
SLOWLY = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


def posts_of(log: Sequence[Said]) -> list[Post]:
    return [msgspec.convert(as_post(said) | {"tags": [written for written, _ in said.spellings]}, Post) for said in log]


def local(partitions: int, lists: list[TrendList], words: Words = "off") -> Local:
    events = tuple(Event(name) for name in streams.EVENTS)
    options = Options(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS, partitions, events, words=words)
    return Local(options, on_list=lists.append)


@SLOWLY
@given(streams.small(), st.sampled_from((1, 3)), st.integers(1, 9))
def test_final_lists_are_the_same_however_often_one_looks_ahead(log: list[Said], partitions: int, batch: int) -> None:
    final: list[TrendList] = []
    looked = local(partitions, final)
    posts = posts_of(log)
    for first in range(0, len(posts), batch):
        looked.feed(posts[first : first + batch])
        assert all(not ahead.final for ahead in looked.preview())
    looked.finish()
    plain = run(log, partitions)[0]
    assert sorted(msgspec.to_builtins(final), key=order) == sorted(plain, key=order)


@SLOWLY
@given(streams.small(), st.integers(1, 9))
def test_what_closes_is_the_same_however_often_it_is_told_of(log: list[Said], batch: int) -> None:
    looked, plain = (PaneCounter(Grid(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)) for _ in range(2))
    posts = posts_of(log)
    for first in range(0, len(posts), batch):
        looked.edge()
        several = posts[first : first + batch]
        assert told_of(looked.add(several, first)) == told_of(plain.add(several, first))
    looked.edge()
    end = max((int(post.time) for post in posts), default=0) + HOUR_MS
    assert told_of(looked.mark(end)) == told_of(plain.mark(end))


def told_of(closed: Sequence[Counts]) -> list[list[bytes]]:
    """The messages that tell of these panes."""
    return list(to_messages(closed, partition=0, last_offset=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_final_lists_are_the_same_through_hours_of_looking_ahead(seed: int) -> None:
    log = streams.seeded(seed, posts=800, hours=2.5)
    final: list[TrendList] = []
    looked = local(3, final)
    posts = posts_of(log)
    for first in range(0, len(posts), 25):
        looked.feed(posts[first : first + 25])
        looked.preview()
    looked.finish()
    assert sorted(msgspec.to_builtins(final), key=order) == sorted(run(log, 3)[0], key=order)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_known_of_a_minute_at_its_end_is_the_final_list(seed: int) -> None:
    """All posts of a minute were read: the provisional lists are those which the next posts make final."""
    assert len(final_as_known(streams.seeded(seed, posts=900, hours=1.5))) > 100


@pytest.mark.parametrize("seed", [2, 5, *(pytest.param(seed, marks=pytest.mark.long) for seed in (3, 4, 6))])
def test_what_is_known_of_words_at_the_end_of_a_minute_is_the_final_list(seed: int) -> None:
    """Also words that begin to trend because others are said less, and where the past tells nothing of words."""
    compared = final_as_known(streams.talking(seed, posts=320, hours=4), "events")
    assert len(compared) > 150
    assert any(" " in row.topic for one in compared for row in one.trends)


def final_as_known(log: Sequence[Said], words: Words = "off") -> list[TrendList]:
    """The provisional lists of the ends of minutes, each told to be the final one."""
    log = sorted(log, key=lambda said: said.time)
    final: list[TrendList] = []
    whole = local(1, final, words)
    posts = posts_of(log)
    whole.feed(posts)
    whole.finish()
    expected = {(one.scope, one.window, one.at): one for one in final}
    compared = []
    ahead = local(1, [], words)
    first = 0
    for at in range(int(posts[0].time) // MINUTE_MS * MINUTE_MS, int(posts[-1].time), MINUTE_MS):
        last = bisect_left(posts, at, key=lambda post: int(post.time))
        ahead.feed(posts[first:last])
        first = last
        for shown in ahead.preview():
            same = expected.get((shown.scope, shown.window, shown.at))
            hour, before = at // HOUR_MS * HOUR_MS, at - MINUTE_MS
            # what is expected and usual is still that of the hour before: none of this hour's posts is final
            begins = hour == before or not any(hour <= int(post.time) < before for post in posts[:first])
            if shown.at == at and ahead.ranker.now == before and same is not None and not begins:
                compared.append(shown)
                assert told(shown) == told(same)
    return compared


def told(one: TrendList) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(one)
    del found["final"]
    return found


def order(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["at"], one["window_s"], one["scope"]


def test_one_partition_that_goes_on_is_enough_for_the_next_minute_and_one_that_runs_away_is_not() -> None:
    edge = EarlyPaneStore(Names())
    for partition in range(4):
        edge.take(partition, 0, 0, 59_000, [])
    edge.take(2, 1, 1, 61_000, [])
    assert edge.now == 61_000
    edge.take(3, 1, 1, 600_000, [])
    assert edge.now == 61_000


def test_the_first_lists_of_an_installation_look_back_no_further_than_they_show() -> None:
    """Before a list has had a final step nothing says when time began: it is not looked for since 1970."""
    began = 1_795_915_380_000
    ranker = Ranker(Grid(1_000, 500))
    counter = PaneCounter(Grid(1_000, 500))
    counter.add([Post(f"p{n}", f"a{n}", f"word{n} #now", began + 5_000 + n) for n in range(9)])
    for pane in counter.mark(began + 7_000, 9, began + 7_000):
        ranker.add(pane)
    assert list(ranker.advance(began + 7_000)) == []
    counter.add([Post(f"q{n}", f"b{n}", f"word{n} #now", began + 7_000 + n) for n in range(4)])
    ranker.tell(0, 0, 13, began + 7_100, counter.edge())
    before = time.process_time()
    (row,) = next(one for one in ranker.preview({0: began + 6_000}).lists if one.scope == "all").trends
    assert time.process_time() - before < 2
    assert row.spark == [0] * 19 + [row.authors]


def test_a_topic_that_was_passed_over_for_a_while_has_lost_nothing() -> None:
    """Only the most named topics are looked at; one of them may be named less than others, and then more again."""
    began = 1_795_915_380_000
    ranker, counter = Ranker(Grid(1_000, 500)), PaneCounter(Grid(1_000, 500))
    counter.add([Post("p", "a", "#first", began)])
    for pane in counter.mark(began + 7_000, 1, began + 7_000):
        ranker.add(pane)
    assert list(ranker.advance(began + 7_000)) == []
    others = [f"#other{n}" for n in range(40)]
    told = 0
    for tags in (["#first"] * 5, [*others * 10, *["#first"] * 3], ["#first"] * 20):
        posts = [Post(f"q{told + n}", f"b{told + n}", tag, began + 7_000) for n, tag in enumerate(tags)]
        counter.add(posts)
        ranker.tell(0, told, told + len(posts) - 1, began + 7_100, counter.edge())
        told += len(posts)
        lists = ranker.preview({0: began + 6_000}).lists
    rows = {row.topic: row for one in lists if one.scope == "all" for row in one.trends}
    assert (rows["#first"].posts, rows["#first"].authors) == (29, 29)
