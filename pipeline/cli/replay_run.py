"""One replay from its first record to its summary: reads, counts, writes, shows, and says how far it came."""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Protocol

import typer
from rich.text import Text

from pipeline.cli import summary
from pipeline.cli.archive_flags import with_notes_said
from pipeline.cli.common import counting
from pipeline.cli.errors import FAILED, INTERRUPTED, CommandError, WrongUseError, complain
from pipeline.cli.highlights import Highlights
from pipeline.cli.interrupts import Interrupts
from pipeline.cli.outputs import STDOUT, LineFile, PaneCount, dead_line
from pipeline.cli.pace import Pace
from pipeline.cli.rank_changes import RankChanges
from pipeline.cli.screen import LiveScreen, RunProgress
from pipeline.cli.summary import Tally
from pipeline.cli.terminal import console, moment, table
from pipeline.gc_tuning import IN_FLIGHT, collect_rarely
from pipeline.local import Local
from pipeline.settings import Settings
from pipeline.sources.archives.batches import ArchiveError, Batch
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.read import read_archives
from schemas import Post, TrendList, Window

MINUTE_MS = 60_000
SPAN_MS = 60 * MINUTE_MS
SHOWN_MS = 24 * 60 * MINUTE_MS  # before its end: of what went before only what trended is told
_time_ms = attrgetter("time")
SORTING = "putting posts in order of time"


class ClosedPane(Protocol):
    """What is asked of a pane that is final: its start (ms) and (topic, posts, people) by topic, of scope `all`."""

    @property
    def start(self) -> int: ...
    def topics(self) -> Sequence[tuple[str, int, int]]: ...


@dataclass(frozen=True)
class Plan:
    """What a replay is to do, as its flags said it."""

    paths: list[str]
    archive_format: str = "auto"
    given: Given = field(default_factory=Given)
    out: str | None = None
    counts: str | None = None
    dead: str | None = None
    top: int = 10
    window: Window = "1h"
    scope: str = "all"
    speed: float | None = None  # None: as fast as it goes
    end_ms: int | None = None  # the newest post is to be of this time

    @property
    def prints_data(self) -> bool:
        return STDOUT in (self.out, self.counts, self.dead)

    def batches(self) -> Iterator[Batch]:
        return read_archives(self.paths, format=self.archive_format, given=self.given, stdin=sys.stdin.buffer)


def by_span(posts: Sequence[Post], span_ms: int) -> Iterator[Sequence[Post]]:
    """The posts in their order, in runs that cover about `span_ms` of event time at most.

    Counting a run of sparse posts makes the lists of all the minutes between them: without an end now and then, neither
    progress nor Ctrl-C could tell how far it came.
    """
    start = 0
    while start < len(posts):
        end = bisect_right(posts, int(posts[start].time) + span_ms, start + 1, key=_time_ms)
        yield posts[start:end]
        start = end


def retime_ms(plan: Plan) -> int:
    """By how much to shift all posts, in whole minutes, so that minutes stay what they were."""
    if plan.end_ms is None:
        return 0
    newest = -1
    with RunProgress(console(sys.stderr), "looking for the newest post") as progress:
        for batch in plan.batches():
            newest = max([newest, *(int(post.time) for post in batch.posts)])
            progress.update(batch.bytes_read, batch.bytes_total, "")
    return 0 if newest < 0 else (plan.end_ms - newest) // MINUTE_MS * MINUTE_MS


def shift(posts: Sequence[Post], shift_ms: int) -> None:
    """Moves posts, and when they were withdrawn, by so much."""
    for post in posts:
        post.time = int(post.time) + shift_ms
        if post.deleted is not None:
            post.deleted = int(post.deleted) + shift_ms


class Running(Protocol):
    """A replay under way."""

    tally: Tally

    def to_the_end(self) -> None: ...
    def written(self) -> str:
        """How much of it is where it is to be, as the end of a sentence."""

    def report(self) -> None: ...


def carry_out(run: Running) -> None:
    """Runs it to its end and reports. Raises CommandError when it fails, WrongUseError when the input does not fit its
    flags, typer.Exit(130) when it is interrupted."""
    try:
        run.to_the_end()
    except KeyboardInterrupt:
        complain(f"interrupted {run.tally.reached()}{run.written()}")
        raise typer.Exit(INTERRUPTED) from None
    except ArchiveError as error:
        if not run.tally.records:
            raise WrongUseError(str(error)) from None
        raise CommandError(f"{error}; stopped {run.tally.reached()}{run.written()}") from None
    run.report()
    if nothing := run.tally.nothing():
        complain(nothing)
    if run.tally.failed or nothing:
        raise typer.Exit(FAILED)


def play(plan: Plan, settings: Settings) -> None:
    """Counts the plan's archives here. Raises as `carry_out` does."""
    collect_rarely(IN_FLIGHT)
    carry_out(_Run(plan, settings))


