"""Times as people's files write them, read as what they are or refused: never another century, never half a day off."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.sources.archives.calendars import from_calendar, year_first
from pipeline.sources.archives.months import month_named
from pipeline.sources.archives.notations import alike, as_shown, is_reckoned
from pipeline.sources.archives.unread import UnreadError, Why, WhyError, is_unclear
from schemas import MAX_TIME_MS, PostError

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local and UTC times alike are reckoned from it
_DAY_MS = 86_400_000
EXCEL = "excel"  # the pattern of days since the end of 1899, with the time of day as a part of one
# patterns of times that are numbers, and the ms from 1970 to where they begin
NUMBERS = {"unix": 0, "apple": 978_307_200_000, EXCEL: -25_569 * _DAY_MS}
_UNITS = {9: 1_000, 12: 1, 15: -1_000, 18: -1_000_000}  # by the digits of a number, of which the first units have fewer
_YEARS = range(1970, 2100)  # of what may be a date written as one number

_CLOCK = r"(\d{1,2})(?:[:h](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?([AaPp])\.? ?[Mm]\.?)?"
_OFFSET = r"(Z|z|UTC|GMT|UT)?([+-]\d{1,2}(?::?\d\d)?)?(?: (?:UTC|GMT|\(?[A-Z]{3,4}\)?|\([A-Z][A-Za-z -]{1,60}\)))?"
_ZONE = rf"(?: ?(?:{_OFFSET}|([A-Z]{{2,5}}|[A-Z][a-z]+/[A-Z][A-Za-z_/-]+))(?:\[[\w/+-]+\])?)?"
_MONTH = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?"
_AT = r"(?:(?:,? at |, ?| · |[T_]| +)"

_ISO = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_AT}{_CLOCK}{_ZONE})?", re.ASCII)
_END_OF_DAY = re.compile(r"24:00", re.ASCII)  # as ISO 8601 may write it
_BASIC = re.compile(
    rf"(\d{{4}})(\d\d)(\d\d)[T_ -](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{{1,9}}))?)?(?: ?{_OFFSET})?", re.ASCII
)
_DAY_FIRST = re.compile(rf"{_WEEKDAY}(\d{{1,2}})[ -]{_MONTH}[- ,]{{1,2}}(\d{{4}}){_AT}{_CLOCK}{_ZONE})?", re.ASCII)
# as mails of old write it: the weekday tells that the last number is no day
_OF_TWO_DIGITS = re.compile(rf"[MTWFS][a-z]{{2}}, (\d{{1,2}})[ -]{_MONTH}[ -](\d\d) {_CLOCK}{_ZONE}", re.ASCII)
_DAY_FIRST_ABROAD = re.compile(
    rf"(?:[^\W\d_]+\.?,? )?(?:le |el )?(\d{{1,2}})(?:er|[.º](?! li(?:[ps]|stopada)\b))?"
    rf" (?:de )?([^\W\d_]{{2,12}})\.?,? (?:del? )?(\d{{4}})"
    r"(?: (?:Pazar(?:tesi)?|Salı|Çarşamba|Perşembe|Cuma(?:rtesi)?))?"
    rf"(?:,? (?:(?:à|às|um|alle|ore|om|a las?) )?{_CLOCK}(?: ?Uhr| ?h)?{_ZONE})?"
)
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH} {{1,2}}(\d{{1,2}}),? (\d{{4}}){_AT}{_CLOCK}{_ZONE})?", re.ASCII)
# Twitter's own, C's ctime and what `date` prints: the year stands last
_YEAR_LAST = re.compile(rf"{_WEEKDAY}{_MONTH} {{1,2}}(\d{{1,2}}) {_CLOCK}{_ZONE} (\d{{4}})", re.ASCII)
_TWITTER_PAGE = re.compile(rf"(\d{{1,2}}):(\d\d) ([AP])M · {_MONTH} (\d{{1,2}}), (\d{{4}})", re.ASCII)
_SLASHED = re.compile(r"\d{1,2}([/.-] ?)\d{1,2}\1(?:\d{4}|\d\d)(?:\D.*)?", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}([ /.-])[^\W\d_]{3,12}\.?\1\d\d(?:\D.*)?")  # 05-Aug-24, as spreadsheets show it
_NO_YEAR = re.compile(rf"{_WEEKDAY}(?:{_MONTH} \d{{1,2}}|\d{{1,2}}\.? {_MONTH}){_AT}{_CLOCK}{_ZONE})?", re.ASCII)
_OF_ISLAM = re.compile(r"(?:\d{1,2}[-/]\d{1,2}[-/])?14[0-5]\d\b", re.ASCII)
_OF_DAY = re.compile(rf"{_CLOCK}{_ZONE}", re.ASCII)
_DAY_ALONE = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d\d ", re.ASCII)
_ZONES_OF_MAIL = {  # that RFC 822 gives one meaning
    f"{name}{kind}T": f"-0{hours + (kind == 'S')}00"
    for name, hours in (("E", 4), ("C", 5), ("M", 6), ("P", 7))
    for kind in "SD"
}

_DATED = re.compile(
    r"(\d{1,2})([/.-] ?| )(\d{1,2}|[^\W\d_]{3,12}\.?)\2(\d{4}|\d\d)(\D*)"
    r"(?:(\d{1,2})([:.h])(\d\d)(?:\7(\d\d)([.,]\d{1,6}(?!\d))?)?(\s*[AaPp]\.? ?[Mm]\b\.?)?)?(.*)"
)
_SIGNED = re.compile(r"[+-]\d\d:?\d\d$")

# the zone that Java writes behind a time, where no offset stands before it
_ZONE_ALONE = re.compile(r"(?<=[:T]\d\d)(?<![+-]\d\d:\d\d)(?:[.,]\d{1,9})?(\[)[A-Z][a-z]+/[\w/-]+\]$")
_LETTERS = re.compile(r"[^\W\d_]{3,}\.?")
_HALF = re.compile(r"([ap])\. ?m\.", re.IGNORECASE)  # which `%p` does not know
_NUMBER = re.compile(r"(\d+)(?:[.,](\d*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Clock:
    """How the times of a file are to be read where they do not say it: their pattern, and the zone of local ones.

    `pattern` is one of `datetime.strptime`, or one of NUMBERS; where it is given, nothing else is tried. Local times
    are UTC without a `zone`. A local time that a zone's clocks skip or show twice is refused.
    """

    zone: ZoneInfo | None = None
    pattern: str | None = None
    calendar: str = ""  # by which all dates are told: `buddhist` of Thailand, or `persian`
    order: str = ""  # what stands first in dates such as 01/05/2024: `day` or `month`; nothing: these are refused

    def ms(self, value: str, path: str = "$.time") -> int:
        """Milliseconds since 1970 UTC of a time as text; raises PostError with reason `time`.

        >>> Clock().ms("2024-05-01 02:40:00 PM +0000"), Clock().ms("20240501144000"), Clock().ms("1714574400")
        (1714574400000, 1714574400000, 1714574400000)
        """
        value = as_shown(value).strip() if not value.isascii() else value.strip()
        if value.endswith("]") and (alone := _ZONE_ALONE.search(value)):
            value = f"{value[: alone.start(1)]} {value[alone.end(1) : -1]}"
        if self.calendar:
            value = from_calendar(value, self.calendar)
        try:
            found = self._patterned(value) if self.pattern is not None else self._told(value)
        except ValueError as error:
            raise UnreadError(value, error, path) from None
        if found == 0:
            raise UnreadError(value, ValueError("is where clocks begin to count, and no time of a post"), path)
        if not 0 < found < MAX_TIME_MS:
            if _OF_ISLAM.match(value):
                raise UnreadError(value, WhyError(Why.CALENDAR, "is of another calendar"), path)
            raise UnreadError(value, ValueError("is not within 1970 to 9998"), path)
        return found

    def _patterned(self, value: str) -> int:
        assert self.pattern is not None
        if self.pattern == EXCEL:
            return self._local(_EPOCH + dt.timedelta(milliseconds=_days_ms(value)), None)
        if self.pattern in NUMBERS:
            return NUMBERS[self.pattern] + _counted_ms(value)
        value = _HALF.sub(r"\1m", value)
        for written in (value, _in_english(value, self.pattern)):
            with suppress(ValueError):
                moment = dt.datetime.strptime(written, self.pattern)  # noqa: DTZ007 - the zone comes below
                break
        else:
            raise ValueError(f"is not like {self.pattern}")
        if moment.tzinfo is not None:
            return _since_ms(moment.astimezone(dt.UTC).replace(tzinfo=None))
        return self._local(moment, None)

    def _told(self, value: str) -> int:
        number = _NUMBER.fullmatch(value)
        if number:
            return self._number(number[1], number[2] or "")
        if found := _ISO.fullmatch(value):
            year, _, month, day, *clock = found.groups()
            if clock[0] == "24" and not any(map(int, filter(None, clock[1:4]))):
                return _DAY_MS + self._told(_END_OF_DAY.sub("00:00", value))
        elif found := _BASIC.fullmatch(value):
            year, month, day, *clock = found.groups()
            clock = [*clock[:4], None, *clock[4:], None]
        elif (found := _DAY_FIRST.fullmatch(value)) or (found := _DAY_FIRST_ABROAD.fullmatch(value)):
            day, month, year, *clock = found.groups()
        elif found := _OF_TWO_DIGITS.fullmatch(value):
            day, month, year, *clock = found.groups()
            year = f"{'19' if year >= '70' else '20'}{year}"
        elif found := _MONTH_FIRST.fullmatch(value):
            month, day, year, *clock = found.groups()
        elif found := _YEAR_LAST.fullmatch(value):
            month, day, *clock, year = found.groups()
        elif found := _TWITTER_PAGE.fullmatch(value):
            hour, minute, half, month, day, year = found.groups()
            clock = [hour, minute, None, None, half, None, None, None]
        elif (rewritten := self._rewritten(value)) != value:
            return self._told(rewritten)
        else:
            _refused(value)
        hour, minute, second, fraction, half, _, offset, name = clock
        since_ms = _day_ms(int(year), _month(month), int(day))
        since_ms += _of_day_ms(hour, minute, second, half) + int((fraction or "0").ljust(3, "0")[:3])
        utc = clock[5]
        if offset is not None:
            return since_ms - _offset_ms(offset)
        if utc is not None or (self.zone is None and name is None):
            return since_ms
        return self._local(_EPOCH + dt.timedelta(milliseconds=since_ms), name)

    def _rewritten(self, value: str) -> str:
        """A time that is like none of the forms as one of them, where it means the same."""
        if _SLASHED.fullmatch(value) is not None:
            return year_first(value, self.order) if self.order else value
        return alike(value)

    def mail_ms(self, value: str, path: str) -> int:
        """The same of a time in a mail or a feed, where EST and its like have one meaning."""
        before, _, zone = value.strip().rpartition(" ")
        value = f"{before} {_ZONES_OF_MAIL[zone]}" if zone in _ZONES_OF_MAIL else value
        return self.ms(f"Mon, {value}" if _DAY_ALONE.match(value) else value, path)

    def _number(self, digits: str, fraction: str) -> int:
        """A time as one number: a unit since 1970, or the digits of a date."""
        count = len(digits)
        if count in (8, 10, 12, 14, 17) and (written := _written(digits)) is not None:
            # as seconds or milliseconds these are of 1970, 1976 or from 2033 on
            return self._local(written, None)
        if count == 9:
            raise WhyError(Why.EPOCH, "seconds since 1970, or since 2001 as Apple counts")
        if count == 18:
            raise WhyError(Why.TICKS, "ns since 2001 as Apple counts, or 100 ns since another year")
        if count == 10:
            return int(digits) * 1_000 + int(fraction.ljust(3, "0")[:3])
        if count in (12, 13):
            return int(digits)
        if count == 16:
            return int(digits) // 1_000
        if count == 19:
            return int(digits) // 1_000_000
        if count == 5:
            raise WhyError(
                Why.SPREADSHEET,
                "looks like a spreadsheet's number of days: say --time-format excel, or write it as dates",
            )
        raise ValueError("is a number that is neither a date nor seconds, ms, us or ns since 1970")

    def _local(self, moment: dt.datetime, name: str | None) -> int:
        """A local time, by the zone asked for and the abbreviation or zone that may stand behind it."""
        if name is not None and "/" in name:
            return Clock(zone_named(name))._local(moment, None)
        if self.zone is None:
            if name is not None:
                raise WhyError(Why.ZONE, f"{name} is no zone of one meaning")
            return _since_ms(moment)
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        places = {
            place.astimezone(dt.UTC).replace(tzinfo=None)
            for place in (first, second)
            if place.astimezone(dt.UTC).astimezone(self.zone).replace(tzinfo=None) == moment
            and name in (None, place.tzname())
        }
        if len(places) == 1:
            return _since_ms(places.pop())
        if places:
            raise WhyError(Why.TWICE, f"happened twice in {self.zone.key}, where clocks were set back")
        if name is not None and name not in (first.tzname(), second.tzname()):
            raise WhyError(Why.ZONE, f"{name} is not what clocks in {self.zone.key} showed")
        raise WhyError(Why.NEVER, f"never was in {self.zone.key}, where clocks were set forward")


_AS_WRITTEN = Clock()


def moment_ms(value: str | float, place: str) -> int:
    """A time (ms) in a record of a network, which says its zone; `place`: where it stands there. Raises PostError."""
    return _AS_WRITTEN.ms(str(value), place)


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name such as `Europe/Paris`; raises ValueError with a sentence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no zone; use an IANA name such as Europe/Paris, or UTC") from None


def pattern_of(value: str, *, day_first: bool) -> str:
    """The pattern of `datetime.strptime` that a date like `01/05/2024`, with a time of day or not, is written in.

    >>> pattern_of("01/05/2024 à 10:30", day_first=True), pattern_of("1/5/24, 2:40:00 PM", day_first=False)
    ('%d/%m/%Y à %H:%M', '%m/%d/%y, %I:%M:%S %p')
    """
    found = _DATED.fullmatch(value)
    if found is None:
        return "%d/%m/%Y %H:%M"
    first, mark, month, year, between, hour, colon, _, second, fraction, half, behind = found.groups()
    parts = ("%d", "%m") if day_first else ("%m", "%d")
    if not month.isdigit():
        parts = ("%d", "%b")
    pattern = mark.join((*parts, "%Y" if len(year) == 4 else "%y"))
    if not month.isdigit() and int(first) > 31:
        pattern = mark.join(("%y", parts[1], "%d"))
    pattern += between.replace("%", "%%")
    if hour:
        pattern += ("%I" if half else "%H") + f"{colon}%M" + (f"{colon}%S" if second else "")
        pattern += f"{fraction[0]}%f" if fraction else ""
        pattern += half.replace(half.strip(), "%p") if half else ""
    return pattern + _SIGNED.sub("%z", behind.replace("%", "%%"))


def kind_of(value: str, clock: Clock) -> str:
    """What a text could be to a table: a `moment`, a `day`, a time `of-day`, `unclear` or nothing (`""`)."""
    value = value.strip()
    if not value:
        return ""
    try:
        clock.ms(value)
    except PostError as error:
        if is_unclear(error):
            return "unclear"
        return "of-day" if ":" in value and _OF_DAY.fullmatch(value) else ""
    if clock.pattern is not None:
        return "moment" if has_clock(clock.pattern) else "day"
    return "moment" if ":" in value or sum(map(str.isdigit, value)) > 8 else "day"


def has_clock(pattern: str) -> bool:
    """Whether a pattern of `strptime` reads a time of day."""
    return pattern in NUMBERS or any(sign in pattern for sign in ("%H", "%I", "%c", "%X"))


def _in_english(value: str, pattern: str) -> str:
    """A time with the names of months as a pattern of `strptime` knows them, whatever language they are in."""
    names = calendar.month_name if "%B" in pattern else calendar.month_abbr

    def english(found: re.Match[str]) -> str:
        number = month_named(found[0].removesuffix("."))
        return names[number] if number else found[0]

    return _LETTERS.sub(english, value)


def _days_ms(value: str) -> int:
    """A spreadsheet's number of days as ms since 1970, whole seconds."""
    number = _NUMBER.fullmatch(value)
    if number is None or len(number[1]) > 6:
        raise ValueError("is no number of days")
    return NUMBERS[EXCEL] + round(86_400 * float(f"{number[1]}.{number[2] or 0}")) * 1_000


