"""What a posts topic must lead to, read straight from it: one counter a partition, one ranker, no worker."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import confluent_kafka
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.kafka.connection import Connection
from pipeline.settings import Settings
from pipeline.text import matcher_of
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker
from pipeline.trends.wire import from_chunks, to_chunks
from schemas import MAX_TIME_MS, PostError, TrendList, decode_post
from schemas.counts import CountsChunk, Panes, decode_counts
from schemas.definitions import Definitions, decode_definitions
from schemas.topics import Topics

Place = tuple[int, int]  # posts partition, pane (ms)


class Expected(NamedTuple):
    lists: dict[str, list[bytes]]  # by key: what lies in `trends`, repetitions aside
    panes: dict[Place, str]  # the digests of those that hold or tell anything
    dead: set[bytes]
    posts: int
    nudges: int  # markers before the last one of a partition


async def records(address: str, topic: str) -> list[Any]:
    """All records of a topic, partition by partition, in log order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        places = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: dict[TopicPartition, list[Any]] = {place: [] for place in places}
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, some in (await consumer.getmany(timeout_ms=500)).items():
                found[place] += some
        return [record for place in places for record in found[place]]
    finally:
        await consumer.stop()


def read(address: str, topic: str) -> list[Any]:
    return asyncio.run(records(address, topic))


def committed(settings: Settings, topic: str, partition: int = 0) -> int:
    """The offset that the workers' group has committed; negative where there is none."""
    consumer = confluent_kafka.Consumer(
        {**Connection.of(settings).confluent(), "group.id": Topics(settings.kafka_prefix).group}
    )
    try:
        place = confluent_kafka.TopicPartition(settings.kafka_prefix + topic, partition)
        return int(consumer.committed([place], 10)[0].offset)
    finally:
        consumer.close()


def expected(posts: list[Any], grid: Grid, first: Definitions | None = None) -> Expected:
    """From the records of the posts topic; `first` are the definitions that hold from the beginning."""
    dead, counted, nudges = set(), 0, 0
    closes: list[Counts] = []
    frontiers = []
    panes: dict[Place, str] = {}
    for partition in sorted({record.partition for record in posts}):
        in_force = first or Definitions()
        counter = PaneCounter(grid, matcher_of(in_force))
        closed: list[Counts] = []
        marks = 0
        for record in posts:
            if record.partition != partition:
                continue
            told = _control_record(record)
            if isinstance(told, Definitions):
                try:
                    matcher = matcher_of(told)
                except PostError:
                    dead.add(b"%d:%d" % (partition, record.offset))
                    continue
                if told.order > in_force.order:
                    in_force = told
                    counter.redefine(matcher)
                continue
            if (marked := _marker(record)) is not None:
                closed += counter.mark(marked, record.offset, record.timestamp)
                marks += 1
                continue
            try:
                post = decode_post(record.value or b"")
                closed += counter.add([post], record.offset, [record.timestamp])
                counted += 1
            except PostError:
                dead.add(b"%d:%d" % (partition, record.offset))
        nudges += max(marks - 1, 0)
        frontiers.append(counter.frontier)
        closes += closed
        for pane in closed:
            if _tells(pane):
                panes[partition, pane.start] = to_chunks(pane, partition, 0)[0].digest
    ranker = Ranker(grid)
    for pane in sorted(closes, key=lambda pane: pane.start):
        ranker.add(pane)
    lists: dict[str, list[bytes]] = {}
    for step in ranker.advance(min(frontiers)):
        for one in step.lists:
            lists.setdefault(f"{one.scope}/{one.window}", []).append(msgspec.json.encode(one))
    return Expected(lists, panes, dead, counted, nudges)


def _marker(record: Any) -> int | None:
    """The time that a marker says: a record without key and value; None for any other record."""
    told = next((value for name, value in record.headers if name == "marker"), None) or b""
    is_marker = record.key is None and not record.value and told.isdigit() and int(told) < MAX_TIME_MS
    return int(told) if is_marker else None


def _control_record(record: Any) -> Definitions | None:
    """What a control record defines: it has no key, names its version, and was asked for at most ten minutes after its
    record; None for any other record."""
    version = next((value for name, value in record.headers if name == "definitions"), None)
    if version is None or record.key is not None:
        return None
    try:
        told = decode_definitions(record.value or b"")
    except PostError:
        return None
    return told if version == told.version.encode() and told.at <= record.timestamp + 600_000 else None


def _tells(pane: Counts) -> bool:
    return bool(len(pane.cell_number) or pane.duplicates)


class Found(NamedTuple):
    lists: dict[str, list[bytes]]
    repeated: int
    changed: list[bytes]  # lists that were said again with other bytes


def found_lists(trends: list[Any]) -> Found:
    """The first of each list in `trends`, by key."""
    first: dict[tuple[bytes, int], bytes] = {}
    lists: dict[str, list[bytes]] = {}
    repeated, changed = 0, []
    for record in trends:
        one = msgspec.json.decode(record.value, type=TrendList)
        if not one.final:
            continue
        before = first.setdefault((record.key, one.at), record.value)
        if before is not record.value:
            repeated += 1
            changed += [record.value] if before != record.value else []
        else:
            lists.setdefault(record.key.decode(), []).append(record.value)
    return Found(lists, repeated, changed)


def found_panes(counts: list[Any]) -> dict[Place, str]:
    """The digests of the panes that hold or tell anything, as any reader of `topic-counts` takes them."""
    return {place: digest for place, (digest, pane) in complete_panes(counts).items() if _tells(pane)}


def complete_panes(counts: list[Any]) -> dict[Place, tuple[str, Counts]]:
    """The panes with their digests, as any reader of `topic-counts` takes them: the first complete set above the
    highest complete one."""
    panes: dict[Place, tuple[str, Counts]] = {}
    highest: dict[int, int] = {}  # by partition
    chunks: dict[tuple[int, int, str], dict[int, CountsChunk]] = {}
    for record in counts:
        told = decode_counts(record.value)
        for chunk in told.panes if isinstance(told, Panes) else [told] if isinstance(told, CountsChunk) else []:
            parts = chunks.setdefault((chunk.partition, chunk.pane, chunk.digest), {})
            parts[chunk.chunk] = chunk
            if len(parts) == chunk.of and chunk.pane > highest.get(chunk.partition, -1):
                highest[chunk.partition] = chunk.pane
                whole = from_chunks([parts[number] for number in range(chunk.of)])
                panes[chunk.partition, chunk.pane] = chunk.digest, whole
    return panes
