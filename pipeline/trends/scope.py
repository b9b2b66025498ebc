"""A scope's view of the stream: which cells belong to it, and the posts of its topics in every window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pipeline.trends.arrays import I32, I64, Mask
from pipeline.trends.panes import Cell
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, ListSpec
from pipeline.trends.tables import Names, Table, posts_by_topic, said_in


def scopes_of(cell: Cell) -> list[str]:
    """The names of all scopes that a cell is part of."""
    scopes = ["all"]
    if cell.lang:
        scopes.append(f"lang:{cell.lang}")
    if cell.source:
        scopes.append(f"source:{cell.source}")
    scopes += [name if name.startswith("watch:") else f"event:{name}" for name in cell.events]
    return scopes


def counts_posts(name: str) -> bool:
    """Whether all posts and people of the scope are counted, with topics or without."""
    return name.startswith(("event:", "watch:"))


class Windows:
    """Posts of each topic of a scope in the windows of all lists, as running sums.

    Topics have *slots* here, numbers of their own, so that a small scope costs little. The sums change only by what
    enters and leaves; nothing is visited twice.
    """

    LENGTHS_MS = tuple((spec.step_ms, window) for spec in SPECS for window in spec.windows_ms)

    def __init__(self, counts_posts: bool = False) -> None:
        self.posts = [0] * len(self.LENGTHS_MS)  # with topics or without; only where they are counted
        self.posts_moved = [False] * len(self.LENGTHS_MS)  # whether the last step changed what is in the window
        self._counts_posts = counts_posts
        self._said: dict[int, dict[int, tuple[int, int]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # posts and mentions by step
        self.topics = np.zeros(256, np.int32)  # by slot
        self.used = 0
        self.sums = np.zeros((len(self.LENGTHS_MS), 256), np.int32)  # by window, slot
        self.mentions = [0] * len(self.LENGTHS_MS)  # of all shards' topics
        self._slot = np.full(256, -1, np.int32)  # by topic number
        self._past: dict[int, dict[int, tuple[I32, I32]]] = {MINUTE_MS: {}, HOUR_MS: {}}

    @staticmethod
    def numbers(spec: ListSpec) -> tuple[int, int]:
        """Rows of `sums` of a list's short and long window."""
        short = SPECS.index(spec) * 2
        return short, short + 1

    def slots_of(self, topics: I32) -> I32:
        """The slots of topics (each once), new ones where they have none."""
        if len(topics) == 0:
            return _NONE
        self._slot = grown(self._slot, int(topics.max()) + 1, -1)
        found = self._slot[topics]
        fresh = np.flatnonzero(found < 0)
        if len(fresh):
            end = self.used + len(fresh)
            self.topics = grown(self.topics, end, 0)
            self.sums = grown(self.sums, end, 0)
            self.topics[self.used : end] = topics[fresh]
            found[fresh] = self._slot[topics[fresh]] = np.arange(self.used, end, dtype=np.int32)
            self.used = end
        return found

    def quiet(self, step_ms: int) -> bool:
        """Whether the windows of this grid are empty."""
        return not self._past[step_ms] and not self._said[step_ms]

    def leaves(self, step_ms: int, end: int) -> bool:
        """Whether anything leaves a window of this grid when time comes to `end`."""
        past, said = self._past[step_ms], self._said[step_ms]
        return any(
            (start := end - step_ms - window_ms) in past or start in said
            for grid_ms, window_ms in self.LENGTHS_MS
            if grid_ms == step_ms
        )

    def step(self, step_ms: int, end: int, table: Table | None, mask: Mask | None) -> list[I32]:
        """Time has come to `end` on the grid of `step_ms`: `table` (of the step that ends there) enters all windows
        of that grid, what is now too old leaves. Returns the slots touched, per window of `LENGTHS_MS`."""
        past = self._past[step_ms]
        entering: tuple[I32, I32] | None = None
        if table is not None:
            topics, posts = posts_by_topic(table, mask)
            if len(topics):
                entering = self.slots_of(topics), posts
                past[end - step_ms] = entering
        touched: list[I32] = [_NONE] * len(self.LENGTHS_MS)
        if table is None and not self.leaves(step_ms, end):
            self.posts_moved = [False] * len(self.LENGTHS_MS)
            return touched
        for number, (grid_ms, window_ms) in enumerate(self.LENGTHS_MS):
            if grid_ms != step_ms:
                continue
            leaving = past.get(end - step_ms - window_ms)
            if entering is not None:
                self.sums[number, entering[0]] += entering[1]
                touched[number] = entering[0]
            if leaving is not None:
                self.sums[number, leaving[0]] -= leaving[1]
                touched[number] = np.concatenate((touched[number], leaving[0]))
        longest = max(window for grid, window in self.LENGTHS_MS if grid == step_ms)
        past.pop(end - step_ms - longest, None)
        self._step_said(step_ms, end, self._said_in(table, mask) if table is not None else (0, 0))
        self._said[step_ms].pop(end - step_ms - longest, None)
        return touched

    def _said_in(self, table: Table, mask: Mask | None) -> tuple[int, int]:
        posts, mentions = said_in(table, mask)
        return posts if self._counts_posts else 0, mentions

    def _step_said(self, step_ms: int, end: int, entering: tuple[int, int]) -> None:
        said = self._said[step_ms]
        if any(entering):
            said[end - step_ms] = entering
        for number, (grid_ms, window_ms) in enumerate(self.LENGTHS_MS):
            if grid_ms == step_ms:
                leaving = said.get(end - step_ms - window_ms, (0, 0))
                self.posts[number] += entering[0] - leaving[0]
                self.mentions[number] += entering[1] - leaving[1]
                self.posts_moved[number] = bool(entering[0] or leaving[0])

    def refill(self, step_ms: int, start: int, now: int, table: Table, mask: Mask | None) -> None:
        """Puts the step from `start` back into the windows of its grid that end at `now` and reach back to it."""
        said = self._said_in(table, mask)
        if any(said):
            for number, (grid_ms, window_ms) in enumerate(self.LENGTHS_MS):
                if grid_ms == step_ms and start >= now - window_ms:
                    self._said[step_ms][start] = said
                    self.posts[number] += said[0]
                    self.mentions[number] += said[1]
        topics, posts = posts_by_topic(table, mask)
        if len(topics) == 0:
            return
        for number, (grid_ms, window_ms) in enumerate(self.LENGTHS_MS):
            if grid_ms == step_ms and start >= now - window_ms:
                slots = self._past[step_ms].setdefault(start, (self.slots_of(topics), posts))[0]
                self.sums[number, slots] += posts

    def live(self, number: int, least: int) -> I64:
        """Slots with at least so many posts in a window."""
        return (self.sums[number, : self.used] >= least).nonzero()[0]

    def compact(self, needed: Iterable[int]) -> I32 | None:
        """Gives up the slots of topics that no window and no `needed` slot knows, where that is most of them.

        Returns the new slots by old slot (-1: given up), or None where nothing changed.
        """
        if self.used < 1024:
            return None
        keep: Mask = np.any(self.sums[:, : self.used] > 0, axis=0)
        for past in self._past.values():
            for slots, _ in past.values():
                keep[slots] = True
        keep[list(needed)] = True
        if int(keep.sum()) * 4 > self.used * 3:
            return None
        old = np.flatnonzero(keep)
        new = np.full(self.used, -1, np.int32)
        new[old] = np.arange(len(old), dtype=np.int32)
        self.topics, self.sums, self.used = self.topics[old], self.sums[:, old], len(old)
        self._slot[:] = -1
        known = np.flatnonzero(self.topics >= 0)
        self._slot[self.topics[known]] = known.astype(np.int32)
        for past in self._past.values():
            for start, (slots, posts) in past.items():
                past[start] = new[slots], posts
        return new

    def renumber(self, new_topic: I32) -> None:
        """Topics have new numbers; those forgotten keep a slot that nobody looks up."""
        topics = self.topics[: self.used]
        topics[:] = np.where(topics < 0, -1, new_topic[topics])
        known = np.flatnonzero(topics >= 0)
        self._slot = np.full(int(topics.max(initial=0)) + 1, -1, np.int32)
        self._slot[topics[known]] = known.astype(np.int32)


