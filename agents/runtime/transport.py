"""Record batches through Faust: one message carries all that one fetch brought of a partition.

What is committed is what an agent declares, never what Faust derives from acknowledgements.

Faust costs about a tenth of a millisecond a message whatever is done with it; so a message holds thousands of records.
The committed offset of a partition is its rewind offset (docs/invariants.md): from there its state is rebuilt.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import faust
from aiokafka.consumer import fetcher
from aiokafka.errors import RebalanceInProgressError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from agents.runtime.lenient import LenientPartition, read_leniently
from agents.runtime.runs import Run, RunRecords, compiled, together

NO_EPOCH = -1
FETCH_BYTES = 1 << 20  # the broker answers as soon as it has so much,
FETCH_WAIT_MS = 200  # or after so long: a fetch costs the same, whatever it brings


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, in log order; none where the log holds only marks of transactions, or what was aborted.
    `epoch` numbers the seeks of the partition."""

    tp: TP
    epoch: int
    records: Sequence[Any]  # with offset, timestamp (ms), key, value and headers; a Run where it can be one
    first: int  # the offset that was fetched from, and
    last: int  # the last one that was looked at: what is between and not in `records` is no record (any more)


class BatchSchema(faust.Schema[None, Any]):
    """A batch is the value as it is; nothing is decoded on the way."""

    def loads_key(self, _app: Any, _message: Any, **_: Any) -> None:  # type: ignore[override]
        return None

    def loads_value(self, _app: Any, message: Any, **_: Any) -> Any:  # type: ignore[override]
        return message.value


class _ReadOffsets(defaultdict[TP, int | None]):
    """How far each partition was read; of carried topics nothing is remembered, or Faust would silently drop what lies
    below after a seek."""

    def __init__(self, batched_topics: set[str]) -> None:
        super().__init__(lambda: None)
        self._carried = batched_topics

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        if tp.topic not in self._carried:
            super().__setitem__(tp, offset)


@dataclass(frozen=True, slots=True)
class _End:
    """Behind the records of a fetch: the last offset that it has looked at."""

    offset: int


class _DecodedRecords(LenientPartition):
    """Records of carried topics in runs, or as aiokafka decodes them, not copied one by one into its ConsumerRecord:
    that, and looking through the copies for cycles, took 0.5 CPU s a million. Behind them comes an _End."""

    batched_topics: ClassVar[set[str]] = set()
    begins: ClassVar[dict[TopicPartition, int]] = {}  # the offset that the newest records were fetched from
    most: ClassVar[int] = 10_000  # records of a run

    def __init__(self, tp: TopicPartition, *args: Any) -> None:
        super().__init__(tp, *args)
        self._batched = tp.topic in self.batched_topics
        if self._batched and compiled is not None:
            self._records = RunRecords(self._records, self.most)

    def __iter__(self) -> Iterator[Any]:
        records = self._records_iterator or iter(())
        if not self._batched:
            return records
        self.begins[self._tp] = self.next_fetch_offset
        return chain(records, self._end())

    def _end(self) -> Iterator[_End]:
        yield _End(self.next_fetch_offset - 1)

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        if not self._batched:
            return super()._consumer_record(tp, record)
        return record.since(self.next_fetch_offset) if type(record) is Run else record


class _Fetched(fetcher.FetchResult):  # type: ignore[misc]
    """What a fetch brought of a partition, and nobody has taken yet."""

    _partition_records: Any  # None: nothing

    def getall(self, max_records: int) -> list[Any]:
        """So many records, and what is left of the run that comes to that: aiokafka would take a run for one."""
        found: list[Any] = []
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return found
        for one in self._partition_records:
            found.append(one)
            max_records -= len(one) if type(one) is Run else type(one) is not _End
            if max_records <= 0:
                break
        self._update_position()
        if max_records > 0:
            self._partition_records = None
        return found


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust waits for a single byte, or 1.5 s, and reads what was not committed; it has no setting for either
        consumer._fetch_min_bytes, consumer._fetch_max_wait_ms = FETCH_BYTES, FETCH_WAIT_MS
        consumer._isolation_level = "read_committed"
        return consumer


