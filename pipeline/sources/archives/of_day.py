"""Dates and times of day that stand in columns of their own, whole or in parts, as one of the forms of `times`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.archives.months import month_named
from pipeline.sources.archives.notations import alike, as_shown

HOUR = 2  # digits of times of day that are hours alone
# 10.40 Uhr, 10h40, 1040 and 104000, or as the part of a day that a spreadsheet keeps
_ABROAD = re.compile(r"(\d{1,2})(?:[.:h](\d\d))(?:[.:](\d\d))?(?: ?(?:Uhr|h|ч\.?))?", re.ASCII)
_DIGITS = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)?", re.ASCII)
_PART = re.compile(r"0[.,](\d{3,17})", re.ASCII)
_HOUR = re.compile(r"(\d{1,2}) ?(?:h|hs|hrs?|Uhr|uur|ч|時|时|시|点|點)\.?", re.IGNORECASE)
# 10:00-11:00, the hour that a post lies in: no time with an offset, which would be far from any land
_RANGE = re.compile(r"(\d{1,2}):(\d\d) ?[-–—] ?(\d{1,2}):(\d\d)", re.ASCII)
_LONG = (15, 30, 60, 120, 180, 240, 360)  # minutes
_HALF = re.compile(r"(\d{1,2}) ?([ap])\.? ?m\.?", re.IGNORECASE)


def of_day(value: str) -> str:
    """A time of day that stands in a column of its own, with colons, however programs and people write it.

    >>> of_day("10.40 Uhr"), of_day("9h05"), of_day("104000"), of_day("0,75"), of_day("0,444444444"), of_day("2:40 PM")
    ('10:40', '9:05', '10:40:00', '0,75', '10:40:00', '2:40 PM')
    >>> of_day("14h"), of_day("2 p.m."), of_day("9 Uhr"), of_day("9:00-10:00"), of_day("9:00-05:00")
    ('14:00', '2:00 PM', '9:00', '9:00', '9:00-05:00')
    """
    value = as_shown(value).strip()
    if found := _ABROAD.fullmatch(value) or _DIGITS.fullmatch(value):
        return ":".join(filter(None, found.groups()))
    if found := _PART.fullmatch(value):
        seconds = min(round(86_400 * float(f"0.{found[1]}")), 86_399)
        return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if found := _RANGE.fullmatch(value):
        begin, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
        if (end - begin) % 1_440 in _LONG:
            return f"{found[1]}:{found[2]}"
    if found := _HOUR.fullmatch(value):
        return f"{found[1]}:00"
    if found := _HALF.fullmatch(value):
        return f"{found[1]}:00 {found[2].upper()}M"
    return alike(value)


def clock_of(parts: Sequence[str], digits: int) -> str:
    """The time of day in one cell, or in those of its hours, minutes and seconds; `digits`: of numbers, whose first
    zeros a spreadsheet took away, 0 for what are none.

    >>> clock_of(["932"], 4), clock_of(["9"], HOUR), clock_of(["14.0", "5", "7"], HOUR), clock_of(["9 PM"], 0)
    ('09:32', '09:00', '14:05:07', '9:00 PM')
    """
    if digits == HOUR:
        return ":".join(_whole(part).zfill(2) for part in (*parts, *["00"][len(parts) - 1 :]))
    number = _whole(parts[0])
    return of_day(number.zfill(digits) if digits and number.isdigit() else parts[0])


def date_of(parts: Sequence[str]) -> str:
    """The date whose year, month and day stand in cells of their own.

    >>> date_of(["2024", "5", "1.0"]), date_of(["2024", "août", "12"])
    ('2024-05-01', '2024-08-12')
    """
    year, month, day = map(_whole, parts)
    named = month_named(month.removesuffix("."))
    return f"{year}-{str(named) if named else month:0>2}-{day:0>2}"


def _whole(cell: str) -> str:
    """A number without the point that a column with gaps in it has made of it."""
    return cell.strip().removesuffix(".0")
