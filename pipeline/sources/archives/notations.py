"""How programs and languages write times that mean the same as one of the forms read: rewritten as that form."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from contextlib import suppress
from decimal import Decimal

from pipeline.sources.archives.calendars import from_eras

# words and signs between a date and a time of day
_AT = (
    r"(?:[-–—|@·•]|à|às|a las?|um|alle|ore|alle ore|om|kl\.?|klo\.?|at|pukul|jam|saat|v|в|о|o|godz\.?|o godz\.?|στις"
    r"|في|الساعة)"
)
_THAI = {
    name: number
    for number, names in enumerate(
        (
            "มกราคม ม.ค",
            "กุมภาพันธ์ ก.พ",
            "มีนาคม มี.ค",
            "เมษายน เม.ย",
            "พฤษภาคม พ.ค",
            "มิถุนายน มิ.ย",
            "กรกฎาคม ก.ค",
            "สิงหาคม ส.ค",
            "กันยายน ก.ย",
            "ตุลาคม ต.ค",
            "พฤศจิกายน พ.ย",
            "ธันวาคม ธ.ค",
        ),
        1,
    )
    for name in names.split()
}  # months, whose letters `unaccented` would take apart
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # marks of direction, and the like
_SPACES = re.compile(r"\s")
_AGO = re.compile(
    r"\bago$|^(?:il y a|vor|hace|há|πριν|för|for|منذ|قبل) \w+ \w+"
    r"|\b(?:geleden|fa|atrás|önce|temu|назад|тому|sedan|siden|lalu)$|(?:전|前)$"
    r"|^(?:yesterday|today|just now|now|hier|aujourd.hui|gestern|heute|ayer|hoy|ieri|oggi|ontem|hoje|gisteren|vandaag"
    r"|wczoraj|dzisiaj|dün|bugün|вчера|сегодня|أمس|اليوم|昨日|昨天|今天|今日|어제|오늘|刚刚|たった今)\b"
    r"|^\d{1,4} ?(?:s|m|min|h|hrs?|d|w|mo|y|j|ч\.?)$",
    re.IGNORECASE,
)

# what other programs and languages write, as one of the forms of `times`
_ALIKE = (
    (re.compile(r"^.*[年].*"), lambda at: from_eras(at[0])),
    (
        re.compile(
            r"^(?:(?:วัน\S* ?)?(?:ที่ ?)?)?(\d{1,2}) ?([\u0e00-\u0e7f.]{3,12}?)\.? ?(?:พ\.ศ\. ?)?(\d{4})(?: เวลา)?"
        ),
        lambda at: f"{at[3]}-{_THAI.get(at[2].rstrip('.'), at[2])}-{at[1]}",
    ),
    (re.compile(r"(?<=:\d\d) ?น\.$"), ""),
    (re.compile(r"^(?:pd\.|pandas\.)?Timestamp\('([^']+)'.*\)$"), r"\1"),
    (re.compile(r"^(?:(?:np\.|numpy\.)?datetime64|ISODate|new Date)\(['\"]([^'\"]+)['\"]\)$"), r"\1"),
    (
        re.compile(
            r"^datetime\.datetime\((\d{4}), (\d\d?), (\d\d?)((?:, \d+){2,4})((?:, tzinfo=[\w.]*(?:utc|UTC)[()>]*)?)\)$"
        ),
        lambda at: f"{at[1]}-{at[2]}-{at[3]}" + _of_parts(at[4]) + ("Z" if at[5] else ""),
    ),
    (re.compile(r"^\d{1,3}([,.' ])\d{3}(?:\1\d{3}){2,5}$"), lambda at: at[0].replace(at[1], "")),
    (re.compile("،"), ","),
    (re.compile(r"^(\d{4}):(\d\d):(\d\d) (?=\d\d:)"), r"\1-\2-\3 "),  # of cameras
    # days of weeks and of years, as ISO 8601 writes them
    (re.compile(r"^(\d{4})-?W(\d\d)-?([1-7])(?=$|[T ])"), lambda at: _of_week(at)),
    (re.compile(r"^(\d{4})-(\d{3})(?=$|[T ])"), lambda at: _of_year(at)),
    (re.compile(r"^(\d{4})-?(\d\d)-?(\d\d)[_-](\d\d)-?(\d\d)-?(\d\d)$"), r"\1-\2-\3 \4:\5:\6"),  # in names of files
    # SAS, Stata
    (re.compile(r"^(\d{1,2})([A-Z]{3}|[a-z]{3})(\d{4})[: ](?=\d\d:)"), lambda at: f"{at[1]} {at[2].title()} {at[3]} "),
    (re.compile(r"^([A-Z].*:\d\d) (\d{4}) (UTC|GMT|[+-]\d{4})$"), r"\1 \3 \2"),
    (re.compile(r"\(((?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?)\)$"), r"\1"),
    (re.compile(r"\b(UTC|GMT) m=[+-][\d.]+$"), r"\1"),
    (re.compile(r"(?<=:\d\d)((?:\.\d+)? [+-]\d{4}) [+-]\d\d(?:\d\d)?$"), r"\1"),  # Go, of zones without a name
    (re.compile(r" Coordinated Universal Time$"), " UTC"),
    (re.compile(r"^(\S+?:\d\d) · (\d{4}\D\d{1,2}\D\d{1,2}日?)$"), r"\2 \1"),
    (re.compile(r"(?<=[\d日일]) ?[(（][月火水木金土日월화수목금토일一二三四五六][)）]"), " "),
    (re.compile(r"(?<=[日일]) ?(?:(?:星期|周|週)[一二三四五六日天]|[月火水木金土日]曜日|[월화수목금토일]요일)"), " "),
    (
        re.compile(r"^(\d{4}\. [^\W\d_]{3,12} \d{1,2}\.), (?:hétfő|kedd|szerda|csütörtök|péntek|szombat|vasárnap)\b"),
        r"\1",
    ),
    # in Vietnamese, where months have numbers, and in Hebrew
    (
        re.compile(
            r"^(\d{1,2}:\d\d(?::\d\d)?(?: ?(?:SA|CH))?)(?:,| -)?"
            r" ((?:\w+ ?\w*, )?(?:ngày )?\d{1,2} (?:tháng|thg) \d{1,2}\D+\d{4})$"
        ),
        r"\2 \1",
    ),
    (
        re.compile(
            r"^(?:(?:Thứ [\w ]{2,4}|Chủ nhật|Th \d|CN), )?(?:ngày )?"
            r"(\d{1,2}) (?:tháng|thg) (\d{1,2})(?: năm|,)? (\d{4})(?:,? lúc|,)? ?",
            re.IGNORECASE,
        ),
        r"\3-\2-\1 ",
    ),
    (re.compile(r"(?<=:\d\d) ?SA$"), " AM"),
    (re.compile(r"(?<=:\d\d) ?CH$"), " PM"),
    (re.compile(r"^(?:(?:יום|שבת) ?\S*, )?(?:ב-?)?(\d{1,2}) ([א-ת]{3,8})['׳.]?,? (\d{4})(?:,? בשעה|,)?"), r"\1 \2 \3"),
    # the year first, or something between it and the time of day, where the month has a name
    (re.compile(r"^(\d{4})[. ]{1,2}([^\W\d_]{3,12})\.? (\d{1,2})\b\.?"), r"\3 \2 \1"),
    (re.compile(r"([^\W\d_]\.? \d{4}) [грr]\."), r"\1"),
    # an hour alone behind a date
    (re.compile(r"(\d(?:,|T)? ?(?<=[\dT, ]))\b(\d{1,2}) ?(?:h|hs|hrs|Uhr|uur|ч)\.?$"), r"\1\2:00"),
    # a date and its time of day, whatever stands between them and behind
    (re.compile(r"(?<=[:.h]\d\d) ?(?:Uhr|uur|h|hs|hrs|ч)\.?$"), ""),
    (re.compile(r"\b(\d{1,2}) ?h ?(\d\d) ?(?:min|m)(?: ?(\d\d) ?s?)?$"), lambda at: _joined(at)),
    (
        re.compile(
            rf"((?:[^\W\d_]\.? (?:\d{{1,2}}, )?|^\d{{4}}([-/.])\d{{1,2}}\2)\d{{1,4}}),? {_AT} (?=\d{{1,2}}[:.h]\d\d)"
        ),
        r"\1 ",
    ),
    (
        re.compile(r"(?<=(?:[^\W\d_]|\.) \d{4}),? (\d{1,2})\.(\d\d)(?:\.(\d\d))?(?=(?: ?[AaPp]\.? ?[Mm]\.?)?$)"),
        lambda at: f" {_joined(at)}",
    ),
    (re.compile(r"^(\d{4}-\d\d-\d\d) ([01]\d|2[0-3])([0-5]\d)([0-5]\d)?$"), lambda at: f"{at[1]} {_joined(at, 2)}"),
    (re.compile(r"^(\d{1,2})\. listopada\b"), r"\1 October"),  # in Croatian; in Polish November, and no dot
    # the time of day first
    (
        re.compile(
            r"^(\d{1,2}[:h]\d\d(?::\d\d)?(?: ?[AaPp]\.? ?[Mm]\.?)?)(?:,| ?[-–—|·•])?"
            r" ((?:\d{1,2}(?:er|[.º])? [^\W\d_]|[A-Z][a-z]{2,8}\.? \d).* \d{4})$"
        ),
        r"\2 \1",
    ),
    (re.compile(r"^[A-Za-z]{3,9}\.? (?=\d{1,2},? \d{4}\b)"), lambda at: at[0].title()),
    (re.compile(r"^([A-Z][a-z]{2}) {1,2}(\d{1,2}) ([A-Z][a-z]{2}) (?=\d\d:\d\d:\d\d )"), r"\1 \3 \2 "),
    (re.compile(r"^([A-Z][a-z]{2,8})-(\d{1,2})-(?=\d{4}\b)"), r"\1 \2, "),
    (re.compile(r"^[^\W\d_]+(?:-feira|, den)?,? (?=\d{1,2}\.? (?:de )?[^\W\d_]+ )"), ""),
    (re.compile(r"^(\d{4}-\d\d-\d\d)[ T](?:kl\.? )?(\d\d)[.:](\d\d)(?:\.(\d\d))?$"), lambda at: _dotted(at)),
    (re.compile(r"=\"(.*)\"|'(.*)'?"), r"\1\2"),  # marked as text for a spreadsheet
    (re.compile(r"\u2212"), "-"),
    (
        re.compile(r"\d\.(?:\d{1,16}E|\d{9,17}[eE]\+?0?)(?:9|1[0-8])"),
        lambda at: f"{Decimal(at[0]):f}",
    ),  # as Java prints all digits it has
    (re.compile(r"[٠-٩۰-۹０-９]"), lambda at: str(unicodedata.digit(at[0]))),
    (re.compile(r"^\"(.+)\"$"), r"\1"),
    (
        re.compile(r"^Date\((\d{4}),\s*(\d{1,2}),\s*(\d{1,2})((?:,\s*\d{1,3}){0,4})\)$"),  # Google's sheets
        lambda at: f"{at[1]}-{int(at[2]) + 1}-{at[3]}" + _of_parts(at[4]),
    ),
    (re.compile(r"^/Date\((\d{12,13})(?:[+-]\d{4})?\)/$"), r"\1"),  # Microsoft's JSON: the offset shifts nothing
    (re.compile(r"^(\d{4}-\d\d-\d\d)t([\d:.]+)(z?)$"), lambda at: f"{at[1]}T{at[2]}{at[3].upper()}"),
    (re.compile(r"^(\d{4})-([A-Z][a-z]{2})-(\d\d)"), r"\3 \2 \1"),
    (re.compile(r"(\d{4})[年년/.-] ?(\d{1,2})[月월/.-] ?(\d{1,2})[日일.] ?"), r"\1-\2-\3 "),
    (
        re.compile(r"(?<=[ 午前後오전후])(\d{1,2})[時时點点시] ?(\d{1,2})[分분](?: ?(\d{1,2})[秒초])?"),
        lambda at: f"{at[1]}:{at[2]:0>2}:{at[3] or 0:0>2}",
    ),
    (re.compile(r"(?:上午|午前|오전|\bAM) ?(\d{1,2}:\d\d(?::\d\d)?)"), r"\1 AM"),
    (re.compile(r"(?:下午|午後|오후|\bPM) ?(\d{1,2}:\d\d(?::\d\d)?)"), r"\1 PM"),
    # in Arabic, Greek and Turkish
    (re.compile(r"(?<=:\d\d) ?(?:ص|صباح[اً]{1,2}|π\.?μ\.?|ÖÖ)$"), " AM"),
    (re.compile(r"(?<=:\d\d) ?(?:م|مساءً?|μ\.?μ\.?|ÖS)$"), " PM"),
    (re.compile(r"([+-]\d\d:?\d\d) \([^()]{1,80}\)$"), r"\1"),
    (re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b(?: of\b)?"), r"\1"),
    (re.compile(r"^le [^\W\d_]+ (?=\d)"), "le "),
    (re.compile(r"\balle ore\b"), "alle"),
    (re.compile(r"(?<=\d) h (?=\d\d$)"), "h"),
    (re.compile(r"^(\d\d)/([A-Z][a-z]{2})/(\d{4}):"), r"\1 \2 \3 "),  # a web server's log
    (
        re.compile(
            r"^(\d\d)-([A-Z]{3})-(\d\d) (\d\d)\.(\d\d)\.(\d\d)(?:\.\d+)? ([AP]M)"
        ),  # the same, as it is by default
        lambda at: f"{at[1]} {at[2].title()} {'19' if at[3] >= '70' else '20'}{at[3]} {at[4]}:{at[5]}:{at[6]} {at[7]}",
    ),
    (re.compile(r"^(\d{1,2})[/.-]([^\W\d_]{2,12})\.?[/.-](?=\d{4}\b)"), r"\1 \2 "),  # of spreadsheets
    (re.compile(r"(?<=\d)-([A-Z]{3})-(?=\d{4})"), lambda at: f"-{at[1].title()}-"),  # Oracle
    (re.compile(r"^(\d{4}-\d\d-\d\d)-(\d\d)\.(\d\d)\.(\d\d)"), r"\1 \2:\3:\4"),  # DB2
    (re.compile(r"^[MTWFS][a-z]{2,5}day, (\d\d)-(?=[A-Z][a-z]{2}-\d\d )"), r"Mon, \1-"),  # RFC 850
)


def alike(value: str) -> str:
    """A time in one of the forms that `times` reads, where it is written in another way that means the same.

    >>> alike("01MAY2024:10:40:00"), alike("/Date(1675004700000)/"), alike("2023年1月29日")
    ('01 May 2024 10:40:00', '1675004700000', '2023-1-29')
    >>> alike("2026-W48-1T10:40Z"), alike("2026W481"), alike("2026-332 10:40"), alike("2026-366"), alike("2026-W54-1")
    ('2026-11-23T10:40Z', '2026-11-23', '2026-11-28 10:40', '2026-366', '2026-W54-1')
    """
    for pattern, form in _ALIKE:
        value = pattern.sub(form, value)
    return value.strip()


def as_shown(value: str) -> str:
    """A time as its reader sees it: of one letter each, without marks nobody sees, with spaces that are spaces.

    >>> as_shown("\u200e5\u00a0aou\u0302t 2024")
    '5 août 2024'
    """
    return _SPACES.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFC", value)))


def is_reckoned(value: str) -> bool:
    """Whether a time counts from when somebody looked at the post.

    >>> [is_reckoned(value) for value in ("2h ago", "il y a 3 jours", "yesterday at 10:40", "3d", "3 May")]
    [True, True, True, True, False]
    """
    return _AGO.search(value) is not None


def _joined(at: re.Match[str], first: int = 1) -> str:
    """The parts of a time of day with colons between them."""
    return ":".join(filter(None, at.groups()[first - 1 :]))


def _dotted(at: re.Match[str]) -> str:
    """A date and a time of day with colons, as in northern Europe dots stand there."""
    return f"{at[1]} {at[2]}:{at[3]}" + (f":{at[4]}" if at[4] else "")


def _of_parts(parts: str) -> str:
    """`, 10, 40, 0` as ` 10:40:00`: what stands behind a date in constructors of JavaScript and Python."""
    numbers = [f"{int(part):02}" for part in parts.split(",")[1:4]]
    return f" {':'.join([*numbers, '00'][:3])}" if numbers else ""


def _of_week(at: re.Match[str]) -> str:
    """The date of a day of a week; what it was where there is no such week."""
    with suppress(ValueError):
        return str(dt.date.fromisocalendar(int(at[1]), int(at[2]), int(at[3])))
    return at[0]


def _of_year(at: re.Match[str]) -> str:
    """The same of a day of a year."""
    with suppress(ValueError):
        day = dt.date(int(at[1]), 1, 1) + dt.timedelta(int(at[2]) - 1)
        if day.year == int(at[1]):
            return str(day)
    return at[0]
