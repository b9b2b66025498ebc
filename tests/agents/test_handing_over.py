"""Partitions that go to another worker in order: from where it counts on, and that it need not be careful."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.app import create_app
from agents.context import Context
from agents.count import Count
from agents.poison import Attempts
from agents.publish import Outgoing
from agents.runtime.runs import Run
from agents.runtime.transport import Batch
from pipeline.definitions import DefinitionsHistory
from pipeline.health import Health
from pipeline.kafka.connection import Connection
from pipeline.settings import load_settings
from pipeline.trends.panes import Grid
from schemas import Post
from schemas.definitions import Definitions
from schemas.topics import Topics

POSTS = TP("posts", 0)
START_MS = 1_700_000_000_000
END = 50_000  # of the log: nobody has come there
FIRST, SECOND = (0, 300), (300, 600)  # offsets of two batches, a post each 100 ms


class Group:
    """The worker's consumer, and what is committed: offset and note."""

    def __init__(self, note: str = "") -> None:
        self.committed, self.epochs, self.starts = (0, note), {POSTS: 1}, {POSTS: 0}

    async def note(self, _: TP) -> str:
        return self.committed[1]

    async def note_down(self, _: TP, offset: int, note: Callable[[int], str]) -> None:
        self.committed = offset, note(offset)

    async def leave(self, offsets: Mapping[TP, int], notes: Mapping[TP, Callable[[int], str]]) -> None:
        for tp, offset in offsets.items():
            self.committed = offset, notes[tp](offset)
            self.epochs[tp] += 1

    def mark_committable(self, *_: Any) -> None:
        """The next commit of all would be later than what happens here."""

    def highwater(self, _: TP) -> int:
        return END

    @property
    def careful(self) -> bool:
        """Whether who gets the partition now takes its records in small groups."""
        offset, note = self.committed
        return Attempts(note, offset, END).careful


class Nothing:
    """No definitions."""

    history = DefinitionsHistory()

    def refresh(self) -> Nothing:
        return self

    def at(self, *_: int) -> Definitions:
        return Definitions()


class Worker:
    """A count agent; what it publishes is acknowledged once it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, note: str = "") -> None:
        self.group, self.acknowledging = Group(note), asyncio.Event()
        self.acknowledging.set()
        app: Any = self
        definitions: Any = Nothing()
        self.count = Count(app, Context(Grid(10_000, 5_000), 1, Topics(""), Health(CollectorRegistry())), definitions)
        monkeypatch.setattr("agents.count.publish", self._publish)

    @property
    def consumer(self) -> Group:
        return self.group

    async def _publish(self, _: Any, messages: Iterable[Outgoing]) -> None:
        if list(messages):
            await self.acknowledging.wait()

    async def take(self, offsets: tuple[int, int], epoch: int = 1) -> int:
        """Takes posts of these offsets; how far the partition was read then."""
        numbers = range(*offsets)
        posts = [Post(f"p{n}", f"a{n % 50}", "word #tag", START_MS + n * 100, source="sms") for n in numbers]
        values, times = [msgspec.json.encode(post) for post in posts], [START_MS + n * 100 for n in numbers]
        run = Run(offsets[0], [None] * len(values), values, times)
        await self.count.take(Batch(POSTS, epoch, run, offsets[0], offsets[1] - 1))
        return self.count.partitions[POSTS].position.next

    @property
    def rewind_offset(self) -> int:
        return self.count.partitions[POSTS].rewind_offset


def test_who_gets_a_partition_in_order_counts_on_from_its_open_panes_and_is_not_careful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        worker = Worker(monkeypatch)
        await worker.take(FIRST)
        assert worker.group.committed[0] == 0
        assert worker.group.careful, "it could have died of what it has in hand"
        await worker.count.hand_over()
        assert worker.group.committed == (worker.rewind_offset, "")
        assert 0 < worker.rewind_offset < FIRST[1]
        assert not worker.group.careful

    asyncio.run(run())


def test_it_is_no_less_careful_than_this_start_had_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        worker = Worker(monkeypatch, note="[2,0,128]")  # the third start
        await worker.count.hand_over()
        await worker.take((0, 5))
        await worker.count.hand_over()
        assert worker.group.committed == (0, "[2,0,128]")

    asyncio.run(run())


def test_what_is_in_hand_is_taken_to_its_end_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        worker = Worker(monkeypatch)
        worker.acknowledging.clear()
        taking = asyncio.ensure_future(worker.take(FIRST))
        leaving = asyncio.ensure_future(worker.count.hand_over())
        await asyncio.sleep(0.05)
        assert not leaving.done()
        worker.acknowledging.set()
        await leaving
        assert await taking == FIRST[1]
        assert worker.group.committed == (worker.rewind_offset, "")
        assert worker.rewind_offset > 0

    asyncio.run(run())


def test_what_holds_a_worker_up_stays_what_it_may_have_died_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.count.HANDED_OVER_WITHIN_S", 0.05)

    async def run() -> None:
        worker = Worker(monkeypatch)
        worker.acknowledging.clear()
        taking = asyncio.ensure_future(worker.take(FIRST))
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            await worker.count.hand_over()
        assert worker.group.careful
        worker.acknowledging.set()
        await taking

    asyncio.run(run())


def test_a_partition_that_comes_back_is_counted_on_and_noted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        worker = Worker(monkeypatch)
        await worker.take((0, 50))
        await worker.count.hand_over()
        assert await worker.take((50, 60)) == 50, "it was on its way when the partition was left"
        assert not worker.group.careful
        worker.group.epochs[POSTS] = 3  # sought again
        assert await worker.take((50, 60), epoch=3) == 60
        assert worker.group.careful, "from here on it could die of what it has in hand"

    asyncio.run(run())


def test_it_is_done_before_the_group_gives_partitions_out_anew_and_what_goes_wrong_ends_no_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def refused(_: Count) -> None:
        asked.append(1)
        raise TimeoutError

    monkeypatch.setattr(Count, "hand_over", refused)

    async def run() -> None:
        context = Context(Grid(10_000, 5_000), 1, Topics(""), Health(CollectorRegistry()))
        definitions: Any = Nothing()
        app = create_app(context, Connection.of(load_settings()), definitions, say=print)
        await app.on_partitions_revoked.send({POSTS})
        await app.hand_over()

    asyncio.run(run())
    assert len(asked) == 2
