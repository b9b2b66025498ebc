"""What counts the demo's posts: the whole pipeline on an embedded broker, or the same logic in this process."""

from __future__ import annotations

import asyncio
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from pipeline.cli.errors import CommandError
from pipeline.cli.local_stack import starting
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.results import follow_alerts, follow_trends
from pipeline.local import Local, Options
from pipeline.settings import Settings
from pipeline.settings.writing import toml_of
from pipeline.trends.alerting import Alerting
from schemas import Post, TrendList, Window
from schemas.alerts import Alert, Order, Rule
from schemas.definitions import Definitions
from schemas.events import Event

Wants = Callable[[str, Window], bool]
TakesList = Callable[[TrendList], None]
TakesAlert = Callable[[Alert], None]
COUNTS_WITHIN_S = 300.0
_BEFORE_MS = 600_000  # of event time: the last lists of the history tell that it has been counted
_HOUR_MS = 3_600_000
_LEAD_MS = 3 * _HOUR_MS  # posts run so far ahead of lists: a worker with a backlog counts first, ranks later
_FIRST_LEAD_MS = _HOUR_MS // 2  # until there are any: the first ones are to come soon
_LISTS_LAG_MS = 120_000  # of event time: a minute, and what of it waits for posts out of order


class Engine(Protocol):
    """Takes posts in log order; lists and alerts come by the callbacks it was made with, in the thread that calls."""

    where: str  # for people: what it runs on

    def feed(self, posts: Sequence[Post]) -> None:
        """Hands posts over."""

    def begin(self, idle: Callable[[], None]) -> None:
        """The history is over: from here on lists are wanted. Returns when it has been counted."""

    def poll(self) -> None:
        """Hands lists and alerts that have come to the callbacks."""

    def finish(self, clock_ms: int, idle: Callable[[], None], /) -> None:
        """No more posts; `clock_ms` is the time of the last. Returns when their lists have come."""


class InProcess:
    """No broker: posts are counted as they are fed."""

    where = "in this process"

    def __init__(
        self,
        events: tuple[Event, ...],
        rules: tuple[Rule, ...],
        take_list: TakesList,
        take_alert: TakesAlert,
        wants: Wants,
    ) -> None:
        self._wants, self._alerting = wants, Alerting(rules)
        self._orders = queue.SimpleQueue[Order]()
        self._take_list, self._take_alert = take_list, take_alert
        self._local = Local(Options(events=events), on_list=self._take)
        self._local.ranker.wants = self._hourly

    def _take(self, trends: TrendList) -> None:
        self._take_list(trends)
        for alert in self._alerting.take(trends):
            self._take_alert(alert)

    def _hourly(self, scope: str, window: Window) -> bool:
        now = self._local.ranker.now
        return now is not None and now % _HOUR_MS == 0 and self._wants(scope, window)

    async def give(self, order: Order) -> None:
        """Takes what somebody says about alerts, in whatever thread; it is obeyed with the next posts, and a mute lasts
        as long by the evening's clock as it was meant to by theirs."""
        self._orders.put(order)

    def feed(self, posts: Sequence[Post]) -> None:
        while not self._orders.empty():
            order, now = self._orders.get(), self._alerting.clock
            if order.action != "acknowledge":
                self._alerting.mute(order.rule, order.until and now + order.until - order.at, order.topic, now)
        self._local.feed(posts)

    def begin(self, idle: Callable[[], None]) -> None:
        idle()
        self._local.ranker.wants = lambda *of: self._wants(*of) or self._alerting.wants(*of)

    def poll(self) -> None:
        """Lists came when their posts were fed."""

    def finish(self, _clock_ms: int, idle: Callable[[], None]) -> None:
        idle()


