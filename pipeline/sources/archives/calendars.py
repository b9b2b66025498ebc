"""Dates as other calendars have them: those of Thailand and Iran, and years of Japan's eras and of Taiwan."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

_BUDDHIST = re.compile(r"\b25[4-9]\d\b", re.ASCII)  # 1997 to 2056; no other calendar has come so far
_PERSIAN = re.compile(r"(13[89]\d|140\d)([-/])(\d{1,2})\2(\d{1,2})(?!\d)", re.ASCII)  # 2001 to 2031
_FIRST_OF_IRAN, _ITS_FIRST_DAY = 1380, dt.date(2001, 3, 21)
_DIGITS = re.compile("[٠-٩۰-۹]")
_YEAR_LAST = re.compile(r"(\d{1,2})([/.-] ?)(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_ERA = re.compile(r"(令和|平成|昭和|民國|民国)\s?(\d{1,3}|元)\s?年")
_BEFORE = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}


def calendar_of(value: str) -> str:
    """The calendar by which a time tells its year, where no archive could be of that year otherwise; else nothing.

    >>> calendar_of("13 พ.ค. 2568 10:30"), calendar_of("1403/02/12"), calendar_of("2025-05-13 10:30:00")
    ('buddhist', 'persian', '')
    """
    return "buddhist" if _BUDDHIST.search(value) else "persian" if _PERSIAN.match(as_ascii(value)) else ""


def from_calendar(value: str, calendar: str) -> str:
    """The same time with the date of most calendars.

    >>> from_calendar("2567-02-29 10:30:00", "buddhist"), from_calendar("۱۴۰۳/۰۲/۱۲ ۱۰:۴۰", "persian")
    ('2024-02-29 10:30:00', '2024-05-01 10:40')
    """
    if calendar == "buddhist":
        return _BUDDHIST.sub(lambda year: str(int(year[0]) - 543), value, count=1)
    return _PERSIAN.sub(_from_persian, as_ascii(value), count=1)


def _from_persian(date: re.Match[str]) -> str:
    year, month, day = int(date[1]), int(date[3]), int(date[4])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return date[0]
    # in these years those of 366 days come as in the mean of 33 years
    days = sum(365 + ((8 * passed + 29) % 33 < 8) for passed in range(_FIRST_OF_IRAN, year))
    days += 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    return str(_ITS_FIRST_DAY + dt.timedelta(days + day - 1))


def as_ascii(value: str) -> str:
    """A time with digits as most write them."""
    return _DIGITS.sub(lambda digit: str(unicodedata.digit(digit[0])), value)


def order_of(value: str) -> str:
    """What stands first in a date in numbers that ends with its year, `day` or `month`, where no month could be what
    stands in the other place; else nothing.

    >>> order_of("13/05/2024 10:30"), order_of("5-13-2024"), order_of("05/01/2024"), order_of("2024-05-13")
    ('day', 'month', '', '')
    """
    date = _YEAR_LAST.match(value)
    first, second = (int(date[1]) > 12, int(date[3]) > 12) if date else (False, False)
    return "" if first == second else "day" if first else "month"


def year_first(value: str, order: str) -> str:
    """A date in numbers that ends with its year as one that begins with it; `order`: what it begins with now.

    >>> year_first("13/5/2024 10:30", "day"), year_first("05. 13. 2024", "month")
    ('2024-5-13 10:30', '2024-05-13')
    """
    return _YEAR_LAST.sub(r"\4-\3-\1" if order == "day" else r"\4-\1-\3", value)


def from_eras(value: str) -> str:
    """A time with the year that others count, where it tells the year of an era.

    >>> from_eras("令和6年5月1日"), from_eras("令和元年5月1日"), from_eras("民國113年5月1日")
    ('2024年5月1日', '2019年5月1日', '2024年5月1日')
    """
    return _ERA.sub(lambda era: f"{_BEFORE[era[1]] + (1 if era[2] == '元' else int(era[2]))}年", value)
