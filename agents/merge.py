"""The merge agent, where topics are shared among several shards: the parts of all of them in, lists of trends out.

What lists depend on besides later parts is written to a table at full ten minutes of event time, in values that never
change; only then is the offset committed from which the rest can be read again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from faust import App

from agents.agent import PartitionAgent
from agents.context import Context
from agents.place import Place, begins_earlier
from agents.publish import publish
from agents.rank import EDGE_AGE_MS, PREVIEWS_PER_FLUSH, SNAPSHOT_EVERY_S, of_lists
from agents.state import StateTable
from pipeline.trends.shards import STATE_MS, Merging
from pipeline.trends.snapshot import head_names, joined_records, named_records, written_heads
from schemas.parts import ListPart, PartsDone

KEPT_HEADS = 2

_decode = msgspec.json.Decoder(ListPart | PartsDone).decode


class MergedPartition:
    """The one partition of `trend-parts`, and what its parts are put together to."""

    def __init__(self, place: Place, context: Context, records: Mapping[str, bytes]) -> None:
        self.place = place
        self.merging = Merging(context.shards)
        whole = joined_records(records)
        heads = written_heads(whole)
        self.state_offset = heads[0][1] if heads else None  # where what the state does not cover begins
        if heads:
            self.merging.restore(whole[heads[0][0]])
        self.heads: dict[int, list[str]] = {}  # by time (ms): the records of a head and its offset
        for record in records:
            self.heads.setdefault(int(record.split("/")[1]), []).append(record)
        self.unreadable = 0
        self.saved_at = time.monotonic()
        self.previewed_s = 0.0
        self._first: dict[int, int] = {}  # time (ms) -> the first offset that speaks of it

    def take(self, records: Iterable[Any]) -> None:
        """Takes what these records tell."""
        now_ms = time.time() * 1_000
        for record in records:
            self.place.next = record.offset + 1
            try:
                found = _decode(record.value or b"")
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            if isinstance(found, ListPart):
                if found.final:
                    self._first.setdefault(found.at, record.offset)
                elif now_ms - record.timestamp >= EDGE_AGE_MS:
                    continue
                self.merging.take(found)
            else:
                self._first.setdefault(found.at, record.offset)
                self.merging.done(found.shard, found.at)

    @property
    def rewind_offset(self) -> int:
        """From where all that later lists depend on, besides the state, can be read again."""
        self._first = {at: offset for at, offset in self._first.items() if at > self.merging.at}
        return min((self.place.next, *self._first.values()))


class Merge(PartitionAgent[MergedPartition]):
    """The merge agent, where this worker owns it."""

    def __init__(self, app: App, context: Context, state: StateTable) -> None:
        super().__init__(app, context, context.topics.parts)
        self.state = state

    async def _open(self, place: Place) -> MergedPartition | None:
        partition = MergedPartition(place, self.context, self.state.records(place.tp.partition))
        return None if await begins_earlier(place, self.consumer, partition.state_offset) else partition

    async def _process(self, partition: MergedPartition, records: list[Any]) -> None:
        """Publishes the lists that the records make complete."""
        partition.take(records)
        while (issued := partition.merging.advance()) is not None:
            await publish(self.app, of_lists(self.context.topics.trends, issued))
            self.context.health.issued(len(issued))
            await self._save_when_due(partition)

    async def _save_when_due(self, partition: MergedPartition) -> None:
        tp, merging = partition.place.tp, partition.merging
        if merging.at % STATE_MS or time.monotonic() - partition.saved_at < SNAPSHOT_EVERY_S:
            return
        offset = partition.rewind_offset
        head, place = head_names(merging.at)
        records = named_records(head, merging.state()) | named_records(place, b"%d" % offset)
        heads = partition.heads = {**partition.heads, merging.at: list(records)}
        gone = [record for at in sorted(heads)[:-KEPT_HEADS] for record in heads.pop(at)]
        await self.state.write(tp.partition, records, gone)
        partition.saved_at = time.monotonic()
        self.consumer.declare(tp, offset)

    async def preview(self) -> None:
        """Publishes provisional lists, where they are due."""
        for partition in list(self.partitions.values()):
            now = time.monotonic()
            if now - partition.previewed_s >= self.context.flush_ms / 1_000 / PREVIEWS_PER_FLUSH:
                partition.previewed_s = now
                await publish(self.app, of_lists(self.context.topics.live, partition.merging.preview()))
