"""Definitions written as the tables of `upswell.toml`: what is read from them again is what was written."""

from __future__ import annotations

import datetime as dt
import json
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from schemas.definitions import Definitions

_MOMENTS = ("start", "end")


def toml_of(definitions: Definitions) -> str:
    """The text of a settings file that defines the same. What has its default is left out; times are told by the clock
    of the event's zone."""
    parts = [f"networks = {_value(list(definitions.networks))}\n"] if definitions.networks else []
    parts += [f"words = {_value(definitions.words)}\n"] if definitions.words != "events" else []
    for kind, some in definitions.named:
        parts += [table_text(kind, table_of(one)) for one in some]
    return "\n".join(parts)


def table_of(one: msgspec.Struct) -> dict[str, Any]:
    """What the table of an event, a watchlist or a rule says: its keys that have not their default."""
    told = {field.name: getattr(one, field.name) for field in msgspec.structs.fields(one) if not _default(one, field)}
    for name in _MOMENTS:
        if isinstance(told.get(name), int):
            told[name] = _moment(told[name], getattr(one, "time_zone", "UTC"))
    return {name: table_of(value) if isinstance(value, msgspec.Struct) else value for name, value in told.items()}


def table_text(kind: str, table: Mapping[str, Any]) -> str:
    """The table as it stands in the file, a table within it last."""
    return "\n".join(_lines(f"[[{kind}]]", kind, table)) + "\n"


def _default(one: msgspec.Struct, field: msgspec.structs.FieldInfo) -> bool:
    return field.default is not msgspec.NODEFAULT and bool(getattr(one, field.name) == field.default)


def _lines(header: str, path: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield header
    yield from (f"{name} = {_value(value)}" for name, value in table.items() if not isinstance(value, dict))
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _lines(f"[{path}.{name}]", f"{path}.{name}", value)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dt.datetime):
        offset = value.utcoffset() or dt.timedelta()
        moment = value.astimezone(dt.UTC) if offset % dt.timedelta(minutes=1) else value  # TOML has no seconds there
        return moment.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    # JSON writes the rest as TOML does, but for one character that TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _moment(ms: int, zone: str) -> dt.datetime:
    moment = dt.datetime.fromtimestamp(ms // 1_000, dt.UTC).replace(microsecond=ms % 1_000 * 1_000)
    return moment.astimezone(zoneinfo.ZoneInfo(zone))