class BatchConsumer(driver.Consumer):
    """Reads the topics its transport carries in batches, and Faust's own changelogs record by record."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        transport: Transport = kwargs["transport"] if "transport" in kwargs else args[0]
        self.batched_topics = transport.batched_topics
        self.starts: dict[TP, int] = {}  # where the present epoch of a partition begins
        self.epochs: dict[TP, int] = {}
        self._sought_in: dict[TP, Any] = {}  # the assignment in which the epoch began
        self._in_flight: dict[tuple[TP, int], int] = {}  # batches on the way: partition and first offset -> epoch
        self._committable: dict[TP, int] = {}
        self._notes: dict[TP, Callable[[int], str]] = {}  # what is to lie beside a committed offset
        super().__init__(*args, **kwargs)
        self._read_offset = _ReadOffsets(self.batched_topics)

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- what agents ask for ------------------------------------------------------------------------------------------

    def mark_committable(self, tp: TP, offset: int) -> None:
        """`offset` is to be committed for the partition with the next commit."""
        self._committable[tp] = offset

    async def rewind(self, tp: TP, offset: int) -> int:
        """Reads the partition again from `offset`; what is on the way from elsewhere belongs to an older epoch. Returns
        the epoch that begins so."""
        return int(await self._thread.call_thread(self._rewind_in_thread, tp, offset))

    async def _rewind_in_thread(self, tp: TP, offset: int) -> int:
        """Nothing is awaited in here: a fetch comes before all of it, or after. (Faust's own `seek` is called from
        another thread than fetches are, which then may put the position back to where they had come to.)"""
        consumer = self._thread._ensure_consumer()
        epoch = self.epochs[tp] = self.epochs.get(tp, 0) + 1
        self.starts[tp] = offset
        if tp in consumer.assignment():
            consumer.seek(TopicPartition(tp.topic, tp.partition), offset)
            self._sought_in[tp] = _assignment_of(consumer)
        return epoch

    def answered_s(self, tp: TP) -> float | None:
        """How many seconds ago the broker last answered a fetch of the partition, whatever it brought; None: it has
        not since the partition is ours. Where nobody posts it does so every FETCH_WAIT_MS."""
        consumer, place = self._thread._ensure_consumer(), TopicPartition(tp.topic, tp.partition)
        answered_ms = consumer.last_poll_timestamp(place) if place in consumer.assignment() else None
        return None if answered_ms is None else max(0.0, time.time() - answered_ms / 1_000)

    async def earliest(self, tp: TP) -> int:
        """The first offset that the log still holds."""
        return (await self._earliest([tp]))[tp]

    async def _earliest(self, tps: Sequence[TP]) -> dict[TP, int]:
        places = {tp: TopicPartition(tp.topic, tp.partition) for tp in tps}
        found = await self.earliest_offsets(*places.values()) if places else {}
        return {tp: int(found[position]) for tp, position in places.items()}

    async def committed(self, tp: TP) -> int | None:
        """The offset that the group has committed for a partition; None: nothing yet."""
        consumer = self._thread._ensure_consumer()
        found = await self._thread.call_thread(consumer.committed, TopicPartition(tp.topic, tp.partition))
        return None if found is None else int(found)

    async def note(self, tp: TP) -> str:
        """What lies beside the offset that the group has committed for a partition; "" for nothing."""
        coordinator = self._thread._ensure_consumer()._coordinator
        place = TopicPartition(tp.topic, tp.partition)
        found = await self._thread.call_thread(coordinator.fetch_committed_offsets, [place])
        return str(found[place].metadata or "") if place in found else ""

    async def note_down(self, tp: TP, offset: int, note: Callable[[int], str]) -> None:
        """Commits the offset with its note at once, and every later one with what `note` says of it. Raises
        KafkaError."""
        self._notes[tp] = note
        if not await self._thread.call_thread(self._commit_in_thread, {tp: offset}):
            raise RebalanceInProgressError(f"{tp.topic}[{tp.partition}] is another worker's")

    async def leave(self, offsets: Mapping[TP, int], notes: Mapping[TP, Callable[[int], str]]) -> None:
        """Commits from where partitions are to be read on, with what their notes say, and takes nothing more of them
        until they are sought: what is on the way belongs to an older epoch. Raises KafkaError."""
        self._committable |= offsets
        self._notes |= notes
        await self._thread.call_thread(self._leave_in_thread, offsets)

    async def _leave_in_thread(self, offsets: Mapping[TP, int]) -> None:
        for tp in offsets:
            self.epochs[tp] = self.epochs.get(tp, 0) + 1
            self._sought_in.pop(tp, None)
        await self._commit_in_thread(offsets)

    # -- Faust's side -------------------------------------------------------------------------------------------------

    async def perform_seek(self) -> None:
        """The last step of each start and rebalance: every partition goes to where its state can be rebuilt."""
        await super().perform_seek()
        begins: dict[TP, int | None] = {}
        for tp in self.assignment():
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
            self._gap.pop(tp, None)
            self._committed_offset[tp] = None
            if tp.topic in self.batched_topics:
                begins[tp] = await self.committed(tp)
        # asked for all at once: the question waits behind a fetch on the same connection, which may take a second
        earliest = await self._earliest([tp for tp, offset in begins.items() if offset is None])
        for tp, offset in begins.items():
            self._committable.pop(tp, None)
            await self.rewind(tp, earliest[tp] if offset is None else offset)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """One message a partition and fetch; changelogs as Faust reads them."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # asyncio's Event does as well
        active = set(self._get_active_partitions())  # a copy: an emptied set would be read as "all partitions"
        if not active:
            await self.sleep(0.1)
            return
        records, batches = await self._thread.call_thread(self._fetch_in_thread, active, timeout)
        if self.should_stop:
            return
        if not self.flow_active:
            # what was fetched is read again: every resumption begins with a seek
            return
        owned = self.assignment()
        for found, some in records.items():
            tp = TP(found.topic, found.partition)
            if not some or tp not in owned:
                continue
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            if tp.topic in self.batched_topics:
                yield tp, self._message_of(batches[tp])
                self._in_flight.pop((tp, batches[tp].first), None)
            else:
                for record in some:
                    yield tp, self._to_message(tp, record)

    async def _fetch_in_thread(self, active: set[TP], timeout: float) -> tuple[Any, dict[TP, Batch]]:
        """What was fetched, and the batches of it, each with the epoch it belongs to: nothing is awaited between taking
        the one and the other. What comes from an assignment in which nobody has sought yet belongs to none."""
        consumer = self._thread._ensure_consumer()
        self._put_back(consumer)
        records = await self._thread._fetch_records(
            consumer, active, timeout=timeout, max_records=consumer._max_poll_records
        )
        now, batches = _assignment_of(consumer), dict[TP, Batch]()
        for found, some in records.items():
            tp = TP(found.topic, found.partition)
            if some and tp.topic in self.batched_topics:
                epoch = self.epochs.get(tp, NO_EPOCH) if self._sought_in.get(tp) is now else NO_EPOCH
                batch = batches[tp] = _batch_of(tp, epoch, some, _DecodedRecords.begins.get(found))
                if epoch != NO_EPOCH:
                    self._in_flight[tp, batch.first] = epoch
        return records, batches

    def _put_back(self, consumer: Any) -> None:
        """Goes back to batches that reached nobody: a rebalance cancels whoever waits for a fetch, not the fetch, which
        may take its records after the partition was sought. After the last ones of a log nobody would see the gap."""
        untaken, self._in_flight = self._in_flight, {}
        now = _assignment_of(consumer)
        for (tp, first), epoch in sorted(untaken.items(), reverse=True):  # where it is several, the first one is last
            if self.epochs.get(tp) == epoch and self._sought_in.get(tp) is now:
                consumer.seek(TopicPartition(tp.topic, tp.partition), first)

    def _message_of(self, batch: Batch) -> ConsumerMessage:
        tp, last = batch.tp, batch.records[-1] if batch.records else None
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            batch.last,
            ((last and last.timestamp) or 0) / 1000.0,
            0,  # by whose clock: nobody asks
            [],
            None,
            batch,  # type: ignore[arg-type]  # BatchSchema takes it as it is
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def ack(self, message: Any) -> bool:
        """Agents declare; an acknowledged message is only no longer waited for."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Holes in the offsets mean nothing here."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self._committable) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._committable.get(tp)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """A commit that fails costs only a longer way back; it must not end the worker."""
        try:
            return bool(await self._thread.call_thread(self._commit_in_thread, dict(offsets)))
        except Exception as error:
            self.log.warning("offsets were not committed, the next commit says them again: %r", error)
            return False

    async def _commit_in_thread(self, offsets: Mapping[TP, int]) -> bool:
        consumer = self._thread._ensure_consumer()
        owned = consumer.assignment()
        wanted = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, self._notes.get(tp, _no_note)(offset))
            for tp, offset in offsets.items()
        }
        wanted = {tp: offset for tp, offset in wanted.items() if tp in owned}
        if wanted:
            await asyncio.wait_for(consumer.commit(wanted), timeout=10)
        return bool(wanted)


def _batch_of(tp: TP, epoch: int, some: Sequence[Any], begin: int | None) -> Batch:
    """The batch of what one fetch brought of a partition, from an offset on (None: from the first record)."""
    ended = type(some[-1]) is _End
    records = together(some[:-1] if ended else some)
    return Batch(tp, epoch, records, (records or some)[0].offset if begin is None else begin, some[-1].offset)


def _no_note(_offset: int) -> str:
    return ""


def _assignment_of(consumer: Any) -> Any:
    """What the group has given this consumer; another object after each rebalance."""
    return consumer._subscription.subscription.assignment


class Transport(driver.Transport):
    """Faust's aiokafka transport with batches. `batched_topics` are the names of the topics that come so, and whose
    offsets are committed as marked."""

    Consumer = BatchConsumer

    def __init__(self, *args: Any, batched_topics: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batched_topics = batched_topics
        _DecodedRecords.batched_topics, _DecodedRecords.most = batched_topics, self.app.conf.broker_max_poll_records
        read_leniently()
        fetcher.PartitionRecords, fetcher.FetchResult = _DecodedRecords, _Fetched
