"""How often our Twitter dialect finds what Twitter itself found: hashtags, cashtags and mentions of real v1.1 posts.

    python -m bench.extraction_agreement FILE... [--show N]

FILE is NDJSON of the v1.1 API, plain or .gz. A post agrees when all three kinds have the same texts at the same
places. Twitter counts places in the text as sent, in which `&`, `<` and `>` are HTML entities, so that is compared;
whether the texts still agree once these are characters again is counted beside it. Of a retweet the original is
compared, as it is the original whose text counts; the cut line that a retweet itself carries is counted beside it too.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.text import extract

KINDS = (("hashtags", "text", "#"), ("symbols", "text", "$"), ("user_mentions", "screen_name", "@"))


def posts(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def theirs(post: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    """Kind, text (case folded: mentions are given as the account writes itself), start and end, in order."""
    entities = post["entities"]
    return sorted(
        (kind, item[name].casefold(), *item["indices"]) for kind, name, _ in KINDS for item in entities.get(kind, ())
    )


def ours(text: str) -> list[tuple[str, str, int, int]]:
    found = extract(text, "twitter")
    kinds = zip(KINDS, (found.hashtags, found.cashtags, found.mentions), strict=True)
    return sorted(
        (kind, item.text[1:].partition("/")[0].casefold(), item.start, item.start + len(item.text.partition("/")[0]))
        for (kind, _, _), items in kinds
        for item in items
    )


def cause(expected: list[tuple[str, str, int, int]], got: list[tuple[str, str, int, int]]) -> str:
    """The class of a disagreement: what one side has and the other has not."""
    only_theirs = {kind for kind, *_ in (Counter(expected) - Counter(got))}
    only_ours = {kind for kind, *_ in (Counter(got) - Counter(expected))}
    sides = (("only Twitter", only_theirs), ("only ours", only_ours))
    return "; ".join(f"{side}: {', '.join(sorted(kinds))}" for side, kinds in sides if kinds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=3, metavar="N", help="examples of each class")
    arguments = parser.parse_args()
    total = agreed = agreed_unescaped = retweets = lines_agreed = 0
    causes: Counter[str] = Counter()
    for line in posts(arguments.files):
        total += 1
        post = line.get("retweeted_status", line)
        if post is not line:
            retweets += 1
            lines_agreed += theirs(line) == ours(line["text"])
        expected, got = theirs(post), ours(post["text"])
        unescaped = ours(html.unescape(post["text"]))
        agreed_unescaped += sorted(item[:2] for item in unescaped) == sorted(item[:2] for item in expected)
        if expected == got:
            agreed += 1
            continue
        why = cause(expected, got)
        causes[why] += 1
        if causes[why] <= arguments.show:
            print(f"-- {why}\n   {post['text']!r}\n   Twitter {expected}\n   ours    {got}")
    print(f"\n{total} posts, {agreed} agree in texts and places ({agreed / total:.4%})")
    print(f"with `&amp;` read as `&`, the texts of {agreed_unescaped} agree ({agreed_unescaped / total:.4%})")
    print(f"{retweets} are retweets; of the lines these carry themselves, {lines_agreed} agree")
    for why, count in causes.most_common():
        print(f"{count:7} {why}")


if __name__ == "__main__":
    main()
