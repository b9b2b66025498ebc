"""How tasks are ended so that they do end."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 0.5


async def cancel_and_wait(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancels tasks and returns when they have ended, whatever with. It is said again until they have: before Python
    3.12 `asyncio.wait_for` loses a cancellation that comes in the moment its own future is done."""
    waiting = {task for task in tasks if task is not None}
    while waiting:
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # whoever wants it asks the task; unasked, it would be logged as forgotten
