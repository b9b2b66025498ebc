"""Where a table begins: behind a `sep=` line and titles, at a header that names what posts need."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.tables.columns import choose, holding
from pipeline.sources.archives.tables.kinds import are_kinds
from pipeline.sources.archives.tables.layout import NEEDED, Columns, Reading
from pipeline.sources.archives.tables.names import KNOWN_COLUMNS, plain
from pipeline.sources.archives.tables.tools import SENTIMENT140

_DELIMITERS = ",;\t|\x01^~│\x1f"
_SEP = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)
_SENTIMENT140 = re.compile(r'"?[024]"?,"?\d+"?,"?[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} [A-Z]{3} \d{4}"?,')
_QUOTED = {
    quote: re.compile(rf"\s*{quote}[^{quote}]+{quote}\s*") for quote in "'`"
}  # in single ones, or as MySQL's names
_QUOTED_NAMES = re.compile(r'"[^"]+"(?: "[^"]+")+\s*')  # as write.table of R has them
_TITLES = 24  # lines that may stand above a header
_HEADER = 4_096  # bytes
_YEAR = re.compile(rb"\d{4}")  # or an id, which names of columns have none of
_SAMPLE = 24  # rows that columns are chosen by
_NAMES = (".csv", ".tsv", ".tab")
_OBJECT = re.compile(r"""(?<![\["'])\{"\w""")  # in a line of a log, or behind a key: no cell is written so
_NO_TABLE = ("{", "[", "<", '"{\\"')
_OF_JSON = frozenset("{}[]")


@dataclass(frozen=True)
class Beginning:
    """A table's header: what stands where in the rows from line `first` on."""

    columns: Columns
    delimiter: str
    width: int
    first: int  # the line of the first row, from 1
    author: str = ""  # whose posts these are, where no column tells
    is_spaced: bool = False  # whether a space follows each delimiter
    quote: str = '"'  # what stands around cells


def find_beginning(
    name: str, head: bytes, given: Given, *, surely: bool, known: Callable[[bytes], bool], record: Reading
) -> Beginning | None:
    """Where the table begins in the first bytes of a file; None when they are no table. `record` reads the records that
    may stand in its cells, if they are `known`.

    Raises ArchiveError when they are one (`surely`, or plainly by its look) but hold no column for what posts need.
    """
    lines = _lines(head)
    while lines and not lines[0].strip():
        lines = lines[1:]
    if not lines or (lines[0].lstrip().startswith(_NO_TABLE) and not surely):
        return None
    blank = len(_lines(head)) - len(lines)
    sep = _SEP.fullmatch(lines[0])
    start = 1 if sep else 0
    if _SENTIMENT140.match(lines[0]):
        names = list(SENTIMENT140)
        columns = choose(name, names, _rows(lines, ",", len(names)), given)
        return Beginning(columns, ",", len(names), blank + 1, given.author or "")
    fault: ArchiveError | None = None
    for at in range(start, min(start + _TITLES, len(lines))):
        if (lines[at].lstrip()[:1] in _OF_JSON or _OBJECT.search(lines[at])) and not surely:
            break
        mark = sep[1] if sep else delimiter(lines[at])
        names = unwrapped(_cells(lines[at], mark), mark)
        quote = next((each for each in _QUOTED if names[1:] and all(map(_QUOTED[each].fullmatch, names))), '"')
        names = _cells(lines[at], mark, quote) if quote != '"' else names
        if len(names) < 2 and not given.columns:
            continue
        is_spaced = len(names) > 1 and all(name.startswith(" ") for name in names[1:])
        rows = _rows(lines[at + 1 :], mark, len(names), is_spaced=is_spaced, quote=quote)
        if rows and are_kinds(rows[0]):
            rows, at = rows[1:], at + 1
        held = None if given.columns or not names[1:] else holding(names, rows, given.clock, known, record)
        if held is not None:
            return Beginning(held, mark, len(names), blank + at + 2)
        # an export of one person's posts may need two columns
        if len(names) < (2 if given.author else 3) and not given.columns:
            continue
        if not rows and (rows := _numbered_rows(lines[at + 1 :], mark, len(names))):
            names = ["", *names]
        try:
            columns = choose(name, names, rows, given)
        except ArchiveError as error:
            if fault is None and (surely or given.columns or _is_table(name, rows, lines[at + 1 :], first=at == start)):
                fault = error
            continue
        return Beginning(columns, mark, len(names), blank + at + 2, given.author or "", is_spaced, quote)
    if fault is None and surely:
        names = _cells(lines[start], delimiter(lines[start])) if len(lines) > start else []
        choose(name, names, [], given)
    if fault is not None:
        raise fault
    return None


def begins_anew(name: str, line: int, raw: bytes, before: Beginning | None, given: Given) -> Beginning | None:
    """The table that begins behind another one, or behind other records, with a row that is no post; None where the row
    is no header."""
    if len(raw) > _HEADER or given.columns or _YEAR.search(raw):
        return None
    header = raw.decode(errors="replace").strip("\ufeff\r")
    mark = delimiter(header)
    names = _cells(header, mark)
    plains = set(map(plain, names))
    if any(plains.isdisjoint(KNOWN_COLUMNS[field]) for field in NEEDED):
        return None
    try:
        columns = choose(name, names, [], given)
    except ArchiveError:
        return None
    if before is not None:
        columns = replace(columns, network=columns.network or before.columns.network)
    return Beginning(columns, mark, len(names), line + 1, given.author or "")


def delimiter(header: str) -> str:
    """The delimiter of a header: the one of `, ; tab | ^ ~`, Hive's, ASCII's or that of boxes, which splits it most; a
    space between names in quotes."""
    if _QUOTED_NAMES.fullmatch(header):
        return " "
    return max(_DELIMITERS, key=header.count)


def _lines(head: bytes) -> list[str]:
    whole = head.rpartition(b"\n")[0] or head  # the last line may be cut
    return [line.rstrip("\r") for line in whole.decode(errors="replace").split("\n")]


def unwrapped(row: list[str], mark: str) -> list[str]:
    """The cells of a row that stands whole in quotes, as programs write a line that they took for one cell.

    >>> unwrapped(['17,"one, two",ana'], ","), unwrapped(["17"], ","), unwrapped(["17", "18"], ",")
    (['17', 'one, two', 'ana'], ['17'], ['17', '18'])
    """
    if len(row) != 1 or mark not in row[0] or row[0][:1] in _OF_JSON:
        return row
    return next(csv.reader(row[0].splitlines(keepends=True), delimiter=mark), row)


def _cells(line: str, mark: str, quote: str = '"') -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark, quotechar=quote), [])
    except csv.Error:
        return []


def _rows(
    lines: Sequence[str],
    mark: str,
    width: int,
    *,
    is_spaced: bool = False,
    quote: str = '"',
    escape: str | None = None,
) -> list[list[str]]:
    """The first rows of this width, where there are none as others are written with backslashes."""
    found: list[list[str]] = []
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=mark,
        skipinitialspace=is_spaced,
        quotechar=quote,
        escapechar=escape,
        doublequote=escape is None,
    )
    try:
        for row in reader:
            row = row if len(row) != 1 else unwrapped(row, mark)
            if len(row) == width and any(row):
                found.append(row)
            if len(found) == _SAMPLE or reader.line_num > 4 * _SAMPLE:
                break
    except csv.Error:
        pass
    if not found and escape is None and any("\\" in line for line in lines):
        return _rows(lines, mark, width, is_spaced=is_spaced, quote=quote, escape="\\")
    return found


def _numbered_rows(lines: Sequence[str], mark: str, width: int) -> list[list[str]]:
    """The first rows where each has its number before its cells, for which the header has no name, as R writes them."""
    rows = _rows(lines, mark, width + 1)
    are_counted = (
        bool(rows)
        and rows[0][0] in ("0", "1")
        and [row[0] for row in rows] == [str(int(rows[0][0]) + at) for at in range(len(rows))]
    )
    return rows if are_counted else []


def _is_table(name: str, rows: Sequence[Sequence[str]], lines: Sequence[str], *, first: bool) -> bool:
    """Whether what follows a line has as many cells as it: mostly, or all from the first line on where the name says
    nothing."""
    following = sum(1 for line in lines[:_SAMPLE] if line.strip())
    if any(f"{ending}." in f"{name.lower()}." for ending in _NAMES):
        return 2 * len(rows) >= following
    return first and len(rows) >= max(3, following) and not any(cell.lstrip()[:1] in _OF_JSON for cell in rows[0])
