"""Which column of a table holds what: chosen by its name and by what stands in the first rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.sources.archives.batches import ArchiveError, NoTableError
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.nearly_json import as_json
from pipeline.sources.archives.tables import cells, people
from pipeline.sources.archives.tables.chats import ChatError, chat_tells, may_be_chat
from pipeline.sources.archives.tables.ids import are_row_numbers, name_posts
from pipeline.sources.archives.tables.layout import NEEDED, Columns, Reading
from pipeline.sources.archives.tables.names import (
    HOMES,
    INDEXED,
    KNOWN_COLUMNS,
    NUMBERS,
    OF_DAY,
    PAGES,
    REFERENCES,
    TITLED,
    TITLES,
    URIS,
    VERSIONS,
    WHOLE_TEXTS,
    ZONES,
    Places,
    plain,
    says_time_of_post,
    zone_in,
)
from pipeline.sources.archives.tables.privacy import privacy_of, recipients_tell
from pipeline.sources.archives.tables.spoken import is_name_alone, spoken
from pipeline.sources.archives.tables.tools import Tool, tool_of
from pipeline.sources.archives.times import Clock, has_clock, kind_of, of_day, zone_named
from pipeline.sources.archives.tweet_ids import given_out_ms, id_in, tell_better, tell_seconds
from schemas import PostError

FIELDS = tuple(KNOWN_COLUMNS)
_LASTING = re.compile(
    r"dura|dauer|durée|duree|length|longueur|länge|kesto|elapsed|laenge|時間|长度|时长", re.IGNORECASE
)
_SHOWN_NAME = re.compile(r"_?(?:display_?|full_?)?name\Z")  # of a column with names that people choose freely
_NAMING = ("username", "handle", "screen_name", "id", "id_str", "uid", "pk", "profile_id", "profile_url", "url")
_KINDS = ("moment", "day", "unclear", "of-day", "")  # of times, the better ones first
_DAY_MS = 86_400_000


class LackingError(NoTableError):
    """A table lacks columns for fields that every post needs."""

    def __init__(self, fields: list[str], message: str) -> None:
        super().__init__(message)
        self.fields = fields


class AccountsError(NoTableError):
    """A table is of accounts, and their descriptions."""


def choose(
    name: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    given: Given,
) -> Columns:
    """The columns of a table with these names and first rows.

    What was given names columns that are not recognised without, and an author where none tells. Raises ArchiveError,
    which names the columns, when a field that every post needs has none, and ChatError for what was not public.
    """
    clock, asked, author = given.clock, given.columns, given.author
    plains = [plain(title) for title in names]
    places = Places(names)  # of two columns of one name the first counts
    tool = tool_of(plains)
    if tool is not None and tool.zone and clock == Clock():
        clock = replace(clock, zone=zone_named(tool.zone))
    place = _asked(name, names, places, asked or {})
    if "time" not in place:
        _choose_time(place, names, places, rows, clock, tool)
        _guess_time(place, names, rows, clock)
    tells_reposts = next(places.all_of(KNOWN_COLUMNS["repost_of"]), None) is not None
    for field in FIELDS:
        if field in place or field == "time":
            continue
        titles = (*(tool.columns.get(field, ()) if tool else ()), *KNOWN_COLUMNS[field])
        in_words = [at for at in _in_words(field, names) if field != "text" or _says_something(_column(rows, at))]
        for at in (*places.all_of(titles), *in_words):
            if at not in place.values() and _fits(field, at, rows, place, tells_reposts=tells_reposts):
                place[field] = at
                break
    whole = next(places.all_of(WHOLE_TEXTS), None)
    if "text" not in (asked or {}) and whole is not None and len(_column(rows, whole)) == len(rows) > 0:
        place["text"] = whole
    else:
        _choose_what_is_said(place, places, rows, asked or {})
    addresses = _column(rows, place["url"]) if "url" in place and "author" not in place and not author else []
    if addresses and all(map(people.writer, addresses)):
        place["author"] = place["url"]
    if "author" in place and not asked:
        _tell_apart(place, plains[place["author"]], places, rows)
    if (somebody := people.told_by(names, rows)) is not None and not asked:
        at, name_at = somebody
        return Columns(names, {**dict.fromkeys(NEEDED, at), "author": name_at}, clock, number=at, is_of_people=True)
    missing = [field for field in NEEDED if field not in place and not (field == "author" and author)]
    if (told := chat_tells(names, places, rows, place.get("author"), place.get("text"))) is not None:
        raise ChatError(
            f"{name} holds messages of a chat, as {told}, which those in it alone can read:"
            " upswell counts what is public"
        )
    if given.source is None and (told := may_be_chat(names)) is not None:
        raise ChatError(
            f"{name} looks like messages of a chat, as it has {told} and no more: upswell counts what is public; if"
            " everybody could read these, say where that was, as in --source telegram"
        )
    if "text" in place and not asked and (column := people.tells_accounts(names, place["text"])) is not None:
        raise AccountsError(f"{name} holds accounts or communities, not posts, as its column {column} tells")
    if missing and (column := recipients_tell(names, rows)) is not None:
        raise ChatError(
            f"{name} holds messages to somebody, as its column {column} tells, which these alone can read:"
            " upswell counts what is public"
        )
    if missing:
        if any("\ufffd" in title for title in names):
            raise NoTableError(
                f"{name}: the names of its columns are no UTF-8: it looks like an encoding of its script, as"
                " Windows-1254, Windows-1251 and Shift_JIS are: say which, as in --encoding windows-1254"
            )
        if len(missing) == len(NEEDED) and "moment" in [kind_of(title, clock) for title in names]:
            raise LackingError(
                missing, f"{name} has no names of columns: write them above its rows, as in author,time,text"
            )
        alone = ", or say whose posts these are, as in --author NAME" if missing == ["author"] else ""
        raise LackingError(
            missing,
            f"{name} has no column for {' and '.join(missing)}: it has {', '.join(names)[:500]};"
            f" name the columns, as in --columns {missing[0]}=NAME{alone}",
        )
    time_of_day, digits, clock = _of_day(place["time"], names, places, rows, clock)
    zone = None
    if clock.pattern is None and clock.zone is None:
        zone = next(places.all_of(ZONES), None)
    shown = [names[at] for at in (place["time"], time_of_day) if at is not None]
    zone_told = next(filter(None, map(zone_in, shown)), "") if zone is None and clock.pattern is None else ""
    if clock.zone is not None and zone_told != "UTC" and zone_told.isupper():
        zone_told = ""  # whoever reads knows better what EST means
    versions, reference, uri, home, heard = (
        next(places.all_of(titles), None) for titles in (VERSIONS, REFERENCES, URIS, HOMES, INDEXED)
    )
    named = tool.name if tool else ""
    columns = Columns(names, place, clock, time_of_day, digits, zone, zone_told, None, named, versions=versions)
    number = next((at for at in places.all_of(NUMBERS) if at != place.get("author")), None)
    columns = replace(columns, reference=reference, uri=uri, home=home, number=number)
    if plains[place["text"]] in TITLED:
        columns = replace(columns, title=next((at for at in places.all_of(TITLES) if at != place["text"]), None))
    if tool is not None and not asked:
        columns = replace(columns, record=tool.record)
    columns = replace(columns, network=_network(columns, plains, rows, tool, asked or {}))
    privacy = privacy_of(names, places, rows, columns.network, has_address="url" in place)
    columns = replace(columns, privacy=privacy)
    if columns.network == "bluesky" and "time" not in (asked or {}):
        columns = replace(columns, indexed=heard)
    tweets = _tweets(columns, rows)
    by_ids = clock == Clock() and tell_better(tweets, clock)
    return replace(columns, by_ids=by_ids, seconds_by_ids=not by_ids and tell_seconds(tweets, columns.clock))


def holding(
    names: Sequence[str], rows: Sequence[Sequence[str]], clock: Clock, known: Callable[[bytes], bool], record: Reading
) -> Columns | None:
    """The columns of a table one of which holds whole records of a known format, as databases keep what an API said."""
    for at in range(len(names)):
        found = _column(rows, at)
        if found and all(cell.startswith("{") and known(as_json(cell.encode())) for cell in found):
            return Columns(names, dict.fromkeys(NEEDED, at), clock, record=record, held=at)
    return None


def _asked(name: str, names: Sequence[str], places: Places, asked: Mapping[str, str]) -> dict[str, int]:
    place = {}
    for field, column in asked.items():
        if field not in KNOWN_COLUMNS:
            raise ArchiveError(f"{field!r} is no field of a post that a column can fill: use {', '.join(FIELDS)}")
        at = next((at for at, title in enumerate(names) if title.strip() == column.strip()), None)
        at = next(places.all_of([plain(column)]), None) if at is None else at
        if at is None:
            raise NoTableError(f"{name} has no column {column!r}: it has {', '.join(names)[:500]}")
        place[field] = at
    return place


def _in_words(field: str, names: Sequence[str]) -> list[int]:
    """The columns that mean a field in words of some language, of several the most telling ones first."""
    found = [at for at, title in enumerate(names) if spoken(title) == field]
    return sorted(found, key=lambda at: is_name_alone(names[at]))


def _says_something(found: Sequence[str]) -> bool:
    """Whether cells are words, and no numbers or addresses of comments or posts."""
    told = [cell for cell in found if any(map(str.isalpha, cell)) and not cell.startswith(("http://", "https://"))]
    return 2 * len(told) >= len(found)


def _choose_time(
    place: dict[str, int],
    names: Sequence[str],
    places: Places,
    rows: Sequence[Sequence[str]],
    clock: Clock,
    tool: Tool | None,
) -> None:
    """The column with the clearest times; of equals one of more than one time, as that of collecting may be, then the
    best name, or what that is called with `utc` behind it."""
    known = (*(tool.columns.get("time", ()) if tool else ()), *KNOWN_COLUMNS["time"])
    found = list(dict.fromkeys(at for at in places.all_of(known) if at not in place.values()))
    if not found:
        found = [at for at in _in_words("time", names) if at not in place.values()]
        found = [at for at in found if _kind(_column(rows, at), clock) != "of-day"]
    if not found:
        return
    columns = {at: _column(rows, at) for at in found}
    kinds = {at: _KINDS.index(_kind(columns[at], clock)) for at in found}
    best = min(found, key=lambda at: (kinds[at], len(columns[at]) > 2 and len(set(columns[at])) == 1))
    of_utc = next(places.all_of([f"{plain(names[best])}_utc"]), best)
    place["time"] = of_utc if _KINDS.index(_kind(_column(rows, of_utc), clock)) == kinds[best] else best


def _guess_time(place: dict[str, int], names: Sequence[str], rows: Sequence[Sequence[str]], clock: Clock) -> None:
    """A column that holds times under a name that nobody knows but that says so; of several the first."""
    if "time" in place:
        return
    found = [at for at, title in enumerate(names) if at not in place.values() and says_time_of_post(title)]
    kinds = {at: kind for at in found if (kind := _kind(_column(rows, at), clock)) in ("moment", "unclear")}
    if kinds:
        place["time"] = min(kinds, key=lambda at: _KINDS.index(kinds[at]))


def _tell_apart(place: dict[str, int], name: str, places: Places, rows: Sequence[Sequence[str]]) -> None:
    """Takes authors by the addresses of their pages or posts, or by what else stands in every row and names them, where
    their column (`name`) holds names as shown, which several people may have."""
    names = _column(rows, place["author"])
    whose = _SHOWN_NAME.sub("", name)
    if whose != name and any(" " in each.strip() for each in names):
        for at in places.all_of([f"{base}_{each}" for base in (whose, "author", "user") for each in _NAMING if base]):
            found = _column(rows, at)
            if at not in place.values() and len(found) == len(rows) and len(set(found)) >= len(set(names)):
                place["author_name"], place["author"] = place["author"], at
                return
    if name not in KNOWN_COLUMNS["author_name"]:
        return
    for at in (*places.all_of(PAGES), *([place["url"]] if "url" in place else [])):
        addresses = _column(rows, at)
        if addresses and len(addresses) == len(rows) and all(map(people.by_address, addresses)):
            place["author_name"], place["author"] = place["author"], at
            return


def _choose_what_is_said(
    place: dict[str, int], places: Places, rows: Sequence[Sequence[str]], asked: Mapping[str, str]
) -> None:
    """Takes the text from where Scweet has it, since pages of Twitter begin posts with the names of their authors."""
    said = next(places.all_of(["embedded_text"]), None)
    if said is None or "text" in asked or not place.keys() >= {"text", "author"}:
        return
    named = [row[place["author"]].strip() in row[place["text"]] for row in rows]
    if rows and all(named) and _column(rows, said):
        place["text"] = said


def _tweets(columns: Columns, rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """The ids of the tweets in these rows, with the times they are shown with; none where it is no table of tweets."""
    if any(columns.source(row) != "twitter" for row in rows):
        return []
    try:
        told = [(columns.tweet_id(row), columns.moment(row)) for row in rows if row[columns.place["time"]]]
    except PostError:  # a zone that nobody knows
        return []
    return [(identity, moment) for identity, moment in told if identity]


def _of_day(
    time: int, names: Sequence[str], places: Places, rows: Sequence[Sequence[str]], clock: Clock
) -> tuple[int | None, int, Clock]:
    """The column with the time of day where the one with the time holds dates only, how many digits it has (see
    `_digits_of_day`), and how both together are read: by its name, or, whatever that is, beside the dates."""
    dates = _column(rows, time)
    if _kind(dates, replace(clock, pattern=None)) not in ("day", "unclear") or any(":" in date for date in dates):
        return None, 0, clock
    beside = [at for at in (time + 1, time - 1) if 0 <= at < len(names) and not _LASTING.search(names[at])]
    beside = [at for at in beside if any(":" in cell for cell in _column(rows, at))]
    for at in (*places.all_of(OF_DAY), *beside):
        found = _column(rows, at)
        digits = _digits_of_day(found)
        clocks = [of_day(cells.padded(cell, digits)) for cell in found]
        if at != time and _kind(clocks, clock) == "of-day":
            if clock.pattern is not None and not has_clock(clock.pattern):
                written = "%I:%M:%S %p" if clocks[0].strip()[-1:] in "Mm." else "%H:%M:%S"
                written = written if clocks[0].count(":") > 1 else written.replace(":%S", "")
                clock = replace(clock, pattern=f"{clock.pattern} {written}")
            return at, digits, clock
    return None, 0, clock


def _digits_of_day(found: Sequence[str]) -> int:
    """How many digits times of day have that are numbers, as 932 and 1430 or 93200 and 143000; 0 for any others."""
    numbers = [cells.whole(cell.strip()) for cell in found]
    if not numbers or not all(map(str.isdigit, numbers)):
        return 0
    longest = max(map(len, numbers))
    digits = longest + longest % 2
    are_times = digits in (4, 6) and all(":" in of_day(number.zfill(digits)) for number in numbers)
    return digits if are_times else 0


def _column(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in rows if at < len(row) and not cells.is_nothing(row[at])]


def _kind(values: Sequence[str], clock: Clock) -> str:
    """What most of these cells are, as times."""
    kinds = [kind_of(value, clock) for value in values]
    return max(set(kinds), key=lambda kind: (kinds.count(kind), -_KINDS.index(kind))) if kinds else ""


def _fits(field: str, at: int, rows: Sequence[Sequence[str]], place: Mapping[str, int], *, tells_reposts: bool) -> bool:
    """Whether a column may hold a field: what every post needs does not stand in one that is empty, no address is a
    network, and an id names posts. Numbers of rows do where others `tell reposts` of them."""
    if field == "id":
        named = [row for row in rows if not cells.is_nothing(row[at])]
        ids = [row[at] for row in named]
        said, whence = (
            [tuple(row[place[each]] for each in fields if each in place) for row in named]
            for fields in (NEEDED, ("author", "time"))
        )
        return name_posts(ids, said, whence) and (tells_reposts or not are_row_numbers(ids))
    if field == "source":
        return not any(cell.startswith(("https://", "http://")) for cell in _column(rows, at))
    if not rows or field not in ("author", "text"):
        return True
    found = _column(rows, at)
    return bool(found) and (field != "author" or bool(people.person(found[0])))


def _network(
    columns: Columns,
    plains: Sequence[str],
    rows: Sequence[Sequence[str]],
    tool: Tool | None,
    asked: Mapping[str, str],
) -> str | None:
    """The one network of a table, when its columns, ids or clients tell it: `source` is the client then."""
    if "source" in asked:
        return None
    at = columns.place.get("source")
    named = _column(rows, at) if at is not None else []
    networks = {cells.network(cell) for cell in named}
    if named and None not in networks:
        return None  # each row tells its own
    if tool is not None and tool.network is not None:
        return tool.network
    if any("tweet" in title for title in plains) or any(cells.is_client(cell) for cell in named):
        return "twitter"
    if "acct" in plains or any(title.startswith(("reblog", "favourites_count", "account_acct")) for title in plains):
        return "mastodon"
    return "reddit" if "subreddit" in plains else _by_ids(columns, rows)


def _by_ids(columns: Columns, rows: Sequence[Sequence[str]]) -> str | None:
    """Ids of Twitter hold the time at which they were given out, or stand in addresses; those of Bluesky tell their
    protocol."""
    place = columns.place
    if rows and place.keys() >= {"url", "author"}:
        addresses = (id_in(row[place["url"]], people.person(row[place["author"]])) for row in rows)
        if all(addresses):
            return "twitter"
    at = columns.place.get("id")
    if at is None or not rows:
        return None
    ids = [row[at].strip() for row in rows if at < len(row)]
    if all(each.startswith("at://") for each in ids):
        return "bluesky"
    agreeing = 0
    for row in rows:
        told_ms = given_out_ms(row[at]) if at < len(row) else None
        if told_ms is not None:
            try:
                time_ms = columns.clock.ms(columns.moment(row))
            except (ValueError, IndexError):
                continue
            agreeing += abs(told_ms - time_ms) <= _DAY_MS
    return "twitter" if agreeing > len(rows) // 2 else None
