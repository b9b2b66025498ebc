"""The state of the rank stage as records that never change once written, and the rank stage from such records again.

A *head* holds what is not in tables (baselines, lives, clocks) at a full ten minutes of event time and names the tables
it goes with; a table is written once, when it is new. So a snapshot costs what has been counted since the last one, and
whoever writes records of the same moment writes the same. Beside a head lies the offset from which what it does not
cover is read: a state that is older than what was committed is still whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import zstandard

from pipeline.trends.arrays import pointers
from pipeline.trends.board import Board
from pipeline.trends.panes import Cell, Grid, Totals
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, Life
from pipeline.trends.tables import Names, Table, in_order
from schemas import Window

SNAPSHOT_MS = 10 * MINUTE_MS  # a state can be written when event time has come to a multiple of this
RECORD_BYTES = 900_000
_FORMAT = 1

_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True)
class Snapshot:
    """Records that are new since the last snapshot, by name, and the names of those not needed any more."""

    at: int  # ms
    records: dict[str, bytes]
    forget: list[str]


class _Packed(msgspec.Struct, array_like=True):
    """A table with its names."""

    start: int
    end: int
    spellings: list[str]
    cells: list[tuple[str, str, list[str]]]
    totals: list[tuple[int, int, int, bytes, bytes]]  # cell, posts, mentions, people, topics
    spelling: bytes  # i4 by row: index into spellings
    cell: bytes  # i4 by row: index into cells
    posts: bytes
    reposts: bytes
    people: bytes  # i4 by row
    author: bytes
    text: bytes
    said: bytes
    shown: bytes  # i4 by row
    lots: bytes
    examples: list[str]


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


class _Head(msgspec.Struct, array_like=True):
    version: int
    at: int
    posted: tuple[int, int]  # by grid: minute, hour
    single: tuple[int, int]
    tables: list[str]
    scopes: list[str]
    awake: tuple[list[str], list[str]]
    clocks: dict[Window, Any]
    lists: list[_List]


_unpack_head = msgspec.msgpack.Decoder(_Head).decode
_unpack_table = msgspec.msgpack.Decoder(_Packed).decode


class Snapshots:
    """Takes snapshots of one board, one after the other."""

    def __init__(self, board: Board, written: Mapping[str, bytes] | None = None) -> None:
        self.board = board
        self._written: dict[str, list[str]] = {}  # table or head -> its records
        self._heads: list[tuple[str, set[str]]] = []  # the newest two, with the tables they need
        for record in written or {}:
            self._written.setdefault(_name_of(record), []).append(record)
        whole = [name for name, records in self._written.items() if _is_whole(records)]
        self._torn = {name: self._written[name] for name in self._written.keys() - set(whole)}
        self._written = {name: self._written[name] for name in whole}

    def take(self, offset: int) -> Snapshot:
        """The state now; `offset` is where the first record lies that it does not cover. Raises ValueError between two
        full ten minutes of event time."""
        at = self.board.now
        if at is None or at % SNAPSHOT_MS:
            raise ValueError(f"no snapshot at {at}: event time must be at a multiple of {SNAPSHOT_MS} ms")
        records: dict[str, bytes] = {}
        tables = dict(_named_tables(self.board))
        for name, table in tables.items():
            if name not in self._written:
                self._write(records, name, _pack(_packed(table, self.board.names)))
        head, place = head_names(at)
        if head not in self._written:
            self._write(records, head, _pack(_head(self.board, list(tables))))
        if place not in self._written:
            self._write(records, place, b"%d" % offset)
        self._heads = [*self._heads[-1:], (head, {place, *tables})]
        needed = {head for head, _ in self._heads}.union(*(names for _, names in self._heads))
        gone = [record for name in set(self._written) - needed for record in self._written.pop(name)]
        gone += [record for name in set(self._torn) - needed for record in self._torn.pop(name)]
        return Snapshot(at, records, sorted(gone))

    def _write(self, records: dict[str, bytes], name: str, content: bytes) -> None:
        parts = named_records(name, content)
        records.update(parts)
        self._written[name] = list(parts)


class Restored(NamedTuple):
    """A board, and the offset from which what it does not hold is read."""

    board: Board
    offset: int


def restore(records: Mapping[str, bytes], grid: Grid, shard: int | None = None) -> Restored | None:
    """The board of the newest head that is complete with its tables, else of the one before; None: there is none."""
    whole = joined_records(records)
    for name, offset in written_heads(whole):
        head = _unpack_head(whole[name])
        if head.version == _FORMAT and all(table in whole for table in head.tables):
            return Restored(_board(head, whole, Board(grid, shard=shard)), offset)
    return None


def head_names(at: int) -> tuple[str, str]:
    """The names of a head and of the offset that goes with it."""
    return f"head/{at:015d}", f"offset/{at:015d}"


def written_heads(whole: Mapping[str, bytes]) -> list[tuple[str, int]]:
    """(name, offset) of the heads that lie there with their offsets, newest first."""
    heads = sorted((name for name in whole if name.startswith("head/")), reverse=True)
    places = [(head, head_names(int(head.removeprefix("head/")))[1]) for head in heads]
    return [(head, int(whole[place])) for head, place in places if place in whole]


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


def _named_tables(board: Board) -> Iterable[tuple[str, Table]]:
    timeline = board.timeline
    for kind, tables in (("minute", timeline.minutes), ("ten", timeline.tens), ("hour", timeline.hours)):
        for start, table in tables.items():
            yield f"{kind}/{start:015d}", table


# -- tables ----------------------------------------------------------------------------------------------------------


def _packed(table: Table, names: Names) -> _Packed:
    spellings, spelling = np.unique(table.spelling, return_inverse=True)
    numbers = sorted({*table.totals, *table.cell.tolist()})
    place = np.zeros(max(numbers, default=0) + 1, np.int32)
    place[numbers] = np.arange(len(numbers), dtype=np.int32)
    cells = [names.cells[number] for number in numbers]
    return _Packed(
        table.start,
        table.end,
        [names.spellings[number] for number in spellings.tolist()],
        [(cell.source, cell.lang, list(cell.events)) for cell in cells],
        [
            (int(place[cell]), t.posts, t.mentions, t.people.astype("<u8").tobytes(), t.topics.astype("<u8").tobytes())
            for cell, t in sorted(table.totals.items())
        ],
        spelling.astype("<i4").tobytes(),
        place[table.cell].astype("<i4").tobytes(),
        table.posts.astype("<i4").tobytes(),
        table.reposts.astype("<i4").tobytes(),
        np.diff(table.ptr).astype("<i4").tobytes(),
        table.author.astype("<u8").tobytes(),
        table.text.astype("<u8").tobytes(),
        table.said.astype("<i4").tobytes(),
        np.diff(table.example_ptr).astype("<i4").tobytes(),
        table.example_lot.astype("<u8").tobytes(),
        table.examples,
    )


def _table(packed: _Packed, names: Names) -> Table:
    numbers = names.spelling_numbers(packed.spellings)
    cells = np.array([names.cell_number(Cell(s, lang, tuple(events))) for s, lang, events in packed.cells], np.int32)
    spelling = numbers[np.frombuffer(packed.spelling, "<i4")]
    table = Table(
        packed.start,
        packed.end,
        names.topics_of(spelling),
        spelling,
        cells[np.frombuffer(packed.cell, "<i4")],
        np.frombuffer(packed.posts, "<i4").copy(),
        np.frombuffer(packed.reposts, "<i4").copy(),
        pointers(np.frombuffer(packed.people, "<i4").astype(np.int64)),
        np.frombuffer(packed.author, "<u8").copy(),
        np.frombuffer(packed.text, "<u8").copy(),
        np.frombuffer(packed.said, "<i4").copy(),
        pointers(np.frombuffer(packed.shown, "<i4").astype(np.int64)),
        np.frombuffer(packed.lots, "<u8").copy(),
        packed.examples,
        {
            int(cells[cell]): Totals(posts, mentions, np.frombuffer(people, "<u8"), np.frombuffer(topics, "<u8"))
            for cell, posts, mentions, people, topics in packed.totals
        },
    )
    return in_order(table)


# -- the head --------------------------------------------------------------------------------------------------------


def _head(board: Board, tables: list[str]) -> _Head:
    lists = []
    for scope, ranked in board.all_lists():
        keys = board.names.keys
        topic_of = ranked.scope.windows.topics
        slots, *columns = ranked.baseline.state()
        lives, tracked, issued = ranked.state(scope)
        needed = sorted({*slots.tolist(), *lives, *tracked})
        index = {slot: number for number, slot in enumerate(needed)}
        if not needed and not issued:
            continue
        lists.append(
            _List(
                scope,
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
    awake = board.awake()
    return _Head(
        _FORMAT,
        board.now or 0,
        board.posted(),
        (board.timeline.single_topics, board.timeline.single_mentions),
        tables,
        list(board.scopes),
        (sorted(awake[MINUTE_MS]), sorted(awake[HOUR_MS])),
        {window: clock.state() for window, clock in board.clocks.items()},
        lists,
    )


def _board(head: _Head, whole: Mapping[str, bytes], board: Board) -> Board:
    timeline = board.timeline
    kinds = {"minute": timeline.minutes, "ten": timeline.tens, "hour": timeline.hours}
    for name in sorted(head.tables):
        table = _table(_unpack_table(whole[name]), board.names)
        kinds[name.partition("/")[0]][table.start] = table
    timeline.single_topics, timeline.single_mentions = head.single
    for window, state in head.clocks.items():
        board.clocks[window].restore(state)
    board.begin_at(head.at, head.posted, head.scopes, {MINUTE_MS: head.awake[0], HOUR_MS: head.awake[1]})
    specs = {spec.window: spec for spec in SPECS}
    by_name = {(scope, ranked.spec.window): ranked for scope, ranked in board.all_lists()}
    for found in head.lists:
        ranked = by_name[found.scope, found.window]
        windows = ranked.scope.windows
        slot_of: list[int] = []
        if found.topics:
            topics = board.names.topics_of(board.names.spelling_numbers(found.topics))
            slot_of = windows.slots_of(topics).tolist()
        slots = np.array(slot_of, np.int32)[np.frombuffer(found.baseline, "<i4")]
        level, misfit, waiting_level, waiting_misfit = (
            np.frombuffer(column, "<f8").reshape(2, -1).copy() for column in found.columns
        )
        ranked.baseline.restore(
            (slots, level, misfit, waiting_level, waiting_misfit), board.clocks[specs[found.window].window].past
        )
        lives = {
            slot_of[index]: Life(record, shown, at, since, low, peak, peak_at)
            for index, record, shown, at, since, low, peak, peak_at in found.lives
        }
        ranked.restore(lives, {slot_of[index] for index in found.tracked}, _tuples(found.issued))
    return board


def _tuples(value: Any) -> Any:
    """Lists, as tuples travel, are tuples again."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
