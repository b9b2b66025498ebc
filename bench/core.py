"""`python -m bench.core`: what a post costs, next to the least that any program must do with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from bench.common import (
    BARE_LOOP,
    MAKE_POSTS,
    MAKE_TWEETS,
    MAX_POSTS,
    MAX_RATE,
    MAX_TOPICS,
    UPSWELL,
    Cost,
    Figure,
    bench_app,
    cost_of,
    main,
    numbers,
    say,
)
from bench.posts import ARCHIVE_LINES
from pipeline.cli.errors import CommandError, WrongUseError

MAX_RATIO, MAX_CPU_S_PER_MILLION, MAX_PEAK_MIB, MAX_REAL_US = 8.0, 8.0, 1_024.0, 25.0
_POST_BYTES = 330  # a little above the mean, to know beforehand whether the file has room


class Run(msgspec.Struct):
    """One file of made posts: what the bare loop and the replay took for it."""

    posts: int
    topics: int
    file_bytes: int
    bare: Cost
    replay: Cost

    @property
    def ratio(self) -> float:
        return self.replay.cpu_s / self.bare.cpu_s

    @property
    def cpu_s_per_million(self) -> float:
        return self.replay.cpu_s / self.posts * 1e6


class Archived(msgspec.Struct):
    """The replay of real posts, unpacked, repeated and stamped anew."""

    posts: int
    file_bytes: int
    replay: Cost

    @property
    def us_a_post(self) -> float:
        """By the clock that shows more."""
        return max(self.replay.wall_s, self.replay.cpu_s) / self.posts * 1e6


class Report(msgspec.Struct):
    """What `--json` prints, with the derived figures beside the measured ones."""

    rate: int
    seed: int
    runs: list[dict[str, Any]]
    archive: dict[str, Any] | None
    promises: list[Figure]


def core(
    posts: Annotated[
        str, typer.Option("--posts", metavar="N[,N...]", help="Posts; several sizes show whether the cost is flat")
    ] = "1000000",
    topics: Annotated[
        str, typer.Option("--topics", metavar="N[,N...]", help="Distinct hashtags the posts choose from")
    ] = "20000",
    rate: Annotated[
        int, typer.Option("--rate", min=1, max=MAX_RATE, metavar="R", help="Posts a second of event time")
    ] = 1_000,
    archive: Annotated[
        list[str] | None,
        typer.Option(
            "--archive", metavar="PATH", help="Real posts (Twitter v1.1 JSON) to measure too; may be repeated"
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Same seed and flags, same posts")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table")] = False,
) -> None:
    """Measure the speed of this machine and this version.

    Writes posts to a temporary folder (TMPDIR; about 300 MB a million), then runs `upswell replay` on them in a process
    of its own, and a bare loop (decode, split on #, count per pane) in another. Nothing is subtracted: start-up counts.

    \b
    Examples:
      python -m bench.core
      python -m bench.core --posts 100000,1000000 --topics 1000,20000,1000000
      python -m bench.core --posts 10000000 --topics 1000000 --rate 116
      python -m bench.core --archive tweets.jsonl.gz --json
    """
    sizes = numbers("--posts", posts, MAX_POSTS)
    stocks = numbers("--topics", topics, MAX_TOPICS)
    files = _archive_files(archive or [])
    archived = None
    runs = []
    try:
        with tempfile.TemporaryDirectory(prefix="upswell-bench-") as folder:
            _room_for(max(sizes), folder)
            for size, stock in product(sizes, stocks):
                say(f"{size:,} posts, {stock:,} topics")
                runs.append(_measured(Path(folder), size, stock, rate, seed))
            if files:
                say("real posts")
                archived = _measured_archive(Path(folder), files, rate)
    except OSError as error:
        raise CommandError(f"{tempfile.gettempdir()}: cannot be used ({error.strerror}); set TMPDIR") from None
    promises = judged(runs, archived)
    if as_json:
        real = _as_dict(archived) if archived else None
        report = Report(rate, seed, [_as_dict(it) for it in runs], real, promises)
        print(msgspec.json.encode(report).decode())
    else:
        print("\n".join(_table(runs, archived, promises)))


def judged(runs: Sequence[Run], archived: Archived | None) -> list[Figure]:
    """The promises, by the worst of the runs with the most posts: in a small one the start of Python weighs most."""
    most = max(run.posts for run in runs)
    large = [run for run in runs if run.posts == most]
    peak_mib = max(run.replay.peak_rss_bytes for run in large) / 2**20
    return [
        Figure("times the CPU of the bare loop", max(run.ratio for run in large), MAX_RATIO),
        Figure("CPU s per million posts", max(run.cpu_s_per_million for run in large), MAX_CPU_S_PER_MILLION),
        Figure("MiB of memory at the peak", peak_mib, MAX_PEAK_MIB),
        *([Figure("us a real post", archived.us_a_post, MAX_REAL_US)] if archived else []),
    ]


def _archive_files(paths: list[str]) -> list[str]:
    if not paths:
        return []
    from pipeline.sources.archives.batches import ArchiveError
    from pipeline.sources.archives.files import find_files

    if "-" in paths:
        raise WrongUseError("--archive -: standard input cannot be measured; name files")
    try:
        return [str(path.resolve()) for path in find_files(paths)]
    except ArchiveError as error:
        raise WrongUseError(f"--archive: {error}") from None


def _room_for(posts: int, folder: str) -> None:
    needed, free = posts * _POST_BYTES, shutil.disk_usage(folder).free
    if needed > free:
        raise CommandError(
            f"{tempfile.gettempdir()}: {posts:,} posts need {needed / 1e9:.1f} GB, {free / 1e9:.1f} are free; "
            "set TMPDIR to a folder with more, or lower --posts"
        )


def _measured(folder: Path, posts: int, topics: int, rate: int, seed: int) -> Run:
    file = folder / "posts.ndjson"
    cost_of("making posts", [MAKE_POSTS, str(file), *map(str, (posts, topics, rate, seed))], folder)
    bare = cost_of("the bare loop", [BARE_LOOP, str(file)], folder)
    replay = cost_of("replay", [UPSWELL, "replay", str(file), "--out", os.devnull], folder)
    return Run(posts, topics, file.stat().st_size, bare, replay)


def _measured_archive(folder: Path, files: Sequence[str], rate: int) -> Archived:
    file = folder / "tweets.jsonl"
    cost_of("preparing the archive", [MAKE_TWEETS, str(file), str(rate), *files], folder)
    replay = cost_of("replay", [UPSWELL, "replay", str(file), "--out", os.devnull], folder)
    return Archived(ARCHIVE_LINES, file.stat().st_size, replay)


def _as_dict(found: Run | Archived) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(found)
    if isinstance(found, Run):
        return fields | {"ratio": found.ratio, "cpu_s_per_million": found.cpu_s_per_million}
    return fields | {"us_a_post": found.us_a_post}


def _table(runs: Sequence[Run], archived: Archived | None, promises: Sequence[Figure]) -> Iterator[str]:
    yield "     posts     topics  run        CPU s  per million  x bare  wall s  peak MiB"
    for run in runs:
        for name, cost in (("bare loop", run.bare), ("replay", run.replay)):
            yield _row(
                f"{run.posts:>10,} {run.topics:>10,}", name, run.posts, cost, f"{cost.cpu_s / run.bare.cpu_s:.1f}"
            )
    if archived:
        yield _row(f"{archived.posts:>10,} {'real':>10}", "replay", archived.posts, archived.replay, "")
    yield ""
    yield from (promise.line for promise in promises)


def _row(head: str, name: str, posts: int, cost: Cost, ratio: str) -> str:
    figures = f"{cost.cpu_s:>6.2f} {cost.cpu_s / posts * 1e6:>12.2f} {ratio:>7} {cost.wall_s:>7.2f}"
    return f"{head}  {name:<9} {figures} {cost.peak_rss_bytes / 2**20:>9.0f}"


app = bench_app(core)

if __name__ == "__main__":
    main(app, "core")
