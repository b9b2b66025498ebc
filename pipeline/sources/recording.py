"""What arrives on the log of posts, kept as archives that `upswell replay` reads: each post in one file, once.

A folder holds finished files and `manifest.json`, which tells of each file what is in it and, of each partition, where
the next one begins. A file is finished in three steps: it is whole on the disk; it has its name; the manifest has it.
What a process that was killed had not finished is read from Kafka once more, from where the manifest says.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from pipeline.kafka.log import Record
from pipeline.sources.kept import FolderError, lock_folder
from schemas import PostError, decode_post
from schemas.control import UNSIGNED, ControlKeys

MANIFEST = "manifest.json"
ROTATE_BYTES = 256 << 20  # of posts, before they are compressed
ROTATE_S = 600.0
_UNFINISHED = ".unfinished"
_LEVEL = 6


class Recorded(msgspec.Struct):
    """A finished file: posts in it, the times (ms) of the first and the last by their own clock, size and hash."""

    name: str
    posts: int
    first: int
    last: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct):
    """`next`: of each partition of `topic` the offset from which the next file is read; `files`, oldest first."""

    topic: str
    next: dict[str, int] = {}
    files: list[Recorded] = []
    version: int = 1


class Recording:
    """A folder that one process at a time records into. `control` tells which retractions hold; `reached` is told each
    crash point, for tests.

    Raises FolderError."""

    def __init__(
        self,
        folder: Path,
        topic: str,
        control: ControlKeys = UNSIGNED,
        *,
        rotate_s: float = ROTATE_S,
        clock: Callable[[], float] = time.monotonic,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._topic, self._control = topic, control
        self.folder, self._rotate_s, self._clock, self._reached = folder, rotate_s, clock, reached
        self.posts = 0  # kept, in finished files
        self.next: dict[int, int] = {}
        busy = "another `upswell record` writes here; name another folder"
        self._lock = lock_folder(folder, ".lock", busy=busy, unusable="cannot be recorded into ({why})")
        try:
            self.manifest = self._read(topic)
            self._drop_unfinished()
        except FolderError:
            os.close(self._lock)
            raise
        except (OSError, msgspec.DecodeError) as error:
            os.close(self._lock)
            raise FolderError(f"{folder}: cannot be recorded into ({error})") from None
        self.next = {int(partition): offset for partition, offset in self.manifest.next.items()}
        self._file: IO[bytes] | None = None
        self._packed: zstandard.ZstdCompressionWriter | None = None
        self._of_file = Recorded("", 0, 0, 0, 0, "")
        self._written = 0
        self._begun_s = 0.0

    def take(self, records: Iterable[Record]) -> None:
        """Records in the order of their partitions; what is no post is passed over."""
        for record in records:
            value = record.value or b""
            try:
                post = decode_post(value)
                self._control.require(self._topic, post, value, record.headers)
            except PostError:
                pass  # a marker, a control record, what is no post or may withdraw none
            else:
                time_ms = int(post.time)
                self._write(value.replace(b"\n", b" ").replace(b"\r", b" "), time_ms)  # in JSON they are blanks
            self.next[record.place.partition] = record.offset + 1

    def rotate_if_due(self) -> None:
        """Finishes the file where it is large or old enough."""
        if self._file is not None and (
            self._written >= ROTATE_BYTES or self._clock() - self._begun_s >= self._rotate_s
        ):
            self.finish()

    def finish(self) -> None:
        """What was taken is kept, and the next post begins another file."""
        if self._file is None or self._packed is None:
            if self.next:
                self._keep_manifest()
            return
        self._packed.flush(zstandard.FLUSH_FRAME)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._reached("whole")
        unfinished, done = self.folder / _UNFINISHED, self._of_file
        done.bytes, done.sha256 = unfinished.stat().st_size, _sha256(unfinished)
        unfinished.rename(self.folder / done.name)
        self._sync_folder()
        self._reached("named")
        self.manifest.files.append(done)
        self._keep_manifest()
        self._reached("told")
        self.posts += done.posts
        self._file = self._packed = None

    def forget(self, source: str, author: str) -> int:
        """Writes the files anew that hold posts of the author, without these; how many they were. After a kill the same
        again does the rest."""
        forgotten = 0
        for one in self.manifest.files:
            path, fresh = self.folder / one.name, self.folder / _UNFINISHED
            gone, times = 0, list[int]()
            with zstandard.open(path, "rb") as old, fresh.open("wb") as file:
                packed = zstandard.ZstdCompressor(_LEVEL, write_checksum=True).stream_writer(file, closefd=False)
                for line in io.BufferedReader(old):
                    post = decode_post(line)
                    if post.author == author and (post.source or "") == source:
                        gone += 1
                    else:
                        packed.write(line)
                        times.append(int(post.time))
                packed.flush(zstandard.FLUSH_FRAME)
                file.flush()
                os.fsync(file.fileno())
            if gone:
                fresh.rename(path)
            else:
                fresh.unlink()
            first, last = (min(times), max(times)) if times else (one.first, one.last)
            told = Recorded(one.name, len(times), first, last, path.stat().st_size, one.sha256)
            if msgspec.structs.astuple(told) != msgspec.structs.astuple(one):
                one.posts, one.first, one.last, one.bytes = told.posts, told.first, told.last, told.bytes
                one.sha256 = _sha256(path)
                self._keep_manifest()
            forgotten += gone
        return forgotten

    def close(self) -> None:
        """Lets another process record here; what is not finished is given up."""
        if self._file is not None:
            self._file.close()
        os.close(self._lock)

    def _write(self, line: bytes, time_ms: int) -> None:
        if self._packed is None:
            name = f"posts-{len(self.manifest.files) + 1:06}.ndjson.zst"
            self._of_file = Recorded(name, 0, time_ms, time_ms, 0, "")
            self._file = (self.folder / _UNFINISHED).open("wb")
            self._packed = zstandard.ZstdCompressor(_LEVEL, write_checksum=True).stream_writer(
                self._file, closefd=False
            )
            self._written, self._begun_s = 0, self._clock()
        self._packed.write(line + b"\n")
        self._written += len(line) + 1
        one = self._of_file
        one.posts, one.first, one.last = one.posts + 1, min(one.first, time_ms), max(one.last, time_ms)

    def _read(self, topic: str) -> Manifest:
        try:
            manifest = msgspec.json.decode((self.folder / MANIFEST).read_bytes(), type=Manifest)
        except FileNotFoundError:
            if any(self.folder.glob("*.ndjson.zst")):
                raise FolderError(f"{self.folder} holds archives and no {MANIFEST}; name an empty folder") from None
            self.manifest = Manifest(topic)
            self._keep_manifest()
            return self.manifest
        if manifest.topic != topic:
            raise FolderError(f"{self.folder} is a recording of {manifest.topic}; name another folder for {topic}")
        return manifest

    def _drop_unfinished(self) -> None:
        """The file of which the manifest does not know, whatever it is called already: it is read again."""
        (self.folder / _UNFINISHED).unlink(missing_ok=True)
        (self.folder / f"posts-{len(self.manifest.files) + 1:06}.ndjson.zst").unlink(missing_ok=True)

    def _keep_manifest(self) -> None:
        self.manifest.next = {str(partition): offset for partition, offset in sorted(self.next.items())}
        fresh = self.folder / f".{MANIFEST}"
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self.manifest), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.folder / MANIFEST)
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
