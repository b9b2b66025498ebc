"""The forms of events, watchlists and rules: their fields, what these show, and what is filled in as a table.

What is filled in is not checked here: the table is, as any other of `upswell.toml`."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import msgspec
from msgspec import inspect

from pipeline.settings.writing import table_of
from schemas import WINDOWS, alerts
from schemas.alerts import Rule, Severity
from schemas.events import Event, Font, Layout
from schemas.watchlists import Watchlist

Widget = Literal["line", "lines", "tags", "check", "choice", "scope", "moment", "zone", "number", "colour", "picture"]
TABLES: dict[str, type[Event] | type[Watchlist] | type[Rule]] = {"event": Event, "watchlist": Watchlist, "rule": Rule}
# the fields of each form, by their groups
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "event": {
        "what": ("title", "name", "hashtags", "words", "accounts", "only_accounts", "channels"),
        "when": ("start", "end", "time_zone"),
        "wall": ("moderation", "posting", "posting_pictures"),
        "look": (
            *("stage.layout", "stage.theme", "stage.font", "stage.background", "stage.accent", "stage.logo"),
            *("stage.sponsor", "stage.schedule"),
        ),
    },
    "watchlist": {
        "what": ("title", "name", "hashtags", "words", "accounts"),
        "limits": ("exclude", "langs", "sources"),
    },
    "rule": {
        "rule": ("name", "on", "kind", "window", "topics", "severity"),
        "numbers": ("top", "score", "posts", "people", "silent_s"),
        "pace": ("hold_s", "resolve_s", "cooldown_s", "quiet", "time_zone", "flags"),
    },
}
_WIDGETS: dict[str, Widget] = {
    "start": "moment",
    "end": "moment",
    "time_zone": "zone",
    "on": "scope",
    "words": "lines",
    "exclude": "lines",
    "stage.background": "colour",
    "stage.accent": "colour",
    "stage.logo": "picture",
}
# in the order they are told in
_ORDERS = (WINDOWS, get_args(alerts.Kind), get_args(Severity), get_args(Layout), get_args(Font))
_HASHTAG = ("#", "＃", "$")


@dataclass(frozen=True)
class Field:
    """One control: its key in the table, how it looks, what may be chosen, how large a number may be and whether it is
    a whole one."""

    key: str
    widget: Widget
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False

    @property
    def id(self) -> str:
        """Of its element, and of its texts."""
        return self.key.replace(".", "_")


@cache
def fields_of(kind: str) -> dict[str, tuple[Field, ...]]:
    """The fields of a form, by their groups."""
    types = _types(TABLES[kind])
    return {group: tuple(_field(key, types[key]) for key in keys) for group, keys in GROUPS[kind].items()}


def filled(kind: str, one: Event | Watchlist | Rule | None = None) -> dict[str, str]:
    """What the form of this one shows, as text; of none: that of a new one."""
    table = _flat(table_of(one)) if one is not None else {}
    defaults = _defaults(TABLES[kind])
    return {
        field.key: _shown(table.get(field.key, defaults.get(field.key)))
        for fields in fields_of(kind).values()
        for field in fields
    }


def table_filled(kind: str, form: Mapping[str, str], old: Event | Watchlist | Rule | None = None) -> dict[str, Any]:
    """What the filled form says, as a table; what it has no field for stays as it was in `old`, as does its name."""
    table = _flat(table_of(old)) if old is not None else {}
    defaults = _defaults(TABLES[kind])
    zone, shown = _zone(form.get("time_zone", "")), filled(kind, old)
    for fields in fields_of(kind).values():
        for field in fields:
            moved = field.widget == "moment" and form.get("time_zone", "") != shown["time_zone"]
            if old is not None and not moved and form.get(field.key, "").split() == shown[field.key].split():
                continue  # also what a form cannot show whole
            value = _said(field, form.get(field.key, "").strip(), zone)
            if value in (None, "", []) or value == defaults.get(field.key):
                table.pop(field.key, None)
            else:
                table[field.key] = value
    name = old.name if old is not None else name_of(form.get("name", "") or form.get("title", ""))
    return _nested({"name": name} | {key: value for key, value in table.items() if key != "name"})


def name_of(title: str) -> str:
    """A name as tables have them, of what somebody calls it: letters and digits without their accents.

    >>> name_of("Fête de l’Été 2026")
    'fete-de-l-ete-2026'
    """
    plain = "".join(it for it in unicodedata.normalize("NFKD", title.lower()) if not unicodedata.combining(it))
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:63]


def _field(key: str, told: Any) -> Field:
    if isinstance(told, inspect.UnionType):  # a value, or none
        told = next(one for one in told.types if not isinstance(one, inspect.NoneType))
    if key in _WIDGETS:
        return Field(key, _WIDGETS[key])
    if isinstance(told, inspect.LiteralType):
        values = {str(value) for value in told.values}
        order = next((order for order in _ORDERS if set(order) == values), sorted(values))
        return Field(key, "choice", tuple(order))
    if isinstance(told, inspect.IntType | inspect.FloatType):
        least = told.ge if told.ge is not None else told.gt
        return Field(key, "number", least=least, most=told.le, whole=isinstance(told, inspect.IntType))
    if isinstance(told, inspect.BoolType):
        return Field(key, "check")
    return Field(key, "tags" if isinstance(told, inspect.VarTupleType) else "line")


@cache
def _types(table: type[msgspec.Struct]) -> dict[str, Any]:
    """The type of each key, those of a table within it as `table.key`."""
    found: dict[str, Any] = {}
    told = inspect.type_info(table)
    assert isinstance(told, inspect.StructType)
    for field in told.fields:
        if isinstance(field.type, inspect.StructType):
            found |= {f"{field.name}.{key}": one for key, one in _types(field.type.cls).items()}
        else:
            found[field.name] = field.type
    return found


@cache
def _defaults(table: type[msgspec.Struct]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(table):
        if isinstance(field.default, msgspec.Struct):
            found |= {f"{field.name}.{key}": value for key, value in _defaults(type(field.default)).items()}
        elif field.default not in (msgspec.NODEFAULT, None, ()):
            found[field.name] = field.default
    return found


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in table.items() if not isinstance(value, dict)}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= {f"{key}.{name}": one for name, one in value.items()}
    return found


def _nested(table: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in table.items():
        outer, _, inner = key.rpartition(".")
        (made.setdefault(outer, {}) if outer else made)[inner] = value
    return made


def _shown(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "on"
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(timespec="seconds" if value.second else "minutes")
    return str(value).removesuffix(".0")


def _said(field: Field, text: str, zone: dt.tzinfo) -> Any:
    """The value of a field; what cannot be one stays as it was written, for the check of the table to refuse."""
    match field.widget:
        case "check":
            return bool(text)
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "tags":
            words = [word for word in re.split(r"[\s,;]+", text) if word]
            hashtags = field.key in ("hashtags", "topics")
            return [word if not hashtags or word.startswith(_HASHTAG) else f"#{word}" for word in words]
        case "number":
            return _number(text)
        case "moment":
            return _moment(text, zone)
    return text


def _number(text: str) -> Any:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(text) if re.fullmatch(r"[+-]?\d{1,15}", text, re.ASCII) else number


def _moment(text: str, zone: dt.tzinfo) -> Any:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=zone) if text else None
    except ValueError:
        return text


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name.strip() or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # which the check of the table refuses
        return dt.UTC