class OnKafka:
    """Posts are pushed to a broker; lists and alerts are read from its topics of results."""

    def __init__(
        self,
        settings: Settings,
        ready: Callable[[], None],
        take_list: TakesList,
        take_alert: TakesAlert,
        counted_ms: int,
    ) -> None:
        """The worker has started when `ready` returns. A list of later than `counted_ms` (event time) says that the
        history has been counted."""
        self.where = f"on Kafka at {settings.kafka_brokers}"
        self.settings, self._ready, self._counted_ms = settings, ready, counted_ms
        self._take_list, self._take_alert = take_list, take_alert
        self._producer = PostProducer(settings)
        self._lists: queue.SimpleQueue[TrendList] = queue.SimpleQueue()
        self._alerts: queue.SimpleQueue[Alert] = queue.SimpleQueue()
        self._newest_ms = self._first_ms = 0  # of the lists that came; of the posts
        self._counting = True  # a history
        self._heard_s = time.monotonic()  # when a list last came
        self._stop = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="trends", daemon=True)
        self._follower.start()

    def _follow(self) -> None:
        asyncio.run(self._read())

    async def _read(self) -> None:
        stop = asyncio.Event()

        async def watch() -> None:
            while not self._stop.is_set():
                await asyncio.sleep(0.1)
            stop.set()

        async def lists() -> None:
            async for one in follow_trends(self.settings, stop):
                self._lists.put(one)

        async def alerts() -> None:
            async for one in follow_alerts(self.settings, stop):
                self._alerts.put(one)

        await asyncio.gather(watch(), lists(), alerts())

    def feed(self, posts: Sequence[Post]) -> None:
        self._producer.push(posts)
        self.poll()
        at_ms = int(posts[len(posts) // 2].time)  # one in the middle: some clocks are broken
        self._first_ms = self._first_ms or at_ms
        while self._counting and at_ms > self._until_ms:
            self._wait()

    @property
    def _until_ms(self) -> int:
        """Of a history, posts up to here are pushed before there are more lists."""
        return self._newest_ms + _LEAD_MS if self._newest_ms else self._first_ms + _FIRST_LEAD_MS

    def begin(self, idle: Callable[[], None]) -> None:
        self._counting = False
        self._producer.flush()
        while self._newest_ms <= self._counted_ms:
            self._wait()
            idle()

    def _wait(self) -> None:
        self._ready()
        time.sleep(0.05)
        self.poll()
        if time.monotonic() - self._heard_s > COUNTS_WITHIN_S:
            raise CommandError(f"no list has come from the worker for {COUNTS_WITHIN_S:.0f} s")

    def poll(self) -> None:
        while not self._lists.empty():
            one = self._lists.get()
            self._newest_ms, self._heard_s = max(self._newest_ms, one.at), time.monotonic()
            self._take_list(one)
        while not self._alerts.empty():
            self._take_alert(self._alerts.get())

    def finish(self, clock_ms: int, idle: Callable[[], None]) -> None:
        self._producer.flush()
        deadline = time.monotonic() + COUNTS_WITHIN_S
        while self._newest_ms < clock_ms - _LISTS_LAG_MS and time.monotonic() < deadline:
            self.poll()
            idle()
            time.sleep(0.1)
        self.poll()

    def close(self) -> None:
        """Stops reading."""
        self._stop.set()
        self._follower.join(5)


@contextmanager
def on_kafka(
    settings: Settings,
    events: tuple[Event, ...],
    rules: tuple[Rule, ...],
    take_list: TakesList,
    take_alert: TakesAlert,
    lists_from_ms: int,
) -> Iterator[OnKafka]:
    """The pipeline on an embedded broker, with a worker of its own; every list from `lists_from_ms` (event time) on,
    before it those of the first minutes and of each hour's end. Raises EmbeddedBrokerError where there is none for this
    platform."""
    with tempfile.TemporaryDirectory(prefix="upswell-demo-") as folder:
        config = Path(folder) / "upswell.toml"
        config.write_text(toml_of(Definitions(events=events, rules=rules)), "utf-8")
        told_ms = (lists_from_ms - _BEFORE_MS) // _BEFORE_MS * _BEFORE_MS  # workers look at the clock so often
        flags = ["--config", str(config), "--lists-from", str(told_ms)]
        with (
            starting(settings, flags) as (there, ready),
            closing(OnKafka(there, ready, take_list, take_alert, lists_from_ms - _LISTS_LAG_MS)) as engine,
        ):
            yield engine
