"""Support at every step of a bucket: what scopes share is worked out once, and is what each would find alone; what is
compiled finds the same."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends import people, sliding
from pipeline.trends._compiled import sliding as compiled
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


# few people and texts, so that they come again; the highest hashes are rounded as floats
AUTHORS = st.sampled_from([0, 1, 7, 1 << 63, (1 << 64) - 1, *range(1 << 40, 1 << 44, 1 << 40)])
SAID = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), AUTHORS, st.integers(0, 5), st.integers(1, 3)), max_size=80
)
GONE = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), AUTHORS, st.integers(0, 9)), max_size=60)


@pytest.mark.skipif(compiled is None, reason="nothing is compiled")
@given(SAID, GONE, st.sampled_from([1, 2, 5, people.K]), st.sampled_from([1, 6, sliding.ENTRIES]))
def test_what_is_compiled_gives_the_same_bits(
    said: list[tuple[int, int, int, int, int]], gone: list[tuple[int, int, int, int]], most: int, sampled_from: int
) -> None:
    size, length, windows = 4, 6, (2, 5)
    entries: Any = [
        (step, *(np.array([it[n] for it in rows], kind) for n, kind in ((1, "i4"), (2, "u8"), (3, "u8"), (4, "i4"))))
        for step in range(10)
        if (rows := sorted(it for it in said if it[0] == step))
    ]
    withdrawn: Any = [
        (step, *(np.array([it[n] for it in rows], kind) for n, kind in ((1, "i4"), (2, "u8"), (3, "i8"))))
        for step in range(10)
        if (rows := sorted(it for it in gone if it[0] == step >= it[3]))
    ]
    if not entries:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliding, "K", most)
        patch.setattr(sliding, "ENTRIES", sampled_from)
        expected = sliding._support_of_entries(entries, withdrawn, size, windows, length)
    found = compiled.support_by_step(entries, withdrawn, size, windows, length, most, sampled_from)
    assert list(found) == [np.ascontiguousarray(one).tobytes() for one in expected]


@pytest.mark.skipif(compiled is None, reason="nothing is compiled")
def test_columns_that_do_not_fit_together_are_refused() -> None:
    i4, u8, i8 = (np.arange(2).astype(kind) for kind in ("i4", "u8", "i8"))
    sound = (0, i4, u8, u8, i4)
    of = compiled.support_by_step
    assert [len(one) for one in of([sound], [(0, i4, u8, 0 * i8)], 2, (1, 2), 3, 1, 1)] == [48, 48]
    unfit: list[tuple[list[Any], list[Any], int, tuple[int, int], int]] = [
        ([(0, i4, u8, u8)], [], 2, (1, 2), 3),
        ([(0, i4, u8[:1], u8, i4)], [], 2, (1, 2), 3),
        ([(0, i4[::-1].copy(), u8, u8, i4)], [], 2, (1, 2), 3),
        ([(0, i4 - 1, u8, u8, i4)], [], 2, (1, 2), 3),
        ([sound], [], 1, (1, 2), 3),
        ([sound, sound], [], 2, (1, 2), 3),
        ([(4, *sound[1:])], [], 2, (1, 2), 3),
        ([(-1, *sound[1:])], [], 2, (1, 2), 3),
        ([sound], [(0, i4, u8, i8 + 3)], 2, (1, 2), 3),
        ([sound], [(0, i4, u8, i8 - 1)], 2, (1, 2), 3),
        ([sound], [], 2, (2, 1), 3),
        ([sound], [], 2, (0, 1), 3),
        ([sound], [], 2, (1, 2), 0),
    ]
    for said, withdrawn, size, windows, length in unfit:
        with pytest.raises(ValueError, match=r"^support_by_step: "):
            of(said, withdrawn, size, windows, length, 1, 1)
