"""Where an agent stands in a partition's log, and which records of a batch are its next ones."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faust.types import TP

from agents.runtime.runs import Run
from agents.runtime.transport import Batch, BatchConsumer

_log = logging.getLogger(__name__)


async def begins_earlier(position: Position, consumer: BatchConsumer, offset: int | None) -> bool:
    """Whether the partition is now read again from an earlier offset than `position` has, because the state that was
    found does not go with what was committed: from `offset`, where what the state does not cover begins, or, where
    there is no state (None), from the first record that the log still holds."""
    begin = await consumer.earliest(position.tp) if offset is None else offset
    if begin >= position.next:
        return False
    _log.warning(
        "%s[%d]: %s offset %d; it is made %s from what the topic holds, from offset %d",
        position.tp.topic,
        position.tp.partition,
        "there is no state that goes with" if offset is None else "the state that was found is older than",
        position.next,
        "anew" if offset is None else "whole",
        begin,
    )
    await consumer.rewind(position.tp, begin)
    return True


@dataclass(slots=True)
class Position:
    """`next` is the offset of the next record to take; batches of another epoch than `epoch` are not taken."""

    tp: TP
    epoch: int
    next: int
    gap: tuple[int, int] | None = None  # the epoch that began because of a gap in the offsets, and where it is

    async def records(self, batch: Batch, consumer: BatchConsumer) -> Sequence[Any]:
        """The records that come next: none of a batch from elsewhere.

        After a gap the partition is read again from where it began; a gap that is still there is the log's own: its
        old records were deleted. What a fetch has looked at and found no record in is no gap."""
        if batch.epoch != self.epoch or batch.last < self.next:
            return []
        if batch.first > self.next:
            if self.gap != (self.epoch, self.next):
                self.epoch = await consumer.rewind(self.tp, self.next)
                self.gap = self.epoch, self.next
                return []
            _log.warning(
                "%s[%d]: offsets %d to %d are not in the log (any more)",
                self.tp.topic,
                self.tp.partition,
                self.next,
                batch.first - 1,
            )
            return batch.records
        if batch.first == self.next:
            return batch.records
        if isinstance(batch.records, Run):
            return batch.records.since(self.next)
        return [record for record in batch.records if record.offset >= self.next]


def resume(position: Position | None, batch: Batch, consumer: BatchConsumer) -> Position | None:
    """The position to take this batch from: `position` where what it stands for is still good, a new one at the
    beginning of the epoch where it is not, None for a batch of an epoch that is over."""
    tp = batch.tp
    epoch = consumer.epochs.get(tp, 0)
    if batch.epoch != epoch:
        return None
    if position is not None and (position.epoch == epoch or consumer.starts[tp] <= position.next):
        position.epoch = epoch
        return position
    return Position(tp, epoch, consumer.starts[tp])
