"""A table read line by line: its rows as posts, those in which a quoted field holds line ends put together again."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import orjson

from pipeline.sources.archives.formats.activities import server_of
from pipeline.sources.archives.formats.base import HIDDEN, Given, Parsed, build, declared, edition, short, web_address
from pipeline.sources.archives.formats.reddit import GONE
from pipeline.sources.archives.rounded import WRITTEN, by_content
from pipeline.sources.archives.tables import cells, people
from pipeline.sources.archives.tables.begin import Beginning, begins_anew, unwrapped
from pipeline.sources.archives.tables.layout import NEEDED
from pipeline.sources.archives.tables.texts import plain_text, said
from pipeline.sources.archives.tweet_ids import given_out_ms, id_in
from pipeline.sources.archives.unread import UnreadError, Why, WhyError
from schemas import MAX_RECORD_BYTES, PostError

_DAY_MS = 86_400_000
RECORD_BYTES = 262_144  # of a quoted field that never ends, no more lines than fit in here are looked at
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # what str.splitlines would cut at U+2028 is text
# rtweet writes an x, people an apostrophe or ="...", lest spreadsheets round them
_WRITTEN_ID = re.compile(r"(?:x|'|=?\")(\d{6,})\"?", re.ASCII)
# what clients of databases write behind the rows
_NUMBER_OF_ROWS = re.compile(
    rb"\W*(?:\(\d+ rows?(?: affected)?\)|\d+ rows? in set\b[^\n]*|\d+ rows?(?: +\d+ columns?)?)\W*", re.IGNORECASE
)
_HOST = re.compile(r"https?://([^/?#]+)")
_SHOWN = re.compile(r"(https://[^/?#]+)/@([^/?#@]+)/(\d+)")  # where the server of its author shows a post
_OF_BLUESKY = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/([\w.]*)")
_NO_POSTS = ("app.bsky.graph.list", "app.bsky.feed.generator", "app.bsky.graph.starterpack", "app.bsky.actor.profile")
_IS_ID = re.compile(r"\d{6,20}", re.ASCII)
_SHORT = re.compile(r"\d{1,10}", re.ASCII)  # a number that another channel or wall may give, too
_NO_REPOST = frozenset({"0", "0.0", "False", "FALSE", "false"})


_RULES = "─━═│┃┌┬┐├┼┤└┴┘┏┳┓┡╇┩╞╪╡╭╮╰╯╔╦╗╠╬╣╚╩╝"  # of boxes
_BAR = "\ue000"  # stands for a bar in a cell of Markdown


class _Strict(csv.Dialect):
    quotechar = '"'
    doublequote = True
    quoting = csv.QUOTE_MINIMAL
    lineterminator = "\n"
    strict = True
    escapechar: str | None = None


class _Escaped(_Strict):
    doublequote = False
    escapechar = "\\"


class _Loose(_Strict):
    strict = False


csv.field_size_limit(MAX_RECORD_BYTES)  # a whole record, or a page of the web, may stand in a cell
_DIALECTS = (_Strict, _Escaped, _Loose)  # the later ones where those before have failed

Row = tuple[int, bytes, Parsed | PostError]  # its first line, its bytes


class Table:
    """What turns the rows of one table into posts."""

    def __init__(self, name: str, beginning: Beginning, given: Given) -> None:
        self._name = name
        self._beginning = beginning
        self._columns = beginning.columns
        self._rounded, self._people = given.rounded, given.people

    def answer(self, record: bytes) -> Parsed | PostError:
        """The post in one row, HIDDEN for one that was not public, or what is wrong with it; None for the header once
        more, as tables that were put together have it."""
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            return PostError("not-utf8", f"byte {error.start}: {error.reason}")
        row = self._cells(text)
        if isinstance(row, PostError):
            return row
        if row == list(self._columns.names):
            return None
        try:
            return self.read(row)
        except PostError as error:
            return error

    def _cells(self, text: str) -> list[str] | PostError:
        """The cells of one row, also where quotes are escaped by backslashes or stand in cells that are not quoted."""
        fault = PostError("invalid", "")
        is_markdown = self._beginning.delimiter == "|" and "\\|" in text
        text = text.replace("\\|", _BAR) if is_markdown else text
        for dialect in _DIALECTS:
            if dialect.escapechar and "\\" not in text:
                continue
            try:
                lines = csv.reader(
                    _LINE.findall(text),
                    dialect,
                    delimiter=self._beginning.delimiter,
                    skipinitialspace=self._beginning.is_spaced,
                    quotechar=self._beginning.quote,
                )
                row = next(lines, [])
                if len(row) == 1 < self._beginning.width:
                    row = unwrapped(row, self._beginning.delimiter)
                row = [cell.replace(_BAR, "|") for cell in row] if is_markdown else row
            except csv.Error as error:
                fault = fault if fault.detail else PostError("invalid", f"no row of a table: {error}")
                if text.count(self._beginning.quote) % 2:
                    break  # the row may go on
                continue
            if (fitted := self._fitted(row)) is not None:
                return fitted
            if not fault.detail and f"\\{self._beginning.delimiter}" not in text:
                return PostError("invalid", f"{len(row)} columns where the header has {self._beginning.width}")
        return fault if fault.detail else PostError("invalid", "not as many columns as the header has")

    def is_whole(self, raw: bytes) -> bool:
        """Whether a line is a row by itself where quotes are letters like any other, as in tables without any."""
        cells = raw.decode(errors="replace").rstrip("\r").split(self._beginning.delimiter)
        if len(cells) != self._beginning.width:
            return False
        try:
            self._columns.clock.ms(self._columns.moment(cells))
        except PostError:
            return False
        return True

    def unquoted(self, raw: bytes) -> Parsed | PostError:
        """The post in such a line."""
        try:
            return self.read(raw.decode().rstrip("\r").split(self._beginning.delimiter))
        except UnicodeDecodeError as error:
            return PostError("not-utf8", f"byte {error.start}: {error.reason}")
        except PostError as error:
            return error

    def _fitted(self, row: list[str]) -> list[str] | None:
        """The row in the width of the header, where what is missing or too much is sure to hold nothing, or more of a
        text that stands last."""
        width, place = self._beginning.width, self._columns.place
        if len(row) > width and not any(row[width:]):
            return row[:width]
        if len(row) > width and place["text"] == width - 1:
            return [*row[: width - 1], self._beginning.delimiter.join(row[width - 1 :])]
        if len(row) < width and max(place[field] for field in NEEDED if field in place) < len(row):
            return row + [""] * (width - len(row))
        return row if len(row) == width else None

    def read(self, row: list[str]) -> Parsed:
        """The post in the cells of one row, HIDDEN for one that was not public, None for one that is gone. Raises
        PostError."""
        columns = self._columns
        if columns.is_of_people:
            self._name_of("twitter", row, people.person(row[columns.place["author"]]))
            return None
        if columns.is_hidden(row):
            return HIDDEN
        if columns.is_gone(row):
            return None
        if columns.record is not None:
            return self._as_record(row, columns.record)
        place = columns.place
        found = {field: cells.filled(row[at]) for field, at in place.items()}
        identity = self._identity(found.get("id", ""))
        repost_of = _id(found.get("repost_of", "")) if columns.is_repost(row) else ""
        repost_of = "" if _is_none(repost_of) else repost_of
        author = _who(found) or self._beginning.author
        text = plain_text(found.get("original", "")) if repost_of else ""
        text = text or said(row[place["text"]])
        if columns.title is not None:
            text = _titled(cells.filled(row[columns.title]), text)
        source = columns.source(row)
        self._name_of(source, row, author)
        time_ms = self._time(row, source)
        if source == "twitter" and not _IS_ID.fullmatch(identity):
            identity = id_in(found.get("url", ""), author) or identity
        elif source == "mastodon":
            identity, author = self._of_fediverse(row, identity, author, found.get("url", ""))
        elif columns.within is not None and _SHORT.fullmatch(identity):
            identity = f"{cells.filled(row[columns.within])}/{identity}"
        elif of_bluesky := _OF_BLUESKY.match(identity):
            author = of_bluesky[1]
            if of_bluesky[2] in _NO_POSTS:
                return None
        post = build(
            identity or by_content(author, time_ms, text),
            author,
            text,
            time_ms,
            source=source,
            lang=short(cells.language(found.get("lang", "")), 64),
            repost_of=short(repost_of, 256),
            tags=declared(cells.tags(found["tags"])) if found.get("tags") else None,
            url=web_address(found.get("url")),
            server=server_of(author) if source == "mastodon" else None,
            author_name=short(found.get("author_name")),
        )
        versions = cells.ids(row[columns.versions]) if columns.versions is not None else []
        is_edited = len(versions) > 1 and identity in versions
        return edition(post, versions.index(identity), versions) if is_edited else post

    def _name_of(self, source: str, row: list[str], author: str) -> None:
        """Takes note of whose number is whose, where the row tells both."""
        number = _id(row[self._columns.number]) if self._columns.number is not None else ""
        if number and not author.isdigit() and not WRITTEN.fullmatch(number):
            self._people.heard(source, [(number, author)])

    def _time(self, row: list[str], source: str) -> int:
        """The row's time, by its id where the table's clock is not UTC or leaves seconds out, whole seconds as its
        network tells them."""
        columns = self._columns
        if not columns.by_ids or source != "twitter":
            shown_ms = self._of_clock(row)
            is_short = columns.seconds_by_ids and not shown_ms % 60_000 and source == "twitter"
            told_ms = given_out_ms(columns.tweet_id(row)) if is_short else None
            return told_ms // 1_000 * 1_000 if told_ms and told_ms // _DAY_MS == shown_ms // _DAY_MS else shown_ms
        told_ms = given_out_ms(columns.tweet_id(row))
        if told_ms is None:
            raise UnreadError(
                self._columns.moment(row),
                WhyError(Why.ZONE, "is of an unknown zone, and no id tells when it was"),
                "$.time",
            )
        return told_ms // 1_000 * 1_000

    def _of_clock(self, row: list[str]) -> int:
        """The time in the row; of Bluesky the earlier of what the client said and when the network heard of it."""
        columns = self._columns
        heard = cells.filled(row[columns.indexed]) if columns.indexed is not None else ""
        if not heard:
            return columns.clock.ms(columns.moment(row))
        heard_ms = columns.clock.ms(heard)
        with suppress(PostError):
            return min(heard_ms, columns.clock.ms(columns.moment(row)))
        return heard_ms

    def _of_fediverse(self, row: list[str], identity: str, author: str, url: str) -> tuple[str, str]:
        """What names a post and its author whatever server was asked, where the row tells it."""
        columns = self._columns
        uri, home, server = (
            cells.filled(row[at]) if at is not None else "" for at in (columns.uri, columns.home, columns.server)
        )
        server = server if server.startswith("http") or not server else f"https://{server}"
        host = _HOST.match(next((each for each in (home, uri, server) if each.startswith("http")), ""))
        if uri.startswith("http"):
            identity = uri
        elif server and (shown := _SHOWN.fullmatch(url)):
            identity = f"{shown[1]}/users/{shown[2]}/statuses/{shown[3]}"  # as Mastodon calls it everywhere
        elif identity and server and not identity.startswith("http"):
            identity = f"{server.rstrip('/')}/{identity}"  # which another server gives to another post
        return identity, f"{author}@{host[1]}" if author and host and "@" not in author else author

    def _as_record(self, row: list[str], parse: Callable[[bytes], Parsed]) -> Parsed:
        if self._columns.held is not None:
            return parse(row[self._columns.held].encode())
        filled = zip(self._columns.names, map(cells.filled, row), strict=True)
        return parse(orjson.dumps({name: cell for name, cell in filled if cell}))

    def _identity(self, cell: str) -> str:
        """What names the post; nothing where a spreadsheet has lost it."""
        identity = _id(cell)
        self._rounded.heard(self._name, identity)
        return "" if WRITTEN.fullmatch(identity) else identity


def _who(found: Mapping[str, str]) -> str:
    """Who wrote the post: where a spreadsheet has rounded the number, what else tells it. Raises PostError without."""
    author = people.person(found.get("author", ""))
    if WRITTEN.fullmatch(author):
        rounded, author = author, found.get("author_name", "") or people.writer(found.get("url", ""))
        if not author:
            raise PostError("invalid", f"whose it is, {rounded}, was rounded by a spreadsheet and names nobody")
    return author


def _titled(title: str, text: str) -> str:
    """A text below its title, where that says more; what was taken away says nothing."""
    text = "" if text in GONE else text
    return text if text.startswith(title) else f"{title}\n\n{text}".strip()


def _is_none(repost_of: str) -> bool:
    return repost_of in _NO_REPOST or WRITTEN.fullmatch(repost_of) is not None


def _id(cell: str) -> str:
    written = _WRITTEN_ID.fullmatch(cell)
    return written[1] if written else cells.whole(cell)


class Rows:
    """The rows of a table from its lines.

    A row that is broken costs its first line only: what followed it is read once more on its own. Where tables were put
    together, each is read by its own header.
    """

    def __init__(self, name: str, beginning: Beginning, given: Given) -> None:
        self._name, self._given = name, given
        self._begin(beginning)
        self._open: list[tuple[int, bytes]] = []  # lines of a row whose quotes have not ended
        self._stands_alone = False  # whether the first of them may be a row without quotes
        self._size = 0
        self._fault = PostError("invalid", "")  # of the first of them alone

    def _begin(self, beginning: Beginning) -> None:
        self._beginning = beginning
        self._table = Table(self._name, beginning, self._given)
        self._quote = beginning.quote.encode()
        self._blank = f' \t\r\n\x1a"-+:={_RULES}{beginning.delimiter}'.encode()  # a row of nothing else is none

    def feed(self, line: int, raw: bytes) -> Iterator[Row]:
        """The rows that end with this line."""
        if line < self._beginning.first:
            return
        waiting = deque([(line, raw)])
        while waiting:
            line, raw = waiting.popleft()
            if self._open:
                if self._stands_alone and self._table.is_whole(raw):
                    waiting.extendleft(reversed([*self._open[1:], (line, raw)]))
                    number, row = self._open[0]
                    self._open = []
                    yield number, row, self._never_ends(row)
                    continue
                answer = self._continued(line, raw)
                if answer is None:
                    continue
                if isinstance(answer[2], PostError):
                    waiting.extendleft(reversed(self._open[1:]))
                self._open = []
                yield answer
            elif raw.strip(self._blank):
                answer = self._alone(line, raw)
                if answer is not None:
                    yield answer

    def end(self) -> Iterator[Row]:
        """What is left at the end of the file."""
        while self._open:
            (line, raw), *rest = self._open
            self._open = []
            yield line, raw, self._never_ends(raw) if self._stands_alone else self._fault
            for number, following in rest:
                yield from self.feed(number, following)

    def _never_ends(self, raw: bytes) -> Parsed | PostError:
        """A row whose quote never ends; where tabs part the cells it is a letter, as programs write these unquoted."""
        return self._table.unquoted(raw) if self._beginning.delimiter == "\t" else self._fault

    def unfinished(self, line: int, raw: bytes) -> tuple[int, bytes]:
        """The row in which the file was cut, where its last line is this: its first line, its bytes."""
        cut = [*self._open, (line, raw)]
        self._open = []
        return cut[0][0], b"\n".join(part for _, part in cut)

    def _alone(self, line: int, raw: bytes) -> Row | None:
        answer = self._table.answer(raw)
        if isinstance(answer, PostError) and (anew := begins_anew(self._name, line, raw, self._beginning, self._given)):
            self._begin(anew)
            return None
        if isinstance(answer, PostError) and raw.count(self._quote) % 2:
            self._open = [(line, raw)]
            self._stands_alone = self._table.is_whole(raw)
            self._size = len(raw)
            self._fault = answer
            return None
        if isinstance(answer, PostError) and _NUMBER_OF_ROWS.fullmatch(raw):
            return None
        return line, raw, answer

    def _continued(self, line: int, raw: bytes) -> Row | None:
        self._open.append((line, raw))
        self._size += len(raw)
        first, beginning = self._open[0]
        if self._size > RECORD_BYTES:
            return first, beginning, self._fault
        if raw.count(self._quote) % 2 == 0:
            return None
        whole = b"\n".join(part for _, part in self._open)
        answer = self._table.answer(whole)
        return (first, beginning, self._fault) if isinstance(answer, PostError) else (first, whole, answer)
