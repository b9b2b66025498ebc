"""The bytes of an archive file, unpacked as they come: gzip, bzip2, xz, zstd and UTF-16 are told by how they begin."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import os
import re
import select
import stat
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import zstandard

from pipeline.sources.archives.batches import ArchiveError

CHUNK_BYTES = 65_536  # larger ones fall out of the caches, and each costs fresh pages
_ZSTD_INPUT_BYTES = 2_048  # its output cannot be bounded: of 2 KiB it is at most 512 blocks, 64 MiB
_ZSTD_MAX_WINDOW = 1 << 31  # of Reddit's dumps; taken only as far as the content goes
_XZ_MEMORY_BYTES = 256 << 20
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_LOOK = 1_024  # bytes, an even number
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ufffe\uffff]")
_HALVES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])++")
_CUT = re.compile(rb"\xed(?:[\xa0-\xaf](?:[\x80-\xbf](?:\xed[\xb0-\xbf]?)?)?|[\xb0-\xbf])?\Z")


class TruncatedError(Exception):
    """A compressed file ends too early, or holds what its compression does not allow: the rest cannot be read."""


_ENDS = (b"\r", "\x85".encode(), "\u2028".encode(), "\u2029".encode(), b"\x1e")
_HEADER = re.compile(rb"[^\[\]{}<>\n]{3,4096}\Z")


def _never() -> bool:
    return False


@dataclass(slots=True)
class Progress:
    """Bytes taken from the files so far, as they lie on the disk, and whether the next read would have to wait."""

    bytes_read: int = 0
    stalled: Callable[[], bool] = _never


def stalls(raw: BinaryIO) -> Callable[[], bool]:
    """Tells, whenever it is called, whether a pipe has nothing to read at this moment. A file never has to wait."""
    try:
        descriptor = raw.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return _never
    except (OSError, io.UnsupportedOperation):
        return _never
    # Python's own buffer is smaller than what is read at once, so it never keeps anything that is to be read next
    return lambda: not select.select([descriptor], [], [], 0)[0]


def chunks(raw: BinaryIO, progress: Progress, name: str) -> Iterator[bytes]:
    """The content of a file in pieces that are never empty, of about CHUNK_BYTES at most.

    Several gzip members, bzip2 streams or zstd frames in a row are read as one; zero bytes after the last are padding.
    Raises TruncatedError where a compressed file is cut or corrupt (after what was readable), ArchiveError when the
    file itself cannot be read.
    """
    return unpacked(_raw_chunks(raw, progress, name))


def is_packed(head: bytes) -> bool:
    """Whether what begins so is compressed."""
    return any(head.startswith(magic) for magic, _ in _PACKED)


def unpacked(source: Iterator[bytes]) -> Iterator[bytes]:
    """A content unpacked if it is packed, else as it is."""
    head = next(source, b"")
    while 0 < len(head) < 4:
        more = next(source, b"")
        if not more:
            break
        head += more
    unpack = next((make for magic, make in _PACKED if head.startswith(magic)), None)
    if unpack is None:
        if head:
            yield head
        yield from source
    else:
        yield from _unpacked(head, source, unpack)


class Ahead:
    """A content that is looked at before it is read."""

    def __init__(self, content: Iterator[bytes]) -> None:
        self.taken: deque[bytes] = deque()  # so far
        self.size = 0  # bytes of it
        self._content = content
        self._cut: TruncatedError | None = None

    def more(self) -> bytes:
        """The next piece; nothing at the end, and where the content is cut."""
        try:
            piece = next(self._content, b"")
        except TruncatedError as error:
            self._cut, piece = error, b""
        if piece:
            self.taken.append(piece)
            self.size += len(piece)
        return piece

    def again(self) -> Iterator[bytes]:
        """The whole content, let go piece by piece. Raises TruncatedError where it is cut."""
        while self.taken:
            if piece := self.taken.popleft():
                yield piece
        if self._cut is not None:
            raise self._cut
        yield from self._content


def beginning(content: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a content, at least `size` if there are so many, and the whole of it."""
    ahead = Ahead(content)
    while ahead.size < size and ahead.more():
        pass
    return b"".join(ahead.taken), ahead.again()


def as_utf8(content: Iterator[bytes]) -> Iterator[bytes]:
    """A content in UTF-16, UTF-32 or CESU-8 as UTF-8; any other as it is. Half characters become U+FFFD."""
    head, content = beginning(content, 8)
    name = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _unmarked(head)
    if name is None:
        yield from _with_whole_characters(content)
        return
    decoder = codecs.getincrementaldecoder(name)("replace")
    for chunk in content:
        if text := decoder.decode(chunk).encode(errors="replace"):
            yield text
    if text := decoder.decode(b"", final=True).encode(errors="replace"):
        yield text


