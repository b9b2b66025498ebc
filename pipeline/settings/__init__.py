"""Every setting of upswell: where it comes from, its default, its limits, and what is wrong with one that does not fit.

Order: command-line flags, then `UPSWELL_*` environment variables, then `upswell.toml`, then the defaults here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from pipeline.settings.file import TABLES, did_you_mean, read_file, read_text
from pipeline.settings.file import SettingsError as SettingsError
from pipeline.settings.file import TableError as TableError
from schemas.access import Token
from schemas.alerts import Receiver, Rule
from schemas.definitions import Words
from schemas.events import Event
from schemas.sources import Source
from schemas.watchlists import Watchlist
from schemas.webhooks import Webhook

FILE_NAME = "upswell.toml"
ENV_PREFIX = "UPSWELL_"
DEFINED = ("events", "watchlists", "rules", "networks", "words")  # what control records carry
NOT_SETTINGS = ("UPSWELL_DATA", "UPSWELL_TEST_")  # where tests find real data and real servers
MINUTE_MS = 60_000
_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):\d{1,5}", re.ASCII)
_SCOPE = re.compile(r"all|lang:[a-z]{2,3}|source:[a-z0-9._-]{1,64}|(?:event|watch):[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_PREFIX = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)
_SECRET = (
    "kafka_sasl_password",
    "control_key",
    "redis_url",
    "receivers",
    "sources",
    "webhooks",
    "tokens",
)  # never shown
Port = Annotated[int, Meta(ge=0, le=65_535)]
Network = Annotated[str, Meta(pattern=r"^[a-z0-9._-]{1,64}$")]  # a source as it is counted
Site = Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$")]
Address = Annotated[str, Meta(pattern=r"^(https?://[!-~]{1,200})?$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The table of settings. Names carry their units; docs/settings.md explains each."""

    pane_ms: Annotated[int, Meta(ge=1_000, le=MINUTE_MS)] = 10_000  # length of a pane, the unit of counting
    # how long a pane waits for posts out of order
    max_out_of_orderness_ms: Annotated[int, Meta(ge=0, le=10 * MINUTE_MS)] = 5_000
    partitions: Annotated[int, Meta(ge=1, le=1_024)] = 4  # partitions of the posts, each with its own clock
    kafka_brokers: str = "127.0.0.1:9092"  # host:port of Kafka, several with commas between
    kafka_prefix: Annotated[str, Meta(max_length=100)] = ""  # what names of topics and groups begin with
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_user: str = ""
    kafka_sasl_password: str = ""
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    replication: Annotated[int, Meta(ge=1, le=16)] = 1  # brokers that hold a copy of each Kafka topic
    control_key: str = ""
    redis_url: str = ""  # where current lists are kept for others; none: off
    public_url: Address = ""  # where browsers reach the page
    metrics_port: Port = 0  # where Prometheus reads this process; 0: none
    metrics_host: str = "127.0.0.1"
    events: tuple[Event, ...] = ()  # events with trends of their own
    watchlists: tuple[Watchlist, ...] = ()  # brands, people, rivals to watch
    rules: tuple[Rule, ...] = ()  # when to alert
    networks: tuple[Network, ...] = ()  # sources with lists of their own
    words: Words = "events"  # of which posts words and phrases are topics too
    receivers: tuple[Receiver, ...] = ()  # whom to alert
    sources: tuple[Source, ...] = ()  # where posts come from
    webhooks: tuple[Webhook, ...] = ()  # who brings SMS and mail
    state_dir: Annotated[str, Meta(min_length=1)] = "upswell-state"  # folder of what sources remember
    pictures: bool = True  # show pictures of posts on walls; `serve` fetches them from the web
    embed_sites: tuple[Site, ...] = ()  # sites that may show walls within their own pages
    websub_url: Address = ""  # where hubs of feeds reach `sources`
    websub_port: Annotated[int, Meta(ge=1, le=65_535)] = 8082
    websub_host: str = "127.0.0.1"
    contact: Annotated[str, Meta(pattern=r"^[!-~]{0,200}$")] = ""  # how the networks' administrators reach you
    tokens: tuple[Token, ...] = ()  # who may moderate, and who may post

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in NAMES if name not in _SECRET)
        return f"Settings({shown})"

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


_FORMS = {
    "networks": "a list of names of a-z, 0-9, ., _ and -, 64 characters each at most",
    "embed_sites": "a list of addresses without a path, like https://www.example.org",
    **dict.fromkeys(("public_url", "websub_url"), "an address like https://trends.example.org"),
    "contact": "a mail or web address without blanks, 200 characters at most",
}
_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}
NAMES = tuple(_TYPES)
_IN_TABLES = tuple(f"{kind}s" for kind in TABLES)
_Told = dict[str, tuple[str, Any]]  # by setting: where it was said, and what


