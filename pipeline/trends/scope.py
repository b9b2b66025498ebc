"""A scope's view of the stream: which cells belong to it, and the posts of its topics in every window."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from pipeline.trends.arrays import I32, I64, Mask
from pipeline.trends.panes import Cell
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, ListSpec
from pipeline.trends.tables import Names, Table, posts_by_topic


def scopes_of(cell: Cell) -> list[str]:
    """The names of all scopes that a cell is part of."""
    scopes = ["all"]
    if cell.lang:
        scopes.append(f"lang:{cell.lang}")
    if cell.source:
        scopes.append(f"source:{cell.source}")
    scopes += [f"event:{event}" for event in cell.events]
    return scopes


class Windows:
    """Posts of each topic of a scope in the windows of all lists, as running sums.

    Topics have *slots* here, numbers of their own, so that a small scope costs little. The sums change only by what
    enters and leaves; nothing is visited twice.
    """

    LENGTHS_MS = tuple((spec.step_ms, window) for spec in SPECS for window in spec.windows_ms)

    def __init__(self) -> None:
        self.topics = np.zeros(256, np.int32)  # by slot
        self.used = 0
        self.sums = np.zeros((len(self.LENGTHS_MS), 256), np.int64)  # by window, slot
        self.mentions = [0] * len(self.LENGTHS_MS)
        self._slot: dict[int, int] = {}
        self._past: dict[int, dict[int, tuple[I32, I32]]] = {MINUTE_MS: {}, HOUR_MS: {}}

    @staticmethod
    def numbers(spec: ListSpec) -> tuple[int, int]:
        """Rows of `sums` of a list's short and long window."""
        short = SPECS.index(spec) * 2
        return short, short + 1

    def slots_of(self, topics: I32) -> I32:
        """The slots of topics, new ones where they have none."""
        slot = self._slot
        found = [slot.get(topic, -1) for topic in topics.tolist()]
        if -1 in found:
            for i, topic in enumerate(topics.tolist()):
                if found[i] < 0:
                    found[i] = slot[topic] = self.used
                    if self.used == len(self.topics):
                        self._grow()
                    self.topics[self.used] = topic
                    self.used += 1
        return np.array(found, np.int32)

    def _grow(self) -> None:
        self.topics = np.concatenate((self.topics, np.zeros_like(self.topics)))
        self.sums = np.concatenate((self.sums, np.zeros_like(self.sums)), axis=1)

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
        for number, (grid_ms, window_ms) in enumerate(self.LENGTHS_MS):
            if grid_ms != step_ms:
                continue
            leaving = past.get(end - step_ms - window_ms)
            if entering is not None:
                self.sums[number, entering[0]] += entering[1]
                self.mentions[number] += int(entering[1].sum())
                touched[number] = entering[0]
            if leaving is not None:
                self.sums[number, leaving[0]] -= leaving[1]
                self.mentions[number] -= int(leaving[1].sum())
                touched[number] = np.concatenate((touched[number], leaving[0]))
        longest = max(window for grid, window in self.LENGTHS_MS if grid == step_ms)
        past.pop(end - step_ms - longest, None)
        return touched

    def live(self, number: int, least: int) -> I64:
        """Slots with at least so many posts in a window."""
        return np.flatnonzero(self.sums[number, : self.used] >= least).astype(np.int64)

    def compact(self, needed: Iterable[int]) -> I32 | None:
        """Gives up the slots of topics that no window and no `needed` slot knows, where that is most of them.

        Returns the new slots by old slot (-1: given up), or None where nothing changed.
        """
        keep: Mask = np.any(self.sums[:, : self.used] > 0, axis=0)
        for past in self._past.values():
            for slots, _ in past.values():
                keep[slots] = True
        keep[list(needed)] = True
        if self.used < 1024 or int(keep.sum()) * 2 > self.used:
            return None
        old = np.flatnonzero(keep)
        new = np.full(self.used, -1, np.int32)
        new[old] = np.arange(len(old), dtype=np.int32)
        size = 256
        while size < len(old):
            size *= 2
        topics, sums = np.zeros(size, np.int32), np.zeros((len(self.sums), size), np.int64)
        topics[: len(old)], sums[:, : len(old)] = self.topics[old], self.sums[:, old]
        self.topics, self.sums, self.used = topics, sums, len(old)
        self._slot = dict(zip(topics[: len(old)].tolist(), range(len(old)), strict=True))
        for past in self._past.values():
            for start, (slots, posts) in past.items():
                past[start] = new[slots], posts
        return new

    def renumber(self, new_topic: I32) -> None:
        """Topics have new numbers; those forgotten keep a slot that nobody looks up."""
        topics = self.topics[: self.used]
        topics[:] = np.where(topics < 0, -1, new_topic[topics])
        self._slot = {topic: slot for slot, topic in enumerate(topics.tolist()) if topic >= 0}


_NONE = np.zeros(0, np.int32)


class Scope:
    """A name, its cells and its windows."""

    def __init__(self, name: str, names: Names) -> None:
        self.name = name
        self.windows = Windows()
        self._names = names
        self._is_member: Callable[[Cell], bool] = _membership(name)
        self._mask = np.zeros(0, np.bool_)

    @property
    def is_event(self) -> bool:
        return self.name.startswith("event:")

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
    return lambda cell: value in cell.events
