"""Header names that are not UTF-8, which no client library reads.

Kafka's protocol says that a header's name is UTF-8, and no broker looks. C clients send the bytes they are given;
whoever reads the log would stand still at such a record for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy


def read_leniently() -> None:
    """From now on aiokafka's consumers of this process read every record: what is no UTF-8 in a header's name becomes
    replacement characters."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = KeptRecords, LenientPartition


class KeptRecords(MemoryRecords):  # type: ignore[misc]  # aiokafka has no types
    """The records of a fetch, and the bytes they are made of."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.raw = raw


class LenientPartition(fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of a partition that a fetch brought, KeptRecords, one after the other."""

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except UnicodeDecodeError:  # on from where it stands
            self._records: Any = _LenientRecords(self._records.raw)
            yield from super()._unpack_records()


class _LenientRecords:
    def __init__(self, raw: bytes) -> None:
        self._records: Any = _MemoryRecordsPy(raw)

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        raw = self._records._next_slice
        batch = self._records.next_batch()
        return _LenientBatch(raw) if batch.magic >= 2 else batch  # older formats have no headers


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """Decoded in Python, several times slower."""

    def __iter__(self) -> Iterator[Any]:
        found: Iterator[Any] = super().__iter__()
        self._buffer: bytearray = _LenientBytes(self._buffer)
        return found


class _LenientBytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _LenientBytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
