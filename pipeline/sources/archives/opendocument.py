"""Spreadsheets of LibreOffice (`.ods`): each sheet that is shown, as the CSV that it could be saved as."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

from pipeline.sources.archives.streams import TruncatedError

CONTENT = "content.xml"
MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_OFFICE, _TABLE, _TEXT, _STYLE = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{part}:1.0}}" for part in ("office", "table", "text", "style")
)
_VALUES = {f"{_OFFICE}{kind}-value" for kind in ("date", "time", "boolean")} | {f"{_OFFICE}value"}
_MOST_CELLS = 4_096  # of a row: what is repeated beyond holds nothing
_MOST_ROWS = 65_536  # that one row may stand for
_OF_DAY = re.compile(r"PT(\d{1,2})H(\d\d)M(\d\d)(?:\.\d+)?S", re.ASCII)
_BROKEN = (ParseError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, OSError)
_Events = Iterator[tuple[str, Element]]


def sheets(packed: zipfile.ZipFile) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name of each sheet that is not hidden, and its rows as CSV, which have to be taken before the next is asked
    for. Dates are as ISO 8601 writes them. Raises TruncatedError where the document is broken."""
    with packed.open(CONTENT) as raw:
        events = _events(raw)
        hidden = set()  # styles of sheets
        for event, element in events:
            if event == "end" and element.tag == f"{_STYLE}style":
                shown = element.find(f"{_STYLE}table-properties")
                if shown is not None and shown.get(f"{_TABLE}display") == "false":
                    hidden.add(element.get(f"{_STYLE}name"))
            is_sheet = event == "start" and element.tag == f"{_TABLE}table"
            if is_sheet and element.get(f"{_TABLE}style-name") not in hidden:
                yield element.get(f"{_TABLE}name", "sheet"), _rows(element, events)


def _events(raw: IO[bytes]) -> _Events:
    try:
        yield from iterparse(raw, ("start", "end"))  # noqa: S314 - expat itself ends bombs of entities
    except _BROKEN as error:
        what = f"a spreadsheet of LibreOffice that is cut or corrupt ({error})"
        raise TruncatedError(f"{what}: save its table as CSV (UTF-8)") from None


def _rows(sheet: Element, events: _Events) -> Iterator[bytes]:
    """Nothing is held but one row, all of them as wide as the widest before them."""
    width = 0
    for event, element in events:
        if event == "end" and element.tag == f"{_TABLE}table":
            return
        if event == "end" and element.tag == f"{_TABLE}table-row":
            cells = _cells(element)
            times = _times(element, "rows", _MOST_ROWS) if cells else 0
            element.clear()
            sheet.clear()
            width = max(width, len(cells))
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerow(cells + [""] * (width - len(cells)))
            for _ in range(times):
                yield text.getvalue().encode(errors="replace")


def _cells(row: Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            cells += [_cell(cell)] * _times(cell, "columns", _MOST_CELLS)
    while cells and not cells[-1]:
        cells.pop()
    return cells[:_MOST_CELLS]


def _times(element: Element, of: str, most: int) -> int:
    """How often a row or a cell stands there, as its document counts."""
    told = element.get(f"{_TABLE}number-{of}-repeated", "1")
    return min(int(told), most) if told.isdecimal() else 1


def _cell(cell: Element) -> str:
    value = next((cell.get(name, "") for name in _VALUES if name in cell.keys()), None)  # noqa: SIM118 - no mapping
    if value is None:
        return "\n".join("".join(_said(part)) for part in cell.findall(f"{_TEXT}p"))
    if of_day := _OF_DAY.fullmatch(value):
        return ":".join(of_day.groups())
    return value.replace("T", " ", 1) if f"{_OFFICE}date-value" in cell.keys() else value  # noqa: SIM118


def _said(part: Element) -> Iterator[str]:
    """The text of a paragraph, in which spaces, tabs and line ends are elements of their own."""
    yield part.text or ""
    for inner in part:
        if inner.tag == f"{_TEXT}s":
            count = inner.get(f"{_TEXT}c", "1")
            yield " " * (min(int(count), 1_024) if count.isdecimal() else 1)
        elif inner.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            yield "\t" if inner.tag == f"{_TEXT}tab" else "\n"
        elif not inner.tag.startswith(_OFFICE):  # what is noted beside
            yield from _said(inner)
        yield inner.tail or ""
