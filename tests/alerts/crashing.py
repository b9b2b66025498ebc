"""`python -m tests.alerts.crashing CONFIG STATE LISTS POINT`: delivers what lists raise, and is killed at a point.

Points: `kept` (raised and kept, nothing sent), `sending` (sent, not yet known to be), `delivered` (known so), `none`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from pipeline.alerts import Outbox
from pipeline.alerts.run import raise_and_deliver
from pipeline.settings import load_settings
from schemas import TrendList


async def lists_of(path: Path) -> AsyncIterator[TrendList]:
    for line in path.read_bytes().splitlines():
        yield msgspec.json.decode(line, type=TrendList)
        await asyncio.sleep(0)


def killed(call: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def wrapper(*arguments: Any) -> Any:
        if before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*arguments)
        if result != []:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapper


def main() -> None:
    config, state, lists, point = sys.argv[1:]
    settings = load_settings(Path(config))
    if point == "kept":
        Outbox.take = killed(Outbox.take, before=False)  # type: ignore[method-assign]
    elif point in ("sending", "delivered"):
        Outbox.delivered = killed(Outbox.delivered, before=point == "sending")  # type: ignore[method-assign]
    asyncio.run(
        raise_and_deliver(lists_of(Path(lists)), settings, Path(state), lambda _: None, print, CollectorRegistry())
    )


if __name__ == "__main__":
    main()
