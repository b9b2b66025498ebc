"""Files of columns (Parquet, Arrow and so Feather, ORC): their rows, as JSON lines that they could be written as."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from typing import Any

import orjson

from pipeline.extras import lacking
from pipeline.sources.archives.streams import TruncatedError

_NAMES = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\xff\xff\xff\xff": "a stream of Arrow",  # as Hugging Face keeps data sets
    b"ORC": "an ORC file",
}
_OF_COLUMNS = re.compile(rb"PAR1|ARROW1|\xff{4}|ORC(?=[\0-\x1f])")  # or else a table of ORCIDs
_ROWS_AT_ONCE = 1_024
_AS_LINES = "write it as CSV or JSON lines"


def is_of_columns(head: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return _OF_COLUMNS.match(head) is not None


def lines(content: Iterator[bytes]) -> Iterator[bytes]:
    """The rows of such a file as JSON objects, one a line; its times as ISO 8601 writes them, to the microsecond.

    Of each column no more than one group of rows is held. Raises TruncatedError where the part that reads such files is
    not installed, and where the file is cut or corrupt.
    """
    first = next(content, b"")
    kind = next(magic for magic in _NAMES if first.startswith(magic))
    if lack := lacking("parquet", _NAMES[kind]):
        raise TruncatedError(f"{lack}, or {_AS_LINES}")
    from pyarrow import ArrowException

    with tempfile.TemporaryFile() as held:  # its table of contents is at its end
        held.write(first)
        for chunk in content:
            held.write(chunk)
        held.seek(0)
        try:
            for batch in _groups(held, kind):
                for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                    rows = _in_microseconds(batch.slice(start, _ROWS_AT_ONCE)).to_pylist()
                    yield b"".join(orjson.dumps(row, default=_told, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        except (ArrowException, OSError, ValueError, TypeError) as error:
            why = str(error).partition("\n")[0][:200]
            raise TruncatedError(f"{_NAMES[kind]} that is cut or corrupt ({why}): {_AS_LINES}") from None


def _groups(held: Any, kind: bytes) -> Iterator[Any]:
    """The groups of rows in an open file."""
    if kind == b"PAR1":
        from pyarrow.parquet import ParquetFile

        yield from ParquetFile(held, pre_buffer=False).iter_batches(_ROWS_AT_ONCE, use_threads=False)
    elif kind == b"ORC":
        from pyarrow import orc

        stripes = orc.ORCFile(held)
        yield from map(stripes.read_stripe, range(stripes.nstripes))
    elif kind == b"ARROW1":
        from pyarrow import ipc

        file = ipc.open_file(held)
        yield from map(file.get_batch, range(file.num_record_batches))
    else:
        from pyarrow import ipc

        yield from ipc.open_stream(held)


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
