"""What is wrong with a file as a whole, in one sentence: when most of it is dead, or its times cannot be true."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

import orjson

from pipeline.sources.archives.batches import Dead
from pipeline.sources.archives.block import Block
from pipeline.sources.archives.detect import DOCUMENTS
from pipeline.sources.archives.strangers import likely
from pipeline.sources.archives.tables.objects import why_no_posts
from pipeline.sources.archives.times import pattern_of
from pipeline.sources.archives.unread import UNCLEAR, Why

_SHOWN_KEYS, _SHOWN_CHARACTERS = 8, 200
HEAD_BYTES = 65_536
_NO_PROSE = frozenset(b"{}<>\t|;\0")
_FEED = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:rss|(?:\w+:)?feed|rdf:RDF)\b")
_EXAMPLES = 8  # dead letters that are looked at
_DAY_MS = 86_400_000
_ENOUGH = 8  # posts at midnight that are no chance
_EARLY_MS = 31_536_000_000  # 1971: before it, times are of another unit
_LATE_MS = 4_102_444_800_000  # 2100
_ENCODING = (
    "it looks like Latin-1 or Windows-1252 (1250 in central Europe, 1254 in Turkish): say it, as in --encoding"
    " windows-1252"
)
_SCRIPT = (
    "it looks like an encoding of its script, as Windows-1251, Shift_JIS, GB18030, Big5 and EUC-KR are: say which, as"
    " in --encoding gb18030"
)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_LONG_RUN = 2.5  # of letters beyond ASCII, in the mean: in Grüße two stand together, in words of Cyrillic all
_HARDLY_LATIN = re.compile(rb"[\x81-\x84\x86-\x89\x8b\x8d\x8f\x90\x98\x99\x9b\x9d]")  # signs that few write
_HOW_WRITTEN = "--time-format says how its times are written, --zone where"
_OF_TIMES = {  # what helps, by what is wrong with times
    Why.ROUNDED: "its last digits are lost: save the table anew with this column as dates or as text",
    Why.TWICE: "only an offset in each row (+02:00), or its zone (CEST), can tell which it was",
    Why.NEVER: "was that --zone right? An offset in each row (+02:00) says more",
    Why.RECKONED: "when that was nobody knows without the moment it was collected: collect dates",
    Why.YEARLESS: "write its year, too",
    Why.CALENDAR: "write its dates as most calendars count (2024-05-01)",
}
_WORDS = re.compile(r"\b[A-Z]{2,4}\b")
_CLOCK = "America/Los_Angeles"
_CLOCKS = {  # that most of those mean who write such letters behind a time
    "EST EDT ET": "America/New_York",
    "CST CDT CT": "America/Chicago",
    "MST MDT MT": "America/Denver",
    "CET CEST MEZ MESZ": "Europe/Paris",
    "BST": "Europe/London",
    "IST": "Asia/Kolkata",
    "AEST AEDT": "Australia/Sydney",
}
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]")
_NOT_ENGLISH = re.compile(r"\d\s*(?:h|Uhr)|\s(?:à|às|a las?|alle|um|kl\.?|om|le)\s", re.IGNORECASE)


def is_prose(name: str, head: bytes) -> bool:
    """Whether what begins so is words alone, as notes about archives are: nothing of what is read looks like that."""
    lines = [line.strip() for line in head[:HEAD_BYTES].split(b"\n") if line.strip()]
    if not lines or lines[0][:1] in b"[\"'" or not _NO_PROSE.isdisjoint(head[:HEAD_BYTES]) or likely(head) is not None:
        return False
    commas = lines[0].count(b",")
    is_table = commas > 0 and 2 * sum(line.count(b",") == commas for line in lines) > len(lines)
    has_words = 2 * sum(b" " in line for line in lines) >= len(lines)
    return has_words and not is_table and not any(kind.knows(name, head) for kind in DOCUMENTS)


class Judge:
    """Looks on while a file is read, and says at its end what is wrong with it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._posts = self._skipped = 0
        self._reasons: Counter[str] = Counter()
        self._examples: list[Dead] = []
        self._is_day_first: bool | None = None  # of dates that could be read either way; None: none tells
        self._has_feed = False  # behind other records
        self._first_ms: int | None = None
        self._last_ms = 0

    def watched(self, content: Iterator[bytes]) -> Iterator[bytes]:
        """The content, of which the beginning is kept."""
        for chunk in content:
            if len(self._head) < HEAD_BYTES:
                self._head += chunk[:HEAD_BYTES]
            yield chunk

    def take(self, block: Block) -> None:
        """Notes what a block holds; the first one with posts of an odd time is told so at once."""
        self._posts += len(block.posts)
        self._skipped += block.skipped + block.deletions
        for dead in block.dead:
            self._reasons[dead.reason] += 1
            if _FEED.match(dead.raw) and not self._has_feed:
                self._has_feed = block.failed = True
                block.notes.append(
                    f"{self._name}: from line {dead.line} on a feed stands behind other records, and is not read: keep"
                    " it in a file of its own"
                )
            if len(self._examples) < _EXAMPLES:
                self._examples.append(dead)
            if self._is_day_first is None and (date := _DATE.match(_written(dead))):
                self._is_day_first = True if int(date[1]) > 12 else False if int(date[2]) > 12 else None
        if block.posts and self._first_ms is None:
            times = [int(post.time) for post in block.posts]
            self._first_ms, last_ms = min(times), max(times)
            if note := self._odd(self._first_ms, last_ms):
                block.notes.append(note)
                block.failed = self._first_ms > _LATE_MS

            if len(times) >= _ENOUGH and not any(time % _DAY_MS for time in times):
                block.notes.append(
                    f"{self._name}: its times are days alone, so all posts of a day count at 00:00 UTC;"
                    " --columns time=NAME names another column"
                )

    def _odd(self, first_ms: int, last_ms: int) -> str:
        if last_ms < _EARLY_MS:
            when, hint = "the year 1970", "are they seconds? `time` is milliseconds or RFC 3339;"
        elif first_ms > _LATE_MS:
            when, hint = f"the year {_year(first_ms)} and later", "are they of another unit than they seem?"
        else:
            return ""
        return f"{self._name}: its posts lie in {when}: {hint} --time-format says how their times are written"

    def verdict(self) -> Block | None:
        """What is to be told of the whole file."""
        dead = self._reasons.total()
        records = self._posts + self._skipped + dead
        if not records:
            return Block(self._name, empty=True)
        if 2 * dead <= records and (self._posts or 20 * dead < records or not dead):
            return self._of_letters(records)
        said = f"{self._name}: {dead:,} of {records:,} records are no posts ({self._why()}): {self._advice()}"
        return Block(self._name, notes=[said], failed=True)

    def _of_letters(self, records: int) -> Block | None:
        """What is to be told where some records alone hold letters in another encoding."""
        lost = self._reasons["not-utf8"]
        if 20 * lost < records or not lost:
            return None
        said = f"{self._name}: {lost:,} of {records:,} records are no UTF-8: {_encoding(self._examples)}"
        return Block(self._name, notes=[said])

    def _why(self) -> str:
        return ", ".join(f"{reason} {count:,}" for reason, count in self._reasons.most_common(3))

    def _advice(self) -> str:
        if (what := likely(self._head)) is not None:
            return f"it is {what}"
        main = self._reasons.most_common(1)[0][0]
        first = next(dead for dead in self._examples if dead.reason == main) if self._has(main) else self._examples[0]
        if main == "not-utf8":
            return _encoding(self._examples)
        if main == "truncated":
            return first.detail
        if main == "too-large":
            return f"{first.detail}: write one record a line (in pandas with orient='records', lines=True)"
        if main == "time":
            return _of_times(self._examples, first, self._is_day_first, self._head)
        return _of_records(first, self._head)

    def _has(self, reason: str) -> bool:
        return any(dead.reason == reason for dead in self._examples)