class _Run:
    out: LineFile | None = None
    counts: LineFile | None = None
    dead: LineFile | None = None

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.plan = plan
        self.tally = Tally()
        self.board = RankChanges(plan.scope, plan.window)
        self.highlights = Highlights(plan.top)
        self.for_people = console(sys.stderr if plan.prints_data else sys.stdout)
        self.lateness_flag = f"--max-out-of-orderness-ms (now {settings.max_out_of_orderness_ms})"
        self.began = time.monotonic()
        self.local = Local(
            counting(settings),
            on_panes=self.take_panes if plan.counts else None,
            on_list=self.take_list,
            keeps=None if plan.out else self.shows,
        )

    def shows(self, scope: str, window: Window) -> bool:
        """Which lists there are where no file takes them all."""
        return (scope, window) == (self.plan.scope, self.plan.window)

    def open_files(self, interrupts: Interrupts, stack: ExitStack) -> None:
        for name in ("out", "counts", "dead"):
            path = getattr(self.plan, name)
            if path is not None:
                file = LineFile(f"--{name}", path, interrupts, at_once=self.plan.speed is not None)
                setattr(self, name, stack.enter_context(file))

    def take_list(self, trends: TrendList) -> None:
        if self.out:
            self.out.write(trends)
        if self.board.takes(trends):
            self.highlights.take(trends)

    def take_panes(self, pane: ClosedPane) -> None:
        assert self.counts
        self.counts.write(*(PaneCount(pane.start, *row) for row in pane.topics()))

    def to_the_end(self) -> None:
        watched = self.plan.speed is not None and self.for_people.is_terminal
        with Interrupts() as interrupts, ExitStack() as stack:
            shift_ms = retime_ms(self.plan)
            self.open_files(interrupts, stack)
            progress = stack.enter_context(RunProgress(console(sys.stderr), "replay", shown=not watched))
            pace = None
            if self.plan.speed is not None:
                screen = stack.enter_context(LiveScreen(self.for_people, self.frame))
                pace = Pace(self.plan.speed, idle=screen.update)
            for batch in with_notes_said(self.plan.batches()):
                before = self.tally.bytes_read
                self.take_batch(batch, shift_ms)
                if pace is None and not self.out and batch.posts:
                    self.local.ranker.for_trends_before = int(batch.posts[-1].time) - SHOWN_MS
                if batch.sorting:
                    progress.update(batch.bytes_read, batch.bytes_total, SORTING)
                    continue
                done = 0
                for due in pace.slices(batch.posts) if pace else by_span(batch.posts, SPAN_MS):
                    self.local.feed(due)
                    self.tally.at_ms = int(due[-1].time)
                    done += len(due)
                    part = (batch.bytes_read - before) * done / len(batch.posts)
                    progress.update(before + part, batch.bytes_total, self.clock())
                progress.update(batch.bytes_read, batch.bytes_total, self.clock())
                for file in self.files():
                    file.flush()
            progress.update(self.tally.bytes_read, self.tally.bytes_total, "closing the last panes")
            self.local.finish()

    def take_batch(self, batch: Batch, shift_ms: int) -> None:
        if shift_ms:
            shift(batch.posts, shift_ms)
        self.tally.take(batch)
        if self.dead:
            self.dead.write(*(dead_line(it.file, it.line, it.reason, it.detail, it.raw) for it in batch.dead))

    def clock(self) -> str:
        return "" if self.tally.at_ms is None else f"{moment(self.tally.at_ms)}  {self.tally.records:,} records"

    def frame(self, width: int, height: int) -> Iterator[Text]:
        lines = list(table(self.board, min(self.plan.top, height - 4), width))
        yield from lines
        yield Text()
        yield Text(f"{self.clock()}   {self.plan.speed:g}x   Ctrl-C ends", style="dim", no_wrap=True, overflow="crop")

    def files(self) -> list[LineFile]:
        return [file for file in (self.out, self.counts, self.dead) if file]

    def written(self) -> str:
        """How much each output file holds."""
        files = [file for file in self.files() if file.path != STDOUT]
        return "".join(f"; {file.path} holds {file.lines:,} whole lines" for file in files)

    def report(self) -> None:
        for line in table(self.board, self.plan.top, self.for_people.width, beneath=True):
            self.for_people.print(line, no_wrap=True, overflow="ellipsis")
        if self.board.shown and not self.board.shown.trends:
            self.for_people.print(Text("nothing was talked about any more at the end of the input"), soft_wrap=True)
        self.for_people.print()
        for line in self.highlights.lines(self.for_people.width):
            self.for_people.print(line, no_wrap=True, overflow="ellipsis")
        self.for_people.print()
        elapsed_s = time.monotonic() - self.began
        for text in summary.lines(self.tally, self.local.stats, self.lateness_flag, elapsed_s):
            self.for_people.print(Text(text), soft_wrap=True)
