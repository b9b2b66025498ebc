"""The count agent: posts in, closed panes out. It keeps no state but the open panes, in memory.

All decisions are `PaneCounter`'s; here is only what Kafka adds: where a partition is read again after whatever happened
(its rewind offset, which is what is committed), and that panes are acknowledged before later ones are sent. Posts are
counted apart: a large pane does not keep the worker from Kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faust import App
from faust.types import TP

from agents.agent import PartitionAgent
from agents.apart import apart
from agents.context import Context
from agents.poison import Attempts
from agents.position import Position
from agents.publish import CannotGoOnError, Outgoing, publish
from agents.records import control_record, dead_letter, marked_time, marker, post_of, run_of_posts
from agents.runtime.runs import Headers, Run
from pipeline.definitions import FRONTIER_HEADER, entry_key
from pipeline.kafka.definitions import DefinitionsLog
from pipeline.text import matcher_of
from pipeline.trends.counts import Counts
from pipeline.trends.panes import SLOW_MS, PaneCounter
from pipeline.trends.wire import edge_message, to_messages
from schemas import Post, PostError, decode_posts
from schemas.counts import PartitionProgress, encode_counts
from schemas.definitions import Definitions

LIVE_MS = 5_000  # the live edge is told of partitions whose newest record was written within so long, or is the last
LOG_APPEND_TIME = 1  # the type of a record's time that the broker gave it
TAKEN_WITHIN_S = 0.5  # a marker that took longer does not say what the log's clock shows
DEAF_S = 4.0  # without an answer to a fetch: the broker is away, or cannot be reached
# until producers have found a broker again that was away: librdkafka looks after 10 s (and half of it) at most, Java
# after 1 s
PRODUCERS_RETURN_MS = 30_000
EARLIEST_WITHIN_S = 30.0
HANDED_OVER_WITHIN_S = 2.0  # a group that puts its partitions in order waits for all of its workers


class CountedPartition:
    """One posts partition: what is open, how far it was read, and the definitions in force there."""

    def __init__(
        self, position: Position, context: Context, definitions: Definitions, attempts: Attempts | None = None
    ) -> None:
        """`definitions` are those in force at the position; `attempts`: what workers died of before."""
        self.position = position
        self.definitions = definitions
        self.counter = PaneCounter(context.grid, matcher_of(definitions))
        self.dead: list[Outgoing] = []
        # by offset: what control records have put in force, for whoever begins behind them
        self.defined: dict[int, Outgoing] = {}
        self.reached: tuple[int, int] | None = None  # last offset and frontier of what is published
        self.told = position.next  # the first offset that the live edge has not told of
        self.stamp = 0  # the newest record's own timestamp, ms
        self.attempts = attempts or Attempts("", position.next, position.next)
        self.left = False  # to whoever gets it next, which may be this worker
        self._context = context

    def take(self, records: Sequence[Any]) -> list[Counts]:
        """Counts records in log order; returns the panes that close. Records that are no posts go to `dead`."""
        if not records:
            return []
        poison = self.attempts.poison
        headers: Mapping[int, Headers] = {}
        if isinstance(records, Run) and not poison:
            values, headers = records.values, records.headers
        else:
            plain = (record for record in records if not record.headers and record.offset not in poison)
            values = [record.value or b"" for record in plain]
        read = decode_posts(values)
        if len(values) == len(records) and (run := run_of_posts(self._context, records, values, read)):
            closed = self.counter.add(run[0], records[0].offset, run[1])
        else:
            without = (post for number, post in enumerate(read) if number not in headers)
            closed = self._take_one_by_one(records, without)
        self.position.next = records[-1].offset + 1
        self.stamp = records[-1].timestamp or 0
        return closed

    def _take_one_by_one(self, records: Sequence[Any], read: Iterator[Post | PostError]) -> list[Counts]:
        """`take` of records of all kinds; `read` are those without headers that are not poison."""
        closed: list[Counts] = []
        posts: list[Post] = []
        taken_ms: list[int] = []  # when the log took each of them
        poison = self.attempts.poison
        begin = expected = self.position.next
        for record in records:
            offset = record.offset
            taken: Any = record.timestamp
            marked, defined = None, None
            post: Post | PostError | None = None
            if offset in poison:
                post = PostError("poison", "four workers in a row ended at this record, the last two at it alone")
            elif record.headers:
                marked, defined = marked_time(self._context, record), control_record(self._context, record)
            else:
                post = next(read)
            if posts and (offset != expected or marked is not None or isinstance(defined, Definitions)):
                closed += self.counter.add(posts, begin, taken_ms)
                posts, taken_ms = [], []
            try:
                if taken is None or taken < 0:  # aiokafka says None where a producer gave no time
                    raise PostError("time", "the record has no time of its own")
                if marked is not None:
                    closed += self.counter.mark(marked, offset, taken)
                elif isinstance(defined, Definitions):
                    self._redefine(record, defined)
                else:
                    post = post or post_of(record, defined)
                    if isinstance(post, PostError):
                        raise post
                    if post.deleted is not None:
                        topics, value = self._context.topics, record.value or b""
                        self._context.control.require(topics.posts, post, value, record.headers or ())
                    if not posts:
                        begin = offset
                    posts.append(post)
                    taken_ms.append(taken)
            except PostError as fault:
                self._context.health.dead(fault.reason)
                if posts:
                    closed += self.counter.add(posts, begin, taken_ms)
                    posts, taken_ms = [], []
                self.dead.append(dead_letter(self._context.topics.dead, self.position.tp, record, fault.as_value()))
            expected = offset + 1
        if posts:
            closed += self.counter.add(posts, begin, taken_ms)
        return closed

    def _redefine(self, record: Any, definitions: Definitions) -> None:
        """A control record: what it defines holds for the records behind it, unless it is older than what is in force.
        It belongs to no pane and moves no watermark. Raises PostError for one that defines nothing; the definitions in
        force stay so."""
        matcher = matcher_of(definitions)
        if definitions.order <= self.definitions.order:
            return
        self.definitions = definitions
        self.counter.redefine(matcher)
        key = entry_key(self.position.tp.partition, record.offset)
        told = ((FRONTIER_HEADER, b"%d" % self.counter.frontier),)
        self.defined[record.offset] = Outgoing(self._context.topics.definitions, 0, key, record.value, told)

    def close(self, records: Sequence[Any]) -> list[list[bytes]]:
        """Counts records; the panes that close, as rounds of messages (see `to_messages`)."""
        closed = self.take(records)
        return list(to_messages(closed, self.position.tp.partition, self.position.next - 1))

    @property
    def rewind_offset(self) -> int:
        return self.counter.rewind_offset(self.position.next)

    def edge(self) -> bytes | None:
        """What the live edge is to tell next; None: nothing new."""
        partition, first_offset, self.told = self.position.tp.partition, self.told, self.position.next
        if first_offset == self.told:
            return None
        return edge_message(self.counter.edge(), partition, (first_offset, self.told - 1), self.counter.newest)


def _edges(partitions: Sequence[CountedPartition]) -> dict[int, bytes]:
    """What the live edge is to tell of partitions, by their numbers, where there is anything new."""
    found = ((partition.position.tp.partition, partition.edge()) for partition in partitions)
    return {number: edge for number, edge in found if edge is not None}


class Count(PartitionAgent[CountedPartition]):
    """The count agent over all posts partitions this worker owns."""

    def __init__(self, app: App, context: Context, definitions: DefinitionsLog) -> None:
        super().__init__(app, context, context.topics.posts)
        self.definitions = definitions
        self._reported: dict[TP, tuple[int, int]] = {}
        self._marked: dict[TP, float] = {}  # when it was last told the time, by the monotonic clock
        self._ahead_ms = 0  # what this machine's clock was ahead of the log's when that last took a marker
        self._deaf: dict[TP, float] = {}  # when the broker was last seen not to answer for it, by that clock
        self._attempts: dict[TP, Attempts] = {}  # of partitions that this worker has

    async def _open(self, position: Position) -> CountedPartition:
        partition, partitions = position.tp.partition, self.context.partitions
        if partition >= partitions:
            raise CannotGoOnError(
                f"topic {position.tp.topic} has more than the {partitions} partitions that are set (one has the number"
                f" {partition}): set UPSWELL_PARTITIONS to what it has, for everything of this installation, and start"
                " the workers again"
            )
        # what was acknowledged before the offset was committed is found now: so the definitions in force are known
        history = await asyncio.to_thread(self.definitions.refresh)
        tp, offset = position.tp, position.next
        known = self._attempts.get(tp)
        note = known.again if known else await self.consumer.note(tp)
        attempts = self._attempts[tp] = Attempts(note, offset, self.consumer.highwater(tp) or offset)
        await self.consumer.note_down(tp, offset, attempts.note)
        if attempts.poison:
            self.context.health.poisoned()
        return CountedPartition(position, self.context, history.at(partition, offset), attempts)

    async def _process(self, partition: CountedPartition, records: Sequence[Any]) -> None:
        """Counts the records; where workers before died of some, in groups that are noted."""
        tp, attempts = partition.position.tp, partition.attempts
        if partition.left:
            partition.left = False
            await self.consumer.note_down(tp, partition.rewind_offset, attempts.note)
        for group, noted in attempts.groups(records):
            if noted:
                await self.consumer.note_down(tp, partition.rewind_offset, attempts.note)
            await self._count(partition, group)
            if attempts.came_to(partition.position.next, partition.rewind_offset) and noted:
                await self.consumer.note_down(tp, partition.rewind_offset, attempts.note)

    async def _count(self, partition: CountedPartition, records: Sequence[Any]) -> None:
        """Counts the records, publishes what closes by them, and declares from where the rest can be rebuilt."""
        position = partition.position
        closed = await apart(partition.close, records)
        dead, partition.dead = partition.dead, []
        await publish(self.app, dead)
        await self._keep(partition)
        with self.context.health.flushing():
            await self._publish(position.tp, closed)
        counter = partition.counter
        partition.reached = position.next - 1, counter.frontier
        self.consumer.mark_committable(position.tp, partition.rewind_offset)
        self.context.health.counted(
            position.tp.partition,
            read=counter.read,
            duplicates=counter.duplicates,
            late=counter.late_by_source,
            ahead=counter.ahead_by_source,
            frontier_ms=counter.frontier,
            panes_open=counter.open_panes,
            rewind_records=position.next - partition.rewind_offset,
        )

    async def _keep(self, partition: CountedPartition) -> None:
        """Whoever owns the partition next finds what has come in force, before an offset behind it is declared. What
        was written stands: read again from behind the posts before it, the partition seems closed less far."""
        if partition.defined:
            defined, partition.defined = partition.defined, {}
            tp = partition.position.tp
            history = await asyncio.to_thread(self.definitions.refresh)
            known = history.entries.get(tp.partition, {})
            await publish(self.app, [entry for offset, entry in defined.items() if offset not in known])
            begin = await asyncio.wait_for(self.consumer.earliest(tp), EARLIEST_WITHIN_S)  # else: begun again, and told
            gone = history.forgettable(tp.partition, begin)
            await publish(self.app, [Outgoing(self.context.topics.definitions, 0, key, None) for key in gone])

    async def _publish(self, tp: TP, closed: Sequence[Sequence[bytes]]) -> None:
        """A pane that was not acknowledged must not be followed by a later one."""
        topic, key = self.context.topics.counts, b"%d" % tp.partition
        for messages in closed:
            await publish(self.app, [Outgoing(topic, 0, key, message) for message in messages])

    async def hand_over(self) -> None:
        """Before other workers may get what is this one's: commits from where each partition is to be counted on, when
        nothing of it is in hand. So this start of it ended at no record, and whoever begins there need not be careful.
        Raises TimeoutError, KafkaError: then the partitions are read on from an earlier offset."""
        async with asyncio.timeout(HANDED_OVER_WITHIN_S), self.in_hand:
            epochs = self.consumer.epochs
            left = {tp: one for tp, one in self.partitions.items() if one.position.epoch == epochs.get(tp)}
            for one in left.values():
                one.left = True
            offsets = {tp: one.rewind_offset for tp, one in left.items()}
            await self.consumer.leave(offsets, {tp: one.attempts.note_of_leaving for tp, one in left.items()})

    async def report(self) -> None:
        """Tells the rank stage how far the partitions were read and what open panes hold, where that has changed: all
        of it at once, since what is sent alone costs as much."""
        now_ms, owned = self.context.clock.wall_s() * 1_000, self.consumer.assignment()
        for tp in [tp for tp in self.partitions if tp not in owned]:
            del self.partitions[tp]
            self._reported.pop(tp, None)
            self._attempts.pop(tp, None)
            self.context.health.lost(tp.partition)
        found = {tp: partition.reached for tp, partition in self.partitions.items()}
        news = {tp: state for tp, state in found.items() if state is not None and state != self._reported.get(tp)}
        if not news:
            return
        live = [self.partitions[tp] for tp in news if self._is_live(tp, now_ms)]
        edges = await apart(_edges, live) if live else {}
        told = [(p, encode_counts(PartitionProgress(p, *state))) for (_, p), state in news.items()]
        topic = self.context.topics.counts
        await publish(self.app, [Outgoing(topic, 0, b"%d" % p, value) for p, value in (*told, *edges.items())])
        self._reported |= news

    def _is_live(self, tp: TP, now_ms: float) -> bool:
        """Whether a partition was read to what is new, or to its end."""
        return now_ms - self.partitions[tp].stamp < LIVE_MS or self._at_end(tp)

    def _at_end(self, tp: TP) -> bool:
        """Whether all that a partition holds, as far as the broker has told, was read."""
        return 0 < (self.consumer.highwater(tp) or 0) <= self.partitions[tp].position.next

    async def tell_the_time(self) -> None:
        """A marker with the log's time into every owned partition that has been idle, or whose posts are all of
        clocks that are slow or fast. That nothing comes while the broker is away is no sign that nobody posts, nor
        is it so soon after: producers hold what was posted, and bring it when they have found the broker again."""
        clock, idle_s, topic = self.context.clock, self.context.idle_ms / 1_000, self.context.topics.posts
        now = clock.monotonic_s()
        for tp in self.consumer.assignment():
            if tp.topic != topic or not self._hears(tp, now):
                continue
            idle = now - self.heard.setdefault(tp, now) >= idle_s
            if (idle or self._is_slow(tp)) and now - self._marked.get(tp, 0.0) >= idle_s:
                self._marked[tp] = now
                sent, told_ms = clock.monotonic_s(), int(clock.wall_s() * 1_000)
                (taken,) = await publish(self.app, [marker(self.context, tp.partition, told_ms - self._ahead_ms)])
                if taken.timestamp_type == LOG_APPEND_TIME and clock.monotonic_s() - sent < TAKEN_WITHIN_S:
                    self._ahead_ms = told_ms - taken.timestamp

    def _hears(self, tp: TP, now: float) -> bool:
        """Whether the broker answers, and has for as long as producers may need to find it again."""
        answered_s = self.consumer.answered_s(tp)
        if answered_s is None or answered_s > DEAF_S:
            self._deaf[tp] = now
        deaf = self._deaf.get(tp)
        return deaf is None or now - deaf >= PRODUCERS_RETURN_MS / 1_000

    def _is_slow(self, tp: TP) -> bool:
        """Whether a partition is read to its end, and has not come further than long before its newest record."""
        partition = self.partitions.get(tp)
        return partition is not None and partition.counter.newest <= partition.stamp - SLOW_MS and self._at_end(tp)
