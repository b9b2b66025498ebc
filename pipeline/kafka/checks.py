"""What `upswell doctor` looks at: one check after the other, each with what was found and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from typing import Any, TypeVar

import msgspec

from pipeline.clock import utc_ms, utc_text
from pipeline.kafka.connection import Connection, KafkaUseError, admin, wait_for_broker
from pipeline.kafka.definitions import DefinitionsLog, stale
from pipeline.kafka.log import newest_records
from pipeline.kafka.rights import check_rights, worker_rights
from pipeline.kafka.topics import DAY_MS, Found, Wanted, find_topics, mismatches, topic_table
from pipeline.settings import Settings
from schemas.counts import EarlyPanes, Panes, decode_counts
from schemas.topics import Topics

BROKER_WAIT_S = 3.0
COORDINATOR_WAIT_S = 10.0
LAG_LIMIT = 100_000  # records of a partition behind its end: more is worth a word
CLOCK_LIMIT_MS = 30_000
COUNTS_LOOKED_AT = 64  # newest records of `topic-counts`, which tell how far panes are closed
OLDEST_KAFKA = (2, 4)
LIBRARIES = ("upswell", "faust-streaming", "aiokafka", "kafka-python", "confluent-kafka")


T = TypeVar("T")


class Check(msgspec.Struct):
    """One thing looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""  # empty where nothing is to be done


def examine(settings: Settings) -> Iterator[Check]:
    """Checks in the order in which one depends on the other; what cannot be reached ends them."""
    yield Check("versions", True, ", ".join(f"{name} {version(name)}" for name in LIBRARIES))
    connection, topics = Connection.of(settings), Topics(settings.kafka_prefix)
    try:
        wait_for_broker(connection, BROKER_WAIT_S)
        with admin(connection) as client:
            yield from _broker(client, connection, settings)
            table = topic_table(settings)
            found = find_topics(client, table)
            for topic in table:
                yield _topic(topic, found.get(topic.name))
            check_rights(connection, worker_rights(settings), topics.group)
            if topics.posts in found and topics.definitions in found:
                yield _definitions(settings)
            if topics.posts in found:
                partitions = found[topics.posts].partitions
                yield from _group(client, topics.group, topics.posts, partitions)
                closed = _closed(connection, topics.counts) if topics.counts in found else {}
                written = [record.time_ms for record in newest_records(connection, topics.posts, partitions)]
                yield _clock(written)
                if closed and written:
                    yield _event_time(closed, max(written))
    except KafkaUseError as fault:
        what, _, remedy = str(fault).partition(";")
        yield Check("broker", False, what.strip(), remedy.strip())


def _broker(client: Any, connection: Connection, settings: Settings) -> Iterator[Check]:
    brokers = client.describe_cluster()["brokers"]
    shown = f"{len(brokers)} broker{'s' if len(brokers) != 1 else ''} by {connection.security_protocol}"
    yield Check("broker", True, f"{connection.shown}: {shown}")
    at_least = tuple(client.get_broker_version_data(brokers[0]["broker_id"]).broker_version)
    yield Check(
        "broker version",
        at_least >= OLDEST_KAFKA,
        f"speaks the protocol of Kafka {'.'.join(map(str, at_least))} at least",
        "" if at_least >= OLDEST_KAFKA else f"use Kafka {'.'.join(map(str, OLDEST_KAFKA))} or later",
    )
    if settings.replication > len(brokers):
        yield Check(
            "replication",
            False,
            f"{settings.replication} copies are set, {len(brokers)} brokers are there",
            "set UPSWELL_REPLICATION to what there is",
        )


def _topic(topic: Wanted, found: Found | None) -> Check:
    name = f"topic {topic.name}"
    if found is None:
        return Check(name, False, "is not there", "make it with `upswell topics init`")
    kept_ms = int(found.settings.get("retention.ms", topic.settings.get("retention.ms", "-1")))
    kept = "" if "delete" not in topic.topic.policy else f", kept {_span(kept_ms)}"
    shape = f"{found.partitions} partition{'s' if found.partitions != 1 else ''}"
    shape += f", {found.settings.get('cleanup.policy', 'delete')}{kept}"
    faults = mismatches(topic, found)
    if faults:
        return Check(name, False, shape, faults[0])
    wanted_ms = int(topic.settings.get("retention.ms", "-1"))
    if "delete" in topic.topic.policy and 0 <= kept_ms < min(wanted_ms, DAY_MS):
        return Check(
            name,
            False,
            shape,
            f"less than a day does not outlast an outage: kafka-configs.sh --alter --topic {topic.name}"
            f" --add-config retention.ms={wanted_ms}",
        )
    return Check(name, True, shape)


