"""What the tests of `/setup` have instead of Kafka and of networks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.definitions import ChangedError
from pipeline.settings import Settings
from pipeline.web.setup.channels import Channel, Channels
from pipeline.wording import Language
from schemas.definitions import Definitions
from schemas.events import Event
from schemas.sources import FeedSource


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


class FixedChannels(Channels):
    """A source that is refused each time, and what was looked for."""

    def __init__(self) -> None:
        super().__init__(Settings(sources=(FeedSource(name="news", kind="feed", urls=("https://a.example/x",)),)))
        self.asked: list[list[str]] = []

    async def tried(self, events: Sequence[Event], hashtags: Sequence[str], words: Language) -> list[Channel]:
        self.asked.append(list(hashtags))
        return [Channel("news", False, "Refused.", ["one <b>"], "why <i>")]