def _encoding(examples: list[Dead]) -> str:
    """What letters that are no UTF-8 look like: those of western Europe stand between letters of ASCII."""
    beyond = [run for dead in examples for run in _BEYOND_ASCII.findall(dead.raw)]
    size = sum(map(len, beyond))
    odd = sum(len(_HARDLY_LATIN.findall(run)) for run in beyond)
    return _SCRIPT if size >= _LONG_RUN * max(len(beyond), 1) or 4 * odd >= size else _ENCODING


def _of_times(examples: list[Dead], first: Dead, is_day_first: bool | None, head: bytes) -> str:
    unclear = next((dead for dead in examples if dead.unread is not None and dead.unread.why in UNCLEAR), None)
    if unclear is None or unclear.unread is None:
        why = first.unread.why if first.unread is not None else Why.OTHER
        return first.detail if why is Why.SPREADSHEET else f"{first.detail}; {_OF_TIMES.get(why, _HOW_WRITTEN)}"
    written, why = unclear.unread.written, unclear.unread.why
    if why is Why.TICKS:
        return f"{unclear.detail}; if it is Apple, say --time-format apple, else write them as dates"
    if why is Why.EPOCH:
        return f"{unclear.detail}; say which, as in --time-format apple or --time-format unix"
    if why is Why.ZONE:
        where = next(
            (zone for names, zone in _CLOCKS.items() if set(names.split()) & set(_WORDS.findall(written))), _CLOCK
        )
        return f"{unclear.detail}; say where its clock stood, as in --zone {where}"
    if is_day_first is None:  # most likely, by its look
        is_european = b";" in head.partition(b"\n")[0]  # where commas part decimals, spreadsheets write semicolons
        is_day_first = "." in written[:3] or is_european or _NOT_ENGLISH.search(written) is not None
    pattern = pattern_of(written, day_first=is_day_first)
    if written[2:3] == "-" and int(written[:2]) > 12 and len({_written(dead)[:2] for dead in examples}) == 1:
        pattern = pattern.replace("%d-%m-%y", "%y-%m-%d")  # what never changes is the year
    return (
        f"times like {written[:60]!r} do not say {unclear.unread.said}: say it, as in --time-format {pattern!r},"
        " and where that was, as in --zone Europe/Paris"
    )


