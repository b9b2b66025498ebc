"""Topics shared among shards: the lists made of the shards' parts are those of one board that has all topics.

    closes -> split -> board 0 -> parts \\
                    -> board 1 -> parts  -> Merging -> lists, the same bytes as Board's
"""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.partitions import split_by_author
from pipeline.text import EventMatcher, fold
from pipeline.trends.board import Board
from pipeline.trends.panes import PaneCounter, PaneCounts
from pipeline.trends.shards import Merging, split
from pipeline.trends.snapshot import SNAPSHOT_MS, Snapshots, restore
from schemas import TrendList
from schemas.events import Event
from schemas.parts import ListPart, PartsDone
from tests.oracle import streams
from tests.oracle.posts import Said
from tests.trends.test_preview import local, posts_of
from tests.trends.test_snapshot import GRID, closes

HOUR_MS = 3_600_000
SHARDS = st.sampled_from((2, 3))


def by_place(lists: list[TrendList]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for one in lists:
        found.setdefault(f"{one.scope}/{one.window}", []).append(msgspec.json.encode(one))
    return found


def alone(panes: list[PaneCounts]) -> dict[str, list[bytes]]:
    board = Board(GRID)
    for pane in panes:
        board.add(pane)
    return by_place([one for step in board.advance(end_of(panes)) for one in step.lists])


def end_of(panes: list[PaneCounts]) -> int:
    return (panes[-1].start // HOUR_MS + 1) * HOUR_MS


def shared(
    panes: list[PaneCounts], shards: int, chance: random.Random, restarts: float = 0.0
) -> dict[str, list[bytes]]:
    """Shards that run one ahead of another, each restored from its records now and then, as is who merges."""
    boards = [Board(GRID, shard=shard) for shard in range(shards)]
    snapshots = [Snapshots(board) for board in boards]
    records: list[dict[str, bytes]] = [{} for _ in boards]
    shares = [split(pane, shards) for pane in panes]
    for share in shares:
        for board, part in zip(boards, share, strict=True):
            board.add(part)
    merging, issued = Merging(shards), []
    said: list[tuple[int, ListPart | PartsDone]] = []  # by time: the log of `trend-parts`
    begin, end = panes[0].start, end_of(panes)
    while any((board.now or begin) < end for board in boards):
        shard = chance.choice([n for n, board in enumerate(boards) if (board.now or begin) < end])
        board = boards[shard]
        goal = ((board.now or begin) // SNAPSHOT_MS + 1) * SNAPSHOT_MS
        parts = [part for step in board.advance(goal) for part in step.parts]
        news: list[tuple[int, ListPart | PartsDone]] = [(part.at, part) for part in parts]
        news.append((goal, PartsDone(shard, goal)))
        said += news
        for _, one in news:
            hear(merging, one)
        while (lists := merging.advance()) is not None:
            issued += lists
            if merging.at % SNAPSHOT_MS == 0 and chance.random() < restarts:
                again = Merging(shards)
                again.restore(merging.state())
                merging = again
                for at, one in said:
                    if at > merging.at:
                        hear(merging, one)
        if board.now == goal:
            taken = snapshots[shard].take(0)
            records[shard].update(taken.records)
            for name in taken.forget:
                del records[shard][name]
            if chance.random() < restarts:
                found = restore(records[shard], GRID, shard=shard)
                assert found is not None
                boards[shard], snapshots[shard] = found.board, Snapshots(found.board, records[shard])
                for share in shares:
                    if share[shard].start >= goal:
                        found.board.add(share[shard])
    return by_place(issued)


def hear(merging: Merging, one: ListPart | PartsDone) -> None:
    again = msgspec.json.decode(msgspec.json.encode(one), type=ListPart | PartsDone)  # as it travels
    if isinstance(again, PartsDone):
        merging.done(again.shard, again.at)
    else:
        merging.take(again)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(streams.small(), SHARDS, st.randoms(use_true_random=False))
def test_small_streams_give_the_same_lists_whoever_ranks_which_topics(
    log: list[Said], shards: int, chance: random.Random
) -> None:
    panes = closes(log)
    assert shared(panes, shards, chance, 0.3) == alone(panes)


@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
@given(streams.days(), SHARDS, st.randoms(use_true_random=False))
def test_streams_with_days_of_quiet_give_the_same_lists(log: list[Said], shards: int, chance: random.Random) -> None:
    panes = closes(log)
    assert shared(panes, shards, chance, 0.1) == alone(panes)


@pytest.mark.parametrize(
    ("seed", "hours", "shards"),
    [
        (1, 5.0, 3),
        pytest.param(2, 31.0, 2, marks=pytest.mark.long),
        pytest.param(3, 3.0, 7, marks=pytest.mark.long),
    ],
)
def test_hours_of_bursts_give_the_same_lists(seed: int, hours: float, shards: int) -> None:
    panes = closes(streams.seeded(seed, posts=1_500, hours=hours))
    plain = alone(panes)
    found = shared(panes, shards, random.Random(seed), 0.3)
    assert found == plain
    assert sum(map(len, plain.values())) > 100


def test_topics_that_share_their_people_stand_as_one_though_their_shards_differ() -> None:
    log = []
    for said in streams.seeded(1, posts=1_500, hours=5.0):
        twins = tuple((f"{written}Live", f"{key}live") for written, key in said.spellings)
        log.append(said._replace(spellings=said.spellings + twins))
    panes = closes(log)
    plain = alone(panes)
    joined = [one for lists in plain.values() for one in lists if b'"same_people"' in one]
    assert len(joined) > 50
    assert shared(panes, 3, random.Random(1), 0.3) == plain


def test_a_shard_knows_how_much_is_said_of_the_topics_of_others() -> None:
    panes = closes(streams.seeded(7, posts=800, hours=1.0))
    whole, shard = Board(GRID), Board(GRID, shard=1)
    for pane in panes:
        whole.add(pane)
        shard.add(split(pane, 4)[1])
    middle = panes[len(panes) // 2].start
    for board in (whole, shard):
        assert len(list(board.advance(middle))) > 10
    assert max(whole.scopes["all"].windows.mentions) > 100
    for name, scope in whole.scopes.items():
        assert shard.scopes[name].windows.mentions == scope.windows.mentions


def test_each_topic_lies_in_one_shard_with_all_its_spellings() -> None:
    panes = closes(streams.seeded(5, posts=800, hours=1.0))
    for pane in panes:
        shares = split(pane, 3)
        assert sorted(name for share in shares for name in share.spellings) == sorted(pane.spellings)
        assert sum(int(share.posts.sum()) for share in shares) == int(pane.posts.sum())
        assert all(share.totals == pane.totals for share in shares)
    lies_in: dict[str, set[int]] = {}
    for pane in panes:
        for number, share in enumerate(split(pane, 3)):
            for spelling in share.spellings:
                lies_in.setdefault(fold(spelling), set()).add(number)
    assert {len(found) for found in lies_in.values()} == {1}
    assert set().union(*lies_in.values()) == {0, 1, 2}


def test_provisional_lists_of_shards_are_those_of_one_board() -> None:
    shards, partitions, batch = 3, 2, 40
    lists: list[TrendList] = []
    plain = local(partitions, lists)
    posts = posts_of(streams.seeded(6, posts=1_200, hours=2.5))
    matcher = EventMatcher(tuple(Event(name) for name in streams.EVENTS))
    counters = [PaneCounter(GRID, matcher) for _ in range(partitions)]
    boards = [Board(GRID, shard=shard) for shard in range(shards)]
    merging = Merging(shards)
    told, compared = [0] * partitions, 0
    for first in range(0, len(posts), batch):
        some = posts[first : first + batch]
        plain.feed(some)
        for counter, part in zip(counters, split_by_author(some, partitions), strict=True):
            for pane in counter.add(part):
                for board, share in zip(boards, split(pane, shards), strict=True):
                    board.add(share)
        frontier = min(counter.frontier for counter in counters)
        for shard, board in enumerate(boards):
            for step in board.advance(frontier):
                for told_part in step.parts:
                    merging.take(told_part)
            merging.done(shard, board.now or 0)
        while merging.advance() is not None:
            pass
        for number, counter in enumerate(counters):
            if counter.read > told[number]:
                edges = [split(pane, shards) for pane in counter.edge()]
                for shard, board in enumerate(boards):
                    board.tell(number, told[number], counter.read - 1, counter.newest, [edge[shard] for edge in edges])
                told[number] = counter.read
        for board in boards:
            for told_part in board.preview({number: one.frontier for number, one in enumerate(counters)}).parts:
                merging.take(told_part)
        found = {(made.scope, made.window): made for made in merging.preview()}
        for made in plain.preview():
            assert found[made.scope, made.window] == made
            compared += 1
    assert compared > 100
