"""A table among JSON records in one file: its header begins it, and what is no JSON behind that are its rows."""

from __future__ import annotations

from pipeline.sources.archives.block import Filling
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.tables.begin import begins_anew
from pipeline.sources.archives.tables.rows import Row, Rows


class Behind:
    """Takes lines that are no JSON, where they are of a table."""

    def __init__(self, name: str, given: Given, rows: Rows | None = None) -> None:
        """`rows` are those of the table that began the file, if one did."""
        self._name, self._given = name, given
        self._rows = rows

    def takes(self, line: int, raw: bytes, filling: Filling) -> bool:
        """Whether a line is a table's, which may go on with it."""
        if self._rows is None:
            beginning = begins_anew(self._name, line, raw, None, self._given)
            if beginning is None:
                return False
            self._rows = Rows(self._name, beginning, self._given)
            return True
        for row in self._rows.feed(line, raw.rstrip(b"\r\n")):
            _answer(row, filling)
        return True

    def end(self, filling: Filling) -> None:
        """Gives what is left at the end of the file."""
        for row in self._rows.end() if self._rows is not None else ():
            _answer(row, filling)


def _answer(row: Row, filling: Filling) -> None:
    line, raw, parsed = row
    filling.answer(line, raw, parsed)
