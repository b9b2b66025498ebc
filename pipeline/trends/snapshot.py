"""The state of the rank stage as records that never change once written, and the rank stage from such records again.

A *checkpoint* holds what is not in tables (baselines, lives, buckets) at a full ten minutes of event time and names the
tables it goes with, those of minutes and hours; a table is written once, when it is new. So a snapshot costs what has
been counted since the last one, and whoever writes records of the same moment writes the same. Beside a checkpoint lies
the offset from which what it does not cover is read: a state that is older than what was committed is still whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import zstandard

from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid
from pipeline.trends.ranker import Ranker
from pipeline.trends.score import SPECS, Life
from pipeline.trends.wire import SNAPSHOT_MS, from_columns, to_columns
from schemas import Window
from schemas.counts import Columns

RECORD_BYTES = 900_000
_FORMAT, _OLDER = 3, 2  # until 2 tables of ten minutes were written too: they are made of the minutes again

_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class Snapshot:
    """Records that are new since the last snapshot, by name, and the names of those not needed any more."""

    at: int  # ms
    records: dict[str, bytes]
    forget: list[str]


class _List(msgspec.Struct, array_like=True):
    """One list of one scope. Baselines are (2, topics), lives in the order of their topics."""

    scope: str
    window: Window
    topics: list[str]  # keys; what follows speaks of them by index
    baseline: bytes  # i4: topics with a baseline
    columns: list[bytes]  # level, misfit and those of the waiting bucket, each two rows of f8
    lives: list[tuple[int, float, float, int, int | None, int | None, float, int]]
    tracked: list[int]
    issued: Any


class _Checkpoint(msgspec.Struct, array_like=True):
    version: int
    at: int
    posted: tuple[int, int]  # by grid: minute, hour
    single: tuple[int, int]
    tables: list[str]
    scopes: list[str]
    buckets: dict[Window, Any]
    lists: list[_List]
    suspicion: Any = None  # who was heard, and who took part in suspect topics; None: of a release without


_unpack_checkpoint = msgspec.msgpack.Decoder(_Checkpoint).decode
_unpack_table = msgspec.msgpack.Decoder(tuple[int, int, Columns]).decode


class Snapshots:
    """Takes snapshots of one ranker, one after the other."""

    def __init__(self, ranker: Ranker, written: Mapping[str, bytes] | None = None) -> None:
        self.ranker = ranker
        self._written: dict[str, list[str]] = {}  # table or checkpoint -> its records
        self._checkpoints: list[tuple[str, set[str]]] = []  # the newest two, with the tables they need
        for record in written or {}:
            self._written.setdefault(_name_of(record), []).append(record)
        whole = [name for name, records in self._written.items() if _is_whole(records)]
        self._incomplete = {name: self._written[name] for name in self._written.keys() - set(whole)}
        self._written = {name: self._written[name] for name in whole}

    def take(self, offset: int) -> Snapshot:
        """The state now; `offset` is where the first record lies that it does not cover. Raises ValueError between two
        full ten minutes of event time."""
        at = self.ranker.now
        if at is None or at % SNAPSHOT_MS:
            raise ValueError(f"no snapshot at {at}: event time must be at a multiple of {SNAPSHOT_MS} ms")
        records: dict[str, bytes] = {}
        tables = dict(_named_tables(self.ranker))
        for name, table in tables.items():
            if name not in self._written:
                self._write(records, name, _pack((table.start, table.end, to_columns(table))))
        checkpoint, place = checkpoint_names(at)
        if checkpoint not in self._written:
            self._write(records, checkpoint, _pack(_checkpoint(self.ranker, list(tables))))
        if place not in self._written:
            self._write(records, place, b"%d" % offset)
        self._checkpoints = [*self._checkpoints[-1:], (checkpoint, {place, *tables})]
        needed = {checkpoint for checkpoint, _ in self._checkpoints}.union(*(names for _, names in self._checkpoints))
        gone = [record for name in set(self._written) - needed for record in self._written.pop(name)]
        gone += [record for name in set(self._incomplete) - needed for record in self._incomplete.pop(name)]
        return Snapshot(at, records, sorted(gone))

    def _write(self, records: dict[str, bytes], name: str, content: bytes) -> None:
        parts = named_records(name, content)
        records.update(parts)
        self._written[name] = list(parts)


class Restored(NamedTuple):
    """A ranker, and the offset from which what it does not hold is read."""

    ranker: Ranker
    offset: int


def restore(records: Mapping[str, bytes], grid: Grid) -> Restored | None:
    """The ranker of the newest checkpoint that is complete with its tables, else of one before; None: there is none."""
    whole = joined_records(records)
    for name, offset in written_checkpoints(whole):
        try:
            checkpoint = _unpack_checkpoint(whole[name])
        except msgspec.DecodeError:  # of a version with other fields
            continue
        if checkpoint.version in (_FORMAT, _OLDER) and all(table in whole for table in checkpoint.tables):
            return Restored(_ranker(checkpoint, whole, Ranker(grid)), offset)
    return None


def checkpoint_names(at: int) -> tuple[str, str]:
    """The names of a checkpoint and of the offset that goes with it."""
    return f"checkpoint/{at:015d}", f"offset/{at:015d}"


def written_checkpoints(whole: Mapping[str, bytes]) -> list[tuple[str, int]]:
    """(name, offset) of the checkpoints that lie there with their offsets, newest first."""
    found = sorted((name for name in whole if name.startswith("checkpoint/")), reverse=True)
    places = [(checkpoint, checkpoint_names(int(checkpoint.removeprefix("checkpoint/")))[1]) for checkpoint in found]
    return [(checkpoint, int(whole[place])) for checkpoint, place in places if place in whole]


def _name_of(record: str) -> str:
    return record.rpartition("/")[0]


def _is_whole(records: Iterable[str]) -> bool:
    """Whether these are all records of a name: a worker may have been killed between two of them."""
    places = {record.rpartition("/")[2] for record in records}
    return len(places) == int(next(iter(places)).partition("-of-")[2])


def named_records(name: str, content: bytes) -> dict[str, bytes]:
    """The content, packed, in records that a broker takes."""
    packed = zstandard.compress(content, 1)
    parts = range(0, len(packed), RECORD_BYTES)
    return {
        f"{name}/{number}-of-{len(parts)}": packed[begin : begin + RECORD_BYTES] for number, begin in enumerate(parts)
    }


def joined_records(records: Mapping[str, bytes]) -> dict[str, bytes]:
    """The contents of which all records are there, by name."""
    parts: dict[str, dict[int, bytes]] = {}
    sizes: dict[str, int] = {}
    for record, value in records.items():
        name, _, place = record.rpartition("/")
        number, _, of = place.partition("-of-")
        parts.setdefault(name, {})[int(number)] = value
        sizes[name] = int(of)
    return {
        name: zstandard.decompress(b"".join(found[number] for number in range(sizes[name])))
        for name, found in parts.items()
        if len(found) == sizes[name]
    }


def _named_tables(ranker: Ranker) -> Iterable[tuple[str, Counts]]:
    timeline = ranker.timeline
    for kind, tables in (("minute", timeline.minutes), ("hour", timeline.hours)):
        for start, table in tables.items():
            yield f"{kind}/{start:015d}", table


# -- the checkpoint ----------------------------------------------------------------------------------------------------


def _checkpoint(ranker: Ranker, tables: list[str]) -> _Checkpoint:
    lists = []
    for ranked in ranker.all_lists():
        keys = ranker.names.keys
        topic_of = ranked.scope.windows.topics
        slots, *columns = ranked.baseline.state()
        lives, tracked, issued = ranked.state()
        needed = sorted({*slots.tolist(), *lives, *tracked})
        index = {slot: number for number, slot in enumerate(needed)}
        if not needed and not issued:
            continue
        lists.append(
            _List(
                ranked.scope.name,
                ranked.spec.window,
                [keys[int(topic_of[slot])] for slot in needed],
                np.array([index[slot] for slot in slots.tolist()], "<i4").tobytes(),
                [column.astype("<f8").tobytes() for column in columns],
                [
                    (index[slot], life.record, life.shown, life.at, life.since, life.low, life.peak, life.peak_at)
                    for slot, life in sorted(lives.items())
                ],
                sorted(index[slot] for slot in tracked),
                issued,
            )
        )
    return _Checkpoint(
        _FORMAT,
        ranker.now or 0,
        ranker.posted(),
        (ranker.timeline.single_topics, ranker.timeline.single_mentions),
        tables,
        list(ranker.scopes),
        {window: clock.state() for window, clock in ranker.buckets.items()},
        lists,
        ranker.suspicion.state(),
    )


def _ranker(checkpoint: _Checkpoint, whole: Mapping[str, bytes], ranker: Ranker) -> Ranker:
    timeline = ranker.timeline
    kinds = {"minute": timeline.minutes, "hour": timeline.hours}
    for name in sorted(checkpoint.tables):
        if (tables := kinds.get(name.partition("/")[0])) is not None:
            start, end, columns = _unpack_table(whole[name])
            tables[start] = from_columns(columns, start=start, end=end).settled(ranker.names)
    timeline.single_topics, timeline.single_mentions = checkpoint.single
    for window, state in checkpoint.buckets.items():
        ranker.buckets[window].restore(state)
    if checkpoint.suspicion is not None:
        ranker.suspicion.restore(checkpoint.suspicion)
    ranker.begin_at(checkpoint.at, checkpoint.posted, checkpoint.scopes)
    specs = {spec.window: spec for spec in SPECS}
    by_name = {(ranked.scope.name, ranked.spec.window): ranked for ranked in ranker.all_lists()}
    for found in checkpoint.lists:
        ranked = by_name[found.scope, found.window]
        windows = ranked.scope.windows
        slot_of: list[int] = []
        if found.topics:
            topics = ranker.names.topics_of(ranker.names.spelling_numbers(found.topics))
            slot_of = windows.slots_of(topics).tolist()
        slots = np.array(slot_of, np.int32)[np.frombuffer(found.baseline, "<i4")]
        level, misfit, waiting_level, waiting_misfit = (
            np.frombuffer(column, "<f8").reshape(2, -1).copy() for column in found.columns
        )
        ranked.baseline.restore(
            (slots, level, misfit, waiting_level, waiting_misfit), ranker.buckets[specs[found.window].window].past
        )
        lives = {
            slot_of[index]: Life(record, shown, at, since, low, peak, peak_at)
            for index, record, shown, at, since, low, peak, peak_at in found.lives
        }
        ranked.restore(lives, {slot_of[index] for index in found.tracked}, _tuples(found.issued))
    ranker.begin_again()
    return ranker


def _tuples(value: Any) -> Any:
    """Lists, as tuples travel, are tuples again."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
