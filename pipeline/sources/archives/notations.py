"""How programs and languages write times that mean the same as one of the forms read: rewritten as that form."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from contextlib import suppress
from decimal import Decimal

# what other programs and languages write, as one of the forms above
_ALIKE = (
    (re.compile(r"^(?:pd\.|pandas\.)?Timestamp\('([^']+)'.*\)$"), r"\1"),
    (re.compile(r"^(?:(?:np\.|numpy\.)?datetime64|ISODate|new Date)\(['\"]([^'\"]+)['\"]\)$"), r"\1"),
    (
        re.compile(
            r"^datetime\.datetime\((\d{4}), (\d\d?), (\d\d?)((?:, \d+){2,4})((?:, tzinfo=[\w.]*(?:utc|UTC)[()>]*)?)\)$"
        ),
        lambda at: f"{at[1]}-{at[2]}-{at[3]}" + _of_parts(at[4]) + ("Z" if at[5] else ""),
    ),
    (re.compile(r"^\d{1,3}(?:,\d{3}){3,6}$"), lambda at: at[0].replace(",", "")),
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
    (re.compile(r"(?<=[日일])\([月火水木金土日월화수목금토일]\)"), " "),
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
    (re.compile(r"([^\W\d_]\.? \d{4}) [гр]\."), r"\1"),
    (re.compile(r"([^\W\d_]\.? \d{4}),? (?:klo|kl\.?|pukul|jam|v|в|о|o|o godz\.|στις|at) (?=\d)"), r"\1 "),
    (
        re.compile(r"(?<=[^\W\d_] \d{4} )(\d{1,2})\.(\d\d)(?:\.(\d\d))?$"),
        lambda at: ":".join(filter(None, at.groups())),
    ),
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
    (re.compile(r"(?:上午|午前|오전) ?(\d{1,2}:\d\d(?::\d\d)?)"), r"\1 AM"),
    (re.compile(r"(?:下午|午後|오후) ?(\d{1,2}:\d\d(?::\d\d)?)"), r"\1 PM"),
    # in Arabic, Greek and Turkish
    (re.compile(r"(?<=:\d\d) ?(?:ص|صباح[اً]{1,2}|π\.?μ\.?|ÖÖ)$"), " AM"),
    (re.compile(r"(?<=:\d\d) ?(?:م|مساءً?|μ\.?μ\.?|ÖS)$"), " PM"),
    (
        re.compile(r" (\d{1,2})[時时点시] ?(\d{1,2})[分분](?: ?(\d{1,2})[秒초])?"),
        lambda at: f" {at[1]}:{at[2]:0>2}:{at[3] or 0:0>2}",
    ),
    (re.compile(r"([+-]\d\d:?\d\d) \([^()]{1,80}\)$"), r"\1"),
    (re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b"), r"\1"),
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
    (re.compile(r"(?<=^\d\d)[/-]([^\W\d_]{3,12})\.?[/-](?=\d{4}\b)"), r" \1 "),  # of spreadsheets
    (re.compile(r"(?<=\d)-([A-Z]{3})-(?=\d{4})"), lambda at: f"-{at[1].title()}-"),  # Oracle
    (re.compile(r"^(\d{4}-\d\d-\d\d)-(\d\d)\.(\d\d)\.(\d\d)"), r"\1 \2:\3:\4"),  # DB2
    (re.compile(r"^[MTWFS][a-z]{2,5}day, (\d\d)-(?=[A-Z][a-z]{2}-\d\d )"), r"Mon, \1-"),  # RFC 850
)
# in English, French, German, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Finnish, Russian,
# Ukrainian, Turkish, Polish, Czech, Hungarian, Romanian, Greek, Indonesian, Arabic and Hebrew; no name means two months
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "stycznia يناير jan january janv janvier januar jänner ene enero gen gennaio janeiro januari янв января"
            " ocak ianuarie január ledna січня ιανουαρίου ιαν tammikuuta"
            " ינואר בינואר ינו בינו",
            "lutego فبراير feb february févr février februar febrero febbraio fev fevereiro februari фев февраля"
            " şubat februarie február února лютого φεβρουαρίου φεβ helmikuuta"
            " פברואר בפברואר פבר בפבר",
            "marca مارس mar march mars mär märz mrz marzo março mrt maart мар марта mart"
            " maret martie március března березня μαρτίου μαρ maaliskuuta"
            " מרץ במרץ מרס במרס",
            "kwietnia أبريل apr april avr avril abr abril aprile апр апреля nisan"
            " aprilie április dubna квітня απριλίου απρ huhtikuuta"
            " אפריל באפריל אפר באפר",
            "maja مايو may mai mayo mag maggio maio mei maj мая mayıs május května травня μαΐου μαΐ μαϊ toukokuuta"
            " מאי במאי",
            "czerwca يونيو jun june juin juni junio giu giugno junho июн июня haziran"
            " iunie június června червня ιουνίου ιουν kesäkuuta"
            " יוני ביוני",
            "lipca يوليو jul july juil juillet juli julio lug luglio julho июл июля temmuz"
            " iulie július července липня ιουλίου ιουλ heinäkuuta"
            " יולי ביולי",
            "sierpnia أغسطس aug august août ago agosto augustus augusti авг августа ağustos"
            " agustus augusztus srpna серпня αυγούστου αυγ elokuuta"
            " אוגוסט באוגוסט אוג באוג",
            "września سبتمبر sep sept september septembre septiembre set settembre setembro сен сент сентября eylül"
            " septembrie szeptember září вересня σεπτεμβρίου σεπ syyskuuta"
            " ספטמבר בספטמבר ספט בספט",
            "października أكتوبر oct october octobre okt oktober octubre ott ottobre out outubro окт октября ekim"
            " octombrie október října жовтня οκτωβρίου οκτ lokakuuta"
            " אוקטובר באוקטובר אוק באוק",
            "listopada نوفمبر nov november novembre noviembre novembro ноя нояб ноября kasım"
            " noiembrie listopadu листопада νοεμβρίου νοε marraskuuta"
            " נובמבר בנובמבר נוב בנוב",
            "grudnia ديسمبر dec december déc décembre dez dezember dic diciembre dicembre dezembro дек декабря aralık"
            " desember decembrie prosince грудня δεκεμβρίου δεκ joulukuuta"
            " דצמבר בדצמבר דצמ בדצמ",
        ),
        1,
    )
    for name in names.split()
}


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
