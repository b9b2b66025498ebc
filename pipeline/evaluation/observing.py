"""One stream, read once: what upswell's hour list said of it, and who said what, for the methods beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.local import Local, Options, Stats
from pipeline.text import fold, text_key, topics_of
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
    """A list as it was issued: its end (ms), the score of every topic on it, and which of them were trending."""

    at_ms: int
    scores: dict[str, float]
    trending: frozenset[str]


class Observation:
    """Takes a stream in the order of its log; after `finish`, answers what was listed and what was said.

    Only the list `1h` of the scope `all` is made. Everything is kept in memory: about 200 bytes for every topic of
    every post.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.said: dict[str, list[Said]] = defaultdict(list)  # by topic key
        self._shown: list[_Shown] = []
        self._ends: tuple[int, int] | None = None  # times of the oldest and the newest post, ms
        self._local = Local(options, on_list=self._take, keeps=lambda scope, window: (scope, window) == ("all", "1h"))

    def feed(self, posts: Sequence[Post]) -> None:
        """Counts posts in log order; `time` must be ms."""
        for post in posts:
            if post.deleted is not None:
                continue
            time_ms = int(post.time)
            oldest, newest = self._ends or (time_ms, time_ms)
            self._ends = min(oldest, time_ms), max(newest, time_ms)
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

    def span(self, warmup_ms: int = 0) -> Span:
        """From the minute of the oldest post to that of the newest. Raises ValueError where there was none."""
        if self._ends is None:
            raise ValueError("the stream holds no post")
        begin_ms = self._ends[0] // MINUTE_MS * MINUTE_MS
        return Span(begin_ms, (self._ends[1] - begin_ms) // MINUTE_MS + 1, -(-warmup_ms // MINUTE_MS))

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
        """The minutes [from, to) of the span in which upswell listed each topic as trending."""
        lives: dict[str, list[tuple[int, int]]] = {}
        began: dict[str, int] = {}
        for shown in self._shown:
            minute = span.minute_of(shown.at_ms) - 1
            _end(lives, began, set(began) - shown.trending, min(minute, span.minutes))
            for topic in shown.trending - began.keys():
                if minute < span.minutes:
                    began[topic] = max(minute, 0)
        _end(lives, began, set(began), span.minutes)
        return lives

    def _take(self, trends: TrendList) -> None:
        # a topic that is shown as one with another is on the screen too, by the other's score
        rows = {key: row for row in trends.trends for key in row.joined} | {row.topic: row for row in trends.trends}
        scores = {} if trends.flag == "counting" else {key: row.score for key, row in rows.items()}
        self._shown.append(_Shown(trends.at, scores, frozenset(key for key, row in rows.items() if row.trending)))


def _held(points: Sequence[tuple[int, float]], minutes: int) -> Floats:
    values = np.zeros(minutes)
    for (minute, score), (until, _) in zip(points, [*points[1:], (minutes, 0.0)], strict=True):
        values[max(minute, 0) : max(until, 0)] = score
    return values


def _end(lives: dict[str, list[tuple[int, int]]], began: dict[str, int], topics: Iterable[str], minute: int) -> None:
    for topic in topics:
        lives.setdefault(topic, []).append((began.pop(topic), minute))
