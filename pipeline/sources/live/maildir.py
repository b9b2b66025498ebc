"""A Maildir on this machine: each mail is a post; nothing in it is changed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from pipeline.sources.live.mail import MOST_BYTES, SOURCE, item_of
from pipeline.sources.live.model import Cursor, Fact, Item, SourceError
from pipeline.sources.senders import Senders
from schemas import PostError

REWIND_S = 60.0  # a mail keeps the time at which its delivery began


class Maildir:
    """One folder. Its cursor: the newest time of a file; on a first start what has lain there for REWIND_S is left."""

    source = SOURCE
    silence_s = None

    def __init__(
        self, name: str, path: str, senders: Senders, *, every_s: float = 2.0, max_age_s: float = 86_400.0
    ) -> None:
        self.name, self.max_age_s = name, max_age_s
        self._path, self._senders, self._every_s = Path(path), senders, every_s
        self._seen: dict[str, None] = {}

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Mails as they are delivered, without end."""
        newest = float(cursor["newest"]) if cursor else time.time()
        since = newest - REWIND_S
        while True:
            for written, path in await asyncio.to_thread(self._files, since):
                newest = max(newest, min(written, time.time()))  # a clock that was ahead hides nothing that comes later
                try:
                    raw = await asyncio.to_thread(_read, path)
                    item = item_of(raw, self._senders, int(written * 1_000))
                except FileNotFoundError:
                    continue  # its reader moved it: it is there under another name
                except OSError as error:  # one that cannot be read holds up no other
                    item = Item(PostError("invalid", f"{path.name}: {error.strerror}"))
                self._seen[_unique(path)] = None
                yield item._replace(cursor={"newest": newest})
            since = newest - REWIND_S
            yield Item(None, {"newest": newest})
            await asyncio.sleep(self._every_s)

    async def probe(self) -> list[Fact]:
        """How many mails lie there."""
        return [Fact("mails", {"n": len(await asyncio.to_thread(self._files, 0.0))})]

    def _files(self, since: float) -> list[tuple[float, Path]]:
        """Mails written at `since` or later that were not read yet, oldest first."""
        found = {}
        try:
            for folder in "new", "cur":
                for entry in os.scandir(self._path / folder):
                    try:
                        if entry.name.startswith(".") or not entry.is_file():  # a pipe would be waited for, for ever
                            continue
                        written = entry.stat().st_mtime
                    except OSError:
                        continue  # its reader moved it, or it leads nowhere
                    if written >= since:
                        found[_unique(Path(entry.path))] = written, Path(entry.path)
        except OSError as error:
            raise SourceError(Fact("fault.maildir", {"path": str(self._path), "why": error.strerror or ""})) from None
        self._seen = {name: None for name in self._seen if name in found}
        return sorted(place for name, place in found.items() if name not in self._seen)


def _unique(path: Path) -> str:
    """A mail's name without its flags."""
    return path.name.partition(":")[0]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)
