"""The runner: connects again without a busy loop, holds back while Kafka is away, and stops with nothing half done."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.kafka.topics import TopicsError
from pipeline.sources.kept import FolderError
from pipeline.sources.live.model import AccessError, GoneError, Item, SourceError, ThrottledError
from pipeline.sources.live.runner import Tuning
from pipeline.sources.live.store import Store
from schemas import PostError
from tests.sources.harness import QUICK, Log, Script, item, post, running


def stored(folder: Path) -> object:
    with closing(Store(folder)) as store:
        return store.cursor("it")


async def _posts_come_once_in_order_and_the_cursor_is_behind_them(folder: Path) -> None:
    log = Log()
    async with running(folder, Script([item(1), item(2), item(2), item(3)]), log) as run:
        await run.until(lambda: len(log.posts) == 3)
        await run.until(lambda: run.outcome("duplicate") == 1)
    assert log.ids == ["1", "2", "3"]
    assert stored(folder) == {"at": 3}


def test_posts_come_once_in_order_and_the_cursor_is_behind_them(tmp_path: Path) -> None:
    asyncio.run(_posts_come_once_in_order_and_the_cursor_is_behind_them(tmp_path))


def test_a_post_is_stamped_when_it_is_received_and_keeps_its_own_time(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        before = time.time() * 1_000
        async with running(tmp_path, Script([Item(post("1", time=5_000))]), log) as run:
            await run.until(lambda: log.posts)
        assert before <= int(log.posts[0].time) <= time.time() * 1_000
        assert (log.posts[0].created, log.posts[0].source) == (5_000, "test")

    asyncio.run(body())


def test_after_each_end_it_connects_again_from_the_last_post_and_pauses_grow(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        ends = [[item(1)], [SourceError("broken pipe")], [OSError(), item(2)], [item(2)]]
        script = Script(*ends)
        async with running(tmp_path, script, log) as run:
            await run.until(lambda: len(log.posts) == 2)
            assert run.value("faults_total", name="it", kind="broken") == 3
        assert script.asked == [None, {"at": 1}, {"at": 1}, {"at": 1}]
        assert any("broken pipe" in line for line in run.said)

    asyncio.run(body())


def test_a_source_that_ends_at_once_each_time_makes_no_busy_loop(tmp_path: Path) -> None:
    async def body() -> None:
        script = Script(*[[item(number)] for number in range(1_000)])
        tuning = Tuning(linger_s=0.0, first_pause_s=0.05, longest_pause_s=0.2)
        async with running(tmp_path, script, Log(), tuning) as run:
            began = time.monotonic()
            await run.until(lambda: len(script.asked) == 8)
            # pauses of 0.05, 0.1, 0.2, 0.2 .. s, each half of it at least
            assert time.monotonic() - began > 0.5 * (0.05 + 0.1 + 5 * 0.2)

    asyncio.run(body())


@pytest.mark.parametrize(
    ("fault", "kind"), [(ThrottledError("wait", 30.0), "throttled"), (AccessError("no right"), "refused")]
)
def test_who_is_asked_for_patience_or_refused_does_not_come_back_soon(
    tmp_path: Path, fault: SourceError, kind: str
) -> None:
    async def body() -> None:
        script = Script([fault], [item(1)])
        log = Log()
        async with running(tmp_path, [script, Script([item(2)], name="other")], log) as run:
            await run.until(lambda: run.value("faults_total", name="it", kind=kind) == 1)
            await run.until(lambda: log.ids == ["2"])  # the other source goes on
            assert run.runner._pause_s(1, fault) >= 30.0
        assert len(script.asked) == 1

    asyncio.run(body())


def test_what_is_gone_for_good_is_not_asked_again(tmp_path: Path) -> None:
    async def body() -> None:
        script = Script([GoneError("gone (410)")])
        async with running(tmp_path, script, Log()) as run:
            async with asyncio.timeout(10):
                await run.task  # it was the only one
        assert run.said[-1].startswith("it: gone (410); it is not asked again")

    asyncio.run(body())


def test_a_silent_stall_is_a_fault_where_silence_was_not_asked_for(tmp_path: Path) -> None:
    async def body() -> None:
        stalled, quiet = Script([item(1)], silence_s=0.1), Script([item(2)], name="quiet")
        async with running(tmp_path, [stalled, quiet], Log()) as run:
            await run.until(lambda: len(stalled.asked) >= 3)
            assert run.value("faults_total", name="it", kind="silent") >= 2
            assert len(quiet.asked) == 1

    asyncio.run(body())


def test_a_fault_of_ours_in_one_source_stops_no_other(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        broken = Script([KeyError("x")], [KeyError("x")])
        async with running(tmp_path, [broken, Script([item(2)], name="other")], log) as run:
            await run.until(lambda: log.posts and len(broken.asked) == 3)
            assert "it: a fault of upswell: KeyError" in " ".join(run.said)

    asyncio.run(body())


def test_records_that_are_no_posts_and_old_posts_are_counted_and_left_out(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        script = Script([Item(PostError("invalid", "x")), Item(post("old", time=1)), Item(post("new", time=10**14))])
        script.max_age_s = 3_600.0
        async with running(tmp_path, script, log) as run:
            await run.until(lambda: run.outcome("sent"))
            assert (log.ids, run.outcome("dead"), run.outcome("old")) == (["new"], 1, 1)

    asyncio.run(body())


def test_memory_is_bounded_while_kafka_is_away_and_nothing_is_lost(tmp_path: Path) -> None:
    text = "x" * 10_000
    posts = 20_000  # 200 MB if they were all read

    class Endless(Script):
        async def read(self, cursor: object) -> object:  # type: ignore[override]
            for number in range(self.yielded, posts):
                self.yielded = number + 1
                yield item(number, text if number < posts - 50 else "")

    async def body() -> None:
        log = Log()
        log.here.clear()
        script = Endless()
        tuning = Tuning(buffered=200, batch=100, linger_s=0.0)
        async with running(tmp_path, script, log, tuning) as run:
            await run.until(lambda: log.waiting)
            tracemalloc.start()
            read = -1
            while read != script.yielded:  # it comes to a stand
                read = script.yielded
                await asyncio.sleep(0.1)
            assert 200 <= script.yielded <= 200 + 100 + 2
            assert tracemalloc.get_traced_memory()[1] < 20 << 20
            tracemalloc.stop()
            log.here.set()
            await run.until(lambda: script.yielded > 2_000)
        assert log.ids == [str(number) for number in range(len(log.ids))]

    asyncio.run(body())


def test_after_a_fault_of_kafka_each_post_is_in_the_log_once(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        log.fails = 3
        async with running(tmp_path, Script([item(number) for number in range(1, 10)]), log) as run:
            await run.until(lambda: len(set(log.ids)) == 9)
            told = [line for line in run.said if "on fire" in line]
            assert (
                told[0] == "the broker is on fire (the sources are held back until Kafka takes posts: nothing is lost)"
            )
        assert sorted(log.ids) == sorted({*log.ids})
        assert stored(tmp_path) == {"at": 9}

    asyncio.run(body())


def test_what_waits_is_in_the_log_when_it_stops(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        log.here.clear()
        script = Script([item(number) for number in range(50)])
        async with running(tmp_path, script, log) as run:
            await run.until(lambda: script.yielded == 50 and log.waiting)
            asyncio.get_running_loop().call_later(0.05, log.here.set)
        assert len(log.ids) == 50
        assert stored(tmp_path) == {"at": 49}

    asyncio.run(body())


def test_a_stop_does_not_wait_long_for_a_kafka_that_is_away(tmp_path: Path) -> None:
    async def body() -> None:
        log = Log()
        log.here.clear()
        async with running(tmp_path, Script([item(1)]), log, Tuning(linger_s=0.0, drained_within_s=0.1)) as run:
            await run.until(lambda: log.waiting)
            run.task.cancel()
            async with asyncio.timeout(3.0):
                await asyncio.wait([run.task])
        log.here.set()  # what is acknowledged now, with the file closed, is asked for again

    asyncio.run(body())
    assert stored(tmp_path) is None


def test_a_kafka_that_will_not_have_us_ends_it(tmp_path: Path) -> None:
    async def body() -> None:
        async with running(tmp_path, Script([item(1)]), Log()) as run:
            run.runner._open_sink = lambda: (_ for _ in ()).throw(TopicsError("no topic"))  # type: ignore[assignment]
            with pytest.raises(TopicsError):
                await run.task

    asyncio.run(body())


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(FolderError, match="UPSWELL_STATE_DIR"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()
    assert QUICK.buffered == 1_000
