"""`upswell doctor`: is everything as it must be? A line a check, with what to do where one fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, PartitionsFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import FAILED
from pipeline.cli.terminal import console
from pipeline.clock import utc_ms
from pipeline.kafka.checks import Check, examine
from pipeline.settings import FILE_NAME, Settings, unknown_variables
from pipeline.text import printable


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a check")] = False,
    brokers: BrokersFlag = None,
    partitions: PartitionsFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Check settings, Kafka, topics, workers, clock and sources; exit code 1 when something needs mending.

    \b
    Examples:
      upswell doctor
      upswell doctor --json --brokers kafka1:9092 | jq 'select(.ok | not)'
    """
    settings = settings_in_force(config, partitions=partitions, kafka_brokers=brokers)
    failed = 0
    out = console(sys.stdout)
    with kafka_faults():
        for check in chain(_configuration(config), examine(settings), _sources(settings)):
            failed += not check.ok
            if as_json:
                print(msgspec.json.encode(check).decode(), flush=True)
                continue
            out.print(printable(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.found}"), soft_wrap=True)
            if check.remedy:
                out.print(printable(f"      -> {check.remedy}"), soft_wrap=True)
    if failed:
        raise typer.Exit(FAILED)


def _sources(settings: Settings) -> Iterator[Check]:
    from pipeline.sources.live.status import source_checks

    return source_checks(settings, utc_ms())


def _configuration(config: Path | None) -> Iterator[Check]:
    path = config or Path(FILE_NAME)
    found = str(path.resolve()) if path.exists() else f"no {FILE_NAME} in this folder: flags, variables, defaults"
    stray = unknown_variables()
    yield Check("settings", not stray, stray[0] if stray else found, "unset it, or mend its name" if stray else "")
