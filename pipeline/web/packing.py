"""How what is sent is packed: with Brotli for who takes it, as browsers do by https and on this machine, else gzip."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import ClassVar

import cramjam
from litestar.config.compression import CompressionConfig
from litestar.middleware.compression.facade import CompressionFacade

LEAST_PACKED = 1_000  # bytes
_QUICK = 5  # what is made anew for each who asks: a tenth less than gzip makes of it, for 1 ms more
ONCE: Mapping[str, Callable[[bytes], bytes]] = {  # as tightly as it goes, by its name; who takes both gets the first
    "br": lambda body: bytes(cramjam.brotli.compress(body, level=11)),
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
}


class Brotli(CompressionFacade):
    """What Litestar packs an answer with while it is sent."""

    encoding: ClassVar[str] = "br"

    def __init__(self, buffer: BytesIO, compression_encoding: str, config: CompressionConfig) -> None:  # noqa: ARG002
        self._buffer = buffer
        self._packing = cramjam.brotli.Compressor(_QUICK)

    def write(self, body: bytes) -> None:
        self._packing.compress(body)
        self._buffer.write(bytes(self._packing.flush()))

    def close(self) -> None:
        self._buffer.write(bytes(self._packing.finish()))
