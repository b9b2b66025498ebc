"""Which record a worker dies of: told by what the workers before it wrote down, beside the committed offset.

A worker that is killed, or put out of the group, by a record reads it again, and so does its successor, for ever. So
each start of a partition is noted in the metadata of its commit, until it has come behind what the one before it may
have had in hand. A second start takes the records in small groups, each noted before it is taken; a third one takes
those of the group that the second did not survive one by one. A worker may have been killed, or its partition given to
another, while it had an innocent record in hand: so a fourth takes the record at which the third ended by itself, and
only if it ends there, too, is it poison. The next start makes a dead letter of it.

    start 1   |..................x          "1": it began, nothing more is known
    start 2   |....|....|....|...x          "2": the last group that was noted
    start 3   |...............|.|.x         "3": the record
    start 4   |..................x            "4": the same record, again alone
    start 5   |..................o..........  set aside, and on
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

GROUP = 128  # records
STARTS = 4  # that end in a row, the last two at the same record alone: it is poison
IN_HAND = 100_000  # at most, of what lies behind the committed offset, a worker that died had taken
MOST_POISON = 100  # offsets that a note keeps: what is found beyond waits until the first lie behind what is committed


class _Note(msgspec.Struct, omit_defaults=True, array_like=True, frozen=True):
    starts: int = 0  # that did not come behind what they had in hand; 0: the last one did
    begin: int = 0  # of what the last one had noted that it takes
    end: int = 0
    poison: tuple[int, ...] = ()  # offsets to be set aside


class Attempts:
    """How one start of a partition goes about its records, after those before it."""

    def __init__(self, note: str, offset: int, end: int) -> None:
        """`note` lay beside the committed `offset`; the log ends at `end` now."""
        try:
            before = msgspec.json.decode(note or "[]", type=_Note)
        except msgspec.DecodeError:  # somebody else's
            before = _Note()
        poison = [at for at in before.poison if at >= offset][:MOST_POISON]
        if before.starts >= STARTS:
            poison.append(before.begin)
            before = _Note()
        self.poison = tuple(poison)
        self._begun_with = note
        self._starts = before.starts + 1
        # the first start counts when it begins, another one when it takes what it has noted
        self._last = before if before.starts else _Note(1)
        self._offset = offset
        self._from, self._until, self._size = offset, min(end, offset + IN_HAND), GROUP
        if self._starts > 2:
            self._from, self._until, self._size = max(before.begin, offset), before.end, 1
        if self._until <= offset:
            self._starts = 0  # there is nothing that anybody may have had in hand

    @property
    def careful(self) -> bool:
        """Whether records are taken in groups that are noted."""
        return self._starts > 1

    @property
    def again(self) -> str:
        """The note for another go of this process: an error that it survives is no start that ended so."""
        return self._begun_with if self._starts else self.note(0)

    def note_of_leaving(self, _offset: int) -> str:
        """The note for whoever gets the partition from this start in order, nothing of it in hand."""
        return self.again

    def groups(self, records: Sequence[Any]) -> Iterator[tuple[Sequence[Any], bool]]:
        """The records as they are to be taken; and whether that is to be noted before."""
        if not records:
            yield records, False
        while records:
            first = records[0].offset
            if not self.careful or first >= self._until:
                yield records, False
                return
            if first < self._from:
                count, noted = sum(record.offset < self._from for record in records), False
            else:
                count, noted = min(self._size, sum(record.offset < self._until for record in records)), True
                self._last = _Note(self._starts, first, records[count - 1].offset + 1)
            yield records[:count], noted
            records = records[count:]

    def came_to(self, next_offset: int, rewind_offset: int) -> bool:
        """All before `next_offset` was taken, `rewind_offset` is to be committed. Whether with that the start is over:
        what those before it died of does not lie there."""
        if not self._starts or (next_offset < self._until and (self.careful or rewind_offset <= self._offset)):
            return False
        self._starts = 0
        return True

    def note(self, offset: int) -> str:
        """What is to lie beside `offset`."""
        poison = tuple(at for at in self.poison if at >= offset)
        if not (self._starts or poison):
            return ""
        last = self._last if self._starts else _Note()
        return msgspec.json.encode(msgspec.structs.replace(last, poison=poison)).decode()
