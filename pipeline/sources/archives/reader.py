"""One archive file as blocks: its posts, where each of them stands, and what could not be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

import msgspec
import orjson

from pipeline.sources.archives.batches import RAW_BYTES, ArchiveError, Dead
from pipeline.sources.archives.detect import JSON_FORMATS, most_common, recognise
from pipeline.sources.archives.formats.base import PAGE_BYTES, Fault, Format, Parsed
from pipeline.sources.archives.formats.table import Rows, is_header
from pipeline.sources.archives.lines import BOM, Lines, Overlong, blocks
from pipeline.sources.archives.streams import TruncatedError
from schemas import MAX_RECORD_BYTES, MAX_TIME_MS, Post, PostError
from schemas.posts import checked

DOCUMENT_BYTES = 256 << 20  # a JSON document is held whole up to here
_time_ms = attrgetter("time")
_PEEK_BYTES = 65_536
_PEEK_LINES = 32


@dataclass(slots=True)
class Block:
    """Posts that stand near each other in a file."""

    file: str
    posts: list[Post] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    skipped: int = 0
    lines: Sequence[int] = ()  # where each post stands
    raws: Sequence[bytes | msgspec.Raw] = ()  # what each post was read from

    def future(self, index: int) -> Dead:
        """The post at `index` as the dead letter it is when its time is a lie."""
        detail = f"{self.posts[index].time} is more than a day ahead of the posts around it - at `$.time`"
        return Dead(self.file, self.lines[index], "future", detail, bytes(self.raws[index])[:RAW_BYTES])


class _Filling:
    """A block being filled record by record."""

    def __init__(self, file: str) -> None:
        self._lines: list[int] = []
        self._raws: list[bytes | msgspec.Raw] = []
        self.block = Block(file, lines=self._lines, raws=self._raws)

    def add(
        self, line: int, raw: bytes, parse: Callable[[bytes], Parsed], kept: bytes | msgspec.Raw | None = None
    ) -> None:
        """Reads one record; `kept` is the same bytes where they are held anyway."""
        try:
            parsed = parse(raw)
        except PostError as error:
            self.fault(line, raw, error)
            return
        self.answer(line, kept or raw, parsed)

    def answer(self, line: int, raw: bytes | msgspec.Raw, parsed: Parsed | PostError) -> None:
        if isinstance(parsed, PostError):
            self.fault(line, bytes(raw), parsed)
        elif parsed is None:
            self.block.skipped += 1
        elif isinstance(parsed, Post):
            self._post(line, raw, parsed)
        else:
            posts = []
            for item in parsed:
                if isinstance(item, Fault):
                    self.fault(line, item.raw, item.error)
                elif item is None:
                    self.block.skipped += 1
                else:
                    posts.append(item)
            posts.sort(key=_time_ms)  # pages begin with the newest
            for post in posts:
                self._post(line, msgspec.json.encode(post), post)

    def _post(self, line: int, raw: bytes | msgspec.Raw, post: Post) -> None:
        self.block.posts.append(post)
        self._lines.append(line)
        self._raws.append(raw)

    def fault(self, line: int, raw: bytes, error: PostError) -> None:
        self.block.dead.append(Dead(self.block.file, line, error.reason, error.detail, raw[:RAW_BYTES]))

    def in_order_of_time(self) -> Block:
        order = sorted(range(len(self._lines)), key=lambda index: _time_ms(self.block.posts[index]))
        block = self.block
        return Block(block.file, [block.posts[index] for index in order], block.dead, block.skipped,
                     [self._lines[index] for index in order], [self._raws[index] for index in order])


def read_file(
    name: str, content: Iterator[bytes], wanted: str, columns: Mapping[str, str] | None, stalled: Callable[[], bool]
) -> Iterator[Block]:
    """The blocks of one file, from its decompressed content; `wanted` is a format's name or `auto`.

    Where `stalled` tells that no more is at hand, the lines that are there have to do to tell the format.

    Raises ArchiveError for a JSON document that is too large to be held and for a table without the columns it needs.
    """
    content, head = _peek(content, stalled)
    beginnings = [line for line in head.split(b"\n") if line.strip()][:_PEEK_LINES]
    if not beginnings:
        yield from _by_lines(name, content, JSON_FORMATS["post"], mixed=wanted == "auto")
        return
    shape = JSON_FORMATS.get(wanted)
    if shape is None and (wanted == "csv" or _is_table(beginnings[0], columns)):
        yield from _rows(name, content, columns)
        return
    seen = most_common(beginnings)
    if _may_be_document(beginnings[0], len(beginnings), seen):
        document, content = _document(name, content, bool(seen))
        if document is not None:
            yield _of_document(name, document, shape)
            return
    mixed = shape is None
    yield from _by_lines(name, content, shape or JSON_FORMATS[seen or "post"], mixed)


def _peek(content: Iterator[bytes], stalled: Callable[[], bool]) -> tuple[Iterator[bytes], bytes]:
    """The content, and its first lines: at least one as long as any that can be read."""
    taken: deque[bytes] = deque()
    size = 0
    whole_line = False
    cut: TruncatedError | None = None
    while size < _PEEK_BYTES or (not whole_line and size <= PAGE_BYTES):
        try:
            chunk = next(content, b"")
        except TruncatedError as error:
            cut = error
            break
        if not chunk:
            break
        taken.append(chunk)
        size += len(chunk)
        whole_line = whole_line or b"\n" in chunk
        if whole_line and stalled():
            break
    head = b"".join(taken).removeprefix(BOM)
    return chain(_again(taken, cut), content), head


def _again(taken: deque[bytes], cut: TruncatedError | None) -> Iterator[bytes]:
    """What was read ahead, let go piece by piece, and how it ended."""
    while taken:
        yield taken.popleft()
    if cut is not None:
        raise cut


def _is_table(first: bytes, columns: Mapping[str, str] | None) -> bool:
    if first.lstrip()[:1] in (b"{", b"["):
        return False
    try:
        return columns is not None or is_header(first.decode())
    except UnicodeDecodeError:
        return False


def _may_be_document(first: bytes, count: int, seen: str | None) -> bool:
    """A first line that opens something and does not close it, or closes more than an object of a known format."""
    opening = first.lstrip()[:1]
    if opening == b"[":
        return True
    if opening != b"{":
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return seen is None or count == 1
    return False


def _document(name: str, content: Iterator[bytes], has_lines: bool) -> tuple[bytes | None, Iterator[bytes]]:
    """The whole content when it is one JSON value; else nothing, and the content once more."""
    taken: deque[bytes] = deque()
    size = 0
    cut: TruncatedError | None = None
    try:
        for chunk in content:
            taken.append(chunk)
            size += len(chunk)
            if size > DOCUMENT_BYTES:
                break
    except TruncatedError as error:
        cut = error
    if size > DOCUMENT_BYTES:
        if not has_lines and any(b"\n" in chunk.rstrip() for chunk in taken):
            raise ArchiveError(f"{name} is one JSON document of more than {DOCUMENT_BYTES >> 20} MiB: "
                               "write one post a line instead (jq -c '.[]' does that)")
    elif cut is None:
        whole = b"".join(taken).removeprefix(BOM)
        try:
            msgspec.json.decode(whole, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return whole, iter(())
    return None, chain(_again(taken, cut), content)


class _Collection(msgspec.Struct):
    orderedItems: list[msgspec.Raw]  # noqa: N815 - the field's name


def _of_document(name: str, document: bytes, shape: Format | None) -> Block:
    """All posts of a JSON document in order of time, whatever its own: exports often begin with the newest."""
    items: list[msgspec.Raw]
    try:
        if document.lstrip()[:1] == b"[":
            items = msgspec.json.decode(document, type=list[msgspec.Raw])
        else:
            items = msgspec.json.decode(document, type=_Collection).orderedItems
            shape = shape or JSON_FORMATS["activitystreams"]
    except msgspec.ValidationError:
        items = [msgspec.Raw(document)]
    if shape is None:
        shape = JSON_FORMATS[most_common([bytes(item) for item in items[:_PEEK_LINES]]) or "post"]
    filling = _Filling(name)
    line, position = 1, 0
    for item in items:
        record = bytes(item)
        found = document.index(record, position)
        line += document.count(b"\n", position, found)
        position = found
        if len(record) > shape.limit and len(items) > 1:
            filling.fault(line, record, _overlong(len(record), shape.limit))
        else:
            filling.add(line, record, shape.parse, kept=item)
        line += document.count(b"\n", position, position + len(record))
        position += len(record)
    return filling.in_order_of_time()


def _by_lines(name: str, content: Iterable[bytes], shape: Format, mixed: bool) -> Iterator[Block]:
    for part in blocks(content, shape.limit):
        if isinstance(part, Overlong):
            filling = _Filling(name)
            filling.fault(part.line, part.raw, _overlong(part.size, shape.limit))
            yield filling.block
            continue
        block = None if part.truncated else _whole(name, part, shape)
        yield block or _line_by_line(name, part, shape, mixed)


def _whole(name: str, part: Lines, shape: Format) -> Block | None:
    """All posts of a block at once: the fast way, for blocks without a fault."""
    if shape.parse_rows is None:
        return None
    try:
        posts = shape.parse_rows(part.rows)
        for post in posts:
            # what `checked` does, without a call for the posts that need nothing
            time = post.time
            if (type(time) is not int or not 0 <= time < MAX_TIME_MS or post.created is not None
                    or not post.id.isprintable() or not post.author.isprintable()):
                checked(post)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, PostError):
        return None
    return Block(name, posts, lines=range(part.first, part.first + len(posts)), raws=part.rows)


def _line_by_line(name: str, part: Lines, shape: Format, mixed: bool) -> Block:
    filling = _Filling(name)
    parse = _any(shape) if mixed else shape.parse
    if part.truncated:
        last = part.rows[0]
        try:
            parse(last)
        except PostError:
            filling.fault(part.first, last, PostError("truncated", part.truncated))
        else:
            filling.add(part.first, last, parse)
            filling.fault(part.first, b"", PostError("truncated", part.truncated))
        return filling.block
    for line, row in enumerate(part.rows, part.first):
        if row and not row.isspace():
            filling.add(line, row, parse)
    return filling.block


def _any(shape: Format) -> Callable[[bytes], Parsed]:
    """Reads a record in the file's format, and in its own where that fails."""

    def parse(record: bytes) -> Parsed:
        try:
            return shape.parse(record)
        except PostError as error:
            if error.reason != "invalid":
                raise
            own = recognise(record)
            if own is None or own == shape.name:
                raise
            return JSON_FORMATS[own].parse(record)

    return parse


def _rows(name: str, content: Iterable[bytes], columns: Mapping[str, str] | None) -> Iterator[Block]:
    rows = Rows(name, columns)
    for part in blocks(content, MAX_RECORD_BYTES):
        filling = _Filling(name)
        if isinstance(part, Overlong):
            filling.fault(part.line, part.raw, _overlong(part.size, MAX_RECORD_BYTES))
            yield filling.block
            continue
        if part.truncated:
            line, raw = rows.unfinished(part.first, part.rows[0])
            filling.fault(line, raw, PostError("truncated", part.truncated))
            yield filling.block
            return
        for line, row in enumerate(part.rows, part.first):
            for number, raw, post in rows.feed(line, row):
                filling.answer(number, raw, post)
        yield filling.block
    filling = _Filling(name)
    for number, raw, post in rows.end():
        filling.answer(number, raw, post)
    yield filling.block


def _overlong(size: int, limit: int) -> PostError:
    return PostError("too-large", f"{size} bytes, at most {limit}")
