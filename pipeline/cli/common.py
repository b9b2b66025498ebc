"""What several subcommands share: their flags for settings, and the settings these lead to."""

from __future__ import annotations

import getpass
import re
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.extras import lacking
from pipeline.settings import Settings, SettingsError, load_settings, unknown_variables

if TYPE_CHECKING:
    from pipeline.local import Options
    from pipeline.web.tokens import Gate

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])|0", re.ASCII)
ByFlag = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who says so, for others to read [default: your login]")
]
ConfigFlag = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file [default: upswell.toml of this folder]")
]
PaneFlag = Annotated[
    int | None, typer.Option("--pane-ms", metavar="MS", help="Length of a pane, the unit of counting [default: 10000]")
]
LatenessFlag = Annotated[
    int | None,
    typer.Option(
        "--max-out-of-orderness-ms", metavar="MS", help="How long a pane waits for posts out of order [default: 5000]"
    ),
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


def counting(settings: Settings) -> Options:
    """What counts depend on, for whoever counts in one process."""
    from pipeline.local import Options  # numpy, which most commands do without

    return Options(
        settings.pane_ms,
        settings.max_out_of_orderness_ms,
        settings.partitions,
        settings.events,
        settings.watchlists,
        settings.networks,
        settings.words,
    )


def length_ms(flag: str, text: str) -> int:
    """Milliseconds of a length such as 90s, 90m, 2h, 1.5d or 0; raises WrongUseError, which names the flag.

    >>> length_ms("--for", "2h")
    7200000
    """
    found = _LENGTH.fullmatch(text.strip())
    if not found:
        raise WrongUseError(f"{flag}: {text[:40]!r} is no length; write a number and s, m, h or d, such as 2h")
    return round(float(found[1]) * _UNIT_MS[found[2]]) if found[1] else 0


def check_language(lang: str) -> None:
    """Raises WrongUseError for a language that upswell does not speak."""
    from pipeline.wording import languages

    if lang not in languages():
        raise WrongUseError(f"--lang: {lang:.40} is no language of upswell; use one of {', '.join(languages())}")


def login() -> str:
    """By which name others know who gives a command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody"


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Ctrl-C and SIGTERM cancel the work between two of its steps, not within one."""
    import asyncio

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await work


def need(extra: str, what: str) -> None:
    """Raises CommandError when the extra is not installed that `what` needs."""
    if told := lacking(extra, what):
        raise CommandError(told)


@contextmanager
def kafka_faults() -> Iterator[None]:
    """What Kafka refuses, or the settings for it lack, ends the command with one line."""
    from pipeline.kafka.connection import KafkaUseError
    from pipeline.kafka.producer import DeliveryError

    try:
        yield
    except SettingsError as error:
        raise WrongUseError(str(error)) from None
    except DeliveryError as error:
        raise CommandError(
            f"{error}: mend the broker and run this again (posts already counted are dropped by id while their pane is"
            " open)"
        ) from None
    except KafkaUseError as error:
        raise CommandError(str(error)) from None


def tell_link(gate: Gate, address: str, event: str = "") -> None:
    """Where no token may decide, a link that signs in once to set up and to moderate, and one more to moderate `event`;
    to a terminal alone, since what is written elsewhere is kept."""
    if gate.writers or not sys.stdout.isatty():
        return
    print(f"to set it up, open within 15 minutes\n  {address.rstrip('/')}/setup?link={gate.link()}", flush=True)
    if event:
        print(f"to moderate, as long\n  {address.rstrip('/')}/moderate/{event}?link={gate.link()}", flush=True)
