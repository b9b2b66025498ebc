"""The programme of an event on its big screen: what runs now and what comes next, from an iCalendar address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from pipeline.web.pictures import PictureError, fetched
from pipeline.web.programme import Session, programme
from schemas.events import Event

EVERY_S = 300.0  # a programme is asked for anew, while somebody looks
SHOWN = 4
KNOWN = 100  # addresses

Fetch = Callable[[str], Awaitable[bytes]]


class Schedules:
    """Programmes of events by their addresses, fetched while they are looked at: by HTTPS from public addresses alone,
    as pictures are. What cannot be had or read leaves what was known. Belongs to one event loop."""

    def __init__(self, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch or _calendar
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, list[Session]]] = {}  # (address, zone) -> when asked, sessions
        self._asking: set[asyncio.Task[None]] = set()

    def of(self, event: Event, now_ms: int) -> list[Session]:
        """What runs at that moment and what comes next, in order; at most SHOWN."""
        key = event.stage.schedule, event.time_zone
        if not key[0]:
            return []
        asked_s, sessions = self._known.get(key, (float("-inf"), []))
        if self._clock() - asked_s > EVERY_S:
            self._known.pop(key, None)
            self._known[key] = self._clock(), sessions
            if len(self._known) > KNOWN:
                del self._known[next(iter(self._known))]
            task = asyncio.get_running_loop().create_task(self._ask(*key, now_ms))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return [it for it in sessions if it.end > now_ms][:SHOWN]

    async def _ask(self, address: str, zone: str, now_ms: int) -> None:
        try:
            data = await self._fetch(address)
        except PictureError:
            return
        if sessions := await programme(data, zone, now_ms):
            self._known[address, zone] = self._known.get((address, zone), (self._clock(), []))[0], sessions


async def _calendar(address: str) -> bytes:
    return await fetched(address, accept="text/calendar")
