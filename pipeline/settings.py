"""Every setting of upswell: where it comes from, its default, its limits, and what is wrong with one that does not fit.

Order: command-line flags, then `UPSWELL_*` environment variables, then `upswell.toml`, then the defaults here.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from schemas import PostError, parse_time
from schemas.events import Event

FILE_NAME = "upswell.toml"
ENV_PREFIX = "UPSWELL_"
NOT_SETTINGS = ("UPSWELL_DATA", "UPSWELL_TEST_")  # where tests find real data and real servers
MINUTE_MS = 60_000


class SettingsError(ValueError):
    """A setting that cannot be used: one line with where it was said, what is wrong, and what fits."""


class Settings(BaseSettings):
    """The table of settings. Names carry their units; docs/settings.md explains each."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )

    pane_ms: int = Field(10_000, ge=1_000, le=MINUTE_MS, description="length of a pane, the unit of counting")
    lateness_ms: int = Field(5_000, ge=0, le=10 * MINUTE_MS, description="how long a pane waits for posts out of order")
    partitions: int = Field(4, ge=1, le=1_024, description="partitions of the posts, each with its own clock")
    events: Annotated[tuple[Event, ...], NoDecode] = Field((), description="events with trends of their own")

    @field_validator("pane_ms", "lateness_ms", "partitions", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("a whole number is needed, not true or false")
        return value

    @field_validator("pane_ms")
    @classmethod
    def _divides_a_minute(cls, value: int) -> int:
        if MINUTE_MS % value:
            raise ValueError(f"{value} does not divide {MINUTE_MS}: lists are made at every full minute")
        return value

    @field_validator("events", mode="before")
    @classmethod
    def _events_from_file_only(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(f"events are told in [[event]] tables of {FILE_NAME} only; unset this variable")
        return value


def load_settings(config: Path | None = None, **flags: int | None) -> Settings:
    """The settings in force: `flags` that are not None, the environment, `config` (else upswell.toml of the current
    folder, where there is one), the defaults. Raises SettingsError."""
    path = config or Path(FILE_NAME)
    told = _read_file(path) if config or path.exists() else {}
    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, told)

    try:
        return Sourced(**given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        raise SettingsError(f"{_place(name, given, path)}: {_sentence(fault)}") from None


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each UPSWELL_ variable that sets nothing, most likely a slip of the pen."""
    known = sorted(ENV_PREFIX + name.upper() for name in Settings.model_fields)
    return [
        f"the environment variable {name} is not a setting and changes nothing{_did_you_mean(name, known)}"
        for name in sorted(environ)
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(NOT_SETTINGS)
    ]


def _place(name: str, given: Mapping[str, object], path: Path) -> str:
    if name in given:
        return f"--{name.replace('_', '-')}"
    variable = ENV_PREFIX + name.upper()
    return variable if os.environ.get(variable) else f"{path}: {name}"


def _sentence(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return message
    return f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); name a readable file with --config") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from None
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(_toml_fault(path, text, str(error))) from None
    known = ["event", *sorted(Settings.model_fields.keys() - {"events"})]
    for key in told:
        if key not in known:
            hint = "; did you mean [[event]]?" if key == "events" else _did_you_mean(key, known)
            raise SettingsError(f"{path}: {key!r} is not a setting{hint or '; known are ' + ', '.join(known)}")
    events = told.pop("event", [])
    if not isinstance(events, list):
        raise SettingsError(f"{path}: event: each event is a table of its own, begun with [[event]] in two brackets")
    return told | {"events": _read_events(path, events)}


def _toml_fault(path: Path, text: str, message: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        line, message = found[1], message[: found.start()]
    else:
        line = str(text.count("\n") + 1)
        message = message.removesuffix(" (at end of document)")
    return f"{path}:{line}: {message[0].lower()}{message[1:]}; mend the line (it is not TOML)"


def _read_events(path: Path, tables: list[Any]) -> tuple[Event, ...]:
    events: dict[str, Event] = {}
    for index, table in enumerate(tables):
        place = f"{path}: event[{index}]"
        if not isinstance(table, dict):
            raise SettingsError(f"{place}: each event is a table, begun with [[event]]")
        if isinstance(table.get("name"), str):
            place += f" ({table['name']})"
        event = _read_event(place, table)
        if event.name in events:
            raise SettingsError(f"{place}.name: there are two events of this name; rename one")
        events[event.name] = event
    return tuple(events.values())


def _read_event(place: str, table: dict[str, Any]) -> Event:
    known = list(Event.__struct_fields__)
    for key in table:
        if key not in known:
            hint = _did_you_mean(key, known) or f"; known are {', '.join(known)}"
            raise SettingsError(f"{place}: {key!r} is not a setting of an event{hint}")
    times = {key: _moment(f"{place}.{key}", table[key]) for key in ("start", "end") if key in table}
    try:
        event = msgspec.convert(table | times, Event)
    except msgspec.ValidationError as error:
        message, _, key = str(error).partition(" - at `$")
        if "matching regex" in message:
            message = "must be lower-case letters, digits, - and _ (63 at most), beginning with a letter or digit"
        raise SettingsError(f"{place}{key.rstrip('`')}: {message[0].lower()}{message[1:]}") from None
    if event.start is not None and event.end is not None and event.start >= event.end:
        raise SettingsError(f"{place}.end: the event ends before it starts; exchange start and end")
    return event


def _moment(place: str, value: object) -> int:
    """ms since 1970 of a TOML date or RFC 3339 text; where no zone is told it is UTC."""
    if isinstance(value, dt.datetime):
        text = (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    elif isinstance(value, dt.date):
        text = f"{value.isoformat()}T00:00:00Z"
    elif isinstance(value, str):
        text = value if re.search(r"([Zz]|[+-]\d\d:\d\d)$", value) else f"{value}Z"
    else:
        raise SettingsError(f"{place}: not a time; write it like 2026-11-17T18:00:00Z")
    try:
        return parse_time(text)
    except PostError:
        raise SettingsError(f"{place}: {value!s:.40} is not a time; write it like 2026-11-17T18:00:00Z") from None
