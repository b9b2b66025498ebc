"""A standing as a list tells it: its row, and the facts why it is there."""

from __future__ import annotations

import math
from typing import Protocol

from pipeline.trends.baseline_buckets import BaselineWeight
from pipeline.trends.lists import ScopeList
from pipeline.trends.people import shown
from pipeline.trends.score import MINUTE_MS, OFF, ListSpec
from pipeline.trends.standing import Standing, Standings, flags_of
from schemas import WINDOWS, Peak, State, Trend, TrendList
from schemas.trends import Note, Why

YOUNG_MS = 30 * MINUTE_MS
_DIGITS = 4  # of the fractions that travel


def trend_list(
    of: ScopeList,
    reading: Reading,
    moment: tuple[int, bool],
    past: BaselineWeight,
    standings: Standings,
    total: tuple[int, int],
) -> TrendList:
    """The list that travels; `moment`: its end (ms), and whether it is final."""
    (at, final), spec = moment, of.spec
    rows = [row_of(of, reading, at, past, standing, rank) for rank, standing in enumerate(standings.rows, 1)]
    return TrendList(
        of.scope.name,
        spec.window,
        WINDOWS[spec.window],
        at,
        final,
        past.flag,
        rows,
        *total,
        past.buckets,
        spec.provisional_buckets,
    )


class Reading(Protocol):
    """What a row tells of its topic besides its standing."""

    def posts(self, slot: int) -> int: ...

    def spellings(self, slot: int) -> list[str]: ...

    def spark(self, slot: int) -> list[int]: ...

    def n_before(self, slot: int, which: int, end: int) -> float: ...

    def examples(self, slot: int) -> list[str]: ...


def row_of(of: ScopeList, reading: Reading, now: int, past: BaselineWeight, standing: Standing, rank: int) -> Trend:
    """The row of a list that ends at `now` (ms)."""
    slot, spec = standing.slot, of.spec
    spellings = reading.spellings(slot) or [of.key(slot)]
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
        state=_state(spec, reading, now, standing),
        since=since,
        peak=Peak(round(life.peak, _DIGITS), life.peak_at) if life else None,
        flags=flags_of(standing),
        joined=[of.key(other) for other in standing.joined],
        also=[(reading.spellings(other) or [of.key(other)])[0] for other in standing.joined],
        examples=reading.examples(slot),
        spark=[float(people) for people in reading.spark(slot)],
        signs=standing.signs,
        origins=standing.origins,
        usual=round(standing.usual * spec.step_ms / spec.short_ms, _DIGITS),
        why=_why(spec, past, standing, posts),
        withdrawn=standing.support[1].withdrawn,
        withdrawn_by=standing.support[1].withdrawn_by,
    )


def _state(spec: ListSpec, reading: Reading, now: int, standing: Standing) -> State:
    if standing.since is not None and now - standing.since < YOUNG_MS:
        return "new"
    n = standing.support[standing.which].n
    before = reading.n_before(standing.slot, standing.which, now - spec.compare_ms)
    if n >= 1.25 * before and n >= before + 2:
        return "rising"
    if n <= 0.8 * before and n <= before - 2:
        return "fading"
    return "steady"


def _why(spec: ListSpec, past: BaselineWeight, standing: Standing, posts: int) -> Why:
    support = standing.support[standing.which]
    people = shown(support.people, posts)
    note: Note = "no_past" if past.weight == 0 else ""
    if not note and standing.score < OFF:
        note = "faded" if standing.trending else "usual"
    return Why(
        people=people,
        window_s=spec.windows_ms[standing.which] // 1000,
        repeated=round(support.n) < 0.8 * people,
        support=round(support.n, _DIGITS),
        expected=round(standing.expected, _DIGITS),
        spread=round(math.sqrt(standing.variance), _DIGITS),
        score=round(standing.score, _DIGITS),
        own_words=round(support.own_words, _DIGITS),
        note=note,
    )
