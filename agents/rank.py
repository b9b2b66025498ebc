"""The rank agent: closed panes of all posts partitions in, lists of trends out; where topics are shared among several
shards, the parts of lists.

A pane is taken once: the first complete set of chunks of each (posts partition, pane) above the highest complete one.
The state is written to a table at full ten minutes of event time, in values that never change; only then are
the offsets committed from which the rest can be rebuilt.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from aiokafka.structs import TopicPartition
from faust import App

from agents.agent import PartitionAgent
from agents.context import Context
from agents.count import SLOW_MS, marker
from agents.place import Place, begins_earlier
from agents.publish import Outgoing, publish
from agents.state import StateTable
from pipeline.trends.board import Board
from pipeline.trends.panes import PaneCounts
from pipeline.trends.score import HOUR_MS
from pipeline.trends.snapshot import SNAPSHOT_MS, Snapshots, restore
from pipeline.trends.wire import from_chunks
from schemas import TrendList
from schemas.counts import CountsChunk, CountsMessage, LiveEdge, Panes, Reached
from schemas.parts import ListPart, PartsDone

SNAPSHOT_EVERY_S = 20.0  # of the wall clock, at most; which of the full ten minutes it is changes no result

EDGE_AGE_MS = 30_000
PREVIEWS_PER_FLUSH = 2  # provisional lists are made at most so often for each time that count agents tell of news

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CountsMessage).decode


class Intake:
    """The chunks of one partition of `topic-counts`, put together to panes; how far each posts partition is closed."""

    def __init__(self, partitions: int, begin_ms: int = 0) -> None:
        self.frontiers = dict.fromkeys(range(partitions), 0)
        self.versions: dict[int, int] = {}  # last offset of the posts partition that was read
        self._begin_ms = begin_ms  # panes before this are in the state already
        self._highest = dict.fromkeys(range(partitions), -1)  # highest complete pane
        self._chunks: dict[tuple[int, int, str], dict[int, tuple[CountsChunk, int]]] = {}
        self._first: dict[int, int] = {}  # pane -> the first offset that speaks of it
        self._raised: dict[int, list[tuple[int, int]]] = {p: [] for p in range(partitions)}  # (frontier, offset)

    @property
    def frontier(self) -> int:
        """All panes before this (ms) are closed in every partition."""
        return min(self.frontiers.values())

    def take(self, value: bytes, offset: int) -> Iterator[PaneCounts | LiveEdge]:
        """The panes that are complete with this record and are new; or what open panes hold. Raises
        msgspec.DecodeError, ValueError."""
        told = _decode(value)
        if isinstance(told, LiveEdge):
            yield told
        elif isinstance(told, Reached):
            self._raise(told.partition, told.frontier, told.version, offset)
        else:
            for chunk in told.panes if isinstance(told, Panes) else [told]:
                pane = self._put(chunk, offset)
                if pane is not None:
                    yield pane

    def _put(self, chunk: CountsChunk, offset: int) -> PaneCounts | None:
        """The pane that is complete with this chunk, where it is a new one."""
        self._first.setdefault(chunk.pane, offset)
        key = (chunk.partition, chunk.pane, chunk.digest)
        parts = self._chunks.setdefault(key, {})
        parts.setdefault(chunk.chunk, (chunk, offset))
        if len(parts) < chunk.of:
            return None
        del self._chunks[key]
        known = [part for part, _ in sorted(parts.values(), key=lambda part: part[0].chunk)]
        first_offset = min(at for _, at in parts.values())
        new = chunk.pane > self._highest.get(chunk.partition, -1)
        if new:
            self._highest[chunk.partition] = chunk.pane
            self._chunks = {k: v for k, v in self._chunks.items() if k[0] != chunk.partition or k[1] > chunk.pane}
        self._raise(chunk.partition, chunk.frontier, chunk.version, first_offset)
        return from_chunks(known) if new and chunk.pane >= self._begin_ms else None

    def _raise(self, partition: int, frontier: int, version: int, offset: int) -> None:
        self.versions[partition] = max(version, self.versions.get(partition, -1))
        if frontier > self.frontiers.get(partition, 0):
            self.frontiers[partition] = frontier
            self._raised[partition].append((frontier, offset))

    def rewind_offset(self, at: int, next_offset: int) -> int:
        """From where panes from `at` (ms) on, and that all before are closed, can be read again."""
        self._first = {pane: offset for pane, offset in self._first.items() if pane >= at}
        offsets = [next_offset, *self._first.values()]
        for partition, raised in self._raised.items():
            kept = self._raised[partition] = [(frontier, offset) for frontier, offset in raised if frontier >= at]
            offsets += [offset for _, offset in kept[:1]]
        return min(offsets)


class Held(NamedTuple):
    """A posts partition that holds the lists back: how far it is closed (ms), how far others were and the time (s, of
    the monotonic clock) when that began."""

    frontier: int
    goal: int
    since: float

    def now(self, frontier: int, most: int, now: float) -> Held:
        """The same a moment later; it begins anew where the partition gets on by itself. One that moves and is as far
        behind as before all the same has only posts of a clock that is slow."""
        stays = frontier == self.frontier or (frontier < self.goal and most - frontier > SLOW_MS)
        return self._replace(frontier=frontier) if stays else Held(frontier, most, now)


class RankedPartition:
    """The partition of `topic-counts`, and the board that its panes are put on."""

    def __init__(self, place: Place, context: Context, records: Mapping[str, bytes]) -> None:
        self.place = place
        self.lists_from_ms = context.lists_from_ms
        self.shard = place.tp.partition if context.shards > 1 else None
        restored = restore(records, context.grid, self.shard)
        self.state_offset = restored.offset if restored else None  # where what the state does not cover begins
        self.board = restored.board if restored else Board(context.grid, shard=self.shard)
        self.snapshots = Snapshots(self.board, records if restored else None)
        self.intake = Intake(context.partitions, self.board.now or 0)
        self.held: dict[int, Held] = {}  # by posts partition
        self.ends: dict[int, int] = {}  # by posts partition: where its log ended when it was last asked for
        self.unreadable = 0
        self.saved_at = time.monotonic()
        self.told = False  # whether the live edge has moved since the last provisional lists
        self.previewed_s = self.preview_took_s = 0.0  # when they were made (monotonic clock), and how long it took

    def take(self, records: Iterable[Any]) -> None:
        """Adds the panes that are new in these records to the board."""
        for record in records:
            self.place.next = record.offset + 1
            try:
                for found in self.intake.take(record.value or b"", record.offset):
                    if isinstance(found, LiveEdge):
                        self._tell(found, record.timestamp)
                    else:
                        self.board.add(found)
            except (msgspec.DecodeError, ValueError):
                self.unreadable += 1

    def _tell(self, edge: LiveEdge, stamp: int) -> None:
        """The live edge matters while it is live."""
        if time.time() * 1_000 - stamp < EDGE_AGE_MS:
            panes = [from_chunks([chunk]) for chunk in edge.panes]
            self.board.tell(edge.partition, edge.since, edge.version, edge.newest, panes)
            self.told = True

    def preview(self, every_s: float) -> Sequence[TrendList | ListPart]:
        """The provisional lists, or parts, that look different: at most every so many seconds, and a fifth of the
        time."""
        now = time.monotonic()
        if not self.told or now - self.previewed_s < max(every_s, 5 * self.preview_took_s):
            return []
        self.told, self.previewed_s = False, now
        step = self.board.preview(self.intake.frontiers)
        self.preview_took_s = time.monotonic() - now
        return step.parts or step.lists

    def _is_hour(self, _scope: str, _window: str) -> bool:
        now = self.board.now
        return now is not None and now % HOUR_MS == 0

    def advance(self) -> list[TrendList | ListPart] | None:
        """The lists, or parts, of every step that is final, up to the next moment at which the state can be written;
        None: no step is."""
        frontier, now, begins = self.intake.frontier, self.board.now, self.board.begins
        if begins is None:
            return None
        frontier = min(frontier, (begins // SNAPSHOT_MS + 1) * SNAPSHOT_MS)
        first = now is None  # of a history the first minutes are shown, and the end of each hour
        self.board.wants = None if first or begins >= self.lists_from_ms else self._is_hour
        issued: list[TrendList | ListPart] = []
        for step in self.board.advance(frontier):
            issued += step.parts or step.lists
        return issued if self.board.now != now else None


def of_lists(topic: str, lists: Iterable[TrendList | ListPart]) -> list[Outgoing]:
    """Lists, or parts of lists, as messages."""
    return [Outgoing(topic, 0, f"{of.scope}/{of.window}".encode(), _encode(of)) for of in lists]


class Rank(PartitionAgent[RankedPartition]):
    """The rank agent, where this worker owns it."""

    def __init__(self, app: App, context: Context, state: StateTable) -> None:
        super().__init__(app, context, context.topics.counts)
        self.state = state

    async def _open(self, place: Place) -> RankedPartition | None:
        partition = RankedPartition(place, self.context, self.state.records(place.tp.partition))
        return None if await begins_earlier(place, self.consumer, partition.state_offset) else partition

    async def _process(self, partition: RankedPartition, records: list[Any]) -> None:
        """Ranks what the records make final."""
        partition.take(records)
        while (issued := self._advance(partition)) is not None:
            await self._publish(partition, issued)
            await self._save_when_due(partition)

    def _advance(self, partition: RankedPartition) -> list[TrendList | ListPart] | None:
        with self.context.health.ranking():
            return partition.advance()

    async def _publish(self, partition: RankedPartition, issued: Sequence[TrendList | ListPart]) -> None:
        if partition.shard is None:
            await publish(self.app, of_lists(self.context.topics.trends, issued))
            self.context.health.issued(len(issued))
            return
        topic = self.context.topics.parts
        await publish(self.app, of_lists(topic, issued))
        done = PartsDone(partition.shard, partition.board.now or 0)
        await publish(self.app, [Outgoing(topic, 0, b"%d" % partition.shard, _encode(done))])

    async def preview(self) -> None:
        """Publishes provisional lists, where they are due."""
        for partition in list(self.partitions.values()):
            with self.context.health.previewing():
                lists = partition.preview(self.context.flush_ms / 1_000 / PREVIEWS_PER_FLUSH)
            topics = self.context.topics
            await publish(self.app, of_lists(topics.live if partition.shard is None else topics.parts, lists))

    async def _save_when_due(self, partition: RankedPartition) -> None:
        tp, now = partition.place.tp, partition.board.now
        if now is None or now % SNAPSHOT_MS or time.monotonic() - partition.saved_at < SNAPSHOT_EVERY_S:
            return
        offset = partition.intake.rewind_offset(now, partition.place.next)
        snapshot = partition.snapshots.take(offset)
        await self.state.write(tp.partition, snapshot.records, snapshot.forget)
        partition.saved_at = time.monotonic()
        self.consumer.declare(tp, offset)

    async def wake_idle(self) -> None:
        """A marker into each posts partition that has held the lists back for `idle_ms` though it is read to its end:
        the time that the others have come to."""
        for partition in list(self.partitions.values()):
            if partition.shard:
                continue  # the first shard does it: all know the same
            frontiers, versions = partition.intake.frontiers, partition.intake.versions
            most = max(frontiers.values())
            behind = {TopicPartition(self.context.topics.posts, p) for p, at in frontiers.items() if at < most}
            # forgotten, should the broker not answer: nobody could post
            held, partition.held, ended, partition.ends = partition.held, {}, partition.ends, {}
            ends = await self.consumer.highwaters(*behind) if behind else {}
            now = time.monotonic()
            for tp, end in ends.items():
                posts = tp.partition
                partition.ends[posts], read = end, versions.get(posts, -1) + 1
                if not ended.get(posts, end + 1) <= read <= end:
                    continue  # not read to where it ended a moment ago, or the broker does not know its end
                frontier = frontiers[posts]
                known = held.get(posts, Held(frontier, most, now)).now(frontier, most, now)
                partition.held[posts] = known
                if now - known.since >= self.context.idle_ms / 1_000:
                    del partition.held[posts]
                    await publish(self.app, [marker(tp.topic, posts, most + self.context.grid.lateness_ms)])
