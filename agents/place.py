"""Where an agent stands in a partition's log, and which records of a batch are its next ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from faust.types import TP

from agents.transport import Batch, BatchConsumer

_log = logging.getLogger(__name__)


async def begins_earlier(place: Place, consumer: BatchConsumer, offset: int | None) -> bool:
    """Whether the partition is now read again from an earlier offset than `place` has, because the state that was found
    does not go with what was committed: from `offset`, where what the state does not cover begins, or, where there is
    no state (None), from the first record that the log still holds."""
    begin = await consumer.earliest(place.tp) if offset is None else offset
    if begin >= place.next:
        return False
    _log.warning(
        "%s[%d]: %s offset %d; it is made %s from what the topic holds, from offset %d",
        place.tp.topic, place.tp.partition,
        "there is no state that goes with" if offset is None else "the state that was found is older than",
        place.next, "anew" if offset is None else "whole", begin,
    )  # fmt: skip
    await consumer.rewind(place.tp, begin)
    return True


@dataclass(slots=True)
class Place:
    """`next` is the offset of the next record to take; batches of another epoch than `epoch` are not taken."""

    tp: TP
    epoch: int
    next: int
    hole: tuple[int, int] | None = None  # the epoch that began because of a hole in the offsets, and where it is

    async def records(self, batch: Batch, consumer: BatchConsumer) -> list[Any]:
        """The records that come next: none of a batch from elsewhere.

        After a hole the partition is read again from where it began; a hole that is still there is the log's own: its
        old records were deleted, or a transaction's marker lies in it."""
        if batch.epoch != self.epoch or batch.last < self.next:
            return []
        if batch.first > self.next:
            if self.hole != (self.epoch, self.next):
                self.epoch = await consumer.rewind(self.tp, self.next)
                self.hole = self.epoch, self.next
                return []
            _log.warning(
                "%s[%d]: offsets %d to %d are not in the log (any more)",
                self.tp.topic, self.tp.partition, self.next, batch.first - 1,
            )  # fmt: skip
            return list(batch.records)
        if batch.first == self.next:
            return list(batch.records)
        return [record for record in batch.records if record.offset >= self.next]


def follow(place: Place | None, batch: Batch, consumer: BatchConsumer) -> Place | None:
    """The place to take this batch from: `place` where what it stands for is still good, a new one at the beginning of
    the epoch where it is not, None for a batch of an epoch that is over."""
    tp = batch.tp
    epoch = consumer.epochs.get(tp, 0)
    if batch.epoch != epoch:
        return None
    if place is not None and (place.epoch == epoch or consumer.starts[tp] <= place.next):
        place.epoch = epoch
        return place
    return Place(tp, epoch, consumer.starts[tp])
