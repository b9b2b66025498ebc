"""One archive file as blocks: which way its content is to be read is told by how it begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import orjson

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.block import Block, Filling, too_large
from pipeline.sources.archives.detect import (
    DOCUMENTS,
    JSON_FORMATS,
    MAX_ITEMS,
    format_of,
    is_known,
    is_overfull,
    may_be_held,
    most_common,
    recognise,
    within,
    within_most,
)
from pipeline.sources.archives.formats.base import HIDDEN, PAGE_BYTES, Format, Given, Parsed, each
from pipeline.sources.archives.json_values import JsonValues
from pipeline.sources.archives.lines import Lines, Overlong, blocks
from pipeline.sources.archives.mend import loaded
from pipeline.sources.archives.nearly_json import as_json, is_nearly_json, rewritten
from pipeline.sources.archives.nothing import holds_nothing, is_frame
from pipeline.sources.archives.peeking import PEEK_BYTES, PEEK_LINES, first_objects, peeked
from pipeline.sources.archives.rewriting import (
    has_fault_of_time,
    is_of_time,
    is_quoted,
    may_be_wrapped,
    retimed,
    unquoted,
    unwrapped,
)
from pipeline.sources.archives.strangers import stranger
from pipeline.sources.archives.tables.begin import find_beginning
from pipeline.sources.archives.tables.behind import Behind
from pipeline.sources.archives.tables.objects import objects_like
from pipeline.sources.archives.tables.reading import blocks_of_rows
from schemas import PostError

_ARRAY = re.compile(rb"\[\s*(?:[\[\]{\"]|$)")  # what else stands in brackets is the time of a log's line
_ASSIGNED = re.compile(rb"(?:/\*[\w*]{0,16}\*/)?\s*[\w.$ ]{1,128}[=(]\s*(?:[\[{]|$)")
_LENGTH = re.compile(rb"\d{1,9}\s*")
_AROUND = "{}, with more around it"  # how records are told that stand in an envelope, or behind a prefix
_BLOCK_RECORDS = 65_536
_BLOCK_BYTES = 16 << 20
_HOPELESS = 50_000  # dead records in a row, after which the rest of a document is let be


def read_file(
    name: str, content: Iterator[bytes], wanted: str, given: Given, stalled: Callable[[], bool]
) -> Iterator[Block]:
    """The blocks of one file, from its decompressed content; `wanted` is a format's name or `auto`.

    Where `stalled` tells that no more is at hand, the lines that are there have to do to tell the format.
    Raises ArchiveError for a table without the columns it needs.
    """
    content, head = peeked(content, stalled)
    if is_quoted(head):
        content, head = peeked(unquoted(content), stalled)
    if not is_nearly_json(head):
        yield from _read(name, content, head, wanted, given, stalled)
        return
    content, head = peeked(rewritten(content, stalled), stalled)
    for block in _read(name, content, head, wanted, given, stalled):
        block.how += ", mended where it is no sound JSON"
        yield block


def _read(
    name: str, content: Iterator[bytes], head: bytes, wanted: str, given: Given, stalled: Callable[[], bool]
) -> Iterator[Block]:
    beginnings = [line for line in head.split(b"\n") if line.strip()][:PEEK_LINES]
    if not beginnings:
        yield from _by_lines(name, content, JSON_FORMATS["post"], wanted == "auto", given, "post")
        return
    shape = JSON_FORMATS.get(wanted)
    if wanted == "auto" and (what := stranger(head)) is not None:
        filling = Filling(name, "no archive of posts")
        filling.fault(1, head, PostError("invalid", f"this is {what}"))
        yield filling.block
        return
    if shape is None:
        parse = sound(mixed(JSON_FORMATS["post"], given), given)
        document = next((kind for kind in DOCUMENTS if kind.knows(name, head)), None) if wanted == "auto" else None
        if document is not None:
            yield from document.read(name, content, given, parse)
            return
        beginning = find_beginning(name, head, given, surely=wanted == "csv", known=may_be_held, record=parse)
        if beginning is not None:

            def values(content: Iterator[bytes], behind: Behind) -> Iterator[Block]:
                return _values(name, content, None, given, stalled, behind)

            yield from blocks_of_rows(name, content, beginning, given, parse, is_known, values)
            return
    seen = most_common(beginnings)
    if shape is None and seen is None:
        content, objects = first_objects(content, _like_posts(name, given), stalled)
        shape = objects_like(name, objects, given)
    if _is_stream(beginnings, seen):
        yield from _values(name, content, shape, given, stalled, Behind(name, given) if wanted == "auto" else None)
    else:
        inner = _inside(beginnings) if shape is None and seen is None else None
        shape = shape or JSON_FORMATS[seen or "post"]
        how = _AROUND.format(inner) if inner else shape.name
        yield from _by_lines(name, content, shape, wanted == "auto", given, how)


def _inside(lines: list[bytes]) -> str | None:
    """The format of known records that stand behind something in their lines, or in other records."""
    found = [item.raw for item in JsonValues([b"\n".join(lines)], PAGE_BYTES, is_known) if not item.fault]
    return most_common(found) or within_most(found)


def _like_posts(name: str, given: Given) -> Callable[[bytes], bool]:
    """Tells whether an object is in a known format, or has the fields that posts need."""

    def known(record: bytes) -> bool:
        try:
            return is_known(record) or objects_like(name, [record], given) is not None
        except ArchiveError:
            return False

    return known


def _known_to(name: str, shape: Format | None, given: Given) -> Callable[[bytes], bool]:
    """Tells the records of a file in this format, if any, from what may stand beside them."""
    return _like_posts(name, given) if shape and shape.name not in JSON_FORMATS else is_known


def _is_stream(beginnings: list[bytes], seen: str | None) -> bool:
    """Whether the objects of a file are not one a line: an array, objects over several lines or close together.

    Where whole lines hold records of a known format, the file is taken for lines, whatever its first one is.
    """
    first = beginnings[0].lstrip()
    if _ARRAY.match(first):
        if len(first) > PEEK_BYTES:
            return True
        return not (
            seen is not None and _whole(beginnings[-1]) and not _whole(first.rstrip(b",\r ")) and len(first) > 2
        )
    if first[:1] == b"{":
        if _whole(first):
            return False
        return seen is None or len(beginnings) == 1
    return _ASSIGNED.match(first) is not None


def _whole(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _values(
    name: str,
    content: Iterator[bytes],
    shape: Format | None,
    given: Given,
    stalled: Callable[[], bool],
    behind: Behind | None,
) -> Iterator[Block]:
    """The records of a text that is not one object a line, each block in order of time: many begin with the newest.
    What is none may be of a table `behind` them."""
    parse: Callable[[bytes], Parsed] | None = shape.reader(given) if shape else None
    limit = shape.limit if shape else PAGE_BYTES
    how = f"{shape.name}, JSON" if shape else "JSON"
    filling = Filling(name, how)
    size = hopeless = 0
    around, inside = b"", None
    known = _known_to(name, shape, given)
    for item in JsonValues(content, limit, known):
        if parse is None and not item.fault:
            seen = recognise(item.raw)
            shape = JSON_FORMATS[seen or "post"]
            parse = mixed(shape, given)
            inner = None if seen else within_most([item.raw])
            named = shape.name if seen else _AROUND.format(inner) if inner else ""
            how = filling.block.how = f"{named}, JSON" if named else "JSON of no known format"
        dead = len(filling.block.dead)
        is_bare = item.fault and not (item.unfinished or item.cut or item.size)
        if is_bare and (is_frame(item.raw) or (behind is not None and behind.takes(item.line, item.raw, filling))):
            continue
        if item.cut:
            filling.fault(item.line, item.raw, PostError("truncated", item.fault))
        elif item.size:
            filling.fault(item.line, item.raw, too_large(item.size, limit))
        elif item.fault or parse is None:
            filling.fault(item.line, item.raw, PostError("not-json", item.fault))
        else:
            if item.around != around:
                around, kind = item.around, JSON_FORMATS[recognise(item.raw) or "post"]
                inside = kind.around(around) if around and kind.around is not None else None
            filling.add(item.line, item.raw, sound(inside or parse, given))
        hopeless = hopeless + 1 if len(filling.block.dead) > dead else 0
        if hopeless == _HOPELESS:
            filling.fault(
                item.line, b"", PostError("too-large", f"{_HOPELESS:,} dead records in a row: the rest is let be")
            )
            break
        size += len(item.raw)
        if filling.records >= _BLOCK_RECORDS or size >= _BLOCK_BYTES or stalled():
            yield filling.in_order_of_time()
            filling = Filling(name, how)
            size = 0
    if behind is not None:
        behind.end(filling)
    yield filling.in_order_of_time()


def _by_lines(
    name: str, content: Iterable[bytes], shape: Format, is_mixed: bool, given: Given, told: str
) -> Iterator[Block]:
    how = f"{told}, one a line"
    parse = mixed(shape, given) if is_mixed else shape.reader(given)
    read: Callable[[bytes], Parsed] | None = None
    limit = max(shape.limit, PAGE_BYTES if is_mixed and shape.name != "post" else 0)
    known = _known_to(name, shape, given)
    behind = Behind(name, given) if is_mixed else None
    for part in blocks(content, limit):
        if isinstance(part, Overlong):
            filling = Filling(name, how)
            filling.overlong(part, limit)
            yield filling.block
            continue
        block = None if part.truncated else _at_once(name, part, shape, given, how)
        if read is None and part.rows:
            read = (sound if any(map(may_be_wrapped, part.rows)) else _usual)(parse, given)
        yield block or _line_by_line(name, part, read or parse, how, known if is_mixed else None, behind)
    if behind is not None:
        filling = Filling(name, how)
        behind.end(filling)
        yield filling.block


def _at_once(name: str, part: Lines, shape: Format, given: Given, how: str) -> Block | None:
    """All posts of a block at once: the fast way, for blocks without a fault."""
    if shape.parse_rows is None:
        return None
    posts = shape.parse_rows(part.rows, given)
    if posts is None:
        return None
    return Block(name, posts, lines=range(part.first, part.first + len(posts)), raws=part.rows, how=how)


def _line_by_line(
    name: str,
    part: Lines,
    parse: Callable[[bytes], Parsed],
    how: str,
    known: Callable[[bytes], bool] | None,
    behind: Behind | None,
) -> Block:
    """The records of lines; where `known` is given, also those that do not stand alone in theirs, and those of a table
    `behind` them."""
    filling = Filling(name, how)
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
        if row and not row.isspace() and not (known and _is_length(row, part.rows, line - part.first + 1)):
            try:
                parsed = parse(row)
            except PostError as error:
                if known and is_frame(row):
                    continue
                is_bare = error.reason == "not-json" or not row.lstrip().startswith(b"{")
                if known and is_bare and _together(filling, line, row, parse, known):
                    continue
                if error.reason == "not-json" and behind is not None and behind.takes(line, row, filling):
                    continue
                filling.fault(line, row, error)
            else:
                filling.answer(line, row, parsed)
    return filling.block


def _is_length(row: bytes, rows: Sequence[bytes], following: int) -> bool:
    """Whether a line tells how long the next one is, as some streams do before each record."""
    if _LENGTH.fullmatch(row) is None or following >= len(rows):
        return False
    return 0 <= int(row) - len(rows[following]) <= 2


def _together(
    filling: Filling, line: int, row: bytes, parse: Callable[[bytes], Parsed], known: Callable[[bytes], bool]
) -> bool:
    """Whether a line holds objects that are `known`, only not one: several, or one with something around it, such as a
    key before it or a comma behind."""
    items = list(JsonValues([row], PAGE_BYTES, known))
    last = max((place for place, item in enumerate(items) if not item.fault and known(item.raw)), default=None)
    if last is None:
        return False
    for place, item in enumerate(items):
        if not item.fault:
            filling.add(line, item.raw, parse)
        elif place > last:
            filling.fault(line, item.raw, PostError("not-json", item.fault))
    return True


def mixed(shape: Format, given: Given) -> Callable[[bytes], Parsed]:
    """Reads a record in the file's format, in its own where that fails, or what known records it holds."""
    readers = {shape.name: shape.reader(given)}

    def reader(name: str) -> Callable[[bytes], Parsed]:
        if name not in readers:
            readers[name] = JSON_FORMATS[name].reader(given)
        return readers[name]

    first = readers[shape.name]

    def parse(record: bytes) -> Parsed:
        try:
            parsed = first(record)
            if shape.may_skip_others and (parsed is None or parsed is HIDDEN or parsed == []):
                own = recognise(record)  # another network's, of which it knew nothing?
                return parsed if own is None or own == shape.name else reader(own)(record)
            return parsed
        except PostError as error:
            if error.reason != "invalid":
                raise
            try:
                value = loaded(record)
            except (ValueError, RecursionError):
                raise error from None
            own = format_of(value)
            if own is not None and own != shape.name:
                return reader(own)(record)
            inner = within(value) if own is None and isinstance(value, dict) else None
            if inner is None and isinstance(value, dict) and holds_nothing(value):
                return []
            if inner is None:
                raise
            return each(map(msgspec.Raw, map(orjson.dumps, inner)), one)

    def one(record: bytes) -> Parsed:
        own = recognise(record)
        return reader(own or shape.name)(record)

    return parse


def sound(parse: Callable[[bytes], Parsed], given: Given) -> Callable[[bytes], Parsed]:
    """Reads a record as other programs may have rewritten it, by the clock that was given.

    Refuses records of so many items that they would take a thousand times their own memory.
    """
    timed = retimed(parse, given.clock)

    def counted(record: bytes) -> Parsed:
        if is_overfull(record):
            raise PostError("too-large", f"more than {MAX_ITEMS:,} items in one record")
        try:
            return timed(unwrapped(record))
        except PostError as error:
            if error.reason != "not-json" or record[:1] != b"{" or (nearly := as_json(record)) == record:
                raise
        return timed(nearly)

    return counted


def _usual(parse: Callable[[bytes], Parsed], given: Given) -> Callable[[bytes], Parsed]:
    """The same for files whose first lines nobody rewrote: the fast way, as it is only done after a record failed."""
    again = sound(parse, given)

    def read(record: bytes) -> Parsed:
        if is_overfull(record):
            return again(record)
        try:
            parsed = parse(record)
        except PostError as error:
            if error.reason == "not-json" or is_of_time(error) or may_be_wrapped(record):
                return again(record)
            raise
        return again(record) if isinstance(parsed, list) and has_fault_of_time(parsed) else parsed

    return read
