"""Months of real posts come out whole, in order, and fast enough to be no bottleneck."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

from archive_samples import Reading


def test_every_real_tweet_is_a_post(data_dir: Path) -> None:
    folder = data_dir / "tweets-v1"
    lines = 0
    for path in sorted(folder.glob("*.gz")):
        with gzip.open(path) as file:
            lines += sum(1 for _ in file)
    reading = Reading(folder)
    assert lines > 30_000
    assert (len(reading.posts), reading.dead, reading.skipped, reading.out_of_order) == (lines, [], 0, 0)
    assert all(before.time <= after.time for before, after in pairwise(reading.posts))
    assert sum(1 for post in reading.posts if post.repost_of) > 7_000
    assert sum(1 for post in reading.posts if post.tags) > 25_000
    assert all(post.text and post.author and post.url for post in reading.posts)
