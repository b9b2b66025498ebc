"""Share of voice: how much is said about each of several brands, rivals or events, side by side and over time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.web.feed import Feed
from pipeline.web.history import DAY_MS, History

MAX_VOICES = 12
MAX_POINTS = 300
FEW = 20  # of fewer posts in the window no shares are shown: each would move them by more than five percent


class VoicePoint(msgspec.Struct):
    """A moment (ms), and at the places of `Voice.scopes`: posts and people in the window that ends then, and the share
    of the posts (0 to 1; all 0 where nobody posted). A post about two of them is one for each."""

    at: int
    posts: list[int]
    people: list[int]
    share: list[float]


class Voice(msgspec.Struct):
    """The voices compared, in the order asked for, and their course."""

    scopes: list[str]
    titles: list[str]
    window: str
    points: list[VoicePoint]  # oldest first; the last one may be of a list that is not final yet
    few: int = FEW  # fewer posts of a moment are too few for its shares to mean anything


def voices_of(feed: Feed) -> list[str]:
    """Whose voices are compared where nobody says: those of all watchlists; where there is none, of all events."""
    scopes = sorted({shown.list.scope for shown in feed.all()})
    for kind in ("watch:", "event:"):
        if found := [scope for scope in scopes if scope.startswith(kind)]:
            return found[:MAX_VOICES]
    return []


async def voice_of(
    feed: Feed,
    history: History | None,
    titles: Mapping[str, str],
    scopes: Sequence[str],
    window: str,
    from_ms: int | None,
    to_ms: int | None,
) -> Voice:
    """From `from_ms` (a day before the end) to `to_ms` (now). At most MAX_POINTS moments, evenly chosen, the last one
    among them."""
    current = [feed.current(scope, window) for scope in scopes]
    newest = max((shown.list.at for shown in current if shown is not None), default=0)
    end = newest if to_ms is None else to_ms
    start = end - DAY_MS if from_ms is None else from_ms
    courses: list[dict[int, tuple[int, int]]] = []
    for scope, shown in zip(scopes, current, strict=True):
        found = [] if history is None else await asyncio.to_thread(history.totals, scope, window, start, end)
        course = {max(at, start): (posts, people) for at, posts, people in found}
        if shown is not None and start <= shown.list.at <= end:
            course[shown.list.at] = shown.list.posts, shown.list.authors
        courses.append(course)
    moments = sorted({at for course in courses for at in course})
    return Voice(list(scopes), [titles.get(scope, "") for scope in scopes], window, list(_points(courses, moments)))


def _points(courses: Sequence[Mapping[int, tuple[int, int]]], moments: Sequence[int]) -> list[VoicePoint]:
    """What each voice had at every moment: its newest figures not later."""
    every = -(-len(moments) // MAX_POINTS) or 1
    now = [(0, 0)] * len(courses)
    points = []
    for number, at in enumerate(moments, 1):
        now = [course.get(at, before) for course, before in zip(courses, now, strict=True)]
        if (len(moments) - number) % every == 0:
            total = sum(posts for posts, _ in now)
            share = [round(posts / total, 4) if total else 0.0 for posts, _ in now]
            points.append(VoicePoint(at, [posts for posts, _ in now], [people for _, people in now], share))
    return points
