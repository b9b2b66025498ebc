"""The count agent: posts in, closed panes out. It keeps no state but the open panes, in memory.

All decisions are `PaneCounter`'s; here is only what Kafka adds: where a partition is read again after whatever happened
(its rewind offset, which is what is committed), and that panes are acknowledged before later ones are sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from faust import App
from faust.types import TP

from agents.agent import PartitionAgent
from agents.context import Context
from agents.place import Place
from agents.publish import Outgoing, publish
from pipeline.definitions import FRONTIER_HEADER, entry_key
from pipeline.kafka.definitions import DefinitionsLog
from pipeline.text import matcher_of
from pipeline.trends.panes import PaneCounter, PaneCounts
from pipeline.trends.shards import split
from pipeline.trends.wire import to_chunks, to_messages
from schemas import MARKER_HEADER, MAX_TIME_MS, Post, PostError, decode_post
from schemas.counts import LiveEdge, Reached
from schemas.definitions import DEFINITIONS_HEADER, Definitions, decode_definitions

EDGE_BYTES = 900_000
DEAD_BYTES = 900_000  # a dead letter holds the beginning of what is larger
LIVE_MS = 5_000  # the live edge is told of partitions whose newest record was written within so long
SLOW_MS = 300_000  # a clock that is further behind is wrong
MARKERS_AHEAD_MS = 3_600_000  # a replay's last marker lies up to an hour (and the lateness) behind its newest post
EARLIEST_WITHIN_S = 30.0
_DETAIL_CHARACTERS = 500

_encode = msgspec.json.Encoder().encode


class CountedPartition:
    """One posts partition: what is open, how far it was read, and the definitions in force there."""

    def __init__(self, place: Place, context: Context, definitions: Definitions) -> None:
        """`definitions` are those in force at the place."""
        self.place = place
        self.definitions = definitions
        self.counter = PaneCounter(context.grid, matcher_of(definitions))
        self.dead: list[Outgoing] = []
        # by offset: what control records have put in force, for whoever begins behind them
        self.defined: dict[int, Outgoing] = {}
        self.reached: tuple[int, int] | None = None  # last offset and frontier of what is published
        self.told = place.next  # the first offset that the live edge has not told of
        self.stamp = 0  # the newest record's own timestamp, ms
        self._context = context

    def take(self, records: Sequence[Any]) -> list[PaneCounts]:
        """Counts records in log order; returns the panes that close. Records that are no posts go to `dead`."""
        closed: list[PaneCounts] = []
        posts: list[Post] = []
        begin = expected = self.place.next
        ahead = self._context.max_ahead_ms
        for record in records:
            offset = record.offset
            stamp: Any = record.timestamp or 0  # aiokafka says None where a producer gave no time
            marked, defines = None, False
            if record.headers:
                marked = None if record.value else _marker(record)
                defines = _defines(record)
            if posts and (offset != expected or marked is not None or defines):
                closed += self.counter.add(posts, begin)
                posts = []
            try:
                if marked is not None:
                    if marked > stamp + ahead + MARKERS_AHEAD_MS:
                        raise PostError("future", f"a marker of {marked}, far beyond the record's own time")
                    closed += self.counter.mark(marked, offset)
                elif defines:
                    self._redefine(record)
                else:
                    post = decode_post(record.value or b"")
                    if post.time > stamp + ahead:
                        raise PostError("future", f"{post.time} is more than {ahead} ms after the record's own time")
                    if not posts:
                        begin = offset
                    posts.append(post)
            except PostError as fault:
                self._context.health.dead(fault.reason)
                if posts:
                    closed += self.counter.add(posts, begin)
                    posts = []
                self.dead.append(_dead_letter(self._context.topics.dead, self.place.tp, record, fault))
            expected = offset + 1
        if posts:
            closed += self.counter.add(posts, begin)
        self.place.next = expected
        self.stamp = records[-1].timestamp or 0
        return closed

    def _redefine(self, record: Any) -> None:
        """A control record: what it defines holds for the records behind it, unless it is older than what is in force.
        It belongs to no pane and moves no watermark. Raises PostError for one that defines nothing; the definitions in
        force stay so."""
        definitions = decode_definitions(record.value or b"")
        matcher = matcher_of(definitions)
        if definitions.order <= self.definitions.order:
            return
        self.definitions = definitions
        self.counter.redefine(matcher)
        key = entry_key(self.place.tp.partition, record.offset)
        told = ((FRONTIER_HEADER, b"%d" % self.counter.frontier),)
        self.defined[record.offset] = Outgoing(self._context.topics.definitions, 0, key, record.value, told)

    @property
    def rewind_offset(self) -> int:
        return self.counter.rewind_offset(self.place.next)

    def edge(self) -> list[bytes]:
        """What the live edge is to tell next, a message for each shard; none: nothing new. Panes that do not fit into
        a message wait till they close."""
        partition, since, self.told = self.place.tp.partition, self.told, self.place.next
        if since == self.told:
            return []
        version, messages = self.told - 1, []
        panes = [split(pane, self._context.shards) for pane in self.counter.edge()]
        for shard in range(self._context.shards):
            chunks = [to_chunks(pane[shard], partition, version, EDGE_BYTES) for pane in panes]
            edge = LiveEdge(partition, since, version, self.counter.newest, [one for one, *more in chunks if not more])
            while len(message := _encode(edge)) > EDGE_BYTES:
                del edge.panes[len(edge.panes) // 2 :]
            messages.append(message)
        return messages


def marker(topic: str, partition: int, time_ms: int) -> Outgoing:
    """An empty post that says that event time has come to `time_ms`."""
    return Outgoing(topic, partition, None, b"", ((MARKER_HEADER, b"%d" % time_ms),))


def _marker(record: Any) -> int | None:
    for name, value in record.headers:
        if name == MARKER_HEADER:
            try:
                time = int(value or b"")
            except ValueError:
                return None
            return time if 0 <= time < MAX_TIME_MS else None
    return None


def _defines(record: Any) -> bool:
    return any(name == DEFINITIONS_HEADER for name, _ in record.headers)


def _dead_letter(topic: str, tp: TP, record: Any, fault: PostError) -> Outgoing:
    """The same key however often the record is read, so that compaction leaves one. (No value would be a tombstone.)"""
    place = f"{tp.partition}:{record.offset}"
    headers: tuple[tuple[str, bytes], ...] = (
        ("reason", fault.reason.encode()),
        ("detail", fault.detail[:_DETAIL_CHARACTERS].encode(errors="replace")),
        ("topic", tp.topic.encode()),
        ("partition", str(tp.partition).encode()),
        ("offset", str(record.offset).encode()),
    )
    raw = record.value or b""
    if len(raw) > DEAD_BYTES:  # it came compressed: as it is it would not pass
        headers += (("bytes", str(len(raw)).encode()),)
    return Outgoing(topic, None, place.encode(), raw[:DEAD_BYTES], headers)


class Count(PartitionAgent[CountedPartition]):
    """The count agent over all posts partitions this worker owns."""

    def __init__(self, app: App, context: Context, definitions: DefinitionsLog) -> None:
        super().__init__(app, context, context.topics.posts)
        self.definitions = definitions
        self._reported: dict[TP, tuple[int, int]] = {}
        self._marked: dict[TP, float] = {}  # when it was last told the time, by that clock

    async def _open(self, place: Place) -> CountedPartition:
        # what was acknowledged before the offset was committed is found now: so the definitions in force are known
        ledger = await asyncio.to_thread(self.definitions.refresh)
        return CountedPartition(place, self.context, ledger.at(place.tp.partition, place.next))

    async def _process(self, partition: CountedPartition, records: list[Any]) -> None:
        """Counts the records, publishes what closes by them, and declares from where the rest can be rebuilt."""
        place = partition.place
        closed = partition.take(records)
        dead, partition.dead = partition.dead, []
        await publish(self.app, dead)
        await self._keep(partition)
        with self.context.health.flushing():
            await self._publish(place.tp, closed, place.next - 1)
        counter = partition.counter
        partition.reached = place.next - 1, counter.frontier
        self.consumer.declare(place.tp, partition.rewind_offset)
        self.context.health.counted(
            place.tp.partition,
            read=counter.read,
            duplicates=counter.duplicates,
            late=counter.late_by_source,
            frontier_ms=counter.frontier,
            panes_open=counter.open_panes,
            rewind_records=place.next - partition.rewind_offset,
        )

    async def _keep(self, partition: CountedPartition) -> None:
        """Whoever owns the partition next finds what has come in force, before an offset behind it is declared. What
        was written stands: read again from behind the posts before it, the partition seems closed less far."""
        if partition.defined:
            defined, partition.defined = partition.defined, {}
            tp = partition.place.tp
            ledger = await asyncio.to_thread(self.definitions.refresh)
            known = ledger.entries.get(tp.partition, {})
            await publish(self.app, [entry for offset, entry in defined.items() if offset not in known])
            begin = await asyncio.wait_for(self.consumer.earliest(tp), EARLIEST_WITHIN_S)  # else: begun again, and told
            gone = ledger.forgettable(tp.partition, begin)
            await publish(self.app, [Outgoing(self.context.topics.definitions, 0, key, None) for key in gone])

    async def _publish(self, tp: TP, closed: Sequence[PaneCounts], version: int) -> None:
        """A pane that was not acknowledged must not be followed by a later one."""
        topic, key = self.context.topics.counts, b"%d" % tp.partition
        for messages in to_messages(closed, tp.partition, version, self.context.shards):
            await publish(self.app, [Outgoing(topic, shard, key, message) for shard, message in messages])

    async def report(self) -> None:
        """Tells the rank stage how far the partitions were read and what open panes hold, where that has changed."""
        now_ms, topic = time.time() * 1_000, self.context.topics.counts
        owned = self.consumer.assignment()
        for tp, partition in list(self.partitions.items()):
            if tp not in owned:
                del self.partitions[tp]
                self._reported.pop(tp, None)
                self.context.health.lost(tp.partition)
                continue
            state = partition.reached
            if state is not None and state != self._reported.get(tp):
                key, reached = b"%d" % tp.partition, _encode(Reached(tp.partition, *state))
                messages = [Outgoing(topic, shard, key, reached) for shard in range(self.context.shards)]
                if now_ms - partition.stamp < LIVE_MS:
                    messages += [Outgoing(topic, shard, key, edge) for shard, edge in enumerate(partition.edge())]
                await publish(self.app, messages)
                self._reported[tp] = state

    async def tell_the_time(self) -> None:
        """A marker with the clock's time into every owned partition that has been idle, or whose posts are all of a
        clock that is slow."""
        now, idle_s, topic = time.monotonic(), self.context.idle_ms / 1_000, self.context.topics.posts
        for tp in self.consumer.assignment():
            if tp.topic != topic:
                continue
            idle = now - self.heard.setdefault(tp, now) >= idle_s
            if (idle or self._is_slow(tp)) and now - self._marked.get(tp, 0.0) >= idle_s:
                self._marked[tp] = now
                await publish(self.app, [marker(topic, tp.partition, int(time.time() * 1_000))])

    def _is_slow(self, tp: TP) -> bool:
        """Whether a partition is read to its end, and that is of long ago."""
        partition = self.partitions.get(tp)
        if partition is None or partition.counter.newest > time.time() * 1_000 - SLOW_MS:
            return False
        return (self.consumer.highwater(tp) or 0) <= partition.place.next
