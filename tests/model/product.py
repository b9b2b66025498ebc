"""The product's own counting behind the model's interface: posts as messages, its closes as the model's."""

from __future__ import annotations

from pipeline.trends.panes import Grid, PaneCounter, PaneCounts
from schemas import Post

from .rewind import LATENESS, PANE, Close, Record

START = 1_400_000_000_000  # ms, a whole number of panes; a second of the model is a second


class ProductCounter:
    """`PaneCounter` as a `Counter`. A post's id is its topic, so that a close tells what it holds."""

    def __init__(self, lateness: int = LATENESS) -> None:
        self.grid = Grid(PANE * 1_000, lateness * 1_000)
        self.start(0)

    def start(self, offset: int) -> None:
        self.offset = offset
        self.counter = PaneCounter(self.grid)

    def read(self, record: Record) -> list[Close]:
        time = START + record.time * 1_000
        if record.id:
            closes = self.counter.add([Post(record.id, "author", f"#{record.id}", time)], self.offset)
        else:
            closes = self.counter.mark(time, self.offset)
        self.offset += 1
        return [self.close(counts) for counts in closes]

    def rewind(self) -> int:
        return self.counter.rewind_offset(self.offset)

    @staticmethod
    def close(counts: PaneCounts) -> Close:
        ids = frozenset(spelling.removeprefix("#") for spelling in counts.spellings)
        assert counts.posts.tolist() == [1] * len(ids)
        return Close((counts.start - START) // 1_000, ids, sum(counts.late.values()), counts.duplicates)
