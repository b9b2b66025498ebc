"""Which columns of a table tell when its posts were, chosen by their names and by what stands in the first rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.sources.archives.calendars import calendar_of, order_of
from pipeline.sources.archives.of_day import HOUR, clock_of, date_of
from pipeline.sources.archives.tables import cells
from pipeline.sources.archives.tables.names import (
    DATES,
    HOURS,
    KNOWN_COLUMNS,
    MINUTES,
    OF_DAY,
    SECONDS,
    Places,
    plain,
    says_time_of_post,
)
from pipeline.sources.archives.tables.spoken import in_words
from pipeline.sources.archives.tables.tools import Tool
from pipeline.sources.archives.times import Clock, has_clock, kind_of

_LASTING = re.compile(
    r"dura|dauer|durée|duree|length|longueur|länge|kesto|elapsed|laenge|時間|长度|时长", re.IGNORECASE
)
_KINDS = ("moment", "day", "unclear", "of-day", "")  # of times, the better ones first


def choose_time(
    place: dict[str, int],
    names: Sequence[str],
    places: Places,
    rows: Sequence[Sequence[str]],
    clock: Clock,
    tool: Tool | None,
) -> None:
    """The column with the clearest times; of equals one of more than one time, as that of collecting may be, then the
    best name, or what that is called with `utc` behind it."""
    known = (*(tool.columns.get("time", ()) if tool else ()), *KNOWN_COLUMNS["time"])
    found = list(dict.fromkeys(at for at in places.all_of(known) if at not in place.values()))
    if not found:
        found = [at for at in in_words("time", names) if at not in place.values()]
        found = [at for at in found if _kind(cells.column(rows, at), clock) != "of-day"]
    if not found:
        return
    columns = {at: cells.column(rows, at) for at in found}
    kinds = {at: _KINDS.index(_kind(columns[at], clock)) for at in found}
    best = min(found, key=lambda at: (kinds[at], len(columns[at]) > 2 and len(set(columns[at])) == 1))
    place["time"] = _of_utc(best, names, places, rows, clock)


def _of_utc(time: int, names: Sequence[str], places: Places, rows: Sequence[Sequence[str]], clock: Clock) -> int:
    """The column of the same times with `utc` or `gmt` behind its name, where there is one as clear."""
    name = plain(names[time])
    kind = _kind(cells.column(rows, time), clock)
    beside = (f"{name}_utc", f"{name}_gmt")
    return next((at for at in places.all_of(beside) if _kind(cells.column(rows, at), clock) == kind), time)


def guess_time(
    place: dict[str, int], names: Sequence[str], places: Places, rows: Sequence[Sequence[str]], clock: Clock
) -> None:
    """A column that holds times under a name that nobody knows but that says so; of several the first."""
    if "time" in place:
        return
    found = [at for at, title in enumerate(names) if at not in place.values() and says_time_of_post(title)]
    kinds = {at: kind for at in found if (kind := _kind(cells.column(rows, at), clock)) in ("moment", "unclear")}
    if kinds:
        best = min(kinds, key=lambda at: _KINDS.index(kinds[at]))
        place["time"] = _of_utc(best, names, places, rows, clock)


def date_in_parts(
    place: dict[str, int], places: Places, rows: Sequence[Sequence[str]], clock: Clock
) -> tuple[int, ...]:
    """The columns of years, months and days, where no column holds whole dates; nothing where these are none. The years
    then stand where the time does."""
    if clock.pattern is not None or not rows:
        return ()
    if "time" in place and _kind(cells.column(rows, place["time"]), clock) not in ("", "of-day"):
        return ()
    found = tuple(at for titles in DATES for at in list(places.all_of(titles))[:1])
    if len(found) < len(DATES):
        return ()
    dates = [date_of([row[at] for at in found]) for row in rows]
    if _kind(dates, clock) != "day":
        return ()
    place["time"] = found[0]
    return found


def in_calendar(times: Sequence[str], clock: Clock) -> Clock:
    """The clock, or that of another calendar where each of the times holds a year as that counts them."""
    calendars = set(map(calendar_of, times))
    if len(calendars) != 1 or not (calendar := calendars.pop()):
        return clock
    return replace(clock, calendar=calendar, order="day" if calendar == "buddhist" else "")


def in_order(times: Sequence[str], clock: Clock) -> Clock:
    """The clock, which reads dates such as 01/05/2024 where some of the times, as 13/05/2024, tell what stands first in
    them, and none of them tells otherwise."""
    orders = {order for time in times if (order := order_of(time))}
    return replace(clock, order=orders.pop()) if len(orders) == 1 and clock.pattern is None else clock


def time_of_day(
    time: int,
    names: Sequence[str],
    places: Places,
    rows: Sequence[Sequence[str]],
    clock: Clock,
    *,
    is_date: bool,
) -> tuple[tuple[int, ...], int, Clock]:
    """The column with the time of day, or those of its parts, where the one with the time holds dates only or a part of
    a date, how many digits it has (see `_digits_of_day`), and how both together are read: by its name, or, whatever
    that is, beside the dates."""
    dates = cells.column(rows, time)
    is_day = _kind(dates, replace(clock, pattern=None)) in ("day", "unclear") and not any(":" in date for date in dates)
    if not is_day and not is_date:
        return (), 0, clock
    beside = [at for at in (time + 1, time - 1) if 0 <= at < len(names) and not _LASTING.search(names[at])]
    beside = [at for at in beside if any(":" in cell for cell in cells.column(rows, at))]
    hours = set(places.all_of(HOURS))
    for at in (*places.all_of(OF_DAY), *hours, *beside):
        found = cells.column(rows, at)
        digits = _digits_of_day(found, are_hours=at in hours)
        clocks = [clock_of([cell], digits) for cell in found]
        if at != time and _kind(clocks, clock) == "of-day":
            if clock.pattern is not None and not has_clock(clock.pattern):
                written = "%I:%M:%S %p" if clocks[0].strip()[-1:] in "Mm." else "%H:%M:%S"
                written = written if clocks[0].count(":") > 1 else written.replace(":%S", "")
                clock = replace(clock, pattern=f"{clock.pattern} {written}")
            smaller = [place for titles in (MINUTES, SECONDS) for place in list(places.all_of(titles))[:1]]
            return (at, *smaller) if digits == HOUR else (at,), digits, clock
    return (), 0, clock


def _digits_of_day(found: Sequence[str], *, are_hours: bool) -> int:
    """How many digits times of day have that are numbers, as 932 and 1430 or 93200 and 143000, or 9 and 14 where these
    are hours by their name; 0 for any others."""
    numbers = [cells.whole(cell.strip()) for cell in found]
    if not numbers or not all(map(str.isdigit, numbers)):
        return 0
    longest = max(map(len, numbers))
    digits = longest + longest % 2
    are_times = digits in (4, 6) or (digits == HOUR and are_hours)
    return digits if are_times and all(":" in clock_of([number], digits) for number in numbers) else 0


def _kind(values: Sequence[str], clock: Clock) -> str:
    """What most of these cells are, as times."""
    kinds = [kind_of(value, clock) for value in values]
    return max(set(kinds), key=lambda kind: (kinds.count(kind), -_KINDS.index(kind))) if kinds else ""