def load_settings(config: Path | None = None, **flags: int | str | None) -> Settings:
    """The settings in force: `flags` that are not None, the environment, `config` (else upswell.toml of the current
    folder, where there is one), the defaults. Raises SettingsError."""
    path = config or Path(FILE_NAME)
    told = _told(path, read_file(path, NAMES)) if config or path.exists() else {}
    told |= _told_by_environment()
    told |= {name: (f"--{name.replace('_', '-')}", value) for name, value in flags.items() if value is not None}
    settings = _made(str(path), told)
    known = {rule.name for rule in settings.rules}
    for receiver in settings.receivers:
        for name in receiver.rules:
            if name not in known:
                raise SettingsError(f"{path}: receiver ({receiver.name}).rules: there is no rule {name!r}")
    return settings


def defined_in(text: str, called: str = FILE_NAME) -> Settings:
    """What the text of a settings file defines (events, watchlists, rules, networks, words), checked as a file is;
    nothing else of it is looked at but for being a setting. Raises SettingsError."""
    told = _told(called, read_text(called, text, NAMES))
    return _made(called, {name: told[name] for name in DEFINED if name in told})


def _told(path: Path | str, said: Mapping[str, Any]) -> _Told:
    return {name: (f"{path}: {name}", value) for name, value in said.items()}


def _told_by_environment() -> _Told:
    told: _Told = {}
    for name in NAMES:
        variable = ENV_PREFIX + name.upper()
        text = os.environ.get(variable)
        if not text:
            continue
        value: Any = text
        if name == "tokens":
            value = _told_tokens(variable, text)
        elif name in _IN_TABLES:
            told_in = f"[[{name[:-1]}]] tables of {FILE_NAME} only"
            raise SettingsError(f"{variable}: {name} are told in {told_in}; unset this variable")
        elif get_origin(_TYPES[name]) is tuple:
            try:
                value = msgspec.json.decode(text)
            except ValueError:
                raise SettingsError(f'{variable}: no JSON list; write it like ["one", "two"]') from None
        told[name] = (variable, value)
    return told


def _made(path: str, told: _Told) -> Settings:
    settings = Settings(**{name: _read(name, value, place) for name, (place, value) in told.items()})
    for rule in settings.rules:
        if complaint := settings.unknown_scope(rule.on):
            where = f"{path}: rule ({rule.name}).on"
            raise TableError(where, "rule", rule.name, "on", f"{rule.on:.80}: {complaint}")
    return settings


def _read(name: str, value: Any, place: str) -> Any:
    """A setting's value of what was said. Raises SettingsError, which begins with `place`."""
    if name in _IN_TABLES:
        return value  # checked table by table
    try:
        read = msgspec.convert(value, _TYPES[name], strict=False)
    except ValueError as error:
        shown = "" if name in _SECRET else f", not {value!r}"
        fits = _what_fits(name)
        raise SettingsError(f"{place}: {f'must be {fits}' if fits else _in_words(error)}{shown}") from None
    if fault := _fault(name, read):
        raise SettingsError(f"{place}: {fault}")
    return read


def _what_fits(name: str) -> str:
    """What a setting must be, as a sentence goes on; '' for a text of any form."""
    kind = _TYPES[name]
    if kind is bool:
        return "true or false"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    base, *limits = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    return f"a whole number from {limits[0].ge} to {limits[0].le}" if base is int else _FORMS.get(name, "")


def _in_words(error: ValueError) -> str:
    message = str(error).partition(" - at `$")[0]
    return f"{message[0].lower()}{message[1:]}"


def _fault(name: str, value: Any) -> str:
    """What is wrong with a value of the right type; '' where nothing is."""
    if name == "pane_ms" and MINUTE_MS % value:
        return f"{value} does not divide {MINUTE_MS}: lists are made at every full minute"
    if name == "kafka_brokers":
        for address in value.split(","):
            if not _ADDRESS.fullmatch(address.strip()):
                return f"{address.strip()!r} is not host:port; write it like 127.0.0.1:9092"
    if name == "kafka_prefix" and not _PREFIX.fullmatch(value):
        return f"{value!r} does not fit the name of a topic; use letters, digits, . _ and -"
    if name == "redis_url" and value and not value.startswith(("redis://", "rediss://", "unix://")):
        return "no address of Redis; write it like redis://127.0.0.1:6379/0"
    return ""


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each UPSWELL_ variable that sets nothing, most likely a slip of the pen."""
    known = sorted(ENV_PREFIX + name.upper() for name in NAMES)
    return [
        f"the environment variable {name} is not a setting and changes nothing{did_you_mean(name, known)}"
        for name in sorted(environ)
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(NOT_SETTINGS)
    ]


def _told_tokens(variable: str, text: str) -> tuple[Token, ...]:
    """Tokens as a variable tells them: NAME:RIGHTS:SECRET, separated by spaces. No fault repeats a secret."""
    tokens: dict[str, Token] = {}
    for number, part in enumerate(text.split(), 1):
        fields = part.split(":", 2)
        try:
            token = msgspec.convert(dict(zip(("name", "rights", "secret"), fields, strict=False)), Token)
        except msgspec.ValidationError:
            forms = "NAME:read:SECRET, NAME:write:SECRET or NAME:post:SECRET (16 characters)"
            raise SettingsError(f"{variable}: token {number} is not {forms}") from None
        if token.name in tokens:
            raise SettingsError(f"{variable}: there are two tokens named {token.name}; rename one")
        tokens[token.name] = token
    return tuple(tokens.values())
