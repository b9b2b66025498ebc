"""What a batch of records is read as: a run of plain ones, or records as aiokafka reads them; the same either way."""

from __future__ import annotations

import asyncio
import gc
import shutil
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import msgspec
import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from agents import count
from agents.context import Context
from agents.count import CountedPartition
from agents.poison import Attempts
from agents.position import Position
from agents.runtime import transport
from agents.runtime.lenient import KeptRecords, read_leniently
from agents.runtime.runs import Headers, Run, compiled, together
from agents.runtime.transport import Batch, _batch_of, _DecodedRecords, _End, _Fetched
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas import MARKER_HEADER, Post
from schemas.control import RETRACTION, UNSIGNED, ControlKeys
from schemas.definitions import DEFINITIONS_HEADER, Definitions
from schemas.topics import Topics

CARRIED = TP("posts", 0)
FIRST_MS = 1_700_000_000_000
HEADER = 61  # bytes of a batch before its records
RECORDS = st.tuples(
    st.one_of(st.none(), st.binary(max_size=3)),  # its key,
    st.one_of(st.binary(max_size=70), st.binary(max_size=70), st.none()),  # value,
    st.integers(-5, 1_000),  # time, and
    st.sampled_from([[]] * 9 + [[("a", b"1"), ("été", None)]]),  # headers
)


def batch(records: Sequence[Any], first: int = 0, codec: int = 0, skipping: int | None = None) -> bytearray:
    """As it is on its way; without an offset where one was left out."""
    built = _DefaultRecordBatchBuilderPy(2, codec, False, -1, -1, -1, 1 << 20)
    for number, (key, value, after_ms, headers) in enumerate(records):
        offset = number + (skipping is not None and number >= skipping)
        built.append(offset, FIRST_MS + after_ms, key, value, headers)
    raw = bytearray(built.build())
    raw[:8] = first.to_bytes(8, "big")
    return raw


@pytest.fixture(autouse=True, scope="module")
def carried() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_DecodedRecords, "batched_topics", {CARRIED.topic})
        patch.setattr(_DecodedRecords, "begins", {})
        read_leniently()
        yield


@contextmanager
def without_compiler() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "compiled", None)
        yield


def fetched(raw: bytes, begin: int) -> list[Any]:
    """What comes of one fetch from an offset on; at its end an error, where it has one."""
    partition = _DecodedRecords(CARRIED, KeptRecords(bytes(raw)), None, begin, None, None, False, 1)
    found: list[Any] = []
    try:
        found.extend(partition)
    except Exception as error:
        found.append(type(error))
    return found


def told(found: list[Any]) -> list[Any]:
    """Of each record all that is asked of one."""
    records = [record for one in found for record in (one if type(one) is Run else [one])]
    return [
        (it.offset, it.timestamp, it.key, it.value, list(it.headers))
        if hasattr(it, "headers")
        else it.offset
        if isinstance(it, _End)
        else it
        for it in records
    ]


@given(st.data())
def test_what_is_read_of_any_bytes_is_what_aiokafka_reads(data: st.DataObject) -> None:
    raw, first = bytearray(), data.draw(st.integers(0, 3))
    begin = first + data.draw(st.integers(0, 4))
    for _ in range(data.draw(st.integers(1, 3))):
        records = data.draw(st.lists(RECORDS, min_size=1, max_size=5))
        codec, skipping = data.draw(st.sampled_from([0, 0, 1, 2, 3, 4])), data.draw(st.sampled_from([None, None, 1]))
        one = batch(records, first, codec, skipping)
        one[22] |= data.draw(st.sampled_from([0, 0, 0, 0x08, 0x20, 0x07]))  # the log's time, control, no known codec
        for _ in range(data.draw(st.sampled_from([0, 0, 1, 3]))):
            one[data.draw(st.integers(57, len(one) - 1))] = data.draw(st.integers(0, 255))
        raw += one
        first += len(records) + (skipping is not None) + data.draw(st.sampled_from([0, 0, 2]))
    raw = raw[: len(raw) - data.draw(st.sampled_from([0, 0, 0, 5]))]
    found = fetched(raw, begin)
    with without_compiler():
        assert told(found) == told(fetched(raw, begin))


def test_bytes_that_are_no_records_end_no_process() -> None:
    """A header's name that is no UTF-8, behind which a key says that it is 2^61 bytes long."""
    key = b"0123456789"
    raw = batch([(None, b"x", 0, [("abc", b"")]), (key, b"y", 0, [])])
    raw[raw.index(b"abc") : raw.index(b"abc") + 3] = b"\xff\xff\xff"
    at = raw.index(key) - 1
    raw[at : at + 9] = b"\xfe" * 8 + b"\x3f"
    *read, fault = fetched(raw, 0)
    assert [it.value for it in read] == [b"x"]
    assert fault is CorruptRecordException


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert compiled is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


