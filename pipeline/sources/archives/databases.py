"""SQLite databases: each table of one, as the CSV that it could be written as."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

from pipeline.sources.archives.streams import TruncatedError

MAGIC = b"SQLite format 3\0"
_KEPT_HOW = 18  # in the head of a database: whether a second file (WAL) may hold a part of it
_ROWS_AT_ONCE = 256


def tables(name: str, content: Iterator[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name of each table that holds something, and its rows as CSV, of the database of this name and content.

    Of what searches a text (FTS) only the table that the text came from is read. Raises TruncatedError where the
    database is broken or encrypted, and where a part of it stands in another file.
    """
    if os.path.exists(f"{name}-wal") and os.path.getsize(f"{name}-wal"):
        raise TruncatedError(
            f"what was written last into this database stands in {name}-wal: end the program that writes it, or put"
            f" both together (sqlite3 {name} 'PRAGMA wal_checkpoint(TRUNCATE)')"
        )
    try:
        with _opened(content) as database:
            database.text_factory = lambda raw: raw.decode(errors="replace")
            database.execute("PRAGMA trusted_schema = OFF")
            for table in _names(database):
                rows = database.execute(f'SELECT * FROM "{table.replace(chr(34), chr(34) * 2)}"')  # noqa: S608 - quoted
                titles = [column[0] for column in rows.description]
                first = rows.fetchmany(_ROWS_AT_ONCE)
                if first:
                    yield table, _as_csv(titles, first, rows)
    except sqlite3.Error as error:
        raise _fault(error) from None


@contextmanager
def _opened(content: Iterator[bytes]) -> Iterator[sqlite3.Connection]:
    """The database in a file that has lost its name before it is written: it is gone however the process ends."""
    with tempfile.NamedTemporaryFile(delete=False) as held:
        database = sqlite3.connect(f"file:{quote(held.name)}?mode=ro&nolock=1", uri=True)
        os.unlink(held.name)
        with closing(database):
            for chunk in content:
                held.write(chunk)
            held.seek(_KEPT_HOW)
            held.write(b"\1\1")  # no other file is asked for what was written last
            held.flush()
            yield database


def _names(database: sqlite3.Connection) -> list[str]:
    told = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    virtual = [name for name, sql in told if (sql or "").upper().startswith("CREATE VIRTUAL")]
    beside = (*(f"{name}_" for name in virtual), "sqlite_")  # where these keep what they need
    return [name for name, _ in told if name not in virtual and not name.startswith(beside)]


def _as_csv(titles: list[str], first: list[Any], rows: sqlite3.Cursor) -> Iterator[bytes]:
    block: list[Any] = [titles, *first]
    try:
        while block:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([list(map(_cell, row)) for row in block])
            yield text.getvalue().encode(errors="replace")
            block = rows.fetchmany(_ROWS_AT_ONCE)
    except sqlite3.Error as error:
        raise _fault(error) from None


def _cell(value: Any) -> str:
    """A cell as text; a float that holds a whole number as that."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _fault(error: sqlite3.Error) -> TruncatedError:
    return TruncatedError(f"a SQLite database that is cut, corrupt or encrypted ({error}): write its table as CSV")
