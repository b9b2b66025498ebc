"""What several subcommands share: their flags for settings, and the settings these lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.settings import Settings, SettingsError, load_settings, unknown_variables

ConfigFlag = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file [default: upswell.toml of this folder]")
]
PaneFlag = Annotated[
    int | None, typer.Option("--pane-ms", metavar="MS", help="Length of a pane, the unit of counting [default: 10000]")
]
LatenessFlag = Annotated[
    int | None,
    typer.Option("--lateness-ms", metavar="MS", help="How long a pane waits for posts out of order [default: 5000]"),
]
PartitionsFlag = Annotated[
    int | None, typer.Option("--partitions", metavar="P", help="Partitions, each with a clock of its own [default: 4]")
]


BrokersFlag = Annotated[
    str | None,
    typer.Option("--brokers", metavar="HOST:PORT", help="Kafka, several with commas [default: 127.0.0.1:9092]"),
]


def settings_in_force(config: Path | None, **flags: int | str | None) -> Settings:
    """The settings of this run; variables that look like settings and are none are told on standard error."""
    for line in unknown_variables():
        complain(f"warning: {line}")
    try:
        return load_settings(config, **flags)
    except SettingsError as error:
        raise WrongUseError(str(error)) from None


@contextmanager
def kafka_faults() -> Iterator[None]:
    """What Kafka refuses, or the settings for it lack, ends the command with one line."""
    from pipeline.kafka.connection import KafkaUseError

    try:
        yield
    except SettingsError as error:
        raise WrongUseError(str(error)) from None
    except KafkaUseError as error:
        raise CommandError(str(error)) from None
