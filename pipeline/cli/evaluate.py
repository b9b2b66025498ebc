"""`upswell evaluate`: how good the live list is on a stream whose bursts are known, beside simple baselines."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import orjson
import typer
from rich.text import Text

from pipeline.cli.archive_flags import FormatFlag
from pipeline.cli.common import (
    ConfigFlag,
    LatenessFlag,
    PaneFlag,
    PartitionsFlag,
    length_ms,
    settings_in_force,
)
from pipeline.cli.errors import WrongUseError
from pipeline.cli.screen import RunProgress
from pipeline.cli.terminal import console, moment
from pipeline.evaluation import (
    SHOULD_NOT,
    SHOULD_TREND,
    SIZES,
    Found,
    Lives,
    Observation,
    Planted,
    Span,
    baselines,
    beside_labels,
    listed_hours_a_day,
    lives_above,
    lowest_threshold,
    verdict,
)
from pipeline.gc_tuning import collect_rarely
from pipeline.local import Options
from pipeline.sources.archives import ArchiveError, find_files, read_archives
from pipeline.text import printable, topic_key

Judged = tuple[str, float | None, Found]  # method, its threshold (None: its own), how it did
_KINDS = (*SHOULD_TREND, *SHOULD_NOT)


def evaluate(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files, directories or globs (.gz .bz2 .zst too); - is standard input"),
    ],
    truth: Annotated[
        str, typer.Option("--truth", metavar="F", help="The labels, one JSON object a line, as simulate writes them")
    ],
    warmup: Annotated[
        str, typer.Option("--warmup", metavar="LENGTH", help="How much of the beginning is not judged: 90m, 2h, 1d")
    ] = "2h",
    archive_format: FormatFlag = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table")] = False,
    partitions: PartitionsFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Judge the live list on a labelled stream: what it found, how soon, how much of it was right.

    Beside it stand plain counts, plain counts in which a text that several repeat counts 2, a z-score and Mastodon's
    formula, each at the threshold at which it lists as many hours of topics that no label names as upswell does.

    \b
    Examples:
      upswell evaluate posts.ndjson --truth truth.ndjson                  both as simulate writes them
      upswell evaluate posts.ndjson --truth truth.ndjson --warmup 4h --json | jq .methods[0]
    """
    settings = settings_in_force(
        config, partitions=partitions, pane_ms=pane_ms, max_out_of_orderness_ms=max_out_of_orderness_ms
    )
    warmup_ms = length_ms("--warmup", warmup)
    labels = read_labels(Path(truth))
    try:
        files = [str(file) for file in find_files(paths)]
        observed = observe(
            files, archive_format, Options(settings.pane_ms, settings.max_out_of_orderness_ms, settings.partitions)
        )
    except ArchiveError as error:
        raise WrongUseError(str(error)) from None
    try:
        span = observed.span(warmup_ms)
    except ValueError as error:
        raise WrongUseError(f"{', '.join(paths)}: {error}; there is nothing to judge") from None
    begins = [span.minute_of(label.start) for label in labels if label.should_trend]
    if not any(span.warmup_min <= minute < span.minutes for minute in begins):
        raise WrongUseError(
            f"{truth}: no burst, story or event begins in the posts after the warm-up (from {moment(span.begin_ms)} "
            f"UTC, --warmup {warmup}); take the labels of this stream, or a shorter warm-up"
        )
    methods = list(judge_all(observed, labels, span))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(_as_json(observed, labels, span, methods), option=orjson.OPT_INDENT_2))
        print()
    else:
        for line in table(observed, labels, span, methods):
            console(sys.stdout).print(Text(line), soft_wrap=True)


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
            f"{label.kind!r} is none of the kinds {', '.join(_KINDS)}"
            if label.kind not in _KINDS
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


