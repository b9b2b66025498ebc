"""A standing as people read it: the row of a list, and why it is there in one sentence."""

from __future__ import annotations

import math
from typing import Protocol

from pipeline.trends.clock import Past
from pipeline.trends.lists import ScopeList, Standing, Standings, flags_of
from pipeline.trends.people import shown
from pipeline.trends.score import MINUTE_MS, OFF, ListSpec
from schemas import WINDOWS, Peak, State, Trend, TrendList
from schemas.parts import ListPart, PartRow

YOUNG_MS = 30 * MINUTE_MS
_DIGITS = 4  # of the fractions that travel


def trend_list(of: ScopeList, now: int, past: Past, standings: Standings) -> TrendList:
    """The list that travels."""
    ranked = enumerate((*standings.trending, *standings.others), 1)
    rows = [row_of(of, of.reader, now, past, standing, rank) for rank, standing in ranked]
    of.reader.forget_history()
    spec = of.spec
    return TrendList(of.scope.name, spec.window, WINDOWS[spec.window], now, True, past.flag, rows, *of.total)


def list_part(of: ScopeList, shard: int, now: int, past: Past, standings: Standings) -> ListPart:
    """What a shard tells of the list."""
    part = part_of(of, of.reader, (shard, now, True), past, standings, of.total)
    of.reader.forget_history()
    return part


def part_of(
    of: ScopeList,
    reading: Reading,
    moment: tuple[int, int, bool],
    past: Past,
    standings: Standings,
    total: tuple[int, int],
) -> ListPart:
    """A shard's rows of a list; `moment`: the shard, the list's end (ms), whether it is final."""
    shard, now, final = moment

    def row(standing: Standing) -> PartRow:
        trend = row_of(of, reading, now, past, standing, 0)
        authors, theta = standing.sample if standing.since is not None else (None, 1.0)
        people = b"" if authors is None else authors.astype("<u8").tobytes()
        return PartRow(trend, standing.weight, standing.n, people, theta)

    trending, others = ([row(standing) for standing in some] for some in standings)
    return ListPart(shard, of.scope.name, of.spec.window, now, final, past.flag, *total, trending, others)


class Reading(Protocol):
    """What a row tells of its topic besides its standing."""

    def posts(self, slot: int) -> int: ...

    def spellings(self, slot: int) -> list[str]: ...

    def spark(self, slot: int, which: int) -> list[float]: ...

    def examples(self, slot: int) -> list[str]: ...


def row_of(of: ScopeList, reading: Reading, now: int, past: Past, standing: Standing, rank: int) -> Trend:
    """The row of a list that ends at `now` (ms)."""
    slot, spec = standing.slot, of.spec
    spellings = reading.spellings(slot) or [of.key(slot)]
    spark = reading.spark(slot, standing.which)
    life, since, in_window = standing.life, standing.since, standing.support[standing.which]
    posts = reading.posts(slot)
    return Trend(
        rank=rank,
        topic=of.key(slot),
        trending=standing.trending,
        display=spellings[0],
        variants=spellings[1:],
        posts=posts,
        authors=shown(standing.support[1].people, posts),
        support=round(in_window.n, _DIGITS),
        expected=round(standing.expected, _DIGITS),
        spread=round(math.sqrt(standing.variance), _DIGITS),
        score=round(standing.score, _DIGITS),
        weight=round(standing.weight, _DIGITS),
        score_window_s=spec.windows_ms[standing.which] // 1000,
        state=_state(spec, now, since, spark),
        since=since,
        peak=Peak(round(life.peak, _DIGITS), life.peak_at) if life else None,
        flags=flags_of(standing),
        joined=sorted(of.key(other) for other in standing.joined),
        examples=reading.examples(slot),
        spark=[round(n, _DIGITS) for n in spark],
        why=_why(spec, past, standing, posts),
    )


def _state(spec: ListSpec, now: int, since: int | None, spark: list[float]) -> State:
    if since is not None and now - since < YOUNG_MS:
        return "new"
    n, before = spark[-1], spark[-1 - spec.compare_ms // spec.step_ms]
    if n >= 1.25 * before and n >= before + 2:
        return "rising"
    if n <= 0.8 * before and n <= before - 2:
        return "fading"
    return "steady"


def _why(spec: ListSpec, past: Past, standing: Standing, posts: int) -> str:
    support = standing.support[standing.which]
    people, n = shown(support.people, posts), round(support.n)
    window = _length(spec.windows_ms[standing.which])
    said = f"{_count(people, 'person', 'people')} in {window}"
    if n < 0.8 * people:
        said += f", who count as {n} because they repeat the same texts,"
    if past.weight == 0:
        return f"{said.rstrip(',')}; no past to compare with yet"
    expected, spread = _number(standing.expected), _number(math.sqrt(standing.variance))
    said += f" where {expected} ± {spread} were expected ({standing.score:.1f} sigma)"
    if standing.score < OFF:
        return f"{said}; interest has faded" if standing.trending else f"{said}; nothing unusual"
    return f"{said}, {support.own_words:.0%} of them with words of their own"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _length(ms: int) -> str:
    minutes = ms // MINUTE_MS
    return f"{minutes // 60} h" if minutes > 60 else f"{minutes} min"
