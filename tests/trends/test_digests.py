"""Lists of a seeded simulation are those that were kept: what makes them may change, they may not.

python -m tests.trends.test_digests            writes tests/trends/digests.json, where lists are to change
python -m tests.trends.test_digests A B        compares two files of lists that `upswell replay --out` wrote
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from pipeline.local import FinalPane, Local, Options
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from schemas import PostError, decode_post
from schemas.events import Event

KEPT = Path(__file__).with_name("digests.json")
LIST = ("scope", "window", "window_s", "at", "final", "flag", "posts", "authors")
ROW = (
    "rank",
    "topic",
    "trending",
    "display",
    "variants",
    "posts",
    "authors",
    "support",
    "expected",
    "spread",
    "score",
    "weight",
    "score_window_s",
    "state",
    "since",
    "peak",
    "flags",
    "joined",
    "examples",
    "spark",
)  # what a row has said since digests are kept; a field that comes in addition changes none


def kept_of(one: dict[str, Any]) -> list[Any]:
    """What is compared of a list."""
    return [*(one[name] for name in LIST), [[row[name] for name in ROW] for row in one["trends"]]]


def simulated() -> dict[str, str]:
    """Digests of the lists of each scope and window, and of the panes, of a simulated hour and a half."""
    scenario = mixed_scenario(duration_ms=90 * 60_000, rate=2.0)
    digests: dict[str, xxhash.xxh64] = {}

    def note(name: str, value: object) -> None:
        digests.setdefault(name, xxhash.xxh64()).update(msgspec.json.encode(value))

    def panes(pane: FinalPane) -> None:
        note("panes", [pane.start, pane.topics()])

    events = (Event("often", hashtags=("#capcomnet", "#paris20"), words=("la",)),)
    local = Local(
        Options(events=events, words="off"),
        on_panes=panes,
        on_list=lambda one: note(f"{one.scope}/{one.window}", kept_of(msgspec.to_builtins(one))),
    )
    posts = []
    for line in simulate(scenario, 11):
        try:
            post = decode_post(line)
        except PostError:
            continue
        if int(post.time) < scenario.start_ms + 4 * 3_600_000:
            posts.append(post)
    local.feed(posts)
    local.finish()
    return {name: digest.hexdigest() for name, digest in sorted(digests.items())}


def test_lists_and_panes_of_a_seeded_simulation_are_those_that_were_kept() -> None:
    kept, found = json.loads(KEPT.read_text()), simulated()
    assert len(kept) > 20
    assert {name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name)} == set()


def _lines(path: str) -> Iterable[dict[str, Any]]:
    with Path(path).open("rb") as file:
        yield from map(msgspec.json.decode, file)


def main(before: str, after: str) -> None:
    """Raises AssertionError with the first list that differs."""
    for number, (one, other) in enumerate(zip_longest(_lines(before), _lines(after)), 1):
        if one is None or other is None:
            raise AssertionError(f"line {number} is missing in one of them")
        assert kept_of(one) == kept_of(other), f"line {number} differs:\n{one}\n{other}"
    print(f"{number:,} lists are the same")


if __name__ == "__main__":
    if sys.argv[1:]:
        main(*sys.argv[1:])
    else:
        KEPT.write_text(json.dumps(simulated(), indent=1) + "\n")
