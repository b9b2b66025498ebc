"""Every setting of upswell: where it comes from, its default, its limits, and what is wrong with one that does not fit.

Order: command-line flags, then `UPSWELL_*` environment variables, then `upswell.toml`, then the defaults here.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import tomllib
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pipeline.text import EventMatcher, topic_key
from schemas import PostError, parse_time
from schemas.access import Token
from schemas.alerts import Receiver, Rule
from schemas.events import Event
from schemas.watchlists import Watchlist

TABLES: dict[str, type[Event] | type[Watchlist] | type[Rule] | type[Receiver] | type[Token]] = {
    "event": Event, "watchlist": Watchlist, "rule": Rule, "receiver": Receiver, "token": Token,
}  # fmt: skip
FILE_NAME = "upswell.toml"
ENV_PREFIX = "UPSWELL_"
NOT_SETTINGS = ("UPSWELL_DATA", "UPSWELL_TEST_")  # where tests find real data and real servers
MINUTE_MS = 60_000
_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):\d{1,5}", re.ASCII)
_SCOPE = re.compile(
    r"all|lang:[a-z]{2,3}|source:[a-z0-9._-]{1,64}|(?:event|watch):[a-z0-9][a-z0-9_-]{0,62}", re.ASCII
)
_PREFIX = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)


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
    shards: int = Field(1, ge=1, le=256, description="parts that topics are divided into, each ranked by one worker")
    kafka_brokers: str = Field(
        "127.0.0.1:9092", description="host:port of Kafka, several with commas between"
    )
    kafka_prefix: str = Field(
        "", max_length=100, description="what names of topics and groups begin with"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_user: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    replication: int = Field(1, ge=1, le=16, description="brokers that hold a copy of each Kafka topic")
    max_ahead_ms: int = Field(
        10 * MINUTE_MS, ge=0, le=1_440 * MINUTE_MS, description="how far a post may lie ahead of its record's own time"
    )
    redis_url: SecretStr = Field(SecretStr(""), description="where current lists are kept for others; none: off")
    metrics_port: int = Field(0, ge=0, le=65_535, description="port where Prometheus reads this process; 0: none")
    metrics_host: str = Field("127.0.0.1", description="address of that port")
    events: Annotated[tuple[Event, ...], NoDecode] = Field((), description="events with trends of their own")
    watchlists: Annotated[tuple[Watchlist, ...], NoDecode] = Field((), description="brands, people, rivals to watch")
    rules: Annotated[tuple[Rule, ...], NoDecode] = Field((), description="when to alert")
    receivers: Annotated[tuple[Receiver, ...], NoDecode] = Field((), repr=False, description="whom to alert")
    tokens: Annotated[tuple[Token, ...], NoDecode] = Field((), repr=False, description="who may moderate")

    @field_validator("pane_ms", "lateness_ms", "partitions", "shards", "replication", mode="before")
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

    @field_validator("kafka_brokers")
    @classmethod
    def _hosts_with_ports(cls, value: str) -> str:
        for address in value.split(","):
            if not _ADDRESS.fullmatch(address.strip()):
                raise ValueError(f"{address.strip()!r} is not host:port; write it like 127.0.0.1:9092")
        return value

    @field_validator("kafka_prefix")
    @classmethod
    def _fit_for_topics(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError(f"{value!r} does not fit the name of a topic; use letters, digits, . _ and -")
        return value

    @field_validator("redis_url")
    @classmethod
    def _of_redis(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("no address of Redis; write it like redis://127.0.0.1:6379/0")
        return value

    @field_validator("events", "watchlists", "rules", "receivers", mode="before")
    @classmethod
    def _from_file_only(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            name = info.field_name or ""
            raise ValueError(f"{name} are told in [[{name[:-1]}]] tables of {FILE_NAME} only; unset this variable")
        return value

    @field_validator("tokens", mode="before")
    @classmethod
    def _tokens_of_text(cls, value: object) -> object:
        return _told_tokens(value) if isinstance(value, str) else value

    def unknown_scope(self, scope: str) -> str:
        """What is wrong with a scope that no list can have; '' where nothing is."""
        if not _SCOPE.fullmatch(scope):
            return "no scope; use all, lang:fr, source:NAME, event:NAME or watch:NAME"
        for kind, tables in ("event", self.events), ("watchlist", self.watchlists):
            names = [table.name for table in tables]
            name = scope.removeprefix(f"{kind[:5]}:")
            if name != scope and name not in names:
                known = f"known are {', '.join(names)}" if names else "there is none"
                article = "an" if kind == "event" else "a"
                return f"no such {kind} ({known}); describe it as {article} [[{kind}]] in upswell.toml"
        return ""


def load_settings(config: Path | None = None, **flags: int | str | None) -> Settings:
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
        settings = Sourced(**given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        raise SettingsError(f"{_place(name, given, path)}: {_sentence(fault)}") from None
    for rule in settings.rules:
        if complaint := settings.unknown_scope(rule.on):
            raise SettingsError(f"{path}: rule ({rule.name}).on: {rule.on:.80}: {complaint}")
    known = {rule.name for rule in settings.rules}
    for receiver in settings.receivers:
        for name in receiver.rules:
            if name not in known:
                raise SettingsError(f"{path}: receiver ({receiver.name}).rules: there is no rule {name!r}")
    return settings


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
    if "password" in str(fault["loc"][0]) or fault["loc"][0] == "redis_url":
        return f"{message[0].lower()}{message[1:]}"  # never shown
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
    known = [*TABLES, *sorted(Settings.model_fields.keys() - {f"{kind}s" for kind in TABLES})]
    for key in told:
        if key not in known:
            hint = f"; did you mean [[{key[:-1]}]]?" if key.removesuffix("s") in TABLES else _did_you_mean(key, known)
            raise SettingsError(f"{path}: {key!r} is not a setting{hint or '; known are ' + ', '.join(known)}")
    tables = {kind: _tables(path, told, kind) for kind in TABLES}
    lines = text.splitlines()
    read = {f"{kind}s": _read_tables(path, kind, tables[kind], lines) for kind in TABLES}
    return told | read


def _tables(path: Path, told: dict[str, Any], kind: str) -> list[Any]:
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


def _toml_fault(path: Path, text: str, message: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        line, message = found[1], message[: found.start()]
    else:
        line = str(text.count("\n") + 1)
        message = message.removesuffix(" (at end of document)")
    return f"{path}:{line}: {message[0].lower()}{message[1:]}; mend the line (it is not TOML)"


def _read_tables(path: Path, kind: str, tables: list[Any], lines: list[str]) -> tuple[Any, ...]:
    found: dict[str, Any] = {}
    for index, table in enumerate(tables):
        place = _Place(path, lines, kind, index, table)
        one = _read_event(place, table) if kind == "event" else place.read(table, TABLES[kind], _NAMES[kind == "token"])
        if isinstance(one, Event | Watchlist):
            _check_terms(place, one)
        elif isinstance(one, Rule):
            _check_rule(place, one)
        elif isinstance(one, Receiver):
            _check_zone(place, one.time_zone)
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
    "langs": "two or three lower-case letters, like fr",
    "page": "an address like https://example.org",
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
    _check_zone(place, event.time_zone)
    return event


def _check_zone(place: _Place, name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # the last two for what is no name or a folder's
        raise place.fault(".time_zone", f"{name:.40} is no time zone; write it like Europe/Paris") from None


def _told_tokens(text: str) -> tuple[Token, ...]:
    """Tokens as a variable tells them: NAME:RIGHTS:SECRET, separated by spaces. No fault repeats a secret."""
    tokens: dict[str, Token] = {}
    for number, part in enumerate(text.split(), 1):
        fields = part.split(":", 2)
        try:
            token = msgspec.convert(dict(zip(("name", "rights", "secret"), fields, strict=False)), Token)
        except msgspec.ValidationError:
            raise ValueError(f"token {number} is not NAME:read:SECRET or NAME:write:SECRET (16 characters)") from None
        if token.name in tokens:
            raise ValueError(f"there are two tokens named {token.name}; rename one")
        tokens[token.name] = token
    return tuple(tokens.values())


class _Place:
    """Where in the file a table stands, for the sentences about its faults."""

    def __init__(self, path: Path, lines: list[str], kind: str, index: int, table: object) -> None:
        self._path, self._lines, self._kind, self._index = path, lines, kind, index
        self._name = ""
        if not isinstance(table, dict):
            raise self.fault("", f"each {kind} is a table, begun with [[{kind}]]")
        if isinstance(table.get("name"), str):
            self._name = f" ({table['name']})"

    def fault(self, at: str, message: str, key: str = "") -> SettingsError:
        line = _line_of(self._lines, self._kind, self._index, key or re.split(r"[.\[]", at.lstrip("."))[0])
        return SettingsError(f"{self._path}{line}: {self._kind}[{self._index}]{self._name}{at}: {message}")

    def read(self, table: dict[str, Any], kind: Any, name_rule: str) -> Any:
        known = list(kind.__struct_fields__)
        for key in table:
            if key not in known:
                hint = _did_you_mean(key, known) or f"; known are {', '.join(known)}"
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