PLAIN = [(b"ann", b"a", 0, []), (None, b"", 7, []), (b"", b"c", 5, [])]


@pytest.mark.skipif(compiled is None, reason="there is no compiler")
@pytest.mark.parametrize("codec", range(5))
def test_plain_records_are_a_run_from_where_it_was_fetched(codec: int) -> None:
    run, end = fetched(batch(PLAIN, 4, codec), 5)
    assert (type(run), run.first, run.keys, run.values) == (Run, 5, [None, b""], [b"", b"c"])
    assert run.times == [FIRST_MS + 7, FIRST_MS + 5]
    assert end == _End(6)


@pytest.mark.skipif(compiled is None, reason="there is no compiler")
def test_batches_of_a_fetch_are_one_run_unless_offsets_or_records_without_value_lie_between() -> None:
    near, far = batch(PLAIN, 3), batch(PLAIN, 4)
    other = batch([(None, None, 0, [])], 6)
    whole = _batch_of(CARRIED, 0, fetched(batch(PLAIN) + near, 0), 0)
    assert isinstance(whole.records, Run)
    assert [it.value for it in whole.records] == [b"a", b"", b"c"] * 2
    apart = [_batch_of(CARRIED, 0, fetched(raw, 0), None) for raw in (batch(PLAIN) + far, batch(PLAIN) + near + other)]
    assert [type(it.records) for it in apart] == [list, list]
    assert [[it.offset for it in one.records] for one in apart] == [[0, 1, 2, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6]]
    assert [(it.first, it.last) for it in (whole, *apart)] == [(0, 5), (0, 6), (0, 6)]


@pytest.mark.skipif(compiled is None, reason="there is no compiler")
def test_headers_are_told_of_the_records_that_have_some() -> None:
    some = (("a", b"1"), ("été", None), ("", b""))
    near = batch([(None, b"x", 0, list(some)), (None, b"y", 0, [])], 3)
    whole = _batch_of(CARRIED, 0, fetched(batch(PLAIN) + near, 0), 0).records
    assert isinstance(whole, Run)
    assert whole.headers == {3: some}
    assert [it.headers for it in whole] == [(), (), (), some, ()]
    assert [it.headers for it in whole.since(2)] == [(), some, ()]
    assert whole[4:].headers == {}


class Assigned:
    """A partition that is ours, and how far it was taken."""

    active = True

    def __init__(self) -> None:
        self.paused, self.position = False, 0

    def state_value(self, _tp: TP) -> Assigned:
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


@pytest.mark.parametrize("with_compiler", [True, False])
@pytest.mark.parametrize("most", [1, 3, 4, 7, 1_000])
def test_no_more_records_are_taken_at_once_than_may_be_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch, with_compiler: bool, most: int
) -> None:
    if not with_compiler:
        monkeypatch.setattr(transport, "compiled", None)
    monkeypatch.setattr(_DecodedRecords, "most", most)
    raw = b"".join(batch([(None, b"%d" % n, 0, [])] * 5, 5 * n) for n in range(8))
    partition = _DecodedRecords(CARRIED, KeptRecords(raw), None, 0, None, None, False, 1)
    assigned = Assigned()
    waiting = _Fetched(CARRIED, assignment=assigned, partition_records=partition, backoff=0)
    taken: list[int] = []
    while waiting.has_more():
        some = told(waiting.getall(most))
        offsets = [it if isinstance(it, int) else it[0] for it in some]
        assert len(some) < 2 * most + 1
        assert assigned.position == (offsets[-1] + 1 if offsets else 40)
        taken += offsets
    assert taken == [*range(40), 39]  # the end of it is told behind its records


@pytest.mark.parametrize("runs", [True, False])
def test_what_a_fetch_brought_is_gone_once_it_is_read(runs: bool) -> None:
    """It may be a megabyte, and the cycle collector hardly ever looks in a worker."""
    raw = bytes(batch([(b"k", b"v", 0, [])] * 3))
    gc.disable()
    try:
        with nullcontext() if runs else without_compiler():
            partition = _DecodedRecords(CARRIED, KeptRecords(raw), None, 0, None, None, False, 1)
            assert list(partition)
            there = weakref.ref(partition)
            del partition
        assert there() is None
    finally:
        gc.enable()


def test_batches_of_the_old_formats_are_read_as_ever() -> None:
    built = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    built.append(0, timestamp=FIRST_MS, key=None, value=b"old")
    assert [it.value for it in fetched(built.build(), 0)[:-1]] == [b"old"]