def observe(files: Sequence[str], archive_format: str, options: Options) -> Observation:
    """The whole stream through the pipeline. Raises ArchiveError for what cannot be read."""
    collect_rarely()
    observed = Observation(options)
    with RunProgress(console(sys.stderr), "evaluate") as progress:
        for batch in read_archives(files, format=archive_format, stdin=sys.stdin.buffer):
            if batch.posts:
                observed.feed(batch.posts)
                progress.update(batch.bytes_read, batch.bytes_total, moment(int(batch.posts[-1].time)))
        observed.finish()
    return observed


def judge_all(observed: Observation, labels: Sequence[Planted], span: Span) -> Iterator[Judged]:
    """upswell as it is, then every other method at the same hours of topics that no label names."""

    def cost(lives: Lives) -> float:
        return listed_hours_a_day(beside_labels(labels, lives), span)

    ours = observed.trending(span)
    yield "upswell", None, verdict(labels, ours, span)
    for name, scores in baselines(observed.said, span):
        on = lowest_threshold(partial(lives_above, scores), cost, cost(ours))
        yield name, on, verdict(labels, lives_above(scores, on), span)


def table(observed: Observation, labels: Sequence[Planted], span: Span, methods: Sequence[Judged]) -> Iterator[str]:
    """The lines for people."""
    judged = [label for label in labels if span.minute_of(label.start) >= span.warmup_min]
    stats = observed.stats
    kinds = {kind: sum(label.kind == kind for label in judged) for kind in _KINDS}
    yield (
        f"{stats.counted:,} posts in {span.minutes / 60:.1f} h, of which {span.warmup_min / 60:g} h warm-up; "
        + ", ".join(f"{count} {kind if count == 1 else kind + 's'}" for kind, count in kinds.items() if count)
    )
    yield ""
    yield (
        f"{'':32} {'found':>6} {_size(0):>6} {_size(1):>6} {_size(2):>6} {'delay':>8} {'right':>6} "
        f"{'rings':>6} {'floods':>6} {'h/day':>6} {'from':>7}"
    )
    for name, on, found in methods:
        own = "" if on is None else f"{on:.1f}"
        shares = " ".join(f"{_share(each):>6}" for each in (found.recall, *found.recall_by_people))
        delay = "-" if math.isnan(found.delay_min) else f"{found.delay_min:.1f} min"
        yield (
            f"{printable(name):32} {shares} {delay:>8} {_share(found.precision):>6} {_share(found.rings):>6} "
            f"{_share(found.floods):>6} {found.listed_hours_a_day:6.1f} {own:>7}"
        )
    yield ""
    missed = [
        f"{label.topics[0]} ({label.people} people)"
        for place, label in enumerate(labels)
        if label in judged and label.should_trend and place not in methods[0][2].delays_min
    ]
    if missed:
        yield f"not found by upswell: {printable(', '.join(missed))}"
    yield (
        "found: share of the bursts, stories and events that began to trend, by their people; delay: median, from the "
        "first post on; right: share of the listed time; rings, floods: share listed, better none; h/day: topic-hours "
        "listed a day; from: threshold"
    )


def _size(place: int) -> str:
    low, high = SIZES[place]
    return f"{low}-" if high is None else f"{low}-{high}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _as_json(observed: Observation, labels: Sequence[Planted], span: Span, methods: Sequence[Judged]) -> dict[str, Any]:
    delays = methods[0][2].delays_min
    return {
        "posts": observed.stats.counted,
        "minutes": span.minutes,
        "warmup_minutes": span.warmup_min,
        "methods": [
            {
                "method": name,
                "threshold": on,
                "recall": found.recall,
                "recall_by_people": {_size(place): share for place, share in enumerate(found.recall_by_people)},
                "delay_min": found.delay_min,
                "precision": found.precision,
                "rings_listed": found.rings,
                "floods_listed": found.floods,
                "listed_hours_a_day": found.listed_hours_a_day,
            }
            for name, on, found in methods
        ],
        "labels": [
            {
                "kind": label.kind,
                "name": label.name,
                "topics": label.topics,
                "people": label.people,
                "judged": span.minute_of(label.start) >= span.warmup_min,
                "delay_min": delays.get(place),
            }
            for place, label in enumerate(labels)
        ],
    }
