"""`upswell evaluate`: how good the live list is on a stream whose bursts are known, beside simple baselines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

import msgspec
import orjson
import typer
from rich.text import Text

from pipeline.cli.archive_flags import FormatFlag, with_notes_said
from pipeline.cli.common import (
    ConfigFlag,
    LatenessFlag,
    PaneFlag,
    PartitionsFlag,
    length_ms,
    settings_in_force,
)
from pipeline.cli.errors import WrongUseError
from pipeline.cli.evaluate_plot import check_plot, draw
from pipeline.cli.evaluate_table import KINDS, Judged, as_object, table
from pipeline.cli.screen import RunProgress
from pipeline.cli.terminal import console, moment
from pipeline.evaluation.judging import Planted, beside_labels, listed_hours_a_day, repeats, verdict
from pipeline.evaluation.lives import Lives, lives_above, lowest_threshold
from pipeline.evaluation.methods import Series, baselines
from pipeline.evaluation.observing import Observation, Span
from pipeline.gc_tuning import collect_rarely
from pipeline.local import Options
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.files import find_files
from pipeline.sources.archives.read import read_archives
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import Simulation
from pipeline.text import topic_key
from pipeline.trends.score import HOUR_MS

SIMULATED_MS, SIMULATED_RATE, SIMULATED_SEED = 6 * HOUR_MS, 5.0, 1  # the stream that is judged where none is named


def evaluate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH...]",
            help="Files, directories or globs (.gz .bz2 .zst too); - is standard input; without any, simulated posts",
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option("--truth", metavar="F", help="The labels, one JSON object a line, as simulate writes them"),
    ] = None,
    warmup: Annotated[
        str, typer.Option("--warmup", metavar="LENGTH", help="How much of the beginning is not judged: 90m, 2h, 1d")
    ] = "2h",
    archive_format: FormatFlag = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw what was found at which price, as .png, .svg or .pdf"),
    ] = None,
    partitions: PartitionsFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Judge the live list on a labelled stream: what it found, how soon, how much of it was right.

    Beside it stand plain counts, plain counts in which a text that several repeat counts 2, a z-score, Mastodon's
    formula and Gnip's Poisson test, each at the threshold at which it lists as many hours of topics that no label names
    as upswell does.

    \b
    Examples:
      upswell evaluate                                                    six simulated hours, the table of the docs
      upswell evaluate posts.ndjson --truth truth.ndjson                  both as simulate writes them
      upswell evaluate posts.ndjson --truth truth.ndjson --warmup 4h --json | jq .methods[0]
    """
    settings = settings_in_force(
        config, partitions=partitions, pane_ms=pane_ms, max_out_of_orderness_ms=max_out_of_orderness_ms
    )
    warmup_ms = length_ms("--warmup", warmup)
    options = Options(settings.pane_ms, settings.max_out_of_orderness_ms, settings.partitions)
    if plot is not None:
        check_plot(plot)
    with ExitStack() as opened:
        stdin: BinaryIO = sys.stdin.buffer
        if not paths:
            if truth is not None:
                raise WrongUseError(f"--truth {truth}: labels of which posts? name them, or leave --truth out too")
            folder = Path(opened.enter_context(TemporaryDirectory(prefix="upswell-evaluate-")))
            posts, truth = simulated(folder)
            # as a pipe, in order of arrival: some of these posts are late, which an archive at rest has none of
            paths, stdin = ["-"], opened.enter_context(open(posts, "rb"))
        elif truth is None:
            raise WrongUseError("--truth F is wanting: what should trend in these posts? (upswell simulate --help)")
        labels = read_labels(Path(truth))
        try:
            observed = observe([str(file) for file in find_files(paths)], archive_format, options, stdin)
        except ArchiveError as error:
            raise WrongUseError(str(error)) from None
    try:
        span = observed.span(warmup_ms, min((label.start for label in labels), default=None))
    except ValueError as error:
        raise WrongUseError(f"{', '.join(paths)}: {error}; there is nothing to judge") from None
    begins = [span.minute_of(label.start) for label in labels if label.should_trend]
    if not any(span.warmup_min <= minute < span.minutes for minute in begins):
        raise WrongUseError(
            f"{truth}: no burst, story or event begins in the posts after the warm-up (from {moment(span.begin_ms)} "
            f"UTC, --warmup {warmup}); take the labels of this stream, or a shorter warm-up"
        )
    scored: Iterable[tuple[str, Series]] = baselines(observed.said, span)
    if plot is not None:
        scored = list(scored)  # read twice
    methods = list(judge_all(observed, labels, span, scored))
    if as_json:
        told = as_object(observed.stats.counted, labels, span, methods)
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        print()
    else:
        for line in table(observed.stats.counted, labels, span, methods):
            console(sys.stdout).print(Text(line), soft_wrap=True)
    if plot is not None:
        draw(plot, observed, labels, span, scored)
        print(f"{plot}: drawn", file=sys.stderr)


