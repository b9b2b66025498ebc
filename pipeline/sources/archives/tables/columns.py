"""Which column of a table holds what: chosen by its name and by what stands in the first rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pipeline.sources.archives.batches import ArchiveError, NoTableError
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.nearly_json import as_json
from pipeline.sources.archives.tables import cells, people
from pipeline.sources.archives.tables.chats import ChatError, chat_tells, may_be_chat
from pipeline.sources.archives.tables.ids import OF_ONE_COUNT, are_row_numbers, name_posts
from pipeline.sources.archives.tables.layout import NEEDED, Columns, Reading
from pipeline.sources.archives.tables.names import (
    HOMES,
    INDEXED,
    KNOWN_COLUMNS,
    NICKNAMES,
    NUMBERS,
    PAGES,
    PLACES,
    REFERENCES,
    SERVERS,
    TITLED,
    TITLES,
    URIS,
    VERSIONS,
    WHOLE_TEXTS,
    ZONES,
    Places,
    are_labels,
    names_of,
    plain,
    zone_in,
)
from pipeline.sources.archives.tables.networks import by_addresses
from pipeline.sources.archives.tables.privacy import gone, privacy_of, recipients_tell
from pipeline.sources.archives.tables.spoken import in_words
from pipeline.sources.archives.tables.tools import Tool, tool_of
from pipeline.sources.archives.tables.when import (
    choose_time,
    date_in_parts,
    guess_time,
    in_calendar,
    in_order,
    time_of_day,
)
from pipeline.sources.archives.times import Clock, kind_of, zone_named
from pipeline.sources.archives.tweet_ids import given_out_ms, id_in, tell_better, tell_seconds
from schemas import PostError

FIELDS = tuple(KNOWN_COLUMNS)
_SHOWN_NAME = re.compile(r"_?(?:display_?|full_?)?name\Z")  # of a column with names that people choose freely
_NAMING = (
    *("username", "handle", "screen_name", "public_identifier", "public_id", "id", "id_str", "uid", "pk", "profile_id"),
    *("profile_url", "linkedin_url", "url"),
)
_DAY_MS = 86_400_000
_HOST = re.compile(r"(?:https?://)?(?:[\w-]{1,63}\.)+[a-zA-Z][\w-]{1,62}/?")
_OF_MASTODON = ("reblog", "favourites_count", "account_acct")
_OF_PROFILES = frozenset(names_of("time_zone utc_offset"))  # in tables of tweets, as Twitter tells of their authors
_PROFILES = frozenset(names_of("statuses_count friends_count user_lang user_created_at profile_image_url"))


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
    date: tuple[int, ...] = ()
    if "time" not in place:
        choose_time(place, names, places, rows, clock, tool)
        guess_time(place, names, places, rows, clock)
        date = date_in_parts(place, places, rows, clock)
    tells_reposts = next(places.all_of(KNOWN_COLUMNS["repost_of"]), None) is not None
    for field in FIELDS:
        if field in place or field == "time":
            continue
        titles = (*(tool.columns.get(field, ()) if tool else ()), *KNOWN_COLUMNS[field])
        spoken = [at for at in in_words(field, names) if field != "text" or _says_something(cells.column(rows, at))]
        for at in (*places.all_of(titles), *spoken):
            if field == "tags" and are_labels(plains, at, cells.column(rows, at)):
                continue
            if at not in place.values() and _fits(field, at, rows, place, tells_reposts=tells_reposts):
                place[field] = at
                break
    whole = next(places.all_of(WHOLE_TEXTS), None)
    if "text" not in (asked or {}) and whole is not None and len(cells.column(rows, whole)) == len(rows) > 0:
        place["text"] = whole
    else:
        _choose_what_is_said(place, places, rows, asked or {})
    addresses = cells.column(rows, place["url"]) if "url" in place and "author" not in place and not author else []
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
    clock = in_calendar(cells.column(rows, place["time"]), clock)
    of_day, digits, clock = time_of_day(place["time"], names, places, rows, clock, is_date=bool(date))
    zone = None
    if clock.pattern is None and clock.zone is None:
        zone = next(places.all_of(ZONES), None)
    shown = [names[at] for at in (place["time"], *of_day)]
    zone_told = next(filter(None, map(zone_in, shown)), "") if zone is None and clock.pattern is None else ""
    if clock.zone is not None and zone_told != "UTC" and zone_told.isupper():
        zone_told = ""  # whoever reads knows better what EST means
    versions, reference, uri, home, heard = (
        next(places.all_of(titles), None) for titles in (VERSIONS, REFERENCES, URIS, HOMES, INDEXED)
    )
    named = tool.name if tool else ""
    columns = Columns(names, place, clock, date, of_day, digits, zone, zone_told, None, named, versions=versions)
    number = next((at for at in places.all_of(NUMBERS) if at != place.get("author")), None)
    columns = replace(columns, reference=reference, uri=uri, home=home, number=number)
    if plains[place["text"]] in TITLED:
        columns = replace(columns, title=next((at for at in places.all_of(TITLES) if at != place["text"]), None))
    if tool is not None and not asked:
        columns = replace(columns, record=tool.record)
    columns = replace(columns, server=next(filter(partial(_are_hosts, rows), places.all_of(SERVERS)), None))
    columns = replace(columns, network=_network(columns, plains, rows, tool, asked or {}))
    if columns.network not in OF_ONE_COUNT and "repost_of" not in place:
        columns = replace(columns, within=next((at for at in places.all_of(PLACES) if _is_filled(rows, at)), None))
    privacy = privacy_of(names, places, rows, columns.network, has_address="url" in place)
    columns = replace(columns, privacy=privacy, gone=gone(places, rows))
    if columns.network == "bluesky" and "time" not in (asked or {}):
        columns = replace(columns, indexed=heard)
    if zone is not None and columns.network == "twitter" and plains[zone] in _OF_PROFILES and _PROFILES & set(plains):
        columns = replace(columns, zone=None)
    tweets = _tweets(columns, rows)
    if clock == Clock() and tell_better(tweets, clock):
        return replace(columns, by_ids=True)
    clock = in_order(cells.column(rows, place["time"]), clock)
    return replace(columns, clock=clock, seconds_by_ids=tell_seconds(tweets, clock))


def holding(
    names: Sequence[str], rows: Sequence[Sequence[str]], clock: Clock, known: Callable[[bytes], bool], record: Reading
) -> Columns | None:
    """The columns of a table one of which holds whole records of a known format, as databases keep what an API said."""
    for at in range(len(names)):
        found = cells.column(rows, at)
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


def _says_something(found: Sequence[str]) -> bool:
    """Whether cells are words, and no numbers or addresses of comments or posts."""
    told = [cell for cell in found if any(map(str.isalpha, cell)) and not cell.startswith(("http://", "https://"))]
    return 2 * len(told) >= len(found)


def _tell_apart(place: dict[str, int], name: str, places: Places, rows: Sequence[Sequence[str]]) -> None:
    """Takes authors by the addresses of their pages or posts, or by what else stands in every row and names them, where
    their column (`name`) holds names as shown, which several people may have."""
    names = cells.column(rows, place["author"])
    are_shown = any(" " in each.strip() for each in names)
    if are_shown:
        whose = _SHOWN_NAME.sub("", name)
        of_them = [f"{base}_{each}" for base in (whose, "author", "user") for each in _NAMING if base]
        for at in places.all_of([*of_them, *NICKNAMES]):
            found = cells.column(rows, at)
            if at not in place.values() and len(found) == len(rows) and len(set(found)) >= len(set(names)):
                place["author_name"], place["author"] = place["author"], at
                return
    if not are_shown and name not in KNOWN_COLUMNS["author_name"]:
        return
    for at in (*places.all_of(PAGES), *([place["url"]] if "url" in place else [])):
        addresses = cells.column(rows, at)
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
    if rows and all(named) and cells.column(rows, said):
        place["text"] = said


def _is_filled(rows: Sequence[Sequence[str]], at: int) -> bool:
    return len(cells.column(rows, at)) == len(rows) > 0


def _are_hosts(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column holds the names of servers."""
    return _is_filled(rows, at) and all(_HOST.fullmatch(cell.strip()) for cell in cells.column(rows, at))


def _tweets(columns: Columns, rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """The ids of the tweets in these rows, with the times they are shown with; none where it is no table of tweets."""
    if any(columns.source(row) != "twitter" for row in rows):
        return []
    try:
        told = [(columns.tweet_id(row), columns.moment(row)) for row in rows if row[columns.place["time"]]]
    except PostError:  # a zone that nobody knows
        return []
    return [(identity, moment) for identity, moment in told if identity]


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
        return not any(cell.startswith(("https://", "http://")) for cell in cells.column(rows, at))
    if not rows or field not in ("author", "text"):
        return True
    found = cells.column(rows, at)
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
    named = cells.column(rows, at) if at is not None else []
    networks = {cells.network(cell) for cell in named}
    if named and None not in networks:
        return None  # each row tells its own
    if tool is not None and tool.network is not None:
        return tool.network
    if any("tweet" in title for title in plains) or any(cells.is_client(cell) for cell in named):
        return "twitter"
    if "blog_name" in plains:
        return "tumblr"
    if columns.server is not None or "acct" in plains or any(title.startswith(_OF_MASTODON) for title in plains):
        return "mastodon"
    return "reddit" if "subreddit" in plains else _by_ids(columns, rows) or by_addresses(rows)


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
