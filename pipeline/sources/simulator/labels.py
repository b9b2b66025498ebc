"""The truth about a simulated stream: what was planted, and the numbers a reader must arrive at."""

from __future__ import annotations

from typing import Literal

import msgspec


class PhaseLabel(msgspec.Struct, frozen=True):
    """One part of an event, [start, end) in ms."""

    name: str
    start: int
    end: int
    posts: int


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something planted: its topics, its time from first to last post as [start, end) in ms, and its exact size."""

    kind: Literal["burst", "event", "ring", "flood", "story"]
    name: str
    topics: list[str]  # keys
    start: int
    end: int
    people: int  # different authors
    posts: int  # reposts included
    reposts: int
    lang: str
    shape: str | None = None  # of a burst or story
    event: str | None = None  # the event that a talk (kind burst) belongs to
    phases: list[PhaseLabel] | None = None  # of an event


class Totals(msgspec.Struct):
    """What a reader of the whole stream counts, with a lateness of at least 5 s and below 10 min, panes of at least
    10 s and at most 1 min, and any number of partitions.

    `posts` are those counted: not `late`, `duplicates` or `future`. Reposts, people, topics, languages and sources
    speak of them.
    """

    scenario: str
    kind: Literal["totals"] = "totals"
    lines: int = 0
    posts: int = 0
    reposts: int = 0
    people: int = 0
    topics: int = 0  # different topic keys
    displaced: int = 0  # counted, though a newer post came before
    duplicates: int = 0
    late: int = 0
    future: int = 0
    corrupt: dict[str, int] = msgspec.field(default_factory=dict)  # by the reason of PostError
    late_by_source: dict[str, int] = msgspec.field(default_factory=dict)
    langs: dict[str, int] = msgspec.field(default_factory=dict)
    sources: dict[str, int] = msgspec.field(default_factory=dict)
    first: int = 0  # ms of the oldest post counted
    last: int = 0  # ms of the newest post counted

    def summary(self) -> str:
        """The numbers in one line."""
        return (
            f"{self.lines:,} lines, {self.posts:,} posts to count, {self.late:,} late, {self.duplicates:,} duplicates, "
            f"{self.future:,} future, {sum(self.corrupt.values()):,} corrupt"
        )
