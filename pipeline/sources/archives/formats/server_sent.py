"""Server-sent events, as streaming APIs write them when their answer is kept: the JSON of each `data:` line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import PAGE_BYTES, Given, Parsed
from pipeline.sources.archives.formats.mastodon_frames import deletion, with_alias
from pipeline.sources.archives.lines import blocks
from schemas import PostError

_LINE = re.compile(rb"(event|data|id|retry)?:\s?(.*)", re.DOTALL)
_POSTS = (b"", b"update", b"status.update", b"message")  # events that bring one


def _knows(_name: str, head: bytes) -> bool:
    lines = [line for line in head.split(b"\n")[:32] if line.strip()]
    return any(line.startswith(b"data:") for line in lines) and all(map(_LINE.match, lines[:-1] or lines))


def _read(name: str, content: Iterator[bytes], _given: Given, parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    event = b""
    number = 0
    data = _Data()

    def status(raw: bytes) -> Parsed:
        return with_alias(parse(raw), raw)

    for part in blocks(content, PAGE_BYTES):
        filling = Filling(name, "server-sent events")
        for number, row in filling.lines_of(part, PAGE_BYTES):
            row = row.strip()
            if data.lines and not row.startswith(b"data:"):
                filling.add(number, data.taken(), status)
            if not row:
                event = b""
            elif (line := _LINE.fullmatch(row)) is None:
                filling.fault(number, row, PostError("invalid", "no line of server-sent events"))
            elif line[1] == b"event":
                event = line[2].strip()
            elif line[1] == b"data":
                is_status = event in _POSTS and line[2][:1] == b"{"
                if data.lines or (is_status and line[2][-1:] != b"}"):
                    data.add(line[2])
                elif is_status:
                    filling.add(number, line[2], status)
                elif event == b"delete":
                    filling.answer(number, line[2], deletion(line[2].decode(errors="replace")))
                else:
                    filling.block.skipped += 1
        yield filling.block
    if data.lines:
        filling = Filling(name, "server-sent events")
        filling.add(number, data.taken(), status)
        yield filling.block


class _Data:
    """The lines of an event whose JSON is written over several; what is too much of them is let be."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._size = 0

    def add(self, line: bytes) -> None:
        self._size += len(line) + 1
        if self._size <= PAGE_BYTES:
            self.lines.append(line)

    def taken(self) -> bytes:
        whole = b"\n".join(self.lines)
        self.lines = []
        self._size = 0
        return whole


DOCUMENTS = (Document("server-sent events", _knows, _read),)
