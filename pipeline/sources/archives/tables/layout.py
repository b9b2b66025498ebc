"""Where each field of a post stands in the rows of a table, and how its time and source are read there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.sources.archives.formats.base import Parsed
from pipeline.sources.archives.of_day import clock_of, date_of
from pipeline.sources.archives.tables import cells, people
from pipeline.sources.archives.tables.networks import is_closed
from pipeline.sources.archives.tables.privacy import FOR_EVERYBODY, Privacy
from pipeline.sources.archives.times import Clock
from pipeline.sources.archives.tweet_ids import given_out_ms, id_in
from pipeline.sources.archives.unread import UnreadError, Why, WhyError

Reading = Callable[[bytes], Parsed]
NEEDED = ("text", "time", "author")
_OFFSET = re.compile(r"(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?|UTC|GMT|Z", re.ASCII)
# Europe/Paris, or an abbreviation, which means nothing alone
_ZONE = re.compile(r"[A-Z][A-Za-z]+(?:/[A-Za-z_-]+){1,2}|[A-Z]{3,4}", re.ASCII)
_HAS_ZONE = re.compile(
    r".*(?::\d\d(?:\.\d+)? ?(?:[+-]\d\d(?::?\d\d)?|[A-Za-z]{1,5})|\d{9,}(?:[.,]\d*)?)|[\d.,]+(?:[eE]\+?\d+)?", re.ASCII
)
_UNSIGNED = re.compile(r"(?:0\d|1[0-4]|\d)[0-5]\d", re.ASCII)  # 0200: a spreadsheet took the plus away
_COUNTED = re.compile(r"([+-])?(\d{1,5})(?:\.0)?", re.ASCII)
_FARTHEST = 14  # hours that clocks are ahead of UTC
_NO_REPOST = re.compile(r"\W*(?:quot|repl|orig)", re.IGNORECASE)  # kinds of posts that name another one


def _offset(cell: str) -> str:
    """An offset that is a number, of hours, of hours and minutes or of seconds, as others are written.

    >>> _offset("0200"), _offset("7200"), _offset("-18000.0"), _offset("2"), _offset("Europe/Paris")
    ('+0200', '+02:00', '-05:00', '+02', 'Europe/Paris')
    """
    if _UNSIGNED.fullmatch(cell):
        return f"+{cell:0>4}"
    if number := _COUNTED.fullmatch(cell):
        sign, count = number[1] or "+", int(number[2])
        if count <= _FARTHEST:
            return f"{sign}{count:02}"
        if count % 900 == 0 and count <= _FARTHEST * 3_600:
            return f"{sign}{count // 3_600:02}:{count // 60 % 60:02}"
    return cell


@dataclass(frozen=True)
class Columns:
    """Where each field of a post stands in a row, and how its time and source are to be read."""

    names: Sequence[str]
    place: Mapping[str, int]
    clock: Clock
    date: Sequence[int] = ()  # columns that hold the year, the month and the day, where no one holds all
    of_day: Sequence[int] = ()  # the column that holds the time of day beside the date, or those of its parts
    of_day_digits: int = 0  # of times of day that are numbers, whose first zeros are gone: 932 is 09:32, 9 an hour
    zone: int | None = None  # a column that holds the offset of local times
    zone_named: str = ""  # the zone or offset of local times that the name of their column tells
    network: str | None = None  # that all rows come from
    tool: str = ""  # that wrote the table
    privacy: Privacy = FOR_EVERYBODY  # which columns tell who may see each post
    gone: Sequence[int] = ()  # columns that tell which posts were taken away
    versions: int | None = None  # a column that holds the ids of all versions of an edited post
    uri: int | None = None  # a column with the addresses that name posts of the fediverse
    home: int | None = None  # a column with the addresses of their authors
    within: int | None = None  # a column with the channels, walls or boards by which posts are numbered
    server: int | None = None  # a column with the servers that posts and authors are named on
    title: int | None = None  # a column that holds what stands above the text
    by_ids: bool = False  # whether ids of tweets tell when these were, as the clock of the table is not UTC
    seconds_by_ids: bool = False  # whether ids of tweets tell the seconds of times that are whole minutes or days
    record: Callable[[bytes], Parsed] | None = None  # reads rows whose columns are the fields of a known format
    held: int | None = None  # a column each cell of which is a whole record
    indexed: int | None = None  # a column that tells when Bluesky heard of each post
    number: int | None = None  # a column with the numbers of authors whose names stand in another
    is_of_people: bool = False  # whether each row is somebody, and no post
    reference: int | None = None  # a column that tells whether what `repost_of` names is reposted, or only quoted

    def is_hidden(self, row: Sequence[str]) -> bool:
        """Whether the row says that not everybody may see the post."""
        place = self.place
        return (
            self.privacy.hides(row)
            or ("author" in place and people.is_protected(row[place["author"]]))
            or ("url" in place and is_closed(row[place["url"]]))
        )

    def is_gone(self, row: Sequence[str]) -> bool:
        """Whether the row says that the post was taken away."""
        return any(cells.filled(row[at]) and not cells.is_no(row[at]) for at in self.gone)

    def moment(self, row: Sequence[str]) -> str:
        """The whole text of a row's time."""
        text = row[self.place["time"]].strip()
        if self.date:
            text = date_of([row[at] for at in self.date])
        if self.of_day:
            text = f"{text} {clock_of([row[at] for at in self.of_day], self.of_day_digits)}"
        if self.zone is not None and not _HAS_ZONE.fullmatch(text):
            offset = _offset(row[self.zone].strip())
            if _OFFSET.fullmatch(offset) or _ZONE.fullmatch(offset):
                text = f"{text} {offset}"
            elif any(map(str.isalpha, offset)) and not cells.is_nothing(offset):
                raise UnreadError(text, WhyError(Why.ZONE, f"{offset[:60]} is no zone of one meaning"), "$.time")
        elif self.zone_named and not _HAS_ZONE.fullmatch(text):
            text = f"{text} {self.zone_named}"
        return text

    def source(self, row: Sequence[str]) -> str:
        """The network a row comes from; `csv` when nothing tells."""
        if self.network is not None:
            return self.network
        place = self.place.get("source")
        cell = cells.filled(row[place]) if place is not None else ""
        return cells.network(cell) or cell[:256] or "csv"

    def tweet_id(self, row: Sequence[str]) -> str:
        """What names the tweet in a row: its id, else what its address tells."""
        identity = row[self.place["id"]].strip() if "id" in self.place else ""
        if given_out_ms(identity) is None and self.place.keys() >= {"url", "author"}:
            return id_in(row[self.place["url"]], people.person(row[self.place["author"]])) or identity
        return identity

    def is_repost(self, row: Sequence[str]) -> bool:
        """Whether the row, if it names another post, says again what that says."""
        return self.reference is None or _NO_REPOST.match(row[self.reference]) is None

    def told(self) -> str:
        """For people: which column each field is read from."""
        if self.is_of_people:
            return f"people, not posts: number={self.names[self.number or 0]}, name={self.names[self.place['author']]}"
        if self.held is not None:
            return f"a record in each cell of {self.names[self.held]}"
        place = dict(self.place)
        if self.network == "mastodon" and self.uri is not None:
            place["id"] = self.uri
        parts = [f"{field}={self.names[at]}" for field, at in place.items()]
        if self.network == "mastodon" and self.home is not None:
            parts.append(f"server={self.names[self.home]}")
        if self.within is not None:
            parts.append(f"numbered within {self.names[self.within]}")
        if self.server is not None:
            parts.append(f"server={self.names[self.server]}")
        if self.network == "bluesky" and "id" in place:
            parts.append(f"author told by {self.names[place['id']]}")
        if self.indexed is not None:
            parts.append(f"or time={self.names[self.indexed]}, if earlier")
        if self.by_ids or self.seconds_by_ids:
            told = "time told by {}, as the clock of the table is not UTC" if self.by_ids else "its seconds told by {}"
            parts.append(told.format(self.names[self.place.get("id", self.place.get("url", 0))]))
        if self.title is not None:
            parts.append(f"title={self.names[self.title]}")
        parts += [f"date={self.names[at]}" for at in self.date]
        parts += [f"time of day={self.names[at]}" for at in self.of_day]
        if self.zone is not None:
            parts.append(f"zone={self.names[self.zone]}")
        if self.zone_named:
            parts.append(f"zone={self.zone_named}")
        parts += self.privacy.told(self.names)
        return ", ".join(parts)
