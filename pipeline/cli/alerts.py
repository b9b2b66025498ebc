"""`upswell alerts`: what was raised, delivered; what archives would have raised; receivers tried out; orders."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from pipeline.cli.archive_flags import files_of, with_notes_said
from pipeline.cli.common import (
    BrokersFlag,
    ByFlag,
    ConfigFlag,
    counting,
    kafka_faults,
    length_ms,
    login,
    need,
    settings_in_force,
    until_told,
)
from pipeline.cli.errors import INTERRUPTED, CommandError, WrongUseError, complain
from pipeline.cli.replay_run import by_span
from pipeline.cli.screen import RunProgress
from pipeline.cli.terminal import console, line_of
from pipeline.clock import utc_ms
from pipeline.local import Local
from pipeline.settings import Settings
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.read import read_archives
from pipeline.text import printable, topic_key
from pipeline.trends.alerting import Alerting
from schemas import PostError, TrendList, parse_time
from schemas.alerts import Alert, Order

_YEAR_MS = 366 * 86_400_000  # the longest mute
_SPAN_MS = 3_600_000  # posts are counted this much event time at a time, so that Ctrl-C is heard


def alerts(
    action: Annotated[
        Literal["follow", "dry-run", "test", "mute", "unmute", "ack"],
        typer.Argument(
            metavar="follow|dry-run|test|mute|unmute|ack",
            help="Alert live; tell what would have fired; try receivers; silence a rule; look after what fires",
        ),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="dry-run: files; test: receivers; mute, unmute, ack: RULE [TOPIC]"),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="A line each for people, or JSON lines")
    ] = "text",
    state: Annotated[Path, typer.Option("--state", metavar="FILE", help="follow: what was taken and delivered")] = Path(
        "alerts.db"
    ),
    muted_for: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="mute: how long, such as 90m or 2d [default: 2h]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="mute: until then, such as 2026-11-24T18:00Z")
    ] = None,
    by: ByFlag = None,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Alerts by the [[rule]] tables of upswell.toml, for its [[receiver]] tables (docs/alerts.md).

    Workers raise alerts on the topic alerts; follow tells them and brings them to the receivers, until Ctrl-C. dry-run
    plays archives and tells what would have fired, when and why; nothing is sent. test sends each receiver one alert
    marked as a test. mute and unmute a rule, or one topic of it, and ack (somebody looks after what fires) are obeyed
    by the workers from the next list on and kept through restarts; the page shows who looks after an alert.

    \b
    Examples:
      upswell alerts dry-run archive/
      upswell alerts test ops
      upswell alerts mute apple-trends '$AAPL' --for 2h
      upswell alerts follow --state /var/lib/upswell/alerts.db
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    if action in ("follow", "test"):
        for receiver in settings.receivers:
            if receiver.kind == "apprise":
                need("alerts", f"the receiver {receiver.name}")
    if action == "test":
        _test(settings, names or [])
        return
    if action in ("mute", "unmute", "ack"):
        _order(settings, action, names or [], muted_for, until, by)
        return
    if action == "dry-run":
        _dry_run(settings, names or [], output)
    elif names:
        raise WrongUseError(f"follow takes no names, and there is {names[0]!r}; it reads the alerts on Kafka")
    else:
        _follow(settings, state, output)


def _order(
    settings: Settings, action: str, names: list[str], muted_for: str | None, muted_until: str | None, by: str | None
) -> None:
    from pipeline.alerts.run import give_order

    rules = [rule.name for rule in settings.rules]
    if not 1 <= len(names) <= 2 or names[0] not in rules:
        raise WrongUseError(f"{action}: name a rule, and a topic if you like (rules: {', '.join(rules) or 'none'})")
    now = utc_ms()
    until_ms = _until(now, muted_for, muted_until)
    topic = topic_key(names[1]) if len(names) == 2 else ""
    if len(names) == 2 and not topic:
        raise WrongUseError(f"{action}: {names[1][:40]!r} has no letters; write it like #capcomnet")
    kind: Literal["mute", "unmute", "acknowledge"] = "acknowledge" if action == "ack" else action  # type: ignore[assignment]
    order = Order(kind, names[0], topic, by or login(), now, until_ms if action == "mute" else 0)
    try:
        msgspec.json.decode(msgspec.json.encode(order), type=Order)
    except msgspec.ValidationError as error:
        raise WrongUseError(f"{action}: {printable(str(error), 200)}") from None
    with kafka_faults():
        asyncio.run(give_order(settings, order))
    until = dt.datetime.fromtimestamp(order.until / 1_000, dt.UTC)
    print(
        f"{order.action}: {printable(' '.join((order.rule, topic)).strip())}"
        + (f" until {until:%Y-%m-%d %H:%M} UTC" if order.until else "")
    )


def _until(now: int, muted_for: str | None, muted_until: str | None) -> int:
    """The end of a mute in ms. Raises WrongUseError."""
    if muted_until is None:
        until = now + length_ms("--for", muted_for or "2h")
    elif muted_for is not None:
        raise WrongUseError("--for and --until: name one of both")
    else:
        text = muted_until.strip()
        try:
            until = parse_time(f"{text[:-1]}:00Z" if re.fullmatch(r".{10}[T ]\d\d:\d\d[Zz]", text) else text)
        except PostError:
            raise WrongUseError(f"--until: {text[:40]!r} is no time; write it like 2026-11-24T18:00Z") from None
    if not now < until <= now + _YEAR_MS:
        raise WrongUseError(f"{'--until' if muted_until else '--for'}: a time to come, within a year, is needed")
    return until


def _dry_run(settings: Settings, paths: list[str], output: str) -> None:
    if not settings.rules:
        raise WrongUseError("there is no rule; describe one as [[rule]] in upswell.toml (docs/alerts.md)")
    if not paths:
        raise WrongUseError("name the archives to play: upswell alerts dry-run ARCHIVE...")
    files, run = files_of(paths), _DryRun(settings, output)
    try:
        run.play(files)
    except KeyboardInterrupt:
        complain(f"interrupted after {run.told()}")
        raise typer.Exit(INTERRUPTED) from None
    except ArchiveError as error:
        raise CommandError(f"{error}; stopped after {run.told()}") from None
    complain(run.told())


def _test(settings: Settings, names: list[str]) -> None:
    from pipeline.alerts.run import try_receivers

    known = {receiver.name: receiver for receiver in settings.receivers}
    if not known:
        raise WrongUseError("there is no receiver; describe one as [[receiver]] in upswell.toml (docs/alerts.md)")
    for name in names:
        if name not in known:
            raise WrongUseError(f"{name}: no such receiver (known: {', '.join(known)})")
    faults = 0
    for name, fault, answer in asyncio.run(try_receivers(settings, [known[name] for name in names or known])):
        print(f"{name}: {answer}" if not fault else f"{name}: not delivered: {fault}")
        faults += bool(fault)
    if faults:
        raise CommandError(f"{faults} of {len(names or known)} receivers did not take the alert")


def _follow(settings: Settings, state: Path, output: str) -> None:
    from pipeline.alerts.outbox import OutboxError
    from pipeline.alerts.run import follow
    from pipeline.health import ExposeError

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt), kafka_faults():
        try:
            asyncio.run(until_told(follow(settings, state, lambda alert: _tell(alert, output), complain)))
        except (OutboxError, ExposeError) as error:
            raise CommandError(str(error)) from None


def _tell(alert: Alert, output: str) -> None:
    if output == "json":
        sys.stdout.buffer.write(msgspec.json.encode(alert) + b"\n")
    else:
        print(line_of(alert))
    sys.stdout.flush()


class _DryRun:
    def __init__(self, settings: Settings, output: str) -> None:
        self._output = output
        self._posts = self._fired = 0
        self._alerting = Alerting(settings.rules)
        self._local = Local(
            counting(settings),
            on_list=self._take,
            keeps=None if any(rule.kind == "silence" for rule in settings.rules) else self._alerting.wants,
        )

    def play(self, files: list[str]) -> None:
        with RunProgress(console(sys.stderr), "dry run") as progress:
            for batch in with_notes_said(read_archives(files, stdin=sys.stdin.buffer)):
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
            _tell(alert, self._output)
