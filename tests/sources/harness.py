"""A runner over adapters with a log in memory in the place of Kafka, and conditions that are waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.kafka.connection import KafkaUseError
from pipeline.sources.live.delivery import Delivery
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Adapter, Cursor, Item
from pipeline.sources.live.runner import Runner, Tuning
from pipeline.sources.live.store import Store
from schemas import Post
from schemas.posts import checked

WITHIN_S = 15.0
QUICK = Tuning(linger_s=0.0, first_pause_s=0.01, longest_pause_s=0.05, drained_within_s=2.0)


class Log:
    """What Kafka would hold. While `away` is set nothing is taken: whoever sends waits."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.here = threading.Event()
        self.here.set()
        self.fails = 0  # so many sends end in a fault, after half of their posts are in the log
        self.waiting = 0

    def send(self, posts: Sequence[Post]) -> None:
        self.waiting += 1
        self.here.wait()
        self.waiting -= 1
        if self.fails:
            self.fails -= 1
            self.posts += posts[: len(posts) // 2]
            raise KafkaUseError("the broker is on fire")
        self.posts += posts

    def found(self, posts: Collection[Post]) -> set[tuple[str | None, str]]:
        there = {(post.source, post.id) for post in self.posts if post.deleted is None}
        return there & {(post.source, post.id) for post in posts}

    def close(self) -> None:
        pass

    @property
    def ids(self) -> list[str]:
        """Of all that was sent, what withdraws a post too."""
        return [post.id for post in self.posts]

    @property
    def posted(self) -> list[str]:
        """The ids of posts alone."""
        return [post.id for post in self.posts if post.deleted is None]

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.posts]


class Running:
    """A runner in a task of its own."""

    def __init__(self, folder: Path, adapters: Sequence[Adapter], log: Log, tuning: Tuning) -> None:
        self.log, self.said = log, list[str]()
        self.registry = CollectorRegistry()
        self.store = Store(folder)
        self.metrics = SourceMetrics(self.registry)
        self.delivery = Delivery(self.store, self.metrics)
        self.runner = Runner(adapters, self.store, self.delivery, self.metrics, lambda: log, self.said.append, tuning)
        self.task = asyncio.create_task(self.runner.run())

    def value(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"upswell_source_{metric}", labels) or 0.0

    def outcome(self, outcome: str, name: str = "it") -> float:
        return self.value("records_total", name=name, outcome=outcome)

    async def until(self, holds: Callable[[], object]) -> None:
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while not holds():
            if self.task.done():
                self.task.result()
            ended = self.task.done() or asyncio.get_running_loop().time() > deadline
            assert not ended, f"it said {self.said}, and the log holds {self.log.ids[-20:]}"
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(
    folder: Path, adapters: Sequence[Adapter] | Adapter, log: Log, tuning: Tuning = QUICK
) -> AsyncIterator[Running]:
    """Runs while the block does, and stops cleanly."""
    run = Running(folder, adapters if isinstance(adapters, Sequence) else [adapters], log, tuning)
    try:
        yield run
    finally:
        run.task.cancel()
        await asyncio.wait([run.task])
        run.store.close()
        log.here.set()  # what is acknowledged from here on, nobody notes


class Script:
    """An adapter that yields what it is told, a list a connection; an exception in it is raised."""

    source = "test"
    max_age_s = 1e12

    def __init__(
        self,
        *connections: Sequence[Item | Exception],
        name: str = "it",
        silence_s: float | None = None,
        ends: bool = False,
    ) -> None:
        self.name, self.silence_s = name, silence_s
        self._connections, self._ends = list(connections), ends
        self.asked: list[Cursor | None] = []
        self.yielded = 0

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        self.asked.append(cursor)
        if self._connections:
            for item in self._connections.pop(0):
                if isinstance(item, Exception):
                    raise item
                self.yielded += 1
                yield item
        if not self._connections and not self._ends:
            await asyncio.Event().wait()

    async def probe(self) -> list[str]:
        return []


def post(id: str, text: str = "", author: str = "ann", time: int = 1_000) -> Post:  # noqa: A002 - the field's name
    return checked(Post(id=id, author=author, text=text or f"text of {id}", time=time, source="test"))


def item(number: int, text: str = "") -> Item:
    return Item(post(str(number), text), {"at": number})
