"""Where the tests of `/setup` keep what is defined: in memory, instead of Kafka."""

from __future__ import annotations

import msgspec

from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.definitions import ChangedError
from schemas.definitions import Definitions


class Desk:
    """What is defined, in memory."""

    def __init__(self, begun: Definitions) -> None:
        self._begun = begun
        self.begin()

    def begin(self) -> None:
        self.now, self.written, self.away = self._begun, list[Definitions](), False

    async def newest(self) -> Definitions:
        if self.away:
            raise KafkaUseError("Kafka at <nowhere> does not answer")
        return self.now

    async def change(self, definitions: Definitions, since: str, by: str) -> Definitions:
        if since != self.now.version:
            raise ChangedError(self.now)
        self.now = msgspec.structs.replace(definitions, at=self.now.at + 1, by=by)
        self.written.append(self.now)
        return self.now

    async def behind(self) -> list[int]:
        return []
