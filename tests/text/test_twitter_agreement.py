"""The Twitter dialect against Twitter itself: its own entities of real posts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from pipeline.text import extract


def test_at_least_999_of_1000_real_posts_agree_with_twitters_entities(data_dir: Path) -> None:
    total = agreed = 0
    archives = sorted((data_dir / "tweets-v1").glob("*.jsonl.gz"))
    for line in b"".join(gzip.decompress(archive.read_bytes()) for archive in archives).splitlines():
        tweet = json.loads(line)
        tweet = tweet.get("retweeted_status", tweet)  # a retweet's own text is cut, its original's is not
        total += 1
        found = extract(tweet["text"], "twitter")
        ours = [
            sorted((item.text[1:].partition("/")[0].lower(), item.start) for item in items)
            for items in (found.hashtags, found.cashtags, found.mentions)
        ]
        theirs = [
            sorted((entity[name].lower(), entity["indices"][0]) for entity in tweet["entities"][kind])
            for kind, name in (("hashtags", "text"), ("symbols", "text"), ("user_mentions", "screen_name"))
        ]
        agreed += ours == theirs
    assert total > 20_000
    assert agreed / total >= 0.999