def _definitions(settings: Settings) -> Check:
    """Whether the settings file is what is in force, in every partition."""
    with closing(DefinitionsLog(settings)) as log:
        newest = log.refresh().newest
        if newest is None or log.history.initial is None:
            return Check("definitions", True, "nothing is in force yet: the first worker's settings file will be")
        behind = log.behind(newest)
    found = f"version {newest.version}, by {newest.by or 'the first worker'}"
    if complaint := stale(settings, newest):
        what, _, remedy = complaint.partition("; ")
        return Check("definitions", False, what, remedy)
    if behind:
        places = ", ".join(map(str, behind))
        return Check(
            "definitions",
            False,
            f"{found}, is not in force yet in partitions {places} of the posts",
            "start workers (`upswell worker`), or wait; if it stays so, say it again with `upswell reload`",
        )
    return Check("definitions", True, found)


def _span(ms: int) -> str:
    if ms < 0:
        return "for ever"
    return f"{ms / DAY_MS:g} days" if ms >= DAY_MS else f"{ms / 3_600_000:g} hours"


def _group(client: Any, group: str, topic: str, partitions: int) -> Iterator[Check]:
    from kafka import TopicPartition
    from kafka.admin import OffsetSpec

    yield _members(client, group)
    tps = [TopicPartition(topic, partition) for partition in range(partitions)]
    ends = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.LATEST))
    begins = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.EARLIEST))
    committed = answered(lambda: client.list_group_offsets({group: None})).get(group) or {}
    for tp in tps:
        yield _lag(tp, begins[tp].offset, ends[tp].offset, committed.get(tp))


def answered(ask: Callable[[], T], within_s: float = COORDINATOR_WAIT_S) -> T:
    """What a group's coordinator answers, once it can: one that has just begun still reads back what it knew."""
    from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

    deadline = time.monotonic() + within_s
    while True:
        try:
            return ask()
        except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _members(client: Any, group: str) -> Check:
    name = f"group {group}"
    try:
        told = answered(lambda: client.describe_groups([group])).get(group) or {}
    except ValueError:  # rights that kafka-python has no name for: the embedded broker answers so
        return Check(name, True, "not known: this broker does not tell who is in it (the embedded one)")
    members = len(told.get("members") or ())
    state = str(told.get("group_state") or "Dead").lower()
    workers = f"{members} worker{'s' if members != 1 else ''}, {state}"
    if members and "rebalance" in state:
        return Check(
            name, False, workers, "wait; if it stays so, a worker dies or stalls again and again: see their logs"
        )
    return Check(name, members > 0, workers, "" if members else "start one with `upswell worker`")


def _lag(tp: Any, begin: int, end: int, committed: Any) -> Check:
    """The rewind offset is what is committed: an open pane's records count as lag, and will be read again."""
    name = f"lag {tp.topic}[{tp.partition}]"
    if committed is None or committed.offset < 0:
        return Check(name, True, f"{end - begin:,} records, none counted for good yet")
    if committed.offset > end:
        return Check(name, True, "not known: this broker does not tell where partitions end (the embedded one)")
    if committed.offset < begin:
        return Check(
            name,
            False,
            f"records {committed.offset:,} to {begin:,} were deleted before they were counted",
            f"keep {tp.topic} longer (retention.ms), and start more workers",
        )
    lag = end - committed.offset
    if lag > LAG_LIMIT:
        return Check(name, False, f"{lag:,} records", "start more workers (`upswell worker -n 4`), or wait")
    return Check(name, True, f"{lag:,} records")


def _clock(written: Sequence[int]) -> Check:
    """Posts that were written (ms) in our future tell that this machine's clock, or a producer's, is wrong."""
    now_ms = utc_ms()
    ahead_ms = max(written, default=now_ms) - now_ms
    if ahead_ms > CLOCK_LIMIT_MS:
        return Check(
            "clock",
            False,
            f"the newest record was written {ahead_ms / 1_000:,.0f} s ahead of this machine's clock",
            "set the clocks of this machine and of the producers by NTP",
        )
    return Check("clock", True, utc_text(now_ms))


def _closed(connection: Connection, topic: str) -> dict[int, int]:
    """Up to where (ms) panes are closed, by partition of the posts."""
    found: dict[int, int] = {}
    for record in newest_records(connection, topic, COUNTS_LOOKED_AT):
        try:
            told = decode_counts(record.value or b"")
        except msgspec.MsgspecError:
            continue  # not ours
        if not isinstance(told, EarlyPanes):
            frontier = told.panes[-1].frontier if isinstance(told, Panes) else told.frontier
            found[told.partition] = max(frontier, found.get(told.partition, 0))
    return found


def _event_time(closed: Mapping[int, int], broker_ms: int) -> Check:
    """No event time passes the broker's clock, unless that was set back, or producers may say when records are
    written. The newest post was taken at `broker_ms` by that clock."""
    ahead = {partition: ms - broker_ms for partition, ms in sorted(closed.items()) if ms - broker_ms > CLOCK_LIMIT_MS}
    if not ahead:
        return Check("event time", True, f"panes are closed up to {utc_text(max(closed.values()))}")
    places = ", ".join(map(str, ahead))
    return Check(
        "event time",
        False,
        f"in partitions {places} of the posts it is up to {max(ahead.values()) / 1_000:,.0f} s ahead of the broker's"
        " clock: until then posts of now come late",
        "set the brokers' clocks by NTP, and see that they stamp the posts (`upswell topics init`); then wait",
    )