def _counted_ms(value: str) -> int:
    """A number of seconds, ms, us or ns, by its digits, as ms."""
    number = _NUMBER.fullmatch(value)
    unit = next((unit for digits, unit in _UNITS.items() if number and len(number[1]) <= digits + 1), None)
    if number is None or unit is None:
        raise ValueError("is no number of seconds, ms, us or ns")
    if unit < 0:
        return int(number[1]) // -unit
    return int(number[1]) * unit + (int((number[2] or "").ljust(3, "0")[:3]) if unit > 1 else 0)


def _refused(value: str) -> NoReturn:
    if _SLASHED.fullmatch(value):
        raise WhyError(Why.MONTH, "which is the day, which the month")
    if (found := _OF_DAY.fullmatch(value)) and (":" in value or found[5]):
        raise ValueError("is a time of day without a date")
    if re.fullmatch(r"\d(?:[.,]\d+)?[Ee]\+?\d+", value):
        raise WhyError(Why.ROUNDED, "was rounded by a spreadsheet")
    if _SHORT_YEAR.fullmatch(value):
        raise WhyError(Why.YEAR, "which is the day, which the year")
    if _NO_YEAR.fullmatch(value):
        raise WhyError(Why.YEARLESS, "tells no year")
    if is_reckoned(value):
        raise WhyError(Why.RECKONED, "is reckoned from when somebody looked: the date itself is needed")
    raise ValueError("is no time that is known")


