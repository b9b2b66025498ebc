"""Pictures that people in the room send with their posts: drawn anew, in a folder of this server, for some days.

A post carries its picture as an address that only this server knows, `room:AUTHOR/DIGEST`. Pages load it through
`Pictures`, from paths that are signed, as every other; a moderator has seen the post before (`Moderation.queue`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.web.links import write_private
from pipeline.web.pictures import PictureError, redrawn
from schemas.posts import ROOM_PICTURE

MOST_SENT_BYTES = 1_500_000  # of a picture as it comes; the page makes it smaller before it sends it
MOST_KEPT_BYTES = 512 << 20  # of all; the oldest go first
ROOM_FOLDER = "room"  # below that of the settings' state
KEPT_S = 7 * 86_400
WAITING = 8  # pictures that may be on their way through at a time
SWEPT_EVERY_S = 60.0

_ADDRESS = re.compile(re.escape(ROOM_PICTURE) + r"(web-[0-9a-f]{32})/([0-9a-f]{32})", re.ASCII)


class RoomPictures:
    """The pictures of a folder, by author. Belongs to one event loop; `read` may be called from any thread."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """The folder is made at the first use."""
        self._folder, self._clock = folder, clock
        self._drawing = asyncio.Semaphore(1)  # one at a time: its pixels may take 100 MB
        self._swept_s = 0.0

    async def keep(self, author: str, data: bytes) -> str:
        """The address of an author's picture, once it is kept; of the same one the same. Raises PictureError for what
        is none, OSError where the folder cannot be written."""
        async with self._drawing:
            drawn = await asyncio.to_thread(redrawn, data)
        return await asyncio.to_thread(self._written, author, drawn)

    def read(self, address: str) -> bytes:
        """The picture, as WebP. Raises PictureError: there is none of that address (any more)."""
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise PictureError("no address of a picture")
        try:
            return self._path(found[1], found[2]).read_bytes()
        except OSError:
            raise PictureError("not kept") from None

    def forget(self, author: str) -> int:
        """Removes all pictures of an author; how many there were."""
        if _ADDRESS.fullmatch(f"{ROOM_PICTURE}{author}/{'0' * 32}") is None:
            return 0
        files = list((self._folder / author).glob("*.webp"))
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder / author)
        return len(files)

    def _written(self, author: str, drawn: bytes) -> str:
        digest = hashlib.blake2b(drawn, digest_size=16).hexdigest()
        path = self._path(author, digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, drawn)
        if self._clock() - self._swept_s >= SWEPT_EVERY_S:
            self._swept_s = self._clock()
            self._sweep()
        return f"{ROOM_PICTURE}{author}/{digest}"

    def _path(self, author: str, digest: str) -> Path:
        return self._folder / author / f"{digest}.webp"

    def _sweep(self) -> None:
        """Removes what is too old, and the oldest where all are too large."""
        found = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.glob("*/*"))
        size, oldest = sum(one[1] for one in found), self._clock() - KEPT_S
        for written, bytes_, file in found:
            if written >= oldest and size <= MOST_KEPT_BYTES:
                break
            file.unlink(missing_ok=True)
            size -= bytes_
            with suppress(OSError):  # others of the author are there
                file.parent.rmdir()
