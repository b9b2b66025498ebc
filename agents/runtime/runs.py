"""Runs: the records of a batch as lists of what they hold, where that is all there is to tell of them.

A record as an object costs more than what is done with it: so the records of a batch that are plain (each with a value,
of offsets that follow one another, the names of headers in UTF-8) are read as one Run. All others come one by one, as
aiokafka reads them; so do all where there is no compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from struct import Struct
from typing import Any, NamedTuple, overload

from aiokafka.record._crecords import default_records

from schemas.stale import require_fitting

try:
    from agents.runtime import _records as compiled

    require_fitting(compiled)
except ImportError:
    compiled = None  # type: ignore[assignment]

__all__ = ["Run", "RunRecord", "RunRecords", "compiled", "together"]

_HEADER = Struct(">q13xhiqq14xi")  # first offset, attributes, offsets behind it, first and newest time, records
_LENGTH, _AFTER_LENGTH = 8, 12
_CODEC, _LOG_APPEND_TIME = 0x07, 0x08
_NONE: Mapping[int, Any] = {}
_UNPACK = ("", "gzip_decode", "snappy_decode", "lz4_decode", "zstd_decode")


Headers = tuple[tuple[str, bytes | None], ...]


class RunRecord(NamedTuple):
    """A record of a run by itself, as aiokafka's decoded ones are read."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Run(Sequence[RunRecord]):
    """Plain records of the offsets from `first` on: their keys, values and times (ms), and the headers of those that
    have some, by number."""

    __slots__ = ("first", "headers", "keys", "times", "values")

    def __init__(
        self,
        first: int,
        keys: list[bytes | None],
        values: list[bytes],
        times: list[int],
        headers: Mapping[int, Headers] = _NONE,
    ) -> None:
        self.first, self.keys, self.values, self.times, self.headers = first, keys, values, times, headers

    def __len__(self) -> int:
        return len(self.values)

    @property
    def offset(self) -> int:
        """The last one: what is behind it comes next."""
        return self.first + len(self.values) - 1

    @overload
    def __getitem__(self, at: int) -> RunRecord: ...
    @overload
    def __getitem__(self, at: slice) -> Run: ...
    def __getitem__(self, at: int | slice) -> RunRecord | Run:
        if isinstance(at, slice):
            begin, end, step = at.indices(len(self))
            assert step == 1
            headers = {n - begin: of for n, of in self.headers.items() if begin <= n < end}
            return Run(self.first + begin, self.keys[at], self.values[at], self.times[at], headers)
        number = range(len(self))[at]
        headers_of = self.headers.get(number, ())
        return RunRecord(self.first + number, self.times[number], self.keys[number], self.values[number], headers_of)

    def parts(self, most: int) -> Iterator[Run]:
        """The same in runs of at most so many records."""
        return (self[at : at + most] for at in range(0, len(self), most)) if len(self) > most else iter((self,))

    def since(self, offset: int) -> Run:
        """Its records from that offset on."""
        return self if offset <= self.first else self[offset - self.first :]


def together(found: Sequence[Any]) -> Sequence[Any]:
    """Records and runs, in the order of the log, as one run where they are one; else as records."""
    if not found or not all(type(one) is Run for one in found):
        return [record for one in found for record in (one if type(one) is Run else (one,))]
    first: Run = found[0]
    if len(found) == 1:
        return first
    if any(later.first != run.offset + 1 for run, later in pairwise(found)):
        return [record for run in found for record in run]
    return Run(
        first.first,
        list(chain.from_iterable(run.keys for run in found)),
        list(chain.from_iterable(run.values for run in found)),
        list(chain.from_iterable(run.times for run in found)),
        {run.first - first.first + number: of for run in found for number, of in run.headers.items()},
    )


class RunRecords:
    """The batches of a fetch, as PartitionRecords reads them; iterating over one of plain records gives a Run, or
    several of at most so many records."""

    def __init__(self, records: Any, most: int) -> None:
        """`records` are KeptRecords."""
        self._records, self.raw, self._at, self._most = records, records.raw, 0, most

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        batch, begin = self._records.next_batch(), self._at
        self._at += _AFTER_LENGTH + int.from_bytes(self.raw[begin + _LENGTH : begin + _AFTER_LENGTH], "big")
        raw = memoryview(self.raw)[begin : self._at]
        new_format = isinstance(batch, default_records.DefaultRecordBatch) and len(raw) >= _HEADER.size
        return _RunBatch(batch, raw, self._most) if new_format and not batch.is_control_batch else batch


class _RunBatch:
    def __init__(self, batch: Any, raw: memoryview, most: int) -> None:
        self._batch, self._raw, self._most = batch, raw, most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        run = _run_in(self._raw)
        return iter(self._batch) if run is None else run.parts(self._most)


def _run_in(raw: memoryview) -> Run | None:
    """The run that a batch of the newest format is; None: its records are to be read one by one. Raises what unpacking
    it raises."""
    first, attributes, _, first_ms, newest_ms, count = _HEADER.unpack_from(raw)
    packed, codec = raw[_HEADER.size :], attributes & _CODEC
    if codec >= len(_UNPACK):
        return None
    records = getattr(default_records, _UNPACK[codec])(bytes(packed)) if codec else packed
    found = compiled.run(records, count, first_ms)
    if found is None:
        return None
    keys, values, times, headers = found
    return Run(first, keys, values, [newest_ms] * count if attributes & _LOG_APPEND_TIME else times, headers)
