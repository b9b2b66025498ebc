"""How much of what trends as tags is found as words when every sign is taken away, how soon, and at what cost.

    python -m bench.words ARCHIVE... [--truth truth.ndjson]      of `-` the posts count in the order of their arrival

The posts are counted twice: with their tags, and without any `#` or `$` and with `words = "all"`. A life of a tag is
found when its letters trend as words between half an hour before it and half an hour after it. Of the labels of a
stream (docs/evaluation.md) those are told that the tags found after two hours, and whether words did. A row repeats one
above it when more than half of the posts of the smaller one are in both (looked at every half hour). While there is no
past, tags are listed by people and words are not: such lists count in neither.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from pipeline.cli.evaluate import read_labels
from pipeline.evaluation.judging import Planted
from pipeline.local import Local, Options
from pipeline.sources.archives.read import read_archives
from pipeline.text import fold, topics_of, words_of
from schemas import Post, TrendList
from schemas.definitions import Words

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
AROUND_MS = 30 * MINUTE_MS
_SIGNS = str.maketrans("", "", "#＃﹟$")


class Run:
    """What the hour's list of all posts held, and what it took to make it."""

    def __init__(self, posts: Sequence[Post], words: Words) -> None:
        self.moments: dict[str, list[int]] = {}  # by topic: ends of the lists in which it trends
        self.rows: list[tuple[int, list[str]]] = []  # of each list the topics that trend, by rank
        local = Local(
            Options(words=words), on_list=self._take, keeps=lambda scope, window: (scope, window) == ("all", "1h")
        )
        began = time.process_time()
        for first in range(0, len(posts), 2_000):
            local.feed(posts[first : first + 2_000])
        local.finish()
        self.cpu_s = time.process_time() - began

    def _take(self, one: TrendList) -> None:
        if (one.scope, one.window) != ("all", "1h") or one.flag == "counting":
            return
        trending = [row for row in one.trends if row.trending]
        for row in trending:
            for topic in {part for told in (row.topic, *row.joined) for part in parts(told)}:
                self.moments.setdefault(topic, []).append(one.at)
        self.rows.append((one.at, [row.topic for row in trending]))


def parts(topic: str) -> Iterator[str]:
    """The topic, and of a phrase its parts, which its row does not tell."""
    words = topic.split(" ")
    for first in range(len(words)):
        for end in range(first + 1, len(words) + 1):
            yield " ".join(words[first:end])


def without_signs(post: Post) -> Post:
    """The same text without what makes tags of words; tags that only the network declares stand behind it."""
    text = post.text.translate(_SIGNS)
    declared = [tag.translate(_SIGNS) for tag in post.tags or ()]
    more = [tag for tag in declared if tag.casefold() not in text.casefold()]
    return Post(
        post.id, post.author, " ".join([text, *more]), post.time, source=post.source, lang=post.lang,
        repost_of=post.repost_of,
    )  # fmt: skip


def lives(moments: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of the moments that lie within an hour of each other."""
    bounds = [0, *(n for n, (a, b) in enumerate(pairwise(moments), 1) if b - a > HOUR_MS), len(moments)]
    return ((moments[first], moments[last - 1]) for first, last in pairwise(bounds))


def found_at(label: Planted, moments: dict[str, list[int]], sign: int = 0) -> float | None:
    """Minutes from the label's first post to the first list in which it trends, under its keys but for their first
    letters (`sign`); None: it does not, until half an hour after its last."""
    keys = {fold(topic[sign:]) for topic in label.topics}
    found = [at for key in keys for at in moments.get(key, ()) if label.start < at <= label.end + AROUND_MS]
    return (min(found) - label.start) / MINUTE_MS if found else None


def tell_labels(path: str, began: int, tags: Run, words: Run) -> None:
    """Of what should trend and began two hours after the stream (ms) or later."""
    labels = [one for one in read_labels(Path(path)) if one.should_trend and one.start >= began + 2 * HOUR_MS]
    pairs = [(label, found_at(label, tags.moments), found_at(label, words.moments, 1)) for label in labels]
    both = [word - tag for _, tag, word in pairs if tag is not None and word is not None]
    by_tags = sum(tag is not None for _, tag, _ in pairs)
    for label, tag, word in pairs:
        if tag is not None and word is None:
            print(f"  found as {label.topics[0]} after {tag:.0f} min, and not as words: {label.people} people")
    print(f"{len(labels)} labels; {by_tags} found by tags, {len(both)} of these as words, ", end="")
    print(f"{median(both) if both else 0:.1f} min later; {sum(word is not None for _, _, word in pairs)} as words")


def repeats(rows: Iterable[tuple[int, list[str]]], posts: Sequence[Post], by_words: bool) -> tuple[int, int]:
    """(rows that repeat one above them, rows), of a list every half hour."""
    told = {at // AROUND_MS: (at, topics) for at, topics in rows}
    repeated = looked_at = 0
    for at, topics in told.values():
        said: dict[str, set[int]] = {topic: set() for topic in topics}
        for number, post in enumerate(posts):
            if at - HOUR_MS <= int(post.time) < at:
                tags = topics_of(post)
                for key in map(fold, (*tags, *(words_of(post.text, tags) if by_words else ()))):
                    if key in said:
                        said[key].add(number)
        above: list[set[int]] = []
        for mine in said.values():
            repeated += any(2 * len(mine & other) > min(len(mine), len(other)) for other in above)
            above.append(mine)
        looked_at += len(topics)
    return repeated, looked_at


def main() -> None:
    """Prints what was found, and of both the cost and the rows that repeat another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--truth")
    asked = parser.parse_args()
    batches = read_archives(asked.archives, stdin=sys.stdin.buffer)
    posts = [post for batch in batches for post in batch.posts if post.deleted is None]
    bare = [without_signs(post) for post in posts]
    tags, words = Run(posts, "off"), Run(bare, "all")
    delays, lost = [], []
    for topic, moments in sorted(tags.moments.items()):
        found = words.moments.get(fold(topic[1:]), [])
        for first, last in lives(moments):
            there = [at for at in found if first - AROUND_MS <= at <= last + AROUND_MS]
            if there:
                delays.append((min(there) - first) / MINUTE_MS)
            else:
                lost.append(topic)
    number = len(delays) + len(lost)
    print(f"{len(posts):,} posts; {number} lives of tags, found as words {len(delays) / max(number, 1):.1%}, ", end="")
    print(f"median delay {median(delays) if delays else 0:.0f} min; not found: {', '.join(lost[:10])}")
    if asked.truth:
        tell_labels(asked.truth, sorted(int(post.time) for post in posts)[len(posts) // 100], tags, words)
    for name, run, those in (("tags", tags, posts), ("words", words, bare)):
        repeated, rows = repeats(run.rows, those, name == "words")
        cost = run.cpu_s / len(posts) * 1e6
        print(f"{name}: {cost:.0f} us a post, {repeated} of {rows} rows repeat one above them")


if __name__ == "__main__":
    main()
