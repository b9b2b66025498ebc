"""Reads an iCalendar file, in a process of its own: files are hostile, and a rule of one line may repeat for ever.

`programme` starts that process, and ends it when it takes too long; `sessions_of` is what runs there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import zoneinfo
from contextlib import suppress
from typing import Any

import msgspec

from pipeline.text import printable

MOST_BYTES = 1 << 20  # a thousand sessions with their descriptions are 700 kB
MOST_SESSIONS = 200
AHEAD = dt.timedelta(days=60)
CPU_S, MEMORY_BYTES = 2, 512 << 20  # of the reading process, where the system bounds processes
WITHIN_S = 10.0
HOUR_MS = 3_600_000  # what a session lasts that names no end


class Session(msgspec.Struct, frozen=True):
    """Something of the programme. Times in ms; texts without control characters."""

    start: int
    end: int
    title: str
    place: str
    whole_day: bool = False  # from the midnight of its first day to that after its last, by the clock of the event


async def programme(data: bytes, time_zone: str, now_ms: int, within_s: float = WITHIN_S) -> list[Session]:
    """As `sessions_of`, at the cost of a process that reads them; none of what is too large or takes too long."""
    if len(data) > MOST_BYTES:
        return []
    reading = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pipeline.web.programme", time_zone, str(now_ms)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(within_s):
            told, _ = await reading.communicate(data)
    except TimeoutError:
        return []
    finally:
        with suppress(ProcessLookupError):
            reading.kill()
        await reading.wait()
    return msgspec.json.decode(told, type=list[Session]) if reading.returncode == 0 else []


def sessions_of(data: bytes, time_zone: str, now_ms: int) -> list[Session]:
    """What of an iCalendar file (RFC 5545) runs at that moment or within AHEAD, by start, at most MOST_SESSIONS; a time
    without a zone is of `time_zone`. Left out is what is cancelled or has no title. May take for ever, and raises
    whatever a file that is none brings about."""
    import icalendar
    import recurring_ical_events

    try:
        zone = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        zone = zoneinfo.ZoneInfo("UTC")
    calendar = icalendar.Calendar.from_ical(data.decode("utf-8", "replace"))
    calendar.subcomponents = [it for it in calendar.subcomponents if it.name != "VEVENT" or "DTSTART" in it]
    begin = dt.datetime.fromtimestamp((now_ms - HOUR_MS) / 1_000, zone)
    found = recurring_ical_events.of(calendar, skip_bad_series=True).between(begin, AHEAD)
    told = {session for it in found if (session := _session(it, zone)) is not None and session.end > now_ms}
    return sorted(told, key=lambda it: (it.start, it.end, it.title, it.place))[:MOST_SESSIONS]


def _session(told: Any, zone: dt.tzinfo) -> Session | None:
    title, place = (_text(told.get(name)) for name in ("SUMMARY", "LOCATION"))
    if not title or _text(told.get("STATUS")).upper() == "CANCELLED":
        return None
    first = told["DTSTART"].dt
    start, end = (_ms(at, zone) for at in (first, told["DTEND"].dt))
    return Session(start, end if end > start else start + HOUR_MS, title, place, not isinstance(first, dt.datetime))


def _ms(at: dt.date, zone: dt.tzinfo) -> int:
    moment = at if isinstance(at, dt.datetime) else dt.datetime.combine(at, dt.time())
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1_000)


def _text(told: object) -> str:
    one = told[0] if isinstance(told, list) else told
    return printable(" ".join(str(one or "").split()), 200)


def _bounded() -> None:
    """This process ends when it has had more than its share."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    with suppress(ImportError):  # a system without bounds has the caller's clock
        _bounded()
    sys.stdout.buffer.write(msgspec.json.encode(sessions_of(sys.stdin.buffer.read(), sys.argv[1], int(sys.argv[2]))))
