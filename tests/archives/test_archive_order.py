"""Posts of a pipe come out in order of time, and a clock from the future does not lead the others astray."""

from __future__ import annotations

import heapq
import io
import itertools
import os
from typing import Any

import pytest
from archive_samples import NOON, Reading, line, lines, post, tweet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.sources.archives import read as reading
from pipeline.sources.archives.merging import moment_of, put_in_order, sort_by_time
from pipeline.sources.archives.order import DAY_MS, FOLLOWERS, FutureGate, Sorter
from pipeline.sources.archives.read import read_archives
from schemas import Post


def posts_at(times: list[int]) -> list[Post]:
    return [Post(id=str(index), author="a", text="", time=time) for index, time in enumerate(times)]


def piped(content: bytes, **options: Any) -> Reading:
    return Reading("-", stdin=io.BytesIO(content), **options)


def slow_sorting(times: list[int], sort_ms: int, max_held: int) -> tuple[list[int], int]:
    """Indices in the order they pass on, post by post with a heap; and how many came too late."""
    heap: list[tuple[int, int]] = []
    out: list[int] = []
    newest, floor, late = -1, -1, 0
    for index, time in enumerate(times):
        if time < newest - sort_ms or time < floor:
            late += 1
            out.append(index)
            continue
        heapq.heappush(heap, (time, index))
        newest = max(newest, time)
        while heap and heap[0][0] <= newest - sort_ms:
            out.append(heapq.heappop(heap)[1])
        while len(heap) > max_held:
            floor, first = heapq.heappop(heap)
            out.append(first)
    return out + [index for _, index in sorted(heap)], late


def sorted_in_batches(times: list[int], sort_ms: int, batch: int, max_held: int = 10**9) -> tuple[list[int], int]:
    sorter = Sorter(sort_ms, max_held)
    out: list[Post] = []
    posts = posts_at(times)
    for start in range(0, len(posts), batch):
        out += sorter.push(posts[start : start + batch], times[start : start + batch])
    out += sorter.end()
    return [int(post.id) for post in out], sorter.out_of_order


class TestSorting:
    @given(
        st.lists(st.integers(0, 60), max_size=60),
        st.integers(0, 70),
        st.integers(1, 20),
    )
    @example([53, 0, 1], 52, 3)  # 1 is as old as may be, and comes after what is too old
    def test_agrees_with_a_heap_post_by_post_whatever_the_batches(
        self, times: list[int], sort_ms: int, batch: int
    ) -> None:
        assert sorted_in_batches(times, sort_ms, batch) == slow_sorting(times, sort_ms, 10**9)

    @given(st.lists(st.integers(0, 60), max_size=60), st.integers(0, 70), st.integers(1, 9))
    def test_holds_no_more_than_it_may(self, times: list[int], sort_ms: int, max_held: int) -> None:
        assert sorted_in_batches(times, sort_ms, 1, max_held) == slow_sorting(times, sort_ms, max_held)

    @given(st.lists(st.integers(0, 5), max_size=200), st.integers(1, 20))
    def test_disorder_within_the_bound_is_undone(self, wobble: list[int], batch: int) -> None:
        times = [index + back for index, back in enumerate(wobble)]
        order, late = sorted_in_batches(times, 5, batch)
        assert order == sorted(range(len(times)), key=lambda index: times[index])
        assert late == 0

    def test_what_is_beyond_the_bound_passes_on_as_it_comes(self) -> None:
        times = [NOON, NOON + 90_000, NOON + 10_000, NOON + 80_000, NOON + 500_000]
        reading = piped(lines(*(post(number, time) for number, time in enumerate(times))))
        assert reading.ids == ["p0", "p2", "p3", "p1", "p4"]
        assert reading.out_of_order == 1

    @pytest.mark.parametrize("batch_size", [1, 7, 4_096])
    def test_the_order_does_not_depend_on_the_batches(self, batch_size: int) -> None:
        times = [NOON + (number * 7_919) % 200_000 + number * 100 for number in range(500)]
        content = lines(*(post(number, time) for number, time in enumerate(times)))
        reading = piped(content, batch_size=batch_size)
        expected, late = slow_sorting(times, 60_000, 10**9)
        assert (reading.ids, reading.out_of_order) == ([f"p{index}" for index in expected], late)


def slow_future(times: list[int]) -> list[int]:
    newest: int | None = None
    longest = 0
    bad = []
    for index, time in enumerate(times):
        if newest is not None and time <= newest + DAY_MS:
            newest = max(newest, time)
            continue
        following = times[index + 1 :][:16]
        near = len([later for later in following if time - later <= DAY_MS])
        lonely = not following and newest is not None and time - newest > longest
        if lonely or (following and near < len(following) / 2):
            bad.append(index)
        else:
            if newest is not None:
                longest = max(longest, time - newest)
            newest = time
    return bad


def future_in_batches(times: list[int], batch: int) -> list[int]:
    gate = FutureGate()
    bad = []
    for start in range(0, len(times), batch):
        bad += [
            start + index
            for index in gate.rejected(times[start : start + batch + FOLLOWERS], min(batch, len(times) - start))
        ]
    return bad


def archive(*times: int) -> list[int]:
    return future_in_batches(list(times), 5)


MINUTE = 60_000
NORMAL = [NOON + number * MINUTE for number in range(40)]


