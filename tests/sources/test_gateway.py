"""What is pushed by HTTP, with a log in memory in the place of Kafka: once each, acknowledged only when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from pipeline.kafka.connection import BrokerAwayError, KafkaUseError
from pipeline.sources import gateway as module
from pipeline.sources.gateway import BusyError, Gateway, Sink, Taken
from pipeline.sources.journal import Journal, key_of
from pipeline.sources.kept import FolderError
from tests.sources.harness import Log, post


@pytest.fixture(autouse=True)
def _asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AWAY_S", 0.0)


def during(folder: Path, log: Log, body: Callable[[Gateway], Awaitable[None]], **parts: Callable[[str], None]) -> None:
    async def whole() -> None:
        gateway = Gateway(lambda: Journal(folder), lambda: log, **parts)
        await gateway.start()
        try:
            await body(gateway)
        finally:
            log.here.set()
            await gateway.stop()

    asyncio.run(whole())


def test_a_post_that_comes_again_is_in_the_log_once_however_it_comes(tmp_path: Path) -> None:
    log = Log()

    async def body(gateway: Gateway) -> None:
        assert await gateway.take("a", [post("1"), post("2"), post("1")]) == Taken(2, 1)
        assert await gateway.take("b", [post("2"), post("3")]) == Taken(1, 1)
        both = await asyncio.gather(gateway.take("a", [post("4")]), gateway.take("b", [post("4")]))
        assert sorted(both) == [Taken(0, 1), Taken(1, 0)]

    async def later(gateway: Gateway) -> None:
        assert await gateway.take("a", [post(it) for it in "1234"]) == Taken(0, 4)

    during(tmp_path, log, body)
    during(tmp_path, log, later)
    assert log.ids == ["1", "2", "3", "4"]


def test_a_retraction_is_no_duplicate_of_its_post(tmp_path: Path) -> None:
    log = Log()
    gone = msgspec.structs.replace(post("1"), deleted=20_000)

    async def body(gateway: Gateway) -> None:
        assert await gateway.take("a", [post("1")]) == Taken(1, 0)
        assert await gateway.take("a", [gone, gone, post("1")]) == Taken(1, 2)
        assert await gateway.take("a", [gone]) == Taken(0, 1)
        later = msgspec.structs.replace(gone, deleted=30_000)  # all that an author wrote since, say
        assert await gateway.take("a", [later]) == Taken(1, 0)

    during(tmp_path, log, body)
    assert [one.deleted for one in log.posts] == [None, 20_000, 30_000]


def test_nothing_is_acknowledged_before_kafka_has_it(tmp_path: Path) -> None:
    log = Log()

    async def body(gateway: Gateway) -> None:
        log.here.clear()
        asked = asyncio.create_task(gateway.take("a", [post("1")]))
        while not log.waiting:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert not asked.done()
        log.here.set()
        assert await asked == Taken(1, 0)

    during(tmp_path, log, body)


def test_what_kafka_took_half_of_is_there_once_when_it_is_sent_again(tmp_path: Path) -> None:
    log = Log()
    log.fails = 1

    async def body(gateway: Gateway) -> None:
        posts = [post(str(number)) for number in range(6)]
        with pytest.raises(KafkaUseError, match="on fire"):
            await gateway.take("a", posts)
        assert log.ids == ["0", "1", "2"]
        assert await gateway.take("a", posts) == Taken(3, 3)

    during(tmp_path, log, body)
    assert log.ids == [str(number) for number in range(6)]


class KilledError(Exception):
    """The process ends here: nothing more is written."""


@pytest.mark.parametrize("point", ["taken", "noted", "acknowledged", "kept"])
def test_killed_at_any_point_no_post_is_lost_and_none_is_there_twice(tmp_path: Path, point: str) -> None:
    log, killed = Log(), list[str]()

    def reached(at: str) -> None:
        if at == point:
            killed.append(at)
            raise KilledError

    async def before(gateway: Gateway) -> None:
        with pytest.raises(KafkaUseError):
            await gateway.take("a", [post("1"), post("2")])

    async def after(gateway: Gateway) -> None:
        assert await gateway.take("a", [post("1"), post("2")]) in (Taken(2, 0), Taken(0, 2))

    during(tmp_path, log, before, reached=reached)
    assert killed == [point]
    during(tmp_path, log, after)
    assert log.ids == ["1", "2"]


def test_while_kafka_is_away_it_is_told_and_then_taken(tmp_path: Path) -> None:
    log, opened = Log(), list[int]()

    def open_sink() -> Sink:
        opened.append(1)
        if len(opened) < 3:
            raise BrokerAwayError("no broker answers")
        return log

    async def body() -> None:
        gateway = Gateway(lambda: Journal(tmp_path), open_sink)
        await gateway.start()
        for _ in range(2):
            with pytest.raises(BrokerAwayError):
                await gateway.take("a", [post("1")])
        assert await gateway.take("a", [post("1")]) == Taken(1, 0)
        await gateway.stop()

    asyncio.run(body())
    assert log.ids == ["1"]


def test_who_sends_more_than_kafka_takes_is_told_and_others_are_not_held_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(module, "MOST_WAITING", 4)

    async def body(gateway: Gateway) -> None:
        log.here.clear()
        first = asyncio.create_task(gateway.take("a", [post("1"), post("2"), post("3")]))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await gateway.take("a", [post("4"), post("5")])
        other = asyncio.create_task(gateway.take("b", [post("6")]))
        log.here.set()
        assert (await first, await other) == (Taken(3, 0), Taken(1, 0))
        assert await gateway.take("a", [post("4"), post("5")]) == Taken(2, 0)  # the room is there again

    during(tmp_path, log, body)


def test_other_keys_of_a_post_are_known_with_it(tmp_path: Path) -> None:
    async def body(gateway: Gateway) -> None:
        assert not await gateway.seen(key_of("part", "a"))
        await gateway.take("a", [post("1")], also=[key_of("part", "a")])
        assert await gateway.seen(key_of("part", "a"))

    during(tmp_path, Log(), body)


def test_the_journal_holds_no_text_and_no_name_and_is_used_by_one(tmp_path: Path) -> None:
    async def body(gateway: Gateway) -> None:
        await gateway.take("a", [post("an-id-to-find", "a text to find", author="somebody")])
        with pytest.raises(FolderError, match="another server"):
            Journal(tmp_path)

    during(tmp_path, Log(), body)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"a text to find" not in kept
    assert b"somebody" not in kept
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def test_the_journal_forgets_what_is_old_but_not_what_is_pending(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin([post("pending")], 1_000)
    journal.done([key_of("old")], 1_000)
    journal.done([key_of("new")], 2 * 7 * 24 * 3_600_000)
    journal.prune(2 * 7 * 24 * 3_600_000)
    assert journal.known([key_of("old"), key_of("new")]) == {key_of("new")}
    assert [(it.id, it.source, it.time) for it in journal.pending()] == [("pending", "test", 1_000)]
    journal.close()


def test_a_journal_that_could_not_be_opened_can_be_once_the_fault_is_mended(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(FolderError, match="cannot keep"):
        Journal(tmp_path)
    (tmp_path / "journal.db").rmdir()
    Journal(tmp_path).close()
