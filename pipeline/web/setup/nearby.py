"""Hashtags that an event may want besides: what is said now and is written much like its own, or stands beside them."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from pipeline.text import MAX_SHOWN, fold, printable, source_name, topic_key, topics_of
from pipeline.web.feed import Feed
from schemas import Post, TrendList

MOST = 8
LEAST_PEOPLE = 2  # of posts that a tag stands in: one person's whims are nobody's hashtag
LEAST_SHARED = 4  # letters at which two tags begin alike
_WITHOUT_LETTERS = re.compile(r"[\d_·・]+")


class Suggested(NamedTuple):
    """A hashtag, why it is near (`alike`: written much like one; `beside`: in the same posts; `now`: it trends), and
    how many people of late write it."""

    tag: str
    why: Literal["alike", "beside", "now"]
    people: int


class Nearby:
    """Suggests from the lists of `feed` and from the posts of late; nothing that a moderator has blocked."""

    def __init__(self, feed: Feed, posts: Callable[[], Sequence[Post]]) -> None:
        self._feed, self._posts = feed, posts

    async def of(self, hashtags: Sequence[str], title: str) -> list[Suggested]:
        """To an event with these hashtags and this title, the nearest first, MOST at most."""
        lists = [change.list for change in self._feed.all()]
        found = await asyncio.to_thread(suggested, hashtags, title, lists, self._posts())
        shows = self._feed.shows.may_show
        return [one for one in found if shows(fold(one.tag), one.tag, "all")][:MOST]


def suggested(
    hashtags: Sequence[str], title: str, lists: Iterable[TrendList], posts: Iterable[Post]
) -> list[Suggested]:
    """What is near to the hashtags and the title; where there are neither, what trends now."""
    mine = {key for tag in hashtags if (key := topic_key(tag))}
    like = mine | {topic_key("".join(filter(str.isalnum, title[:MAX_SHOWN])))} - {""}
    said = _Said()
    for one in lists:
        said.take_list(one, mine)
    for post in posts:
        said.take_post(post, mine)
    found = []
    for key, spelling in said.spellings.items():
        people = max(said.counted.get(key, 0), len(said.voices[key]))
        why: Literal["alike", "beside", "now"] | None = None
        if any(_alike(key, one) for one in like):
            why = "alike"
        elif key in said.joined or len(said.beside[key]) >= LEAST_PEOPLE:
            why = "beside"
        elif not like and key in said.trending:
            why = "now"
        if why and key not in mine and people >= LEAST_PEOPLE and key.startswith("#"):
            found.append(Suggested(printable(spelling), why, people))
    return sorted(found, key=lambda one: (one.why, -one.people, one.tag))


class _Said:
    """Who writes which tag. Suspect topics are passed over."""

    def __init__(self) -> None:
        self.spellings: dict[str, str] = {}
        self.counted: dict[str, int] = {}
        self.joined: set[str] = set()
        self.trending: set[str] = set()
        self.voices: defaultdict[str, set[str]] = defaultdict(set)
        self.beside: defaultdict[str, set[str]] = defaultdict(set)
        self._suspect: set[str] = set()

    def take_list(self, trends: TrendList, mine: set[str]) -> None:
        for row in trends.trends:
            if "suspect" in row.flags:
                self._suspect.add(row.topic)
                continue
            self.spellings[row.topic] = row.display
            self.counted[row.topic] = max(row.authors, self.counted.get(row.topic, 0))
            if mine.intersection(row.joined):
                self.joined.add(row.topic)
            if row.trending and trends.scope == "all":
                self.trending.add(row.topic)

    def take_post(self, post: Post, mine: set[str]) -> None:
        keys = {fold(spelling): spelling for spelling in topics_of(post)}
        who, near = f"{source_name(post.source)}/{post.author}", bool(mine.intersection(keys))
        for key, spelling in keys.items():
            if key not in self._suspect:
                self.spellings.setdefault(key, spelling)
                self.voices[key].add(who)
                if near:
                    self.beside[key].add(who)


def _alike(key: str, other: str) -> bool:
    """Whether two topic keys differ in digits and separators alone, or one begins as the whole other does.

    >>> _alike("#capcom2026", "#cap_com"), _alike("#capcomnet", "#capcom"), _alike("#cap", "#capcom")
    (True, True, False)
    """
    if _WITHOUT_LETTERS.sub("", key) == _WITHOUT_LETTERS.sub("", other) != "#":
        return True
    return min(len(key), len(other)) > LEAST_SHARED and (key.startswith(other) or other.startswith(key))
