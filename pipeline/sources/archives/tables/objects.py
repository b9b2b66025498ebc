"""JSON objects of no known format, read like the rows of a table: by the names of their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import orjson

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import HIDDEN, PAGE_BYTES, Fault, Format, Given, One, Parsed
from pipeline.sources.archives.mend import loaded
from pipeline.sources.archives.nothing import holds_nothing, is_action
from pipeline.sources.archives.rewriting import unwrapped
from pipeline.sources.archives.tables.begin import Beginning
from pipeline.sources.archives.tables.chats import ChatError
from pipeline.sources.archives.tables.columns import AccountsError, LackingError, choose
from pipeline.sources.archives.tables.layout import NEEDED, Columns
from pipeline.sources.archives.tables.names import Places
from pipeline.sources.archives.tables.privacy import privacy_of
from pipeline.sources.archives.tables.rows import Table
from pipeline.sources.archives.tables.unpacking import BEFORE, At, Unpack, itself, ways
from pipeline.sources.archives.times import kind_of
from pipeline.sources.archives.tweet_ids import given_out_ms
from schemas import PostError

_FIELDS = 512  # of an object that are looked at
_ROWS = 24  # of one object that columns are chosen by
_OF_PEOPLE = {"followers_count", "friends_count"}  # whose objects are no posts, though they may hold their last one
_TWEETS_SINCE_MS = 1_300_000_000_000  # of which tweets have ids that tell their times
_OF_DATABASE = "_id"  # names a document, not the post in it
# DynamoDB's names of types, Firestore's, and Avro's where several are allowed: {"S": "text"}, {"string": "text"}
_KINDS = {
    *("S", "N", "BOOL", "NULL", "L", "SS", "M", "string", "long", "int", "double", "boolean", "array"),
    *("stringValue", "integerValue", "doubleValue", "booleanValue", "timestampValue", "nullValue"),
}
_POST_ID = re.compile(r"\d{15,20}", re.ASCII)  # which some databases hold their documents by
_DEPTH = 3  # objects within objects
# what tells of all the rows in an object whether everybody may read them
_OF_ALL = frozenset({"archetype", "visibility", "privacy", "is_private", "private", "protected", "confidential"})


def objects_like(name: str, records: list[bytes], given: Given) -> Format | None:
    """How to read objects like the first ones of a file; None where their fields do not tell what posts need.

    Raises ArchiveError where the columns that were asked for are not among their fields.
    """
    values = []
    for record in records:
        with suppress(PostError):
            value = _value(record)
            if not holds_nothing(value):
                values.append(value)
    fault: ArchiveError | None = None
    timeless: Format | None = None
    for unpack in ways(values):
        rows = [inner for value in values for inner in unpack(value)[:_ROWS]]
        if any(row.keys() >= _OF_PEOPLE for row in rows):
            break
        try:
            if rows:
                shape, has_times = _rows_like(name, rows, given, unpack)
                if has_times:
                    return shape
                timeless = timeless or shape
        except ArchiveError as error:
            fault = fault or error
    if timeless is not None:
        return timeless
    if given.columns and values and fault is not None:
        raise fault
    return None


def why_no_posts(value: dict[str, Any]) -> str:
    """What keeps objects like this from being posts, where their fields tell something of it; else nothing."""
    fields = dict(_fields(value))
    names = list(fields)[:_FIELDS]
    try:
        choose("", names, [[fields[name] for name in names]], Given())
    except (AccountsError, ChatError) as error:
        return f"which {str(error).strip()}"
    except LackingError as error:
        lacking = error.fields
        if (
            "author" in lacking
            and "text" not in lacking
            and (given_out_ms(fields.get("id", "")) or 0) > _TWEETS_SINCE_MS
        ):
            return "tweets without who wrote them: ask for them with tweet.fields=author_id,created_at"
        if len(lacking) < len(NEEDED):
            named = f"if there is one, name it, as in --columns {lacking[0]}=NAME"
            return f"in which upswell finds no {' and no '.join(lacking)}: {named}"
    except ArchiveError:
        pass
    return ""


def rows_like(name: str, objects: list[dict[str, Any]], given: Given) -> Format:
    """How to read objects that are rows like these. Raises ArchiveError where their fields do not tell what posts
    need."""
    return _rows_like(name, objects, given, lambda value: [value])[0]


def _rows_like(name: str, objects: list[dict[str, Any]], given: Given, unpack: Unpack) -> tuple[Format, bool]:
    """The same of objects in which `unpack` finds rows like these, and whether any of the rows holds a time."""
    rows = [dict(_fields(row)) for row in objects]
    names = list(dict.fromkeys(field for row in rows for field in row))[:_FIELDS]
    cells = [[row.get(field, "") for field in names] for row in rows]
    columns = choose(name, names, cells, given)
    has_times = any(_is_time(columns, row) for row in cells)
    return _format(name, names, columns, given, unpack), has_times


def _is_time(columns: Columns, row: list[str]) -> bool:
    try:
        return kind_of(columns.moment(row), columns.clock) != ""
    except PostError:
        return True  # of a zone that nobody knows


def _format(
    name: str,
    names: list[str],
    columns: Columns,
    given: Given,
    unpack: Unpack,
) -> Format:
    table = Table(name, Beginning(columns, "", len(names), 1, given.author or ""), given)

    def row(value: dict[str, Any]) -> One:
        cells = dict(_fields(value))
        parsed = table.read([cells.get(field, "") for field in names])
        assert not isinstance(parsed, list)  # an object is one post
        return parsed

    def one(value: dict[str, Any]) -> One | Fault:
        try:
            return row(value)
        except PostError as error:
            return Fault(error, orjson.dumps(value))

    def parse(record: bytes) -> Parsed:
        value = _value(record)
        if is_action(value):
            return []
        if unpack is itself:
            return row(value)
        if not _OF_ALL.isdisjoint(value) and _is_hidden({"": {name: value[name] for name in _OF_ALL & value.keys()}}):
            return HIDDEN
        rows = unpack(value)
        if not rows and isinstance(unpack, At):
            if _is_hidden(value):
                return HIDDEN
            if BEFORE & value.keys() and unpack.path[0] in value:
                return None  # a log of changes tells that a row is gone
            raise PostError("invalid", f"no object - at `$.{'.'.join(unpack.path)}`")
        return list(map(one, rows))

    return Format(f"objects of {columns.told()}", parse, lambda _: False, limit=PAGE_BYTES)


def _is_hidden(value: dict[str, Any]) -> bool:
    """Whether an object in which no post was found, or one that stands in it, says that it was not for everybody."""
    for each in (value, *value.values()):
        if isinstance(each, dict):
            fields = dict(islice(_fields(each), _FIELDS))
            names, row = list(fields), list(fields.values())
            if privacy_of(names, Places(names), [row], None, has_address=False).hides(row):
                return True
    return False


def _value(record: bytes) -> dict[str, Any]:
    try:
        value = loaded(unwrapped(record))
    except (ValueError, RecursionError) as error:
        raise PostError("not-json", f"JSON is malformed: {error}") from None
    if not isinstance(value, dict):
        raise PostError("invalid", "no JSON object")
    return value


def _fields(value: dict[str, Any], path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """The fields of an object as cells, those of objects in it with their path.

    What is called `_` alone tells the kind of an object with more fields (Pyrogram), the text of an element without.
    """
    for key, inner in value.items():
        if key == "_" and any(not other.startswith(("_", "$")) for other in value):
            continue
        if key == _OF_DATABASE and not _POST_ID.fullmatch(str(inner)):
            continue
        if isinstance(inner, dict) and len(inner) == 1 and (kind := next(iter(inner))) in _KINDS:
            inner = None if kind in ("NULL", "nullValue") else inner[kind]
        name = path if key == "_source" else f"{path}{key}"  # where Elasticsearch keeps what it was given
        if isinstance(inner, dict) and depth < _DEPTH:
            yield from _fields(inner, f"{name}." if name else "", depth + (name != path))
        elif isinstance(inner, (dict, list)):
            yield name, orjson.dumps(inner).decode()
        else:
            yield name, "" if inner is None else str(inner)
