"""What is in a simulated stream, counted slowly from its bytes alone: nothing here knows how it was made."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas import PostError, decode_post

PANE_MS, MAX_OUT_OF_ORDERNESS_MS, DAY_MS = 10_000, 5_000, 86_400_000
TAG = re.compile(r"#(\w+)")


def key_of(tag: str) -> str:
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", tag).casefold())
    if unicodedata.name(letters[0]).startswith("LATIN"):
        letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return "#" + unicodedata.normalize("NFC", letters)


def keys_of(post: dict[str, Any]) -> set[str]:
    return {key_of(tag) for tag in (*TAG.findall(post["text"]), *post.get("tags", ()))}


@dataclass
class Recount:
    lines: int = 0
    counted: list[dict[str, Any]] = field(default_factory=list)
    keys: list[set[str]] = field(default_factory=list)
    displaced: int = 0
    duplicates: int = 0
    late: Counter[str] = field(default_factory=Counter)
    corrupt: Counter[str] = field(default_factory=Counter)
    future: int = 0


def recount(lines: list[bytes], partitions: int) -> Recount:
    """The streams of `partitions` partitions, each with its own clock, as docs/trending.md has it."""
    found = Recount(lines=len(lines))
    posts: list[dict[str, Any]] = []
    for line in lines:
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        try:
            decode_post(line)
            posts.append(json.loads(line))
        except PostError as error:
            found.corrupt[error.reason] += 1
    newest_of_all = 0
    newest: dict[int, int] = {}
    held: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for place, post in enumerate(posts):
        time_ms = post["time"]
        following = posts[place + 1 : place + 17]
        if newest_of_all and time_ms > newest_of_all + DAY_MS:
            assert not any(other["time"] > newest_of_all + DAY_MS for other in following), "not alone"
            assert len(following) == 16
            found.future += 1
            continue
        partition = sum(post["author"].encode()) % partitions
        pane = time_ms // PANE_MS
        frontier = (newest.get(partition, 0) - MAX_OUT_OF_ORDERNESS_MS) // PANE_MS
        pane_held = held.setdefault((partition, pane), set())
        if pane < frontier:
            found.late[post["source"]] += 1
        elif (post["source"], post["id"]) in pane_held:
            found.duplicates += 1
        else:
            pane_held.add((post["source"], post["id"]))
            newest[partition] = max(newest.get(partition, 0), time_ms)
            found.displaced += time_ms < newest_of_all
            newest_of_all = max(newest_of_all, time_ms)
            found.counted.append(post)
            found.keys.append(keys_of(post))
    return found