def grown(array: I32, size: int, fill: int) -> I32:
    """The array with room for `size` in its last axis; new places hold `fill`."""
    short = size - array.shape[-1]
    if short <= 0:
        return array
    more = np.full((*array.shape[:-1], max(short, array.shape[-1] // 2)), fill, np.int32)
    return np.concatenate((array, more), axis=-1)


_NONE = np.zeros(0, np.int32)


class Scope:
    """Its names, its cells and its windows.

    Scopes that have had the same cells so far are *twins*: one object with all their names, until a cell tells them
    apart (an archive of one network is both `all` and its source).
    """

    def __init__(self, twins: Sequence[str], names: Names) -> None:
        self._names = names
        self.rename(twins)
        self.windows = Windows(self.counts_posts)

    def rename(self, twins: Sequence[str]) -> None:
        """Stands for these scopes from now on, which have the cells it had."""
        self.twins = sorted(twins)
        self._is_member: Callable[[Cell], bool] = _membership(self.name)
        self._mask = np.zeros(0, np.bool_)

    @property
    def name(self) -> str:
        """The first of its names."""
        return self.twins[0]

    @property
    def is_event(self) -> bool:
        return self.name.startswith("event:")

    @property
    def counts_posts(self) -> bool:
        """Whether it has all its posts and people counted, with topics or without. Such a scope has no twin."""
        return counts_posts(self.name)

    @property
    def mask(self) -> Mask | None:
        """Which cell numbers belong to the scope; None: all of them."""
        if self.name == "all":
            return None
        cells = self._names.cells
        if len(self._mask) < len(cells):
            fresh = [self._is_member(cell) for cell in cells[len(self._mask) :]]
            self._mask = np.concatenate((self._mask, np.array(fresh, np.bool_)))
        return self._mask


def _membership(name: str) -> Callable[[Cell], bool]:
    if name == "all":
        return lambda _: True
    kind, _, value = name.partition(":")
    if kind == "lang":
        return lambda cell: cell.lang == value
    if kind == "source":
        return lambda cell: cell.source == value
    wanted = name if kind == "watch" else value
    return lambda cell: wanted in cell.events
