"""How each source fares, for `upswell doctor`: written by the process that runs them, into its state folder."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pipeline.clock import utc_text
from pipeline.kafka.checks import Check
from pipeline.settings import Settings

FILE_NAME = "sources-status.json"
WRITTEN_EVERY_S = 5.0
STALE_MS = 60_000
MINUTE_MS = 60_000


class Fares(msgspec.Struct):
    """One connection. Times in ms; 0: never. `fault` is a sentence without secrets, the last there was."""

    connected: bool = False
    connections: int = 0
    sent: int = 0
    per_minute: int = 0  # posts sent in the last minute
    lag_s: float = 0.0  # from publication to receipt, of the last post
    last_post: int = 0
    fault: str = ""
    last_fault: int = 0


class Status(msgspec.Struct):
    """All connections, as of `at` (ms)."""

    at: int = 0
    sources: dict[str, Fares] = {}


class StatusFile:
    """Keeps the file current while `run` does."""

    def __init__(self, folder: Path, status: Status, now_ms: Callable[[], int]) -> None:
        self._path, self._status, self._now_ms = folder / FILE_NAME, status, now_ms
        self._before: deque[tuple[int, dict[str, int]]] = deque()  # (ms, posts sent by then)

    async def run(self) -> None:
        """Until it is cancelled; a disk that is full costs the doctor its view, and nothing else."""
        while True:
            self.write()
            await asyncio.sleep(WRITTEN_EVERY_S)

    def write(self) -> None:
        """As it stands now."""
        now, sources = self._now_ms(), self._status.sources
        self._before.append((now, {name: one.sent for name, one in sources.items()}))
        while self._before[0][0] < now - MINUTE_MS and len(self._before) > 1:
            self._before.popleft()
        for name, one in sources.items():
            one.per_minute = one.sent - self._before[0][1].get(name, 0)
        self._status.at = now
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(self._status))
            fresh.rename(self._path)
        except OSError:
            return


def source_checks(settings: Settings, now_ms: int) -> Iterator[Check]:
    """A check for each connection that runs on this machine; nothing where the settings name no source."""
    if not settings.sources:
        return
    folder = Path(settings.state_dir)
    try:
        status = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        yield Check("sources", True, f"nothing is known of them in {folder}: they run elsewhere, or not yet")
        return
    if now_ms - status.at > STALE_MS:
        found = f"last heard of at {utc_text(status.at)}"
        yield Check("sources", False, found, "start them with `upswell sources`")
        return
    for name, one in sorted(status.sources.items()):
        ok = one.connected or not one.fault
        remedy = "" if ok else f"try it out with `upswell sources check {name.partition('/')[0]}`"
        yield Check(f"source {name}", ok, _told(one), remedy)


def _told(one: Fares) -> str:
    parts = ["connected" if one.connected else "not connected", f"{one.per_minute:,} posts in the last minute"]
    if one.last_post:
        parts.append(f"the last post at {utc_text(one.last_post)}, {one.lag_s:,.0f} s after it was published")
    parts.append(f"{max(one.connections - 1, 0):,} reconnects")
    if one.fault:
        parts.append(f"the last error at {utc_text(one.last_fault)}: {one.fault}")
    return ", ".join(parts)