def _month(month: str) -> int:
    number = int(month) if month.isdigit() else month_named(month)
    if number is None:
        raise ValueError("is no time that is known")
    return number


@functools.lru_cache(maxsize=1_024)
def _day_ms(year: int, month: int, day: int) -> int:
    try:
        return (dt.datetime(year, month, day) - _EPOCH).days * _DAY_MS  # noqa: DTZ001
    except ValueError:
        raise ValueError("is not a date") from None


def _of_day_ms(hour: str | None, minute: str | None, second: str | None, half: str | None) -> int:
    if hour is None:
        return 0
    if minute is None and half is None:
        raise ValueError("is no time that is known")
    hours, minutes, seconds = int(hour), int(minute or 0), int(second or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("is not a time of day")
        hours = hours % 12 + (12 if half in "Pp" else 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        raise ValueError("is not a time of day")
    return (hours * 3_600 + minutes * 60 + min(seconds, 59)) * 1_000  # a leap second is the last one before it


def _offset_ms(offset: str) -> int:
    digits = offset[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 15 or minutes > 59:
        raise ValueError("has no zone that exists")
    return (hours * 60 + minutes) * 60_000 * (-1 if offset[0] == "-" else 1)


def _since_ms(moment: dt.datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def _written(digits: str) -> dt.datetime | None:
    """The digits as `YYYYMMDD[HH[MM[SS[mmm]]]]`, when they are that."""
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, min(len(digits), 14), 2))]
    if parts[0] not in _YEARS:
        return None
    try:
        return dt.datetime(*parts, microsecond=int(digits[14:] or 0) * 1_000)  # type: ignore[arg-type,misc]  # noqa: DTZ001
    except (ValueError, TypeError):
        return None
