"""A rank stage that is restored from its records goes on as if nothing had happened, byte for byte.

steps     |1.2.3. ... 10|11 ...  20|21 ...  30|      each step: the lists issued by it
records              checkpoint  checkpoint
restored from the first, fed the panes from minute 10 on again: the same steps 11, 12, ...
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.partitions import split_by_author
from pipeline.text import EventMatcher
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker
from pipeline.trends.snapshot import Snapshots, joined_records, named_records, restore
from pipeline.trends.wire import SNAPSHOT_MS, from_chunks, to_chunks, to_columns
from schemas.counts import CountsChunk, decode_counts, encode_counts
from schemas.definitions import Words
from schemas.events import Event
from tests.oracle import streams
from tests.oracle.posts import Retracted, Said
from tests.trends.product import post_of

GRID = Grid(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS)
HOUR_MS = 3_600_000


def closes(log: Sequence[Said | Retracted], partitions: int = 2, words: Words = "off") -> list[Counts]:
    """The panes of all partitions, by start."""
    posts = [post_of(record) for record in log]
    end = (max(int(post.time) for post in posts) // HOUR_MS + 1) * HOUR_MS + GRID.max_out_of_orderness_ms
    matcher = EventMatcher(tuple(Event(name) for name in streams.EVENTS), counted_words=words)
    panes = []
    for part in split_by_author(posts, partitions):
        counter = PaneCounter(GRID, matcher)
        panes += [*counter.add(part), *counter.mark(-(-end // GRID.pane_ms) * GRID.pane_ms)]
    return sorted(panes, key=lambda pane: pane.start)


def advance(ranker: Ranker, panes: list[Counts]) -> Iterator[tuple[int, list[bytes]]]:
    """(event time, the steps until then) at each moment at which a snapshot can be taken, to the end of the panes."""
    last = (panes[-1].start // HOUR_MS + 1) * HOUR_MS
    for pane in panes:
        ranker.add(pane)
    now = ranker.now or panes[0].start
    while now < last:
        now = now // SNAPSHOT_MS * SNAPSHOT_MS + SNAPSHOT_MS
        yield now, [msgspec.json.encode(step) for step in ranker.advance(now)]


def assert_the_same_whereever_it_stops(
    log: Sequence[Said | Retracted], chance: random.Random, stops: float, words: Words = "off"
) -> None:
    panes = closes(log, words=words)
    whole = Ranker(GRID)
    straight = dict(advance(whole, panes))
    ranker = Ranker(GRID)
    snapshots, records = Snapshots(ranker), dict[str, bytes]()
    steps, taken = {}, 0
    rest = advance(ranker, panes)
    while (step := next(rest, None)) is not None:
        at, steps[at] = step[0], step[1]
        if chance.random() >= stops or ranker.now != at:
            continue
        snapshot = snapshots.take(taken)
        taken += 1
        records.update(snapshot.records)
        for name in snapshot.forget:
            del records[name]
        if chance.random() < 0.5:
            again = restore(records, GRID)
            assert again is not None
            assert (again.ranker.now, again.offset) == (at, taken - 1)
            ranker, snapshots = again.ranker, Snapshots(again.ranker, records)
            left = [pane for pane in panes if pane.start >= at]
            rest = advance(ranker, left) if left else iter(())
    assert taken or stops < 1
    assert {at: steps[at] for at in steps} == {at: straight[at] for at in steps}


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(streams.small(), st.randoms(use_true_random=False))
def test_small_streams_go_on_as_they_were(log: list[Said], chance: random.Random) -> None:
    assert_the_same_whereever_it_stops(log, chance, 1.0)


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(streams.days(), st.randoms(use_true_random=False))
def test_streams_with_days_of_quiet_go_on_as_they_were(log: list[Said], chance: random.Random) -> None:
    assert_the_same_whereever_it_stops(log, chance, 0.2)


@pytest.mark.parametrize(("seed", "hours"), [(1, 3.5), pytest.param(2, 31.0, marks=pytest.mark.long)])
def test_hours_of_bursts_go_on_as_they_were(seed: int, hours: float) -> None:
    log = streams.seeded(seed, posts=1_000, hours=hours)
    assert_the_same_whereever_it_stops(log, random.Random(seed), 0.5)


def test_hours_in_which_words_surge_go_on_as_they_were() -> None:
    log = streams.talking(5, posts=150)
    assert any(b'"harbour festival"' in step for _, steps in advance_all(log) for step in steps)
    assert_the_same_whereever_it_stops(log, random.Random(5), 0.5, "events")


def advance_all(log: Sequence[Said]) -> list[tuple[int, list[bytes]]]:
    """All steps, with the words of events."""
    return list(advance(Ranker(GRID), closes(log, words="events")))


def test_a_checkpoint_that_is_incomplete_gives_way_to_the_one_before() -> None:
    panes = closes(streams.seeded(3, posts=600, hours=3.0))
    ranker = Ranker(GRID)
    snapshots, records = Snapshots(ranker), dict[str, bytes]()
    checkpoints = []
    for at, _ in advance(ranker, panes):
        if ranker.now == at:
            snapshot = snapshots.take(at)
            records.update(snapshot.records)
            for name in snapshot.forget:
                del records[name]
            checkpoints.append(at)
    newest = restore(records, GRID)
    assert newest is not None
    assert (newest.ranker.now, newest.offset) == (checkpoints[-1], checkpoints[-1])
    for missing in ("checkpoint", "offset"):
        name = next(name for name in records if name.startswith(f"{missing}/{checkpoints[-1]:015d}"))
        before = restore({known: value for known, value in records.items() if known != name}, GRID)
        assert before is not None
        assert (before.ranker.now, before.offset) == (checkpoints[-2], checkpoints[-2])
    assert restore({}, GRID) is None
    other = named_records(f"checkpoint/{checkpoints[-1]:015d}", msgspec.msgpack.encode([1, "of another version"]))
    before = restore(records | other, GRID)
    assert before is not None
    assert before.ranker.now == checkpoints[-2]


def test_a_state_that_an_older_release_wrote_with_tables_of_ten_minutes_is_read() -> None:
    panes = closes(streams.seeded(3, posts=600, hours=3.0))
    ranker = Ranker(GRID)
    straight = advance(ranker, panes)
    at = next(at for at, _ in straight if ranker.now == at > panes[0].start + HOUR_MS)
    records = Snapshots(ranker).take(7).records
    content = joined_records(records)
    name = f"checkpoint/{at:015d}"
    _, *rest = msgspec.msgpack.decode(content.pop(name))
    ten = next(iter(ranker.timeline.tens.values()))
    tables = {f"ten/{ten.start:015d}": (ten.start, ten.end, to_columns(ten))}
    rest[3] += tables
    older = content | {table: msgspec.msgpack.encode(told) for table, told in tables.items()}
    older[name] = msgspec.msgpack.encode([2, *rest])
    written = {place: part for each, told in older.items() for place, part in named_records(each, told).items()}
    again = restore(written, GRID)
    assert again is not None
    assert again.ranker.timeline.tens.keys() == ranker.timeline.tens.keys()
    assert [*advance(again.ranker, [pane for pane in panes if pane.start >= at])] == [*straight]


def test_what_a_killed_worker_wrote_half_of_is_written_whole_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pipeline.trends.snapshot.RECORD_BYTES", 300
    )  # so that tables and checkpoints take several records
    panes = closes(streams.seeded(3, posts=600, hours=3.0))
    ranker = Ranker(GRID)
    snapshots, records, incomplete = Snapshots(ranker), dict[str, bytes](), 0
    for at, _ in advance(ranker, panes):
        if ranker.now != at:
            continue
        written = list(snapshots.take(at).records.items())
        for killed_after in range(1, len(written), max(len(written) // 3, 1)):
            left = records | dict(written[:killed_after])
            before = restore(left, GRID)
            if before is None:
                continue
            incomplete += 1
            again = Snapshots(before.ranker, left)
            for _ in advance(before.ranker, [pane for pane in panes if pane.start >= (before.ranker.now or 0)]):
                if before.ranker.now == at:
                    break
            snapshot = again.take(at)
            left |= snapshot.records
            whole = restore({name: value for name, value in left.items() if name not in snapshot.forget}, GRID)
            assert whole is not None
            assert whole.ranker.now == at
        records |= dict(written)
        snapshots = Snapshots(ranker, records)
        if incomplete > 20:
            break
    assert incomplete > 20


def test_records_are_forgotten_so_that_they_do_not_grow_with_time() -> None:
    ranker = Ranker(GRID)
    snapshots, records, sizes = Snapshots(ranker), dict[str, bytes](), []
    for at, _ in advance(ranker, closes(streams.seeded(4, posts=1_200, hours=8.0))):
        if ranker.now == at:
            snapshot = snapshots.take(0)
            records.update(snapshot.records)
            for name in snapshot.forget:
                del records[name]
            sizes.append(len(records))
    # checkpoints and their offsets; three hours of minutes, hours; one more checkpoint
    assert max(sizes[-6:]) <= 4 + (181 + 9) + 11


@pytest.mark.parametrize("chunk_bytes", [400, 480_000])
def test_a_pane_that_travels_in_chunks_arrives_as_it_was(chunk_bytes: int) -> None:
    panes = closes(streams.seeded(5, posts=800, hours=0.5))
    several = 0
    for pane in panes:
        chunks = to_chunks(pane, 1, 77, chunk_bytes)
        several += len(chunks) > 1
        sent = [chunk for chunk in map(decode_counts, map(encode_counts, chunks)) if isinstance(chunk, CountsChunk)]
        arrived = from_chunks(sent)
        assert to_chunks(arrived, 1, 77) == to_chunks(pane, 1, 77)
        assert [chunk.chunk for chunk in sent] == list(range(sent[0].of))
        assert {chunk.digest for chunk in sent} == {chunks[0].digest}
    assert several > 20 or chunk_bytes > 400


def test_columns_that_do_not_fit_together_are_refused() -> None:
    pane = closes(streams.seeded(5, posts=100, hours=0.5))[3]
    (chunk,) = to_chunks(pane, 1, 77)
    columns = chunk.columns
    for name in (name for name, told in columns.numbers.items() if told):
        shorter = columns.numbers | {name: columns.numbers[name][:-8]}
        broken = msgspec.structs.replace(columns, numbers=shorter)
        with pytest.raises(ValueError, match="do not fit together"):
            from_chunks([msgspec.structs.replace(chunk, columns=broken)])
    with pytest.raises(ValueError, match="names that are not there"):
        from_chunks([msgspec.structs.replace(chunk, columns=msgspec.structs.replace(columns, spellings=[]))])
