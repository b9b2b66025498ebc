"""The rank stage takes each pane once, and knows from where it could read again.

offset   0        1        2        3        4         chunks of panes, and how far a partition has come
         p0 a1/2  p0 a2/2  p1 a     p0 b     p1 reached
"""

from __future__ import annotations

import msgspec
import pytest

from agents.rank import PaneAssembler
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.wire import to_chunks, to_messages
from schemas import Post
from schemas.counts import PartitionProgress, encode_counts

START = 1_650_211_200_000


def panes(*topics: str) -> list[Counts]:
    """One pane of 10 s for each topic."""
    counter = PaneCounter(Grid())
    posts = [
        Post(f"{number}-{author}", f"author{author}", f"#{topic}", START + number * 10_000)
        for number, topic in enumerate(topics)
        for author in range(30)
    ]
    return [*counter.add(posts), *counter.mark(START + len(topics) * 10_000 + 5_000)]


def messages(pane: Counts, chunk_bytes: int = 480_000) -> list[bytes]:
    return [encode_counts(chunk) for chunk in to_chunks(pane, 0, 7, chunk_bytes)]


def taken(intake: PaneAssembler, message: bytes, offset: int) -> Counts | None:
    """What one message completes."""
    found = list(intake.take(message, offset))
    assert len(found) <= 1
    return found[0] if found else None  # type: ignore[return-value]  # never an edge


def test_the_first_complete_set_of_chunks_is_taken_and_nothing_after_it() -> None:
    a, b = panes("a", "b")
    intake = PaneAssembler(1)
    (lesser,) = panes("z")
    for offset, message in enumerate(messages(a)):
        assert taken(intake, message, offset) is not None
    assert taken(intake, messages(lesser)[0], 5) is None
    assert taken(intake, messages(a)[0], 6) is None
    assert taken(intake, messages(b)[0], 7) is not None


def test_a_pane_is_taken_when_its_last_chunk_comes_whatever_their_order() -> None:
    counter = PaneCounter(Grid())
    posts = [Post(str(n), f"author{n}", f"#topic{n}", START) for n in range(200)]
    (pane,) = [*counter.add(posts), *counter.mark(START + 20_000)]
    chunks = messages(pane, chunk_bytes=2_000)
    assert len(chunks) > 3
    intake = PaneAssembler(1)
    assert [taken(intake, chunk, offset) for offset, chunk in enumerate(chunks[:0:-1])] == [None] * (len(chunks) - 1)
    found = taken(intake, chunks[0], 9)
    assert found is not None
    assert found.spellings == pane.spellings


def test_the_frontier_is_that_of_the_partition_that_is_least_far() -> None:
    a, b = panes("a", "b")
    intake = PaneAssembler(2)
    taken(intake, messages(a)[0], 0)
    taken(intake, messages(b)[0], 1)
    assert intake.frontier == 0
    taken(intake, encode_counts(PartitionProgress(1, 3, START + 10_000)), 2)
    assert intake.frontier == START + 10_000
    assert intake.last_offsets == {0: 7, 1: 3}


def test_what_is_needed_again_begins_where_panes_and_frontiers_beyond_the_state_begin() -> None:
    a, b = panes("a", "b")
    intake = PaneAssembler(2)
    taken(intake, messages(a)[0], 0)
    taken(intake, encode_counts(PartitionProgress(1, 3, START + 10_000)), 1)
    taken(intake, encode_counts(PartitionProgress(1, 4, START + 20_000)), 2)
    taken(intake, messages(b)[0], 3)
    assert intake.rewind_offset(START + 20_000, next_offset=4) == 2  # where partition 1 was first seen to be closed
    again = PaneAssembler(2, begin_ms=START + 20_000)
    for offset, message in enumerate([encode_counts(PartitionProgress(1, 4, START + 20_000)), messages(b)[0]], 2):
        assert taken(again, message, offset) is None
    assert again.frontier == intake.frontier


def test_what_is_in_the_state_already_is_not_taken_again() -> None:
    a, b = panes("a", "b")
    intake = PaneAssembler(1, begin_ms=b.start)
    assert taken(intake, messages(a)[0], 0) is None
    assert taken(intake, messages(b)[0], 1) is not None


@pytest.mark.parametrize("packed_bytes", [1, 20_000, 600_000])
def test_panes_that_share_a_message_are_taken_as_if_each_came_alone(packed_bytes: int) -> None:
    closed = panes(*"abcdefghij")
    rounds = list(to_messages(closed, 0, 7, packed_bytes))
    assert len(rounds) == {1: 10, 600_000: 1}.get(packed_bytes, len(rounds)) <= 10
    assert packed_bytes == 1 or len(rounds) < 10
    alone, packed = PaneAssembler(1), PaneAssembler(1)
    want = [taken(alone, messages(pane)[0], number) for number, pane in enumerate(closed)]
    found = [pane for number, (sent,) in enumerate(rounds) for pane in packed.take(sent, number)]
    assert [(pane.start, pane.spellings, pane.frontier) for pane in found] == [
        (pane.start, pane.spellings, pane.frontier) for pane in want if pane
    ]
    assert packed.frontier == alone.frontier
    twice = [pane for (sent,) in rounds for pane in packed.take(sent, 99)]
    assert twice == [], "a close that is told again says nothing"
    begun = closed[4].start
    again = PaneAssembler(1, begin_ms=begun)
    offset = packed.rewind_offset(begun, len(rounds))
    rest = [pane.start for (sent,) in rounds[offset:] for pane in again.take(sent, 0)]
    assert rest == [pane.start for pane in closed if pane.start >= begun]


def test_no_message_goes_beyond_a_time_at_which_the_state_can_be_written() -> None:
    counter = PaneCounter(Grid())
    posts = [Post(str(n), f"author{n}", "#a", START + n * 60_000) for n in range(25)]
    closed = [*counter.add(posts), *counter.mark(START + 1_800_000)]
    sent = [[pane.start for pane in PaneAssembler(1).take(message, 0)] for (message,) in to_messages(closed, 0, 7)]
    assert [starts[0] for starts in sent] == [START, START + 600_000, START + 1_200_000]
    assert [start for starts in sent for start in starts] == [pane.start for pane in closed]


def test_a_pane_of_several_chunks_has_a_round_of_its_own_in_its_place() -> None:
    small, *more = panes(*"abc")
    posts = [Post(str(n), f"author{n}", f"#topic{n} #{'x' * 200}{n}", more[0].start) for n in range(2_000)]
    counter = PaneCounter(Grid())
    (large,) = [*counter.add(posts), *counter.mark(more[0].start + 20_000)]
    rounds = list(to_messages([small, large, more[1]], 0, 7))
    assert [len(sent) > 1 for sent in rounds] == [False, True, False]
    intake = PaneAssembler(1)
    found = [pane.start for sent in rounds for message in sent for pane in intake.take(message, 0)]
    assert found == [small.start, large.start, more[1].start]


def test_a_record_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        taken(PaneAssembler(1), msgspec.msgpack.encode({"kind": "pane"}), 0)
