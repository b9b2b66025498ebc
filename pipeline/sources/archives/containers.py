"""Containers: files in a tar (also a packed one) or a zip, tables of workbooks and databases, rows of Parquet."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from pipeline.sources.archives import databases, opendocument, parquet
from pipeline.sources.archives.account import Beside, told_by
from pipeline.sources.archives.files import is_archive
from pipeline.sources.archives.streams import (
    CHUNK_BYTES,
    Progress,
    TruncatedError,
    beginning,
    chunks,
    is_packed,
    unpacked,
)
from pipeline.sources.archives.workbooks import sheets

_DEPTH = 3  # containers within containers
_TAR_HEAD = 512
_NONE = "no file in it is named like an archive of posts (.json, .csv, ...): unpack it, and name those that are one"
_WORKBOOK = "xl/workbook.xml"
_OFFICE = (opendocument.CONTENT, "word/document.xml", "xl/workbook.bin")


@dataclass(slots=True)
class Member:
    """A file, alone or within a container."""

    name: str
    content: Iterator[bytes]  # unpacked
    beside: Beside | None = None  # what other files in its container tell
    is_sheet: bool = False  # of a workbook, or a table of a database


def members(name: str, content: Iterator[bytes], progress: Progress, depth: int = 0) -> Iterator[Member]:
    """The files in an unpacked content: itself, unless it is a container, or packed once more.

    What no archive of posts is named like is left out of a container. The content of each
    has to be taken before the next is asked for. What is broken raises TruncatedError from the content of a member.
    """
    head, rest = beginning(content, _TAR_HEAD)
    if depth < _DEPTH and is_packed(head):
        yield from members(name, unpacked(rest), progress, depth + 1)
    elif depth < _DEPTH and head[257:262] == b"ustar":
        yield from _tar(name, rest, progress, depth)
    elif depth < _DEPTH and head.startswith(databases.MAGIC):
        yield from _sheets(name, databases.tables(name, rest))
    elif depth < _DEPTH and parquet.is_of_columns(head):
        yield Member(name, parquet.lines(rest))
    elif depth < _DEPTH and head.startswith(b"PK\x03\x04"):
        with tempfile.TemporaryFile() as held:  # its table of contents is at its end
            try:
                for chunk in rest:
                    held.write(chunk)
            except TruncatedError as error:
                yield Member(name, _broken(str(error)))
                return
            held.seek(0)
            yield from _zip(name, held, progress, depth)
    else:
        yield Member(name, rest)


def _broken(why: str) -> Iterator[bytes]:
    raise TruncatedError(why)
    yield b""


class _File(io.RawIOBase):
    """A content as a file that can only be read on."""

    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content
        self._held = b""
        self.last = b""  # block of what was read

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts = [self._held]
        have = len(self._held)
        while size < 0 or have < size:
            chunk = next(self._content, b"")
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        whole = b"".join(parts)
        self._held = whole[size:] if size >= 0 else b""
        found = whole[:size] if size >= 0 else whole
        self.last = (self.last + found[-_TAR_HEAD:])[-_TAR_HEAD:]
        return found


def _tar(name: str, content: Iterator[bytes], progress: Progress, depth: int) -> Iterator[Member]:
    file = _File(content)
    try:
        with tarfile.open(fileobj=file, mode="r|", bufsize=CHUNK_BYTES) as tar:
            found = False
            for entry in tar:
                if not entry.isreg() or not is_archive(entry.name):
                    continue
                found = True
                raw = tar.extractfile(entry)
                if raw is not None:
                    inner = f"{name}:{entry.name}"
                    yield from members(
                        inner, _guarded(chunks(cast(BinaryIO, raw), Progress(), inner)), progress, depth + 1
                    )
            while file.read(CHUNK_BYTES):
                pass
            if any(file.last):
                yield Member(name, _broken("the tar has no end: what stood behind its last file is lost"))
            elif not found:
                yield Member(name, _broken(_NONE))
    except (tarfile.TarError, TruncatedError, EOFError) as error:
        yield Member(name, _broken(f"the tar is cut or corrupt: {error}"))


def _zip(name: str, held: BinaryIO, progress: Progress, depth: int) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(held) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            names = {entry.filename for entry in entries}
            if _WORKBOOK in names:
                yield from _sheets(name, sheets(held))
                return
            if opendocument.CONTENT in names and "mimetype" in names:
                with packed.open("mimetype") as raw:
                    is_spreadsheet = raw.read(64).startswith(opendocument.MIMETYPE)
                if is_spreadsheet:
                    yield from _sheets(name, opendocument.sheets(packed))
                    return
            if not names.isdisjoint(_OFFICE):
                yield Member(name, _broken("an office document: save its table as CSV (UTF-8)"))
                return
            beside = told_by(names, lambda name, size: packed.open(name).read(size))
            if not any(is_archive(entry.filename) for entry in entries):
                yield Member(name, _broken(_NONE))
            for entry in sorted(entries, key=lambda entry: entry.filename):
                inner = f"{name}:{entry.filename}"
                if not is_archive(entry.filename):
                    continue
                if entry.flag_bits & 1:
                    yield Member(inner, _broken("encrypted: unpack it first"))
                    continue
                with packed.open(entry) as raw:
                    for member in members(
                        inner, _guarded(chunks(cast(BinaryIO, raw), Progress(), inner)), progress, depth + 1
                    ):
                        member.beside = member.beside or beside
                        yield member
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError) as error:
        yield Member(name, _broken(f"the zip is cut or corrupt: {error}"))


def _sheets(name: str, found: Iterator[tuple[str, Iterator[bytes]]]) -> Iterator[Member]:
    is_empty = True
    try:
        for title, content in found:
            is_empty = False
            yield Member(f"{name}:{title}", content, is_sheet=True)
    except TruncatedError as error:
        yield Member(name, _broken(str(error)))
    else:
        if is_empty:
            yield Member(name, iter(()))


def _guarded(content: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from content
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise TruncatedError(f"cut or corrupt in its container: {error}") from None
