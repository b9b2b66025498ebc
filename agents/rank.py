"""The rank agent: closed panes of all posts partitions in, lists of trends out.

A pane is taken once: the first complete set of chunks of each (posts partition, pane) above the highest complete one.
The state is written to a table at full ten minutes of event time, in values that never change; only then are
the offsets committed from which the rest can be rebuilt. All that the ranker does is done apart: a large step does not
keep the worker from Kafka.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from aiokafka.structs import TopicPartition
from faust import App

from agents.agent import PartitionAgent
from agents.apart import apart
from agents.context import Context
from agents.position import Position, begins_earlier
from agents.publish import Outgoing, publish
from agents.records import marker
from agents.state import StateStore
from pipeline.trends.counts import Counts
from pipeline.trends.panes import SLOW_MS
from pipeline.trends.ranker import Ranker
from pipeline.trends.score import HOUR_MS
from pipeline.trends.snapshot import Snapshots, restore
from pipeline.trends.wire import SNAPSHOT_MS, from_chunks
from schemas import TrendList
from schemas.counts import CountsChunk, EarlyPanes, Panes, PartitionProgress, decode_counts

EDGE_AGE_MS = 30_000
PREVIEWS_PER_FLUSH = 2  # provisional lists are made at most so often for each time that count agents tell of news
TELLS_WITHIN_S = 0.15  # workers tell of their partitions at times of their own: what comes so soon is waited for

_encode = msgspec.json.Encoder().encode


class PaneAssembler:
    """The chunks of one partition of `topic-counts`, put together to panes; how far each posts partition is closed."""

    def __init__(self, partitions: int, begin_ms: int = 0) -> None:
        self.frontiers = dict.fromkeys(range(partitions), 0)
        self.last_offsets: dict[int, int] = {}  # last offset of the posts partition that was read
        self._begin_ms = begin_ms  # panes before this are in the state already
        self._highest = dict.fromkeys(range(partitions), -1)  # highest complete pane
        self._chunks: dict[tuple[int, int, str], dict[int, tuple[CountsChunk, int]]] = {}
        self._first: dict[int, int] = {}  # pane -> the first offset that speaks of it
        self._raised: dict[int, list[tuple[int, int]]] = {p: [] for p in range(partitions)}  # (frontier, offset)

    @property
    def frontier(self) -> int:
        """All panes before this (ms) are closed in every partition."""
        return min(self.frontiers.values())

    def take(self, value: bytes, offset: int) -> Iterator[Counts | EarlyPanes]:
        """The panes that are complete with this record and are new; or what open panes hold. Raises
        msgspec.DecodeError, ValueError."""
        told = decode_counts(value)
        if isinstance(told, EarlyPanes):
            yield told
        elif isinstance(told, PartitionProgress):
            self._raise(told.partition, told.frontier, told.last_offset, offset)
        else:
            for chunk in told.panes if isinstance(told, Panes) else [told]:
                pane = self._put(chunk, offset)
                if pane is not None:
                    yield pane

    def _put(self, chunk: CountsChunk, offset: int) -> Counts | None:
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
        self._raise(chunk.partition, chunk.frontier, chunk.last_offset, first_offset)
        return from_chunks(known) if new and chunk.pane >= self._begin_ms else None

    def _raise(self, partition: int, frontier: int, last_offset: int, offset: int) -> None:
        self.last_offsets[partition] = max(last_offset, self.last_offsets.get(partition, -1))
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


class StalledPartition(NamedTuple):
    """A posts partition that holds the lists back: how far it is closed (ms), how far others were and the time (s, of
    the monotonic clock) when that began."""

    frontier: int
    goal: int
    since: float

    def now(self, frontier: int, most: int, now: float) -> StalledPartition:
        """The same a moment later; it begins anew where the partition gets on by itself. One that moves and is as far
        behind as before all the same has only posts of clocks that are slow or fast."""
        stays = frontier == self.frontier or (frontier < self.goal and most - frontier > SLOW_MS)
        return self._replace(frontier=frontier) if stays else StalledPartition(frontier, most, now)


class RankedPartition:
    """The partition of `topic-counts`, and the ranker that its panes are put on."""

    def __init__(self, position: Position, context: Context, records: Mapping[str, bytes]) -> None:
        self.position = position
        self.lists_from_ms = context.lists_from_ms
        self._clock = context.clock
        restored = restore(records, context.grid)
        self.state_offset = restored.offset if restored else None  # where what the state does not cover begins
        self.ranker = restored.ranker if restored else Ranker(context.grid)
        self.snapshots = Snapshots(self.ranker, records if restored else None)
        self.intake = PaneAssembler(context.partitions, self.ranker.now or 0)
        self.held: dict[int, StalledPartition] = {}  # by posts partition
        self.ends: dict[int, int] = {}  # by posts partition: where its log ended when it was last asked for
        self.unreadable = 0
        self.saved_at = self._clock.monotonic_s()
        # when the live edge moved since the last provisional lists, first and last (monotonic clock)
        self.told_s: tuple[float, float] | None = None
        self.told: set[int] = set()  # the posts partitions that were told of since, and those before
        self.told_before: set[int] = set()
        self.previewed_s = self.preview_took_s = 0.0  # when they were made, and how long it took

    def take(self, records: Iterable[Any]) -> None:
        """Adds the panes that are new in these records to the ranker."""
        for record in records:
            self.position.next = record.offset + 1
            try:
                for found in self.intake.take(record.value or b"", record.offset):
                    if isinstance(found, EarlyPanes):
                        self._tell(found, record.timestamp)
                    else:
                        self.ranker.add(found)
            except (msgspec.DecodeError, ValueError):
                self.unreadable += 1

    def _tell(self, edge: EarlyPanes, stamp: int) -> None:
        """The live edge matters while it is live."""
        if self._clock.wall_s() * 1_000 - stamp < EDGE_AGE_MS:
            panes = [from_chunks([chunk]) for chunk in edge.panes]
            self.ranker.tell(edge.partition, edge.first_offset, edge.last_offset, edge.newest, panes)
            now = self._clock.monotonic_s()
            self.told_s = (now if self.told_s is None else self.told_s[0], now)
            self.told.add(edge.partition)

    def previews_due(self, every_s: float) -> bool:
        """Whether provisional lists are to be made: at most every so many seconds, and a fifth of the time; once all
        that is told at one time has come, as far as the time before shows it, or some of it waits so long."""
        told_s, now = self.told_s, self._clock.monotonic_s()
        if told_s is None or now - self.previewed_s < max(every_s, 5 * self.preview_took_s):
            return False
        first, last = told_s
        return self.told_before <= self.told or now - last >= TELLS_WITHIN_S or now - first >= every_s

    def preview(self) -> Sequence[TrendList]:
        """The provisional lists that look different."""
        now = self._clock.monotonic_s()
        self.told_s, self.previewed_s = None, now
        self.told_before, self.told = self.told, set()
        step = self.ranker.preview(self.intake.frontiers)
        self.preview_took_s = self._clock.monotonic_s() - now
        return step.lists

    def _is_hour(self, _scope: str, _window: str) -> bool:
        now = self.ranker.now
        return now is not None and now % HOUR_MS == 0

    def advance(self) -> list[TrendList] | None:
        """The lists of every step that is final, up to a moment at which the state can be written: the next one, or the
        last one before anything changes. None: no step is."""
        frontier, now, begins = self.intake.frontier, self.ranker.now, self.ranker.begins
        if begins is None:
            return None
        change = self.ranker.next_change()
        quiet_until = frontier if change is None else min(change, frontier)
        snapshot_at = max(begins // SNAPSHOT_MS + 1, (quiet_until - 1) // SNAPSHOT_MS) * SNAPSHOT_MS
        frontier = min(frontier, snapshot_at)
        first = now is None  # of a history the first minutes are shown, and the end of each hour
        self.ranker.wants = None if first or begins >= self.lists_from_ms else self._is_hour
        issued: list[TrendList] = []
        for step in self.ranker.advance(frontier):
            issued += step.lists
        return issued if self.ranker.now != now else None


def of_lists(topic: str, lists: Iterable[TrendList]) -> list[Outgoing]:
    """Lists as messages."""
    return [Outgoing(topic, 0, f"{of.scope}/{of.window}".encode(), _encode(of)) for of in lists]


class Rank(PartitionAgent[RankedPartition]):
    """The rank agent, where this worker owns it."""

    def __init__(self, app: App, context: Context, state: StateStore) -> None:
        super().__init__(app, context, context.topics.counts)
        self.state = state

    async def _open(self, position: Position) -> RankedPartition | None:
        records = self.state.records(position.tp.partition)
        partition = await apart(RankedPartition, position, self.context, records)
        return None if await begins_earlier(position, self.consumer, partition.state_offset) else partition

    async def _process(self, partition: RankedPartition, records: Sequence[Any]) -> None:
        """Ranks what the records make final."""
        await apart(partition.take, records)
        while (issued := await apart(self._advance, partition)) is not None:
            await publish(self.app, of_lists(self.context.topics.trends, issued))
            self.context.health.issued(len(issued))
            await self._save_when_due(partition)

    def _advance(self, partition: RankedPartition) -> list[TrendList] | None:
        with self.context.health.ranking():
            return partition.advance()

    def _preview(self, partition: RankedPartition) -> Sequence[TrendList]:
        with self.context.health.previewing():
            return partition.preview()

    async def preview(self) -> None:
        """Publishes provisional lists, where they are due."""
        every_s = self.context.flush_ms / 1_000 / PREVIEWS_PER_FLUSH
        for partition in [each for each in self.partitions.values() if each.previews_due(every_s)]:
            lists = await apart(self._preview, partition)
            await publish(self.app, of_lists(self.context.topics.live, lists))

    async def _save_when_due(self, partition: RankedPartition) -> None:
        """Which of the full ten minutes it is changes no result."""
        tp, now, clock = partition.position.tp, partition.ranker.now, self.context.clock
        due = clock.monotonic_s() - partition.saved_at >= self.context.tuning.state_every_s
        if now is None or now % SNAPSHOT_MS or not due:
            return
        offset = partition.intake.rewind_offset(now, partition.position.next)
        snapshot = await apart(partition.snapshots.take, offset)
        await self.state.write(tp.partition, snapshot.records, snapshot.forget)
        partition.saved_at = clock.monotonic_s()
        self.consumer.mark_committable(tp, offset)

    async def wake_idle(self) -> None:
        """A marker into each posts partition that has held the lists back for `idle_ms` and a pane though it is read to
        its end: the time that the others have come to."""
        for partition in list(self.partitions.values()):
            frontiers, last_offsets = partition.intake.frontiers, partition.intake.last_offsets
            most = max(frontiers.values())
            behind = {TopicPartition(self.context.topics.posts, p) for p, at in frontiers.items() if at < most}
            # forgotten, should the broker not answer: nobody could post
            held, partition.held, ended, partition.ends = partition.held, {}, partition.ends, {}
            ends = await self.consumer.highwaters(*behind) if behind else {}
            now = self.context.clock.monotonic_s()
            for tp, end in ends.items():
                posts = tp.partition
                partition.ends[posts], read = end, last_offsets.get(posts, -1) + 1
                if not ended.get(posts, end + 1) <= read <= end:
                    continue  # not read to where it ended a moment ago, or the broker does not know its end
                frontier = frontiers[posts]
                known = held.get(posts, StalledPartition(frontier, most, now)).now(frontier, most, now)
                partition.held[posts] = known
                # with a post in every `idle_ms` it would have been closed further by now
                if now - known.since >= (self.context.idle_ms + self.context.grid.pane_ms) / 1_000:
                    del partition.held[posts]
                    await publish(
                        self.app, [marker(self.context, posts, most + self.context.grid.max_out_of_orderness_ms)]
                    )
