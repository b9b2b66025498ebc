"""Where definitions are read and changed for the page: the topic `definitions` on Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec

from pipeline.clock import utc_ms
from pipeline.kafka.definitions import DefinitionsLog, defined_by
from pipeline.settings import Settings
from schemas.definitions import Definitions

Answer = TypeVar("Answer")


class SetupDesk(Protocol):
    """What the page needs. All may wait, and raise KafkaUseError."""

    async def newest(self) -> Definitions:
        """What was asked for last."""

    async def change(self, definitions: Definitions, since: str, by: str) -> Definitions:
        """Puts these in force, as a change of version `since`; what holds then. Raises ChangedError where another
        holds."""

    async def behind(self) -> list[int]:
        """The partitions of the posts in which the newest are not in force yet."""


class KafkaDesk:
    """Asks Kafka, with the same control records as `upswell reload`. Nothing is connected before it is first asked."""

    def __init__(self, settings: Settings, then: Callable[[Definitions], Awaitable[None]] | None = None) -> None:
        """`then` is awaited with what holds after a change, where nobody else follows the topic."""
        self._settings, self._then = settings, then
        self._log: DefinitionsLog | None = None
        self._one = asyncio.Lock()  # changes one after the other, each of what it saw

    async def newest(self) -> Definitions:
        return await self._asked(self._newest)

    async def change(self, definitions: Definitions, since: str, by: str) -> Definitions:
        made = msgspec.structs.replace(definitions, at=utc_ms(), by=by)

        def changed(log: DefinitionsLog) -> Definitions:
            log.begin_with(defined_by(self._settings))  # unless a worker did
            return log.change(made, since)[0]

        newest = await self._asked(changed)
        if self._then is not None:
            await self._then(newest)
        return newest

    async def behind(self) -> list[int]:
        return await self._asked(lambda log: log.behind(self._newest(log)) if log.history.initial else [])

    async def stop(self) -> None:
        """Lets go of the connection."""
        async with self._one:
            log, self._log = self._log, None
            if log is not None:
                await asyncio.to_thread(log.close)

    async def _asked(self, ask: Callable[[DefinitionsLog], Answer]) -> Answer:
        async with self._one:
            return await asyncio.to_thread(self._ask, ask)

    def _ask(self, ask: Callable[[DefinitionsLog], Answer]) -> Answer:
        self._log = self._log or DefinitionsLog(self._settings)
        return ask(self._log)

    def _newest(self, log: DefinitionsLog) -> Definitions:
        """The file's, where nobody has said anything."""
        return log.refresh().newest or msgspec.structs.replace(defined_by(self._settings), at=0)
