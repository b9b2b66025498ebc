"""A scope's view of the stream: which cells belong to it, and the posts of its topics in every window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from pipeline.trends.arrays import I32, I64, Mask, grown
from pipeline.trends.counts import Counts
from pipeline.trends.names import ALL_WORDS, TAG, WORD, Cell, Names
from pipeline.trends.score import HOUR_MS, MINUTE_MS, SPECS, ListSpec


def scopes_of(cell: Cell) -> list[str]:
    """The names of all scopes that a cell is part of."""
    if cell.is_of_events:
        return [f"event:{name}" for name in cell.events if not name.startswith("watch:")]
    scopes = ["all"]
    if cell.lang:
        scopes.append(f"lang:{cell.lang}")
    if cell.source:
        scopes.append(f"source:{cell.source}")
    scopes += [name if name.startswith("watch:") else f"event:{name}" for name in cell.events]
    return scopes


LENGTHS_MS = tuple(window_ms for spec in SPECS for window_ms in spec.windows_ms)


class Windows:
    """Posts of each topic of a scope in the windows of its lists, as running sums.

    Topics have *slots* here, numbers of their own, so that a small scope costs little. The sums change only by what
    enters and leaves; nothing is visited twice.
    """

    def __init__(self, names: Names, counts_posts: bool = False, specs: Sequence[ListSpec] = SPECS) -> None:
        self._names = names
        self._on_grid = {
            step_ms: [
                (number, window_ms)
                for spec in specs
                if spec.step_ms == step_ms
                for number, window_ms in zip(self.numbers(spec), spec.windows_ms, strict=True)
            ]
            for step_ms in (MINUTE_MS, HOUR_MS)
        }  # by grid: number and length of its windows
        self.posts = [0] * len(LENGTHS_MS)  # with topics or without; only where they are counted
        self.posts_moved = [False] * len(LENGTHS_MS)  # whether the last step changed what is in the window
        self._counts_posts = counts_posts
        self._said: dict[int, dict[int, tuple[int, int]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # posts and mentions by step
        self.topics = np.zeros(256, np.int32)  # by slot
        self.kinds = np.zeros(256, np.int8)  # by slot
        self.whole: int | None = None  # the slot of all posts with words together, where there are any
        self.used = 0
        self.sums = np.zeros((len(LENGTHS_MS), 256), np.int32)  # by window, slot
        self.mentions = [0] * len(LENGTHS_MS)
        self._slot = np.full(256, -1, np.int32)  # by topic number
        self._past: dict[int, dict[int, tuple[I32, I32]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # posts by slot of a step
        self._gone: dict[int, dict[int, list[I32]]] = {MINUTE_MS: {}, HOUR_MS: {}}  # the slot of each withdrawn since

    @staticmethod
    def numbers(spec: ListSpec) -> tuple[int, int]:
        """Rows of `sums` of a list's short and long window."""
        short = SPECS.index(spec) * 2
        return short, short + 1

    def lengths_ms(self, step_ms: int) -> list[int]:
        """The lengths of the windows of a grid."""
        return [window_ms for _, window_ms in self._on_grid[step_ms]]

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
            self._learn_kinds(self.used, end)
            found[fresh] = self._slot[topics[fresh]] = np.arange(self.used, end, dtype=np.int32)
            self.used = end
        return found

    def _learn_kinds(self, begin: int, end: int) -> None:
        self.kinds = grown(self.kinds, end, 0)
        kinds = self.kinds[begin:end] = self._names.kinds_of(self.topics[begin:end])
        if len(found := np.flatnonzero(kinds == ALL_WORDS)):
            self.whole = begin + int(found[0])

    def words_in(self, number: int) -> int:
        """How many words and phrases have posts in a window."""
        if self.whole is None:
            return 0
        there = self.sums[number, : self.used] > 0
        return int(np.count_nonzero(there & (self.kinds[: self.used] == WORD)))

    def holds(self, step_ms: int, start: int) -> bool:
        """Whether something of the step from `start` is in a window of this grid."""
        return start in self._past[step_ms] or start in self._said[step_ms]

    def held(self, step_ms: int) -> set[int]:
        """Where the steps begin of which something is in a window of this grid, ms."""
        return {*self._past[step_ms], *self._said[step_ms]}

    def quiet(self, step_ms: int) -> bool:
        """Whether the windows of this grid are empty."""
        return not self._past[step_ms] and not self._said[step_ms]

    def leaves(self, step_ms: int, end: int) -> bool:
        """Whether anything leaves a window of this grid when time comes to `end`."""
        past, said = self._past[step_ms], self._said[step_ms]
        return any(
            (start := end - step_ms - window_ms) in past or start in said for _, window_ms in self._on_grid[step_ms]
        )

    def step(self, step_ms: int, end: int, table: Counts | None, mask: Mask | None) -> list[I32]:
        """Time has come to `end` on the grid of `step_ms`: `table` (of the step that ends there) enters all windows
        of that grid, what is now too old leaves. Returns the slots that changed, per window of `LENGTHS_MS`."""
        past = self._past[step_ms]
        entering: tuple[I32, I32] | None = None
        if table is not None:
            topics, posts = table.posts_by_topic(mask)
            if len(topics):
                entering = self.slots_of(topics), posts
                past[end - step_ms] = entering
        changed_slots: list[I32] = [_NONE] * len(LENGTHS_MS)
        if table is None and not self.leaves(step_ms, end):
            self.posts_moved = [False] * len(LENGTHS_MS)
            return changed_slots
        for number, window_ms in self._on_grid[step_ms]:
            leaving, sums = past.get(end - step_ms - window_ms), self.sums[number]
            if entering is not None:
                sums[entering[0]] += entering[1]
                changed_slots[number] = entering[0]
            if leaving is not None:
                slots, posts = leaving
                sums[slots] -= posts
                if withdrawn := self._gone[step_ms].get(end - step_ms - window_ms):
                    np.add.at(sums, np.concatenate(withdrawn), np.int32(1))
                before = changed_slots[number]
                changed_slots[number] = np.concatenate((before, slots)) if len(before) else slots
        gone = end - step_ms - self._on_grid[step_ms][-1][1]  # the longest window is the last one
        past.pop(gone, None)
        self._gone[step_ms].pop(gone, None)
        self._step_said(step_ms, end, self._said_in(table, mask) if table is not None else (0, 0))
        self._said[step_ms].pop(gone, None)
        if table is not None and len(table.cell_retracted):
            self._withdraw(step_ms, end, table, mask)
        return changed_slots

    def _withdraw(self, step_ms: int, now: int, table: Counts, mask: Mask | None) -> None:
        """Takes what the table withdraws out of the windows of its grid that end at `now`."""
        past, gone, said = self._past[step_ms], self._gone[step_ms], self._said[step_ms]
        topics, panes = table.retracted_in(mask)
        if len(topics):
            order = np.argsort(panes, kind="stable")
            several, which = np.unique(topics[order], return_inverse=True)
            slots, steps = self.slots_of(several), panes[order] // step_ms * step_ms
            for number, window_ms in self._on_grid[step_ms]:
                inside = which[steps.searchsorted(now - window_ms) :]
                self.sums[number, slots] -= np.bincount(inside, minlength=len(slots)).astype(np.int32)
            bounds = [0, *(np.flatnonzero(steps[1:] != steps[:-1]) + 1).tolist(), len(steps)]
            slots, starts = slots[which], steps[bounds[:-1]].tolist()
            for start, (begin, end) in zip(starts, pairwise(bounds), strict=True):
                if start in past:
                    gone.setdefault(start, []).append(slots[begin:end])
        if self._counts_posts:
            for start in (table.retracted_posts(mask)[1] // step_ms * step_ms).tolist():
                if start in said:
                    said[start] = said[start][0] - 1, said[start][1]
                    for number, window_ms in self._on_grid[step_ms]:
                        if start >= now - window_ms:
                            self.posts[number] -= 1
                            self.posts_moved[number] = True

    def _said_in(self, table: Counts, mask: Mask | None) -> tuple[int, int]:
        posts, mentions = table.posted(mask)
        return posts if self._counts_posts else 0, mentions

    def _step_said(self, step_ms: int, end: int, entering: tuple[int, int]) -> None:
        said = self._said[step_ms]
        if any(entering):
            said[end - step_ms] = entering
        for number, window_ms in self._on_grid[step_ms]:
            leaving = said.get(end - step_ms - window_ms, (0, 0))
            self.posts[number] += entering[0] - leaving[0]
            self.mentions[number] += entering[1] - leaving[1]
            self.posts_moved[number] = bool(entering[0] or leaving[0])

    def refill(self, step_ms: int, start: int, now: int, table: Counts, mask: Mask | None) -> None:
        """Puts the step from `start` back into the windows of its grid that end at `now` and reach back to it."""
        said = self._said_in(table, mask)
        if any(said):
            for number, window_ms in self._on_grid[step_ms]:
                if start >= now - window_ms:
                    self._said[step_ms][start] = said
                    self.posts[number] += said[0]
                    self.mentions[number] += said[1]
        topics, posts = table.posts_by_topic(mask)
        for number, window_ms in self._on_grid[step_ms] if len(topics) else ():
            if start >= now - window_ms:
                slots, _ = self._past[step_ms].setdefault(start, (self.slots_of(topics), posts))
                self.sums[number, slots] += posts
        if len(table.cell_retracted):
            self._withdraw(step_ms, now, table, mask)

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
        self.kinds = self.kinds[old]
        if self.whole is not None:
            self.whole = int(new[self.whole]) if new[self.whole] >= 0 else None
        self._slot[:] = -1
        known = np.flatnonzero(self.topics >= 0)
        self._slot[self.topics[known]] = known.astype(np.int32)
        for past in self._past.values():
            for start, (slots, posts) in past.items():
                past[start] = new[slots], posts
        for gone in self._gone.values():
            for start, withdrawn in gone.items():
                gone[start] = [new[slots] for slots in withdrawn]
        return new

    def renumber(self, new_topic: I32) -> None:
        """Topics have new numbers; those forgotten keep a slot that nobody looks up."""
        topics = self.topics[: self.used]
        topics[:] = np.where(topics < 0, -1, new_topic[topics])
        known = np.flatnonzero(topics >= 0)
        self._slot = np.full(int(topics.max(initial=0)) + 1, -1, np.int32)
        self._slot[topics[known]] = known.astype(np.int32)


_NONE = np.zeros(0, np.int32)


class Scope:
    """Its name, its cells and its windows."""

    def __init__(self, name: str, names: Names, specs: Sequence[ListSpec] = SPECS) -> None:
        """`specs` are those of its lists."""
        self.name, self._names = name, names
        self._is_member: Callable[[Cell], bool] = _membership(name)
        self._mask = np.zeros(0, np.bool_)
        self._is_all = name == "all"  # whether all cells that are known belong to it; nothing is to be left out then
        self.windows = Windows(names, self.counts_posts, specs)

    @property
    def is_event(self) -> bool:
        return self.name.startswith("event:")

    @property
    def counts_posts(self) -> bool:
        """Whether it has all its posts and people counted, with topics or without."""
        return self.name.startswith(("event:", "watch:"))

    @property
    def mask(self) -> Mask | None:
        """Which cell numbers belong to the scope; None: all of them."""
        cells = self._names.cells
        if len(self._mask) < len(cells):
            fresh = [self._is_member(cell) for cell in cells[len(self._mask) :]]
            self._mask = np.concatenate((self._mask, np.array(fresh, np.bool_)))
            self._is_all = bool(self._mask.all())
        return None if self._is_all else self._mask

    def mask_of(self, slot: int) -> Mask | None:
        """`mask`, for what stands of one topic anywhere: cells of events alone, which are not of `all`, hold no tag."""
        return None if self.name == "all" and self.windows.kinds[slot] == TAG else self.mask


def _membership(name: str) -> Callable[[Cell], bool]:
    kind, _, value = name.partition(":")
    if kind == "event":
        return lambda cell: value in cell.events
    if kind == "source":
        return lambda cell: cell.source == value
    if name == "all":
        return lambda cell: not cell.is_of_events
    if kind == "lang":
        return lambda cell: cell.lang == value and not cell.is_of_events
    return lambda cell: name in cell.events and not cell.is_of_events
