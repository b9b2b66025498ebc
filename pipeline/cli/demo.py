"""`upswell demo`: three simulated hours as a past, then an evening that one can watch: what trends, and why."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from pipeline.alerts.recent import RecentAlerts
from pipeline.cli.common import kafka_faults, tell_link
from pipeline.cli.demo_backends import Engine, InProcess, on_kafka
from pipeline.cli.demo_channels import channels
from pipeline.cli.demo_people import SecondThoughts, added, drawn, trusted
from pipeline.cli.demo_room import DemoRoom
from pipeline.cli.errors import WrongUseError
from pipeline.cli.interrupts import Interrupts
from pipeline.cli.pace import Pace, parse_speed
from pipeline.cli.rank_changes import RankChanges
from pipeline.cli.screen import LiveScreen, RunProgress
from pipeline.cli.terminal import columns, console, line_of, moment, table
from pipeline.clock import utc_ms
from pipeline.kafka.broker import EmbeddedBrokerError
from pipeline.local import Local, Options
from pipeline.moderation.log import MemoryLog
from pipeline.settings import load_settings
from pipeline.sources.simulator.demo import EVENING_MS, demo_events, demo_rules, demo_scenario
from pipeline.sources.simulator.scenario import Scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.web.feed import Feed
from pipeline.web.frame import Clock
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk
from pipeline.web.pictures import Pictures
from pipeline.web.run import WebError, start_web
from pipeline.web.setup.desk import KafkaDesk
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.web.tour import tour_of
from pipeline.web.wall_service import WallService
from schemas import Post, PostError, TrendList, Window, decode_post
from schemas.definitions import Definitions

MINUTE_MS = 60_000
PLAIN_EVERY_MS = 5 * MINUTE_MS  # of event time, between two prints where there is no terminal
AHEAD_MS = 10 * MINUTE_MS  # posts later than this beyond a scenario's end come from a broken clock
PAST_MS = 180 * MINUTE_MS  # of the day before: from three hours on newcomers can be told (docs/trending.md)
OPENING_MS = 19 * MINUTE_MS  # of the evening, counted at once: the rooms are full, and a story is about to break
GLIMPSE_MS = 125 * MINUTE_MS  # with a first whole hour, so that there is something to compare with
GLIMPSED_MS = 3 * MINUTE_MS  # before the end of what is counted at once: of these minutes lists are made
CHANNELS_UP_TO = 120.0  # times the speed of life
HISTORY_POSTS = 2_000  # fed at once while nobody watches
EVENING_POSTS = 100


def demo(
    speed: Annotated[
        str, typer.Option("--speed", metavar="X", help="Of the evening: 60x is a minute a second; max does not wait")
    ] = "60x",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another evening; the same, the same")] = 1,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Of the page; taken or 0: any free one")
    ] = 8080,
    in_process: Annotated[bool, typer.Option("--in-process", help="Without a broker: count in this process")] = False,
) -> None:
    """Watch upswell work on this machine alone: nothing to install, nothing to configure.

    A broker that speaks Kafka's protocol and a worker are started for as long as the demo lasts, and its posts take the
    way that yours would: onto Kafka, through the agents, back from the results topic.

    First three simulated hours are counted at full speed, so that there is a past to compare with. Then the evening is
    played, from where it is lively: two French conferences at the same time, a story that breaks, a ring of bots that
    calls out one topic, people who withdraw what they wrote, a quiet background; rules raise alerts for the conference
    and the story, and none for the ring. What is written about the conferences on Mastodon, Bluesky, Nostr and X, in
    a feed, by SMS and by mail comes from local servers that speak their protocols, from a provider that signs and from
    a letter box, by the adapters of `upswell sources` and `serve`, up to a speed of 120x; and you write yourself, at
    /post/capcomnet. Pictures are drawn here; nothing is fetched. Ctrl-C ends it.

    \b
    Examples:
      upswell demo
      upswell demo --speed 300x --seed 7
    """
    try:
        factor = parse_speed(speed)
    except ValueError as error:
        raise WrongUseError(f"--speed: {error}") from None
    show = _Demo(factor, seed, utc_ms())
    try:
        with Interrupts(), kafka_faults(), show.page(port):
            show.open(glimpse=not in_process)
            with _engine(show, in_process) as engine:
                show.history(engine)
                show.evening(engine)
                show.stay()
    except KeyboardInterrupt:
        pass
    show.last_words("the evening is over" if show.over else "stopped")


@contextmanager
def _engine(show: _Demo, in_process: bool) -> Iterator[Engine]:
    """What counts the demo's posts; without an embedded broker for this platform, this process does."""
    with ExitStack() as stack:
        engine: Engine | None = None
        if not in_process:
            begin_ms = show.opens_ms
            try:
                settings = load_settings(Path(os.devnull))  # the demo is the same in every folder
                kafka = on_kafka(settings, demo_events(), demo_rules(), show.take_list, show.alerts.add, begin_ms)
                engine = on = stack.enter_context(kafka)
                show.setup.desk = KafkaDesk(on.settings, show.redefine)
                from pipeline.alerts.run import give_order  # Kafka's client, without which the page is there sooner

                show.orders.give = partial(give_order, on.settings)
            except EmbeddedBrokerError as error:
                console(sys.stderr).print(Text(f"counting in this process: {error}"))
        if engine is None:
            engine = here = InProcess(demo_events(), demo_rules(), show.take_list, show.alerts.add, show.shows)
            show.orders.give = here.give
        yield engine


