"""Which posts are withdrawn, and when, on one grid: retractions held against what was counted, one after the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .people import Mention, mentions_of
from .posts import Said, cell_of, network_of, source_name

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
AS_WHOLE = "a post"
TABLES_MS = 2 * HOUR_MS  # how far back a retraction is held against minutes

Cell = tuple[str, str, frozenset[str]]
Place = tuple[str, Cell]  # spelling and cell; a post as a whole has no spelling


class Withdrawal(NamedTuple):
    """A retraction that is used: the post as it says, where that counts, and from which pane on it is withdrawn."""

    said: Said
    pane: int
    at: int
    known: bool = True  # its text; else it withdraws nothing by itself

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.said.author, source_name(self.said.source), self.said.id, self.pane


class Named(NamedTuple):
    """What a withdrawal says of one topic (AS_WHOLE for the post itself)."""

    key: tuple[str, str, str, int]
    pane: int
    at: int
    topic: str
    author: str
    place: Place


def named(withdrawals: Iterable[Withdrawal]) -> list[Named]:
    """Of each topic of each withdrawn post."""
    return [
        Named(w.key, w.pane, w.at, mention.topic, w.said.author, (mention.written, mention.cell))
        for w in withdrawals
        for mention in mentions_of(w.said)
    ]


def as_wholes(withdrawals: Iterable[Withdrawal]) -> list[Named]:
    """Of each withdrawn post, with topics or without."""
    return [Named(w.key, w.pane, w.at, AS_WHOLE, w.said.author, ("", cell_of(w.said))) for w in withdrawals if w.known]


def settle(counted: Sequence[tuple[int, str, str, Place]], told: Iterable[Named], step: int) -> dict[int, Named]:
    """Which of the counted (time, topic, author, place), by number, are withdrawn. A retraction takes one that lies in
    its post's step, under the topic, spelling and cell that it says, or (where its author has none there) under others;
    never one that is taken, and none twice."""
    places: dict[tuple[int, str, str], dict[Place, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, (time, topic, author, place) in enumerate(counted):
        places[time // step, topic, author][place].append(number)
    keys: set[object] = set()
    used: Counter[object] = Counter()
    taken: dict[int, Named] = {}

    def here(one: Named) -> dict[Place, list[int]]:
        return places.get((one.pane // step, one.topic, one.author), {})

    for each in sorted(told, key=lambda one: (one.at // step, one.place not in here(one))):
        where = each.pane // step, each.topic, each.author
        ways = [each.place]
        if each.place not in here(each):
            ways = sorted(
                (way for way in here(each) if each.topic != AS_WHOLE or way[1][0] == each.place[1][0]),
                key=lambda way: (way[0], way[1][:2], sorted(way[1][2])),
            )
        for way in ways if (each.topic, each.key, each.pane // step) not in keys else ():
            if used[where, way] < len(here(each)[way]):
                taken[here(each)[way][used[where, way]]] = each._replace(place=way)
                used[where, way] += 1
                keys.add((each.topic, each.key, each.pane // step))
                break
    return taken


def in_hourly_records(mentions: Iterable[Mention]) -> list[Mention]:
    """What the windows of `24h` are made of: a topic with one single person in an hour, all cells together, went."""
    mentions = list(mentions)
    people = defaultdict(set)
    for mention in mentions:
        people[mention.topic, mention.time // HOUR_MS].add(mention.author)
    return [one for one in mentions if len(people[one.topic, one.time // HOUR_MS]) > 1]


def withdrawn_mentions(posts: Iterable[Said], withdrawals: Sequence[Withdrawal]) -> tuple[list[Mention], list[Mention]]:
    """All mentions with the pane from which each is withdrawn: by the minute, and of hourly records by the hour."""
    everything = [mention for said in posts for mention in mentions_of(said)]
    told, old = _by_age(named(withdrawals))
    by_minute = settle([_counted(one) for one in everything], told, MINUTE_MS)
    minutes = [one._replace(gone=by_minute[n].at) if n in by_minute else one for n, one in enumerate(everything)]
    hourly = in_hourly_records(everything)
    by_hour = settle([_counted(one) for one in hourly], [*by_minute.values(), *old], HOUR_MS)
    hours = [one._replace(gone=by_hour[n].at) if n in by_hour else one for n, one in enumerate(hourly)]
    return minutes, hours


def withdrawn_posts(posts: Sequence[Said], withdrawals: Sequence[Withdrawal]) -> tuple[dict[int, int], dict[int, int]]:
    """The pane from which each post as a whole is withdrawn, by number: by the minute, and by the hour."""
    counted = [(said.time, AS_WHOLE, said.author, ("", cell_of(said))) for said in posts]
    told, old = _by_age(as_wholes(withdrawals))
    by_minute = settle(counted, told, MINUTE_MS)
    by_hour = settle(counted, [*by_minute.values(), *old], HOUR_MS)
    return {n: one.at for n, one in by_minute.items()}, {n: one.at for n, one in by_hour.items()}


def _by_age(told: Iterable[Named]) -> tuple[list[Named], list[Named]]:
    """Those held against the minutes of their posts, and those that come when these are not looked at any more."""
    young: list[Named] = []
    old: list[Named] = []
    for one in told:
        oldest = one.at // MINUTE_MS * MINUTE_MS + MINUTE_MS - TABLES_MS
        (old if one.pane // MINUTE_MS * MINUTE_MS < oldest else young).append(one)
    return young, old


def _counted(mention: Mention) -> tuple[int, str, str, Place]:
    return mention.time, mention.topic, mention.name, (mention.written, mention.cell)


def same_network(one: Said, other: Said) -> bool:
    """Whether both count with one source."""
    return network_of(source_name(one.source)) == network_of(source_name(other.source))