def test_a_run_is_a_sequence_of_its_records() -> None:
    run = Run(7, [b"k", None, b""], [b"a", b"b", b"c"], [1, 2, 3])
    assert [tuple(it) for it in run] == [(7, 1, b"k", b"a", ()), (8, 2, None, b"b", ()), (9, 3, b"", b"c", ())]
    assert (len(run), run.offset, run[-1].offset) == (3, 9, 9)
    assert [it.offset for it in run[1:]] == [it.offset for it in run.since(8)] == [8, 9]
    assert run.since(3) is run
    assert not run[:0]
    assert together([]) == []


def test_of_a_run_that_was_taken_in_part_the_rest_comes_next() -> None:
    run = Run(7, [None] * 3, [b"a", b"b", b"c"], [1, 2, 3])
    position = Position(CARRIED, 0, 8)
    rest = asyncio.run(position.records(Batch(CARRIED, 0, run, 7, 9), None))  # type: ignore[arg-type]
    assert [it.offset for it in rest] == [8, 9]


VALUES = st.one_of(
    st.builds(Post, st.sampled_from("abc"), st.just("ann"), st.just("#x"), st.integers(0, 40_000)),
    st.builds(Post, st.just("a"), st.just("ann"), st.just("#x"), st.just(0), deleted=st.integers(0, 40_000)),
).map(msgspec.json.encode)


OURS = ControlKeys((b"a-secret-of-ours",))
HEADERS: tuple[Callable[[bytes], Headers], ...] = (
    lambda _: (),
    lambda value: OURS.signed("posts", RETRACTION, value),
    lambda _: ((MARKER_HEADER, b"30000"), ("signature", b"")),
    lambda _: ((DEFINITIONS_HEADER, b""),),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, b"ann"]),
            st.one_of(VALUES, VALUES, st.sampled_from([b"{}", b""])),
            st.sampled_from([-1, *[50_000] * 9]),
            st.sampled_from([*HEADERS, *[HEADERS[0]] * 4, *[HEADERS[1]] * 4]),
        ),
        min_size=1,
    ),
    st.sampled_from(["", "", "[4,3,4]"]),
    st.sampled_from([UNSIGNED, OURS]),
)
def test_a_run_is_counted_as_its_records_are(
    records: list[tuple[bytes | None, bytes, int, Callable[[bytes], Headers]]], note: str, keys: ControlKeys
) -> None:
    told = {number: of for number, (_, value, _, made) in enumerate(records) if (of := made(value))}
    run = Run(0, [key for key, *_ in records], [it[1] for it in records], [it[2] for it in records], told)
    counted = []
    for some, one_by_one in ((run, False), (list(run), False), (run, True)):
        context = Context(Grid(), 1, Topics(), Health(CollectorRegistry()), control=keys)
        attempts = Attempts(note, 0, 100)
        partition = CountedPartition(Position(CARRIED, 0, 0), context, Definitions(), attempts)
        with pytest.MonkeyPatch.context() as patch:
            if one_by_one:
                patch.setattr(count, "run_of_posts", lambda *_: None)
            closed = partition.close(some)
        counted.append((closed, partition.dead, partition.position.next, partition.stamp, partition.edge()))
    assert counted[0] == counted[1] == counted[2]


@pytest.mark.parametrize("keys", [UNSIGNED, OURS])
def test_a_run_with_retractions_in_our_name_is_counted_whole(
    keys: ControlKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CountedPartition, "_take_one_by_one", None)
    posts = [Post(f"p{n}", "ann", "#x", 1_000, deleted=2_000 if n == 1 else None) for n in range(3)]
    values = [msgspec.json.encode(post) for post in posts]
    context = Context(Grid(), 1, Topics(), Health(CollectorRegistry()), control=keys)
    partition = CountedPartition(Position(CARRIED, 0, 0), context, Definitions())
    told = {1: keys.signed("posts", RETRACTION, values[1])}
    partition.take(Run(0, [None] * 3, values, [50_000] * 3, told))
    assert (partition.counter.read, partition.counter.retractions) == (3, 1)


def test_records_that_are_no_posts_leave_nothing_to_the_cycle_collector() -> None:
    """A fault that held on to its batch held some hundred records a second for half a minute; then looking through them
    stopped a worker for a third of a second."""
    context = Context(Grid(), 1, Topics(), Health(CollectorRegistry()))
    partition = CountedPartition(Position(CARRIED, 0, 0), context, Definitions())
    invalid = [b"", b"[", b"{}", b'{"id": "1", "author": "a", "text": "#x", "time": -1}', b"\xff", b"null"] * 10
    for number in range(2):  # what is made once is made at the first
        gc.collect()
        partition.take(list(Run(60 * number, [None] * 60, invalid, [1_000] * 60)))
    assert len(partition.dead) == 120
    assert gc.collect() < 20
