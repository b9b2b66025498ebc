"""`upswell.toml`: its tables read and checked, each fault told with its line and what fits there."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
import zoneinfo
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from pipeline.settings.receivers import receiver_fault
from pipeline.text import EventMatcher, topic_key
from schemas import PostError, parse_time
from schemas.access import Token
from schemas.alerts import Receiver, Rule
from schemas.events import Event
from schemas.sources import SOURCE_KINDS, Source
from schemas.watchlists import Watchlist
from schemas.webhooks import Webhook

TABLES: dict[str, Any] = {
    "source": Source,
    "webhook": Webhook,
    "event": Event,
    "watchlist": Watchlist,
    "rule": Rule,
    "receiver": Receiver,
    "token": Token,
}


class SettingsError(ValueError):
    """A setting that cannot be used: one line with where it was said, what is wrong, and what fits."""


class TableError(SettingsError):
    """A fault of one table: `kind` and `name` of the table, and the `key` that is wrong ("" where the table is)."""

    def __init__(self, where: str, kind: str, name: str, key: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.kind, self.name, self.key = kind, name, key


def did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def read_file(path: Path, names: Collection[str]) -> dict[str, Any]:
    """What the file says of the settings of these names, its tables as tuples. Raises SettingsError."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); name a readable file with --config") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from None
    return read_text(str(path), text, names)


def read_text(path: str, text: str, names: Collection[str]) -> dict[str, Any]:
    """What a settings file that is called `path` says with this text, as `read_file`. Raises SettingsError."""
    try:
        told = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of more digits than Python reads
        raise SettingsError(_toml_fault(path, text, str(error))) from None
    known = [*TABLES, *sorted(set(names) - {f"{kind}s" for kind in TABLES})]
    for key in told:
        if key not in known:
            hint = f"; did you mean [[{key[:-1]}]]?" if key.removesuffix("s") in TABLES else did_you_mean(key, known)
            raise SettingsError(f"{path}: {key!r} is not a setting{hint or '; known are ' + ', '.join(known)}")
    tables = {kind: _tables(path, told, kind) for kind in TABLES}
    lines = text.splitlines()
    read = {f"{kind}s": _read_tables(path, kind, tables[kind], lines) for kind in TABLES}
    return told | read


def _tables(path: str, told: dict[str, Any], kind: str) -> list[Any]:
    tables = told.pop(kind, [])
    if not isinstance(tables, list):
        raise SettingsError(f"{path}: {kind}: each {kind} is a table of its own, begun with [[{kind}]] in two brackets")
    return tables


def _line_of(lines: list[str], kind: str, index: int, key: str = "") -> str:
    """`:LINE` of a key of the table (of its header where the key is not there); "" for tables written otherwise."""
    headers = [number for number, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{kind}\s*\]\]", line)]
    if index >= len(headers):
        return ""
    for number in range(headers[index] + 1, len(lines)):
        if re.match(r"\s*\[", lines[number]):
            break
        if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number]):
            return f":{number + 1}"
    return f":{headers[index] + 1}"


