"""`upswell trends`: the lists that workers publish, live in the terminal or as JSON lines."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from pipeline.cli.common import BrokersFlag, ConfigFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import INTERRUPTED
from pipeline.cli.rank_changes import RankChanges
from pipeline.cli.replay import check_scope
from pipeline.cli.screen import LiveScreen
from pipeline.cli.terminal import console, table
from pipeline.kafka.results import follow_trends
from pipeline.settings import Settings
from schemas import TrendList, Window

REDRAWN_EVERY_S = 0.25


def trends(
    scope: Annotated[
        str, typer.Option("--scope", metavar="S", help="List shown: all, lang:fr, source:NAME or event:NAME")
    ] = "all",
    window: Annotated[Window, typer.Option("--window", help="List shown: trends of minutes, hours or days")] = "1h",
    top: Annotated[int, typer.Option("--top", min=1, max=20, metavar="N", help="Rows of the table shown")] = 10,
    follow: Annotated[
        bool | None,
        typer.Option("--follow/--once", help="Go on, or end with the newest list [default: follow on a terminal]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The lists as JSON lines, as they are on Kafka")] = False,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Follow what trends, as the workers publish it.

    \b
    Examples:
      upswell trends --window 5m --scope lang:fr
      upswell trends --once
      upswell trends --json --follow | jq -r '.trends[0].topic'
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    check_scope(scope, settings)
    if follow is None:
        follow = sys.stdout.isatty()
    view = _View(RankChanges(scope, window), top, follow, as_json)
    try:
        with kafka_faults():
            asyncio.run(view.run(settings))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


class _View:
    def __init__(self, board: RankChanges, top: int, follow: bool, as_json: bool) -> None:
        self.board, self.top, self.follow, self.as_json = board, top, follow, as_json
        self.console = console(sys.stdout)
        self.ended = False

    async def run(self, settings: Settings) -> None:
        if self.follow and not self.as_json and self.console.is_terminal:
            with LiveScreen(self.console, self.frame) as screen:
                redraw = asyncio.ensure_future(_redraw(screen))
                try:
                    async for trends in follow_trends(settings, live=True):
                        self.takes(trends)
                finally:
                    redraw.cancel()
            return
        async for trends in follow_trends(settings, once=not self.follow, live=True):
            if self.takes(trends) and self.follow:
                self.show()
        if not self.follow:
            self.show()

    def takes(self, trends: TrendList) -> bool:
        """Whether the list is one to show: a repetition after a worker's restart is not, nor a provisional list of a
        moment whose final one has come."""
        shown = self.board.shown
        same = (trends.scope, trends.window) == (self.board.scope, self.board.window)
        if same and shown is not None and (trends.at < shown.at or (trends.at == shown.at and shown.final)):
            return False
        return self.board.takes(trends)

    def show(self) -> None:
        if self.as_json:
            if self.board.shown is not None:
                sys.stdout.write(msgspec.json.encode(self.board.shown).decode() + "\n")
                sys.stdout.flush()
            return
        for line in table(self.board, self.top, self.console.width, beneath=True):
            self.console.print(line, no_wrap=True, overflow="ellipsis")
        if self.follow:
            self.console.print()

    def frame(self, width: int, height: int) -> Iterator[Text]:
        yield from table(self.board, min(self.top, max(height - 4, 1)), width)
        yield Text()
        shown = self.board.shown
        note = "final" if shown and shown.final else "live, not final yet" if shown else "waiting for a first list"
        yield Text(f"{note}   Ctrl-C ends", style="dim", no_wrap=True, overflow="crop")


async def _redraw(screen: LiveScreen) -> None:
    while True:
        screen.update()
        await asyncio.sleep(REDRAWN_EVERY_S)
