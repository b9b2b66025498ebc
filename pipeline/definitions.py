"""Which definitions are in force where: what the topic `definitions` tells, put together.

    initial/ID           what holds from the beginning of every partition; of several the first in the topic
    requested            what somebody asked for last
    effective/P/OFFSET   what the control record at this offset of posts partition P put in force there

An entry of a partition is a function of that partition's log and never changes once written: a worker that was killed,
or a zombie, can only write it again. Keys of `initial` are never used twice, so compaction leaves the one that counts.

Each entry says in a header how far its partition was closed when the control record came. No list of a later moment is
final before the entry is written, so whoever looks at lists knows which rules hold for them: those of the newest entry
that came, in any partition, before their moment.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from schemas import PostError
from schemas.definitions import Definitions, decode_definitions

REQUESTED = b"requested"
FRONTIER_HEADER = "frontier"  # of an entry of a partition, ms
_INITIAL = b"initial/"
_EFFECTIVE = re.compile(rb"effective/(\d{1,4})/(\d{20})")


def initial_key() -> bytes:
    """A key that nobody has used, for definitions that are to hold from the beginning."""
    return _INITIAL + uuid.uuid4().hex.encode()


def entry_key(partition: int, offset: int) -> bytes:
    """The key of what the control record at `offset` of a posts partition put in force."""
    return b"effective/%d/%020d" % (partition, offset)


def entry_place(key: bytes | None) -> tuple[int, int] | None:
    """Partition and offset of which `entry_key` made this key; None: another key."""
    found = _EFFECTIVE.fullmatch(key or b"")
    return (int(found[1]), int(found[2])) if found else None


class Effective(NamedTuple):
    """What a control record put in force in its partition, where all panes before `frontier` (ms) were closed then;
    -1: nobody has written how far."""

    definitions: Definitions
    frontier: int


class DefinitionsHistory:
    """What the topic told so far; `take` its records in log order. What was read may be looked at while another thread
    takes."""

    def __init__(self) -> None:
        self.initial: Definitions | None = None  # None: nobody has said what holds from the beginning
        self.requested: Definitions | None = None
        self.entries: dict[int, dict[int, Effective]] = {}  # by posts partition, by offset of the control record
        # what was put in order last, and its order: to order them is to hash all they define
        self._sorted: tuple[object, object, list[Effective]] = ({}, None, [])

    def take(self, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()) -> None:
        """A record of the topic. What cannot be read is passed over: a key of ours always has a value of ours."""
        entry = entry_place(key)
        if entry and value is None:
            self._put(*entry, None)
        if value is None:
            return
        try:
            definitions = decode_definitions(value)
        except PostError:
            return
        if entry:
            self._put(*entry, Effective(definitions, _frontier(headers)))
        elif key == REQUESTED:
            self.requested = max(self.requested or definitions, definitions, key=_order)
        elif key and key.startswith(_INITIAL) and self.initial is None:
            self.initial = definitions

    def at(self, partition: int, offset: int | None = None) -> Definitions:
        """What is in force for the record at `offset` of a posts partition; None: for the next one that comes. Raises
        LookupError where nobody has said yet what holds from the beginning."""
        if self.initial is None:
            raise LookupError("nobody has said which definitions hold from the beginning")
        entries = self.entries.get(partition, {})
        before = [at for at in entries if offset is None or at < offset]
        return entries[max(before)].definitions if before else self.initial

    def before(self, moment: int) -> list[Definitions]:
        """What had come in force, anywhere, before lists of a moment (ms of event time) were final; the newest, whose
        rules hold for them, first."""
        entries, first, ordered = self._sorted
        if entries is not self.entries or first is not self.initial:
            told, begin = self.entries, self.initial
            known = [entry for of_partition in told.values() for entry in of_partition.values()]
            known += [Effective(begin, -1)] if begin is not None else []
            ordered = sorted(known, key=lambda entry: entry.definitions.order, reverse=True)
            self._sorted = told, begin, ordered
        return [entry.definitions for entry in ordered if entry.frontier < moment]

    @property
    def newest(self) -> Definitions | None:
        """What was asked for last, in force everywhere or not yet; None: nothing was."""
        entries = [entry.definitions for of_partition in self.entries.values() for entry in of_partition.values()]
        known = [definitions for definitions in (self.initial, self.requested, *entries) if definitions is not None]
        return max(known, key=_order, default=None)

    def forgettable(self, partition: int, begin: int) -> list[bytes]:
        """The keys of entries that nobody will look up any more, given the first offset that the partition's log still
        holds: nothing is read from before it, so of the entries below it only the last one matters."""
        below = sorted(at for at in self.entries.get(partition, {}) if at < begin)
        return [entry_key(partition, at) for at in below[:-1]]

    def _put(self, partition: int, offset: int, entry: Effective | None) -> None:
        """Anew, for whoever looks meanwhile."""
        others = {at: one for at, one in self.entries.get(partition, {}).items() if at != offset}
        self.entries = self.entries | {partition: others if entry is None else others | {offset: entry}}


def _frontier(headers: Iterable[tuple[str, bytes | None]]) -> int:
    told = dict(headers).get(FRONTIER_HEADER) or b""
    return int(told) if told.isdigit() else -1


def _order(definitions: Definitions) -> tuple[int, str]:
    return definitions.order


def changes(old: Definitions, new: Definitions) -> list[str]:
    """A line for each event, watchlist, rule and network that is added, removed or changed, with the keys that changed.

    >>> from schemas.events import Event
    >>> changes(Definitions(events=(Event("a"),)), Definitions(events=(Event("a", title="A"), Event("b"))))
    ['event a: changed (title)', 'event b: added']
    """
    told = []
    for (kind, before), (_, after) in zip(old.named, new.named, strict=True):
        tables: Any = before, after
        was, now = ({one.name: one for one in some} for some in tables)
        for name in sorted(was.keys() | now.keys()):
            if name not in was or name not in now:
                told.append(f"{kind} {name}: {'added' if name in now else 'removed'}")
            elif was[name] != now[name]:
                one, other = was[name], now[name]
                keys = [key for key in one.__struct_fields__ if getattr(one, key) != getattr(other, key)]
                told.append(f"{kind} {name}: changed ({', '.join(keys)})")
    for name in sorted({*old.networks} ^ {*new.networks}):
        told.append(f"network {name}: {'added' if name in new.networks else 'removed'}")
    if old.words != new.words:
        told.append(f"words: {old.words} before, {new.words} now")
    return told
