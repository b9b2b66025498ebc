"""`upswell alerts dry-run`: what the rules would have alerted to in archives, and when."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated, Literal

import msgspec
import typer

from pipeline.cli.common import ConfigFlag, settings_in_force
from pipeline.cli.errors import INTERRUPTED, CommandError, WrongUseError, complain
from pipeline.cli.playing import by_span
from pipeline.cli.screen import RunProgress
from pipeline.cli.terminal import console
from pipeline.local import Local, Options
from pipeline.settings import Settings
from pipeline.sources.archives import ArchiveError, find_files, read_archives
from pipeline.text import printable
from pipeline.trends.alerting import Alerting
from schemas import TrendList
from schemas.alerts import Alert

_SPAN_MS = 3_600_000  # posts are counted this much event time at a time, so that Ctrl-C is heard


def alerts(
    action: Annotated[Literal["dry-run"], typer.Argument(metavar="dry-run", help="Tell what would fire")],
    paths: Annotated[list[str], typer.Argument(metavar="ARCHIVE...", help="Files, directories or globs; - is stdin")],
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="A line each for people, or JSON lines")
    ] = "text",
    config: ConfigFlag = None,
) -> None:
    """Play archives past the [[rule]] tables of upswell.toml and tell each alert: when, what, why, when it was over.

    Nothing is sent to anybody. The same posts fire the same alerts live.

    \b
    Examples:
      upswell alerts dry-run archive/
      upswell alerts dry-run 'tweets/2014-04*.gz' --config watch.toml --format json
    """
    assert action == "dry-run"
    settings = settings_in_force(config)
    if not settings.rules:
        raise WrongUseError("there is no rule; describe one as [[rule]] in upswell.toml (docs/alerts.md)")
    try:
        files = [str(file) for file in find_files(paths)]
    except ArchiveError as error:
        raise WrongUseError(str(error)) from None
    run = _DryRun(settings, output)
    try:
        run.play(files)
    except KeyboardInterrupt:
        complain(f"interrupted after {run.told()}")
        raise typer.Exit(INTERRUPTED) from None
    except ArchiveError as error:
        raise CommandError(f"{error}; stopped after {run.told()}") from None
    complain(run.told())


class _DryRun:
    def __init__(self, settings: Settings, output: str) -> None:
        self._output = output
        self._posts = self._fired = 0
        self._alerting = Alerting(settings.rules)
        self._local = Local(
            Options(
                settings.pane_ms, settings.lateness_ms, settings.partitions, settings.events, settings.watchlists
            ),
            on_list=self._take,
            wants=self._alerting.wants,
        )

    def play(self, files: list[str]) -> None:
        with RunProgress(console(sys.stderr), "dry run") as progress:
            for batch in read_archives(files, stdin=sys.stdin.buffer):
                for posts in by_span(batch.posts, _SPAN_MS):
                    self._posts += len(posts)
                    self._local.feed(posts)
                    progress.update(batch.bytes_read, batch.bytes_total, f"{self._fired} alerts")
            self._local.finish()

    def told(self) -> str:
        """How far it came."""
        return f"{self._posts:,} posts: {self._fired:,} alert{'' if self._fired == 1 else 's'} fired"

    def _take(self, trends: TrendList) -> None:
        for alert in self._alerting.take(trends):
            self._fired += alert.status == "firing"
            if self._output == "json":
                sys.stdout.buffer.write(msgspec.json.encode(alert) + b"\n")
            else:
                print(line_of(alert))
        sys.stdout.flush()


def line_of(alert: Alert) -> str:
    """An alert on one line, safe to show."""
    at = dt.datetime.fromtimestamp(alert.at / 1_000, dt.UTC)
    flags = f" [{', '.join(alert.flags)}]" if alert.flags else ""
    if alert.status == "resolved":
        what = f"over: {alert.display or alert.scope}, fired {(alert.at - alert.fired) // 60_000} min ago"
    else:
        what = alert.why
    return f"{at:%Y-%m-%d %H:%M} UTC  {alert.severity:<8}  {alert.rule}{flags}  {printable(what)}"
