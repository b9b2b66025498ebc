"""Years as other calendars of the same months and days count them: those of Buddhism, of Japan's eras and of Taiwan."""

from __future__ import annotations

import re

_BUDDHIST = re.compile(r"\b25[4-9]\d\b", re.ASCII)  # 1997 to 2056; no other calendar has come so far
_OF_THAILAND = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)
_ERA = re.compile(r"(令和|平成|昭和|民國|民国)\s?(\d{1,3}|元)\s?年")
_BEFORE = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}


def has_buddhist_year(value: str) -> bool:
    """Whether a time tells a year as Thailand counts them, which no archive could be of otherwise.

    >>> has_buddhist_year("13 พ.ค. 2568 10:30"), has_buddhist_year("2025-05-13 10:30:00")
    (True, False)
    """
    return _BUDDHIST.search(value) is not None


def from_buddhist(value: str) -> str:
    """The same time with the year that others count.

    >>> from_buddhist("2567-02-29 10:30:00")
    '2024-02-29 10:30:00'
    """
    return _BUDDHIST.sub(lambda year: str(int(year[0]) - 543), value, count=1)


def day_first(value: str) -> str:
    """A date in numbers as Thailand writes them, the year first.

    >>> day_first("13/5/2024 10:30")
    '2024-5-13 10:30'
    """
    return _OF_THAILAND.sub(r"\4-\3-\1", value)


def from_eras(value: str) -> str:
    """A time with the year that others count, where it tells the year of an era.

    >>> from_eras("令和6年5月1日"), from_eras("令和元年5月1日"), from_eras("民國113年5月1日")
    ('2024年5月1日', '2019年5月1日', '2024年5月1日')
    """
    return _ERA.sub(lambda era: f"{_BEFORE[era[1]] + (1 if era[2] == '元' else int(era[2]))}年", value)
