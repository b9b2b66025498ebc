"""`upswell report`: an event's debrief from archives, as a page to pass on and as JSON."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pipeline.cli.archive_flags import files_of, with_notes_said
from pipeline.cli.common import BrokersFlag, ConfigFlag, check_language, counting, kafka_faults, settings_in_force
from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.event_report import Debrief
from pipeline.cli.outputs import refuse_overlap
from pipeline.cli.report_page import html_of
from pipeline.local import Local
from pipeline.moderation.log import DecisionLog, LogError, SqliteLog
from pipeline.moderation.state import Moderation
from pipeline.settings import Settings
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.read import read_archives
from pipeline.wording import DEFAULT


def report(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Name of an [[event]] of the settings")],
    paths: Annotated[list[str], typer.Argument(metavar="ARCHIVE...", help="Files, directories or globs; - is stdin")],
    out: Annotated[str | None, typer.Option("--out", metavar="F", help="HTML file [default: EVENT.html]")] = None,
    json_out: Annotated[str | None, typer.Option("--json", metavar="F", help="JSON file too; - for stdout")] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="L", help="Language of the page: en, es, fr")] = DEFAULT,
    decisions: Annotated[
        str | None,
        typer.Option("--decisions", metavar="F", help="Leave out what is blocked by: kafka, or serve's --walls file"),
    ] = None,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Write what happened at an event: time line, phases, topics, people, posts, peaks and their cause.

    \b
    Example:
      upswell report capcomnet archive/ --out capcomnet.html --json capcomnet.json
      upswell report capcomnet archive/ --lang fr --decisions kafka
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    found = next((it for it in settings.events if it.name == event), None)
    if found is None:
        known = ", ".join(it.name for it in settings.events) or "there is none"
        raise WrongUseError(f"{event}: no such event (known: {known}); describe it as [[event]] in upswell.toml")
    check_language(lang)
    html_file = out or f"{found.name}.html"
    files = files_of(paths)
    refuse_overlap({"--out": html_file, "--json": json_out}, files)
    debrief = Debrief(found, _moderation(settings, decisions) if decisions else None)
    local = Local(
        replace(counting(settings), events=(found,), watchlists=()),
        on_list=debrief.take_list,
        keeps=lambda scope, window: (scope, window) == (f"event:{found.name}", "1h"),
    )
    try:
        for batch in with_notes_said(read_archives(files, stdin=sys.stdin.buffer)):
            for post in batch.posts:
                debrief.take(post)
            local.feed(batch.posts)
    except ArchiveError as error:
        raise CommandError(str(error)) from None
    local.finish()
    told = debrief.report()
    _write(html_file, html_of(told, lang).encode())
    if json_out:
        _write(json_out, msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    print(f"{told.posts:,} posts by {told.people:,} people: {html_file}", file=sys.stderr)


def _moderation(settings: Settings, source: str) -> Moderation:
    """What moderators have decided. Raises CommandError, WrongUseError."""
    if source == "kafka":
        from pipeline.kafka.decisions import KafkaLog

        with kafka_faults():
            log: DecisionLog = KafkaLog(settings)
    elif not Path(source).is_file():
        raise WrongUseError(f"--decisions: {source}: no such file; name kafka, or the file of `upswell serve --walls`")
    else:
        try:
            log = SqliteLog(source)
        except LogError as error:
            raise CommandError(str(error)) from None
    with closing(log):
        try:
            return Moderation(log.fresh())
        except LogError as error:
            raise CommandError(str(error)) from None


def _write(name: str, data: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        Path(name).write_bytes(data)
    except OSError as error:
        raise CommandError(f"{name}: cannot be written ({error.strerror})") from None
