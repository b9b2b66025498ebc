"""`python -m tests.alerts.crashing CONFIG STATE ALERTS POINT`: delivers alerts, and is killed at a point.

Points: `kept` (taken and kept, nothing sent), `sending` (sent, not yet known to be), `delivered` (known so), `none`.
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

from pipeline.alerts.outbox import Outbox
from pipeline.alerts.run import take_and_deliver
from pipeline.settings import load_settings
from schemas.alerts import Alert
from tests.patches import patch


async def alerts_of(path: Path, begin: int) -> AsyncIterator[tuple[Alert, int]]:
    """As the topic has them, from an offset on."""
    for offset, line in enumerate(path.read_bytes().splitlines()):
        if offset >= begin:
            yield msgspec.json.decode(line, type=Alert), offset + 1
            await asyncio.sleep(0)


def killed(call: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def wrapper(*arguments: Any) -> Any:
        if before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapper


def main() -> None:
    config, state, alerts, point = sys.argv[1:]
    settings = load_settings(Path(config))
    if point == "kept":
        patch(Outbox, "take", killed(Outbox.take, before=False))
    elif point in ("sending", "delivered"):
        patch(Outbox, "delivered", killed(Outbox.delivered, before=point == "sending"))
    receivers = settings.receivers

    async def whole() -> None:
        outbox = Outbox(Path(state), receivers)
        given = alerts_of(Path(alerts), outbox.next_offset)
        await take_and_deliver(given, outbox, receivers, lambda _: None, print, CollectorRegistry())

    asyncio.run(whole())


if __name__ == "__main__":
    main()
