"""An event's debrief as one page to pass on: it runs nothing, loads nothing, and prints on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pipeline.cli.event_report import BIN_MS, Named, Report
from pipeline.web.frame import render
from pipeline.wording import DEFAULT, Language, language, why_of

BARS = 240  # of the course, at most
DAY_MS = 86_400_000
_MINUTE_MS = 60_000


class _Bar(NamedTuple):
    x: int
    height: float  # of 100


class _Course(NamedTuple):
    """Posts over time, as bars of `width` minutes each; `marks` and `peaks`: (place in percent, what stands there)."""

    bars: list[_Bar]
    places: int
    width: int
    most: int
    marks: list[tuple[float, str]]
    peaks: list[tuple[float, int]]


def html_of(told: Report, lang: str = DEFAULT) -> str:
    """The report as a page; every text is escaped."""
    words = language(lang, told.time_zone)
    start, end = told.start, told.end
    within_a_day = start is not None and end is not None and end - start < DAY_MS  # a clock says which moment it is

    def when(ms: int) -> str:
        return words.clock(ms) if within_a_day else words.moment(ms, zone=False)

    return render(
        "report.html",
        words=words,
        told=told,
        when=when,
        end="" if start is None or end is None else _end(words, start, end),
        course=_course(told, when) if told.minutes else None,
        best=max(told.peaks, key=lambda peak: peak.posts, default=None),
        reason=lambda peak: why_of(peak.why, words) if peak.why else "",
        shares=_shares,
    )


def _end(words: Language, start: int, end: int) -> str:
    """When it ended, with the day where that is not the one on which it began."""
    first, last = (words.moment(ms, zone=False).removesuffix(words.clock(ms)) for ms in (start, end))
    return words.clock(end) if first == last else words.moment(end, zone=False)


def _shares(named: list[Named]) -> list[tuple[Named, str]]:
    """Each with its part of the largest, as CSS wants it."""
    most = max((it.posts for it in named), default=1)
    return [(it, f"{it.posts / most:.3f}") for it in named]


def _course(told: Report, when: Callable[[int], str]) -> _Course:
    first = told.minutes[0].at // _MINUTE_MS
    minutes = told.minutes[-1].at // _MINUTE_MS - first + 1
    width = -(-minutes // BARS)
    found: dict[int, int] = {}
    for it in told.minutes:
        place = (it.at // _MINUTE_MS - first) // width
        found[place] = found.get(place, 0) + it.posts
    most, places = max(found.values()), -(-minutes // width)
    bars = [_Bar(place, round(100 * posts / most, 2)) for place, posts in sorted(found.items())]

    def percent(ms: int) -> float:
        return round(100 * (ms / _MINUTE_MS - first) / (places * width), 2)

    quarters = [(first + minutes * part // 4) * _MINUTE_MS for part in range(5)]
    marks = [(percent(ms), when(ms)) for ms in quarters]
    peaks = [(min(percent(it.at + BIN_MS // 2), 100.0), number) for number, it in enumerate(told.peaks, 1)]
    return _Course(bars, places, width, most, marks, peaks)
