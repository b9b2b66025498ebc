"""Any moment, in any notation that is promised, is read as that moment or refused: never another century or half a
day off."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Callable
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.archives.months import MONTHS
from pipeline.sources.archives.times import Clock
from pipeline.sources.archives.unread import UNCLEAR, UnreadError, Why, is_unclear
from schemas import PostError

Moment = dt.datetime
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: dt.timezone(dt.timedelta(minutes=15 * quarters)))
MOMENTS = st.datetimes(Moment(1971, 1, 1), Moment(2037, 12, 31), timezones=st.just(dt.UTC)) | st.datetimes(
    Moment(2004, 1, 1), Moment(2027, 1, 1), timezones=st.just(dt.UTC)
)
# the length of seconds: beyond these the digits of a number mean another unit
COUNTED = st.datetimes(Moment(2001, 9, 10), Moment(2037, 12, 31), timezones=st.just(dt.UTC))


def ms(moment: Moment) -> int:
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def colon(at: Moment) -> str:
    return f"{at:%z}"[:3] + ":" + f"{at:%z}"[3:]


def half(at: Moment, between: str = " ", small: bool = False) -> str:
    mark = "am" if at.hour < 12 else "pm"
    return f"{(at.hour - 1) % 12 + 1}:{at:%M:%S}{between}{mark if small else mark.upper()}"


# notations of a moment to the second, or finer where they say so, with its offset
WITH_OFFSET: dict[str, Callable[[Moment], str]] = {
    "RFC 3339": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}{colon(at)}",
    "ms": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03}{colon(at)}",
    "us": lambda at: f"{at:%Y-%m-%dT%H:%M:%S.%f}{colon(at)}",
    "ns": lambda at: f"{at:%Y-%m-%dT%H:%M:%S.%f}123{colon(at)}",
    "a comma": lambda at: f"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1_000:03}{colon(at)}",
    "no colon": lambda at: f"{at:%Y-%m-%dT%H:%M:%S%z}",
    "spaces": lambda at: f"{at:%Y-%m-%d %H:%M:%S} {at:%z}",
    "a space and a colon": lambda at: f"{at:%Y-%m-%d %H:%M:%S} {colon(at)}",
    "halves": lambda at: f"{at:%Y-%m-%d} {half(at)} {at:%z}",
    "small halves": lambda at: f"{at:%Y-%m-%d} {half(at, '', True)} {at:%z}",
    "basic": lambda at: f"{at:%Y%m%dT%H%M%S%z}",
    "slashes": lambda at: f"{at:%Y/%m/%d %H:%M:%S} {at:%z}",
    "RFC 2822": email.utils.format_datetime,
    "RFC 2822 without its day": lambda at: email.utils.format_datetime(at).partition(", ")[2],
    "Twitter": lambda at: f"{at:%a %b %d %H:%M:%S %z %Y}",
    "a web server": lambda at: f"{at:%d/%b/%Y:%H:%M:%S %z}",
    "month first": lambda at: f"{at:%B} {at.day}, {at:%Y %H:%M:%S} {at:%z}",
    "month first, halves": lambda at: f"{at:%b} {at.day}, {at:%Y}, {half(at)} {at:%z}",
    "a browser": lambda at: f"{at:%a %b %d %Y %H:%M:%S} GMT{at:%z} (Somewhere Standard Time)",
    "Go": lambda at: f"{at:%Y-%m-%d %H:%M:%S.%f} {at:%z} {at:%z}",
    "Ruby": lambda at: f"{at:%Y-%m-%d %H:%M:%S} {at:%z}",
}
IN_UTC: dict[str, Callable[[Moment], str]] = {
    "Z": lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    "a small z": lambda at: f"{at:%Y-%m-%dt%H:%M:%Sz}",
    "UTC": lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
    "GMT": lambda at: f"{at:%a, %d %b %Y %H:%M:%S} GMT",
    "RFC 850": lambda at: f"{at:%A, %d-%b-%y %H:%M:%S} GMT",
    "Postgres": lambda at: f"{at:%Y-%m-%d %H:%M:%S}+00",
    "no zone": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "no zone, halves": lambda at: f"{at:%Y-%m-%d} {half(at)}",
    "digits": lambda at: f"{at:%Y%m%d%H%M%S}",
    "digits of ms": lambda at: f"{at:%Y%m%d%H%M%S}{at.microsecond // 1_000:03}",
    "ctime": lambda at: f"{at:%a %b} {at.day:2} {at:%H:%M:%S %Y}",
    "date": lambda at: f"{at:%a %b} {at.day:2} {at:%H:%M:%S} UTC {at:%Y}",
    "SAS": lambda at: f"{at:%d%b%Y:%H:%M:%S}".upper(),
    "Oracle": lambda at: f"{at:%d-%b-%Y %H:%M:%S}".upper(),
    "Oracle by default": lambda at: f"{at:%d-%b-%y %I.%M.%S.%f}000 {at:%p}".upper(),
    "DB2": lambda at: f"{at:%Y-%m-%d-%H.%M.%S.%f}",
    "a camera": lambda at: f"{at:%Y:%m:%d %H:%M:%S}",
    "a file's name": lambda at: f"{at:%Y%m%d_%H%M%S}",
    "Python": lambda at: f"datetime.datetime({at.year}, {at.month}, {at.day}, {at.hour}, {at.minute}, {at.second})",
    "pandas": lambda at: f"Timestamp('{at:%Y-%m-%d %H:%M:%S}+0000', tz='UTC')",
    "Google's sheets": lambda at: f"Date({at.year},{at.month - 1},{at.day},{at.hour},{at.minute},{at.second})",
    "a week": lambda at: f"{at:%G-W%V-%u}T{at:%H:%M:%SZ}",
    "a day of a year": lambda at: f"{at:%Y-%j}T{at:%H:%M:%SZ}",
    "Chinese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}",
    "Chinese words": lambda at: f"{at.year}年{at.month}月{at.day}日 {at.hour}时{at.minute}分{at.second}秒",
    "Japanese halves": lambda at: f"{at:%Y/%m/%d} {'午前' if at.hour < 12 else '午後'}{half(at)[:-3]}",
    "Korean": lambda at: f"{at.year}. {at.month}. {at.day}. {'오전' if at.hour < 12 else '오후'} {half(at)[:-3]}",
    "Arabic digits": lambda at: f"{at:%Y-%m-%d %H:%M:%S}".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    "Vietnamese": lambda at: f"ngày {at.day} tháng {at.month} năm {at.year} lúc {at:%H:%M:%S}",
    "Vietnamese halves": lambda at: (
        f"{half(at)[:-3]} {'SA' if at.hour < 12 else 'CH'} {at.day} thg {at.month}, {at.year}"
    ),
    "Greek halves": lambda at: f"{at:%Y-%m-%d} {half(at)[:-3]} {'π.μ.' if at.hour < 12 else 'μ.μ.'}",
    "Turkish halves": lambda at: f"{at:%Y-%m-%d} {half(at)[:-3]} {'ÖÖ' if at.hour < 12 else 'ÖS'}",
    "Japanese halves in words": lambda at: (
        f"{at.year}年{at.month}月{at.day}日{'午前' if at.hour < 12 else '午後'}"
        f"{half(at)[:-6].replace(':', '時')}分{at:%S}秒"
    ),
    "Kibana": lambda at: f"{at:%b} {at.day}, {at:%Y @ %H:%M:%S}.{at.microsecond // 1_000:03}",
    "a browser of old": lambda at: f"\u200e{at:%Y}\u200e-\u200e{at:%m}\u200e-\u200e{at:%d} {at:%H:%M:%S}",
    "`date` of Britain": lambda at: f"{at:%a} {at.day:2} {at:%b %H:%M:%S %Y}",
    "capitals": lambda at: f"{at:%B}".upper() + f" {at.day}, {at:%Y %H:%M:%S}",
    "month first with lines": lambda at: f"{at:%b-%d-%Y %H:%M:%S}",
    "a dash between": lambda at: f"{at:%Y-%m-%d - %H:%M:%S}",
    "digits behind a date": lambda at: f"{at:%Y-%m-%d %H%M%S}",
    "Arabic halves": lambda at: f"{at:%Y-%m-%d} {half(at)[:-3]} {'ص' if at.hour < 12 else 'م'}",
}
MONTHS_OF = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta"
    " marraskuuta joulukuuta",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "hr": "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca",
    "tr": "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "he": "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
}


def month(at: Moment, language: str) -> str:
    return MONTHS_OF[language].split()[at.month - 1]


OF_MINUTES: dict[str, Callable[[Moment], str]] = {
    "digits": lambda at: f"{at:%Y%m%d%H%M}",
    "a T": lambda at: f"{at:%Y-%m-%dT%H:%MZ}",
    "a space": lambda at: f"{at:%Y-%m-%d %H:%M}",
    "halves": lambda at: f"{at:%Y-%m-%d} {(at.hour - 1) % 12 + 1}:{at:%M} {'AM' if at.hour < 12 else 'PM'}",
    "Twitter's page": lambda at: f"{(at.hour - 1) % 12 + 1}:{at:%M %p · %b} {at.day}, {at.year}",
    "Twitter's page of old": lambda at: f"{(at.hour - 1) % 12 + 1}:{at:%M %p} - {at.day} {at:%b %Y}",
    "its French page": lambda at: f"{at:%H:%M} · {at.day} {month(at, 'fr')} {at.year}",
    "dots": lambda at: f"{at:%Y-%m-%d %H.%M}",
    "French without accents": lambda at: f"{at.day} {month(at, 'fr')} {at.year} - {at.hour} h {at:%M} min".replace(
        "é", "e"
    ).replace("û", "u"),
    "Italian": lambda at: f"{at.day} {month(at, 'it')} {at.year}, ore {at:%H.%M}",
    "Polish": lambda at: f"{at.day} {month(at, 'pl')} {at.year} r., godz. {at:%H:%M}",
    "Croatian": lambda at: f"{at.day}. {month(at, 'hr')} {at.year} {at:%H:%M}",
    "Turkish": lambda at: f"{at.day} {month(at, 'tr')} {at.year} saat {at:%H:%M}",
    "Spanish of spreadsheets": lambda at: f"{at.day}-{month(at, 'es')[:3]}-{at.year} {at:%H:%M}",
    "Portuguese": lambda at: f"terça-feira, {at.day} de {month(at, 'pt')} de {at.year} às {at:%Hh%M}",
    "French": lambda at: f"{at.day} {month(at, 'fr')} {at.year} à {at:%Hh%M}",
    "German": lambda at: f"{at.day}. {month(at, 'de')} {at.year}, {at:%H:%M} Uhr",
    "Finnish": lambda at: f"{at.day}. {month(at, 'fi')} {at.year} klo {at:%H.%M}",
    "Hebrew": lambda at: f"{at.day} ב{month(at, 'he')} {at.year} בשעה {at:%H:%M}",
}
LOCAL = [ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")]


def names(notations: dict[str, Callable[[Moment], str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("write", notations.values(), ids=notations.keys())


def read(written: str, clock: Clock | None = None) -> int | None:
    with suppress(PostError):
        return (clock or Clock()).ms(written)
    return None


def second(moment: Moment) -> int:
    return ms(moment) // 1_000 * 1_000


@names(WITH_OFFSET)
@settings(max_examples=25)
@given(moment=MOMENTS, zone=OFFSETS)
def test_a_time_with_an_offset_is_that_moment(
    write: Callable[[Moment], str], moment: Moment, zone: dt.timezone
) -> None:
    written = write(moment.astimezone(zone))
    assert read(written) in (second(moment), ms(moment)), written
    assert read(written, Clock(LOCAL[0])) == read(written)


@names(IN_UTC)
@settings(max_examples=25)
@given(moment=MOMENTS)
def test_a_time_without_one_is_of_utc(write: Callable[[Moment], str], moment: Moment) -> None:
    assert read(write(moment)) in (second(moment), ms(moment)), write(moment)


@names(OF_MINUTES)
@settings(max_examples=25)
@given(moment=MOMENTS)
def test_a_time_without_seconds_is_that_minute(write: Callable[[Moment], str], moment: Moment) -> None:
    assert read(write(moment)) == ms(moment) // 60_000 * 60_000, write(moment)


@given(moment=MOMENTS)
def test_a_day_is_that_day_in_every_language(moment: Moment) -> None:
    day = ms(moment) // 86_400_000 * 86_400_000
    for name in (name for name, number in MONTHS.items() if number == moment.month):
        assert read(f"{moment.day} {name} {moment.year}") == day, name
    for written in (f"{moment:%Y%m%d}", f"{moment:%Y-%m-%d}", f"{moment:%Y.%m.%d}", f"{moment:%Y/%m/%d}"):
        assert read(written) == day, written


@given(moment=COUNTED, microsecond=st.integers(0, 999_999))
def test_a_number_is_of_its_unit(moment: Moment, microsecond: int) -> None:
    seconds = second(moment) // 1_000
    us = seconds * 1_000_000 + microsecond
    for written in (seconds, f"{seconds}.0", f"{seconds},5"):
        assert (read(str(written)) or 0) // 1_000 == seconds
    for written in (us // 1_000, us, us * 1_000, f"{us // 1_000}.0", f"{us * 1_000:,}"):
        assert read(str(written)) == us // 1_000, written


@given(number=st.integers(0, 10**20), digits=st.integers(1, 20))
def test_no_number_is_of_another_century(number: int, digits: int) -> None:
    """A number that is no date and has not the digits of a unit is refused."""
    found = read(str(number)[:digits])
    assert found is None or ms(Moment(1970, 1, 1, tzinfo=dt.UTC)) <= found < ms(Moment(2300, 1, 1, tzinfo=dt.UTC))


@given(moment=MOMENTS, zone=st.sampled_from(LOCAL), write=st.sampled_from(list(IN_UTC.values())))
def test_a_local_time_is_that_of_its_zone_or_refused(
    moment: Moment, zone: ZoneInfo, write: Callable[[Moment], str]
) -> None:
    local = moment.astimezone(zone)
    written = f"{local:%Y-%m-%d %H:%M:%S}"
    both = {ms(local.replace(fold=fold).astimezone(dt.UTC)) // 1_000 * 1_000 for fold in (0, 1)}
    assert read(written, Clock(zone)) == (second(moment) if len(both) == 1 else None)


@given(moment=MOMENTS, name=st.sampled_from(["EST", "PDT", "CET", "IST", "BST"]))
def test_what_may_mean_several_moments_is_refused(moment: Moment, name: str) -> None:
    for written in (
        f"{moment:%Y-%m-%d %H:%M:%S} {name}",
        f"{moment:%m/%d/%Y %H:%M}",
        f"{moment:%d.%m.%Y %H:%M:%S}",
        f"{moment:%d/%m/%y}",
        f"{half(moment)}",
        f"{ms(moment) / 86_400_000 + 25_569:.5f}",
    ):
        assert read(written) is None, written


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("01/05/2024 is ambiguous: 10:40", Why.MONTH),
        ("05-Aug-24", Why.YEAR),
        ("700000000", Why.EPOCH),
        ("700000000000000000", Why.TICKS),
        ("2024-05-01 10:40 PDT", Why.ZONE),
        ("2h ago", Why.RECKONED),
        ("1.71456E+09", Why.ROUNDED),
        ("May 1 10:40", Why.YEARLESS),
        ("1445-10-22 10:40", Why.CALENDAR),
        ("45413.4", Why.SPREADSHEET),
        ("soon", Why.OTHER),
    ],
)
def test_a_time_that_cannot_be_read_tells_why_as_a_fact(written: str, why: Why) -> None:
    with pytest.raises(UnreadError) as error:
        Clock().ms(written)
    assert (error.value.unread.written, error.value.unread.why) == (written, why)
    assert is_unclear(error.value) == (why in UNCLEAR)
