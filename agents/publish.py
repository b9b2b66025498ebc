"""Sending messages so that all of them have been acknowledged before anybody goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from faust import App

ACKNOWLEDGED_WITHIN_S = 60.0


class Outgoing(NamedTuple):
    """One record on its way to a topic."""

    topic: str
    partition: int | None  # None: by key
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


async def publish(app: App, messages: Iterable[Outgoing]) -> None:
    """Returns when the broker has acknowledged all; raises the first error when it has refused one, or did not answer
    in time. Messages of one partition are appended in their order."""
    futures = []
    for out in messages:
        futures.append(
            await app.producer.send(
                out.topic, out.key, out.value, out.partition, None, list(out.headers) or None
            )
        )
    if futures:
        await asyncio.wait_for(asyncio.gather(*futures), timeout=ACKNOWLEDGED_WITHIN_S)