def simulated(folder: Path) -> tuple[str, str]:
    """Writes the stream that is judged where none is named, and its labels; returns the paths."""
    posts, truth = folder / "posts.ndjson", folder / "truth.ndjson"
    scenario = mixed_scenario(duration_ms=SIMULATED_MS, rate=SIMULATED_RATE, seed=SIMULATED_SEED)
    simulation = Simulation(scenario, SIMULATED_SEED)
    with posts.open("wb") as file:
        file.writelines(simulation.lines())
    truth.write_bytes(b"".join(simulation.truth()))
    return str(posts), str(truth)


def read_labels(path: Path) -> list[Planted]:
    """The labels of a truth file; its totals are passed over. Raises WrongUseError, which names the line."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise WrongUseError(f"--truth {path}: cannot be read ({error.strerror}); check the file") from None
    labels = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if msgspec.json.decode(line, type=_Kind).kind == "totals":
                continue
            label = msgspec.json.decode(line, type=Planted)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _no_label(path, number, str(error)) from None
        keys = [topic_key(topic) for topic in label.topics]
        fault = (
            f"{label.kind!r} is none of the kinds {', '.join(KINDS)}"
            if label.kind not in KINDS
            else "it has no topics"
            if not any(keys)
            else "it ends before it starts"
            if label.end <= label.start
            else ""
        )
        if fault:
            raise _no_label(path, number, fault)
        labels.append(msgspec.structs.replace(label, topics=[key for key in keys if key]))
    return labels


def _no_label(path: Path, number: int, fault: str) -> WrongUseError:
    return WrongUseError(f"{path}:{number}: {fault}; a label must be as `upswell simulate` writes it")


class _Kind(msgspec.Struct):
    kind: str


def observe(files: Sequence[str], archive_format: str, options: Options, stdin: BinaryIO) -> Observation:
    """The whole stream through the pipeline. Raises ArchiveError for what cannot be read."""
    collect_rarely()
    observed = Observation(options)
    with RunProgress(console(sys.stderr), "evaluate") as progress:
        for batch in with_notes_said(read_archives(files, format=archive_format, stdin=stdin)):
            if batch.posts:
                observed.feed(batch.posts)
                progress.update(batch.bytes_read, batch.bytes_total, moment(int(batch.posts[-1].time)))
        observed.finish()
    return observed


def judge_all(
    observed: Observation, labels: Sequence[Planted], span: Span, scored: Iterable[tuple[str, Series]]
) -> Iterator[Judged]:
    """upswell as it is, then every other method, by its scores, at the same hours of topics that no label names."""

    def cost(lives: Lives) -> float:
        return listed_hours_a_day(beside_labels(labels, lives), span)

    ours = observed.trending(span)
    again = repeats(observed.rows(span), observed.said, span)
    yield Judged("upswell", None, verdict(labels, ours, span), again)
    for name, scores in scored:
        on = lowest_threshold(partial(lives_above, scores), cost, cost(ours))
        theirs = lives_above(scores, on)
        yield Judged(name, on, verdict(labels, theirs, span), repeats(theirs, observed.said, span))
