"""One stream, read once: what upswell's hour list said of it, and who said what, for the methods beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.local import Local, Options, Stats
from pipeline.text import fold, text_key, topics_of
from pipeline.trends.schedule import SILENCE_MS
from pipeline.trends.score import MINUTE_MS, OFF
from schemas import Post, TrendList

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """The minutes of a stream, numbered from 0, of which the first `warmup_min` are not judged. `begin_ms` is a full
    minute; minute m is [begin_ms + m * 60 s, begin_ms + (m + 1) * 60 s), and what a method says of it is said at its
    end."""

    begin_ms: int
    minutes: int
    warmup_min: int = 0

    @property
    def days(self) -> float:
        """What is judged, in days."""
        return max(self.minutes - self.warmup_min, 0) / 1_440

    def minute_of(self, time_ms: int) -> int:
        return (time_ms - self.begin_ms) // MINUTE_MS


class Said(NamedTuple):
    """That somebody spoke of a topic; `text` is what makes two posts say the same."""

    time_ms: int
    author: str
    text: str


class _Shown(NamedTuple):
    """A list as it was issued: its end (ms), the score of every topic on it, which of them were trending, and which of
    these have a row of their own."""

    at_ms: int
    scores: dict[str, float]
    trending: frozenset[str]
    rows: frozenset[str]


class Observation:
    """Takes a stream in the order of its log; after `finish`, answers what was listed and what was said.

    Only the list `1h` of the scope `all` is made. Everything is kept in memory: about 200 bytes for every topic of
    every post.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.said: dict[str, list[Said]] = defaultdict(list)  # by topic key
        self._shown: list[_Shown] = []
        self._minutes: set[int] = set()  # since 1970, that hold posts
        self._local = Local(options, on_list=self._take, keeps=lambda scope, window: (scope, window) == ("all", "1h"))

    def feed(self, posts: Sequence[Post]) -> None:
        """Counts posts in log order; `time` must be ms."""
        for post in posts:
            if post.deleted is not None:
                continue
            time_ms = int(post.time)
            self._minutes.add(time_ms // MINUTE_MS)
            keys = {fold(spelling) for spelling in topics_of(post)}
            if keys:
                said = Said(time_ms, post.author, f"repost:{post.repost_of}" if post.repost_of else text_key(post.text))
                for key in keys:
                    self.said[key].append(said)
        self._local.feed(posts)

    def finish(self) -> None:
        """The end of the stream: the last lists are made."""
        self._local.finish()

    @property
    def stats(self) -> Stats:
        return self._local.stats

    def span(self, warmup_ms: int = 0, around_ms: int | None = None) -> Span:
        """From the first list, or the oldest post where there is none, to the newest post, of the minutes that no
        silence of more than a day parts from `around_ms`: a post of a broken clock, months away, would make every rate
        that of a time in which nothing was. Raises ValueError where there is no post."""
        minutes = sorted(self._minutes)
        if not minutes:
            raise ValueError("the stream holds no post")
        if around_ms is not None:
            around = around_ms // MINUTE_MS
            for before, after in pairwise([*minutes]):
                if after - before > SILENCE_MS // MINUTE_MS:
                    minutes = [it for it in minutes if (it >= after) == (around > (before + after) // 2)]
        listed = (shown.at_ms // MINUTE_MS - 1 for shown in self._shown)
        first = next((minute for minute in listed if minute >= minutes[0]), minutes[0])
        return Span(first * MINUTE_MS, max(minutes[-1] - first, 0) + 1, -(-warmup_ms // MINUTE_MS))

    def scores(self, span: Span) -> dict[str, Floats]:
        """S of all rows of upswell's list at every minute of the span: of topics below its ON, those that fill it up.

        A list stands until the next one is issued. Lists that only count (flag `counting`) have no scores; topics that
        never score as high as a life needs to last are left out.
        """
        points: dict[str, list[tuple[int, float]]] = defaultdict(list)
        listed: set[str] = set()
        for shown in self._shown:
            minute = span.minute_of(shown.at_ms) - 1
            for topic in listed - shown.scores.keys():
                points[topic].append((minute, 0.0))
            for topic, score in shown.scores.items():
                points[topic].append((minute, score))
            listed = set(shown.scores)
        return {
            topic: _held(them, span.minutes) for topic, them in points.items() if max(score for _, score in them) >= OFF
        }

    def trending(self, span: Span) -> dict[str, list[tuple[int, int]]]:
        """The minutes [from, to) of the span in which upswell listed each topic as trending, in a row of its own or
        as one with another."""
        return self._listed(span, [shown.trending for shown in self._shown])

    def rows(self, span: Span) -> dict[str, list[tuple[int, int]]]:
        """The minutes [from, to) of the span in which each topic had a trending row of its own."""
        return self._listed(span, [shown.rows for shown in self._shown])

    def _listed(self, span: Span, listed: Sequence[frozenset[str]]) -> dict[str, list[tuple[int, int]]]:
        lives: dict[str, list[tuple[int, int]]] = {}
        began: dict[str, int] = {}
        for shown, topics in zip(self._shown, listed, strict=True):
            minute = span.minute_of(shown.at_ms) - 1
            _end(lives, began, set(began) - topics, min(minute, span.minutes))
            for topic in topics - began.keys():
                if minute < span.minutes:
                    began[topic] = max(minute, 0)
        _end(lives, began, set(began), span.minutes)
        return lives

    def _take(self, trends: TrendList) -> None:
        # a topic that is shown as one with another is on the screen too, by the other's score
        rows = {key: row for row in trends.trends for key in row.joined} | {row.topic: row for row in trends.trends}
        scores = {} if trends.flag == "counting" else {key: row.score for key, row in rows.items()}
        trending = frozenset(key for key, row in rows.items() if row.trending)
        of_their_own = frozenset(row.topic for row in trends.trends if row.trending)
        self._shown.append(_Shown(trends.at, scores, trending, of_their_own))


def _held(points: Sequence[tuple[int, float]], minutes: int) -> Floats:
    values = np.zeros(minutes)
    for (minute, score), (until, _) in zip(points, [*points[1:], (minutes, 0.0)], strict=True):
        values[max(minute, 0) : max(until, 0)] = score
    return values


def _end(lives: dict[str, list[tuple[int, int]]], began: dict[str, int], topics: Iterable[str], minute: int) -> None:
    for topic in topics:
        if (start := began.pop(topic)) < minute:
            lives.setdefault(topic, []).append((start, minute))
