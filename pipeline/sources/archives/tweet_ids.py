"""What the ids of tweets tell: when they were given out, whatever clock a table shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from pipeline.sources.archives.times import Clock, pattern_of
from schemas import PostError

_SNOWFLAKE = re.compile(r"(?:x|'|=?\")?(\d{15,20})\"?", re.ASCII)
_ADDRESS = re.compile(r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/([^/?#]+)/status(?:es)?/(\d{6,20})\b")
_BEGINNING_MS = 1_288_834_974_657
_STEP_MS = 900_000  # zones lie whole quarters of an hour apart
_AWRY_MS = 120_000  # between an id and its post
_WIDEST_MS = 14 * 3_600_000
_UNITS_MS = (60_000, 86_400_000)  # that times are often shown in
_ENOUGH = 4  # tweets that agree


def given_out_ms(identity: str) -> int | None:
    """When the id of a tweet was given out; None for what is no such id.

    >>> given_out_ms("1785610110366658617"), given_out_ms("17")
    (1714557600000, None)
    """
    found = _SNOWFLAKE.fullmatch(identity.strip())
    return (int(found[1]) >> 22) + _BEGINNING_MS if found else None


def id_in(url: str, author: str) -> str:
    """The id in the address of a tweet, if that is one of this account; else nothing.

    >>> id_in("https://twitter.com/Ana/status/17856101", "ana"), id_in("https://x.com/bo/status/17856101", "ana")
    ('17856101', '')
    """
    found = _ADDRESS.match(url)
    return found[2] if found and found[1].casefold() == author.casefold() else ""


def tell_of_zone(shown: Sequence[tuple[str, int]], *, even_utc: bool = False) -> bool:
    """Whether the times that tweets of these ids are shown with are those of one zone that is not UTC, or `even_utc`:
    all lie as many quarters of an hour from their ids.

    >>> ids = [str(17856101 << 38 | number << 22) for number in (0, 60_000, 99_000, 250_000)]
    >>> tell_of_zone([(each, given_out_ms(each) + 7_200_000) for each in ids])
    True
    """
    steps: Counter[int] = Counter()
    for identity, time_ms in shown:
        at = given_out_ms(identity)
        if at is not None and abs(away := time_ms - at) <= _WIDEST_MS + _AWRY_MS:
            step = round(away / _STEP_MS)
            if abs(away - step * _STEP_MS) <= _AWRY_MS:
                steps[step] += 1
    if not steps:
        return False
    [(step, agreeing)] = steps.most_common(1)
    return (step != 0 or even_utc) and agreeing >= _ENOUGH and 10 * agreeing >= 9 * len(shown)


def tell_seconds(shown: Sequence[tuple[str, str]], clock: Clock) -> bool:
    """Whether ids tell of these tweets, shown with times of whole minutes or days as text, the seconds that were left
    out."""
    try:
        told = [(given_out_ms(identity), clock.ms(value)) for identity, value in shown]
    except PostError:
        return False
    return len(told) >= _ENOUGH and any(
        all(at is not None and at // unit_ms * unit_ms == time_ms for at, time_ms in told) for unit_ms in _UNITS_MS
    )


def tell_better(shown: Sequence[tuple[str, str]], clock: Clock) -> bool:
    """Whether ids tell of these tweets, shown with times as text, when they were, and the times as `clock` reads them
    do not: as they are those of a zone that is not UTC, or do not say which zone or day they mean."""
    readings: tuple[Callable[[str], int], ...] = (
        clock.ms,
        lambda value: Clock().ms(value.rpartition(" ")[0]),  # without a zone of many meanings
        lambda value: Clock(pattern=pattern_of(value, day_first=False)).ms(value),
        lambda value: Clock(pattern=pattern_of(value, day_first=True)).ms(value),
    )
    for place, read in enumerate(readings):
        try:
            told = [(identity, read(value)) for identity, value in shown]
        except PostError:
            continue
        if tell_of_zone(told, even_utc=place > 0):
            return True
        if not place:
            return False
    return False