def _written(dead: Dead) -> str:
    return dead.unread.written if dead.unread is not None else ""


def _of_records(first: Dead, head: bytes) -> str:
    try:
        value = orjson.loads(first.raw)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict) and value and not first.detail.startswith("whose"):
        if any(map(_is_failure, (value.get("errors"), value.get("error")))):
            what = "what an API answers when it fails, without posts"
        else:
            names = ", ".join(list(value)[:_SHOWN_KEYS])
            if why := why_no_posts(value):
                return f"it looks like JSON objects of {names}, {why}; docs/archives.md lists what is read"
            what = f"JSON objects of {names}, in which upswell finds no posts"
        return (
            f"it looks like {what} (first fault, line {first.line}: {first.detail});"
            " docs/archives.md lists what is read"
        )
    begins = head.lstrip()
    if row := _first_row(begins):
        names = begins.partition(b"\n")[0].decode(errors="replace").strip()[:_SHOWN_CHARACTERS]
        fault = f"in which upswell finds no posts (first fault, line {first.line}: {first.detail})"
        how = f"{fault}: name its columns, as in --columns author=NAME,text=NAME,time=NAME"
        return f"it looks like a table of {names}, {why_no_posts(row) or how}; docs/archives.md lists what is read"
    what = _of_text(first, begins)
    return f"{what}first fault, line {first.line}: {first.detail}; docs/archives.md lists what is read"


def _is_failure(error: object) -> bool:
    """Whether what an API calls an error is one: some say with every answer that there was none.

    >>> [_is_failure(error) for error in ("no such key", {"code": "ok", "message": ""}, [], None)]
    [True, False, False, False]
    """
    code = error.get("code") if isinstance(error, dict) else None
    return bool(error) and str(code).casefold() not in ("ok", "0")


def _of_text(first: Dead, head: bytes) -> str:
    """What records look like that are neither JSON objects nor rows, in a file that begins so."""
    if first.raw.lstrip().startswith(b"<"):
        return "it looks like XML, of which RSS and Atom are read; "
    if head.startswith(b"[[") or first.detail.startswith("Expected `object`"):
        return "it looks like JSON values without the names of their fields; "
    if head[:1] in b'{["' or first.detail.startswith("whose"):
        return ""
    return "it looks like plain text, which has neither JSON records nor a table's columns; "


def _first_row(head: bytes) -> dict[str, str]:
    r"""By the names of the first line the cells of the second, where both have as many; else nothing.

    >>> _first_row(b"id,name\n1,Ana\n"), _first_row(b"Hello, all\nwell, then\n"), _first_row(b"[1,2]\n[1,2]\n")
    ({'id': '1', 'name': 'Ana'}, {}, {})
    """
    first, second = [*head.split(b"\n", 2), b""][:2]
    mark = next((mark for mark in (b",", b";", b"\t") if first.count(mark) == second.count(mark) > 0), b"")
    if not mark or not first[:1].isalpha() or b", " in first:
        return {}
    names, cells = ([cell.decode(errors="replace").strip() for cell in line.split(mark)] for line in (first, second))
    return dict(zip(names, cells, strict=True))


def _year(time_ms: int) -> int:
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=time_ms)).year