class _Demo:
    def __init__(self, speed: float | None, seed: int, now_ms: int) -> None:
        self.speed = speed
        self.seed = seed
        # an evening that is over: no post counts at a time that has not come yet
        self.past, self.scenario = demo_scenario(seed, now_ms - EVENING_MS, PAST_MS)
        self.begins_ms = self.past.start_ms
        self.opens_ms = self.scenario.start_ms + min(OPENING_MS, self.scenario.duration_ms // 3)
        events = demo_events()
        self.boards = [RankChanges(f"event:{event.name}", "1h", event.title or event.name) for event in events]
        self.everything = RankChanges("all", "1h", "everything")
        self.feed, self.kept, self.alerts = Feed(), History(), RecentAlerts()
        self.feed.on_list(self.kept.add)
        self.moderated = next(event for event in events if event.moderation == "manual")
        self.decisions = MemoryLog()
        self.walls = WallService(self.feed, events, log=self.decisions, pictures=Pictures(drawn))
        self.setup = Setup(self.walls.door, history=self.kept)
        self.orders = OrderDesk(self.walls.gate, rules=demo_rules)
        self.room: DemoRoom | None = None  # while there is a page
        self.address = ""
        self.sent = self.dead = 0
        self.clock_ms = self.begins_ms
        self.printed_ms = 0
        self.plays = False  # before, a past is counted
        self.over = False
        self.screen = console(sys.stdout)
        self.glimpsing: threading.Thread | None = None
        self.before: list[Post] = []
        self.opening: list[Post] = []
        self.coming = SecondThoughts().after(self.posts(self.scenario))  # of the evening, what is still to come

    @contextmanager
    def page(self, port: int) -> Iterator[None]:
        """The live page over the demo's lists, for as long as the block runs."""
        with TemporaryDirectory(prefix="upswell-room-") as folder:
            self.room = DemoRoom(self.walls, lambda: max(self.clock_ms, self.opens_ms), Path(folder))
            yield from self._page(port, self.room)

    def _page(self, port: int, room: DemoRoom) -> Iterator[None]:
        parts: dict[str, Any] = {
            "events": demo_events(),
            "alerts": self.alerts,
            "orders": self.orders,
            "examples": self.walls.examples,
            "find": self.walls.find,
            "posts_of": self.walls.posts_of,
            "posts": room.desk,
            "clock": self.clock,
            "tour": tour_of(demo_events()[0].name, self.moderated.name),
            "routers": [*self.walls.routers, room.routes, setup_routes(self.setup)],
            "on_startup": [self.walls.start, room.start],
            "on_shutdown": [self.walls.stop, room.stop],
        }
        try:
            handle = start_web(self.feed, self.kept, port=port, **parts)
        except WebError:
            handle = start_web(self.feed, self.kept, port=0, **parts)
        self.address = handle.address
        console(sys.stderr).print(Text(f"three hours of past are counted; the walls fill meanwhile: {self.address}"))
        tell_link(self.walls.gate, self.address, self.moderated.name)
        try:
            yield
        finally:
            handle.stop()
            self.kept.close()

    def clock(self) -> Clock:
        """By whose clock the pages tell what is now: the evening's, which every list of theirs sets again."""
        ends_ms = self.scenario.start_ms + self.scenario.duration_ms
        return Clock(max(self.clock_ms, self.opens_ms), self.speed or 1.0, ends_ms, self.plays)

    async def redefine(self, definitions: Definitions) -> None:
        """The walls are of these events from now on."""
        await self.walls.redefine(definitions.events)

    def take_list(self, trends: TrendList) -> None:
        self.feed.publish(trends)
        any(board.takes(trends) for board in (self.everything, *self.boards))

    def posts(self, scenario: Scenario) -> Iterator[Post]:
        """The scenario's posts, with faces and pictures; lines that are none are counted."""
        tags = [tag for event in demo_events() for tag in event.hashtags]
        end_ms = scenario.start_ms + scenario.duration_ms + AHEAD_MS
        for line in simulate(scenario, self.seed):
            try:
                post = decode_post(line)
            except PostError:
                self.dead += 1
                continue
            if int(post.time) >= end_ms:
                self.dead += 1
            elif int(post.time) >= self.begins_ms:
                yield added(post, tags)

    def open(self, *, glimpse: bool) -> None:
        """The evening's opening is on the walls at once, and with `glimpse` soon on the lists, too."""
        self.before = list(self.posts(self.past))
        coming = self.coming
        for post in coming:
            if int(post.time) >= self.opens_ms:
                self.coming = chain((post,), coming)
                break
            self.opening.append(post)
        for decision in trusted(self.opening, self.moderated):
            self.decisions.append(decision)
        self.walls.take_soon(self.opening)
        if glimpse:
            self.glimpsing = threading.Thread(target=self.glimpse, name="glimpse", daemon=True)
            self.glimpsing.start()

    def glimpse(self) -> None:
        """Shows the lists of the opening after two hours of past, counted in this process, while a worker starts and
        counts three: they are not final, and its own take their place."""
        last_ms = self.opens_ms - GLIMPSED_MS
        local = Local(Options(pane_ms=MINUTE_MS, partitions=1, events=demo_events()), keeps=self.shows)
        local.ranker.wants = lambda *_: local.ranker.now is not None and local.ranker.now >= last_ms
        local.feed([post for post in self.before if int(post.time) >= self.scenario.start_ms - GLIMPSE_MS])
        local.feed(self.opening)
        for trends in local.current.values():
            self.feed.publish(msgspec.structs.replace(trends, final=False))

    def history(self, engine: Engine) -> None:
        if self.glimpsing is not None:
            self.glimpsing.join()  # whoever watches has something to look at; this takes longer
        began = time.monotonic()
        errors = console(sys.stderr)
        whole_ms = self.opens_ms - self.begins_ms
        posts = iter([*self.before, *self.opening])
        with RunProgress(errors, "three hours of past") as progress:
            while some := list(islice(posts, HISTORY_POSTS)):
                engine.feed(some)
                self.fed(some)
                progress.update(self.clock_ms - self.begins_ms, whole_ms, moment(self.clock_ms))
            engine.begin(lambda: progress.update(whole_ms, whole_ms, "counting what is left"))
        seconds = time.monotonic() - began
        errors.print(Text(f"three simulated hours, {self.sent:,} posts, counted in {seconds:.1f} s {engine.where}"))

    def fed(self, posts: Sequence[Post]) -> None:
        self.sent += len(posts)
        self.clock_ms = max(self.clock_ms, *(int(post.time) for post in posts))

    def shows(self, scope: str, window: Window) -> bool:
        return window == "1h" and scope in [board.scope for board in (self.everything, *self.boards)]

    def evening(self, engine: Engine) -> None:
        def refresh() -> None:
            engine.poll()
            live.update()

        tags = [tag for event in demo_events() for tag in event.hashtags]
        self.plays = True
        with LiveScreen(self.screen, self.frame) as live, ExitStack() as stack:
            through: Callable[[Sequence[Post]], Sequence[Post]] = list
            if self.speed is not None and self.speed <= CHANNELS_UP_TO:  # what comes faster would be late
                through = stack.enter_context(channels(tags, lambda: self.clock_ms)).through
            pace = None if self.speed is None else Pace(self.speed, idle=refresh)
            while posts := list(islice(self.coming, EVENING_POSTS)):
                for due in pace.slices(posts) if pace else (posts,):
                    if told := through(due):
                        self.walls.take_soon(told)
                    if told := [*told, *(self.room.taken() if self.room else ())]:
                        engine.feed(told)
                        self.fed(told)
                    refresh()
                    if not self.screen.is_terminal:
                        self.print_now_and_then()
            engine.finish(self.clock_ms, live.update)
        if not self.screen.is_terminal:
            self.print_boards()

    def stay(self) -> None:
        """The page stays until those who watch have seen enough, whether or not this is a terminal."""
        self.over = True
        self.screen.print(Text(f"the evening is over; {self.address} stays until Ctrl-C"))
        self.wait()

    def wait(self) -> None:
        """Until Ctrl-C."""
        while True:
            time.sleep(1)

    def frame(self, width: int, height: int) -> Iterator[Text]:
        yield Text.assemble(
            ("upswell demo", "bold"),
            (f"  {moment(self.clock_ms)[-5:]} UTC", "bold green"),
            (f"  {f'{self.speed:g}x  ' if self.speed else ''}{self.sent:,} posts  ", "dim"),
            (f"{self.dead:,} unreadable  {self.address}  Ctrl-C ends", "dim"),
            no_wrap=True,
            overflow="crop",
        )
        newest = self.alerts.of()[:1]
        yield Text(f"alert: {line_of(newest[0])}" if newest else "", style="bold red", no_wrap=True, overflow="crop")
        rows = max(height - 3 - 2 - 2, 5)
        small = min(max(rows * 2 // 5, 2), 10)
        half = (width - 2) // 2
        left, right = (list(table(board, small, half)) for board in self.boards[:2])
        yield from columns(left, right, width)
        yield from [Text()] * (small + 2 - max(len(left), len(right)) + 1)
        yield from table(self.everything, rows - small, width)

    def print_now_and_then(self) -> None:
        if self.clock_ms - self.printed_ms >= PLAIN_EVERY_MS:
            self.print_boards()

    def print_boards(self) -> None:
        self.printed_ms = self.clock_ms
        for board in (*self.boards, self.everything):
            for line in table(board, 5, self.screen.width):
                self.screen.print(line, soft_wrap=True)
        sys.stdout.flush()

    def last_words(self, ending: str) -> None:
        if self.screen.is_terminal and self.everything.shown:
            for line in self.frame(*self.screen.size):
                self.screen.print(line, no_wrap=True, overflow="crop")
        self.screen.print(
            Text(
                f"{ending} at {moment(self.clock_ms)} UTC of simulated time, after {self.sent:,} posts. "
                "Now with posts of your own: upswell replay FILE..."
            )
        )
