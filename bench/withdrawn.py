"""`python -m bench.withdrawn`: what it costs that posts are withdrawn, beside the same posts without."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
import numpy as np
import typer

from bench.common import MAKE_POSTS, MAX_POSTS, MAX_RATE, MAX_TOPICS, UPSWELL, Figure, bench_app, cost_of, main, say

MAX_MORE = 0.1  # CPU of the replay with retractions, beyond that without
MEDIAN_S, SIGMA = 60.0, 1.0  # lognormal, from a post to its retraction


class _Time(msgspec.Struct):
    time: int


def withdrawing(posts: Iterator[bytes], share: float, seed: int) -> Iterator[bytes]:
    """The posts, one a line in order of arrival, and the retractions of a share of them, each when it is due. What is
    due when the last post has come is left out: event time would go on for it alone."""
    rng, decode = np.random.default_rng(seed), msgspec.json.Decoder(_Time).decode
    waiting: list[tuple[int, bytes]] = []
    for line in posts:
        now = decode(line).time
        while waiting and waiting[0][0] <= now:
            yield heapq.heappop(waiting)[1]
        yield line
        if rng.random() < share:
            due = now + int(1_000 * MEDIAN_S * rng.lognormal(0.0, SIGMA))
            heapq.heappush(waiting, (due, line.rstrip().removesuffix(b"}") + b', "deleted": %d}\n' % due))


def withdrawn(
    posts: Annotated[int, typer.Option("--posts", min=1, max=MAX_POSTS, metavar="N", help="Posts")] = 200_000,
    topics: Annotated[int, typer.Option("--topics", min=1, max=MAX_TOPICS, metavar="N", help="Hashtags")] = 20_000,
    rate: Annotated[
        int, typer.Option("--rate", min=1, max=MAX_RATE, metavar="R", help="Posts a second of event time")
    ] = 200,
    share: Annotated[float, typer.Option("--share", min=0.0, max=1.0, metavar="S", help="Of the posts")] = 0.2,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=99, metavar="N", help="Medians of so many")] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Same seed and flags, same posts")] = 1,
) -> None:
    """Replay the same posts without and with retractions of a share of them (lognormal, median 60 s), in turn. What the
    process takes to start is left out: it would make little of what few posts cost."""
    with tempfile.TemporaryDirectory(prefix="upswell-bench-") as name:
        folder = Path(name)
        kept, gone = folder / "posts.ndjson", folder / "withdrawn.ndjson"
        cost_of("making posts", [MAKE_POSTS, str(kept), *map(str, (posts, topics, rate, seed))], folder)
        first = folder / "first.ndjson"
        with kept.open("rb") as lines, gone.open("wb") as file:
            first.write_bytes(lines.readline())
            lines.seek(0)
            file.writelines(withdrawing(lines, share, seed))
        with gone.open("rb") as lines:
            records = sum(1 for _ in lines)
        cpu_s: dict[Path, list[float]] = {first: [], kept: [], gone: []}
        for number in range(rounds):
            for path, found in cpu_s.items():
                say(f"round {number + 1}, {path.stem}")
                found.append(cost_of("replay", [UPSWELL, "replay", str(path), "--out", os.devnull], folder).cpu_s)
    start, *whole = (median(found) for found in cpu_s.values())
    without, with_them = (taken - start for taken in whole)
    print(Figure("CPU us a post without retractions", without / posts * 1e6).line)
    print(Figure(f"CPU us a post with {share:.0%} withdrawn", with_them / posts * 1e6).line)
    print(Figure("more a post, in percent", (with_them / without - 1) * 100, MAX_MORE * 100).line)
    print(Figure("more a record of the log, in percent", (with_them / records / (without / posts) - 1) * 100).line)


app = bench_app(withdrawn)

if __name__ == "__main__":
    main(app, "withdrawn")
