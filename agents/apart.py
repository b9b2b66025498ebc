"""Large work beside the loop, so that none keeps the worker from Kafka.

In one thread, a piece after the other: no two touch the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Arguments = TypeVarTuple("Arguments")
T = TypeVar("T")

_thread = ThreadPoolExecutor(1, "work")


async def apart(work: Callable[[*Arguments], T], *args: *Arguments) -> T:
    """What `work` returns, done when all work that was given before is done."""
    return await asyncio.wrap_future(_thread.submit(work, *args))
