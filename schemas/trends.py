"""A list of trends: what the `trends` topic, the files of a replay and the API carry."""

from __future__ import annotations

from typing import Literal

import msgspec

Window = Literal["5m", "1h", "24h"]
State = Literal["new", "rising", "steady", "fading"]
Flag = Literal["one_post", "one_author", "one_server", "bots", "same_people", "suspect"]
Note = Literal["", "no_past", "faded", "usual"]
WINDOWS: dict[Window, int] = {"5m": 300, "1h": 3_600, "24h": 86_400}  # name -> seconds of the list's longer window


class Peak(msgspec.Struct):
    """The largest score of a trend's life, and when (ms)."""

    score: float
    at: int


class Signs(msgspec.Struct, frozen=True):
    """What speaks against a topic, as facts about its first voices of the last hour (`24h`: day), in all scopes alike:
    of its busiest two minutes, where these hold half of the busiest ten, else of these ten; of suspect ones of those by
    which they are. Shares are 0 to 1."""

    people: int  # so many; exact up to 512 a minute and cell
    sudden: float  # share of its rush, the busiest ten minutes, that came within two minutes by the clock
    newcomers: float  # share whom the stream has not heard before, within a week
    usual: float  # share of newcomers that is usual among all people
    again: float  # share who took part in other suspect topics within a week
    suspect: bool  # by the rule of docs/trending.md
    undecided: bool = False  # it could be, and cannot be told yet
    bots: bool = False  # this speaks of the bots among them alone


class Origins(msgspec.Struct, frozen=True):
    """Where the people of a topic are from, as their networks say. Shares are of all its people in the longer window, 0
    to 1, whether something is known of them or not."""

    people: int  # so many, at most 512
    one_server: float  # share of those on the server where most are
    usual: float | None  # the server's usual share of the stream's people; None: not known
    bots: float  # share of those whose accounts are bots


class Why(msgspec.Struct, frozen=True):
    """Why a topic is in a list, as facts: programs read these, and whoever shows them to people makes a sentence.

    They speak of the one of the list's two windows in which the score is larger. `repeated`: so many repeat the same
    texts that `support` lies clearly below `people`.
    """

    people: int  # in the window, rounded; exact up to 512
    window_s: int
    repeated: bool
    support: float  # n
    expected: float  # e
    spread: float  # square root of v
    score: float  # S
    own_words: float  # the share of people with words of their own, 0 to 1
    note: Note = ""  # no_past: nothing to compare with yet; faded: it trended, and does so no more; usual: as always


class Trend(msgspec.Struct):
    """One row of a list: a topic, how much more people talk about it than its past lets one expect, and why.

    `support`, `expected`, `spread`, `score` and `weight` speak of the one of the list's two windows in which
    the score is larger (`score_window_s`); `posts` and `authors` always of the longer one.
    """

    rank: int
    topic: str  # the key: sigil and folded text; of words without sigil
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
    since: int | None  # ms, when its life began; None for a row without one (a suspect row may have one)
    peak: Peak | None
    flags: list[Flag]
    joined: list[str]  # keys of the topics shown as one with this: tags (flag same_people), then what is said most
    examples: list[str]  # post ids
    spark: list[float]  # people of each of the last 20 steps (`5m`, `1h`: minutes, `24h`: hours), oldest first
    why: Why
    signs: Signs | None = None  # None: too few people, or no past
    usual: float = 0.0  # people that the past lets one expect in such a step
    withdrawn: int = 0  # posts of the longer window that were withdrawn: they count nowhere else in the row
    withdrawn_by: int = 0  # their authors
    origins: Origins | None = None  # None: of none of them is anything known
    also: list[str] = []  # the spellings most used of the topics in `joined`, in their order


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
    past: int = 0  # whole hours (`24h`: days) of past that it compares with
    past_wanted: int = 0  # and from so many on it is not provisional