def _with_whole_characters(content: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-8 in which some characters stand as two halves, as Java and Oracle write it (CESU-8)."""
    held = b""
    for chunk in content:
        if held or b"\xed" in chunk:
            chunk = held + chunk
            cut = _CUT.search(chunk)
            held = cut[0] if cut else b""
            chunk = _HALVES.sub(_whole, chunk[: len(chunk) - len(held)])
        if chunk:
            yield chunk
    if held:
        yield _HALVES.sub(_whole, held)


def _whole(halves: re.Match[bytes]) -> bytes:
    units = halves[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
    return units.decode("utf-16", "replace").encode()


def with_line_ends(content: Iterator[bytes]) -> Iterator[bytes]:
    """A text whose lines end otherwise, as those of spreadsheets on a Mac (carriage returns alone), of mainframes (NEL)
    and tables with separators of Unicode or ASCII do, with ends that count."""
    head, content = beginning(content, 1)
    end = next((end for end in _ENDS if _ends_lines(end, head)), b"")
    if not end:
        yield from content
        return
    held = b""
    for chunk in content:
        chunk = held + chunk
        held = next((end[:cut] for cut in range(len(end) - 1, 0, -1) if chunk.endswith(end[:cut])), b"")
        yield chunk[: len(chunk) - len(held)].replace(end, b"\n")
    yield held


def _ends_lines(end: bytes, head: bytes) -> bool:
    """Whether lines end so; what is no carriage return may stand in texts, and ends lines below a header alone."""
    if b"\n" in head or head.count(end) < 2:
        return False
    return end == b"\r" or _HEADER.match(head.partition(end)[0]) is not None


def _unmarked(head: bytes) -> str | None:
    """The kind of UTF-16 that a text without a byte order mark is in, told by the zeros of what is ASCII in it."""
    head = head[: min(_LOOK, len(head) // 2 * 2)]
    for name, upper, lower in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        zeros = upper.count(0)
        if len(upper) >= 4 and 8 * zeros >= len(upper) and 8 * lower.count(0) < zeros and _is_text(head, name):
            return name
    return None


def _is_text(head: bytes, encoding: str) -> bool:
    """Whether bytes are letters and lines in an encoding, but for one that may be cut at their end."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return not _NO_TEXT.search(text)


def _dictionary(head: bytes) -> int:
    """The number of the dictionary that a zstd frame was written with; 0 for none."""
    try:
        return int(zstandard.get_frame_parameters(head).dict_id)
    except zstandard.ZstdError:
        return 0


def _raw_chunks(raw: BinaryIO, progress: Progress, name: str) -> Iterator[bytes]:
    # a pipe gives what it has at once: waiting for a full chunk would hold back a slow producer's posts
    read: Callable[[int], bytes] = getattr(raw, "read1", raw.read)
    while True:
        try:
            chunk = read(CHUNK_BYTES)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ArchiveError(f"{name} cannot be read: {reason}; check the file or its disk") from None
        if not chunk:
            return
        progress.bytes_read += len(chunk)
        yield chunk


class _Unpacker(Protocol):
    """One member, stream or frame of a compressed file."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...
    @property
    def ended(self) -> bool: ...
    @property
    def unused(self) -> bytes: ...


def _unpacked(head: bytes, source: Iterator[bytes], make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    unpacker = make()
    data = head
    between = False  # members, with nothing of the next one seen
    while True:
        if between:
            data = data.lstrip(b"\0")
        if not data:
            data = next(source, b"")
            if not data:
                break
            continue
        if between:
            unpacker = make()
            between = False
        try:
            for piece in unpacker.feed(data):
                if piece:
                    yield piece
        except (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError) as error:
            if dictionary := _dictionary(head):
                raise TruncatedError(
                    f"compressed with the zstd dictionary {dictionary}: unpack it first (zstd -d -D DICTIONARY)"
                ) from None
            raise TruncatedError(f"corrupt compressed data, or something else behind it: {error}") from None
        data = b""
        if unpacker.ended:
            data = unpacker.unused
            between = True
    if not between:
        raise TruncatedError("the compressed file ends in the middle")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _Standard:
    """What the decompressors of the standard library answer alike."""

    _inner: _Decompressor

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._inner.unused_data


class _Gzip(_Standard):
    _inner: zlib._Decompress

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._inner.eof:
            yield self._inner.decompress(data, CHUNK_BYTES)
            data = self._inner.unconsumed_tail


class _Bzip2(_Standard):
    _inner: bz2.BZ2Decompressor

    def __init__(self) -> None:
        self._inner = bz2.BZ2Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, CHUNK_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", CHUNK_BYTES)


class _Xz(_Standard):
    _inner: lzma.LZMADecompressor

    def __init__(self) -> None:
        self._inner = lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data, CHUNK_BYTES)
        while not self._inner.eof and not self._inner.needs_input:
            yield self._inner.decompress(b"", CHUNK_BYTES)


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW).decompressobj()
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        parts: list[bytes] = []
        size = 0
        for start in range(0, len(data), _ZSTD_INPUT_BYTES):
            try:
                part = self._inner.decompress(data[start : start + _ZSTD_INPUT_BYTES])
            except zstandard.ZstdError:
                yield b"".join(parts)
                raise
            if len(part) > CHUNK_BYTES:
                yield b"".join(parts)
                for begin in range(0, len(part), CHUNK_BYTES):
                    yield part[begin : begin + CHUNK_BYTES]
                parts, size = [], 0
            else:
                parts.append(part)
                size += len(part)
            if self._inner.eof:
                self._rest = self._inner.unused_data + data[start + _ZSTD_INPUT_BYTES :]
                break
            if size >= CHUNK_BYTES:
                yield b"".join(parts)
                parts, size = [], 0
        yield b"".join(parts)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def unused(self) -> bytes:
        return self._rest


_PACKED: tuple[tuple[bytes, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b\x08", _Gzip),
    (b"BZh", _Bzip2),
    (b"\xfd7zXZ", _Xz),
    (b"\x28\xb5\x2f\xfd", _Zstd),
    *((bytes([sign]) + b"\x2a\x4d\x18", _Zstd) for sign in range(0x50, 0x60)),  # what stands before its frames
)
