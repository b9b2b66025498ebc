"""A task that does not end in silence: what nobody foresaw is told, and the work goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 60.0


async def supervised(work: Callable[[], Awaitable[None]], stumbled: Callable[[Exception], None]) -> None:
    """Awaits `work` until it returns or is cancelled. An exception of it is told to `stumbled`, and after a pause, the
    longer the sooner it comes again, the work begins anew."""
    pause = FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            await work()
            return
        except Exception as error:
            stumbled(error)
        if time.monotonic() - began > LAST_PAUSE_S:
            pause = FIRST_PAUSE_S
        await asyncio.sleep(pause)
        pause = min(pause * 2, LAST_PAUSE_S)
