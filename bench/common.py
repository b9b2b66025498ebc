"""What the benches share: the bare loop, processes whose cost is taken, their flags and their command line."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import typer

from pipeline.cli import end_cleanly, run
from pipeline.cli.errors import CommandError, WrongUseError

ROOT = Path(__file__).resolve().parents[1]
MAX_POSTS, MAX_TOPICS, MAX_RATE, MAX_WORKERS = 100_000_000, 10_000_000, 1_000_000, 16
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
UPSWELL = "from pipeline.cli import main; main()"
MAKE_POSTS = "import sys; from bench.posts import write_posts as w; w(sys.argv[1], *map(int, sys.argv[2:]))"
MAKE_TWEETS = "import sys; from bench.posts import write_tweets as w; w(sys.argv[1], int(sys.argv[2]), sys.argv[3:])"


class Cost(msgspec.Struct):
    """What one process took, from its start to its end."""

    cpu_s: float  # user and system
    wall_s: float
    peak_rss_bytes: int


class Figure(msgspec.Struct):
    """One measured figure, and the limit it is held to, where there is one."""

    name: str
    value: float
    limit: float | None = None

    @property
    def met(self) -> bool:
        return self.limit is None or self.value <= self.limit

    @property
    def line(self) -> str:
        judged = "" if self.limit is None else "met" if self.met else "NOT met"
        limit = "" if self.limit is None else f" (at most {self.limit:g})"
        return f"{judged:<8}{self.name}{limit}: {self.value:,.2f}"


def cost_of(doing: str, program: Sequence[str], folder: Path) -> Cost:
    """Runs a Python program to its end, in an empty setting: no upswell.toml and no variable of ours has a say."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("UPSWELL_")}
    env["PYTHONPATH"] = str(ROOT)  # the version that measures is the one measured
    with tempfile.TemporaryFile(dir=folder) as errors:
        began = time.monotonic()
        process = subprocess.Popen(
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


def say(what: str) -> None:
    """Tells somebody at a terminal what takes its time now."""
    if sys.stderr.isatty():
        print(f"measuring: {what}", file=sys.stderr, flush=True)


def bench_app(bench: Callable[..., None]) -> typer.Typer:
    """The command line of one bench, which fails as those of `upswell` do: with one line and an exit code."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(bench)
    return app


def main(app: Any, module: str) -> None:
    """`python -m bench.MODULE`."""
    signal.signal(signal.SIGTERM, end_cleanly)
    sys.exit(run(sys.argv[1:], app, f"python -m bench.{module}"))


def load_flags(about: str, readers_of: str, rate: int, rate_of: str, seconds: int) -> argparse.Namespace:
    """What a bench of the page's server is asked for: 2,000 `readers` of what `readers_of` says, `rate` of what
    `rate_of` says and `seconds` unless told otherwise, and `json`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=2_000, help=f"of {readers_of}")
    parser.add_argument("--rate", type=int, default=rate, help=f"{rate_of} a second")
    parser.add_argument("--seconds", type=int, default=seconds)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()