class TestFuture:
    @given(st.lists(st.integers(0, 8), max_size=80), st.integers(1, 30))
    def test_agrees_with_the_rule_spelled_out(self, days: list[int], batch: int) -> None:
        times = [day * DAY_MS * 3 // 4 for day in days]
        assert future_in_batches(times, batch) == slow_future(times)

    @pytest.mark.parametrize("place", [0, 1, 20, 39, 40])
    @pytest.mark.parametrize("ahead", [DAY_MS + 40 * MINUTE + 1, 40_000 * DAY_MS])
    def test_a_single_post_from_the_future_is_dead_wherever_it_stands(self, place: int, ahead: int) -> None:
        assert archive(*NORMAL[:place], NOON + ahead, *NORMAL[place:]) == [place]

    @pytest.mark.parametrize("place", [0, 20])
    def test_eight_in_a_row_do_not_vouch_for_each_other(self, place: int) -> None:
        liars = [NOON + (300 + number * 3) * DAY_MS for number in range(8)]
        assert archive(*NORMAL[:place], *liars, *NORMAL[place:]) == list(range(place, place + 8))

    def test_a_gap_of_weeks_is_no_future(self) -> None:
        later = [time + 40 * DAY_MS for time in NORMAL]
        assert archive(*NORMAL, *later) == []
        assert archive(*NORMAL, *later[:3]) == []

    def test_a_liar_within_a_gap_is_found(self) -> None:
        later = [time + 40 * DAY_MS for time in NORMAL]
        assert archive(*NORMAL, NOON + 9_000 * DAY_MS, *later) == [40]

    def test_a_sparse_archive_passes_down_to_its_last_post(self) -> None:
        assert archive(*(NOON + number * 3 * DAY_MS for number in range(30))) == []

    def test_the_only_post_of_an_archive_may_be_anywhere(self) -> None:
        assert archive(NOON) == []

    def test_a_day_ahead_is_not_yet_the_future(self) -> None:
        assert archive(NOON, NOON + DAY_MS) == []
        assert archive(NOON, NOON + DAY_MS + 1) == [1]

    def test_the_dead_letter_has_line_and_bytes(self) -> None:
        liar = tweet(99, created_at="Thu May 01 12:00:00 +0000 2098")
        reading = piped(lines(b"\n", b"broken\n", *(tweet(n) for n in range(20)), liar, *(tweet(n) for n in range(20))))
        assert reading.faults == [(2, "not-json"), (23, "future")]
        dead = reading.dead[1]
        assert dead.file == "-"
        assert dead.raw + b"\n" == lines(liar)
        assert len(reading.posts) == 40

    def test_it_is_found_across_batches_and_blocks_too(self) -> None:
        times = [NOON + number for number in range(3_000)]
        for number in range(0, 3_000, 100):
            times[number] = NOON + (400 + number) * DAY_MS
        reading = piped(lines(*(post(n, time) for n, time in enumerate(times))), batch_size=50)
        assert reading.faults == [(number + 1, "future") for number in range(0, 3_000, 100)]
        assert [dead.raw.split(b'"')[3] for dead in reading.dead] == [
            b"p%d" % number for number in range(0, 3_000, 100)
        ]


class Trickle(io.BytesIO):
    """Standard input as a pipe of which a few bytes are at hand at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        super().__init__(content)
        self._step = step

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(self._step, size or self._step))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 300), st.just(3 * 86_400), st.none()), max_size=60),
    st.integers(1, 2_000),
    st.lists(st.booleans(), min_size=1, max_size=20),
)
def test_a_pipe_gives_the_posts_of_a_file_whenever_it_stalls(
    monkeypatch: pytest.MonkeyPatch, times_s: list[int | None], step: int, stalled: list[bool]
) -> None:
    content = b"".join(
        b"no json\n" if time_s is None else line(post(number, NOON + time_s * 1_000))
        for number, time_s in enumerate(times_s)
    )
    whole = list(read_archives(["-"], stdin=io.BytesIO(content)))
    moments = itertools.cycle(stalled)
    monkeypatch.setattr(reading, "stalls", lambda _raw: lambda: next(moments))
    pieces = list(read_archives(["-"], stdin=Trickle(content, step)))
    assert [post for batch in pieces for post in batch.posts] == [post for batch in whole for post in batch.posts]
    # a bad line is told at once, a post from the future when those after it have come
    dead, expected = ([(it.line, it.reason) for batch in batches for it in batch.dead] for batches in (pieces, whole))
    assert sorted(dead) == sorted(expected)
    assert sum(batch.out_of_order for batch in pieces) == sum(batch.out_of_order for batch in whole)


def test_a_pipe_with_nothing_at_hand_gives_what_is_due_and_holds_back_only_what_its_order_needs() -> None:
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as pipe, open(write_end, "wb", buffering=0) as feed:
        feed.write(lines(*(post(number, NOON + number * 5_000) for number in range(40))))
        batches = read_archives(["-"], stdin=pipe)
        ids = [it.id for it in next(batches).posts]
        assert ids == [f"p{number}" for number in range(28)]  # the last minute may still be sorted into
        feed.write(lines(post(40, NOON + 200_000))[:50])  # a line that is not whole yet
        feed.write(lines(post(40, NOON + 200_000))[50:])
        assert [it.id for it in next(batches).posts] == ["p28"]


SAID = st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from([None, None, 0, 1, 3, 4]))


@given(st.lists(SAID, max_size=8))
def test_posts_of_one_time_stay_as_they_stand_unless_two_have_one_id(said: list[tuple[int, str, int | None]]) -> None:
    posts = [Post(name, "a", str(n), time, deleted=gone) for n, (time, name, gone) in enumerate(said)]
    expected = sorted(posts, key=moment_of)
    if len({(moment_of(post), post.id) for post in posts}) < len(posts):
        put_in_order(expected)
    sort_by_time(posts)
    assert posts == expected
