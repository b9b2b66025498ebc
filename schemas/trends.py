"""A list of trends: what the `trends` topic, the files of a replay and the API carry."""

from __future__ import annotations

from typing import Literal

import msgspec

Window = Literal["5m", "1h", "24h"]
State = Literal["new", "rising", "steady", "fading"]
Flag = Literal["one_post", "one_author", "same_people"]
WINDOWS: dict[Window, int] = {"5m": 300, "1h": 3_600, "24h": 86_400}  # name -> seconds of the list's longer window


class Peak(msgspec.Struct):
    """The largest score of a trend's life, and when (ms)."""

    score: float
    at: int


class Trend(msgspec.Struct):
    """One row of a list: a topic, how much more people talk about it than its past lets one expect, and why.

    `support`, `expected`, `spread`, `score`, `weight` and `spark` speak of the one of the list's two windows in which
    the score is larger (`score_window_s`); `posts` and `authors` always of the longer one.
    """

    rank: int
    topic: str  # the key: sigil and folded text
    trending: bool  # False: the row only fills the list up
    display: str  # the spelling most used
    variants: list[str]  # the other spellings, most used first
    posts: int  # with reposts
    authors: int  # people, rounded; exact up to 512
    support: float  # n
    expected: float  # e
    spread: float  # square root of v
    score: float  # S
    weight: float  # R, held with its half-life
    score_window_s: int
    state: State
    since: int | None  # ms; None for a row that is not trending
    peak: Peak | None
    flags: list[Flag]
    joined: list[str]  # keys of the topics shown as one with this (flag same_people)
    examples: list[str]  # post ids
    spark: list[float]  # support at the last 20 grid points, oldest first
    why: str  # one sentence


class TrendList(msgspec.Struct):
    """The trends of one scope and window at a moment of event time (topic `trends`, key `scope/window`)."""

    scope: str  # all, lang:fr, source:mastodon, event:NAME
    window: Window
    window_s: int
    at: int  # end of the window, ms
    final: bool
    flag: Literal["", "counting", "provisional"]  # what the baseline is worth
    trends: list[Trend]
    posts: int = 0  # of an event's or a watchlist's scope: all its posts in the window, with topics or without
    authors: int = 0  # and their people, rounded; exact up to 512. Other scopes: 0
