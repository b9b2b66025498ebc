"""`upswell bench core`: what a post costs, next to the least that any program must do with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipeline.cli.errors import CommandError, WrongUseError

START_MS = 1_650_211_200_000  # 2022-04-17T16:00:00Z
PEOPLE = 200_000
MAX_POSTS, MAX_TOPICS, MAX_RATE = 100_000_000, 10_000_000, 1_000_000
ARCHIVE_LINES = 200_000
MAX_RATIO, MAX_CPU_S_PER_MILLION, MIN_ARCHIVE_RATE = 8.0, 8.0, 40_000.0
_POST_BYTES = 330  # a little above the mean, to know beforehand whether the file has room
_POSTS_AT_ONCE = 50_000
_WORDS = (
    "the of and to in is on that it was for with as at this news today people never always market goal train rain "
    "window coffee café naïve über river street light music final score breaking live report city night summer winter "
    "vote game team album film quick slow"
)

# the least there is to do: decode two fields, split on `#`, fold, count per pane; a program, so that it loads no more
BARE_LOOP = """
import sys
import msgspec

class Post(msgspec.Struct):
    text: str
    time: int

decode = msgspec.json.Decoder(Post).decode
panes = {}
with open(sys.argv[1], "rb") as file:
    for line in file:
        post = decode(line)
        if "#" in post.text:
            pane = panes.setdefault(post.time // 10_000, {})
            for part in post.text.split("#")[1:]:
                words = part.split(None, 1)
                if words:
                    key = words[0].casefold()
                    pane[key] = pane.get(key, 0) + 1
"""
_REPLAY = "from pipeline.cli import main; main()"
_MAKE_POSTS = "import sys; from pipeline.cli.bench import write_posts as w; w(sys.argv[1], *map(int, sys.argv[2:]))"
_MAKE_TWEETS = (
    "import sys; from pipeline.cli.bench import write_tweets as w; w(sys.argv[1], int(sys.argv[2]), sys.argv[3:])"
)


class What(StrEnum):
    """What can be measured."""

    CORE = "core"


class Cost(msgspec.Struct):
    """What one process took, from its start to its end."""

    cpu_s: float  # user and system
    wall_s: float
    peak_rss_bytes: int


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
    def posts_per_s(self) -> float:
        """By the scarcer of the two clocks."""
        return self.posts / max(self.replay.wall_s, self.replay.cpu_s)


class Promise(msgspec.Struct):
    """A limit that this version is held to, and what was measured."""

    name: str
    limit: float
    measured: float
    met: bool


class Report(msgspec.Struct):
    """What `--json` prints, with the derived figures beside the measured ones."""

    what: What
    rate: int
    seed: int
    runs: list[dict[str, Any]]
    archive: dict[str, Any] | None
    promises: list[Promise]


def bench(
    what: Annotated[What, typer.Argument(metavar="core", help="A whole replay, without Kafka, against a bare loop")],
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
      upswell bench core
      upswell bench core --posts 100000,1000000 --topics 1000,20000,1000000
      upswell bench core --archive tweets.jsonl.gz --json
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
                _say(f"{size:,} posts, {stock:,} topics")
                runs.append(_measured(Path(folder), size, stock, rate, seed))
            if files:
                _say("real posts")
                archived = _measured_archive(Path(folder), files, rate)
    except OSError as error:
        raise CommandError(f"{tempfile.gettempdir()}: cannot be used ({error.strerror}); set TMPDIR") from None
    promises = judged(runs, archived)
    if as_json:
        real = _as_dict(archived) if archived else None
        report = Report(what, rate, seed, [_as_dict(it) for it in runs], real, promises)
        print(msgspec.json.encode(report).decode())
    else:
        print("\n".join(_table(runs, archived, promises)))


def numbers(flag: str, text: str, most: int) -> list[int]:
    """The numbers of a list such as `1000,20000`. Raises WrongUseError unless each is from 1 to `most`.

    >>> numbers("--posts", "1000,20_000", 50_000)
    [1000, 20000]
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(1 <= number <= most for number in found):
        raise WrongUseError(f"{flag}: {text[:40]!r} does not fit; write numbers from 1 to {most}, such as 1000,20000")
    return found


def judged(runs: Sequence[Run], archived: Archived | None) -> list[Promise]:
    """The promises, by the worst of the runs with the most posts: in a small one the start of Python weighs most."""
    most = max(run.posts for run in runs)
    large = [run for run in runs if run.posts == most]
    ratio = max(run.ratio for run in large)
    cpu_s = max(run.cpu_s_per_million for run in large)
    promises = [
        Promise("times the CPU of the bare loop, at most", MAX_RATIO, ratio, ratio <= MAX_RATIO),
        Promise("CPU seconds per million posts, at most", MAX_CPU_S_PER_MILLION, cpu_s, cpu_s <= MAX_CPU_S_PER_MILLION),
    ]
    if archived:
        speed = archived.posts_per_s
        promises.append(Promise("real posts a second, at least", MIN_ARCHIVE_RATE, speed, speed >= MIN_ARCHIVE_RATE))
    return promises


def write_posts(path: str, posts: int, topics: int, rate: int, seed: int) -> None:
    """Writes canonical posts in order of arrival, three in ten of them up to 2 s late.

    Two in five have 1 to 3 hashtags, chosen by Zipf's law (exponent 1); a fifth of these are written with a capital.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    vocabulary = _WORDS.split()
    words = [vocabulary[at] for at in rng.integers(0, len(vocabulary), 1_000_000)]
    stock = " ".join(words)
    begins = np.cumsum([0, *(len(word) + 1 for word in words[:-100])])
    share = np.cumsum(1 / np.arange(1, topics + 1))
    share /= share[-1]
    with open(path, "wb", 1 << 20) as file:
        for first in range(0, posts, _POSTS_AT_ONCE):
            size = min(_POSTS_AT_ONCE, posts - first)
            order = np.arange(first, first + size)
            late_ms = np.where(rng.random(size) < 0.3, rng.integers(0, 2_001, size), 0)
            times = np.maximum(START_MS + order * 1_000 // rate - late_ms, START_MS).tolist()
            authors = rng.integers(0, PEOPLE, size).tolist()
            tag_counts = np.where(rng.random(size) < 0.4, rng.choice([1, 2, 3], size, p=[0.6, 0.3, 0.1]), 0)
            chosen = np.minimum(np.searchsorted(share, rng.random(int(tag_counts.sum()))), topics - 1).tolist()
            capital = (rng.random(len(chosen)) < 0.2).tolist()
            tags = [f" #{'T' if big else 't'}opic{at}" for at, big in zip(chosen, capital, strict=True)]
            ends = np.cumsum(tag_counts)
            lengths = rng.integers(100, 141, size).tolist()
            offsets = begins[rng.integers(0, len(begins), size)].tolist()
            rows = zip(
                order.tolist(),
                times,
                authors,
                lengths,
                offsets,
                (ends - tag_counts).tolist(),
                ends.tolist(),
                strict=True,
            )
            for number, time_ms, author, length, offset, low, high in rows:
                tail = "".join(tags[low:high])
                text = stock[offset : offset + length - len(tail)] + tail
                file.write(
                    f'{{"id": "https://twitter.com/user_{author:06}/status/{10**18 + number}", '
                    f'"author": "user_{author:06}", "text": "{text}", "time": {time_ms}, '
                    '"lang": "en", "source": "twitter"}\n'.encode()
                )


def write_tweets(path: str, rate: int, files: Sequence[str]) -> None:
    """Writes the posts of the files again and again, with ids and times of their own, until there are enough.

    Ends the process with a sentence when the files hold no post of Twitter's v1.1 API.
    """
    made: list[list[bytes]] = []
    for line in _lines(files):
        made += _gaps(line)
        if len(made) == ARCHIVE_LINES:
            break
    if not made:
        raise SystemExit("the archive holds no posts of Twitter's v1.1 API; name files of such posts, one a line")
    with open(path, "wb", 1 << 20) as file:
        for number in range(ARCHIVE_LINES):
            clock = time.gmtime(START_MS // 1_000 + number // rate)
            stamp = time.strftime("%a %b %d %H:%M:%S +0000 %Y", clock).encode()
            fresh = b"%d" % (10**18 + number)
            before, between, between_ids, after = made[number % len(made)]
            file.write(before + stamp + between + fresh + between_ids + fresh + after + b"\n")


def _gaps(line: bytes) -> Iterator[list[bytes]]:
    """What stands around the time, the id and the id as a text; nothing for a line that is no such post."""
    try:
        tweet = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return
    if isinstance(tweet, dict) and {"created_at", "id", "id_str", "user"} <= tweet.keys():
        rest = {name: value for name, value in tweet.items() if name not in ("created_at", "id", "id_str")}
        yield [b'{"created_at":"', b'","id":', b',"id_str":"', b'",' + msgspec.json.encode(rest)[1:]]


def _lines(files: Sequence[str]) -> Iterator[bytes]:
    from pipeline.sources.archives.lines import Lines, blocks
    from pipeline.sources.archives.streams import Progress, chunks
    from schemas.posts import MAX_RECORD_BYTES

    for name in files:
        with open(name, "rb") as raw:
            for block in blocks(chunks(raw, Progress(), name), MAX_RECORD_BYTES):
                if isinstance(block, Lines):
                    yield from block.rows


def _archive_files(paths: list[str]) -> list[str]:
    if not paths:
        return []
    from pipeline.sources.archives import ArchiveError, find_files

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
    _child("making posts", [_MAKE_POSTS, str(file), *map(str, (posts, topics, rate, seed))], folder)
    bare = _child("the bare loop", [BARE_LOOP, str(file)], folder)
    replay = _child("replay", [_REPLAY, "replay", str(file), "--out", os.devnull], folder)
    return Run(posts, topics, file.stat().st_size, bare, replay)


def _measured_archive(folder: Path, files: Sequence[str], rate: int) -> Archived:
    file = folder / "tweets.jsonl"
    _child("preparing the archive", [_MAKE_TWEETS, str(file), str(rate), *files], folder)
    replay = _child("replay", [_REPLAY, "replay", str(file), "--out", os.devnull], folder)
    return Archived(ARCHIVE_LINES, file.stat().st_size, replay)


def _child(doing: str, program: Sequence[str], folder: Path) -> Cost:
    """Runs a Python program to its end, in an empty setting: no upswell.toml and no variable of ours has a say."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("UPSWELL_")}
    env["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])  # the version that measures is the one measured
    with tempfile.TemporaryFile(dir=folder) as errors:
        began = time.monotonic()
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", *program], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall_s = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"exit code {process.returncode}"
            raise CommandError(f"{doing} failed: {why}")
    unit = 1 if sys.platform == "darwin" else 1_024
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss * unit)


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring: {what}", file=sys.stderr, flush=True)


def _as_dict(found: Run | Archived) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(found)
    if isinstance(found, Run):
        return fields | {"ratio": found.ratio, "cpu_s_per_million": found.cpu_s_per_million}
    return fields | {"posts_per_s": found.posts_per_s}


def _table(runs: Sequence[Run], archived: Archived | None, promises: Sequence[Promise]) -> Iterator[str]:
    yield "     posts     topics  run        CPU s  per million  x bare  wall s  peak MiB"
    for run in runs:
        for name, cost in (("bare loop", run.bare), ("replay", run.replay)):
            yield _row(
                f"{run.posts:>10,} {run.topics:>10,}", name, run.posts, cost, f"{cost.cpu_s / run.bare.cpu_s:.1f}"
            )
    if archived:
        yield _row(f"{archived.posts:>10,} {'real':>10}", "replay", archived.posts, archived.replay, "")
    yield ""
    for promise in promises:
        yield f"{'met' if promise.met else 'NOT met':<8} {promise.name} {promise.limit:,g}: {promise.measured:,.1f}"


def _row(head: str, name: str, posts: int, cost: Cost, ratio: str) -> str:
    figures = f"{cost.cpu_s:>6.2f} {cost.cpu_s / posts * 1e6:>12.2f} {ratio:>7} {cost.wall_s:>7.2f}"
    return f"{head}  {name:<9} {figures} {cost.peak_rss_bytes / 2**20:>9.0f}"
