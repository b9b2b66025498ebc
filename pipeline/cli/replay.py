"""`upswell replay`: archives of posts through the pipeline, by the posts' own clock; what trended, and when."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from pipeline.cli.archive_flags import (
    AuthorFlag,
    ColumnsFlag,
    EncodingFlag,
    FormatFlag,
    SourceFlag,
    TimeFormatFlag,
    ZoneFlag,
    check_format,
    files_of,
    parse_given,
)
from pipeline.cli.common import BrokersFlag, ConfigFlag, LatenessFlag, PaneFlag, PartitionsFlag, settings_in_force
from pipeline.cli.errors import WrongUseError, complain
from pipeline.cli.outputs import refuse_overlap
from pipeline.cli.pace import parse_speed
from pipeline.cli.replay_run import Plan, play
from pipeline.clock import utc_ms
from pipeline.settings import Settings
from pipeline.sources.archives.files import left_out
from schemas import Window

STDIN = "-"


def replay(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files, directories or globs (.gz .bz2 .zst too); - is standard input"),
    ],
    out: Annotated[
        str | None, typer.Option("--out", metavar="F", help="Write every final list of every scope to F (JSON lines)")
    ] = None,
    counts: Annotated[
        str | None, typer.Option("--counts", metavar="F", help="Write every closed pane's counts to F (JSON lines)")
    ] = None,
    dead: Annotated[
        str | None, typer.Option("--dead", metavar="F", help="Write every record that is no post to F (JSON lines)")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=20, metavar="N", help="Rows of the table shown")] = 10,
    window: Annotated[Window, typer.Option("--window", help="List shown: trends of minutes, hours or days")] = "1h",
    scope: Annotated[
        str, typer.Option("--scope", metavar="S", help="List shown: all, lang:fr, source:NAME or event:NAME")
    ] = "all",
    speed: Annotated[
        str, typer.Option("--speed", metavar="X", help="max, or by the posts' clock: 1x, 60x (with a live table)")
    ] = "max",
    archive_format: FormatFlag = "auto",
    columns: ColumnsFlag = None,
    zone: ZoneFlag = None,
    time_format: TimeFormatFlag = None,
    source: SourceFlag = None,
    author: AuthorFlag = None,
    encoding: EncodingFlag = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show what is read from where, for the first records of each file; no count"),
    ] = False,
    retime: Annotated[
        Literal["now"] | None, typer.Option("--retime", help="Shift all posts so that the newest is of now")
    ] = None,
    to_kafka: Annotated[
        bool, typer.Option("--to-kafka", help="Push the posts to Kafka for the workers, instead of counting them here")
    ] = False,
    brokers: BrokersFlag = None,
    partitions: PartitionsFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Play archives of posts through the pipeline, by the posts' own clock, and show what trended at their end.

    \b
    Examples:
      upswell replay archive/ --top 20 --window 24h     a folder of files, the day's list
      upswell replay 'tweets/2014-*.gz' --out lists.ndjson --counts panes.ndjson
      upswell replay posts.csv --columns text=tweet,author=user,time=date,id=nr
      upswell replay export.csv --time-format '%d/%m/%Y %H:%M' --zone Europe/Paris --explain
      upswell replay event.ndjson --speed 60x           as it happened, a minute a second
      zcat posts.gz | upswell replay - --out - | jq .   from and to other programs
      upswell replay archive/ --to-kafka                onto the posts topic, for `upswell worker`

    F may be - for standard output; what is for people then goes to standard error. Output is written as it comes: after
    Ctrl-C the files hold whole lines up to where the run came. Records that are no posts are counted, never a failure.
    """
    settings = settings_in_force(
        config,
        partitions=partitions,
        pane_ms=pane_ms,
        max_out_of_orderness_ms=max_out_of_orderness_ms,
        kafka_brokers=brokers,
    )
    if to_kafka and (out or counts):
        raise WrongUseError("--to-kafka counts nothing here: leave out --out and --counts, and see `upswell trends`")
    check_scope(scope, settings)
    check_format(archive_format)
    try:
        factor = parse_speed(speed)
    except ValueError as error:
        raise WrongUseError(f"--speed: {error}") from None
    files = files_of(paths)
    for note in left_out(paths):
        complain(note)
    if retime and STDIN in files:
        raise WrongUseError("--retime now reads the input twice, which standard input does not allow; name a file")
    refuse_overlap({"--out": out, "--counts": counts, "--dead": dead}, files)
    if STDIN in files and sys.stdin.isatty():
        print("upswell: reading posts from the keyboard, a line each; Ctrl-D ends", file=sys.stderr)
    plan = Plan(
        paths=files,
        archive_format=archive_format,
        given=parse_given(columns, zone, time_format, source, author, encoding),
        out=out,
        counts=counts,
        dead=dead,
        top=top,
        window=window,
        scope=scope,
        speed=factor,
        end_ms=utc_ms() if retime else None,
    )
    if explain:
        from pipeline.cli.explain import explain_files

        explain_files(plan)
    elif to_kafka:
        from pipeline.cli.replay_to_kafka import push

        push(plan, settings)
    else:
        play(plan, settings)


def check_scope(scope: str, settings: Settings) -> None:
    """Raises WrongUseError for a scope that no list can have."""
    if complaint := settings.unknown_scope(scope):
        raise WrongUseError(f"--scope {scope}: {complaint}")
