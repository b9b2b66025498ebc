"""The rank stage: final panes in, lists out. Time goes on by `advance`, and by it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple

import numpy as np

from pipeline.trends.baseline_buckets import BaselineBuckets
from pipeline.trends.counts import Counts
from pipeline.trends.early_lists import EarlyLists
from pipeline.trends.early_panes import EarlyPaneStore
from pipeline.trends.lists import REMEMBERS_SUSPECTS, ScopeList, Wanted
from pipeline.trends.names import Cell, Names
from pipeline.trends.origins import UsualServers
from pipeline.trends.panes import Grid
from pipeline.trends.rows import trend_list
from pipeline.trends.schedule import Schedule
from pipeline.trends.scope import Scope, scopes_of
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, ListSpec
from pipeline.trends.sliding import Span
from pipeline.trends.suspicion import Suspicion
from pipeline.trends.timeline import TEN_MS, Timeline
from schemas import TrendList, Window

PREVIEWED_MS = 3 * MINUTE_MS  # how far event time may be ahead of the final lists (beyond the lateness)


class Step(NamedTuple):
    """A step of the minute grid or of the hour grid, and the lists made at it. Times in ms."""

    at: int  # its end
    step_ms: int
    lists: list[TrendList]


class Ranker:
    """All scopes' lists.

    `add` takes the closed panes of every partition in any order among partitions; `advance(frontier)` says that all
    partitions have closed all panes before `frontier` (ms), and yields the lists that are to be issued by it. Lists
    that nobody `wants` (scope, window) just now are not made, which saves most of the work of a long history, nor those
    `for_trends_before` some time in which nothing trends; what later lists depend on goes on all the same. For those
    that it `keeps` none of nothing is done at all.
    """

    def __init__(self, grid: Grid, keeps: Callable[[str, Window], bool] | None = None) -> None:
        self.grid = grid
        self.wants: Callable[[str, Window], bool] | None = None  # None: every list is wanted
        self.for_trends_before = 0  # of steps that end before this (ms) lists are wanted only where something trends
        self._keeps = keeps
        self.names = Names()
        self.timeline = Timeline(self.names)
        self.suspicion, self._usual_servers = Suspicion(self.timeline), UsualServers(self.timeline)
        self.scopes: dict[str, Scope] = {}
        self._lists: dict[int, dict[str, list[ScopeList]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # by grid, scope
        self.buckets = {spec.window: BaselineBuckets(spec) for spec in SPECS}
        self._schedules = {spec.step_ms: Schedule(spec.step_ms, spec.bucket_ms) for spec in SPECS}
        self._panes: dict[int, list[Counts]] = {}  # of minutes that are not final yet, by the minute's start
        self._in_order: dict[int, int] = {}  # how many of them, the first ones, are in order, by the minute's start
        self._starts: list[int] = []  # a heap of these minutes
        self.now: int | None = None  # end of the last final minute, ms
        self._seen_cells: set[Cell] = set()
        self.edge = EarlyPaneStore(self.names)
        self._news: list[Counts] = []  # of the edge, since lists were previewed
        self._previews = EarlyLists()

    def add(self, pane: Counts) -> Counts | None:
        """A closed pane of one partition, once. Returns it in numbers (see `numbered`), None when it holds no posts."""
        pane = pane.of_posts()
        if not len(pane.cell_number):
            return None
        table = pane.numbered(self.names)
        minute = pane.start // MINUTE_MS * MINUTE_MS
        if minute not in self._panes:
            self._panes[minute] = []
            heappush(self._starts, minute)
        self._panes[minute].append(table)
        for cell in pane.cells:
            if cell not in self._seen_cells:
                self._seen_cells.add(cell)
                for name in scopes_of(cell):
                    if name not in self.scopes and any(self._is_kept(name, spec.window) for spec in SPECS):
                        self._open_scope(name)
        return table

    def _open_scope(self, name: str) -> None:
        specs = [spec for spec in SPECS if self._is_kept(name, spec.window)]
        scope = self.scopes[name] = Scope(name, self.names, specs)
        for step_ms, of_grid in self._lists.items():
            of_grid[name] = [self._list(scope, spec) for spec in specs if spec.step_ms == step_ms]

    def _list(self, scope: Scope, spec: ListSpec) -> ScopeList:
        return ScopeList(scope, spec, self.timeline, self.suspicion, self._usual_servers)

    def _is_kept(self, scope: str, window: Window) -> bool:
        """Whether the list is known of. That of all posts in an hour always is: who is suspect in it counts in all."""
        return (scope, window) == REMEMBERS_SUSPECTS or self._keeps is None or self._keeps(scope, window)

    @property
    def begins(self) -> int | None:
        """Where the next step begins, ms: where event time stands, else with the first pane; None before it."""
        return self.now if self.now is not None else min(self._panes, default=None)

    def next_change(self) -> int | None:
        """The end (ms) of the first minute that is not final yet at which anything can change; None: there is none."""
        return None if self.begins is None else self._next(self.begins)

    def advance(self, frontier: int) -> Iterator[Step]:
        """The lists of every minute and hour that is final when all panes before `frontier` are, where there are any.
        Time in which nothing can change is passed over."""
        if self.now is None:
            if not self._panes or min(self._panes) >= frontier:
                return
            self.now = min(self._panes)
        limit = frontier // MINUTE_MS * MINUTE_MS
        while self.now < limit:
            end = self._next(self.now)
            if end is None or end > limit:
                self._pass(self.now, limit)
                return
            start = end - MINUTE_MS
            self._pass(self.now, start)
            self.now = end
            panes = self._panes.pop(start, [])
            self._in_order.pop(start, None)
            if panes:
                self.suspicion.take(start, panes)
            table = self.timeline.add_minute(start, panes)
            lists = self._step(MINUTE_MS, end, table)
            self.suspicion.end_step(end)
            if lists:
                yield Step(end, MINUTE_MS, lists)
            if end % HOUR_MS == 0:
                if lists := self._step(HOUR_MS, end, self.timeline.hours.get(end - HOUR_MS)):
                    yield Step(end, HOUR_MS, lists)
                self._end_hour(end)

    def _end_hour(self, now: int) -> None:
        # a bucket is measured when the next one begins, however long nobody posted in between
        self.timeline.drop_old(min(now, self._schedules[HOUR_MS].observed_until))
        self._tidy()

    def _next(self, now: int) -> int | None:
        """The end of the first minute after `now` at which anything can change; None: there is none."""
        minutes, hours = self._schedules[MINUTE_MS], self._schedules[HOUR_MS]
        while self._starts and self._starts[0] < now:
            heappop(self._starts)
        ten, hour = ((now // step_ms + 1) * step_ms for step_ms in (TEN_MS, HOUR_MS))
        ends = (
            self._starts[0] + MINUTE_MS if self._starts else None,
            minutes.next(now, rolls=self._has_past(MINUTE_MS)),
            hours.next(now // HOUR_MS * HOUR_MS, rolls=self._has_past(HOUR_MS)),
            ten if minutes.posted > ten - TEN_MS else None,  # its minutes are rolled up
            hour if minutes.posted > hour - HOUR_MS else None,
        )
        return min((end for end in ends if end is not None), default=None)

    def _has_past(self, step_ms: int) -> bool:
        """Whether any list of the grid has something to do when a bucket begins."""
        return not self._schedules[step_ms].idle or not all(
            ranked.baseline.idle for lists in self._lists[step_ms].values() for ranked in lists
        )

    def _pass(self, now: int, then: int) -> None:
        """From `now` to `then` (ms) nothing changes."""
        if now == then:
            return
        for spec in SPECS:
            step_ms, schedule = spec.step_ms, self._schedules[spec.step_ms]
            first, last = (now // step_ms + 1) * step_ms, min(then, schedule.observed_until) // step_ms * step_ms
            self.buckets[spec.window].observe(first, last)
        self.now = self.timeline.end = then
        if then // HOUR_MS > now // HOUR_MS:
            for ranked in self.all_lists():
                ranked.baseline.end_bucket()
            self._end_hour(then)

    def tell(self, partition: int, first_offset: int, last_offset: int, newest: int, panes: Sequence[Counts]) -> None:
        """What open panes of a partition have got (see EarlyPaneStore): it decides provisional lists only."""
        self._news += self.edge.take(partition, first_offset, last_offset, newest, panes)

    def preview(self, frontiers: Mapping[int, int]) -> Step:
        """The next full minute, and its provisional lists that differ from those made before. `frontiers`: up to where
        (ms) each partition's panes have closed."""
        self.edge.close(frontiers)
        news, self._news = self._news, []
        now, at = self.now, -(-self.edge.now // MINUTE_MS) * MINUTE_MS
        if now is None or not now < at <= now + self.grid.max_out_of_orderness_ms + PREVIEWED_MS:
            return Step(at, MINUTE_MS, [])
        self._put_in_order()
        since_now = (*chain.from_iterable(self._panes.values()), *self.edge.tables())
        known = [table for table in since_now if table.start < at]
        lists = {
            name: [
                (ranked, self.buckets[ranked.spec.window].past)
                for ranked in ranking
                if self._wanted(ranked, at) is not Wanted.NOTHING
            ]
            for name, ranking in self._lists[MINUTE_MS].items()
        }
        made = self._previews.make((now, at), known, [table for table in news if table.start < at], lists)
        return Step(at, MINUTE_MS, [preview.trend_list(past, standings) for preview, past, standings in made])

    def _put_in_order(self) -> None:
        """Topics are looked up in the panes of minutes that are not final."""
        for start, panes in self._panes.items():
            begin = self._in_order.get(start, 0)
            panes[begin:] = [pane.in_order() for pane in panes[begin:]]
            self._in_order[start] = len(panes)

    def _wanted(self, ranked: ScopeList, end: int) -> Wanted:
        """What somebody wants of the list in the step that ends there (ms)."""
        of = ranked.scope.name, ranked.spec.window
        if not (self._keeps is None or self._keeps(*of)) or not (self.wants is None or self.wants(*of)):
            return Wanted.NOTHING
        return Wanted.TRENDS if end < self.for_trends_before else Wanted.LIST

    def _step(self, step_ms: int, end: int, table: Counts | None) -> list[TrendList]:
        """One step of the minute grid or of the hour grid; its lists by scope."""
        schedule, made = self._schedules[step_ms], []
        due = schedule.take(end)
        if table is not None:
            schedule.posted = end
            for cell in table.cells:
                due.update(name for name in scopes_of(cell) if name in self.scopes)
        elif end > schedule.observed_until:
            return []
        began = {spec.window for spec in SPECS if spec.step_ms == step_ms and self._roll(spec, end)}
        if began:
            due.update(name for name, scope in self.scopes.items() if not scope.windows.quiet(step_ms))
        for name in sorted(due):
            scope, lists = self.scopes[name], self._lists[step_ms][name]
            if not lists:
                continue
            changed_slots = scope.windows.step(step_ms, end, table, scope.mask)
            if table is not None and scope.windows.holds(step_ms, end - step_ms):
                schedule.enter(name, scope.windows.lengths_ms(step_ms), end)
            for ranked in lists:
                window = ranked.spec.window
                past = self.buckets[window].past
                moved = changed_slots[ranked.short], changed_slots[ranked.long]
                standings = ranked.step(end, past, moved, window in began, self._wanted(ranked, end))
                if standings is not None:
                    made.append(trend_list(ranked, ranked.reader, (end, True), past, standings, ranked.total))
                    ranked.reader.forget_history()
            schedule.track(name, any(ranked.has_tracked for ranked in lists))
        return made

    def _roll(self, spec: ListSpec, end: int) -> bool:
        """Ends the bucket before, where a new one begins with this step."""
        clock = self.buckets[spec.window]
        finished = clock.step(end)
        if finished is None:
            return False
        back = spec.long_ms - spec.step_ms
        source = self.timeline.hours if spec.step_ms == HOUR_MS else self.timeline.minutes
        starts = range(finished.start - back, finished.start + spec.bucket_ms, spec.step_ms)
        lists = [ranked for each in self._lists[spec.step_ms].values() for ranked in each if ranked.spec is spec]
        for ranked in lists:
            ranked.baseline.end_bucket()
        lists = [ranked for ranked in lists if not ranked.baseline.idle]
        if lists:
            steps = [((at - finished.start) // spec.step_ms, source[at]) for at in starts if at in source]
            span = Span(steps, spec.step_ms)
            for ranked in lists:
                ranked.roll(finished, clock.past, span)
        return True

    # -- what a snapshot holds ---------------------------------------------------------------------------------------

    def all_lists(self) -> Iterator[ScopeList]:
        """The lists of all scopes, by grid and scope."""
        for step_ms in (MINUTE_MS, HOUR_MS):
            for name in self.scopes:
                yield from self._lists[step_ms][name]

    def posted(self) -> tuple[int, int]:
        """End of the last step that held a post, of the minute grid and of the hour grid, ms."""
        return self._schedules[MINUTE_MS].posted, self._schedules[HOUR_MS].posted

    def begin_at(self, now: int, posted: tuple[int, int], scopes: Iterable[str]) -> None:
        """Goes on from `now` (ms) with the tables that the timeline holds: the windows are read off them."""
        self.now = self.timeline.end = now
        for name in scopes:
            self._open_scope(name)
        self.timeline.restore_the_rest()
        for (step_ms, schedule), ended in zip(self._schedules.items(), posted, strict=True):
            schedule.posted = ended
            tables = self.timeline.hours if step_ms == HOUR_MS else self.timeline.minutes
            for start in sorted(tables):
                for scope in self.scopes.values():
                    scope.windows.refill(step_ms, start, now // step_ms * step_ms, tables[start], scope.mask)

    def begin_again(self) -> None:
        """Lists were restored: what can change when is known by them and by the windows."""
        now = self.now or 0
        for step_ms, schedule in self._schedules.items():
            for name, scope in self.scopes.items():
                for start in scope.windows.held(step_ms):
                    schedule.enter(name, scope.windows.lengths_ms(step_ms), start + step_ms, now)
                schedule.track(name, any(ranked.has_tracked for ranked in self._lists[step_ms][name]))

    def _tidy(self) -> None:
        """Once an hour: forgets names and slots that nothing needs."""
        scopes = self.scopes
        lists = {name: [*self._lists[MINUTE_MS][name], *self._lists[HOUR_MS][name]] for name in scopes}
        needed = {name: set().union(*(ranked.compact() for ranked in each)) for name, each in lists.items()}
        kept = [scopes[name].windows.topics[list(slots)] for name, slots in needed.items() if slots]
        topics = np.unique(np.concatenate(kept)) if kept else np.zeros(0, np.int32)
        self.suspicion.tidy(self.now or 0)
        pending = (*chain.from_iterable(self._panes.values()), *self.edge.tables())
        new_topic = self.timeline.forget_names(topics, pending)
        self._previews = EarlyLists()
        self._news = []
        for name, scope in scopes.items():
            if new_topic is not None:
                scope.windows.renumber(new_topic)
            new_slot = scope.windows.compact(needed[name])
            if new_slot is not None:
                for ranked in lists[name]:
                    ranked.renumber(new_slot)
