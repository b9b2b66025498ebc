"""The strongest trends of a whole replay: each topic at its best moment, as a debrief wants them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from pipeline.cli.terminal import MIN_WIDTH, TOPIC_WIDTH, WHY_WIDTH, WORDS, fit, moment, number
from pipeline.text import printable
from pipeline.wording import why_of
from schemas import Trend, TrendList

CANDIDATES = 256  # kept at most between two cullings


class Highlights:
    """Takes lists of one scope and window, keeps the `top` topics by their largest rank weight. Rows without a past to
    compare with take no part."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._best: dict[str, tuple[int, Trend]] = {}  # topic -> when, and its row then

    def take(self, trends: TrendList) -> None:
        if trends.flag == "counting":
            return
        for row in trends.trends:
            if row.trending:
                known = self._best.get(row.topic)
                if known is None or row.weight > known[1].weight:
                    self._best[row.topic] = (trends.at, row)
        if len(self._best) > CANDIDATES:
            # whoever falls out now was beaten by `top` others, whose best only grows
            self._best = {row.topic: (at, row) for at, row in self.strongest()}

    def strongest(self) -> list[tuple[int, Trend]]:
        """(time of the list in ms, row), the largest weight first."""
        return sorted(self._best.values(), key=lambda best: (-best[1].weight, best[1].topic))[: self._top]

    def lines(self, width: int) -> Iterator[Text]:
        """A table of at most `width` cells, the `why` beneath its row where it has no room beside; nothing if empty."""
        strongest = self.strongest()
        if not strongest:
            return
        width = max(width, MIN_WIDTH + 20)
        topics = [printable(row.display) for _, row in strongest]
        topic_width = min(max(map(cell_len, topics)), TOPIC_WIDTH, width - 29)
        fixed = 3 + topic_width + 2 + 16 + 8
        aside = width - fixed - 2 >= WHY_WIDTH
        yield Text("strongest of the whole replay, each at its best moment (UTC)", style="bold")
        for place, ((at, row), topic) in enumerate(zip(strongest, topics, strict=True), 1):
            why = why_of(row.why, WORDS)
            line = Text(f"{place:>2} ")
            line.append(fit(topic, topic_width), style="bold cyan")
            line.append(f"  {moment(at)}{number(row.authors):>8}")
            if aside:
                line.append("  " + fit(why, min(width - fixed - 2, cell_len(why))))
            yield line
            if not aside:
                yield Text(f"{'':3}{fit(why, min(width - 3, cell_len(why)))}", style="dim")
