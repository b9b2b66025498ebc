"""`upswell simulate`: a labelled stream of posts from a seed, to try a pipeline on and to measure it with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import StrEnum
from itertools import chain, islice
from typing import Annotated, BinaryIO

import typer

from pipeline.cli.common import length_ms
from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.interrupts import Interrupts
from pipeline.cli.outputs import STDOUT, open_output, refuse_overlap
from pipeline.sources.simulator.demo import demo_scenario
from pipeline.sources.simulator.scenario import DEFAULT_START_MS, Scenario
from pipeline.sources.simulator.scenes import hostile_scenario, mixed_scenario, quiet_scenario
from pipeline.sources.simulator.simulation import Simulation
from schemas import PostError, parse_time

_LINES_AT_ONCE = 4_096


class Scene(StrEnum):
    """The ready-made scenarios."""

    MIXED = "mixed"
    QUIET = "quiet"
    HOSTILE = "hostile"
    DEMO = "demo"


_MADE: dict[Scene, Callable[[int, int, float, int, int, int], Scenario]] = {
    Scene.MIXED: mixed_scenario,
    Scene.QUIET: quiet_scenario,
    Scene.HOSTILE: hostile_scenario,
}


def simulate(
    scenario: Annotated[
        Scene, typer.Option("--scenario", help="mixed has everything, quiet no bursts, hostile many faults")
    ] = Scene.MIXED,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed and flags, same bytes")] = 1,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="R", help="Everyday posts a second of event time [default: 20]")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--duration", metavar="LENGTH", help="Such as 90s, 2h, 1d [default: 1h]")
    ] = None,
    topics: Annotated[
        int | None, typer.Option("--topics", metavar="N", help="Stock of everyday hashtags [default: 5000]")
    ] = None,
    people: Annotated[int | None, typer.Option("--people", metavar="N", help="Population [default: 20000]")] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="TIME", help="RFC 3339 [default: 2022-04-17T16:00:00Z]")
    ] = None,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Of posts; - is standard output")] = STDOUT,
    truth: Annotated[
        str | None, typer.Option("--truth", metavar="FILE", help="Where the labels go, when the stream is complete")
    ] = None,
) -> None:
    """Write a labelled stream of posts from a seed.

    One post a line, as NDJSON, in order of arrival. The labels say what was planted (bursts, stories, events, rings,
    floods) and what a reader must count: posts, people, topics, late, duplicate, future and corrupt ones.

    \b
    Examples:
      upswell simulate | head -3
      upswell simulate --duration 6h --rate 50 --out posts.ndjson --truth truth.ndjson
      upswell simulate --scenario quiet --duration 1d --rate 116 --topics 4000000 | upswell replay -
    """
    start_ms = _start_ms(start)
    scenarios: tuple[Scenario, ...]
    if scenario is Scene.DEMO:
        if any(flag is not None for flag in (rate, duration, topics, people)):
            raise WrongUseError("--scenario demo is a day and an evening as they are; only --seed and --start fit it")
        scenarios = demo_scenario(seed, start_ms)
    else:
        try:
            scenarios = (
                _MADE[scenario](
                    start_ms,
                    length_ms("--duration", duration or "1h"),
                    20.0 if rate is None else rate,
                    20_000 if people is None else people,
                    5_000 if topics is None else topics,
                    seed,
                ),
            )
        except ValueError as error:
            raise WrongUseError(f"this does not make a scenario: {error}") from None
    refuse_overlap({"--out": out, "--truth": truth}, [])
    try:
        simulations = [Simulation(part, seed) for part in scenarios]
    except ValueError as error:
        raise WrongUseError(f"{error}; raise --people") from None
    try:
        with ExitStack() as opened, Interrupts() as interrupts:
            posts_file = _opened("--out", out, opened)
            truth_file = None if truth is None else _opened("--truth", truth, opened)
            _write(posts_file, chain.from_iterable(each.lines() for each in simulations), interrupts)
            if truth_file is not None:
                _write(truth_file, chain.from_iterable(each.truth() for each in simulations), interrupts)
    except BrokenPipeError:
        raise
    except OSError as error:  # closing a file on a full disk fails as writing does
        files = out if truth is None else f"{out} or {truth}"
        raise CommandError(f"{files}: cannot be written on ({error.strerror}); make room and run again") from None
    if out != STDOUT:
        for each in simulations:
            print(f"{out}: {each.totals.summary()}", file=sys.stderr)


def _start_ms(text: str | None) -> int:
    if text is None:
        return DEFAULT_START_MS
    try:
        return parse_time(text)
    except PostError:
        raise WrongUseError(f"--start: {text[:40]!r} is no RFC 3339 time; write 2022-04-17T16:00:00Z") from None


def _opened(flag: str, path: str, opened: ExitStack) -> BinaryIO:
    file = open_output(flag, path)
    return file if path == STDOUT else opened.enter_context(file)


def _write(file: BinaryIO, lines: Iterator[bytes], interrupts: Interrupts) -> None:
    while some := b"".join(islice(lines, _LINES_AT_ONCE)):
        with interrupts.held():
            file.write(some)
    file.flush()
