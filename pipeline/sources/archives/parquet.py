"""Parquet files: their rows, as the JSON lines that they could be written as."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import orjson

from pipeline.extras import lacking
from pipeline.sources.archives.streams import TruncatedError

MAGIC = b"PAR1"
_ROWS_AT_ONCE = 1_024
_AS_LINES = "write it as CSV or JSON lines"


def lines(content: Iterator[bytes]) -> Iterator[bytes]:
    """The rows of a Parquet file as JSON objects, one a line; its times as ISO 8601 writes them, to the microsecond.

    Of each column no more than one group of rows is held. Raises TruncatedError where the part that reads such files is
    not installed, and where the file is cut or corrupt.
    """
    if lack := lacking("parquet", "a Parquet file"):
        raise TruncatedError(f"{lack}, or {_AS_LINES}")
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    with tempfile.TemporaryFile() as held:  # its table of contents is at its end
        for chunk in content:
            held.write(chunk)
        held.seek(0)
        try:
            file = ParquetFile(held, pre_buffer=False)
            for batch in file.iter_batches(_ROWS_AT_ONCE, use_threads=False):
                rows = _in_microseconds(batch).to_pylist()
                yield b"".join(orjson.dumps(row, default=_told, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        except (ArrowException, OSError, ValueError, TypeError) as error:
            why = str(error).partition("\n")[0][:200]
            raise TruncatedError(f"a Parquet file that is cut or corrupt ({why}): {_AS_LINES}") from None


def _in_microseconds(batch: Any) -> Any:
    """The rows with times as Python has them, which knows no nanoseconds."""
    from pyarrow import timestamp, types

    for at, field in enumerate(batch.schema):
        if types.is_timestamp(field.type) and field.type.unit == "ns":
            kind = timestamp("us", field.type.tz)
            batch = batch.set_column(at, field.with_type(kind), batch.column(at).cast(kind, safe=False))
    return batch


def _told(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
