"""`upswell reload`: puts the events, watchlists and rules of upswell.toml in force, without a restart of anything."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import BrokersFlag, ByFlag, ConfigFlag, kafka_faults, login, settings_in_force
from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.kafka.definitions import DefinitionsLog, defined_by
from pipeline.settings import FILE_NAME
from schemas.definitions import Definitions

LOOK_EVERY_S = 0.5


def reload(
    check: Annotated[bool, typer.Option("--check", help="Only look for mistakes in the file")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and reload whenever the file changes")] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, metavar="S", help="Seconds to wait for the workers to come to it")
    ] = 10.0,
    by: ByFlag = None,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Put the [[event]], [[watchlist]] and [[rule]] tables of the settings file in force, without any restart.

    A control record in every partition of the posts says from where on they hold: posts before it belong to the old
    events, posts behind it to the new ones, however often a worker is restarted. Pages, walls and alerts follow. A
    mistake in the file is told with its line and key, exit code 2, and the old definitions stay in force.

    \b
    Examples:
      upswell reload --check
      upswell reload
      upswell reload --config /etc/upswell/upswell.toml --watch
    """
    path = config or Path(FILE_NAME)
    if not path.exists():
        raise WrongUseError(f"{path}: there is no such file; name yours with --config")
    if check:
        print(f"{path}: {_summary(defined_by(settings_in_force(config)))}")
        return
    name, seen = by or login(), _look(path)
    _reload(config, brokers, name, wait_s)
    while watch:
        time.sleep(LOOK_EVERY_S)
        found = _look(path)
        if found is not None and found != seen:
            seen = found
            try:
                _reload(config, brokers, name, wait_s)
            except CommandError as error:
                complain(f"{error}; what is in force stays so")


def _reload(config: Path | None, brokers: str | None, by: str, wait_s: float) -> None:
    settings = settings_in_force(config, kafka_brokers=brokers)
    with kafka_faults(), closing(DefinitionsLog(settings)) as log:
        definitions, told = log.change(defined_by(settings, by))
        for line in told:
            print(line)
        print(f"{'asked for' if told else 'nothing changes'}: {_summary(definitions)}", flush=True)
        behind = _wait(log, definitions, wait_s)
    if behind:
        places = ", ".join(map(str, behind))
        complain(f"not in force yet in partitions {places} of the posts: their workers are stopped, or behind")
    else:
        print(f"in force in all {log.partitions} partitions of the posts", flush=True)


def _wait(log: DefinitionsLog, definitions: Definitions, wait_s: float) -> list[int]:
    """The partitions in which the definitions are not in force when the time is over."""
    deadline = time.monotonic() + wait_s
    while True:
        log.refresh()
        behind = log.behind(definitions)
        if not behind or time.monotonic() >= deadline:
            return behind
        time.sleep(LOOK_EVERY_S)


def _summary(definitions: Definitions) -> str:
    counted = ", ".join(f"{len(some)} {kind}{'' if len(some) == 1 else 's'}" for kind, some in definitions.named)
    return f"{counted} (version {definitions.version})"


def _look(path: Path) -> tuple[int, int] | None:
    """What differs once the file was written; None while an editor has taken it away."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
