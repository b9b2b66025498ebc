"""Records that no client library reads: header names that are not UTF-8, and batches without end.

Kafka's protocol says that a header's name is UTF-8, and no broker looks. C clients send the bytes they are given;
whoever reads the log would stand still at such a record for ever. Nor does a broker look how much a compressed batch
holds: 900 MB of spaces are 28 KB on their way, and whoever unpacks them stands still for seconds, or has no memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import cramjam
import numpy as np
from aiokafka.consumer import fetcher
from aiokafka.record import default_records
from aiokafka.record._crecords import default_records as compiled_records
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from aiokafka.record.util import decode_varint_py

BATCH_BYTES = 2 << 20  # of any batch, unpacked: clients make them of 1 MB at most unless they are told otherwise
PACKED_TIMES = 64  # a larger one may be so many times what it was on its way: posts are 5 to 20 times
KEPT_BYTES = 16 << 20  # room that a thread keeps for unpacking; what is not written to takes no memory
_log = logging.getLogger(__name__)
_kept = threading.local()


class BatchTooLargeError(Exception):
    """A compressed batch holds more than may be, or cannot be unpacked."""


def read_leniently() -> None:
    """From now on aiokafka's consumers of this process read every record: what is no UTF-8 in a header's name becomes
    replacement characters, and the records of a batch beyond the limits come without value."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = KeptRecords, LenientPartition
    for module in (default_records, compiled_records):
        for codec in ("gzip", "lz4", "zstd"):  # what snappy packs is at most 21 times as large
            setattr(module, f"{codec}_decode", _bounded(getattr(cramjam, codec).decompress_into))


def _bounded(unpack_into: Callable[[Any, memoryview], int]) -> Callable[[Any], bytes]:
    def unpack(packed: Any) -> bytes:
        room = _room(max(BATCH_BYTES, PACKED_TIMES * len(packed)))
        try:
            size = unpack_into(packed, room)
        except cramjam.DecompressionError:
            raise BatchTooLargeError from None
        return bytes(room[:size])

    return unpack


def _room(size: int) -> memoryview:
    """So many bytes to write to, until the thread asks again."""
    if size > KEPT_BYTES:
        return _unwritten(size)
    if not hasattr(_kept, "room"):
        _kept.room = _unwritten(KEPT_BYTES)
    room: memoryview = _kept.room[:size]
    return room


def _unwritten(size: int) -> memoryview:
    """Room that was not filled with zeros, as a bytearray's is: what nobody writes to is never touched."""
    return np.empty(size, np.uint8).data


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
        except (UnicodeDecodeError, BatchTooLargeError):  # on from where it stands
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
        try:
            found: Iterator[Any] = super().__iter__()
        except BatchTooLargeError:
            _log.warning(
                "the batch of offsets %d to %d unpacks to far more than clients send: its records are dead letters",
                self.base_offset,
                self.next_offset - 1,
            )
            return self._unread()
        self._buffer: bytearray = _LenientBytes(self._buffer)
        return found

    def _read_msg(self, decode_varint: Callable[[bytearray, int], tuple[int, int]] = decode_varint_py) -> Any:
        """The compiled one of aiokafka reads on behind the end of bytes that are no records, and the process dies."""
        return super()._read_msg(decode_varint)

    def _unread(self) -> Iterator[Any]:
        for offset in range(self.base_offset, self.next_offset):
            yield _DefaultRecordPy(offset, self.max_timestamp, self.timestamp_type, None, None, [])


class _LenientBytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _LenientBytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)
