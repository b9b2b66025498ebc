"""State that outlives a worker: a Faust table whose values never change once written, so no zombie can harm it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from faust import App

from agents.publish import Outgoing, publish


class StateStore:
    """Records by partition and name. What is written is acknowledged before `write` returns."""

    def __init__(self, app: App, name: str, topic: str) -> None:
        self.app, self.topic = app, topic
        self._table: Any = app.Table(
            name,
            key_type=bytes,
            value_type=bytes,
            partitions=1,
            changelog_topic=app.topic(
                topic,
                key_type=bytes,
                value_type=bytes,
                key_serializer="raw",
                value_serializer="raw",
                partitions=1,
                acks=False,
                internal=True,
                allow_empty=True,
                maxsize=131_072,
            ),
        )

    def records(self, partition: int) -> dict[str, bytes]:
        """All records of a partition, as they were recovered or written here."""
        prefix = b"%d/" % partition
        return {
            key.removeprefix(prefix).decode(): value
            for key, value in self._table.data.items()
            if key.startswith(prefix) and value is not None
        }

    async def write(self, partition: int, records: Mapping[str, bytes], forget: Iterable[str] = ()) -> None:
        """Writes records, and only when they are acknowledged forgets others."""
        data = self._table.data
        await publish(
            self.app,
            [Outgoing(self.topic, partition, f"{partition}/{name}".encode(), value) for name, value in records.items()],
        )
        for name, value in records.items():
            data[f"{partition}/{name}".encode()] = value
        gone = [f"{partition}/{name}".encode() for name in forget]
        await publish(self.app, [Outgoing(self.topic, partition, key, None) for key in gone])
        for key in gone:
            data.pop(key, None)
