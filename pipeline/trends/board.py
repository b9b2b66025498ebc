"""The rank stage: final panes in, lists out. Time goes on by `advance`, and by it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec.structs import replace

from pipeline.trends.clock import SILENCE_MS, Clock
from pipeline.trends.edge import Edge
from pipeline.trends.lists import ScopeList
from pipeline.trends.panes import Cell, Grid, PaneCounts
from pipeline.trends.preview import Previews
from pipeline.trends.rows import list_part, trend_list
from pipeline.trends.scope import Scope, counts_posts, scopes_of
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, ListSpec
from pipeline.trends.sliding import Span
from pipeline.trends.tables import Names, Table, from_pane
from pipeline.trends.timeline import Timeline
from schemas import TrendList, Window
from schemas.parts import ListPart

PREVIEWED_MS = 3 * MINUTE_MS  # how far event time may be ahead of the final lists (beyond the lateness)


class Step(NamedTuple):
    """A step of the minute grid or of the hour grid, and the lists made at it. Times in ms."""

    at: int  # its end
    step_ms: int
    lists: list[TrendList]  # of a board that has all topics
    parts: list[ListPart]  # of one that has a shard's


class Board:
    """All scopes' lists.

    `add` takes the closed panes of every partition in any order among partitions; `advance(frontier)` says that all
    partitions have closed all panes before `frontier` (ms), and yields the lists that are to be issued by it. Lists
    that nobody `wants` (scope, window) are not made, which saves most of the work of a long history; what later lists
    depend on goes on all the same.

    Several boards can share the topics (`shard`: the number of this one; its panes come from `split`): then each gives
    its part of every list, and Merging makes lists of the parts, the same as one board's.
    """

    def __init__(
        self, grid: Grid, wants: Callable[[str, Window], bool] | None = None, shard: int | None = None
    ) -> None:
        self.grid, self.shard = grid, shard
        self.wants = wants  # None: every list is wanted
        self.names = Names()
        self.timeline = Timeline(self.names)
        self.scopes: dict[str, Scope] = {}  # twins under each of their names, as below
        self._lists: dict[int, dict[str, list[ScopeList]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # by grid, scope
        self._awake: dict[int, dict[str, None]] = {MINUTE_MS: {}, HOUR_MS: {}}  # scopes whose lists can change, by grid
        self.clocks = {spec.window: Clock(spec) for spec in SPECS}
        self._panes: dict[int, list[Table]] = {}  # of minutes that are not final yet, by the minute's start
        self.now: int | None = None  # end of the last final minute, ms
        self._posted = {MINUTE_MS: 0, HOUR_MS: 0}  # end of the last step that held a post, by grid
        self._seen_cells: set[Cell] = set()
        self.edge = Edge(self.names, grid.pane_ms)
        self._news: list[Table] = []  # of the edge, since lists were previewed
        self._previews = Previews()

    def add(self, pane: PaneCounts) -> Table | None:
        """A closed pane of one partition, once. Returns it in numbers, None when it holds no posts."""
        if not pane.cells:
            return None
        table = from_pane(pane, self.names, self.grid.pane_ms)
        self._panes.setdefault(pane.start // MINUTE_MS * MINUTE_MS, []).append(table)
        for cell in pane.cells:
            if cell not in self._seen_cells:
                self._seen_cells.add(cell)
                names = scopes_of(cell)
                self._tell_apart(names)
                fresh = [name for name in names if name not in self.scopes]
                self._open_scope([name for name in fresh if not counts_posts(name)])
                for name in fresh:
                    if counts_posts(name):
                        self._open_scope([name])
        return table

    def _open_scope(self, twins: list[str]) -> None:
        if not twins:
            return
        scope = Scope(twins, self.names)
        lists: dict[int, list[ScopeList]] = {MINUTE_MS: [], HOUR_MS: []}
        for spec in SPECS:
            lists[spec.step_ms].append(ScopeList(scope, spec, self.timeline, self.shard is not None))
        self._enter(twins, scope, lists)

    def _enter(self, twins: Iterable[str], scope: Scope, lists: dict[int, list[ScopeList]]) -> None:
        for name in twins:
            self.scopes[name] = scope
            for step_ms, of_grid in lists.items():
                self._lists[step_ms][name] = of_grid

    def _tell_apart(self, names: Sequence[str]) -> None:
        """A cell of these scopes was met: their twins that are not among them have a past in common from now on."""
        for scope in list({id(known): known for name in names if (known := self.scopes.get(name))}.values()):
            others = [twin for twin in scope.twins if twin not in names]
            if not others:
                continue
            lists = {step_ms: self._lists[step_ms][scope.name] for step_ms in (MINUTE_MS, HOUR_MS)}
            shared = (self.timeline, self.names, *SPECS, *self.timeline.all())
            copied, copied_lists = deepcopy((scope, lists), {id(one): one for one in shared})
            scope.rename([twin for twin in scope.twins if twin in names])
            copied.rename(others)
            self._enter(others, copied, copied_lists)
            self._previews = Previews()

    @property
    def begins(self) -> int | None:
        """Where the next step begins, ms: where event time stands, else with the first pane; None before it."""
        return self.now if self.now is not None else min(self._panes, default=None)

    def advance(self, frontier: int) -> Iterator[Step]:
        """Every minute and hour that is final when all panes before `frontier` are, with the lists issued by it."""
        if self.now is None:
            if not self._panes or min(self._panes) >= frontier:
                return
            self.now = min(self._panes)
        while self.now + MINUTE_MS <= frontier:
            start, self.now = self.now, self.now + MINUTE_MS
            table = self.timeline.add_minute(start, self._panes.pop(start, []))
            yield self._step(MINUTE_MS, self.now, table)
            if self.now % HOUR_MS == 0:
                hour = self.timeline.hours.get(self.now - HOUR_MS)
                yield self._step(HOUR_MS, self.now, hour)
                self._tidy()

    def tell(self, partition: int, since: int, version: int, newest: int, panes: Sequence[PaneCounts]) -> None:
        """What open panes of a partition have got (see Edge): it decides provisional lists only."""
        for cell in {cell for pane in panes for cell in pane.cells} - self._seen_cells:
            self._tell_apart(scopes_of(cell))
        self._news += self.edge.take(partition, since, version, newest, panes)

    def preview(self, frontiers: Mapping[int, int]) -> Step:
        """The next full minute, and its provisional lists that differ from those made before. `frontiers`: up to where
        (ms) each partition's panes have closed."""
        self.edge.close(frontiers)
        news, self._news = self._news, []
        now, at = self.now, -(-self.edge.now // MINUTE_MS) * MINUTE_MS
        if now is None or not now < at <= now + self.grid.lateness_ms + PREVIEWED_MS:
            return Step(at, MINUTE_MS, [], [])
        since_now = (*chain.from_iterable(self._panes.values()), *self.edge.tables())
        known = [table for table in since_now if table.start < at]
        lists = {
            name: [
                (ranked, self.clocks[ranked.spec.window].past)
                for ranked in ranking
                if self._wanted(ranked)
            ]
            for name, ranking in self._lists[MINUTE_MS].items()
            if name == self.scopes[name].name
        }
        step = Step(at, MINUTE_MS, [], [])
        made = self._previews.make((now, at), known, [table for table in news if table.start < at], lists)
        for preview, past, standings in made:
            twins = self._wanted(preview.of)
            if self.shard is not None:
                step.parts.extend(_of_each(preview.part(self.shard, past, standings), twins))
            else:
                step.lists.extend(_of_each(preview.trend_list(past, standings), twins))
        return step

    def _wanted(self, ranked: ScopeList) -> list[str]:
        """The twins whose list somebody wants."""
        wants, window = self.wants, ranked.spec.window
        return [name for name in ranked.scope.twins if wants is None or wants(name, window)]

    def _step(self, step_ms: int, end: int, table: Table | None) -> Step:
        """One step of the minute grid or of the hour grid, its lists by scope."""
        step = Step(end, step_ms, [], [])
        if table is not None:
            self._posted[step_ms] = end
        elif end - self._posted[step_ms] > SILENCE_MS:
            return step
        began = {spec.window for spec in SPECS if spec.step_ms == step_ms and self._roll(spec, end)}
        awake = self._awake[step_ms]
        if table is not None:
            for cell in table.totals:
                awake.update(dict.fromkeys(scopes_of(self.names.cells[cell])))
        for name in sorted(awake):
            scope = self.scopes[name]
            if name != scope.name:
                continue
            touched = scope.windows.step(step_ms, end, table, scope.mask)
            lists = self._lists[step_ms][name]
            for ranked in lists:
                short, long = scope.windows.numbers(ranked.spec)
                window = ranked.spec.window
                past = self.clocks[window].past
                moved = touched[short], touched[long]
                standings = ranked.step(end, past, moved, window in began, self._wanted(ranked))
                if standings is None:
                    continue
                if self.shard is not None:
                    part = list_part(ranked, self.shard, end, past, standings)
                    step.parts.extend(_of_each(part, ranked.news))
                else:
                    step.lists.extend(_of_each(trend_list(ranked, end, past, standings), ranked.news))
            if scope.windows.quiet(step_ms) and not any(ranked.busy for ranked in lists):
                for twin in scope.twins:
                    del awake[twin]
        step.lists.sort(key=_scope_of)
        step.parts.sort(key=_scope_of)
        return step

    def _roll(self, spec: ListSpec, end: int) -> bool:
        """Ends the bucket before, where a new one begins with this step."""
        clock = self.clocks[spec.window]
        finished = clock.step(end)
        if finished is None:
            return False
        back = spec.long_ms - spec.step_ms
        source = self.timeline.hours if spec.step_ms == HOUR_MS else self.timeline.minutes
        starts = range(finished.start - back, finished.start + spec.bucket_ms, spec.step_ms)
        span = Span([((at - finished.start) // spec.step_ms, source[at]) for at in starts if at in source])
        for name, ranked in self.all_lists():
            if ranked.spec is spec and name == ranked.scope.name:
                ranked.roll(finished, clock.past, span)
        return True

    # -- what a snapshot holds ---------------------------------------------------------------------------------------

    def all_lists(self) -> Iterator[tuple[str, ScopeList]]:
        """The lists of all scopes, by grid and scope; those of twins under each of their names."""
        for step_ms in (MINUTE_MS, HOUR_MS):
            for name in self.scopes:
                for ranked in self._lists[step_ms][name]:
                    yield name, ranked

    def awake(self) -> dict[int, list[str]]:
        """The scopes whose lists can change, by grid."""
        return {step_ms: list(names) for step_ms, names in self._awake.items()}

    def posted(self) -> tuple[int, int]:
        """End of the last step that held a post, of the minute grid and of the hour grid, ms."""
        return self._posted[MINUTE_MS], self._posted[HOUR_MS]

    def begin_at(self, now: int, posted: tuple[int, int], scopes: Iterable[str], awake: dict[int, list[str]]) -> None:
        """Goes on from `now` (ms) with the tables that the timeline holds: the windows are read off them."""
        self.now = self.timeline.end = now
        self._posted = {MINUTE_MS: posted[0], HOUR_MS: posted[1]}
        self._awake = {step_ms: dict.fromkeys(names) for step_ms, names in awake.items()}
        for name in scopes:
            self._open_scope([name])
        for step_ms, tables in ((MINUTE_MS, self.timeline.minutes), (HOUR_MS, self.timeline.hours)):
            ended = now // step_ms * step_ms
            for start in sorted(tables):
                for scope in self.scopes.values():
                    scope.windows.refill(step_ms, start, ended, tables[start], scope.mask)

    def _tidy(self) -> None:
        """Once an hour: forgets names and slots that nothing needs."""
        scopes = {name: scope for name, scope in self.scopes.items() if name == scope.name}
        lists = {name: [*self._lists[MINUTE_MS][name], *self._lists[HOUR_MS][name]] for name in scopes}
        needed = {name: set().union(*(ranked.tidy() for ranked in each)) for name, each in lists.items()}
        kept = [scopes[name].windows.topics[list(slots)] for name, slots in needed.items() if slots]
        topics = np.unique(np.concatenate(kept)) if kept else np.zeros(0, np.int32)
        pending = (*chain.from_iterable(self._panes.values()), *self.edge.tables())
        new_topic = self.timeline.forget_names(topics, pending)
        self._previews = Previews()
        self._news = []
        for name, scope in scopes.items():
            if new_topic is not None:
                scope.windows.renumber(new_topic)
            new_slot = scope.windows.compact(needed[name])
            if new_slot is not None:
                for ranked in lists[name]:
                    ranked.renumber(new_slot)


Told = TypeVar("Told", TrendList, ListPart)


def _of_each(told: Told, twins: Iterable[str]) -> Iterator[Told]:
    """The same for each of these scopes."""
    for scope in twins:
        yield told if told.scope == scope else replace(told, scope=scope)


def _scope_of(told: TrendList | ListPart) -> str:
    return told.scope
