"""Topics shared among several boards: which shard a topic belongs to, and making one list of the shards' parts.

A shard gets all closes with its own topics only, and the totals of the whole; so it scores its topics as one board
that has all would. What needs the topics of all shards is left: showing as one what shares its people, the cut, and
whether a list says anything new. It is done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
import xxhash

from pipeline.text import fold
from pipeline.trends.arrange import fill, join
from pipeline.trends.arrays import I64, U64, pointers, spans
from pipeline.trends.lists import least_people
from pipeline.trends.panes import PaneCounts
from pipeline.trends.people import hash64
from pipeline.trends.score import MINUTE_MS
from schemas import WINDOWS, TrendList, Window
from schemas.parts import ListPart, PartRow

STATE_MS = 10 * MINUTE_MS  # the state can be written when event time has come to a multiple of this
_ORDER: dict[Window, int] = {window: number for number, window in enumerate(WINDOWS)}
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=1 << 17)
def _hash_of(spelling: str) -> int:
    return hash64(fold(spelling))


def split(pane: PaneCounts, shards: int) -> list[PaneCounts]:
    """Each shard's share of a pane: the rows of its topics, and the totals of the whole."""
    if shards == 1:
        return [pane]
    shard = np.array([_hash_of(spelling) % shards for spelling in pane.spellings], np.int32)
    return [_rows_of(pane, np.flatnonzero(shard == number)) for number in range(shards)]


def _rows_of(pane: PaneCounts, rows: I64) -> PaneCounts:
    entries = spans(pane.ptr[rows], pane.ptr[rows + 1])
    examples = spans(pane.example_ptr[rows], pane.example_ptr[rows + 1])
    return replace(
        pane,
        spellings=[pane.spellings[row] for row in rows.tolist()],
        cell=pane.cell[rows],
        posts=pane.posts[rows],
        reposts=pane.reposts[rows],
        ptr=pointers(pane.ptr[rows + 1] - pane.ptr[rows]),
        author=pane.author[entries],
        text=pane.text[entries],
        said=pane.said[entries],
        example_ptr=pointers(pane.example_ptr[rows + 1] - pane.example_ptr[rows]),
        example_lot=pane.example_lot[examples],
        examples=[pane.examples[example] for example in examples.tolist()],
    )


class _Row:
    """A row of a part, to be arranged with those of other shards."""

    __slots__ = ("joined", "row")

    def __init__(self, row: PartRow) -> None:
        self.row = row
        self.joined: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        return self.row.trend.topic

    @property
    def since(self) -> int | None:
        return self.row.trend.since

    @property
    def sample(self) -> tuple[U64 | None, float]:
        return np.frombuffer(self.row.people, "<u8"), self.row.theta

    @property
    def n(self) -> float:
        return self.row.n


def merged(parts: Sequence[ListPart]) -> TrendList:
    """The list whose parts, of different shards, these are (at least one). Shards without a part have no rows."""
    of = parts[0]
    trending = [_Row(row) for part in parts for row in part.trending]
    trending.sort(key=lambda row: (-row.row.weight, row.mark))
    others = [_Row(row) for part in parts for row in part.others]
    others.sort(key=lambda row: (-row.n, row.mark))
    rows = []
    for rank, found in enumerate(fill(join(trending), others, least_people(of.scope)), 1):
        trend = msgspec.structs.replace(found.row.trend, rank=rank)
        if found.joined:
            trend.joined = sorted(found.joined)
            trend.flags = [*trend.flags, "same_people"]
        rows.append(trend)
    return TrendList(
        of.scope, of.window, WINDOWS[of.window], of.at, of.final, of.flag, rows, of.posts, of.authors
    )


class Merging:
    """Lists out of parts. Final lists come when every shard is done with their time, and are issued when they say
    something new; provisional ones whenever a part of theirs is new. Parts may come again."""

    def __init__(self, shards: int) -> None:
        self.at = 0  # the lists up to it are made, ms
        self._done = dict.fromkeys(range(shards), 0)
        self._parts: dict[int, dict[tuple[str, Window], dict[int, ListPart]]] = {}  # by time
        self._issued: dict[tuple[str, Window], str] = {}  # digests
        self._live: dict[tuple[str, Window], dict[int, ListPart]] = {}
        self._news: set[tuple[str, Window]] = set()

    def take(self, part: ListPart) -> None:
        """A part; of a final list the first one of each shard counts."""
        if part.at <= self.at or part.shard not in self._done:
            return
        place = part.scope, part.window
        if part.final:
            self._parts.setdefault(part.at, {}).setdefault(place, {}).setdefault(part.shard, part)
        else:
            self._live.setdefault(place, {})[part.shard] = part
            self._news.add(place)

    def done(self, shard: int, at: int) -> None:
        """The shard has told all parts up to `at` (ms)."""
        if at > self._done.get(shard, at):
            self._done[shard] = at

    def advance(self) -> list[TrendList] | None:
        """The lists to be issued of the times that are complete, up to the next moment at which the state can be
        written; None: there is no such time."""
        frontier = min(self._done.values())
        if frontier <= self.at:
            return None
        following = min((at for at in self._parts if at <= frontier), default=frontier)
        limit = min(frontier, -(-following // STATE_MS) * STATE_MS)
        issued = []
        for at in sorted(at for at in self._parts if at <= limit):
            places = self._parts.pop(at)
            for place in sorted(places, key=lambda place: (_ORDER[place[1]], place)):
                made = merged([part for _, part in sorted(places[place].items())])
                if self._is_news(made):
                    issued.append(made)
        self.at = limit
        for place, parts in list(self._live.items()):
            self._live[place] = {shard: part for shard, part in parts.items() if part.at > limit}
        return issued

    def _is_news(self, made: TrendList) -> bool:
        place = made.scope, made.window
        says = [(row.topic, row.trending, row.posts, row.authors, row.flags) for row in made.trends]
        digest = ""
        if says or made.posts:
            digest = xxhash.xxh64_hexdigest(_encode((made.flag, made.posts, made.authors, says)))
        if self._issued.get(place, "") == digest:
            return False
        if digest:
            self._issued[place] = digest
        else:
            del self._issued[place]
        return True

    def preview(self) -> list[TrendList]:
        """The provisional lists that have got a new part since this was last asked."""
        news, self._news = self._news, set()
        made = []
        for place in sorted(news):
            parts = self._live[place]
            newest = max((part.at for part in parts.values()), default=0)
            if newest > self.at:
                made.append(merged([part for _, part in sorted(parts.items()) if part.at == newest]))
        return made

    # -- the state ---------------------------------------------------------------------------------------------------

    def state(self) -> bytes:
        """What later lists depend on besides later parts."""
        issued = [(*place, digest) for place, digest in sorted(self._issued.items())]
        return msgspec.msgpack.encode((self.at, issued))

    def restore(self, state: bytes) -> None:
        """Takes what `state` gave."""
        at, issued = msgspec.msgpack.decode(state, type=tuple[int, list[tuple[str, Window, str]]])
        self.at = at
        self._done = dict.fromkeys(self._done, at)
        self._issued = {(scope, window): digest for scope, window, digest in issued}
