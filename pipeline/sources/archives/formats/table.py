"""Tables: CSV and TSV with a header, their columns recognised by name or named by the user."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import build, declared, short, web_address
from pipeline.sources.archives.formats.tweets1 import created_ms
from schemas import Post, PostError

# field -> column names that are taken for it without being told, best first
KNOWN_COLUMNS: dict[str, tuple[str, ...]] = {
    "text": ("text", "full_text", "tweet", "tweet_text", "content", "message", "body", "post", "texte"),
    "time": ("time", "created_at", "createdat", "created", "timestamp", "datetime", "date", "published",
             "published_at", "time_ms", "created_utc"),
    "author": ("author", "username", "user_name", "screen_name", "user_screen_name", "user", "handle", "account",
               "author_id", "user_id", "auteur"),
    "id": ("id", "id_str", "tweet_id", "status_id", "post_id"),
    "source": ("source", "platform", "network"),
    "lang": ("lang", "language", "langue"),
    "repost_of": ("repost_of", "retweeted_id", "retweet_of", "reblog_of"),
    "tags": ("tags", "hashtags"),
    "url": ("url", "link", "permalink"),
    "author_name": ("author_name", "display_name", "name"),
}
FIELDS = tuple(KNOWN_COLUMNS)
RECORD_BYTES = 262_144  # of a quoted field that never ends, no more lines than fit in here are looked at
_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # what str.splitlines would cut at U+2028 is text
_CLOCK = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?", re.ASCII)


Row = tuple[int, bytes, Post | PostError]  # its first line, its bytes


class Table:
    """The header of one table: where each field of a post stands in its rows."""

    def __init__(self, header: str, name: str, columns: Mapping[str, str] | None = None) -> None:
        """`columns` maps fields of a post to the table's own names, for what is not recognised without.

        Raises ArchiveError when a field that every post needs has no column.
        """
        self._name = name
        self.delimiter = delimiter(header)
        try:
            names = next(csv.reader([header], delimiter=self.delimiter), [])
        except csv.Error as error:
            raise ArchiveError(f"{name}:1 is no header of a table: {error}") from None
        self._width = len(names)
        places = {title.strip().casefold(): place for place, title in reversed(list(enumerate(names)))}
        self._place: dict[str, int] = {}
        for field, column in (columns or {}).items():
            if field not in KNOWN_COLUMNS:
                raise ArchiveError(f"{field!r} is no field of a post that a column can fill: use {', '.join(FIELDS)}")
            place = places.get(column.strip().casefold())
            if place is None:
                raise ArchiveError(f"{name} has no column {column!r}: it has {', '.join(names)[:500]}")
            self._place[field] = place
        taken = set(self._place.values())
        for field, known in KNOWN_COLUMNS.items():
            if field not in self._place:
                place = next((places[title] for title in known if places.get(title, -1) not in taken | {-1}), None)
                if place is not None:
                    self._place[field] = place
                    taken.add(place)
        missing = [field for field in ("text", "time", "author") if field not in self._place]
        if missing:
            raise ArchiveError(f"{name} has no column for {' and '.join(missing)}: it has {', '.join(names)[:500]};"
                               f" name the columns, as in {missing[0]}=NAME")

    def answer(self, record: bytes, line: int) -> Post | PostError:
        """The post in one row, or what is wrong with it."""
        try:
            return self._row(record.decode(), line)
        except UnicodeDecodeError as error:
            return PostError("not-utf8", f"byte {error.start}: {error.reason}")
        except PostError as error:
            return error

    def _row(self, record: str, line: int) -> Post:
        try:
            cells = next(csv.reader(_LINE.findall(record), delimiter=self.delimiter, strict=True), [])
        except csv.Error as error:
            raise PostError("invalid", f"no row of a table: {error}") from None
        if len(cells) != self._width:
            raise PostError("invalid", f"{len(cells)} columns where the header has {self._width}")
        found = {field: cells[place].strip() for field, place in self._place.items()}
        tags = (part.strip("'\"") for part in re.split(r"[\s,;|\[\]]+", found.get("tags", "")))
        return build(
            found.get("id") or f"{self._name}:{line}",
            found["author"].removeprefix("@"),
            cells[self._place["text"]],
            time_ms(found["time"]),
            source=found.get("source", "")[:256] or "csv",
            lang=short(found.get("lang"), 64),
            repost_of=short(found.get("repost_of"), 256),
            tags=declared(tag if tag[0] in "#$" else f"#{tag}" for tag in tags if tag),
            url=web_address(found.get("url")),
            author_name=short(found.get("author_name")),
        )


class Rows:
    """A table read line by line: its rows, those in which a quoted field holds line ends put together again.

    A row that is broken costs its first line only: what followed it is read once more on its own.
    """

    def __init__(self, name: str, columns: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._columns = columns
        self._table: Table | None = None
        self._open: list[tuple[int, bytes]] = []  # lines of a row whose quotes have not ended
        self._size = 0
        self._fault = PostError("invalid", "")  # of the first of them alone

    def feed(self, line: int, raw: bytes) -> Iterator[Row]:
        """The rows that end with this line. Raises ArchiveError when it is a header that will not do."""
        if self._table is None:
            if raw.strip():
                self._table = Table(raw.decode(errors="replace").rstrip("\r"), self._name, self._columns)
            return
        waiting = deque([(line, raw)])
        while waiting:
            line, raw = waiting.popleft()
            if self._open:
                answer = self._continued(line, raw)
                if answer is None:
                    continue
                if isinstance(answer[2], PostError):
                    waiting.extendleft(reversed(self._open[1:]))
                self._open = []
                yield answer
            elif raw.strip():
                answer = self._alone(self._table, line, raw)
                if answer is not None:
                    yield answer

    def end(self) -> Iterator[Row]:
        """What is left at the end of the file."""
        while self._open:
            (line, raw), *rest = self._open
            self._open = []
            yield line, raw, self._fault
            for number, following in rest:
                yield from self.feed(number, following)

    def unfinished(self, line: int, raw: bytes) -> tuple[int, bytes]:
        """The row in which the file was cut, where its last line is this: its first line, its bytes."""
        cut = [*self._open, (line, raw)]
        self._open = []
        return cut[0][0], b"\n".join(part for _, part in cut)

    def _alone(self, table: Table, line: int, raw: bytes) -> Row | None:
        answer = table.answer(raw, line)
        if isinstance(answer, PostError) and raw.count(b'"') % 2:
            self._open = [(line, raw)]
            self._size = len(raw)
            self._fault = answer
            return None
        return line, raw, answer

    def _continued(self, line: int, raw: bytes) -> Row | None:
        assert self._table is not None
        self._open.append((line, raw))
        self._size += len(raw)
        first, beginning = self._open[0]
        if self._size > RECORD_BYTES:
            return first, beginning, self._fault
        if raw.count(b'"') % 2 == 0:
            return None
        whole = b"\n".join(part for _, part in self._open)
        answer = self._table.answer(whole, first)
        return (first, beginning, self._fault) if isinstance(answer, PostError) else (first, whole, answer)


def delimiter(header: str) -> str:
    """The delimiter of a header: the one of `, ; tab |` that splits it most."""
    return max(_DELIMITERS, key=header.count)


def is_header(line: str) -> bool:
    """Whether a line names the columns every post needs, so that a file can be taken for a table unasked."""
    try:
        Table(line, "")
    except ArchiveError:
        return False
    return True


def time_ms(value: str) -> int | str:
    """A table's time as a post takes it: ms (13 digits and more), seconds (fewer), RFC 3339, Twitter's own, or
    `YYYY-MM-DD[ HH:MM[:SS]]`, taken as UTC. What is none of these stays as it is, to be refused as a time.
    """
    if value.isascii() and value.lstrip("-").replace(".", "", 1).isdigit() and len(value) <= 20:
        whole = value.partition(".")[0]
        return int(whole) if len(whole) >= 13 else round(float(value) * 1_000)
    if _CLOCK.fullmatch(value):
        day, minute, second = _CLOCK.fullmatch(value).groups()  # type: ignore[union-attr]
        return f"{day}T{minute or '00:00'}{second or ':00'}Z"
    if value.endswith((" UTC", "+00:00", "+0000")) and len(value) > 19 and value[4:5] == "-":
        return f"{value[:10]}T{value[11:19]}Z"
    if value[:1].isalpha() and " +0000 " in value:
        return created_ms(value)
    return value.replace(" ", "T", 1) if value[4:5] == "-" else value
