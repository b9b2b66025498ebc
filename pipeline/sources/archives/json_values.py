"""The JSON objects of a text that is not one a line.

Arrays, also unclosed ones, objects over several lines or without anything between them, behind a name and `=`, and the
records within a document that is too large to be held. Nothing is held but one object at a time, so neither long
documents nor many items need memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from pipeline.sources.archives.batches import RAW_BYTES
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import TruncatedError

MAX_DEPTH = 512
_AROUND_BYTES = 65_536
_AT_ONCE = 262_144  # bytes that are looked at together
_BETWEEN = re.compile(rb"[\s,;\[\]()\x1e\x00]*+")
_BETWEEN_ITEMS = re.compile(rb"[\s,\x1e\x00]*+")
# `window.YTD.tweets.part0 = [`, `callback({`, the lengths that some streams write before each record
_BEFORE = re.compile(rb"(?:(?:/\*[\w*]{0,16}\*/\s*)?[\w.$ ]{1,128}[=(]|\d{1,9})\s*+(?=[\[{])")
# numbers, names and the like beside an object in an array, as pairs of a key and a record have them
_SCALAR = rb'(?:"(?!\{\\)[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"|-?\d[\d.eE+-]*+|null|true|false)'
_BESIDE = re.compile(rb"(?:" + _SCALAR + rb"\s*+,\s*+)++(?=(?:\[\s*+)*+(?:\{|\"\{))")
_BEHIND = re.compile(_SCALAR + rb"\s*+(?:,\s*+" + _SCALAR + rb"\s*+)*+(?=\])")
_BESIDE_BYTES = 4_096
# all that may stand before the next bracket: strings hold no line ends
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"[^"{}\[\]]*+)*+')
_ENCODED = re.compile(rb'"\{\\.[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"')  # an object that was encoded twice
_ENCODED_BEGINS = b'"{\\'
_FIRST_KEY = re.compile(rb'\{\s*"[^"\\]{1,64}"\s*:')
_END_OF_JUNK = re.compile(rb"[\n{]")
_NEXT_OBJECT = re.compile(rb"\n[ \t]*(?=\{)")
_SPACES = b" \t\r\n"
_OPEN, _CLOSE = b"{[", b"}]"


@dataclass(slots=True)
class Item:
    """An object of the text, or what stood where one should."""

    line: int  # that it begins in, from 1
    raw: bytes
    fault: str = ""  # why it is none
    size: int = 0  # of one that is too large, the bytes looked at
    cut: bool = False  # the file could not be read on
    unfinished: bool = False  # the text ended before it
    around: bytes = b""  # how the object began that was too large and was gone into, up to the list that holds this one


class JsonValues:
    """Iterates over the objects of a text, in order."""

    def __init__(self, chunks: Iterable[bytes], limit: int, known: Callable[[bytes], bool]) -> None:
        """An object above `limit` bytes is gone into: what it holds one or two keys deep is taken, if it is `known`."""
        self._source = iter(chunks)
        self._limit = limit
        self._known = known
        self._buffer = b""
        self._at = 0
        self._line = 1
        self._ended = False
        self._cut = ""
        # the lists that were gone into: how many objects each stands in, and how these began
        self._enclosing: list[tuple[int, bytes]] = []
        self._lists: list[tuple[int, int]] = []  # in the object looked at: place and depth of lists near its top
        self._delimiter: bytes | None = None  # between the last two objects, from the brace on to the first key
        self._fill()
        self._buffer = self._buffer.removeprefix(BOM)

    def __iter__(self) -> Iterator[Item]:
        is_behind = False  # an object, in the same array
        while True:
            between = (_BETWEEN_ITEMS if self._enclosing else _BETWEEN).match(self._buffer, self._at)
            assert between is not None
            is_behind = is_behind and b"]" not in between[0]
            self._pass(between.end())
            if self._at == len(self._buffer):
                if not self._fill():
                    break
                continue
            sign = self._buffer[self._at]
            if sign == 0x7B:
                around = self._enclosing[-1][1] if self._enclosing else b""
                items = self._together() if self._delimiter is not None else []
                if not items and (item := self._object()):
                    items = [item]
                for item in items:
                    item.around = around
                is_behind = True
                yield from items
            elif sign == 0x22 and (item := self._string()):
                yield item
            elif sign == 0x5D and self._enclosing:
                self._leave()
            elif before := _BEFORE.match(self._buffer, self._at):
                self._pass(before.end())
            elif end := self._decoration(is_behind):
                self._pass(end)
                is_behind = False
            elif len(self._buffer) - self._at >= _BESIDE_BYTES or not self._fill():
                is_behind = False
                yield self._junk()
        if self._cut:
            yield Item(self._line, b"", self._cut, cut=True)

    def _pass(self, end: int) -> None:
        self._line += self._buffer.count(b"\n", self._at, end)
        self._at = end

    def _fill(self) -> bool:
        """Reads on, by as much as is held already, so that a long object is copied few times; False at the end."""
        if self._ended:
            return False
        parts = [self._buffer[self._at :]]
        wanted = max(_AT_ONCE, len(parts[0]))
        size = 0
        while size < wanted:
            try:
                chunk = next(self._source, b"")
            except TruncatedError as error:
                self._cut = str(error)
                chunk = b""
            if not chunk:
                self._ended = True
                break
            parts.append(chunk)
            size += len(chunk)
            if not parts[0]:
                break  # with nothing held, what has come is not kept waiting
        self._buffer = b"".join(parts)
        self._at = 0
        return size > 0

    def _object(self) -> Item | None:
        line, start = self._line, self._at
        end, fault = self._end()
        start = self._at  # reading on moves it
        if end is not None:
            raw = self._buffer[start:end]
            self._pass(end)
            self._learn(raw)
            return Item(line, raw)
        if fault is None:
            return None if self._enter() else self._broken("too large", size=len(self._buffer) - start)
        if fault == len(self._buffer):
            item = self._broken("ends in the middle", cut=bool(self._cut))
            item.unfinished = True
            return item
        return self._broken(f"no JSON object: byte {fault - start}")

    def _decoration(self, is_behind: bool) -> int:
        """Where scalars end that stand beside an object in an array; 0 where none do."""
        found = _BESIDE.match(self._buffer, self._at)
        if found is None and is_behind:
            found = _BEHIND.match(self._buffer, self._at)
        return found.end() if found else 0

    def _string(self) -> Item | None:
        """An object that stands in a string, as it stands there."""
        while True:
            found = _ENCODED.match(self._buffer, self._at)
            if found is not None:
                item = Item(self._line, found[0])
                self._pass(found.end())
                return item
            begins = _ENCODED_BEGINS.startswith(self._buffer[self._at : self._at + len(_ENCODED_BEGINS)])
            is_cut = begins and self._buffer.find(b"\n", self._at) < 0 and len(self._buffer) - self._at <= self._limit
            if not is_cut or not self._fill():
                return None

    def _end(self) -> tuple[int | None, int | None]:
        """Where the object that begins here ends; else where it goes wrong; neither for one above the limit."""
        at = self._at
        stack = bytearray()
        self._lists = []
        while True:
            buffer = self._buffer
            found = _TO_BRACKET.match(buffer, at)
            assert found is not None
            at = found.end()
            sign = buffer[at] if at < len(buffer) else 0
            if sign == 0x22 and (buffer.find(b"\n", at) >= 0 or self._ended):
                return None, at  # a string that does not end in its line
            if sign in (0, 0x22):
                if len(buffer) - self._at > self._limit:
                    return None, None
                held = self._at
                if not self._fill():
                    return None, len(self._buffer)
                at -= held
                self._lists = [(place - held, depth) for place, depth in self._lists]
                continue
            if sign in _OPEN:
                before = self._before(at)
                if (stack and before not in (b":" if stack[-1] == 0x7B else b"[,")) or len(stack) == MAX_DEPTH:
                    return None, at
                stack.append(sign)
                if sign == 0x5B and len(stack) <= 3 and len(self._lists) < 64 and b"[" not in stack[:-1]:
                    self._lists.append((at, len(stack) - 1))
            else:
                if stack[-1] != sign - 2:
                    return None, at
                stack.pop()
                if not stack:
                    return at + 1, None
            at += 1
            if at - self._at > self._limit:
                return None, None

    def _before(self, at: int) -> int:
        """The last sign before a place that is no white space; 0 where the object begins."""
        width = 64
        while True:
            start = max(self._at, at - width)
            if text := self._buffer[start:at].rstrip(_SPACES):
                return text[-1]
            if start == self._at:
                return 0
            width *= 4

    def _enter(self) -> bool:
        """Goes into the first list of known records of the object looked at."""
        for place, depth in self._lists:
            between = _BETWEEN.match(self._buffer, place)
            assert between is not None
            if self._buffer[between.end() : between.end() + 1] != b"{":
                continue
            line, at, lists = self._line, self._at, self._lists
            self._at = between.end()
            end, _ = self._end()
            found = end is not None and self._known(self._buffer[self._at : end])
            self._at, self._lists = at, lists
            if found:
                self._line = line
                self._enclosing.append((depth, self._buffer[at : min(place + 1, at + _AROUND_BYTES)]))
                self._pass(place + 1)
                return True
        return False

    def _leave(self) -> None:
        """Passes over what stands behind the records in the objects around them."""
        depth, _ = self._enclosing.pop()
        at = self._at + 1
        while depth > 0:
            found = _TO_BRACKET.match(self._buffer, at)
            assert found is not None
            at = found.end()
            sign = self._buffer[at] if at < len(self._buffer) else 0
            if sign in (0, 0x22):
                self._pass(at)
                if (sign and self._buffer.find(b"\n", at) >= 0) or not self._fill():
                    return
                at = self._at
                continue
            depth += 1 if sign in _OPEN else -1
            at += 1
        self._pass(min(at, len(self._buffer)))

    def _junk(self) -> Item:
        """What is no object, up to the end of the line or to the next object in it."""
        line = self._line
        return Item(line, self._until(_END_OF_JUNK), "no JSON object")

    def _broken(self, fault: str, size: int = 0, *, cut: bool = False) -> Item:
        """An object that is none, up to the next line that begins one."""
        line = self._line
        return Item(line, self._until(_NEXT_OBJECT), fault, size, cut)

    def _until(self, pattern: re.Pattern[bytes]) -> bytes:
        """Passes over what stands before the pattern; returns how it begins."""
        raw = b""
        start = self._at + 1
        while True:
            found = pattern.search(self._buffer, start)
            end = found.start() if found else len(self._buffer)
            raw = raw or self._buffer[self._at : min(end, self._at + RAW_BYTES)]
            self._pass(end)
            if found or not self._fill():
                return raw.rstrip(b",\r\n ")
            start = self._at

    def _learn(self, raw: bytes) -> None:
        """What will stand between the objects to come, if they are written as this one and the next."""
        self._delimiter = None
        between = _BETWEEN_ITEMS.match(self._buffer, self._at)
        assert between is not None
        first = _FIRST_KEY.match(self._buffer, between.end())
        gap = between[0]
        if first is not None and gap.count(b",") == 1 and len(gap) < 64 and raw.startswith(first[0]):
            self._delimiter = b"}" + gap + first[0]

    def _together(self) -> list[Item]:
        """The objects of an array that stand whole in what was read, taken apart by a decoder: the fast way.

        None when they are not all sound; then they are taken one by one.
        """
        delimiter = self._delimiter
        assert delimiter is not None
        cut = self._buffer.rfind(delimiter, self._at)
        if cut < 0:
            return []
        part = self._buffer[self._at : cut + 1]
        try:
            raws = list(map(bytes, _items.decode(b"[" + part + b"]")))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._delimiter = None
            return []
        items = []
        line = self._line
        gap = delimiter[1:].partition(b"{")[0].count(b"\n")
        for raw in raws:
            items.append(Item(line, raw))
            line += raw.count(b"\n") + gap
        self._pass(cut + 1)
        return items if line - gap == self._line else self._located(part, raws)

    def _located(self, part: bytes, raws: list[bytes]) -> list[Item]:
        """The same where line ends between the objects differ."""
        items = []
        line, position = self._line - part.count(b"\n"), 0
        for raw in raws:
            found = part.index(raw, position)
            line += part.count(b"\n", position, found)
            items.append(Item(line, raw))
            position = found
        return items


_items = msgspec.json.Decoder(list[msgspec.Raw])
