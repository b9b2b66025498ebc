"""Workbooks of spreadsheets (`.xlsx`): each sheet that is shown, as the CSV that it could be saved as."""

from __future__ import annotations

import csv
import datetime as dt
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from pipeline.extras import lacking
from pipeline.sources.archives.streams import TruncatedError

_AS_CSV = "save its table as CSV (UTF-8)"
_TEXTS = "xl/sharedStrings.xml"  # which are held as a whole
_MOST_TEXTS = 512 << 20  # bytes
_ROWS_AT_ONCE = 256
_BROKEN = (KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError, ParseError)
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error)


def sheets(held: BinaryIO) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name of each sheet that holds something and is not hidden, and its rows as CSV.

    Dates are as ISO 8601 writes them. Raises TruncatedError where the part that reads workbooks is not installed, and
    where the workbook is broken or too large.
    """
    if lack := lacking("xlsx", "an Excel workbook"):
        raise TruncatedError(f"{lack}, or {_AS_CSV}")
    from openpyxl import load_workbook

    warnings.filterwarnings("ignore", module="openpyxl")  # of styles that it does not know, which nobody asked for
    try:
        with zipfile.ZipFile(held) as packed:
            if _TEXTS in packed.namelist() and packed.getinfo(_TEXTS).file_size > _MOST_TEXTS:
                raise TruncatedError(f"an Excel workbook of too many texts: {_AS_CSV}")
        book = load_workbook(held, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            sheet.reset_dimensions()  # some programs write wrong ones
            rows = (row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row))
            first = list(islice(rows, _ROWS_AT_ONCE))
            if first:
                yield sheet.title, _guarded(_as_csv(chain(first, rows), max(map(len, first))))
    except (*_BROKEN, *_BROKEN_ZIP) as error:
        raise _fault(error) from None


def _guarded(content: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from content
    except (*_BROKEN, *_BROKEN_ZIP) as error:
        raise _fault(error) from None


def _fault(error: Exception) -> TruncatedError:
    return TruncatedError(f"an Excel workbook that is cut or corrupt ({error}): {_AS_CSV}")


def _as_csv(rows: Iterator[Iterable[Any]], width: int) -> Iterator[bytes]:
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for row in block:
            cells = list(map(_cell, row))
            writer.writerow(cells + [""] * (width - len(cells)))
        yield text.getvalue().encode(errors="replace")


def _cell(value: Any) -> str:
    """A cell as text.

    >>> _cell(dt.datetime(2024, 5, 1, 10, 30)), _cell(dt.datetime(2024, 5, 1)), _cell(17.0), _cell(None)
    ('2024-05-01 10:30:00', '2024-05-01', '17', '')
    """
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")  # a day alone is kept as its midnight
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
