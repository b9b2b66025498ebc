"""Every setting of upswell: where it comes from, its default, its limits, and what is wrong with one that does not fit.

Order: command-line flags, then `UPSWELL_*` environment variables, then `upswell.toml`, then the defaults here.
"""

from __future__ import annotations

import os
import re
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

from pipeline.settings.file import SettingsError as SettingsError
from pipeline.settings.file import TableError as TableError
from pipeline.settings.file import did_you_mean, read_file, read_text
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
Network = Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,64}$")]  # a source as it is counted
Site = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$")]
_PREFIX = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)


class Settings(BaseSettings):
    """The table of settings. Names carry their units; docs/settings.md explains each."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )

    pane_ms: int = Field(10_000, ge=1_000, le=MINUTE_MS, description="length of a pane, the unit of counting")
    max_out_of_orderness_ms: int = Field(
        5_000, ge=0, le=10 * MINUTE_MS, description="how long a pane waits for posts out of order"
    )
    partitions: int = Field(4, ge=1, le=1_024, description="partitions of the posts, each with its own clock")
    kafka_brokers: str = Field("127.0.0.1:9092", description="host:port of Kafka, several with commas between")
    kafka_prefix: str = Field("", max_length=100, description="what names of topics and groups begin with")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_user: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    replication: int = Field(1, ge=1, le=16, description="brokers that hold a copy of each Kafka topic")
    control_key: SecretStr = SecretStr("")
    redis_url: SecretStr = Field(SecretStr(""), description="where current lists are kept for others; none: off")
    public_url: str = Field("", pattern=r"^(https?://[!-~]{1,200})?$", description="where browsers reach the page")
    metrics_port: int = Field(0, ge=0, le=65_535, description="port where Prometheus reads this process; 0: none")
    metrics_host: str = Field("127.0.0.1", description="address of that port")
    events: Annotated[tuple[Event, ...], NoDecode] = Field((), description="events with trends of their own")
    watchlists: Annotated[tuple[Watchlist, ...], NoDecode] = Field((), description="brands, people, rivals to watch")
    rules: Annotated[tuple[Rule, ...], NoDecode] = Field((), description="when to alert")
    networks: tuple[Network, ...] = Field((), description="sources with lists of their own")
    words: Words = Field("events", description="of which posts words and phrases are topics too")
    receivers: Annotated[tuple[Receiver, ...], NoDecode] = Field((), repr=False, description="whom to alert")
    sources: Annotated[tuple[Source, ...], NoDecode] = Field((), repr=False, description="where posts come from")
    webhooks: Annotated[tuple[Webhook, ...], NoDecode] = Field((), repr=False, description="who brings SMS and mail")
    state_dir: str = Field("upswell-state", min_length=1, description="folder of what sources remember")
    pictures: bool = Field(True, description="show pictures of posts on walls; `serve` fetches them from the web")
    embed_sites: tuple[Site, ...] = Field((), description="sites that may show walls within their own pages")
    websub_url: str = Field(
        "", pattern=r"^(https?://[!-~]{1,200})?$", description="where hubs of feeds reach `sources`"
    )
    websub_port: int = Field(8082, ge=1, le=65_535, description="port where they do")
    websub_host: str = Field("127.0.0.1", description="address of that port")
    contact: str = Field("", pattern=r"^[!-~]{0,200}$", description="how the networks' administrators reach you")
    tokens: Annotated[tuple[Token, ...], NoDecode] = Field(
        (), repr=False, description="who may moderate, and who may post"
    )

    @field_validator("pane_ms", "max_out_of_orderness_ms", "partitions", "replication", mode="before")
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

    @field_validator("events", "watchlists", "rules", "receivers", "sources", "webhooks", mode="before")
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
    told = read_file(path, Settings.model_fields) if config or path.exists() else {}
    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    settings = _made(str(path), told, given, environment=True)
    known = {rule.name for rule in settings.rules}
    for receiver in settings.receivers:
        for name in receiver.rules:
            if name not in known:
                raise SettingsError(f"{path}: receiver ({receiver.name}).rules: there is no rule {name!r}")
    return settings


def defined_in(text: str, called: str = FILE_NAME) -> Settings:
    """What the text of a settings file defines (events, watchlists, rules, networks, words), checked as a file is;
    nothing else of it is looked at but for being a setting. Raises SettingsError."""
    told = read_text(called, text, Settings.model_fields)
    return _made(called, {name: told[name] for name in DEFINED if name in told}, {}, environment=False)


def _made(path: str, told: dict[str, Any], given: dict[str, Any], *, environment: bool) -> Settings:
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
            file = InitSettingsSource(settings_cls, told)
            return (init_settings, env_settings, file) if environment else (file,)

    try:
        settings = Sourced(**given)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        raise SettingsError(f"{_place(name, given, path)}: {_sentence(fault)}") from None
    for rule in settings.rules:
        if complaint := settings.unknown_scope(rule.on):
            where = f"{path}: rule ({rule.name}).on"
            raise TableError(where, "rule", rule.name, "on", f"{rule.on:.80}: {complaint}")
    return settings


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each UPSWELL_ variable that sets nothing, most likely a slip of the pen."""
    known = sorted(ENV_PREFIX + name.upper() for name in Settings.model_fields)
    return [
        f"the environment variable {name} is not a setting and changes nothing{did_you_mean(name, known)}"
        for name in sorted(environ)
        if name.startswith(ENV_PREFIX) and name not in known and not name.startswith(NOT_SETTINGS)
    ]


def _place(name: str, given: Mapping[str, object], path: str) -> str:
    if name in given:
        return f"--{name.replace('_', '-')}"
    variable = ENV_PREFIX + name.upper()
    return variable if os.environ.get(variable) else f"{path}: {name}"


def _sentence(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return message
    if "password" in str(fault["loc"][0]) or fault["loc"][0] in ("redis_url", "control_key"):
        return f"{message[0].lower()}{message[1:]}"  # never shown
    return f"{message[0].lower()}{message[1:]}, not {fault['input']!r}"


def _told_tokens(text: str) -> tuple[Token, ...]:
    """Tokens as a variable tells them: NAME:RIGHTS:SECRET, separated by spaces. No fault repeats a secret."""
    tokens: dict[str, Token] = {}
    for number, part in enumerate(text.split(), 1):
        fields = part.split(":", 2)
        try:
            token = msgspec.convert(dict(zip(("name", "rights", "secret"), fields, strict=False)), Token)
        except msgspec.ValidationError:
            raise ValueError(
                f"token {number} is not NAME:read:SECRET, NAME:write:SECRET or NAME:post:SECRET (16 characters)"
            ) from None
        if token.name in tokens:
            raise ValueError(f"there are two tokens named {token.name}; rename one")
        tokens[token.name] = token
    return tuple(tokens.values())
