"""Support at every step of a bucket: what scopes share is worked out once, and is what each would find alone."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from pipeline.trends import sliding
from pipeline.trends.counts import Counts, merge
from pipeline.trends.names import Names
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.scope import Scope, scopes_of
from pipeline.trends.score import MINUTE_MS
from tests.oracle import streams
from tests.trends.product import post_of

WINDOWS, LENGTH = (2, 5), 30


def minutes(names: Names, withdrawn: float) -> dict[int, Counts]:
    """The tables of a seeded stream's minutes, by number."""
    log = streams.retracting(streams.seeded(5, posts=800, hours=0.5), random.Random(5), withdrawn)
    counter = PaneCounter(Grid(streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS))
    panes = [*counter.add([post_of(record) for record in log]), *counter.mark(streams.START_MS + 48 * 3_600_000)]
    tables = [pane.settled(names) for pane in panes if len(pane.cell_number)]
    first = min(table.start for table in tables) // MINUTE_MS
    starts = sorted({table.start // MINUTE_MS * MINUTE_MS for table in tables})
    return {
        start // MINUTE_MS - first: merge(
            [table for table in tables if start <= table.start < start + MINUTE_MS], start, start + MINUTE_MS
        )
        for start in starts
    }


@pytest.mark.parametrize("withdrawn", [0.0, 0.3])
def test_scopes_share_what_stands_in_their_cells_only(withdrawn: float, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    tables = minutes(names, withdrawn)
    steps = [(number, table) for number, table in tables.items() if number < LENGTH]
    span, alone = (sliding.Span(steps, MINUTE_MS) for _ in range(2))
    scopes = sorted({name for cell in names.cells for name in scopes_of(cell)})
    assert len(scopes) > 4
    computed: Counter[tuple[int, bool]] = Counter()
    support_of = sliding._support_of
    asked = shared = 0

    def counted(of: sliding.Span, mask: sliding.Mask | None, topics: sliding.I32, *rest: object) -> object:
        computed.update((topic, mask is None) for topic in topics.tolist())
        return support_of(of, mask, topics, *rest)  # type: ignore[arg-type]

    for name in scopes:
        mask = Scope(name, names).mask
        _, entries = span.by_topic(mask, len(names.keys))
        topics = np.flatnonzero(entries).astype(np.int32)
        with monkeypatch.context() as patch:
            patch.setattr(sliding, "_support_of", counted)
            found = sliding.support_by_step(span, mask, topics, entries, WINDOWS, LENGTH)
        expected = support_of(alone, mask, topics, entries, WINDOWS, LENGTH)
        for one, other in zip(found, expected, strict=True):
            assert one.tobytes() == other.tobytes()
        asked += len(topics)
        shared += int(span.lies_in(mask, topics, len(entries)).sum())
    everywhere = [count for (_, in_all), count in computed.items() if in_all]
    assert set(everywhere) == {1}
    assert sum(computed.values()) == asked - shared + len(everywhere)
    assert shared > len(everywhere), "no topic was shared"
