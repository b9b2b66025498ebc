"""What every agent does with batches of records.

It opens a partition where its state begins, takes the records that come next, and after an error goes back to where
what it holds can be rebuilt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from aiokafka.structs import TopicPartition
from faust import App
from faust.types import TP

from agents.context import Context
from agents.position import Position, resume
from agents.runtime.transport import Batch, BatchConsumer

_log = logging.getLogger(__name__)


class Opened(Protocol):
    """What an agent holds of a partition, as of a position in its log."""

    position: Position


P = TypeVar("P", bound=Opened)


class PartitionAgent(Generic[P]):
    """An agent over all partitions of one topic that this worker owns."""

    def __init__(self, app: App, context: Context, topic: str) -> None:
        self.app, self.context, self.topic = app, context, topic
        self.partitions: dict[TP, P] = {}
        self.in_hand = asyncio.Lock()  # held while a batch is taken
        self.heard: dict[TP, float] = {}  # when the last batch came, or it was asked for, by the monotonic clock

    @property
    def consumer(self) -> BatchConsumer:
        return self.app.consumer  # type: ignore[return-value]  # our transport's

    async def _open(self, position: Position) -> P | None:
        """The partition as it stands at a position; None: it is read from an earlier one now."""
        raise NotImplementedError

    async def _process(self, partition: P, records: Sequence[Any]) -> None:
        """Does what the next records of a partition ask for; none: `position` has moved on without any."""
        raise NotImplementedError

    async def take(self, batch: Batch) -> None:
        """Takes what is new in a batch. Whatever is raised, nothing is left half done: the partition's memory is gone
        then, and what is rebuilt from what was written and committed is whole."""
        async with self.in_hand:
            await self._take(batch)

    async def _take(self, batch: Batch) -> None:
        tp = batch.tp
        self.heard[tp] = self.context.clock.monotonic_s()
        partition = self.partitions.get(tp)
        position = resume(partition.position if partition else None, batch, self.consumer)
        if position is None:
            return
        if partition is None or partition.position is not position:
            self.partitions.pop(tp, None)
            partition = await self._open(position)
            if partition is None:
                return
            self.partitions[tp] = partition
        records = await position.records(batch, self.consumer)
        if batch.epoch != position.epoch or batch.last < position.next:
            return  # it was taken before, or is read again
        try:
            if records:
                await self._process(partition, records)
            if position.next <= batch.last:  # what comes behind the last record is no record
                position.next = batch.last + 1
                await self._process(partition, [])
        except BaseException:
            self.partitions.pop(tp, None)
            raise

    async def seek_silent(self) -> None:
        """Seeks again where nothing has come for long though the log goes on. Should records be lost between Kafka and
        an agent, the gap is seen where others follow; after the last ones there is none."""
        now, silent_s = self.context.clock.monotonic_s(), self.context.tuning.silent_s
        for tp in self.consumer.assignment():
            if tp.topic != self.topic or now - self.heard.setdefault(tp, now) < silent_s:
                continue
            self.heard[tp] = now
            partition = self.partitions.get(tp)
            following = partition.position.next if partition else self.consumer.starts.get(tp)
            position = TopicPartition(tp.topic, tp.partition)
            end = (await self.consumer.highwaters(position)).get(position)
            if following is None or end is None or end <= following:
                continue
            _log.info(  # it may only have waited for others, or for the broker
                "%s[%d]: nothing came for %d s though the log goes on from offset %d to %d; it is read from there",
                tp.topic,
                tp.partition,
                silent_s,
                following,
                end,
            )
            await self.consumer.rewind(tp, following)

    async def recover(self, tp: TP) -> None:
        """After an error: on from the committed offset."""
        self.partitions.pop(tp, None)
        await asyncio.sleep(self.context.tuning.retry_s)
        offset = await self.consumer.committed(tp)
        await self.consumer.rewind(tp, self.consumer.starts.get(tp, 0) if offset is None else offset)
