"""Posts in any order, put in order within bounded memory: what does not fit goes to disk as sorted runs."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import BinaryIO

import msgspec
import zstandard

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.merging import Run, key_of, moment_of, put_in_order, sort_by_time
from schemas import Post

HELD_POSTS = 262_144
HELD_BYTES = 256 << 20
_POST_BYTES = 700  # about what a post takes in memory besides its text
_BLOCK_POSTS = 512
_ZSTD_LEVEL = 1

_text = attrgetter("text")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Post]).decode


class Spool:
    """Takes posts in any order and gives them back as runs.

    Holds at most HELD_POSTS posts, of about HELD_BYTES, in memory. The file of the others has no name: nothing is left
    of it however the process ends. Its folder is the one for temporary files (TMPDIR).
    """

    def __init__(self) -> None:
        self.posts = 0
        self.on_disk = 0
        self._held: list[Post] = []
        self._held_bytes = 0
        self._runs: list[Run] = []
        self._file: BinaryIO | None = None
        self._end = 0

    def add(self, posts: list[Post]) -> None:
        """Raises ArchiveError where the disk has no room for them."""
        self.posts += len(posts)
        self._held += posts
        self._held_bytes += _POST_BYTES * len(posts) + sum(map(len, map(_text, posts)))
        if len(self._held) >= HELD_POSTS or self._held_bytes >= HELD_BYTES:
            try:
                self._spill()
            except OSError as error:
                raise ArchiveError(self._no_room(error)) from None

    def runs(self) -> list[Run]:
        """All that was added."""
        if not self._held:
            return self._runs
        sort_by_time(self._held)
        return [*self._runs, Run((moment_of(self._held[0]), ""), blocks_of(self._held, moment_of), settled=False)]

    def told(self) -> str:
        """What people should know of it before their posts are counted; nothing where nothing went to disk."""
        if not self.on_disk:
            return ""
        return (
            f"{self.on_disk:,} of {self.posts:,} posts were put in order of time on disk"
            f" ({self._end >> 20:,} MiB in {tempfile.gettempdir()}, gone at the end)"
        )

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="upswell-", buffering=0)  # noqa: SIM115 - closed by close
        put_in_order(self._held)
        compress = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress
        places: list[tuple[int, int]] = []
        for block in blocks_of(self._held):
            packed = memoryview(compress(_encode(block)))
            places.append((self._end, len(packed)))
            self._end += len(packed)
            while packed:
                packed = packed[self._file.write(packed) :]
        self._runs.append(Run(key_of(self._held[0]), _written(self._file.fileno(), places)))
        self.on_disk += len(self._held)
        self._held, self._held_bytes = [], 0

    def _no_room(self, error: OSError) -> str:
        folder = tempfile.gettempdir()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return (
                f"the archive is not in order of time, and {folder} has no room to sort it: {self.on_disk:,} posts took"
                f" {self._end >> 20:,} MiB; set TMPDIR to a folder with more"
            )
        return (
            f"the archive is not in order of time, and cannot be sorted in {folder}:"
            f" {os.strerror(error.errno or 0)}; set TMPDIR to another folder"
        )


def _written(descriptor: int, places: list[tuple[int, int]]) -> Iterator[list[Post]]:
    unpack = zstandard.ZstdDecompressor().decompress
    for offset, size in places:
        yield _decode(unpack(os.pread(descriptor, size, offset)))


def blocks_of(posts: list[Post], key: Callable[[Post], object] = key_of) -> Iterator[list[Post]]:
    """Posts in order as the blocks of a run, none of which ends between two posts of one key."""
    start = 0
    while start < len(posts):
        end = min(start + _BLOCK_POSTS, len(posts))
        while end < len(posts) and key(posts[end - 1]) == key(posts[end]):
            end += 1
        yield posts[start:end]
        start = end
