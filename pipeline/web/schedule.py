"""The programme of an event on its big screen: what runs now and what comes next, from an iCalendar address."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
import zoneinfo
from collections.abc import Awaitable, Callable, Iterator

import msgspec

from pipeline.text import printable
from pipeline.web.pictures import PictureError, fetched
from schemas.events import Event

EVERY_S = 300.0  # a programme is asked for anew, while somebody looks
SHOWN = 4
MOST_SESSIONS = 2_000
KNOWN = 100  # addresses
HOUR_MS = 3_600_000

Fetch = Callable[[str], Awaitable[bytes]]
Property = tuple[str, dict[str, str], str]  # name, parameters, value; names in capitals


class Session(msgspec.Struct, frozen=True):
    """Something of the programme. Times in ms; texts without control characters."""

    start: int
    end: int
    title: str
    place: str


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
            task = asyncio.get_running_loop().create_task(self._ask(*key))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return [it for it in sessions if it.end > now_ms][:SHOWN]

    async def _ask(self, address: str, zone: str) -> None:
        try:
            data = await self._fetch(address)
        except PictureError:
            return
        if sessions := await asyncio.to_thread(sessions_of, data, zone):
            self._known[address, zone] = self._known.get((address, zone), (self._clock(), []))[0], sessions


def sessions_of(data: bytes, time_zone: str) -> list[Session]:
    """The events of an iCalendar file (RFC 5545), by start; a time without a zone is of `time_zone`. Left out are those
    of whole days, without a title, cancelled, and repetitions after the first; of more than MOST_SESSIONS the rest."""
    found: list[Session] = []
    inside: dict[str, Property] | None = None
    depth = 0  # of alarms and the like within an event
    for name, parameters, value in _properties(data):
        if (name, value) == ("BEGIN", "VEVENT"):
            inside, depth = {}, 0
        elif inside is None:
            continue
        elif (name, value) == ("END", "VEVENT"):
            session = _session(inside, time_zone)
            found += [session] if session else []
            inside = None
            if len(found) == MOST_SESSIONS:
                break
        elif name in ("BEGIN", "END"):
            depth += 1 if name == "BEGIN" else -1
        elif not depth:
            inside.setdefault(name, (name, parameters, value))
    return sorted(found, key=lambda it: (it.start, it.end, it.title, it.place))


async def _calendar(address: str) -> bytes:
    return await fetched(address, accept="text/calendar")


def _properties(data: bytes) -> Iterator[Property]:
    text = re.sub(r"\r?\n[ \t]", "", data.decode("utf-8", "replace"))  # a long line goes on after a space
    for line in text.splitlines():
        head, colon, value = re.sub(r'"([^"]*)"', lambda it: it[1].replace(":", "\0"), line).partition(":")
        name, *parts = head.replace("\0", ":").split(";")
        if colon:
            parameters = {key.upper(): one for key, _, one in (part.partition("=") for part in parts)}
            yield name.strip().upper(), parameters, value.strip()


def _session(told: dict[str, Property], time_zone: str) -> Session | None:
    title, place = (_text(told[name][2]) if name in told else "" for name in ("SUMMARY", "LOCATION"))
    start = _moment(told.get("DTSTART"), time_zone)
    if start is None or not title or told.get("STATUS", ("", {}, ""))[2].upper() == "CANCELLED":
        return None
    end = _moment(told.get("DTEND"), time_zone)
    return Session(start, end if end is not None and end > start else start + HOUR_MS, title, place)


def _moment(told: Property | None, time_zone: str) -> int | None:
    """ms of a date with a time; None for anything else."""
    found = re.fullmatch(r"(\d{8}T\d{6})(Z?)", told[2]) if told else None
    if told is None or found is None:
        return None
    zone: dt.tzinfo = dt.UTC if found[2] else _zone(told[1].get("TZID", ""), time_zone)
    try:
        return int(dt.datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=zone).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def _zone(*names: str) -> dt.tzinfo:
    for name in names:
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return dt.UTC


def _text(value: str) -> str:
    plain = re.sub(r"\\(.)", lambda it: " " if it[1] in "nN" else it[1], value)
    return printable(" ".join(plain.split()), 200)