def _toml_fault(path: str, text: str, message: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        line, message = found[1], message[: found.start()]
    else:
        line = str(text.count("\n") + 1)
        message = message.removesuffix(" (at end of document)")
    return f"{path}:{line}: {message[0].lower()}{message[1:]}; mend the line (it is not TOML)"


def _read_tables(path: str, kind: str, tables: list[Any], lines: list[str]) -> tuple[Any, ...]:
    found: dict[str, Any] = {}
    for index, table in enumerate(tables):
        place = _Place(path, lines, kind, index, table)
        if kind == "event":
            one: Any = _read_event(place, table)
        elif kind == "source":
            one = _read_source(place, table)
        else:
            one = place.read(table, TABLES[kind], _NAMES[kind == "token"])
        if isinstance(one, Event | Watchlist):
            _check_terms(place, one)
        elif isinstance(one, Rule):
            _check_rule(place, one)
        elif isinstance(one, Receiver):
            _check_zone(place, one.time_zone)
            if fault := receiver_fault(one):
                raise place.fault(*fault)
        if one.name in found:
            raise place.fault(".name", f"there are two {kind}s of this name; rename one")
        found[one.name] = one
    return tuple(found.values())


_BEGINNING = "beginning with a letter or digit"
_NAMES = (
    f"lower-case letters, digits, - and _ (63 at most), {_BEGINNING}",
    f"letters, digits, . - and _ (63 at most), {_BEGINNING}",
)
_PATTERNS = {
    "quiet": "HH:MM-HH:MM, like 22:00-07:00",
    "digest": "HH:MM, like 08:00",
    **dict.fromkeys(("lang", "langs"), "two or three lower-case letters, like fr"),
    "page": "an address like https://example.org",
    **dict.fromkeys(("servers", "hosts", "host"), "a host name like mastodon.social"),
    **dict.fromkeys(("urls", "api"), "an address like https://example.org/feed.xml"),
    "relays": "an address like wss://relay.example.org",
}


def _check_terms(place: _Place, watched: Event | Watchlist) -> None:
    try:
        EventMatcher(*([watched], []) if isinstance(watched, Event) else ([], [watched]))
    except ValueError as error:
        fault = str(error).partition(": ")[2]
        raise place.fault(f".{fault.split()[0]}s", f"{fault}; write one that can be found") from None


def _check_rule(place: _Place, rule: Rule) -> None:
    if rule.kind == "volume" and (rule.posts is None) == (rule.people is None):
        raise place.fault(".kind", "volume needs either posts or people; write it like people = 50")
    for topic in rule.topics:
        if not topic_key(topic):
            raise place.fault(".topics", f"{topic:.40} has no letters; write it like #capcomnet")
    _check_zone(place, rule.time_zone)


def _read_event(place: _Place, table: dict[str, Any]) -> Event:
    times = {key: _moment(place, key, table[key]) for key in ("start", "end") if key in table}
    event: Event = place.read(table | times, Event, _NAMES[0])
    if event.start is not None and event.end is not None and event.start >= event.end:
        raise place.fault(".end", "the event ends before it starts; exchange start and end")
    if event.only_accounts and not event.accounts:
        raise place.fault(".accounts", "nobody is named who writes to it; name accounts, or take only_accounts away")
    _check_zone(place, event.time_zone)
    return event


def _read_source(place: _Place, table: dict[str, Any]) -> Source:
    kind = SOURCE_KINDS.get(str(table.get("kind")))
    if kind is None:
        raise place.fault(".kind", f"must be one of {', '.join(SOURCE_KINDS)}")
    source: Source = place.read(table, kind, _NAMES[0])
    return source


def _check_zone(place: _Place, name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # the last two for what is no name or a folder's
        raise place.fault(".time_zone", f"{name:.40} is no time zone; write it like Europe/Paris") from None


class _Place:
    """Where in the file a table stands, for the sentences about its faults."""

    def __init__(self, path: str, lines: list[str], kind: str, index: int, table: object) -> None:
        self._path, self._lines, self._kind, self._index = path, lines, kind, index
        self._name = ""
        if not isinstance(table, dict):
            raise self.fault("", f"each {kind} is a table, begun with [[{kind}]]")
        if isinstance(table.get("name"), str):
            self._name = table["name"]

    def fault(self, at: str, message: str, key: str = "") -> TableError:
        key = key or re.split(r"[.\[]", at.lstrip("."))[0]
        line = _line_of(self._lines, self._kind, self._index, key)
        told = f" ({self._name})" if self._name else ""
        where = f"{self._path}{line}: {self._kind}[{self._index}]{told}{at}"
        return TableError(where, self._kind, self._name, at.lstrip(".") or key, message)

    def read(self, table: dict[str, Any], kind: Any, name_rule: str) -> Any:
        known = list(kind.__struct_fields__)
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known) or f"; known are {', '.join(known)}"
                article = "an" if kind is Event else "a"
                raise self.fault("", f"{key!r} is not a setting of {article} {self._kind}{hint}", key)
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            message, _, at = str(error).partition(" - at `$")
            if "matching regex" in message:
                message = f"must be {_PATTERNS.get(re.split(r'[`.[]', at.lstrip('.'))[0], name_rule)}"
            raise self.fault(at.rstrip("`"), f"{message[0].lower()}{message[1:]}") from None


def _moment(place: _Place, key: str, value: object) -> int:
    """ms since 1970 of a TOML date or RFC 3339 text; where no zone is told it is UTC."""
    if isinstance(value, dt.datetime):
        text = (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    elif isinstance(value, dt.date):
        text = f"{value.isoformat()}T00:00:00Z"
    elif isinstance(value, str):
        text = value if re.search(r"([Zz]|[+-]\d\d:\d\d)$", value) else f"{value}Z"
    else:
        raise place.fault(f".{key}", "not a time; write it like 2026-11-17T18:00:00Z")
    try:
        return parse_time(text)
    except PostError:
        raise place.fault(f".{key}", f"{value!s:.40} is not a time; write it like 2026-11-17T18:00:00Z") from None
